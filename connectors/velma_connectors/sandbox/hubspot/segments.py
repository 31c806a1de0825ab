"""Segments, which the API still calls lists: what they ask for, and which records they hold now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from velma_connectors.sandbox.hubspot.kinds import find_kind
from velma_connectors.sandbox.hubspot.records import Record
from velma_connectors.sandbox.hubspot.refusals import NOT_FOUND, Refusal, invalid
from velma_connectors.sandbox.hubspot.segment_filters import compiled
from velma_connectors.sandbox.hubspot.stamps import iso

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal

DYNAMIC, MANUAL = "DYNAMIC", "MANUAL"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. `branch` is the filter as it was sent, None without one; stamps are epoch milliseconds."""

    id: str
    name: str
    type_id: str
    processing: str
    branch: Mapping[str, Any] | None
    created_at: int
    deleted_at: int | None = None

    def document(self, *, filters: bool = False) -> dict[str, Any]:
        body: dict[str, Any] = {
            "listId": self.id,
            "listVersion": 1,
            "name": self.name,
            "objectTypeId": self.type_id,
            "processingType": self.processing,
            "processingStatus": "COMPLETE",
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.created_at),
            "filtersUpdatedAt": iso(self.created_at),
        }
        return body | {"filterBranch": self.branch} if filters and self.branch else body


class Segments:
    """The segments of one portal by id, deleted ones included."""

    def __init__(self, portal: HubSpotPortal) -> None:
        self._portal = portal
        self.all: dict[str, Segment] = {}

    def create(self, name: str, type_id: str, processing: str, branch: Mapping[str, Any] | None) -> Segment:
        """Raises Refusal for a name that is taken and for filters that do not fit the object."""
        kind = find_kind(type_id)
        if kind is None or kind.type_id != type_id:
            raise invalid(f"There is no object type {type_id}")
        if kind.is_activity and not self._portal.switches.segments_of_activities:
            raise invalid(f"Lists of objectTypeId {type_id} are not supported")
        if (branch is not None) != (processing != MANUAL):
            raise invalid(f"A list of processing type {processing} has the wrong filters")
        if branch is not None:
            compiled(self._portal, kind, branch)
        if self.named(type_id, name) is not None:
            raise invalid(f"A list named {name} exists", sub_category="ILS.DUPLICATE_LIST_NAMES")
        segment = Segment(str(len(self.all) + 1), name, type_id, processing, branch, self._portal.now)
        self.all[segment.id] = segment
        return segment

    def living(self) -> list[Segment]:
        return [segment for segment in self.all.values() if segment.deleted_at is None]

    def named(self, type_id: str, name: str) -> Segment | None:
        return next((each for each in self.living() if (each.type_id, each.name) == (type_id, name)), None)

    def find(self, list_id: str) -> Segment:
        """Raises Refusal with status 404."""
        segment = self.all.get(list_id)
        if segment is None or segment.deleted_at is not None:
            raise no_such_segment()
        return segment

    def delete(self, list_id: str) -> None:
        """It could be restored for 90 days. Raises Refusal with status 404."""
        self.all[list_id] = replace(self.find(list_id), deleted_at=self._portal.now)

    def members(self, segment: Segment) -> list[Record]:
        """Living records that pass the filters now."""
        kind = find_kind(segment.type_id)
        if kind is None or segment.branch is None:
            return []
        test = compiled(self._portal, kind, segment.branch)
        rows = self._portal.records.all(kind.name)
        return [record for record in rows if record.archived_at is None and test(record)]


def no_such_segment() -> Refusal:
    return Refusal(NOT_FOUND, "List does not exist.", status=404, sub_category="ILS.LIST_NOT_FOUND")
