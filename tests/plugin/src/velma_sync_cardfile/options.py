"""Settings of a connection to a card file. Importing this stays cheap: the rest loads in `open`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from velma_connectors.registry import ConnectorKind

if TYPE_CHECKING:
    from velma_connectors.protocol import CrmConnector


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be a whole path, from the root of the file system on")
    return path


class CardfileOptions(BaseModel):
    """One card file, and who we are to it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    path: Annotated[Path, AfterValidator(_absolute)] = Field(
        title="File",
        description="The card file. It is never created here.",
        examples=["/srv/crm/cards.db"],
    )
    key: SecretStr = Field(
        title="Key",
        description="The key that the keeper of the card file gave out to velma-sync.",
    )
    patience_seconds: float = Field(
        default=5.0,
        ge=0,
        le=60,
        title="Patience",
        description="Seconds to wait while somebody else saves the file.",
    )


def _open(connection: str, options: BaseModel) -> CrmConnector:
    from velma_sync_cardfile.connector import CardfileConnector

    if not isinstance(options, CardfileOptions):
        raise TypeError(f"expected CardfileOptions, got {type(options).__name__}")
    return CardfileConnector(connection, options)


def default_mapping() -> str:
    """Text of the mapping file that suits a card file out of the box."""
    return Path(__file__).with_name("mapping.yaml").read_text(encoding="utf-8")


KIND = ConnectorKind(
    name="cardfile",
    title="Card file",
    options=CardfileOptions,
    open=_open,
    default_mapping=default_mapping,
)
