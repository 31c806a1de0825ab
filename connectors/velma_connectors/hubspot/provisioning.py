"""Making properties: their group, the definitions, missing options, and a look at the result.

Every step may be repeated. What counts in the end is what a fresh reading shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from velma_connectors.errors import OutcomeUnknown
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import Definition, field_of
from velma_connectors.hubspot.schema import (
    ARCHIVED,
    GROUP,
    GROUP_LABEL,
    archived_names,
    definition,
    definitions_of,
    is_note_key,
    key_reason,
    misfit,
    missing_options,
    with_options,
)
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import SchemaAction, SchemaResult, SchemaStep

MAX_INPUTS = 100
GROUP_BODY = {"name": GROUP, "label": GROUP_LABEL}
_WORK = (SchemaAction.CREATE, SchemaAction.CHANGE)

Key = tuple[str, str]
"""Object and property."""


class Provisioner:
    """Carries out a plan."""

    def __init__(self, client: HubSpotClient) -> None:
        self._client = client

    def create(self, steps: Sequence[SchemaStep]) -> list[SchemaResult]:
        """Results by position. A refused step names HubSpot's reason; the others go on."""
        results: dict[int, SchemaResult] = {}
        for name in dict.fromkeys(step.object for step in steps if step.action in _WORK):
            places = [
                place for place, step in enumerate(steps) if step.object == name and step.action in _WORK
            ]
            done = self._work_on(name, [steps[place] for place in places])
            results.update(zip(places, done, strict=True))
        return [results.get(place) or _untouched(step) for place, step in enumerate(steps)]

    def _work_on(self, name: str, work: Sequence[SchemaStep]) -> list[SchemaResult]:
        """Steps of one object. Two steps may ask for one property: it is made once."""
        creations = {step.spec.name: step for step in work if step.action is SchemaAction.CREATE}
        reasons = self._create(name, creations) if creations else {}
        try:
            found = definitions_of(self._client, name)
            if self._add_options(name, work, found, reasons):
                found = definitions_of(self._client, name)
        except RequestRefused as refusal:
            return [SchemaResult(step, ok=False, reason=str(refusal)) for step in work]
        return [_result(step, found, reasons) for step in work]

    def _create(self, name: str, creations: Mapping[str, SchemaStep]) -> dict[str, str]:
        """Make the missing properties; reasons of those that were refused, by name."""
        self._try("POST", paths.properties(name, "groups"), GROUP_BODY)
        ordinary = [step for step in creations.values() if not is_note_key(step.spec, step.object)]
        self._create_together(name, ordinary)
        try:
            there = definitions_of(self._client, name)
        except RequestRefused as unreadable:
            return dict.fromkeys(creations, str(unreadable))
        reasons = {
            step.spec.name: self._create_alone(name, step)
            for step in creations.values()
            if step.spec.name not in there
        }
        return {each: reason for each, reason in reasons.items() if reason}

    def _create_together(self, name: str, steps: Sequence[SchemaStep]) -> None:
        """One request for all; what it leaves out is made singly, for only that tells the reasons apart."""
        for start in range(0, len(steps), MAX_INPUTS):
            inputs = [definition(step.spec) for step in steps[start : start + MAX_INPUTS]]
            self._try("POST", paths.properties(name, "batch/create"), {"inputs": inputs})

    def _create_alone(self, name: str, step: SchemaStep) -> str:
        path = paths.properties(name)
        if is_note_key(step.spec, step.object):
            reason = self._create_note_key(path, step)
        else:
            reason = self._try("POST", path, definition(step.spec))
        if reason and step.spec.name in archived_names(self._client, name):
            return f"{reason} {ARCHIVED}"
        return reason

    def _create_note_key(self, path: str, step: SchemaStep) -> str:
        """The key of notes is unique where the portal allows it. An answer that was lost refuses nothing."""
        try:
            self._client.send("POST", path, definition(step.spec, unique=True))
        except OutcomeUnknown as lost:
            return str(lost)
        except RequestRefused as refusal:
            if refusal.status != 400:
                return str(refusal)
            return self._try("POST", path, definition(step.spec))
        return ""

    def _add_options(
        self,
        name: str,
        work: Sequence[SchemaStep],
        found: Mapping[str, Definition],
        reasons: dict[str, str],
    ) -> bool:
        lacking = [
            step
            for step in work
            if step.spec.name in found
            and not misfit(step.spec, field_of(found[step.spec.name]))
            and missing_options(step.spec, found[step.spec.name])
        ]
        for step in lacking:
            reason = self._add_options_to(name, step)
            if reason:
                reasons[step.spec.name] = reason
        return bool(lacking)

    def _add_options_to(self, name: str, step: SchemaStep) -> str:
        # HubSpot replaces the whole list: what an admin added since the plan must be in it.
        path = paths.properties(name, step.spec.name)
        try:
            options = self._client.get(path).get("options") or ()
        except RequestRefused as refusal:
            return str(refusal)
        return self._try("PATCH", path, {"options": with_options(step.spec, options)})

    def _try(self, method: str, path: str, body: object) -> str:
        """Send one change; the reason when it was refused or its answer lost, else empty."""
        try:
            self._client.send(method, path, body)
        except (RequestRefused, OutcomeUnknown) as failure:
            return str(failure)
        return ""


def _untouched(step: SchemaStep) -> SchemaResult:
    return SchemaResult(step, ok=step.action is SchemaAction.LEAVE, reason=step.reason)


def _result(step: SchemaStep, found: Mapping[str, Definition], reasons: Mapping[str, str]) -> SchemaResult:
    entry = found.get(step.spec.name)
    told = reasons.get(step.spec.name, "")
    if entry is None:
        return SchemaResult(step, ok=False, reason=told or "HubSpot took it but does not show it yet")
    problem = misfit(step.spec, field_of(entry))
    if not problem and missing_options(step.spec, entry):
        problem = told or "some options are still missing; add them in HubSpot's settings"
    return SchemaResult(step, ok=not problem, reason=problem or key_reason(step.object, entry))
