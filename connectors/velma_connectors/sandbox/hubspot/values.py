"""Values as they arrive in a write: checked against their property, and brought into the stored form."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from velma_connectors.sandbox.hubspot.definitions import TRUE_FALSE, Definition
from velma_connectors.sandbox.hubspot.refusals import PropertyFault
from velma_connectors.sandbox.hubspot.stamps import day, iso, read_day, read_moment

LONGEST_TEXT = 65_536
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


class BadValue(Exception):
    """A value that its property does not take."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message

    def fault(self, name: str) -> PropertyFault:
        return PropertyFault(self.code, self.message, name)


def stored(definition: Definition, value: str, before: str, choices: Collection[str] | None) -> str:
    """The value as it is kept; `before` is the present one. Raises BadValue.

    `choices` are the allowed values of an enumeration, or None when any is taken.
    """
    if value == "":
        return ""
    if definition.is_many:
        return _many(value, before, choices)
    return _FORMS[definition.type](value, choices)


def _many(value: str, before: str, choices: Collection[str] | None) -> str:
    """Several options, separated by semicolons; a leading one adds to those that are there."""
    kept = before.split(";") if value.startswith(";") and before else []
    given = [part.strip() for part in value.split(";") if part.strip()]
    for part in given:
        _enumeration(part, choices)
    return ";".join(dict.fromkeys([*kept, *given]))


def _enumeration(value: str, choices: Collection[str] | None) -> str:
    if choices is not None and value not in choices:
        raise BadValue(
            "INVALID_OPTION", f"{value} was not one of the allowed options: [{', '.join(choices)}]"
        )
    return value


def _bool(value: str, _choices: Collection[str] | None) -> str:
    return _enumeration(value, TRUE_FALSE)


def _number(value: str, _choices: Collection[str] | None) -> str:
    if not _NUMBER.fullmatch(value):
        raise BadValue("INVALID_INTEGER", f"{value} was not a valid number.")
    return value


def _datetime(value: str, _choices: Collection[str] | None) -> str:
    try:
        return iso(read_moment(value))
    except ValueError:
        raise BadValue("INVALID_LONG", f"{value} was not a valid long.") from None


def _date(value: str, _choices: Collection[str] | None) -> str:
    try:
        return day(read_day(value))
    except ValueError:
        raise BadValue("INVALID_DATE", f"{value} is not a valid date or midnight UTC.") from None


def _string(value: str, _choices: Collection[str] | None) -> str:
    if len(value) > LONGEST_TEXT:
        message = f"Value is {len(value)} characters long; at most {LONGEST_TEXT} are allowed."
        raise BadValue("INVALID_STRING_LENGTH", message)
    return value


_FORMS: dict[str, Callable[[str, Collection[str] | None], str]] = {
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "enumeration": _enumeration,
    "number": _number,
    "string": _string,
}
