"""What is done about a row that HubSpot refused: mend it and send it again, or settle it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from velma_connectors.hubspot.faults import Fault, described
from velma_connectors.hubspot.fields import TEXT_LENGTH
from velma_connectors.hubspot.notes import cut, length
from velma_connectors.hubspot.rows import Row
from velma_connectors.model import Field, FieldKind, WriteStatus

RETRY_SECONDS = 60.0

FieldsNow = Callable[[], Mapping[str, Field]]
"""The properties of the row's object as they are now; asked only when an option is in doubt."""

GONE = frozenset({"OBJECT_NOT_FOUND", "NOT_FOUND", "HTTP_404"})
_ABSENT = frozenset({"PROPERTY_DOESNT_EXIST", "PROPERTY_NOT_FOUND"})
_TOO_LONG = re.compile(r"TOO_LONG|TOO_LARGE|LENGTH")
_LIMIT = re.compile(r"(?:limit|max\w*|most|exceeds?|longer than|over)\D{0,40}?(\d[\d,]{0,9})", re.IGNORECASE)

UNWRITABLE = "the property does not exist, is hidden from this key, or is read-only"
_ADVICE: Mapping[str, str] = {
    "INVALID_OPTION": "the property does not take the option",
    "INVALID_LONG": "the value is not a number the property takes",
    "INVALID_INTEGER": "the value is not a whole number",
    "INVALID_NUMBER": "the value is not a number the property takes",
    "INVALID_DATE": "the value is not a date the property takes",
    "INVALID_BOOLEAN": "the value is neither true nor false",
}
_RULE = "a rule of the portal for this property refuses the value"


def mend(row: Row, faults: Sequence[Fault], fields_now: FieldsNow) -> None:
    """Take the faults of one row in: afterwards it is settled, or lacks the properties at fault."""
    for fault in faults:
        if fault.code in GONE and not fault.fields:
            _missing(row, fault)
        elif fault.is_busy:
            row.settle(WriteStatus.RETRY, f"HubSpot is busy with the record ({fault.code})", RETRY_SECONDS)
        else:
            _mend_fields(row, fault, fields_now)
        if row.outcome is not None:
            return


def named_fields(row: Row, fault: Fault) -> list[str]:
    """The properties of the row that a fault is about; some messages name them in words only."""
    if fault.fields:
        return [name for name in dict.fromkeys(fault.fields) if name in row.fields]
    return [name for name in row.fields if re.search(rf"\b{re.escape(name)}\b", fault.message)]


def without_unknown_options(row: Row, name: str, field: Field | None) -> None:
    """Leave out what the property does not offer, and say so; all of it when nothing else is left."""
    offered = field.choices if field else ()
    options = row.fields[name].split(";") if field and field.kind is FieldKind.MULTI_CHOICE else []
    wanted = options or [row.fields[name]]
    unknown = [option for option in wanted if option not in offered]
    if not unknown:
        return
    names = ", ".join(f"'{option}'" for option in unknown)
    known = [option for option in wanted if option in offered]
    reason = f"the property lacks {names}; add it in HubSpot or run provision"
    if known:
        row.fields[name] = ";".join(known)
        row.lessened[name] = reason
    else:
        row.drop(name, reason)


def _missing(row: Row, fault: Fault) -> None:
    # Only a request of its own tells a record that was merged into another from one that is gone.
    if row.alone:
        row.settle(WriteStatus.GONE, f"the record was deleted or does not exist ({fault.code})")
    row.alone = True


def _mend_fields(row: Row, fault: Fault, fields_now: FieldsNow) -> None:
    names = named_fields(row, fault)
    if not names and fault.fields and not any(name in row.dropped for name in fault.fields):
        required = ", ".join(f"'{name}'" for name in fault.fields)
        reason = f"the portal requires {required} to be filled on this record first ({fault.code})"
        row.settle(WriteStatus.REJECTED, reason)
    elif not names and not fault.fields:
        row.settle(WriteStatus.REJECTED, described(fault))
    for name in names:
        _mend_field(row, name, fault, fields_now)


def _mend_field(row: Row, name: str, fault: Fault, fields_now: FieldsNow) -> None:
    if fault.code == "INVALID_OPTION":
        before = row.fields[name]
        without_unknown_options(row, name, fields_now().get(name))
        if row.fields.get(name) != before:
            return
    elif _TOO_LONG.search(fault.code):
        limit = _told_limit(fault) or TEXT_LENGTH
        if limit < length(row.fields[name]):
            row.fields[name] = cut(row.fields[name], limit)
            row.lessened[name] = f"the text was cut to {limit} characters"
            return
    row.drop(name, _reason(fault))


def _told_limit(fault: Fault) -> int | None:
    told = _LIMIT.search(fault.message)
    return int(told[1].replace(",", "")) if told else None


def _reason(fault: Fault) -> str:
    advice = UNWRITABLE if is_unwritable(fault) else _ADVICE.get(fault.code, _RULE)
    return f"{advice} ({fault.code})"


def is_unwritable(fault: Fault) -> bool:
    """Whether a fault says that a property is gone or closed, and not that its value is wrong."""
    return fault.code in _ABSENT or "READ_ONLY" in fault.code or "READONLY" in fault.code
