"""What a sales leader asks of the fields, in words that every CRM's reports can be filtered by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from velma_connectors.model import Field, FieldKind, FieldValue, Target


class Operator(StrEnum):
    """How a condition compares its field."""

    EQUALS = "equals"
    AT_MOST = "at_most"
    IS_SET = "is_set"


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a report's filter. `value` is None for IS_SET."""

    field: str
    operator: Operator
    value: FieldValue = None


_COMPARABLE = {
    Operator.EQUALS: frozenset({FieldKind.BOOLEAN, FieldKind.CHOICE, FieldKind.TEXT}),
    Operator.AT_MOST: frozenset({FieldKind.NUMBER, FieldKind.DATE, FieldKind.DATETIME}),
    Operator.IS_SET: frozenset(FieldKind) - {FieldKind.LONG_TEXT, FieldKind.OTHER},
}


def obstacle(condition: Condition, field: Field | None) -> str:
    """Why reports cannot filter by this condition; empty when they can. `field` None: there is none."""
    if field is None:
        return f"{condition.field} does not exist, or is hidden from this connection"
    if not field.filterable:
        return f"{condition.field} is of a type that reports show, but do not filter by"
    if field.kind not in _COMPARABLE[condition.operator]:
        words = condition.operator.replace("_", " ")
        return f"{condition.field} is a {field.kind.replace('_', ' ')}, which '{words}' does not fit"
    if field.restricted and condition.value is not None and condition.value not in field.choices:
        return f"{condition.field} has no option '{condition.value}'"
    return ""


def remedy(condition: Condition, field: Field | None) -> str:
    """What to do about an `obstacle`, as a sentence."""
    if field is not None and not (field.filterable and field.kind in _COMPARABLE[condition.operator]):
        return "Map the value to a field of a kind that fits."
    return "Run velma-sync provision --apply, or correct the name in the mapping file."


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """One question. `key` names it forever, `question` is for people; all conditions must hold.

    `columns` are fields that are worth seeing beside what is found.
    """

    key: str
    question: str
    on: Target
    conditions: tuple[Condition, ...]
    columns: tuple[str, ...] = ()


def obstacle_with_remedy(asked: ReportFilter, fields: Mapping[str, Field]) -> str:
    """The first condition that reports of these fields cannot filter by, and what to do; else empty."""
    for condition in asked.conditions:
        field = fields.get(condition.field)
        told = obstacle(condition, field)
        if told:
            return f"{told}. {remedy(condition, field)}"
    return ""


@dataclass(frozen=True, slots=True)
class FilterGuide:
    """One question as a CRM wants it asked: a query to run at once, and the clicks of a person.

    `obstacle` says why its reports cannot be filtered like this; empty when they can.
    """

    filter: ReportFilter
    query: str
    clicks: tuple[str, ...]
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class FilterAnswer:
    """What a CRM answers: how many records, and the first of them as their names."""

    filter: ReportFilter
    found: int
    names: tuple[str, ...]


class ReportChange(StrEnum):
    """What became of one report."""

    CREATED = "created"
    KEPT = "kept"
    """It was there already, as we would make it."""
    REMOVED = "removed"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class ReportResult:
    """One report, list view or segment. `name` is what people look for, `place` where they find it."""

    name: str
    place: str
    change: ReportChange
    reason: str = ""
