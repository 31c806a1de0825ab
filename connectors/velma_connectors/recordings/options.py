"""Settings of the hosts that recordings are fetched from."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from velma_connectors.option_types import HeaderSecret
from velma_connectors.url import is_loopback

if TYPE_CHECKING:
    from typing import Self

_HOST_PATTERN = re.compile(r"\.?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:]+")
_FORBIDDEN_HEADERS = {"host", "content-length", "transfer-encoding", "accept-encoding", "connection"}


def _host_pattern(host: str) -> str:
    pattern = host.strip().lower()
    if not _HOST_PATTERN.fullmatch(pattern):
        raise ValueError(
            "is not a host: write api.example.com for one host or .example.com for all hosts below it, "
            "without https:// and path, names in other scripts as xn--..."
        )
    if pattern.startswith(".") and "." not in pattern[1:]:
        raise ValueError("would allow every host of a top-level domain; name at least two parts")
    return pattern


HostPattern = Annotated[str, AfterValidator(_host_pattern)]
Port = Annotated[int, Field(ge=1, le=65535)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class NoCredential(_Strict):
    """Links that need no login, such as signed ones."""

    type: Literal["none"] = "none"


class BasicCredential(_Strict):
    """User name and password, as Twilio (account SID and token) and Aircall (API id and token) want them."""

    type: Literal["basic"]
    username: str = Field(
        pattern=r"^[\x20-\x39\x3b-\x7e]+$", title="User name", description="As the provider shows it."
    )
    password: Annotated[HeaderSecret, Field(title="Password")]


class BearerCredential(_Strict):
    """A token in the `Authorization` header."""

    type: Literal["bearer"]
    token: Annotated[HeaderSecret, Field(title="Token")]


class HeaderCredential(_Strict):
    """A secret in a header of its own."""

    type: Literal["header"]
    name: str = Field(
        pattern=r"^[A-Za-z0-9-]+$",
        title="Header",
        description="Name of the header that carries the secret.",
        examples=["X-Api-Key"],
    )
    value: Annotated[HeaderSecret, Field(title="Value")]

    @model_validator(mode="after")
    def _header_is_ours_to_set(self) -> Self:
        if self.name.lower() in _FORBIDDEN_HEADERS:
            raise ValueError(f"header {self.name} is set by the client itself")
        return self


Credential = Annotated[
    NoCredential | BasicCredential | BearerCredential | HeaderCredential, Field(discriminator="type")
]


class RecordingSourceOptions(_Strict):
    """One provider of recordings: the hosts its links point to, and the login they ask for."""

    name: str = Field(
        min_length=1, title="Name", description="Your word for this provider.", examples=["twilio"]
    )
    hosts: tuple[HostPattern, ...] = Field(
        min_length=1,
        title="Hosts",
        description="Hosts that recordings may be fetched from: api.twilio.com is that host alone, "
        ".twilio.com every host below it. Redirects are followed only to hosts that some source lists.",
        examples=[["api.twilio.com"]],
    )
    ports: tuple[Port, ...] = Field(
        default=(443,), min_length=1, title="Ports", description="Ports that links may name."
    )
    credential: Credential = Field(
        default=NoCredential(),
        title="Login",
        description="Sent to the hosts of this source only, never to where they redirect.",
    )

    @model_validator(mode="after")
    def _credential_is_bound_to_named_hosts(self) -> Self:
        wide = [host for host in self.hosts if host.startswith(".")]
        if wide and not isinstance(self.credential, NoCredential):
            raise ValueError(
                f"a source with a login names each host in full; {wide[0]} would also send it to hosts "
                "that others may own"
            )
        return self

    @property
    def loopback_hosts(self) -> tuple[str, ...]:
        """Hosts of this machine that the admin has listed; only for them is plain http allowed."""
        return tuple(host for host in self.hosts if is_loopback(host))


class RecordingOptions(_Strict):
    """Where recordings may come from, and how much and how long is waited for."""

    sources: tuple[RecordingSourceOptions, ...] = Field(
        default=(),
        title="Sources",
        description="Providers whose links are followed. Recordings kept in the CRM itself need none.",
    )
    max_bytes: int = Field(
        default=2_000_000_000,
        gt=0,
        title="Largest recording",
        description="In bytes. The analyzer's own limit applies as well.",
    )
    idle_seconds: float = Field(
        default=60.0,
        gt=0,
        title="Longest silence",
        description="Seconds without a single byte after which a download is given up for now.",
    )

    @model_validator(mode="after")
    def _every_host_belongs_to_one_source(self) -> Self:
        hosts = Counter(host for source in self.sources for host in set(source.hosts))
        names = Counter(source.name for source in self.sources)
        for word, counts in (("host", hosts), ("source", names)):
            for value, count in counts.items():
                if count > 1:
                    raise ValueError(f"{word} {value} is listed twice")
        return self
