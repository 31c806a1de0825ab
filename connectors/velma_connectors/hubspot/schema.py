"""Wanted fields against the portal's properties: which exist, which must be made, which cannot be.

Only reads. Notes get one property on top of what the mapping wants: the key by which a note is found again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import Definition, field_of, read_definitions, takes_options
from velma_connectors.hubspot.note_links import NOTES
from velma_connectors.hubspot.stored_notes import KEY_FIELD
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import Field, FieldKind, FieldSpec, SchemaAction, SchemaStep, Target

GROUP = "velma"
GROUP_LABEL = "Velma"
OBJECTS: Mapping[Target, tuple[str, ...]] = {
    Target.CALL: ("calls",),
    Target.DEAL: ("deals",),
    Target.CONTACT: ("contacts",),
    Target.LEAD: (),
    Target.ACCOUNT: ("companies",),
}
"""Names of the objects behind each target."""
TYPE_IDS: Mapping[str, str] = {
    "calls": "0-48",
    "deals": "0-3",
    "contacts": "0-1",
    "companies": "0-2",
    NOTES: "0-46",
}
"""What the limits of a portal name its objects by (developers.hubspot.com/docs, object APIs)."""

NOTE_KEY = FieldSpec(
    target=Target.CALL,
    name=KEY_FIELD,
    label="Velma note key",
    kind=FieldKind.TEXT,
    help="Set by Velma: tells which call a summary note is about, so that no call gets two notes.",
)
WITHOUT_GUARANTEE = "notes are recognized by their key without the portal's guarantee that it is unique"
ARCHIVED = (
    "a deleted property of this name exists; if HubSpot refuses the name, restore that one in its settings"
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}", re.ASCII)
_TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT)
_CHOICES = (FieldKind.CHOICE, FieldKind.MULTI_CHOICE)


@dataclass(slots=True)
class ObjectSchema:
    """The properties of one object as they are, or why they cannot be read.

    `room` counts the properties that can still be made; None when the portal does not tell.
    """

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    archived: frozenset[str] = frozenset()
    room: int | None = None
    refusal: str = ""


class Planner:
    """Compares wanted fields with the portal. `objects` names the objects behind each target."""

    def __init__(self, client: HubSpotClient, objects: Mapping[Target, Sequence[str]]) -> None:
        self._client = client
        self._objects = objects

    def plan(self, specs: Sequence[FieldSpec]) -> list[SchemaStep]:
        """One step per field and object, in the order of the fields; the key of notes comes last."""
        pairs = wanted_properties(specs, self._objects)
        schemas = {name: self._read(name) for name in dict.fromkeys(name for _, name in pairs)}
        missing = {name for spec, name in pairs if spec.name not in schemas[name].definitions}
        self._add_limits({name: schemas[name] for name in missing if not schemas[name].refusal})
        return [_step(spec, name, schemas[name]) for spec, name in pairs]

    def _read(self, name: str) -> ObjectSchema:
        try:
            return ObjectSchema(definitions_of(self._client, name))
        except RequestRefused as refusal:
            return ObjectSchema(refusal=str(refusal))

    def _add_limits(self, schemas: Mapping[str, ObjectSchema]) -> None:
        """What matters only for properties that must be made: names in the bin, and room."""
        room = self._room() if schemas else {}
        for name, schema in schemas.items():
            schema.archived = archived_names(self._client, name)
            schema.room = room.get(TYPE_IDS.get(name, name))

    def _room(self) -> dict[str, int]:
        try:
            answer = self._client.get(paths.PROPERTY_LIMITS)
        except RequestRefused:
            return {}  # a portal that does not tell its limits says so when one is hit
        return {
            entry["objectTypeId"]: int(entry["limit"]) - int(entry["usage"])
            for entry in answer.get("byObjectType") or ()
            if entry.get("limit") is not None and entry.get("usage") is not None
        }


def wanted_properties(
    specs: Sequence[FieldSpec], objects: Mapping[Target, Sequence[str]]
) -> list[tuple[FieldSpec, str]]:
    """Each field with each of its objects, in the order of the fields; the key of notes comes last."""
    pairs = [(spec, name) for spec in specs for name in objects[spec.target]]
    return [*pairs, (NOTE_KEY, NOTES)]


def is_note_key(spec: FieldSpec, object_name: str) -> bool:
    """The key of notes is unique, where the portal allows it."""
    return object_name == NOTES and spec.name == NOTE_KEY.name


def definitions_of(client: HubSpotClient, object_name: str) -> dict[str, Definition]:
    """Properties of one object by name."""
    return {entry["name"]: entry for entry in read_definitions(client, object_name)}


def archived_names(client: HubSpotClient, object_name: str) -> frozenset[str]:
    """Names of the object's deleted properties; none when the portal does not tell."""
    try:
        return frozenset(entry["name"] for entry in read_definitions(client, object_name, archived=True))
    except RequestRefused:
        return frozenset()


def _step(spec: FieldSpec, name: str, schema: ObjectSchema) -> SchemaStep:
    entry = schema.definitions.get(spec.name)
    if schema.refusal:
        return SchemaStep(SchemaAction.CANNOT, name, spec, schema.refusal)
    if entry is None:
        return _creation(spec, name, schema)
    reason = misfit(spec, field_of(entry)) or _closed(spec, entry)
    if reason:
        return SchemaStep(SchemaAction.CANNOT, name, spec, reason)
    changes = _changes(spec, entry)
    if changes:
        return SchemaStep(SchemaAction.CHANGE, name, spec, changes)
    return SchemaStep(SchemaAction.LEAVE, name, spec, key_reason(name, entry))


def _creation(spec: FieldSpec, name: str, schema: ObjectSchema) -> SchemaStep:
    reason = obstacle(spec)
    if not reason and schema.room is not None and schema.room < 1:
        reason = "the portal's limit of custom properties on this object is reached; delete unused ones"
    if reason:
        return SchemaStep(SchemaAction.CANNOT, name, spec, reason)
    if schema.room is not None:
        schema.room -= 1
    return SchemaStep(SchemaAction.CREATE, name, spec, ARCHIVED if spec.name in schema.archived else "")


def obstacle(spec: FieldSpec) -> str:
    """Why a missing property cannot be created in any portal; empty when it can."""
    if not _NAME.fullmatch(spec.name):
        return "no such property; a new one is named in small letters, digits and underscores"
    return "properties of this kind are not created" if spec.kind is FieldKind.OTHER else ""


def misfit(spec: FieldSpec, found: Field) -> str:
    """Why an existing property cannot hold what is wanted; empty when it can. Texts of any length fit."""
    if spec.kind is not found.kind and not (spec.kind in _TEXTS and found.kind in _TEXTS):
        return f"is of kind {found.kind}, but {spec.kind} is wanted; name another field in the mapping"
    return "" if found.writable else "is read-only (calculated, or kept by HubSpot)"


def _closed(spec: FieldSpec, entry: Definition) -> str:
    """Why wanted options cannot be added; empty when they can, or none is wanted."""
    missing = missing_options(spec, entry)
    if missing and not takes_options(entry):
        return f"HubSpot lets nobody add options to it, and it lacks {', '.join(missing)}"
    # HubSpot takes no label twice, and values are written by their internal names.
    values = {option["label"].casefold(): option["value"] for option in entry.get("options") or ()}
    taken = [
        choice for choice in missing if values.get(choice.casefold(), choice).casefold() != choice.casefold()
    ]
    if taken:
        return f"its options {', '.join(taken)} have other internal names; rename them or map another field"
    return ""


def _changes(spec: FieldSpec, entry: Definition) -> str:
    hidden = {option["value"].casefold() for option in entry.get("options") or () if option.get("hidden")}
    missing = missing_options(spec, entry)
    shown = [choice for choice in missing if choice.casefold() in hidden]
    added = [choice for choice in missing if choice.casefold() not in hidden]
    changes = [f"options will be added: {', '.join(added)}"] if added else []
    changes += [f"hidden options will be shown again: {', '.join(shown)}"] if shown else []
    return "; ".join(changes)


def missing_options(spec: FieldSpec, entry: Definition) -> list[str]:
    """Wanted options that the property does not offer, hidden ones among them. Capitals do not matter."""
    if spec.kind not in _CHOICES:
        return []
    offered = {choice.casefold() for choice in field_of(entry).choices}
    return [choice for choice in spec.choices if choice.casefold() not in offered]


def with_options(spec: FieldSpec, options: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All options that are there, those of the admin as they are, and the wanted ones added or shown."""
    wanted = {choice.casefold() for choice in spec.choices}
    kept = [
        {**option, "hidden": bool(option.get("hidden")) and option["value"].casefold() not in wanted}
        for option in options
    ]
    present = {option["value"].casefold() for option in options}
    last = max((int(option.get("displayOrder") or 0) for option in options), default=-1)
    new = [choice for choice in spec.choices if choice.casefold() not in present]
    return kept + [_option(choice, last + place) for place, choice in enumerate(new, start=1)]


def key_reason(object_name: str, entry: Definition) -> str:
    """What is to be said of the notes' key when it is not unique."""
    is_plain_key = object_name == NOTES and entry["name"] == KEY_FIELD and not entry.get("hasUniqueValue")
    return WITHOUT_GUARANTEE if is_plain_key else ""


def definition(spec: FieldSpec, *, unique: bool = False) -> dict[str, Any]:
    """A new property as HubSpot takes it. HubSpot knows no limits of length or digits."""
    kind, form = _TYPES[spec.kind]
    body: dict[str, Any] = {
        "groupName": GROUP,
        "name": spec.name,
        "label": spec.label,
        "description": spec.help,
        "type": kind,
        "fieldType": form,
        "formField": False,
    }
    if spec.kind in _OPTIONS:
        body["options"] = _OPTIONS[spec.kind](spec)
    return {**body, "hasUniqueValue": True} if unique else body


def _option(value: str, place: int, label: str = "") -> dict[str, Any]:
    return {"label": label or value, "value": value, "displayOrder": place, "hidden": False}


def _choices(spec: FieldSpec) -> list[dict[str, Any]]:
    return [_option(choice, place) for place, choice in enumerate(spec.choices)]


def _yes_and_no(_spec: FieldSpec) -> list[dict[str, Any]]:
    return [_option("true", 0, "Yes"), _option("false", 1, "No")]


_TYPES: Mapping[FieldKind, tuple[str, str]] = {
    FieldKind.BOOLEAN: ("bool", "booleancheckbox"),
    FieldKind.NUMBER: ("number", "number"),
    FieldKind.TEXT: ("string", "text"),
    FieldKind.LONG_TEXT: ("string", "textarea"),
    FieldKind.CHOICE: ("enumeration", "select"),
    FieldKind.MULTI_CHOICE: ("enumeration", "checkbox"),
    FieldKind.DATE: ("date", "date"),
    FieldKind.DATETIME: ("datetime", "date"),
}
_OPTIONS: Mapping[FieldKind, Callable[[FieldSpec], list[dict[str, Any]]]] = {
    FieldKind.BOOLEAN: _yes_and_no,
    FieldKind.CHOICE: _choices,
    FieldKind.MULTI_CHOICE: _choices,
}
