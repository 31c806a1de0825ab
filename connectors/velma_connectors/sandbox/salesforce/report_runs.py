"""Runs a report: which records it finds, and their cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.report_types import (
    ALL_TIME,
    REPORT_TYPES,
    USUAL_DURATION,
    Column,
    ReportType,
    columns_of,
)

MOST_ROWS = 2_000
_NUMBERS = frozenset({"double", "int", "currency", "percent"})


def run(metadata: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """The fact map of a tabular report, with its rows."""
    kind = REPORT_TYPES[metadata["reportType"]["type"]]
    columns = columns_of(kind, caller)
    found = [record for record in _records(kind, metadata, caller) if _matches(record, metadata, columns)]
    rows = [
        {"dataCells": [_cell(record.get(columns[token].field.name)) for token in metadata["detailColumns"]]}
        for record in found[:MOST_ROWS]
    ]
    count = [{"label": str(len(found)), "value": len(found)}]
    return {"allData": len(found) <= MOST_ROWS, "factMap": {"T!T": {"aggregates": count, "rows": rows}}}


def _records(kind: ReportType, metadata: Mapping[str, Any], caller: Caller) -> Iterator[Record]:
    """Those of the scope and of the span of time."""
    window = metadata["standardDateFilter"]
    for name in kind.objects:
        for record in caller.org.records.all(name):
            mine = metadata["scope"] != "user" or record.get("OwnerId") == caller.author.user_id
            if not record["IsDeleted"] and mine and _in_time(record.get(kind.date), window, caller):
                yield record


def _in_time(day: str | None, window: Mapping[str, Any], caller: Caller) -> bool:
    start, end = window["startDate"], window["endDate"]
    if window["durationValue"] == ALL_TIME and start is None and end is None:
        return True
    if day is None:
        return False
    if window["durationValue"] == ALL_TIME:
        return (start is None or start <= day) and (end is None or day <= end)
    return window["durationValue"] == USUAL_DURATION and _quarter(date.fromisoformat(day)) == _quarter(
        caller.author.moment
    )


def _quarter(day: date | datetime) -> tuple[int, int]:
    return day.year, (day.month - 1) // 3


def _matches(record: Record, metadata: Mapping[str, Any], columns: Mapping[str, Column]) -> bool:
    return all(_passes(record, each, columns[each["column"]]) for each in metadata["reportFilters"])


def _passes(record: Record, condition: Mapping[str, Any], column: Column) -> bool:
    value, wanted = record.get(column.field.name), condition["value"]
    operator = condition["operator"]
    if wanted == "":
        return (value is None) is (operator == "equals")
    if operator == "notEqual":
        return not _equals(value, wanted, column)
    if value is None:
        return False
    if operator == "equals":
        return _equals(value, wanted, column)
    if operator in ("includes", "excludes"):
        shared = set(wanted.split(",")) & set(value.split(";"))
        return bool(shared) is (operator == "includes")
    return _ordered(_comparable(value, column), operator, _comparable(wanted, column))


def _equals(value: Any, wanted: str, column: Column) -> bool:
    if column.field.type == "boolean":
        return bool(value is (wanted in ("1", "True")))
    if column.field.type in _NUMBERS:
        return value is not None and float(value) == float(wanted)
    return bool(value == wanted)


def _comparable(value: Any, column: Column) -> Any:
    return float(value) if column.field.type in _NUMBERS else str(value)


def _ordered(value: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "lessThan":
            return bool(value < wanted)
        case "lessOrEqual":
            return bool(value <= wanted)
        case "greaterThan":
            return bool(value > wanted)
        case "greaterOrEqual":
            return bool(value >= wanted)
        case "startsWith":
            return str(value).startswith(wanted)
        case "contains":
            return wanted in str(value)
        case _:
            return wanted not in str(value)


def _cell(value: Any) -> dict[str, Any]:
    return {"label": "-" if value is None else str(value), "value": value}
