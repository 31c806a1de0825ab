"""A SOQL query as a tree. `at` is always the place in the text, for error messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from velma_connectors.sandbox.salesforce.refusals import RequestRefusal

LiteralKind = Literal["string", "number", "boolean", "null", "date", "datetime", "range"]
_SHOWN_BEFORE, _SHOWN_AFTER = 30, 40


@dataclass(frozen=True, slots=True)
class Path:
    """A column by its dotted name: `("What", "Type")`."""

    parts: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Value:
    """A literal. A `range` is the name of a date literal, such as `LAST_N_DAYS:30`."""

    kind: LiteralKind
    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """One column against a literal, a list of them, or the rows of an inner query."""

    path: Path
    operator: str
    value: Value | tuple[Value, ...] | Query


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by one operator, AND or OR."""

    operator: str
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    part: Condition


Condition = Comparison | Junction | Negation


@dataclass(frozen=True, slots=True)
class TypeOf:
    """Columns that depend on the type of a polymorphic parent."""

    path: Path
    branches: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Order:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT. `source` is an object, or a child relationship in a query within SELECT."""

    text: str
    select: tuple[Path | TypeOf | Query, ...]
    counts: bool
    source: str
    source_at: int
    alias: str | None
    where: Condition | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int


def refuse_query(text: str, at: int, message: str, code: str = "MALFORMED_QUERY") -> RequestRefusal:
    """The refusal of a query with the place it stumbled over, printed as the API prints it."""
    start = max(0, at - _SHOWN_BEFORE)
    shown = text[start : at + _SHOWN_AFTER].replace("\n", " ")
    row = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    place = f"\n{shown}\n{' ' * (at - start)}^\nERROR at Row:{row}:Column:{column}\n"
    return RequestRefusal(code, place + message)
