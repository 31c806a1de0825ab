"""Active segments: made from the questions, found again by their name, removed by its seal.

HubSpot's API makes segments, but no saved views or reports (developers.hubspot.com/docs, Lists API).
Whatever a person has renamed or made stays. A segment that stands already is kept as it is; one that asks
something else by now is named, not overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from velma_connectors.errors import OutcomeUnknown, RetryLater
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.filters import describe_filters, object_behind
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import FieldKind, Target
from velma_connectors.report_seal import carries_own_seal, sealed
from velma_connectors.reporting import Condition, Operator, ReportChange, ReportFilter, ReportResult

TYPE_IDS = {Target.CALL: "0-48", Target.DEAL: "0-3"}
PLACE = "CRM > Segments"
ACTIVE = "DYNAMIC"
MAX_FOUND = 500
"""Most segments of one answer to a search."""

_NO_CALLS = "For calls, save a view instead: the clicks are shown by velma-sync reports."


class Segments:
    """Makes and removes the segments of one portal."""

    def __init__(self, client: HubSpotClient, known: KnownFields) -> None:
        self._client = client
        self._known = known

    def create(self, filters: Sequence[ReportFilter]) -> list[ReportResult]:
        """One segment per question, by position. A refused one names HubSpot's reason; the others go on."""
        guides = describe_filters(self._known, filters)
        return [
            _result(guide.filter, ReportChange.CANNOT, guide.obstacle)
            if guide.obstacle
            else self._segment(guide.filter)
            for guide in guides
        ]

    def remove(self) -> list[ReportResult]:
        """Remove what `create` made, as its names tell."""
        return [self._removed(each["listId"], each["name"]) for each in self._ours()]

    def _segment(self, asked: ReportFilter) -> ReportResult:
        branch = self._branch(asked)
        try:
            there = self._standing(asked)
            if there is not None:
                return _kept(asked, there, branch)
            body = {
                "name": sealed(asked.question),
                "objectTypeId": TYPE_IDS[asked.on],
                "processingType": ACTIVE,
                "filterBranch": branch,
            }
            self._send("POST", paths.LISTS, body)
        except RequestRefused as refusal:
            reason = f"{refusal} {_NO_CALLS}" if asked.on is Target.CALL else str(refusal)
            return _result(asked, ReportChange.CANNOT, reason)
        return _result(asked, ReportChange.CREATED)

    def _standing(self, asked: ReportFilter) -> Mapping[str, Any] | None:
        """The segment of that name, with its filters; None when there is none."""
        name = quote(sealed(asked.question), safe="")
        path = f"{paths.LISTS}/object-type-id/{TYPE_IDS[asked.on]}/name/{name}"
        try:
            found: Mapping[str, Any] = self._client.get(path, {"includeFilters": "true"})["list"]
        except RequestRefused as refusal:
            if refusal.status == 404:
                return None
            raise
        return found

    def _ours(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        offset, more = 0, True
        while more:
            body = {"query": "velma-sync", "processingTypes": [ACTIVE], "count": MAX_FOUND, "offset": offset}
            page = self._client.read(f"{paths.LISTS}/search", body)
            found += [each for each in page["lists"] if carries_own_seal(each["name"])]
            offset, more = page["offset"], bool(page["hasMore"] and page["lists"])
        return found

    def _branch(self, asked: ReportFilter) -> dict[str, Any]:
        """One group of filters, all of which must hold, in the nesting that HubSpot demands."""
        filters = [self._filter(asked.on, condition) for condition in asked.conditions]
        inner = {
            "filterBranchType": "AND",
            "filterBranchOperator": "AND",
            "filterBranches": [],
            "filters": filters,
        }
        return {
            "filterBranchType": "OR",
            "filterBranchOperator": "OR",
            "filterBranches": [inner],
            "filters": [],
        }

    def _filter(self, on: Target, condition: Condition) -> dict[str, Any]:
        kind = self._known.of(object_behind(on))[condition.field].kind
        operation = {**_operation(condition, kind), "includeObjectsWithNoValueSet": False}
        return {"filterType": "PROPERTY", "property": condition.field, "operation": operation}

    def _removed(self, list_id: str, name: str) -> ReportResult:
        try:
            self._send("DELETE", f"{paths.LISTS}/{list_id}", None)
        except RequestRefused as refusal:
            return ReportResult(name, PLACE, ReportChange.CANNOT, str(refusal))
        return ReportResult(name, PLACE, ReportChange.REMOVED)

    def _send(self, method: str, path: str, body: object) -> None:
        try:
            self._client.send(method, path, body)
        except OutcomeUnknown as lost:
            raise RetryLater(f"{lost} Repeat the command; what exists is kept.") from None


def _operation(condition: Condition, kind: FieldKind) -> dict[str, Any]:
    if condition.operator is Operator.IS_SET:
        return {"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"}
    if condition.operator is Operator.AT_MOST:
        return {"operationType": "NUMBER", "operator": "IS_LESS_THAN_OR_EQUAL_TO", "value": condition.value}
    if kind is FieldKind.BOOLEAN:
        return {"operationType": "BOOL", "operator": "IS_EQUAL_TO", "value": condition.value}
    if kind is FieldKind.CHOICE:
        return {"operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": [condition.value]}
    return {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": [condition.value]}


def _kept(asked: ReportFilter, there: Mapping[str, Any], wanted: Mapping[str, Any]) -> ReportResult:
    """More conditions than we would set are a person's own; alternatives to ours ask something else."""
    groups = _asked_by(there.get("filterBranch") or {})
    if len(groups) == 1 and _asked_by(wanted)[0] <= groups[0]:
        return _result(asked, ReportChange.KEPT)
    reason = "It is there with other filters; rename or delete it, then repeat the command."
    return _result(asked, ReportChange.CANNOT, reason)


def _asked_by(branch: Mapping[str, Any]) -> list[set[tuple[str, ...]]]:
    """The conditions of each group, without the keys that HubSpot adds on its own."""
    return [{_spelt(each) for each in group.get("filters", ())} for group in branch.get("filterBranches", ())]


def _spelt(condition: Mapping[str, Any]) -> tuple[str, ...]:
    operation = condition.get("operation") or {}
    said = (operation.get(key) for key in ("operator", "value", "values"))
    return (str(condition.get("property")), *map(str, said))


def _result(asked: ReportFilter, change: ReportChange, reason: str = "") -> ReportResult:
    return ReportResult(sealed(asked.question), PLACE, change, reason)
