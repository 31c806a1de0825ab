"""Columns of a query: from a dotted name to the value it has for a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.fields import READ_ONLY, FieldDefinition, field, text
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal
from velma_connectors.sandbox.salesforce.soql.tree import Path, refuse_query

MOST_HOPS = 5
NAME = ObjectDefinition(
    name="Name",
    label="Name",
    plural="Names",
    key_prefix="",
    name_field="Name",
    fields=(
        field("Id", "Id", "id", length=18, **READ_ONLY),
        text("Name", "Name", 255, **READ_ONLY),
        text("FirstName", "First Name", 40, **READ_ONLY),
        text("LastName", "Last Name", 80, **READ_ONLY),
        text("Type", "Type", 40, **READ_ONLY),
        text("Alias", "Alias", 8, **READ_ONLY),
        text("Username", "Username", 80, **READ_ONLY),
        text("Title", "Title", 128, **READ_ONLY),
        field("Email", "Email", "email", length=80, **READ_ONLY),
        field("Phone", "Phone", "phone", length=40, **READ_ONLY),
        field("IsActive", "Active", "boolean", **READ_ONLY),
        field("ProfileId", "Profile ID", "reference", length=18, **READ_ONLY),
    ),
)
"""What can be asked of a parent whose object is not fixed."""

_NAME_FIELDS = {each.name.lower(): each for each in NAME.fields}
_COLUMN_HINT = (
    " If you are attempting to use a custom field, be sure to append the '__c' after the custom field "
    "name. Please reference your WSDL or the describe call for the appropriate names."
)
_RELATIONSHIP_HINT = (
    " If you are attempting to use a custom relationship, be sure to append the '__r' after the custom "
    "relationship name. Please reference your WSDL or the describe call for the appropriate names."
)


@dataclass(frozen=True, slots=True)
class Column:
    """References to follow and the field at their end. `of_name` reads from a polymorphic parent."""

    hops: tuple[FieldDefinition, ...]
    field: FieldDefinition
    of_name: bool = False


def resolve(path: Path, definition: ObjectDefinition, caller: Caller, text: str) -> Column:
    """Find a column as the caller sees it. Raises RequestRefusal INVALID_FIELD."""
    *relationships, last = path.parts
    hops: list[FieldDefinition] = []
    here = definition
    for name in relationships:
        hop = None if here is NAME else _relationship(name, here, caller)
        if hop is None or len(hops) == MOST_HOPS:
            raise refuse_query(
                text,
                path.at,
                f"Didn't understand relationship '{name}' in field path.{_RELATIONSHIP_HINT}",
                "INVALID_FIELD",
            )
        hops.append(hop)
        here = NAME if hop.polymorphic else _target(hop, caller, path, text)
    if here is NAME:
        found = _NAME_FIELDS.get(last.lower())
    else:
        visible = caller.fields(here.name).get(last.lower())
        found = visible.definition if visible else None
    if found is None:
        raise refuse_query(
            text, path.at, f"No such column '{last}' on entity '{here.name}'.{_COLUMN_HINT}", "INVALID_FIELD"
        )
    return Column(tuple(hops), found, of_name=here is NAME)


def relationship_of(path: Path, definition: ObjectDefinition, caller: Caller, text: str) -> FieldDefinition:
    """The reference that a relationship name stands for. Raises RequestRefusal."""
    hop = _relationship(path.parts[0], definition, caller) if len(path.parts) == 1 else None
    if hop is None:
        message = f"Didn't understand relationship '{path}' in field path.{_RELATIONSHIP_HINT}"
        raise refuse_query(text, path.at, message, "INVALID_FIELD")
    return hop


def object_named(name: str, caller: Caller, text: str, at: int) -> ObjectDefinition:
    """Raises RequestRefusal INVALID_TYPE for what does not exist or is hidden."""
    definition = caller.find(name)
    if definition is None:
        message = (
            f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure "
            "to append the '__c' after the entity name. Please reference your WSDL or the describe call for "
            "the appropriate names."
        )
        raise refuse_query(text, at, message, "INVALID_TYPE")
    return definition


def reader(column: Column, caller: Caller) -> Callable[[Record], Any]:
    """A function from a record to the value of the column, None where a parent is missing."""
    records = caller.org.records
    hops = tuple(hop.name for hop in column.hops)
    last = column.field.name
    falsy = column.field.type == "boolean"
    if not hops:
        return (lambda record: record.get(last) or False) if falsy else (lambda record: record.get(last))

    def read(record: Record) -> Any:
        here = record
        for hop in hops:
            parent = records.get(here.get(hop))
            if parent is None:
                return None
            here = parent
        return name_value(last, here, caller) if column.of_name else here.get(last)

    return read


def name_value(field_name: str, record: Record, caller: Caller) -> Any:
    """What a record of any object answers as a Name: its type, and its own name field as Name."""
    home = caller.org.records.object_of(record["Id"]) or ""
    if field_name == "Type":
        return home
    if field_name == "Name":
        return record.get(caller.org.schema.standard[home].name_field or "Id")
    return record.get(field_name)


def _relationship(name: str, here: ObjectDefinition, caller: Caller) -> FieldDefinition | None:
    for visible in caller.fields(here.name).values():
        relationship = visible.definition.relationship_name
        if relationship is not None and relationship.lower() == name.lower():
            return visible.definition
    return None


def _target(hop: FieldDefinition, caller: Caller, path: Path, text: str) -> ObjectDefinition:
    target = caller.org.schema.find(hop.reference_to[0])
    if target is None or caller.org.access.object_level(caller.author.user_id, target) == "hidden":
        raise RequestRefusal("INVALID_FIELD", f"No such relation '{path}' on entity '{hop.name}'")
    return target
