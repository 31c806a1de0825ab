"""Units of write-back gathered into one row per record, and what became of each row.

A record may appear only once in a request, so everything that is to be written to it travels together;
each unit still gets a result of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from velma_connectors.model import (
    DroppedField,
    FieldUpdate,
    NoteUpsert,
    RecordRef,
    WriteResult,
    WriteStatus,
)
from velma_connectors.salesforce.fields import encode
from velma_connectors.salesforce.notes import put_note
from velma_connectors.salesforce.soql import is_id

NOTE_FIELD = "Description"
Unit = FieldUpdate | NoteUpsert


@dataclass(slots=True)
class Row:
    """One record on its way: the values still to be written, and what has been left out and why.

    `outcome` is None as long as the row must be sent (again). `lessened` names the fields whose value was
    already cut or thinned out once, `dropped` those that are not written at all.
    """

    record: RecordRef
    fields: dict[str, object] = field(default_factory=dict, repr=False)
    notes: list[NoteUpsert] = field(default_factory=list, repr=False)
    text: str | None = field(default=None, repr=False)
    """The new Description with the notes in it; None when there is none to write."""
    dropped: dict[str, str] = field(default_factory=dict)
    lessened: dict[str, str] = field(default_factory=dict)
    note_refusal: str = ""
    outcome: WriteResult | None = None
    locked: bool = False

    @property
    def values(self) -> dict[str, object]:
        """What is sent, by field."""
        return self.fields if self.text is None else {**self.fields, NOTE_FIELD: self.text}

    def payload(self) -> dict[str, object]:
        """The record as sObject Collections takes it."""
        return {"attributes": {"type": self.record.object}, "id": self.record.id, **self.values}

    def compose(self, description: str | None) -> None:
        """Put the notes into the Description as it is stored, or as an update of this row sets it."""
        stored = self.fields.get(NOTE_FIELD, description)
        text = before = stored if isinstance(stored, str) else ""
        for note in self.notes:
            composed = put_note(text, note.key, note.body)
            if composed is None:
                self.refuse_notes("the Description is full; make room in it for the note")
                return
            text = composed
        self.text = None if text == before else text

    def drop(self, name: str, reason: str) -> None:
        """Leave a field out. The notes go with their field."""
        if name == NOTE_FIELD and self.notes:
            self.refuse_notes(reason)
        if name in self.fields:
            del self.fields[name]
            self.dropped[name] = reason

    def refuse_notes(self, reason: str) -> None:
        self.note_refusal = reason
        self.notes = []
        self.text = None

    def settle(self, status: WriteStatus, reason: str = "", after: float = 0.0) -> None:
        self.outcome = WriteResult(status, reason=reason, after=after)
        self.locked = False

    def result_for(self, unit: Unit) -> WriteResult:
        """What this row's outcome means for one of its units."""
        outcome = self.outcome or WriteResult(WriteStatus.OK)
        if isinstance(unit, NoteUpsert):
            refused = self.note_refusal and outcome.status is WriteStatus.OK
            return WriteResult(WriteStatus.REJECTED, reason=self.note_refusal) if refused else outcome
        reasons = {**self.lessened, **self.dropped}
        dropped = tuple(DroppedField(name, reasons[name]) for name in unit.fields if name in reasons)
        nothing_left = unit.fields and all(name in self.dropped for name in unit.fields)
        if nothing_left and outcome.status is WriteStatus.OK:
            return WriteResult(WriteStatus.REJECTED, dropped, "none of the fields could be written")
        return WriteResult(outcome.status, dropped, outcome.reason, outcome.after)


def record_of(unit: Unit) -> RecordRef | None:
    """The record a unit is written to: a note goes to the call's own record, its first target."""
    if isinstance(unit, FieldUpdate):
        return unit.record
    return unit.targets[0] if unit.targets else None


def gather(units: Sequence[Unit]) -> dict[RecordRef, Row]:
    """One row per record. Where two updates name the same field, the later one counts."""
    rows: dict[RecordRef, Row] = {}
    for unit in units:
        record = record_of(unit)
        if record is None:
            continue
        row = rows.setdefault(record, Row(record))
        if isinstance(unit, NoteUpsert):
            row.notes.append(unit)
        else:
            _add_fields(row, unit)
    for row in rows.values():
        if not is_id(row.record.id):
            row.settle(WriteStatus.REJECTED, "this is not a valid Salesforce record ID")
    return rows


def _add_fields(row: Row, update: FieldUpdate) -> None:
    for name, value in update.fields.items():
        try:
            row.fields[name] = encode(value)
            row.dropped.pop(name, None)
        except ValueError as error:
            row.fields.pop(name, None)
            row.dropped[name] = str(error)
