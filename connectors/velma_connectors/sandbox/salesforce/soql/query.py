"""Runs SOQL against the records of an org, as one caller sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.fields import FieldDefinition
from velma_connectors.sandbox.salesforce.objects import ChildRelationship, ObjectDefinition
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.soql.columns import Column, object_named, reader, resolve
from velma_connectors.sandbox.salesforce.soql.conditions import ConditionCompiler
from velma_connectors.sandbox.salesforce.soql.file_visibility import check_link_filter, hidden_files
from velma_connectors.sandbox.salesforce.soql.own_permissions import show_own_permissions
from velma_connectors.sandbox.salesforce.soql.projection import Projection
from velma_connectors.sandbox.salesforce.soql.tree import Order, Path, Query, TypeOf, refuse_query

_NO_SEMI_JOIN = ("ContentDocumentLink", "ContentVersion")


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a query, in order, and how to print them. `long_texts` are selected custom ones."""

    query: Query
    rows: tuple[Record, ...]
    projection: Projection

    @property
    def long_texts(self) -> int:
        return self.projection.long_text_columns()

    def print_rows(self, record_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Rows as they are now; those that are gone since are left out."""
        records = self.projection.caller.org.records
        present = (records.get(record_id) for record_id in record_ids)
        return [self.projection.print(record) for record in present if record is not None]


def run_query(query: Query, caller: Caller, *, everything: bool = False) -> Found:
    """Find the rows of a query; `everything` includes archived and deleted ones. Raises RequestRefusal."""
    definition = object_named(query.source, caller, query.text, query.source_at)
    check_link_filter(query, definition, caller)
    run = _Run(query, definition, caller, everything)
    projection = run.projection()
    show_own_permissions(definition, caller)
    rows = run.sorted(run.matching(caller.org.records.all(definition.name)))
    _check_metadata_rows(query, projection, rows)
    return Found(query, tuple(run.cut(rows)), projection)


def _check_metadata_rows(query: Query, projection: Projection, rows: list[Record]) -> None:
    if {"Metadata", "FullName"} & set(projection.own) and len(rows) > 1:
        raise refuse_query(
            query.text,
            0,
            "When retrieving results with Metadata or FullName fields, the query qualifications must "
            f"specify no more than one row for retrieval. Result size: {len(rows)}",
        )


class _Run:
    """One SELECT on one object."""

    def __init__(self, query: Query, definition: ObjectDefinition, caller: Caller, everything: bool) -> None:
        self._query = query
        self._definition = definition
        self._caller = caller
        self._everything = everything

    def _column(self, path: Path) -> Column:
        """Resolve a path whose first part may be the alias or the object's own name."""
        prefixes = {self._definition.name.lower(), (self._query.alias or "").lower()}
        if len(path.parts) > 1 and path.parts[0].lower() in prefixes:
            path = Path(path.parts[1:], path.at)
        return resolve(path, self._definition, self._caller, self._query.text)

    def projection(self) -> Projection:
        projection = Projection(self._caller)
        for selected in self._query.select:
            if isinstance(selected, Path):
                projection.add(self._column(selected), selected, self._query.text)
            elif isinstance(selected, TypeOf):
                projection.add_type_of(selected, self._definition, self._query.text)
            else:
                self._add_children(projection, selected)
        return projection

    def matching(self, rows: Sequence[Record]) -> list[Record]:
        compiler = ConditionCompiler(self._query.text, self._caller, self._column, self._inner)
        holds = compiler.compile(self._query.where)
        hidden = hidden_files(self._query, self._definition, self._caller)
        if not self._everything:
            rows = [row for row in rows if not row["IsDeleted"] and not row.get("IsArchived")]
        return [row for row in rows if holds(row) and row["Id"] not in hidden]

    def sorted(self, rows: list[Record]) -> list[Record]:
        for order in reversed(self._query.order):
            self._sort(rows, order)
        return rows

    def _sort(self, rows: list[Record], order: Order) -> None:
        column = self._column(order.path)
        if not column.field.sortable:
            message = f"field '{column.field.name}' can not be sorted in a query call"
            raise refuse_query(self._query.text, order.path.at, message)
        read = reader(column, self._caller)
        rank = _ranking(column.field)
        rows.sort(key=lambda row: rank(read(row)), reverse=order.descending)
        rows.sort(key=lambda row: (read(row) is None) == order.nulls_last)

    def cut(self, rows: list[Record]) -> list[Record]:
        end = None if self._query.limit is None else self._query.offset + self._query.limit
        return rows[self._query.offset : end]

    def _inner(self, query: Query) -> frozenset[str]:
        """The ids that a query within IN (...) selects by its one column."""
        definition = object_named(query.source, self._caller, query.text, query.source_at)
        if definition.name in _NO_SEMI_JOIN:
            message = f"Entity '{definition.name}' is not supported for semi join inner selects"
            raise refuse_query(query.text, query.source_at, message)
        run = _Run(query, definition, self._caller, self._everything)
        if len(query.select) != 1 or not isinstance(query.select[0], Path):
            raise refuse_query(query.text, query.source_at, "a semi join selects exactly one column")
        read = reader(run._column(query.select[0]), self._caller)
        rows = run.matching(self._caller.org.records.all(definition.name))
        return frozenset(value for row in rows if (value := read(row)) is not None)

    def _add_children(self, projection: Projection, query: Query) -> None:
        relationship = self._child(query)
        definition = self._caller.org.schema.standard[relationship.child]
        run = _Run(query, definition, self._caller, self._everything)
        inner = run.projection()
        by_parent: dict[str, list[Record]] = {}
        for row in run.sorted(run.matching(self._caller.org.records.all(definition.name))):
            by_parent.setdefault(row.get(relationship.field.name) or "", []).append(row)

        def print_children(record_id: str) -> dict[str, Any] | None:
            rows = run.cut(by_parent.get(record_id, []))
            if not rows:
                return None
            return {"totalSize": len(rows), "done": True, "records": [inner.print(row) for row in rows]}

        projection.add_children(relationship.field.child_relationship or "", print_children)

    def _child(self, query: Query) -> ChildRelationship:
        for each in self._caller.org.schema.children(self._definition.name):
            name = each.field.child_relationship or ""
            if name.lower() == query.source.lower() and self._caller.find(each.child):
                return each
        raise refuse_query(
            query.text,
            query.source_at,
            f"Didn't understand relationship '{query.source}' in FROM part of query call. If you are "
            "attempting to use a custom relationship, be sure to append the '__r' after the custom "
            "relationship name. Please reference your WSDL or the describe call for the appropriate names.",
            "INVALID_TYPE",
        )


def _ranking(field: FieldDefinition) -> Any:
    """How values of a field are ordered: picklists as defined, text without case, the rest as it is."""
    if field.type == "picklist":
        places = {choice.value: place for place, choice in enumerate(field.choices)}
        return lambda value: (places.get(value, len(places)), str(value or "").casefold())
    if field.type in ("id", "reference", "date", "datetime"):
        return lambda value: value or ""
    if field.type in ("boolean", "int", "long", "double", "currency", "percent"):
        return lambda value: value or 0
    return lambda value: str(value or "").casefold()
