"""Writing many records in few requests: batch updates, results by position, no neighbour harmed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from velma_connectors.errors import OutcomeUnknown, RetryLater
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.batches import Batches
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.faults import Fault
from velma_connectors.hubspot.fields import KnownFields, parse_stamp
from velma_connectors.hubspot.mending import (
    UNWRITABLE,
    is_unwritable,
    mend,
    named_fields,
    without_unknown_options,
)
from velma_connectors.hubspot.note_writing import NoteWriter
from velma_connectors.hubspot.rows import Row, gather
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import (
    Field,
    FieldUpdate,
    NoteUpsert,
    RecordRef,
    WriteResult,
    WriteStatus,
)

MAX_ROUNDS = 6
MAX_ALONE = 20
"""Records looked for one by one in one write: those that are gone, and those that were merged."""
ALONE_SECONDS = 60.0
CALLS = "calls"

Unit = FieldUpdate | NoteUpsert


def _now() -> datetime:
    return datetime.now(UTC)


class Writer:
    """Writes units of one connection; each write keeps its own state.

    `neighbours_rewritten` is told the id and the new stamp of every call we changed, so that our own
    change is not taken for somebody's. `now` gives the present, aware.
    """

    def __init__(
        self,
        client: HubSpotClient,
        known: KnownFields,
        neighbours_rewritten: Callable[[str, datetime], None],
        *,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._client = client
        self._known = known
        self._rewritten = neighbours_rewritten
        self._notes = NoteWriter(client, known, now)

    def write(self, units: Sequence[Unit]) -> list[WriteResult]:
        """Results by position. Raises StopConnection alone.

        All that goes to one record is one row; rows are sent 100 at a time, those that could be mended
        once more together.
        """
        rows = gather([unit for unit in units if isinstance(unit, FieldUpdate)])
        self._send_rows(rows)
        notes = iter(self._notes.write([unit for unit in units if isinstance(unit, NoteUpsert)]))
        return [
            rows[unit.record].result_for(unit) if isinstance(unit, FieldUpdate) else next(notes)
            for unit in units
        ]

    def _send_rows(self, rows: Mapping[RecordRef, Row]) -> None:
        by_object: dict[str, list[Row]] = defaultdict(list)
        for row in rows.values():
            by_object[row.record.object].append(row)
        try:
            for name, same in by_object.items():
                _RowBatches(self._client, self._known, name, self._rewritten).send_all(same)
        except RetryLater as later:
            for row in rows.values():
                if row.outcome is None:
                    row.settle(WriteStatus.RETRY, str(later), later.after)


class _RowBatches(Batches[Row]):
    """Rows of one object, sent until each is settled."""

    def __init__(
        self,
        client: HubSpotClient,
        known: KnownFields,
        object_name: str,
        rewritten: Callable[[str, datetime], None],
    ) -> None:
        super().__init__(client, paths.objects(object_name, "batch/update"))
        self._known = known
        self._object = object_name
        self._rewritten = rewritten
        self._fields: Mapping[str, Field] | None = None
        self._schema_changed = False
        self._alone = 0
        self._not_echoed: list[Row] = []

    def send_all(self, rows: Sequence[Row]) -> None:
        for _ in range(MAX_ROUNDS):
            pending = [row for row in rows if row.outcome is None]
            self.send([row for row in pending if not row.alone])
            for row in pending:
                if row.alone and row.outcome is None:
                    self._send_alone(row)
        for row in rows:
            if row.outcome is None:
                row.settle(
                    WriteStatus.REJECTED,
                    f"HubSpot kept rejecting properties of this record; gave up after {MAX_ROUNDS} rounds",
                )
        self._tell_ignored()

    def ready(self, items: Sequence[Row]) -> Sequence[Row]:
        for row in items:
            self._drop_unwritable(row)
            if not row.fields:
                row.settle(WriteStatus.OK)
        return [row for row in items if row.outcome is None]

    def input_of(self, item: Row) -> dict[str, Any]:
        return {"id": item.record.id, "properties": item.fields}

    def trace_of(self, result: Mapping[str, Any]) -> str | None:
        return str(result.get("id"))

    def written(self, item: Row, result: Mapping[str, Any]) -> None:
        item.settle(WriteStatus.OK)
        properties = result.get("properties") or {}
        stamp = _stamp_of(result)
        if self._object == CALLS and stamp is not None:
            self._rewritten(item.record.id, stamp)
        if any(value and name not in properties for name, value in item.fields.items()):
            self._not_echoed.append(item)

    def refused(self, item: Row, faults: Sequence[Fault]) -> None:
        if any(is_unwritable(fault) for fault in faults):
            self._schema_changed = True
        mend(item, faults, self._fields_now)

    def unmentioned(self, items: Sequence[Row]) -> None:
        for row in items:
            row.alone = True

    def forbidden(self, items: Sequence[Row], refusal: RequestRefused) -> None:
        # Without calls there is nothing a sync could do: they wait until the key is granted the scope.
        if self._object == CALLS:
            raise refusal
        super().forbidden(items, refusal)

    def mended_together(self, items: Sequence[Row], faults: Sequence[Fault]) -> bool:
        mended = False
        for fault in faults:
            if is_unwritable(fault):
                self._schema_changed = True
            for row in items:
                for name in named_fields(row, fault):
                    mended |= self._mended_by_schema(row, name, fault)
        return mended

    def _mended_by_schema(self, row: Row, name: str, fault: Fault) -> bool:
        """Whether the schema alone tells what is wrong with a property of a row, whoever is to blame."""
        before = row.fields.get(name)
        if is_unwritable(fault):
            self._drop_unwritable(row)
            if not self._fields_now():
                row.drop(name, UNWRITABLE)
        elif fault.code == "INVALID_OPTION" and name in row.fields:
            without_unknown_options(row, name, self._fields_now().get(name))
        return row.fields.get(name) != before

    def _send_alone(self, row: Row) -> None:
        if not self.ready([row]):
            return
        self._alone += 1
        if self._alone > MAX_ALONE:
            reason = "many records of one request were not found; they are looked for one by one, later"
            row.settle(WriteStatus.RETRY, reason, ALONE_SECONDS)
            return
        path = paths.objects(self._object, row.record.id)
        try:
            answer = self._client.send("PATCH", path, {"properties": row.fields})
        except RequestRefused as refusal:
            self._refused([row], refusal)
        except OutcomeUnknown as lost:
            row.settle(WriteStatus.UNKNOWN, str(lost))
        else:
            self.written(row, answer)

    def _tell_ignored(self) -> None:
        """HubSpot may take a row and ignore a property of it: its answer then does not name it."""
        self._schema_changed |= bool(self._not_echoed)
        for row in self._not_echoed:
            self._drop_unwritable(row)

    def _drop_unwritable(self, row: Row) -> None:
        """Once a property has proved to be gone or closed, leave out all that are, in all rows."""
        fields = self._fields_now() if self._schema_changed else {}
        for name in list(row.fields) if fields else ():
            if name not in fields or not fields[name].writable:
                row.drop(name, UNWRITABLE)

    def _fields_now(self) -> Mapping[str, Field]:
        """The object's properties, read once in this write; none when this key may not read them."""
        if self._fields is None:
            try:
                self._fields = self._known.read(self._object)
            except RequestRefused:
                self._fields = {}
        return self._fields


def _stamp_of(result: Mapping[str, Any]) -> datetime | None:
    properties = result.get("properties") or {}
    try:
        return parse_stamp(properties.get("hs_lastmodifieddate") or result["updatedAt"])
    except (KeyError, ValueError):
        return None
