"""Filters of a search: read strictly, then asked of what the index holds of a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from velma_connectors.sandbox.hubspot.associations import End
from velma_connectors.sandbox.hubspot.definitions import Definition
from velma_connectors.sandbox.hubspot.kinds import ObjectKind, find_kind
from velma_connectors.sandbox.hubspot.records import Record
from velma_connectors.sandbox.hubspot.refusals import invalid
from velma_connectors.sandbox.hubspot.stamps import read_moment

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal

Indexed = Callable[[Record, str], str | None]
"""What the index holds of a property of a record."""

Test = Callable[[Record, Indexed], bool]
Comparable = Decimal | int | str

WITHOUT_VALUE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
WITH_VALUES = ("IN", "NOT_IN")
WITH_ONE = ("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN")
OPERATORS = (*WITHOUT_VALUE, *WITH_VALUES, *WITH_ONE)

_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_ASSOCIATIONS = "associations."


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter as it was sent, its keys already checked."""

    property: str
    operator: str
    value: str | None = None
    high: str | None = None
    values: tuple[str, ...] | None = None


def compiled(portal: HubSpotPortal, kind: ObjectKind, given: Filter) -> Test:
    """A test for one filter. Raises Refusal."""
    _check_operands(given)
    if given.property.startswith(_ASSOCIATIONS):
        return _associated(portal, kind, given)
    definition = portal.properties.living(kind.name, given.property)
    if definition is None or given.property == "hs_body_preview_html":
        raise invalid(f"Property '{given.property}' cannot be filtered on {kind.name}")
    name = definition.name
    if given.operator in WITHOUT_VALUE:
        wanted = given.operator == "HAS_PROPERTY"
        return lambda record, indexed: (indexed(record, name) is not None) == wanted
    test = _value_test(portal, definition, given)
    return lambda record, indexed: (value := indexed(record, name)) is not None and test(value)


def _check_operands(given: Filter) -> None:
    """Each operator needs its own operands and takes no others."""
    if given.operator not in OPERATORS:
        raise invalid(f"'{given.operator}' is no operator; known are {', '.join(OPERATORS)}")
    needs_value = given.operator in WITH_ONE
    needs_values = given.operator in WITH_VALUES
    if (given.value is not None) != needs_value or (given.values is not None) != needs_values:
        raise invalid(f"{given.operator} on {given.property} has the wrong operands: value or values")
    if (given.high is not None) != (given.operator == "BETWEEN"):
        raise invalid(f"{given.operator} on {given.property} has the wrong operands: highValue")
    if needs_values and not given.values:
        raise invalid(f"{given.operator} on {given.property} needs values")


def _value_test(portal: HubSpotPortal, definition: Definition, given: Filter) -> Callable[[str], bool]:
    operator = given.operator
    read = _reader(definition)
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        if definition.type != "string":
            raise invalid(f"{operator} works on text only, not on {definition.name}")
        pattern = _token_pattern(given.value or "")
        wanted = operator == "CONTAINS_TOKEN"
        return lambda value: any(pattern.fullmatch(word) for word in _words(value)) == wanted
    if operator in WITH_VALUES:
        _check_dates(portal, definition, given)
        allowed = {_listed(definition, each, read) for each in given.values or ()}
        wanted = operator == "IN"
        return lambda value: any(part in allowed for part in _parts(definition, value, read)) == wanted
    _check_dates(portal, definition, given)
    bound = _operand(given.value or "", read, definition)
    if operator in ("EQ", "NEQ"):
        wanted = operator == "EQ"
        return lambda value: (bound in _parts(definition, value, read)) == wanted
    if definition.type not in ("number", "date", "datetime"):
        raise invalid(f"{operator} works on numbers and dates only, not on {definition.name}")
    if operator == "BETWEEN":
        high = _operand(given.high or "", read, definition)
        return lambda value: _ordered("LTE", bound, read(value)) and _ordered("LTE", read(value), high)
    return lambda value: _ordered(operator, read(value), bound)


def _check_dates(portal: HubSpotPortal, definition: Definition, given: Filter) -> None:
    """Dates are filtered by epoch milliseconds. Raises Refusal."""
    if definition.type not in ("date", "datetime") or portal.switches.iso_dates_in_filters:
        return
    for text in (given.value, given.high, *(given.values or ())):
        if text is not None and not re.fullmatch(r"-?\d+", text, re.ASCII):
            raise invalid(f"A filter on {definition.name} takes milliseconds since 1970")


def _ordered(operator: str, one: Comparable, other: Comparable) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        raise TypeError("text has no order here")
    match operator:
        case "LT":
            return one < other
        case "LTE":
            return one <= other
        case "GT":
            return one > other
        case _:
            return one >= other


def _reader(definition: Definition) -> Callable[[str], Comparable]:
    match definition.type:
        case "number":
            return read_number
        case "date" | "datetime":
            return read_moment
        case "string":
            return str.lower
        case _:
            return str


def _operand(text: str, read: Callable[[str], Comparable], definition: Definition) -> Comparable:
    try:
        return read(text)
    except ValueError:
        raise invalid(f"'{text}' is no value for a filter on {definition.name}") from None


def _listed(definition: Definition, text: str, read: Callable[[str], Comparable]) -> Comparable:
    """Values of IN are compared as they are: those for text must be in lower case to match anything."""
    return text if definition.type == "string" else _operand(text, read, definition)


def _parts(definition: Definition, value: str, read: Callable[[str], Comparable]) -> Sequence[Comparable]:
    return value.split(";") if definition.is_many else (read(value),)


@lru_cache(maxsize=1 << 16)
def read_number(text: str) -> Decimal:
    """Raises ValueError."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text} is no number")
    return Decimal(text)


def _words(value: str) -> list[str]:
    return re.split(r"[^\w@.+-]+", value.lower())


def _token_pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.lower().split("*")))


def _associated(portal: HubSpotPortal, kind: ObjectKind, given: Filter) -> Test:
    """`associations.contact` EQ an id. The index knows links at once."""
    other = find_kind(given.property.removeprefix(_ASSOCIATIONS))
    if other is None or given.operator not in ("EQ", "IN"):
        raise invalid(f"{given.property} {given.operator} is no filter")
    portal.links.possible(kind, other)
    wanted = {given.value} if given.operator == "EQ" else set(given.values or ())
    name = other.name

    def test(record: Record, _indexed: Indexed) -> bool:
        return any(link in wanted for link, _ in portal.links.living(End(kind.name, record.id), name))

    return test
