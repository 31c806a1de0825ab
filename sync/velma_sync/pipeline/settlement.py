"""Drafts against what the CRM holds now: what is sent, what a person's word keeps, what is there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from velma_connectors.model import DroppedField, FieldUpdate, FieldValue, NoteUpsert, RecordRef
from velma_connectors.protocol import CrmConnector
from velma_mappings.model import PlannedField, Settlement
from velma_mappings.overwrite import settle
from velma_sync.ledger.history import Arrival, Change, OwnValue
from velma_sync.ledger.states import UnitState
from velma_sync.ledger.units import Unit, UnitKey
from velma_sync.pipeline.drafts import Draft, RecordDraft, note_content, note_key, note_unit, passed_by_crm

Present = Mapping[RecordRef, Mapping[str, FieldValue]]
Own = Mapping[tuple[RecordRef, str], Sequence[OwnValue]]

GONE = "The record no longer exists in the CRM."
LATER = "A later call speaks for this record."
PASSED = "The record already shows a later call."


@dataclass(frozen=True, slots=True)
class Sending:
    """One update on its way, the unit it belongs to, and the history it makes.

    `kept` are fields of the record that stay as a person left them; `content` is a note's hash.
    """

    unit: UnitKey
    update: FieldUpdate | NoteUpsert
    changes: tuple[Change, ...] = ()
    kept: tuple[DroppedField, ...] = ()
    content: str | None = None


@dataclass(slots=True)
class Settled:
    """What is to be sent, units that are over without sending, and intents that turn out to have arrived."""

    sendings: list[Sending] = field(default_factory=list)
    over: list[Unit] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)


def present_values(connector: CrmConnector, drafts: Sequence[RecordDraft]) -> Present:
    """Read all records of a batch together, with every field that any of them wants.

    One question per field set would be exact, but hardly two calls leave the same values open.
    """
    if not drafts:
        return {}
    names = sorted({planned.field for draft in drafts for planned in draft.planned})
    return connector.current([draft.record for draft in drafts], names)


def settle_records(drafts: Iterable[RecordDraft], present: Present, own: Own, now: datetime) -> Settled:
    """Decide each record by what it holds."""
    settled = Settled()
    for draft in drafts:
        current = present.get(draft.record)
        if current is None:
            settled.over.append(Unit(draft.unit, UnitState.GONE, now, reason=GONE))
        elif passed_by_crm(draft, current, now):
            settled.over.append(Unit(draft.unit, UnitState.SUPERSEDED, now, reason=PASSED))
        else:
            _settle_record(settled, draft, current, own, now)
    return settled


def _settle_record(
    settled: Settled, draft: RecordDraft, current: Mapping[str, FieldValue], own: Own, now: datetime
) -> None:
    arrived = _left_a_trace(draft, current, own)
    written = {
        planned.field: _ours(planned, current, values)
        for planned in draft.planned
        if (values := _that_may_stand(draft.record, planned, current, own, arrived=arrived))
    }
    verdict = settle(draft.planned, current, written)
    settled.arrived += _arrived(draft, verdict, own)
    kept = tuple(DroppedField(each.field, each.reason) for each in verdict.kept)
    if not verdict.write:
        settled.over.append(Unit(draft.unit, UnitState.SAME, now, dropped=kept))
        return
    call = draft.draft.stored
    config_hash = call.question.config_hash if call.question else None
    changes = tuple(
        Change(call.id, draft.record, name, current.get(name), value, config_hash)
        for name, value in verdict.write.items()
    )
    update = FieldUpdate(draft.record, verdict.write, (call.ref,))
    settled.sendings.append(Sending(draft.unit, update, changes, kept))


def _that_may_stand(
    record: RecordRef,
    planned: PlannedField,
    current: Mapping[str, FieldValue],
    own: Own,
    *,
    arrived: bool,
) -> Sequence[OwnValue]:
    """Our values of a field. A checkbox is false before anybody touched it: an intent that left no trace
    elsewhere on the record did not arrive, and does not make this false a person's word.
    """
    values = own.get((record, planned.field), ())
    if current.get(planned.field) is False and not arrived:
        return [value for value in values if value.arrival is Arrival.WRITTEN]
    return values


def _left_a_trace(draft: RecordDraft, current: Mapping[str, FieldValue], own: Own) -> bool:
    """Some other value of a request whose answer was lost stands in the record: it has arrived whole."""
    return any(
        value.arrival is Arrival.INTENDED and value.value and value.value == current.get(planned.field)
        for planned in draft.planned
        for value in own.get((draft.record, planned.field), ())
    )


def _ours(planned: PlannedField, current: Mapping[str, FieldValue], values: Sequence[OwnValue]) -> FieldValue:
    """Of the values of ours that may stand in the field, the one that does; otherwise the latest."""
    if len(values) > 1:
        for own in values:
            if not settle([planned], current, {planned.field: own.value}).kept:
                return own.value
    return values[0].value


def _arrived(draft: RecordDraft, verdict: Settlement, own: Own) -> list[int]:
    """Intents whose value the record holds: their answer was lost, not they."""
    return [
        value.id
        for planned in draft.planned
        if planned.field in verdict.same
        for value in own.get((draft.record, planned.field), ())
        if value.arrival is Arrival.INTENDED and value.value == planned.value
    ]


def settle_notes(
    drafts: Iterable[Draft], begun: Mapping[UnitKey, Unit], now: datetime
) -> tuple[list[Sending], list[Unit]]:
    """Notes to send, and the units of those that the CRM is known to hold as they are."""
    sendings, over = [], []
    for draft in drafts:
        unit, content = note_unit(draft), note_content(draft)
        known = begun.get(unit)
        if known is not None and known.content == content:
            over.append(Unit(unit, UnitState.SAME, now, content=content))
            continue
        call = draft.stored.call
        note = NoteUpsert(note_key(call), draft.plan.note_targets, draft.plan.note, (call.ref,))
        sendings.append(Sending(unit, note, content=content))
    return sendings, over
