"""From a report to planned fields: each rule's value, fitted to the field as the CRM describes it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from velma_connectors.model import Call, Deal, Field, FieldKind, RecordRef, Target
from velma_mappings.catalogue import entries
from velma_mappings.coercion import HOLDERS, Fitted, Unfit, fit
from velma_mappings.entry import Entry
from velma_mappings.mapping_file import MappingFile, Rule, WhenMissing
from velma_mappings.model import CallPlan, CallReport, LeftOut, PlannedField, State, Status, Value
from velma_mappings.transforms import apply, shaped

NO_SUCH_FIELD = "has no such field, or it is hidden"
NOT_WRITABLE = "the field is of a type that cannot be written"
READ_ONLY = "the field is read-only for this connection"
FIELD_FAULTS = (NO_SUCH_FIELD, NOT_WRITABLE, READ_ONLY)
"""How a reason ends that speaks of the field and not of the call's value."""
NO_RECORD = "the call has no "
TOLD_NOTHING = "the call's analysis says nothing about its "
NOT_LOOKED_AT = (NO_RECORD, TOLD_NOTHING)
"""How a reason begins where the field itself was not looked at."""

Fields = Mapping[str, Mapping[str, Field]]
"""Object name -> field name -> what the CRM says of the field."""


def plan_call(
    report: CallReport, call: Call, deal: Deal | None, mapping: MappingFile, fields: Fields
) -> CallPlan:
    """Plan every rule of the mapping file; what cannot be written is named with its reason.

    A call without an answer to tell of (failed, no speech) fills only fields of the call itself: other
    records go on describing the last call that said something.
    """
    catalogue = entries(mapping)
    planned: list[PlannedField] = []
    left_out: list[LeftOut] = []
    for rule in mapping.rules:
        entry = shaped(rule.transform, catalogue[rule.value])
        value = apply(rule.transform, report.values[rule.value])
        records = records_of(rule.on, call, deal)
        if not records:
            left_out.append(LeftOut(None, rule.field, f"{NO_RECORD}{rule.on} to write to"))
        for record in records:
            reason = _told_nothing(report, rule)
            if reason:
                left_out.append(LeftOut(record, rule.field, reason))
                continue
            field, more = _plan_field(rule, entry, value, record, fields)
            planned += [field] if field is not None else []
            left_out += more
    targets = _note_targets(report, call, deal, mapping)
    return CallPlan(tuple(planned), report.note if targets else "", targets, tuple(left_out))


def records_of(target: Target, call: Call, deal: Deal | None) -> tuple[RecordRef, ...]:
    """The records behind a target; a call may have several contacts or leads."""
    if target is Target.CALL:
        return (call.ref.record,)
    if target is Target.DEAL:
        return () if deal is None else (deal.ref,)
    if target is Target.ACCOUNT:
        return () if call.account is None else (call.account,)
    return tuple(dict.fromkeys(person.ref for person in call.people if person.target is target))


def unusable(field: Field, entry: Entry) -> str:
    """Why a field cannot take a value at all; empty when it can."""
    if field.kind not in HOLDERS[entry.kind]:
        return (
            f"the field holds a {_words(field.kind)}, but {entry.path} is a {_words(entry.kind)}"
            if field.kind is not FieldKind.OTHER
            else NOT_WRITABLE
        )
    return "" if field.writable else READ_ONLY


def _plan_field(
    rule: Rule, entry: Entry, value: Value, record: RecordRef, fields: Fields
) -> tuple[PlannedField | None, list[LeftOut]]:
    field = fields.get(record.object, {}).get(rule.field)
    if field is None:
        return None, [LeftOut(record, rule.field, f"{record.object} {NO_SUCH_FIELD}")]
    reason = unusable(field, entry)
    if not reason and value.state is not State.KNOWN and rule.when_missing is WhenMissing.LEAVE:
        reason = f"not known ({_words(value.state)}): {value.reason}"
    if reason:
        return None, [LeftOut(record, rule.field, reason)]
    if field.scale is None:
        # Where the CRM keeps any number of digits, the value's own are meant.
        field = replace(field, scale=entry.scale)
    fitted = fit(value.value if value.state is State.KNOWN else None, field)
    if isinstance(fitted, Unfit):
        return None, [LeftOut(record, rule.field, f"{rule.value} does not fit: {fitted.reason}")]
    planned = PlannedField(rule.on, record, rule.field, fitted.value, rule.overwrite, rule.value, field.scale)
    return planned, _unknown_options(fitted, record, rule.field)


def _unknown_options(fitted: Fitted, record: RecordRef, field: str) -> list[LeftOut]:
    return [
        LeftOut(record, field, f"the field has no option '{option}'; the other ones are written")
        for option in fitted.unknown_options
    ]


def _told_nothing(report: CallReport, rule: Rule) -> str:
    if rule.on is Target.CALL or report.status not in (Status.FAILED, Status.NO_SPEECH):
        return ""
    return f"{TOLD_NOTHING}{rule.on} ({report.status.value})"


def _note_targets(
    report: CallReport, call: Call, deal: Deal | None, mapping: MappingFile
) -> tuple[RecordRef, ...]:
    if not report.note:
        return ()
    call_first = sorted(mapping.notes.on, key=lambda target: target is not Target.CALL)
    records = (record for target in call_first for record in records_of(target, call, deal))
    return tuple(dict.fromkeys(records))


def _words(word: FieldKind | State) -> str:
    return word.value.replace("_", " ")
