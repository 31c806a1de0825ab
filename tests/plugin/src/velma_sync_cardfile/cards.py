"""What stands on the cards, and what it means in the words that every CRM is told in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from velma_connectors.model import (
    Call,
    CallRef,
    Deal,
    Direction,
    Person,
    Recording,
    RecordingSource,
    RecordRef,
    Target,
)

CALL = "Call"
DEAL = "Deal"
NOTE = "Note"
PERSON = "Person"


class _Card(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Audio(_Card):
    """A recording that lies in the file."""

    id: str
    size: int
    sha256: str


class CallCard(_Card):
    title: str
    started_at: AwareDatetime
    seconds: int
    direction: Direction = Direction.UNKNOWN
    answered: bool = True
    deals: tuple[str, ...] = ()
    people: Mapping[str, str] = {}
    """Names by id."""
    audio: Audio | None = None


class DealCard(_Card):
    name: str
    stages: tuple[tuple[AwareDatetime, str], ...]
    """Every stage with the time it was entered, the first one first."""
    is_open: bool = True


def moment(when: datetime) -> str:
    """The one spelling of times in the file, in which their order is that of their letters."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def call_of(connection: str, row: Mapping[str, Any], deals: Mapping[str, DealCard]) -> Call:
    """A call with its deals as they were when it took place; deals whose card is gone are left out."""
    card = CallCard.model_validate_json(row["facts"])
    return Call(
        ref=CallRef(connection, CALL, row["id"]),
        title=card.title,
        started_at=card.started_at,
        seconds=card.seconds,
        direction=card.direction,
        owner=None,
        recording=_recording(card.audio),
        deals=tuple(_deal(id, deals[id], card.started_at) for id in card.deals if id in deals),
        people=tuple(
            Person(RecordRef(PERSON, id), name, Target.CONTACT) for id, name in sorted(card.people.items())
        ),
        account=None,
        changed_at=datetime.fromisoformat(row["changed_at"]),
        fingerprint=card.audio.sha256 if card.audio else "",
        skip_reason=None if card.answered else "nobody answered",
    )


def deal_ids(row: Mapping[str, Any]) -> list[str]:
    return [str(id) for id in json.loads(row["facts"]).get("deals", ())]


def _recording(audio: Audio | None) -> Recording | None:
    if audio is None:
        return None
    return Recording(RecordingSource.CRM, audio.id, size=audio.size, checksum=f"sha256:{audio.sha256}")


def _deal(id: str, card: DealCard, when: datetime) -> Deal:
    entered = [stage for since, stage in card.stages if since <= when] or [card.stages[0][1]]
    return Deal(
        ref=RecordRef(DEAL, id),
        name=card.name,
        stage=entered[-1],
        pipeline=None,
        is_open=card.is_open,
        amount=None,
        created_at=card.stages[0][0],
        is_primary=True,
    )
