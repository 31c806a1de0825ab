"""The properties and groups of all objects: looking them up, and the rules for changing them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from velma_connectors.sandbox.hubspot.catalogue import fresh_schemas
from velma_connectors.sandbox.hubspot.definitions import (
    FIELD_TYPES,
    TRUE_FALSE,
    Definition,
    Group,
    ObjectSchema,
    options_of,
)
from velma_connectors.sandbox.hubspot.refusals import NOT_FOUND, Refusal, invalid

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal

MOST_UNIQUE = 10
"""Properties with unique values per object, those of HubSpot apart."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}", re.ASCII)
_KEYS = {
    "label": "label",
    "type": "type",
    "fieldType": "field_type",
    "groupName": "group",
    "description": "description",
    "displayOrder": "display_order",
    "hasUniqueValue": "unique",
    "hidden": "hidden",
    "formField": "form_field",
    "calculated": "calculated",
}
"""Attributes of a definition by their names in JSON."""

Document = Mapping[str, Any]


class Properties:
    """The schema of one portal."""

    def __init__(self, portal: HubSpotPortal) -> None:
        self._portal = portal
        self.schemas: dict[str, ObjectSchema] = fresh_schemas()
        self.remember_unique_values()

    def remember_unique_values(self) -> None:
        for object_name, schema in self.schemas.items():
            for definition in schema.properties.values():
                if definition.unique:
                    self._portal.records.keep_unique(object_name, definition.name)

    def living(self, object_name: str, name: str) -> Definition | None:
        definition = self.schemas[object_name].living(name)
        return definition and self._with_stages(object_name, definition)

    def of(self, object_name: str, *, archived: bool) -> list[Definition]:
        every = self.schemas[object_name].properties.values()
        return [
            self._with_stages(object_name, each)
            for each in every
            if (each.archived_at is not None) == archived
        ]

    def find(self, object_name: str, name: str, *, archived: bool = False) -> Definition:
        """Raises Refusal with status 404."""
        definition = self.schemas[object_name].properties.get(name)
        if definition is None or (definition.archived_at is not None) != archived:
            raise Refusal(NOT_FOUND, f'Property "{name}" does not exist', status=404)
        return self._with_stages(object_name, definition)

    def custom(self, object_name: str) -> list[Definition]:
        return [each for each in self.of(object_name, archived=False) if not each.hubspot_defined]

    def create(self, object_name: str, document: Document, at: int, *, trusted: bool = False) -> Definition:
        """Raises Refusal: 409 for a name that is taken, 400 for everything else."""
        name = str(document["name"])
        made = _changed(Definition(name, name, "", "", "", created_at=at), document, at)
        self._check_name(object_name, name)
        if not trusted:
            self._check_new(object_name, made)
        self._check_shape(object_name, made)
        for record in self._portal.records.all(object_name):
            if name in record.history:
                self._portal.records.put(record.without_property(name))
        self._keep(object_name, made)
        return made

    def change(
        self, object_name: str, name: str, document: Document, at: int, *, trusted: bool = False
    ) -> Definition:
        """Replace what the document names, options as a whole. Raises Refusal."""
        before = self.find(object_name, name)
        if before.hubspot_defined and not trusted and set(document) - {"options"}:
            raise invalid(f"{name} is defined by HubSpot and cannot be changed")
        changed = _changed(before, document, at)
        if changed.unique != before.unique and not trusted:
            raise invalid("hasUniqueValue cannot be changed after a property was created")
        self._check_shape(object_name, changed)
        self._keep(object_name, changed)
        return changed

    def archive(self, object_name: str, name: str, at: int, *, trusted: bool = False) -> None:
        definition = self.find(object_name, name)
        if definition.hubspot_defined and not trusted:
            raise invalid(f"{name} is defined by HubSpot and cannot be archived")
        self._keep(object_name, replace(definition, archived_at=at))

    def add_group(self, object_name: str, group: Group) -> Group:
        """Raises Refusal with status 409 when there is one of that name."""
        groups = self.schemas[object_name].groups
        if group.name in groups:
            raise self._conflict(f"A property group named '{group.name}' already exists.")
        groups[group.name] = group
        return group

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take back new definitions when what is inside ends by an exception."""
        before = {name: dict(schema.properties) for name, schema in self.schemas.items()}
        try:
            yield
        except BaseException:
            for name, properties in before.items():
                self.schemas[name].properties = properties
            raise

    def _keep(self, object_name: str, definition: Definition) -> None:
        self.schemas[object_name].properties[definition.name] = definition
        if definition.unique:
            self._portal.records.keep_unique(object_name, definition.name)

    def _with_stages(self, object_name: str, definition: Definition) -> Definition:
        if object_name == "deals" and definition.name in ("dealstage", "pipeline"):
            return replace(definition, options=self._portal.pipelines.options(definition.name))
        return definition

    def _check_name(self, object_name: str, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise invalid(
                f"'{name}' is no valid name: lower-case letters, digits and underscores, a letter first"
            )
        taken = self.schemas[object_name].properties.get(name)
        if taken is None or (
            taken.archived_at is not None and not self._portal.switches.archived_names_are_taken
        ):
            return
        raise self._conflict(f"A property named '{name}' already exists.")

    def _conflict(self, message: str) -> Refusal:
        return Refusal(self._portal.switches.duplicate_property_category, message, status=409)

    def _check_new(self, object_name: str, made: Definition) -> None:
        switches = self._portal.switches
        if made.name.startswith("hs_"):
            raise invalid("Names that begin with hs_ are kept for HubSpot")
        custom = self.custom(object_name)
        if len(custom) >= switches.custom_property_limit:
            raise invalid(f"{object_name} has {len(custom)} custom properties, the most allowed")
        if made.unique and sum(each.unique for each in custom) >= MOST_UNIQUE:
            raise invalid(f"{object_name} has {MOST_UNIQUE} properties with unique values, the most allowed")
        if made.unique and object_name == "notes" and not switches.unique_note_properties:
            raise invalid("hasUniqueValue is not supported for notes")
        words = tuple(option.value for option in made.options)
        needs_words = made.type == "bool" and switches.bool_options_required
        if needs_words and sorted(words) != sorted(TRUE_FALSE):
            raise invalid("A property of type bool needs the options true and false")

    def _check_shape(self, object_name: str, made: Definition) -> None:
        if made.group not in self.schemas[object_name].groups:
            raise invalid(f"There is no property group named '{made.group}'")
        if made.type not in FIELD_TYPES:
            raise invalid(f"'{made.type}' is no property type")
        if made.field_type not in FIELD_TYPES[made.type]:
            raise invalid(f"fieldType '{made.field_type}' does not go with type '{made.type}'")
        if made.unique and made.type not in ("string", "number"):
            raise invalid("Only strings and numbers can have unique values")
        if made.options and made.type not in ("bool", "enumeration"):
            raise invalid(f"A property of type '{made.type}' has no options")
        for word in ("value", "label"):
            listed = [getattr(option, word) for option in made.options]
            if "" in listed or len(set(listed)) != len(listed):
                raise invalid(f"Options need a {word} of their own each")


def _changed(before: Definition, document: Document, at: int) -> Definition:
    given = {ours: document[theirs] for theirs, ours in _KEYS.items() if theirs in document}
    if "options" in document:
        given["options"] = options_of(document["options"])
    if "modificationMetadata" in document:
        given["read_only"] = bool(document["modificationMetadata"].get("readOnlyValue"))
    return replace(before, updated_at=at, **given)
