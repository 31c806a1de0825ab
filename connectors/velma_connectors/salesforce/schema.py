"""Wanted fields against the org's schema: which exist, which must be made, which cannot be. Only reads.

Fields of Task and Event are defined once, on Activity, and seen on both. A field made through the API is
hidden from everybody, its maker included, until a permission set shows it; so a field that a describe
does not list may still exist, and is looked up among the definitions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from velma_connectors.model import Field, FieldKind, FieldSpec, SchemaAction, SchemaStep, Target
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import SHORT_TEXT, describe, field_of
from velma_connectors.salesforce.soql import listed, portions, select

ACTIVITIES = ("Task", "Event")
LONG_TEXT_LENGTH = 32_768
NUMBER_DIGITS = 18
HELP_LENGTH = 510

_TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT)
_CUSTOM = "__c"
_NEW_NAME = re.compile(r"(?=.{1,40}__c$)[A-Za-z](_?[A-Za-z0-9])*__c", re.ASCII)
"""At most 40 characters before the suffix, no two underscores in a row (Metadata API, CustomField)."""


def objects_behind(calls_from: Sequence[str]) -> dict[Target, tuple[str, ...]]:
    """Names of the objects behind each target; calls live in tasks, events or both."""
    return {
        Target.CALL: tuple(calls_from),
        Target.DEAL: ("Opportunity",),
        Target.CONTACT: ("Contact",),
        Target.LEAD: ("Lead",),
        Target.ACCOUNT: ("Account",),
    }


class Planner:
    """Compares wanted fields with the org. `objects` names the objects behind each target."""

    def __init__(self, client: SalesforceClient, objects: Mapping[Target, Sequence[str]]) -> None:
        self._client = client
        self._objects = objects

    def plan(self, specs: Sequence[FieldSpec]) -> list[SchemaStep]:
        """One step per field and object, in the order of the fields."""
        pairs = [(spec, name) for spec in specs for name in self._objects[spec.target]]
        described = {
            name: entries_of(self._client, name) for name in dict.fromkeys(name for _, name in pairs)
        }
        unseen = [(name, spec.name) for spec, name in pairs if spec.name not in described[name]]
        hidden = definitions(self._client, unseen)
        return [
            _step(spec, name, described[name].get(spec.name), exists=(owner(name), spec.name) in hidden)
            for spec, name in pairs
        ]


def owner(object_name: str) -> str:
    """The object whose schema holds the fields of an object."""
    return "Activity" if object_name in ACTIVITIES else object_name


def shown_on(object_name: str) -> tuple[str, ...]:
    """Objects that a field is shown on. Task and Event go together: granting one may undo the other."""
    return ACTIVITIES if object_name in ACTIVITIES else (object_name,)


def entries_of(client: SalesforceClient, object_name: str) -> dict[str, Mapping[str, Any]]:
    """Describe entries of the visible fields, by name."""
    return {entry["name"]: entry for entry in describe(client, object_name)}


def definitions(client: SalesforceClient, fields: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Ids of those (object, field) that are defined, hidden or not, by (owner, field)."""
    names = sorted({name.removesuffix(_CUSTOM) for _, name in fields if name.endswith(_CUSTOM)})

    def query(some: Sequence[str]) -> str:
        columns = ("Id", "DeveloperName", "TableEnumOrId")
        return select(columns, "CustomField", f"DeveloperName IN {listed(some)}")

    found = {}
    for soql in portions(names, query):
        for row in client.tooling_query(soql):
            found[owner(row["TableEnumOrId"]), row["DeveloperName"] + _CUSTOM] = row["Id"]
    return found


def _step(spec: FieldSpec, name: str, entry: Mapping[str, Any] | None, *, exists: bool) -> SchemaStep:
    if entry is None and exists:
        return SchemaStep(SchemaAction.CHANGE, name, spec, "exists but is hidden; access will be granted")
    if entry is None:
        reason = obstacle(spec, name)
        return SchemaStep(SchemaAction.CANNOT if reason else SchemaAction.CREATE, name, spec, reason)
    field = field_of(entry)
    mismatch = misfit(spec, field)
    if mismatch:
        return SchemaStep(SchemaAction.CANNOT, name, spec, mismatch)
    changes = []
    if not field.writable:
        if not _may_be_granted(entry):
            return SchemaStep(
                SchemaAction.CANNOT, name, spec, "is read-only (a formula, or kept by Salesforce)"
            )
        changes.append("edit access will be granted")
    missing = missing_options(spec, field)
    if missing and not entry["custom"]:
        return SchemaStep(SchemaAction.CANNOT, name, spec, f"add the options {', '.join(missing)} by hand")
    if missing:
        changes.append(f"options will be added: {', '.join(missing)}")
    action = SchemaAction.CHANGE if changes else SchemaAction.LEAVE
    return SchemaStep(action, name, spec, "; ".join(changes))


def _may_be_granted(entry: Mapping[str, Any]) -> bool:
    return bool(entry["custom"]) and not entry.get("calculated") and not entry.get("autoNumber")


def obstacle(spec: FieldSpec, name: str) -> str:
    """Why a missing field cannot be created on that object; empty when it can."""
    if not spec.name.endswith(_CUSTOM):
        return "no such field, and only fields whose name ends in __c can be created"
    if not _NEW_NAME.fullmatch(spec.name):
        return "no such field; a new one has up to 40 letters, digits and single underscores before its __c"
    if spec.kind is FieldKind.LONG_TEXT and name in ACTIVITIES:
        return "activities take no custom long text; map it to Description or to short text"
    if spec.kind is FieldKind.OTHER:
        return "fields of this kind are not created"
    return ""


def misfit(spec: FieldSpec, field: Field) -> str:
    """Why an existing field cannot hold what is wanted; empty when it can. Texts of any length fit."""
    if spec.kind is not field.kind and not (spec.kind in _TEXTS and field.kind in _TEXTS):
        return f"is of kind {field.kind}, but {spec.kind} is wanted; name another field in the mapping"
    if spec.kind is FieldKind.NUMBER and (field.scale or 0) < (spec.scale or 0):
        return f"keeps {field.scale or 0} decimals, but {spec.scale} are wanted; change the field in Setup"
    return ""


def missing_options(spec: FieldSpec, field: Field) -> list[str]:
    """Wanted options that the picklist does not offer. Capitals do not matter, to Salesforce neither."""
    offered = {choice.casefold() for choice in field.choices}
    return [choice for choice in spec.choices if choice.casefold() not in offered]


def metadata(spec: FieldSpec) -> dict[str, object]:
    """The Tooling API's description of a new field."""
    return {
        "label": spec.label,
        "description": spec.help,
        "inlineHelpText": spec.help[:HELP_LENGTH],
        "required": False,
        **_TYPES[spec.kind](spec),
    }


def option(name: str) -> dict[str, object]:
    """One value of a picklist, in the Tooling API's words."""
    return {"fullName": name, "label": name, "default": False}


def _number(spec: FieldSpec) -> dict[str, object]:
    return {"type": "Number", "precision": spec.precision or NUMBER_DIGITS, "scale": spec.scale or 0}


def _text(spec: FieldSpec) -> dict[str, object]:
    return {"type": "Text", "length": min(spec.max_length or SHORT_TEXT, SHORT_TEXT)}


def _long_text(spec: FieldSpec) -> dict[str, object]:
    length = max(spec.max_length or LONG_TEXT_LENGTH, SHORT_TEXT + 1)
    return {"type": "LongTextArea", "length": length, "visibleLines": 6}


def _value_set(spec: FieldSpec) -> dict[str, object]:
    values = [option(choice) for choice in spec.choices]
    return {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}


def _choice(spec: FieldSpec) -> dict[str, object]:
    return {"type": "Picklist", "valueSet": _value_set(spec)}


def _multi_choice(spec: FieldSpec) -> dict[str, object]:
    return {"type": "MultiselectPicklist", "visibleLines": 5, "valueSet": _value_set(spec)}


_TYPES: Mapping[FieldKind, Callable[[FieldSpec], dict[str, object]]] = {
    FieldKind.BOOLEAN: lambda _spec: {"type": "Checkbox", "defaultValue": False},
    FieldKind.NUMBER: _number,
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _long_text,
    FieldKind.CHOICE: _choice,
    FieldKind.MULTI_CHOICE: _multi_choice,
    FieldKind.DATE: lambda _spec: {"type": "Date"},
    FieldKind.DATETIME: lambda _spec: {"type": "DateTime"},
}
