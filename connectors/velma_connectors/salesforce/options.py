"""Settings of a Salesforce connection. Importing this stays cheap: the client library loads in `open`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from velma_connectors.option_types import Token, TokenSecret, origin
from velma_connectors.registry import ConnectorKind
from velma_connectors.url import Url

if TYPE_CHECKING:
    from typing import Self

    from velma_connectors.administration import CrmAdministration
    from velma_connectors.protocol import CrmConnector

SHARED_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")


class Flow(StrEnum):
    """How tokens are obtained. Both run as one fixed user and need no browser."""

    CLIENT_CREDENTIALS = "client_credentials"
    JWT = "jwt"


def org_url(text: str) -> str:
    """Scheme, host and port of an org's address, without a trailing slash.

    Raises ValueError as `option_types.origin` does, and for what Salesforce or its client library cannot use.
    """
    if "://" not in text:
        raise ValueError("is not a web address; write it like https://acme.my.salesforce.com")
    address = origin(text)
    host = Url.parse(address).host
    if ":" in host:
        raise ValueError("must name a host: the Salesforce library cannot reach an IPv6 address")
    if host.endswith(".lightning.force.com"):
        raise ValueError("is the address of the web page; use My Domain, which ends in .my.salesforce.com")
    return address


OrgUrl = Annotated[str, AfterValidator(org_url)]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")]


class SalesforceOptions(BaseModel):
    """One Salesforce org and how its calls are found."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    flow: Flow = Field(
        default=Flow.CLIENT_CREDENTIALS,
        title="Login",
        description="client_credentials (an External Client App with a Run As user) or jwt (a certificate).",
    )
    login_url: OrgUrl = Field(
        default="https://login.salesforce.com",
        title="Login address",
        description="Your My Domain address; jwt also accepts https://login.salesforce.com and, for "
        "sandboxes, https://test.salesforce.com.",
        examples=["https://acme.my.salesforce.com"],
    )
    instance_url: OrgUrl | None = Field(
        default=None,
        title="API address",
        description="Where API requests go, if it is not the address that the login answers with.",
    )
    consumer_key: Token = Field(
        title="Consumer key",
        description="Consumer key (client id) of the External Client App.",
    )
    consumer_secret: TokenSecret | None = Field(
        default=None,
        title="Consumer secret",
        description="Consumer secret of the app. Needed for client_credentials.",
    )
    username: str | None = Field(
        default=None, title="User name", description="The user to act as. Needed for jwt."
    )
    private_key: SecretStr | None = Field(
        default=None,
        title="Private key",
        description="RSA key in PEM form whose certificate the app holds. Needed for jwt.",
    )
    api_version: str = Field(
        default="66.0",
        pattern=r"^\d{2}\.0$",
        title="API version",
        description="Version of the Salesforce REST API.",
    )
    calls_from: tuple[Literal["Task", "Event"], ...] = Field(
        default=("Task",),
        min_length=1,
        title="Calls are logged as",
        description="Objects that hold calls: Task, Event or both.",
    )
    recording_fields: tuple[FieldName, ...] = Field(
        default=(),
        title="Recording fields",
        description="API names of the activity fields in which the dialer leaves the link to the recording, "
        "best first. Plain links and HYPERLINK formulas are both read.",
        examples=[["ringdna__Call_Recording_URL__c"]],
    )
    recording_files: bool = Field(
        default=True,
        title="Recordings as files",
        description="Look for an audio file attached to the call when no recording field holds a link.",
    )
    start_field: FieldName | None = Field(
        default=None,
        title="Start field",
        description="API name of the date/time field with the start of the call. Without it the start is "
        "derived from when the call was saved and how long it took.",
        examples=["rcsfl__call_start_time__c"],
    )
    skip_dispositions: tuple[str, ...] = Field(
        default=("Voicemail", "Left Voicemail", "No Answer", "Busy", "Wrong Number"),
        title="Call results to skip",
        description="Calls whose Call Result (CallDisposition) is one of these are not analyzed. "
        "Capitals do not matter.",
    )
    deal_candidates: bool = Field(
        default=True,
        title="Look for opportunities",
        description="For calls not related to an opportunity, look for open ones of the account and "
        "of the contact.",
    )
    permission_set: str = Field(
        default="Velma_Sync",
        pattern=r"^[A-Za-z](_?[A-Za-z0-9])*$",
        max_length=80,
        title="Permission set",
        description="API name of the permission set that provisioning creates and grants the fields to.",
    )

    @model_validator(mode="after")
    def _flow_is_complete(self) -> Self:
        wanted: dict[str, object] = {"consumer_secret": self.consumer_secret}
        if self.flow is Flow.JWT:
            wanted = {"username": self.username, "private_key": self.private_key}
        missing = [name for name, value in wanted.items() if not value]
        if missing:
            raise ValueError(f"flow {self.flow} also needs {' and '.join(missing)}")
        if self.flow is Flow.CLIENT_CREDENTIALS and urlsplit(self.login_url).hostname in SHARED_LOGIN_HOSTS:
            raise ValueError(
                "flow client_credentials needs login_url to be your My Domain address, "
                "like https://acme.my.salesforce.com"
            )
        if len(set(self.calls_from)) != len(self.calls_from):
            raise ValueError("calls_from names an object twice")
        return self


def _open(connection: str, options: BaseModel) -> CrmConnector:
    from velma_connectors.salesforce.connector import SalesforceConnector

    if not isinstance(options, SalesforceOptions):
        raise TypeError(f"expected SalesforceOptions, got {type(options).__name__}")
    return SalesforceConnector(connection, options)


def _administer(connection: str, options: BaseModel) -> CrmAdministration:
    from velma_connectors.salesforce.administration import SalesforceAdministration

    if not isinstance(options, SalesforceOptions):
        raise TypeError(f"expected SalesforceOptions, got {type(options).__name__}")
    return SalesforceAdministration(connection, options)


def default_mapping() -> str:
    """Text of the mapping file that suits a Salesforce org out of the box."""
    return Path(__file__).with_name("mapping.yaml").read_text(encoding="utf-8")


KIND = ConnectorKind(
    name="salesforce",
    title="Salesforce",
    options=SalesforceOptions,
    open=_open,
    default_mapping=default_mapping,
    administer=_administer,
)
