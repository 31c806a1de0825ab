"""A value fitted to what its field can really hold: type, length, digits, options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from velma_connectors.model import Field, FieldKind, FieldValue
from velma_mappings.plain_text import clean, cut, one_line

LARGEST_DIGITS = 18
"""Whole digits beyond which no CRM keeps a number."""

_TEXTS = frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT})
HOLDERS: Mapping[FieldKind, frozenset[FieldKind]] = {
    FieldKind.BOOLEAN: _TEXTS | {FieldKind.BOOLEAN},
    FieldKind.NUMBER: _TEXTS | {FieldKind.NUMBER},
    FieldKind.TEXT: _TEXTS,
    FieldKind.LONG_TEXT: _TEXTS,
    FieldKind.CHOICE: _TEXTS | {FieldKind.CHOICE, FieldKind.MULTI_CHOICE},
    FieldKind.MULTI_CHOICE: _TEXTS | {FieldKind.MULTI_CHOICE},
    FieldKind.DATETIME: _TEXTS | {FieldKind.DATETIME, FieldKind.DATE},
}
"""Kind of a value -> kinds of field that can hold it."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A value the field can hold. `unknown_options` are those parts it cannot."""

    value: FieldValue
    unknown_options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfit:
    """The field cannot hold the value, and why."""

    reason: str


def fit(value: FieldValue, field: Field) -> Fitted | Unfit:
    """Fit a value to a field; None stays None, except where a field cannot be blank.

    A date is the text `YYYY-MM-DD`, of the day in UTC. An empty selection and an empty text are None.
    """
    if value is None:
        return Fitted(None) if field.can_be_blank else Unfit("a checkbox cannot be blank")
    if field.kind in _TEXTS:
        return Fitted(_text(value, field))
    if isinstance(value, bool) and field.kind is FieldKind.BOOLEAN:
        return Fitted(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and field.kind is FieldKind.NUMBER:
        return _number(value, field)
    if isinstance(value, datetime) and field.kind is FieldKind.DATETIME:
        return Fitted(value.astimezone(UTC).replace(microsecond=0))
    if isinstance(value, datetime) and field.kind is FieldKind.DATE:
        return Fitted(value.astimezone(UTC).date().isoformat())
    if isinstance(value, str) and field.kind is FieldKind.CHOICE:
        return _choice(value, field)
    if isinstance(value, str | tuple) and field.kind is FieldKind.MULTI_CHOICE:
        return _choices((value,) if isinstance(value, str) else value, field)
    return Unfit(f"the field holds a {field.kind.value.replace('_', ' ')}, the value is of another type")


def _text(value: FieldValue, field: Field) -> str | None:
    text = clean(_worded(value)).strip() if field.kind is FieldKind.LONG_TEXT else one_line(_worded(value))
    return (text if field.max_length is None else cut(text, field.max_length)) or None


def _worded(value: FieldValue) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)


def _number(value: int | float, field: Field) -> Fitted | Unfit:
    number = Decimal(str(value))
    if not number.is_finite():
        return Unfit("it is not a finite number")
    digits = LARGEST_DIGITS if field.precision is None else field.precision - (field.scale or 0)
    if abs(number) < Decimal(10) ** LARGEST_DIGITS and field.scale is not None:
        number = number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP)
    if abs(number) >= Decimal(10) ** digits:
        return Unfit(f"it needs more than the field's {digits} digits before the point")
    whole = field.scale == 0 or isinstance(value, int)
    return Fitted(int(number) if whole else float(number) or 0.0)


def _choice(value: str, field: Field) -> Fitted | Unfit:
    option = _option(value, field)
    return Unfit(f"the field has no option '{one_line(value)}'") if option is None else Fitted(option)


def _choices(values: tuple[str, ...], field: Field) -> Fitted | Unfit:
    options = {value: _option(value, field) for value in values}
    unknown = tuple(one_line(value) for value, option in options.items() if option is None)
    known = sorted({option for option in options.values() if option is not None})
    if unknown and not known:
        names = ", ".join(f"'{name}'" for name in unknown)
        return Unfit(f"the field has no option {names}")
    return Fitted(tuple(known) or None, unknown)


def _option(value: str, field: Field) -> str | None:
    """The stored option for a value; the value itself where a field takes any."""
    if value in field.choices:
        return value
    for option in field.choices:
        if option.casefold() == value.casefold():
            return option
    return None if field.restricted else one_line(value) or None
