"""The questions of a sales leader in SOQL, and as the clicks of a person in the report builder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from velma_connectors.model import Field, FieldValue, Target
from velma_connectors.reporting import (
    Condition,
    FilterAnswer,
    FilterGuide,
    Operator,
    ReportFilter,
    obstacle_with_remedy,
)
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import KnownFields
from velma_connectors.salesforce.soql import quoted, select, stamp

DEALS = "Opportunity"
FIRST = 10
"""Names that an answer shows."""

NAMES = {"Task": "Subject", "Event": "Subject", DEALS: "Name"}
"""The field that people know a record of each object by."""

_BEGINNINGS = {
    Target.CALL: (
        "Reports > New Report: choose the report type 'Tasks and Events', then Start Report.",
        "Filters: set Show Me to 'All Activities', and Date to 'All Time'.",
    ),
    Target.DEAL: (
        "Reports > New Report: choose the report type 'Opportunities', then Start Report.",
        "Filters: set Show Me to 'All Opportunities', Close Date to 'All Time', Opportunity Status to 'Any'.",
    ),
}
_WORDS = {Operator.EQUALS: "equals", Operator.AT_MOST: "less or equal", Operator.IS_SET: "not equal to"}

Objects = Mapping[Target, Sequence[str]]
"""The objects behind each target: a call may be a Task or an Event."""


def describe_filters(
    known: KnownFields, objects: Objects, filters: Sequence[ReportFilter]
) -> list[FilterGuide]:
    """How each question is asked of this org, by position; the fields are read now."""
    fields = {
        name: known.read(name) for on in dict.fromkeys(asked.on for asked in filters) for name in objects[on]
    }
    return [_guide(asked, {name: fields[name] for name in objects[asked.on]}) for asked in filters]


def run_filter(client: SalesforceClient, objects: Objects, wanted: ReportFilter) -> FilterAnswer:
    """Count what is found, and name the newest of it. Raises RequestRefused for a field that is not there."""
    found, names = 0, list[str]()
    for name in objects[wanted.on]:
        where = _where(wanted.conditions)
        found += client.count(select(("COUNT()",), name, where))
        shown = NAMES[name]
        rows = client.query(select((shown,), name, where, order_by="CreatedDate DESC, Id DESC", limit=FIRST))
        names += [str(row[shown] or "(no subject)") for row in rows]
    return FilterAnswer(wanted, found, tuple(names[:FIRST]))


def _guide(asked: ReportFilter, fields: Mapping[str, Mapping[str, Field]]) -> FilterGuide:
    for there in fields.values():
        told = obstacle_with_remedy(asked, there)
        if told:
            return FilterGuide(asked, query="", clicks=(), obstacle=told)
    queries = [_query(asked, name, there) for name, there in fields.items()]
    labels = next(iter(fields.values()))
    clicks = (
        *_BEGINNINGS[asked.on],
        *(f"Add Filter: {_in_words(each, labels[each.field])}." for each in asked.conditions),
        f"Save & Run, named '{asked.question}'.",
    )
    return FilterGuide(asked, query="\n".join(queries), clicks=clicks)


def _query(asked: ReportFilter, object_name: str, fields: Mapping[str, Field]) -> str:
    wanted = (*(condition.field for condition in asked.conditions), *asked.columns)
    columns = [name for name in dict.fromkeys(wanted) if name in fields]
    shown = ("Id", NAMES[object_name], *columns)
    return select(shown, object_name, _where(asked.conditions), order_by="CreatedDate DESC")


def _where(conditions: Sequence[Condition]) -> str:
    return " AND ".join(_clause(condition) for condition in conditions)


def _clause(condition: Condition) -> str:
    match condition.operator:
        case Operator.EQUALS:
            return f"{condition.field} = {_literal(condition.value)}"
        case Operator.AT_MOST:
            return f"{condition.field} <= {_literal(condition.value)}"
        case Operator.IS_SET:
            return f"{condition.field} != null"


def _literal(value: FieldValue) -> str:
    """A date is a text already and would be quoted: no question compares one."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return stamp(value)
    return plain_number(value) if isinstance(value, int | float) else quoted(str(value))


def plain_number(value: float) -> str:
    """Without an exponent, as queries and reports take it."""
    return f"{Decimal(str(value)):f}"


def _in_words(condition: Condition, field: Field) -> str:
    words = f"'{field.label}' ({condition.field}) {_WORDS[condition.operator]}"
    if condition.operator is Operator.IS_SET:
        return f"{words} nothing: leave its value empty"
    return f"{words} '{condition.value}'"
