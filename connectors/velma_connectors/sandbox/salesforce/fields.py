"""What an org knows of one field: its type, its size, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

TEXT_TYPES = frozenset({"string", "textarea", "picklist", "combobox", "url", "email", "phone"})
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
REFERENCE_TYPES = frozenset({"reference", "id"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a picklist. `value` is the API name that records hold."""

    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A field as describe shows it. `length` counts characters, `precision` all digits, `scale` decimals.

    `since` is the first API version that shows the field. Of a reference, `relationship_name` leads up to
    the parent, `child_relationship` from the parent down, and `cascades` deletes with the parent.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    custom: bool = False
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    external_id: bool = False
    unique: bool = False
    restricted: bool = False
    choices: tuple[Choice, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    child_relationship: str | None = None
    cascades: bool = False
    calculated: bool = False
    html_formatted: bool = False
    default: Any = None
    defaulted_on_create: bool = False
    permissionable: bool = False
    extra_type_info: str | None = None
    help_text: str | None = None
    since: int = 0

    @property
    def polymorphic(self) -> bool:
        return len(self.reference_to) > 1

    @property
    def is_long_text(self) -> bool:
        return self.type == "textarea" and self.length > 255


READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False}


def field(name: str, label: str, type: str, **facts: Any) -> FieldDefinition:
    """A standard field. What is not said stays as most fields have it."""
    facts.setdefault("permissionable", facts.get("nillable", True) and facts.get("createable", True))
    return FieldDefinition(name=name, label=label, type=type, **facts)


def text(name: str, label: str, length: int, **facts: Any) -> FieldDefinition:
    return field(name, label, "string", length=length, **facts)


def long_text(name: str, label: str, length: int = 32_000, **facts: Any) -> FieldDefinition:
    facts = {"filterable": False, "sortable": False, **facts}
    return field(name, label, "textarea", length=length, extra_type_info="plaintextarea", **facts)


def picklist(name: str, label: str, values: Iterable[str], **facts: Any) -> FieldDefinition:
    choices = tuple(Choice(value, value, default=value == facts.get("default")) for value in values)
    return field(name, label, "picklist", length=255, choices=choices, **facts)


def lookup(name: str, label: str, relationship: str, *targets: str, **facts: Any) -> FieldDefinition:
    return field(
        name, label, "reference", length=18, reference_to=targets, relationship_name=relationship, **facts
    )


def flag(name: str, label: str, **facts: Any) -> FieldDefinition:
    return field(
        name, label, "boolean", nillable=False, defaulted_on_create=True, **{"default": False, **facts}
    )


def system_fields(*, deletable: bool = True) -> tuple[FieldDefinition, ...]:
    """The fields that every object has and only the org sets."""
    stamped: dict[str, Any] = {**READ_ONLY, "nillable": False, "defaulted_on_create": True}
    fields = [
        field("Id", "Record ID", "id", length=18, **stamped),
        field("CreatedDate", "Created Date", "datetime", **stamped),
        lookup("CreatedById", "Created By ID", "CreatedBy", "User", **stamped),
        field("LastModifiedDate", "Last Modified Date", "datetime", **stamped),
        lookup("LastModifiedById", "Last Modified By ID", "LastModifiedBy", "User", **stamped),
        field("SystemModstamp", "System Modstamp", "datetime", **stamped),
    ]
    if deletable:
        fields.insert(1, field("IsDeleted", "Deleted", "boolean", default=False, **stamped))
    return tuple(fields)
