"""Mapped fields that the CRM does not let us fill any more, told from what calls left out lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from velma_connectors.model import DroppedField
from velma_mappings.plan import FIELD_FAULTS, NOT_LOOKED_AT

LeftOutOfCall = tuple[datetime, Sequence[DroppedField]]
"""When a call was done, and what was not written of it."""


@dataclass(frozen=True, slots=True)
class RefusedField:
    """A field that was left out of every call since then, and why."""

    connection: str
    field: str
    reason: str
    since: datetime


def refused_fields(connection: str, latest: Sequence[LeftOutOfCall]) -> list[RefusedField]:
    """The fields that are refused still. `latest` are the calls that were done last, the latest first.

    A later call that does not name one shows that it was mended, unless it wrote nothing to that record.
    """
    since: dict[tuple[str, str], datetime] = {}
    mended: set[tuple[str, str]] = set()
    told = {(each.field, each.reason) for _, left_out in latest for each in left_out if _is_fault(each)}
    for done_at, left_out in latest:
        here = {(each.field, each.reason) for each in left_out}
        unseen = {each.field for each in left_out if each.reason.startswith(NOT_LOOKED_AT)}
        for key in told - mended:
            if key in here:
                since[key] = done_at
            elif key[0] not in unseen:
                mended.add(key)
    return [RefusedField(connection, *key, since=since[key]) for key in sorted(since)]


def _is_fault(left_out: DroppedField) -> bool:
    return left_out.reason.endswith(FIELD_FAULTS)
