"""Definitions of properties, and the pairs of type and fieldType that HubSpot accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from velma_connectors.sandbox.hubspot.stamps import iso

FIELD_TYPES: Mapping[str, frozenset[str]] = {
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
    "enumeration": frozenset({"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "string": frozenset({"file", "text", "textarea", "html", "phonenumber", "calculation_equation"}),
    "number": frozenset({"number", "calculation_equation"}),
}
TRUE_FALSE = ("true", "false")


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    value: str
    display_order: int = -1
    hidden: bool = False
    description: str = ""

    def document(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "value": self.value,
            "displayOrder": self.display_order,
            "hidden": self.hidden,
            "description": self.description,
        }


@dataclass(frozen=True, slots=True)
class Definition:
    """One property of one object. Stamps are epoch milliseconds; `archived_at` is None while it lives.

    `outside_options`: its values are ids of something else, such as owners.
    """

    name: str
    label: str
    type: str
    field_type: str
    group: str
    description: str = ""
    options: tuple[Option, ...] = ()
    display_order: int = -1
    unique: bool = False
    hidden: bool = False
    form_field: bool = False
    calculated: bool = False
    read_only: bool = False
    outside_options: bool = False
    hubspot_defined: bool = False
    created_at: int = 0
    updated_at: int = 0
    archived_at: int | None = None

    @property
    def is_many(self) -> bool:
        return self.type == "enumeration" and self.field_type == "checkbox"

    def document(self) -> dict[str, Any]:
        body = {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group,
            "description": self.description,
            "options": [option.document() for option in self.options],
            "displayOrder": self.display_order,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "formField": self.form_field,
            "calculated": self.calculated,
            "externalOptions": self.outside_options,
            "dataSensitivity": "non_sensitive",
            "archived": self.archived_at is not None,
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.updated_at),
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": self.hubspot_defined and self.type != "enumeration",
                "readOnlyValue": self.read_only or self.calculated,
            },
        }
        if self.hubspot_defined:
            body["hubspotDefined"] = True
        if self.archived_at is not None:
            body["archivedAt"] = iso(self.archived_at)
        return body


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    label: str
    display_order: int = -1
    archived: bool = False

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "displayOrder": self.display_order,
            "archived": self.archived,
        }


@dataclass(slots=True)
class ObjectSchema:
    """Properties and groups of one object by name, archived ones included."""

    properties: dict[str, Definition] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    def living(self, name: str) -> Definition | None:
        definition = self.properties.get(name)
        return definition if definition is not None and definition.archived_at is None else None


def options_of(documents: Sequence[Mapping[str, Any]]) -> tuple[Option, ...]:
    """Options from their JSON shape. Raises KeyError without label or value."""
    return tuple(
        Option(
            label=each["label"],
            value=each["value"],
            display_order=each.get("displayOrder", place),
            hidden=each.get("hidden", False),
            description=each.get("description", ""),
        )
        for place, each in enumerate(documents)
    )
