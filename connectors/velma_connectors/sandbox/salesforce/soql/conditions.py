"""WHERE clauses as functions from a record to yes or no, refused where the field does not allow them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.fields import NUMBER_TYPES, REFERENCE_TYPES
from velma_connectors.sandbox.salesforce.ids import canonical_id
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal
from velma_connectors.sandbox.salesforce.soql.columns import Column, reader
from velma_connectors.sandbox.salesforce.soql.date_ranges import date_range
from velma_connectors.sandbox.salesforce.soql.tokens import LITERAL_PERCENT, LITERAL_UNDERSCORE
from velma_connectors.sandbox.salesforce.soql.tree import (
    Comparison,
    Condition,
    Junction,
    Negation,
    Path,
    Query,
    Value,
    refuse_query,
)
from velma_connectors.sandbox.salesforce.stamps import read_day, read_stamp, stamp

Predicate = Callable[[Record], bool]
Resolver = Callable[[Path], Column]
InnerQuery = Callable[[Query], frozenset[str]]
"""Runs a query within IN (...) and gives the ids it selects."""

_ORDERED = {"<", "<=", ">", ">="}
_EQUAL = {"=", "!=", "IN", "NOT IN"}
_UNQUOTED = NUMBER_TYPES | {"boolean", "date", "datetime", "int", "long"}
_KIND_NAMES = {"datetime": "dateTime", "id": "ID", "reference": "ID", "int": "integer"}


@dataclass(frozen=True, slots=True)
class _Span:
    """What one literal covers: a single value, or from `start` up to before `end`."""

    start: Any
    end: Any = None

    def holds(self, value: Any) -> bool:
        if self.end is None:
            return bool(value == self.start)
        return value is not None and bool(self.start <= value < self.end)

    def compare(self, value: Any, operator: str) -> bool:
        if operator == "<":
            return bool(value < self.start)
        if operator == ">=":
            return bool(value >= self.start)
        if operator == ">":
            return bool(value > self.start if self.end is None else value >= self.end)
        return bool(value <= self.start if self.end is None else value < self.end)


class ConditionCompiler:
    """Turns the conditions of one query into predicates. Every method may raise RequestRefusal."""

    def __init__(self, text: str, caller: Caller, resolve: Resolver, run_inner: InnerQuery) -> None:
        self._text = text
        self._caller = caller
        self._resolve = resolve
        self._run_inner = run_inner

    def compile(self, condition: Condition | None) -> Predicate:
        if condition is None:
            return lambda _record: True
        if isinstance(condition, Negation):
            part = self.compile(condition.part)
            return lambda record: not part(record)
        if isinstance(condition, Junction):
            parts = [self.compile(each) for each in condition.parts]
            if condition.operator == "AND":
                return lambda record: all(part(record) for part in parts)
            return lambda record: any(part(record) for part in parts)
        return self._comparison(condition)

    def _comparison(self, comparison: Comparison) -> Predicate:
        column = self._resolve(comparison.path)
        read = reader(column, self._caller)
        if not column.field.filterable:
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise refuse_query(self._text, comparison.path.at, message, "INVALID_FIELD")
        self._check_operator(column, comparison)
        value, operator = comparison.value, comparison.operator
        if isinstance(value, Query):
            ids = self._run_inner(value)
            wanted = operator == "IN"
            return lambda record: (read(record) in ids) is wanted
        if column.field.type == "multipicklist":
            return self._selection(read, operator, value if isinstance(value, tuple) else (value,))
        if isinstance(value, tuple):
            return self._membership(column, read, operator == "IN", value)
        if operator == "LIKE":
            return self._like(column, read, value)
        return self._scalar(column, read, operator, value)

    def _check_operator(self, column: Column, comparison: Comparison) -> None:
        kind, operator = column.field.type, comparison.operator
        if operator in ("INCLUDES", "EXCLUDES") and kind != "multipicklist":
            message = (
                "includes and excludes operators are only valid on multi-select picklist fields: "
                f"{column.field.name}"
            )
            raise refuse_query(self._text, comparison.path.at, message, "INVALID_QUERY_FILTER_OPERATOR")
        allowed = _EQUAL | _ORDERED | {"LIKE"}
        if kind in REFERENCE_TYPES:
            allowed = _EQUAL | _ORDERED
        elif kind == "boolean":
            allowed = _EQUAL
        elif kind == "multipicklist":
            allowed = {"=", "!=", "INCLUDES", "EXCLUDES"}
        elif kind in NUMBER_TYPES | {"int", "long", "date", "datetime"}:
            allowed = _EQUAL | _ORDERED
        if operator not in allowed or (isinstance(comparison.value, Query) and kind not in REFERENCE_TYPES):
            message = f"invalid operator on {_KIND_NAMES.get(kind, kind)} field"
            raise refuse_query(self._text, comparison.path.at, message, "INVALID_QUERY_FILTER_OPERATOR")

    # Literals

    def _span(self, column: Column, value: Value) -> _Span:
        """What a literal covers on this field; the literal's type must be the field's."""
        kind = column.field.type
        if value.kind == "null":
            return _Span(None)
        if kind in ("date", "datetime"):
            return self._time_span(column, value)
        if kind in REFERENCE_TYPES:
            return _Span(self._id(column, value))
        expected = "string"
        if kind == "boolean":
            expected = "boolean"
        elif kind in NUMBER_TYPES | {"int", "long"}:
            expected = "number"
        if value.kind != expected:
            raise self._mistyped(column, value)
        return _Span(_plain(value.value) if expected == "string" else value.value)

    def _mistyped(self, column: Column, value: Value) -> RequestRefusal:
        kind = _KIND_NAMES.get(column.field.type, column.field.type)
        quotes = "should not be" if column.field.type in _UNQUOTED else "should be"
        message = (
            f"value of filter criterion for field '{column.field.name}' must be of type {kind} and "
            f"{quotes} enclosed in quotes"
        )
        return refuse_query(self._text, value.at, message, "INVALID_FIELD")

    def _id(self, column: Column, value: Value) -> str | None:
        if value.kind != "string":
            raise self._mistyped(column, value)
        if value.value == "":
            return None
        full = canonical_id(value.value)
        if full is None:
            message = f"invalid ID field: {value.value}"
            raise refuse_query(self._text, value.at, message, "INVALID_QUERY_FILTER_OPERATOR")
        return full

    def _time_span(self, column: Column, value: Value) -> _Span:
        kind = column.field.type
        try:
            if value.kind == "range":
                start, end = date_range(value.value, self._caller.author.moment)
                if kind == "date":
                    return _Span(start.date().isoformat(), end.date().isoformat())
                return _Span(stamp(start), stamp(end))
            if value.kind == kind == "date":
                return _Span(read_day(value.value).isoformat())
            if value.kind == kind == "datetime":
                return _Span(stamp(read_stamp(value.value.upper())))
        except ValueError as error:
            raise refuse_query(self._text, value.at, str(error)) from None
        raise self._mistyped(column, value)

    # Comparisons

    def _scalar(
        self, column: Column, read: Callable[[Record], Any], operator: str, value: Value
    ) -> Predicate:
        span = self._span(column, value)
        fold = _folding(column)
        if operator in ("=", "!="):
            wanted = operator == "="
            return lambda record: span.holds(fold(read(record))) is wanted
        if span.start is None:
            return lambda _record: False
        return lambda record: (found := read(record)) is not None and span.compare(fold(found), operator)

    def _membership(
        self, column: Column, read: Callable[[Record], Any], wanted: bool, values: tuple[Value, ...]
    ) -> Predicate:
        spans = [self._span(column, value) for value in values]
        fold = _folding(column)
        single = frozenset(span.start for span in spans if span.end is None)
        wide = [span for span in spans if span.end is not None]

        def holds(record: Record) -> bool:
            found = fold(read(record))
            return (found in single or any(span.holds(found) for span in wide)) is wanted

        return holds

    def _like(self, column: Column, read: Callable[[Record], Any], value: Value) -> Predicate:
        if value.kind != "string":
            raise self._mistyped(column, value)
        wildcards = {"%": ".*", "_": ".", LITERAL_PERCENT: "%", LITERAL_UNDERSCORE: "_"}
        pattern = re.compile(
            "".join(wildcards.get(letter) or re.escape(letter) for letter in value.value),
            re.IGNORECASE | re.DOTALL,
        )
        return lambda record: (found := read(record)) is not None and bool(pattern.fullmatch(found))

    def _selection(
        self, read: Callable[[Record], Any], operator: str, values: tuple[Value, ...]
    ) -> Predicate:
        """Multi-select picklists: a semicolon within one literal means all of its values together."""
        for value in values:
            if value.kind not in ("string", "null"):
                raise refuse_query(self._text, value.at, "a multi-select picklist is compared with strings")
        groups = [_parts(_plain(value.value or "")) for value in values]
        if operator in ("=", "!="):
            wanted = operator == "="
            return lambda record: (_parts(_fold(read(record) or "")) == groups[0]) is wanted
        wanted = operator == "INCLUDES"
        return lambda record: (
            any(group and group <= _parts(_fold(read(record) or "")) for group in groups) is wanted
        )


def _fold(text: str) -> str:
    return text.casefold()


def _plain(text: str) -> str:
    """A string literal outside of LIKE: its escaped wildcards are ordinary characters."""
    return _fold(text.replace(LITERAL_PERCENT, "%").replace(LITERAL_UNDERSCORE, "_"))


def _parts(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(";") if part.strip())


def _folding(column: Column) -> Callable[[Any], Any]:
    """Text is compared without regard to case, ids and everything else as they are."""
    if column.field.type in _UNQUOTED | REFERENCE_TYPES:
        return lambda value: value
    return lambda value: _fold(value) if isinstance(value, str) else value
