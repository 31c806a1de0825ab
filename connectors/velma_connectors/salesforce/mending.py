"""What is done about a row that Salesforce refused: mend it and send it again, or settle it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from velma_connectors.model import Field, WriteStatus
from velma_connectors.salesforce.notes import cut
from velma_connectors.salesforce.rows import NOTE_FIELD, Row
from velma_connectors.salesforce.verdicts import Action, Fault, Rule, described, rule_for

MAX_OPTIONS = 100
"""Options a multi-select picklist can hold."""

FieldsOf = Callable[[str], Mapping[str, Field]]
"""Object -> its fields as they are now; asked only when a limit or an option is in doubt."""

_STATUS = {
    Action.GONE: WriteStatus.GONE,
    Action.RETRY: WriteStatus.RETRY,
    Action.PAUSE: WriteStatus.RETRY,
}
_OF_FIELDS = (Action.DROP, Action.SHORTEN, Action.KNOWN_CHOICES, Action.FEWER_CHOICES)


def mend(row: Row, faults: Sequence[Fault], fields_of: FieldsOf) -> None:
    """Take the faults of one row in: afterwards it is settled, locked, or lacks the fields at fault."""
    if not faults:
        row.settle(WriteStatus.REJECTED, "Salesforce refused the record without a reason")
    for fault in faults:
        rule = rule_for(fault)
        if rule.action is Action.LOCKED:
            row.locked = True
        elif rule.action not in _OF_FIELDS:
            status = _STATUS.get(rule.action, WriteStatus.REJECTED)
            row.settle(status, described(fault), rule.after)
            return
        elif not row.locked:
            _mend_fields(row, fault, rule, fields_of)


def named_fields(row: Row, fault: Fault) -> list[str]:
    """The fields of the row that a fault is about; some messages name them in words only."""
    sent = row.values
    named = [name for name in fault.fields if name in sent]
    return named or [name for name in sent if re.search(rf"\b{re.escape(name)}\b", fault.message)]


def _mend_fields(row: Row, fault: Fault, rule: Rule, fields_of: FieldsOf) -> None:
    names = named_fields(row, fault)
    if not names:
        row.settle(WriteStatus.REJECTED, described(fault))
    for name in names:
        mended = None
        # What belongs to the rep is never shortened, and nothing is shortened twice.
        if name not in row.lessened and not (name == NOTE_FIELD and row.notes):
            mended = _MENDERS[rule.action](row, name, fault, fields_of)
        if mended is None:
            row.drop(name, _reason(row, name, fault, rule))
        else:
            row.fields[name], row.lessened[name] = mended


Mended = tuple[object, str] | None
"""The new value and what was done to it; None when the field has to be left out."""


def _not_at_all(_row: Row, _name: str, _fault: Fault, _fields_of: FieldsOf) -> Mended:
    return None


def _shortened(row: Row, name: str, fault: Fault, fields_of: FieldsOf) -> Mended:
    value = row.fields[name]
    told = re.search(r"max length=(\d+)", fault.message)
    known = None if told else fields_of(row.record.object).get(name)
    limit = int(told[1]) if told else (known.max_length if known else None)
    if not isinstance(value, str) or not limit:
        return None
    return cut(value, limit), f"the text was cut to {limit} characters"


def _known_options(row: Row, name: str, _fault: Fault, fields_of: FieldsOf) -> Mended:
    known, unknown = _options(row, name, fields_of)
    if not known or not unknown:
        return None
    return ";".join(known), f"the picklist lacks {_quoted(unknown)}; add it in Salesforce Setup"


def _fewer_options(row: Row, name: str, _fault: Fault, _fields_of: FieldsOf) -> Mended:
    options = str(row.fields[name]).split(";")
    if len(options) <= MAX_OPTIONS:
        return None
    return ";".join(options[:MAX_OPTIONS]), f"only {MAX_OPTIONS} of {len(options)} options fit"


def _options(row: Row, name: str, fields_of: FieldsOf) -> tuple[list[str], list[str]]:
    field = fields_of(row.record.object).get(name)
    active = field.choices if field else ()
    options = str(row.fields[name]).split(";")
    return [one for one in options if one in active], [one for one in options if one not in active]


def _reason(row: Row, name: str, fault: Fault, rule: Rule) -> str:
    if rule.action is Action.KNOWN_CHOICES and isinstance(row.fields.get(name), str):
        options = str(row.fields[name]).split(";")
        return f"the picklist does not take {_quoted(options)}; add it in Salesforce Setup ({fault.code})"
    return f"{rule.advice} ({fault.code})"


def _quoted(options: Sequence[str]) -> str:
    return ", ".join(f"'{option}'" for option in options)


_MENDERS: Mapping[Action, Callable[[Row, str, Fault, FieldsOf], Mended]] = {
    Action.DROP: _not_at_all,
    Action.SHORTEN: _shortened,
    Action.KNOWN_CHOICES: _known_options,
    Action.FEWER_CHOICES: _fewer_options,
}
