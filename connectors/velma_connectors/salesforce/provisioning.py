"""Making fields and making them usable: definitions, options, a permission set, and a look at the result.

Every step may be repeated. What counts in the end is what a describe shows: a field is ready when it is
visible, writable and of the right kind for this connection's own user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from velma_connectors.errors import OutcomeUnknown
from velma_connectors.model import FieldSpec, SchemaAction, SchemaResult, SchemaStep
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import field_of
from velma_connectors.salesforce.permissions import Permissions
from velma_connectors.salesforce.schema import (
    definitions,
    entries_of,
    metadata,
    misfit,
    missing_options,
    option,
    owner,
    shown_on,
)
from velma_connectors.salesforce.verdicts import RequestRefused

_FIELDS = "tooling/sobjects/CustomField"
_WORK = (SchemaAction.CREATE, SchemaAction.CHANGE)

Described = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Object -> field -> its describe entry."""


class Provisioner:
    """Carries out a plan. `permission_set` is the API name of the set that shows the fields."""

    def __init__(self, client: SalesforceClient, permission_set: str) -> None:
        self._client = client
        self._permissions = Permissions(client, permission_set)

    def create(self, steps: Sequence[SchemaStep]) -> list[SchemaResult]:
        """Results by position. A refused step names Salesforce's reason; the others go on."""
        work = [step for step in steps if step.action in _WORK]
        if not work:
            return [_untouched(step) for step in steps]
        reasons = self._create_definitions(work)
        reasons.update(self._permissions.grant(_visible_names(work)))
        described = self._describe(work)
        added = self._add_options(work, described, reasons)
        if added:
            described = self._describe(work)
        return [_result(step, described, reasons) if step in work else _untouched(step) for step in steps]

    def _create_definitions(self, work: Sequence[SchemaStep]) -> dict[str, str]:
        """Define each new field once; reasons of those that were refused, by `Owner.Field`."""
        reasons = {}
        wanted = {_full_name(step): step.spec for step in work if step.action is SchemaAction.CREATE}
        for full_name, spec in wanted.items():
            body = {"FullName": full_name, "Metadata": metadata(spec)}
            refusal = self._try("POST", _FIELDS, body)
            if refusal:
                reasons[full_name] = refusal
        return reasons

    def _describe(self, work: Sequence[SchemaStep]) -> Described:
        return {name: entries_of(self._client, name) for name in dict.fromkeys(step.object for step in work)}

    def _add_options(self, work: Sequence[SchemaStep], described: Described, reasons: dict[str, str]) -> bool:
        lacking: dict[str, FieldSpec] = {}
        for step in work:
            entry = described[step.object].get(step.spec.name)
            if entry is not None and missing_options(step.spec, field_of(entry)):
                lacking[_full_name(step)] = step.spec
        if not lacking:
            return False
        ids = definitions(self._client, [_split(full_name) for full_name in lacking])
        for full_name, spec in lacking.items():
            refusal = self._add_options_to(full_name, ids.get(_split(full_name)), spec)
            if refusal:
                reasons[full_name] = refusal
        return True

    def _add_options_to(self, full_name: str, field_id: str | None, spec: FieldSpec) -> str:
        if field_id is None:
            return "its definition was not found; add the options in Setup"
        definition = self._client.get(f"{_FIELDS}/{field_id}")["Metadata"]
        value_set = definition.get("valueSet") or {}
        if value_set.get("valueSetName"):
            return "it uses a global value set; add the options there"
        values = (value_set.get("valueSetDefinition") or {}).get("value")
        if values is None:
            return "its options cannot be read; add them in Setup"
        known = {str(value.get("valueName") or value.get("fullName")).casefold(): value for value in values}
        for choice in spec.choices:
            there = known.get(choice.casefold())
            if there is None:
                values.append(option(choice))
            elif there.get("isActive") is False:
                there["isActive"] = True
        body = {"FullName": full_name, "Metadata": definition}
        return self._try("PATCH", f"{_FIELDS}/{field_id}", body)

    def _try(self, method: str, path: str, body: object) -> str:
        """Send one change; the reason when it was refused or its answer lost, else empty."""
        try:
            self._client.send(method, path, body)
        except RequestRefused as refusal:
            return str(refusal)
        except OutcomeUnknown as lost:
            return str(lost)
        return ""


def _full_name(step: SchemaStep) -> str:
    return f"{owner(step.object)}.{step.spec.name}"


def _split(full_name: str) -> tuple[str, str]:
    name, _, field = full_name.partition(".")
    return name, field


def _visible_names(work: Sequence[SchemaStep]) -> list[str]:
    """`Object.Field` of all that must be shown."""
    names = [f"{name}.{step.spec.name}" for step in work for name in shown_on(step.object)]
    return list(dict.fromkeys(names))


def _untouched(step: SchemaStep) -> SchemaResult:
    return SchemaResult(step, ok=step.action is SchemaAction.LEAVE, reason=step.reason)


def _result(step: SchemaStep, described: Described, reasons: Mapping[str, str]) -> SchemaResult:
    entry = described[step.object].get(step.spec.name)
    told = reasons.get(_full_name(step)) or reasons.get(f"{step.object}.{step.spec.name}") or ""
    if entry is None:
        return SchemaResult(step, ok=False, reason=told or "is still hidden; assign the permission set")
    field = field_of(entry)
    problem = misfit(step.spec, field)
    if not problem and not field.writable:
        problem = told or "can be seen but not edited; check field-level security"
    if not problem and missing_options(step.spec, field):
        problem = told or "some options are still missing; add them in Setup"
    return SchemaResult(step, ok=not problem, reason=problem)
