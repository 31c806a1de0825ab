"""Updates gathered into one row per record, and what became of each row.

A record may appear only once in a request, so everything that is to be written to it travels together;
each update still gets a result of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from velma_connectors.hubspot.fields import encode, is_id
from velma_connectors.model import DroppedField, FieldUpdate, RecordRef, WriteResult, WriteStatus


@dataclass(slots=True)
class Row:
    """One record on its way: the values still to be written, and what has been left out and why.

    `outcome` is None as long as the row must be sent (again). `lessened` names the properties whose value
    was cut or thinned out, `dropped` those that are not written at all. `alone` asks for a
    request of its own: only there HubSpot knows a record by an id it had before it was merged.
    """

    record: RecordRef
    fields: dict[str, str] = field(default_factory=dict, repr=False)
    dropped: dict[str, str] = field(default_factory=dict)
    lessened: dict[str, str] = field(default_factory=dict)
    outcome: WriteResult | None = None
    alone: bool = False

    @property
    def trace(self) -> str:
        """What HubSpot names this row by in an answer; a record appears once in a request."""
        return self.record.id

    def drop(self, name: str, reason: str) -> None:
        """Leave a property out."""
        if name in self.fields:
            del self.fields[name]
            self.dropped[name] = reason

    def settle(self, status: WriteStatus, reason: str = "", after: float = 0.0) -> None:
        self.outcome = WriteResult(status, reason=reason, after=after)

    def result_for(self, update: FieldUpdate) -> WriteResult:
        """What this row's outcome means for one of its updates."""
        outcome = self.outcome or WriteResult(WriteStatus.OK)
        reasons = {**self.lessened, **self.dropped}
        dropped = tuple(DroppedField(name, reasons[name]) for name in update.fields if name in reasons)
        nothing_left = update.fields and all(name in self.dropped for name in update.fields)
        if nothing_left and outcome.status is WriteStatus.OK:
            return WriteResult(WriteStatus.REJECTED, dropped, "none of the properties could be written")
        return WriteResult(outcome.status, dropped, outcome.reason, outcome.after)


def gather(updates: Sequence[FieldUpdate]) -> dict[RecordRef, Row]:
    """One row per record. Where two updates name the same property, the later one counts."""
    rows: dict[RecordRef, Row] = {}
    for update in updates:
        row = rows.setdefault(update.record, Row(update.record))
        for name, value in update.fields.items():
            try:
                row.fields[name] = encode(value)
                row.dropped.pop(name, None)
            except ValueError as error:
                row.fields.pop(name, None)
                row.dropped[name] = str(error)
    for row in rows.values():
        if not is_id(row.record.id):
            row.settle(WriteStatus.REJECTED, "this is not a valid HubSpot record ID")
    return rows
