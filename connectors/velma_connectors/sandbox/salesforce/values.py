"""One JSON value for one field: is it of the field's type, does it fit, and how is it stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any, NoReturn

from velma_connectors.sandbox.salesforce.fields import NUMBER_TYPES, TEXT_TYPES, FieldDefinition
from velma_connectors.sandbox.salesforce.ids import canonical_id
from velma_connectors.sandbox.salesforce.refusals import Refusal, UnreadableRecord, malformed_id
from velma_connectors.sandbox.salesforce.stamps import read_day, read_stamp, stamp

MOST_SELECTED = 100
_MOST_INTEGER = 99_999_999
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TOKENS = {str: "VALUE_STRING", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}


def stored_value(field: FieldDefinition, raw: Any, *, trims: bool) -> Any:
    """The value as records hold it. Raises UnreadableRecord for another JSON type, Refusal for a misfit."""
    if raw is None:
        if field.type == "boolean":
            raise Refusal(
                "INVALID_TYPE_ON_FIELD_IN_RECORD",
                f"{field.label}: value not of required type: null",
                (field.name,),
            )
        return None
    if field.type in TEXT_TYPES:
        return _text(field, raw, trims)
    if field.type == "multipicklist":
        return _selection(field, raw)
    if field.type in NUMBER_TYPES:
        return _number(field, raw)
    if field.type in ("int", "long"):
        return _integer(field, raw)
    if field.type == "boolean":
        return raw if isinstance(raw, bool) else _unreadable(field, raw)
    if field.type in ("date", "datetime"):
        return _time(field, raw)
    return _reference(field, raw)


def _unreadable(field: FieldDefinition, raw: Any) -> NoReturn:
    if isinstance(raw, bool):
        token, shown = ("VALUE_TRUE" if raw else "VALUE_FALSE"), str(raw).lower()
    elif isinstance(raw, list | dict):
        token, shown = ("START_ARRAY", "[") if isinstance(raw, list) else ("START_OBJECT", "{")
    else:
        token, shown = _TOKENS[type(raw)], str(raw)
    raise UnreadableRecord(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {token} value {shown} or request may be "
        "missing a required field at [line:1, column:1]",
    )


def _text(field: FieldDefinition, raw: Any, trims: bool) -> str | None:
    if not isinstance(raw, str):
        _unreadable(field, raw)
    value = raw.strip() if trims else raw
    if len(value) > field.length:
        raise Refusal(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {value} (max length={field.length})",
            (field.name,),
        )
    if not value:
        return None
    if field.type == "email" and not _EMAIL.fullmatch(value):
        raise Refusal(
            "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", (field.name,)
        )
    if field.type == "picklist":
        _check_restricted(field, (value,))
    return value


def _check_restricted(field: FieldDefinition, values: Sequence[str]) -> None:
    active = {choice.value for choice in field.choices if choice.active}
    wrong = [value for value in values if field.restricted and value not in active]
    if wrong:
        raise Refusal(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label}: bad value for restricted picklist field: {wrong[0]}",
            (field.name,),
        )


def _selection(field: FieldDefinition, raw: Any) -> str | None:
    """Selected values in the order of their definition, as records hold them."""
    if not isinstance(raw, str):
        _unreadable(field, raw)
    values = list(dict.fromkeys(part.strip() for part in raw.split(";") if part.strip()))
    if len(values) > MOST_SELECTED:
        raise Refusal(
            "TOO_MANY_ENUM_VALUE",
            f"{field.label}: more than {MOST_SELECTED} values are selected",
            (field.name,),
        )
    _check_restricted(field, values)
    order = {choice.value: place for place, choice in enumerate(field.choices)}
    return ";".join(sorted(values, key=lambda value: order.get(value, len(order)))) or None


def _number(field: FieldDefinition, raw: Any) -> float:
    """Decimals beyond the scale are dropped without a word; digits before the point must fit."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        _unreadable(field, raw)
    number = Decimal(str(raw))
    if abs(number) >= Decimal(10) ** (field.precision - field.scale):
        raise Refusal(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {raw}",
            (field.name,),
        )
    return float(number.quantize(Decimal(1).scaleb(-field.scale), rounding=ROUND_DOWN)) + 0.0


def _integer(field: FieldDefinition, raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        _unreadable(field, raw)
    if field.type == "int" and field.createable and abs(raw) > _MOST_INTEGER:
        raise Refusal(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {raw}",
            (field.name,),
        )
    return int(raw)


def _time(field: FieldDefinition, raw: Any) -> str:
    if not isinstance(raw, str):
        _unreadable(field, raw)
    try:
        if field.type == "datetime":
            return stamp(read_stamp(raw))
        return read_day(raw).isoformat() if len(raw) == len("2024-01-01") else stamp(read_stamp(raw))[:10]
    except ValueError:
        _unreadable(field, raw)


def _reference(field: FieldDefinition, raw: Any) -> str | None:
    if not isinstance(raw, str):
        _unreadable(field, raw)
    if not raw:
        return None
    full = canonical_id(raw)
    if full is None:
        raise malformed_id(field.label, raw, field.name)
    return full


def as_json(value: Any) -> Any:
    """What a seed hands over, in the shape a request would have: times become text."""
    if isinstance(value, datetime):
        return stamp(value)
    return value.isoformat() if isinstance(value, date) else value
