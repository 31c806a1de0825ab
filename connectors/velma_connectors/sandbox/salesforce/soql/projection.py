"""The SELECT list: how a record is printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.fields import FieldDefinition
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.soql.columns import (
    NAME,
    Column,
    name_value,
    object_named,
    relationship_of,
    resolve,
)
from velma_connectors.sandbox.salesforce.soql.tree import Path, TypeOf, refuse_query

ChildPrinter = Callable[[str], dict[str, Any] | None]
"""Prints the children of a record by its id; None when there are none."""


@dataclass(slots=True)
class Projection:
    """What is printed of one record: its own columns, those of its parents, and its children."""

    caller: Caller
    as_name: bool = False
    own: dict[str, FieldDefinition] = field(default_factory=dict)
    parents: dict[str, tuple[FieldDefinition, Projection]] = field(default_factory=dict)
    typed: dict[str, tuple[FieldDefinition, dict[str, Projection], Projection | None]] = field(
        default_factory=dict
    )
    children: dict[str, ChildPrinter] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def add(self, column: Column, path: Path, text: str) -> None:
        """Select a column. Raises RequestRefusal when it is selected already."""
        here = self
        for hop in column.hops:
            name = hop.relationship_name or ""
            if name not in here.parents:
                here.parents[name] = (hop, Projection(self.caller, as_name=hop.polymorphic))
                here.order.append(name)
            here = here.parents[name][1]
        if column.field.name in here.own:
            raise refuse_query(text, path.at, f"duplicate field selected: {path}", "INVALID_FIELD")
        here.own[column.field.name] = column.field
        here.order.append(column.field.name)

    def add_type_of(self, selected: TypeOf, definition: ObjectDefinition, text: str) -> None:
        """Select columns by the type of the parent. Raises RequestRefusal."""
        hop = relationship_of(selected.path, definition, self.caller, text)
        if not hop.polymorphic:
            raise refuse_query(text, selected.path.at, "TYPEOF needs a polymorphic relationship")
        branches = {}
        for type_name, paths in selected.branches:
            target = object_named(type_name, self.caller, text, selected.path.at)
            branches[target.name] = self._branch(target, paths, text)
        otherwise = self._branch(NAME, selected.otherwise, text) if selected.otherwise else None
        self.typed[hop.relationship_name or ""] = (hop, branches, otherwise)
        self.order.append(hop.relationship_name or "")

    def _branch(self, target: ObjectDefinition, paths: tuple[Path, ...], text: str) -> Projection:
        branch = Projection(self.caller, as_name=target is NAME)
        for path in paths:
            branch.add(resolve(path, target, self.caller, text), path, text)
        return branch

    def add_children(self, name: str, printer: ChildPrinter) -> None:
        self.children[name] = printer
        self.order.append(name)

    def long_text_columns(self) -> int:
        return sum(1 for each in self.own.values() if each.custom and each.is_long_text)

    def print(self, record: Record) -> dict[str, Any]:
        home = self.caller.org.records.object_of(record["Id"]) or ""
        url = self.caller.record_url(home, record["Id"])
        printed: dict[str, Any] = {"attributes": {"type": NAME.name if self.as_name else home, "url": url}}
        for name in self.order:
            if name in self.own:
                printed[name] = self._value(name, record, url)
            elif name in self.parents:
                hop, parent = self.parents[name]
                target = self.caller.org.records.get(record.get(hop.name))
                printed[name] = None if target is None else parent.print(target)
            elif name in self.typed:
                printed[name] = self._typed(name, record)
            else:
                printed[name] = self.children[name](record["Id"])
        return printed

    def _value(self, name: str, record: Record, url: str) -> Any:
        if self.as_name:
            return name_value(name, record, self.caller)
        definition = self.own[name]
        if definition.type == "base64":
            return f"{url}/{name}"
        value = record.get(name)
        return False if value is None and definition.type == "boolean" else value

    def _typed(self, name: str, record: Record) -> dict[str, Any] | None:
        hop, branches, otherwise = self.typed[name]
        target = self.caller.org.records.get(record.get(hop.name))
        if target is None:
            return None
        home = self.caller.org.records.object_of(target["Id"]) or ""
        branch = branches.get(home, otherwise)
        if branch is None:
            return {"attributes": {"type": home, "url": self.caller.record_url(home, target["Id"])}}
        printed = branch.print(target)
        printed["attributes"]["type"] = home
        return printed
