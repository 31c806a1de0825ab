"""The objects of an org and the fields they have now, custom ones included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from velma_connectors.sandbox.salesforce.fields import FieldDefinition

ACTIVITY = "Activity"
"""Custom fields of Task and Event are defined once, on this object, and show on both."""


@dataclass(frozen=True, slots=True)
class ObjectDefinition:
    """A standard object; a `tooling` one shows in the Tooling API alone.

    `needs` and `edit_needs` name the user permissions to see and to change it. `custom_fields_on`
    is the object whose custom fields it shows, when it is not its own.
    """

    name: str
    label: str
    plural: str
    key_prefix: str
    fields: tuple[FieldDefinition, ...]
    name_field: str | None = None
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    setup: bool = False
    tooling: bool = False
    needs: str | None = None
    edit_needs: str | None = None
    custom_fields_on: str | None = None
    takes_custom_fields: bool = False


@dataclass(frozen=True, slots=True)
class ChildRelationship:
    """How the records of one object hang on those of another."""

    parent: str
    child: str
    field: FieldDefinition


@dataclass(slots=True)
class Schema:
    """Objects by name, whatever the case of the name, with their standard and custom fields."""

    standard: Mapping[str, ObjectDefinition]
    added: dict[str, dict[str, FieldDefinition]] = field(default_factory=dict)
    """Fields that this org has beyond the standard ones, by name and by the object they are defined on."""
    revision: int = 0
    _folded: dict[str, ObjectDefinition] = field(init=False)
    _fields: dict[str, dict[str, FieldDefinition]] = field(init=False)

    def __post_init__(self) -> None:
        self._folded = {name.lower(): definition for name, definition in self.standard.items()}
        self._fields = {}

    def find(self, name: str) -> ObjectDefinition | None:
        return self._folded.get(name.lower())

    def fields(self, object_name: str) -> dict[str, FieldDefinition]:
        """Every field of an object by its folded name, in the order of describe."""
        known = self._fields.get(object_name)
        if known is None:
            definition = self.standard[object_name]
            added = self.added.get(definition.custom_fields_on or object_name, {})
            known = {each.name.lower(): each for each in (*definition.fields, *added.values())}
            self._fields[object_name] = known
        return known

    def put_field(self, entity: str, definition: FieldDefinition) -> None:
        self.added.setdefault(entity, {})[definition.name] = definition
        self._forget()

    def remove_field(self, entity: str, name: str) -> None:
        del self.added[entity][name]
        self._forget()

    def _forget(self) -> None:
        self.revision += 1
        self._fields.clear()

    def objects_showing(self, entity: str) -> list[str]:
        """The objects on which custom fields of this entity appear."""
        return [
            name
            for name, each in self.standard.items()
            if each.takes_custom_fields and (each.custom_fields_on or name) == entity
        ]

    def by_key_prefix(self, record_id: str) -> ObjectDefinition | None:
        return next((each for each in self.standard.values() if record_id[:3] == each.key_prefix), None)

    def children(self, parent: str) -> Iterable[ChildRelationship]:
        for name in self.standard:
            for each in self.fields(name).values():
                if each.child_relationship and parent in each.reference_to:
                    yield ChildRelationship(parent, name, each)
