"""Settings of a HubSpot connection. Importing this stays cheap: the client library loads in `open`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from velma_connectors.option_types import OriginUrl, TokenSecret
from velma_connectors.registry import ConnectorKind

if TYPE_CHECKING:
    from velma_connectors.administration import CrmAdministration
    from velma_connectors.protocol import CrmConnector


class HubSpotOptions(BaseModel):
    """One HubSpot portal and which of its calls are analyzed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    access_token: TokenSecret = Field(
        title="Access token",
        description="A service key of the portal, or the token of a private app. It begins with pat-.",
    )
    base_url: OriginUrl = Field(
        default="https://api.hubapi.com",
        title="Address",
        description="Where the HubSpot API answers, in all regions. Plain http is accepted for this machine "
        "only.",
    )
    completed_only: bool = Field(
        default=True,
        title="Completed calls only",
        description="Leave out calls whose status says that nobody talked: busy, canceled, failed, missed, "
        "no answer, or still under way.",
    )
    skip_voicemails: bool = Field(
        default=True,
        title="Skip voicemails",
        description="Leave out calls that HubSpot marks as a voicemail.",
    )
    skip_outcomes: tuple[str, ...] = Field(
        default=("Left voicemail", "Left live message", "No answer", "Busy", "Wrong number"),
        title="Call outcomes to skip",
        description="Calls whose outcome is one of these, as the portal words it, are not analyzed. "
        "Capitals do not matter.",
    )
    deal_candidates: bool = Field(
        default=True,
        title="Look for deals",
        description="For calls not associated with a deal, look for open deals of their contacts and "
        "companies.",
    )


def _open(connection: str, options: BaseModel) -> CrmConnector:
    from velma_connectors.hubspot.connector import HubSpotConnector

    if not isinstance(options, HubSpotOptions):
        raise TypeError(f"expected HubSpotOptions, got {type(options).__name__}")
    return HubSpotConnector(connection, options)


def _administer(connection: str, options: BaseModel) -> CrmAdministration:
    from velma_connectors.hubspot.administration import HubSpotAdministration

    if not isinstance(options, HubSpotOptions):
        raise TypeError(f"expected HubSpotOptions, got {type(options).__name__}")
    return HubSpotAdministration(connection, options)


def default_mapping() -> str:
    """Text of the mapping file that suits a HubSpot portal out of the box."""
    return Path(__file__).with_name("mapping.yaml").read_text(encoding="utf-8")


KIND = ConnectorKind(
    name="hubspot",
    title="HubSpot",
    options=HubSpotOptions,
    open=_open,
    default_mapping=default_mapping,
    administer=_administer,
)
