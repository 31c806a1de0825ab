"""Validation rules that an admin has put on properties; they hold for writes through the API as well."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Arguments = Sequence[str]


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """A rule such as `ValidationRule("MAX_NUMBER", ("1",))`. Raises ValueError for an unknown type."""

    type: str
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.type == "REGEX":
            re.compile(self.arguments[0])
        if self.type not in _CHECKS:
            raise ValueError(f"{self.type} is no emulated rule; known are {', '.join(sorted(_CHECKS))}")

    @property
    def code(self) -> str:
        """Only that of ALPHANUMERIC is public."""
        return "INVALID_ALPHA" if self.type == "ALPHANUMERIC" else f"INVALID_{self.type}"

    @property
    def is_for_numbers(self) -> bool:
        return self.type in ("DECIMAL", "MAX_NUMBER", "MIN_NUMBER")

    def allows(self, value: str) -> bool:
        return _CHECKS[self.type](value, self.arguments)

    def document(self) -> dict[str, Any]:
        return {"ruleType": self.type, "ruleArguments": list(self.arguments)}


def _decimals(value: str, arguments: Arguments) -> bool:
    return len(value.partition(".")[2]) <= int(arguments[0])


def _no_blanks_around(value: str, _arguments: Arguments) -> bool:
    return value == value.strip()


_CHECKS: Mapping[str, Callable[[str, Arguments], bool]] = {
    "ALPHANUMERIC": lambda value, _: value.isalnum(),
    "DECIMAL": _decimals,
    "MAX_LENGTH": lambda value, arguments: len(value) <= int(arguments[0]),
    "MIN_LENGTH": lambda value, arguments: len(value) >= int(arguments[0]),
    "MAX_NUMBER": lambda value, arguments: Decimal(value) <= Decimal(arguments[0]),
    "MIN_NUMBER": lambda value, arguments: Decimal(value) >= Decimal(arguments[0]),
    "REGEX": lambda value, arguments: re.fullmatch(arguments[0], value) is not None,
    "WHITESPACE": _no_blanks_around,
}
