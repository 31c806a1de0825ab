"""Reports in a folder of their own: made from the questions, found again by their seal, removed.

Where the user may make no reports, a list view stands in. Whatever a person has renamed, moved or made stays.
What stands already is kept as it is; what asks something else by now is named, not overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection
from velma_connectors.model import Target
from velma_connectors.report_seal import seal
from velma_connectors.reporting import ReportChange, ReportFilter, ReportResult
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import KnownFields
from velma_connectors.salesforce.filters import Objects, describe_filters
from velma_connectors.salesforce.list_views import PLACES, ListViews
from velma_connectors.salesforce.report_types import NotReportable, ReportType, read_report_type
from velma_connectors.salesforce.soql import quoted, select
from velma_connectors.salesforce.verdicts import RequestRefused

FOLDER, FOLDER_NAME = "Velma Sync", "Velma_Sync"
NAME_LENGTH, DESCRIPTION_LENGTH = 40, 255
PLACE = f"Reports > All Folders > {FOLDER}"
_FOLDERS = "Reports > All Folders"
_OTHER = "It is there with other filters; rename or delete it, then repeat the command."
_INSTEAD = {
    ReportChange.CREATED: "Created a list view instead of a report: {}",
    ReportChange.KEPT: "A list view stands there instead of a report: {}",
    ReportChange.CANNOT: _OTHER,
}
_RIGHTS = "Making reports needs the permissions Create Report Folders and Create and Customize Reports."
_SHARE = "Only its maker sees it until you share it: open its menu there and choose Share."


@dataclass(frozen=True, slots=True)
class _Standing:
    """A report of ours that is there."""

    id: str
    name: str


class Reports:
    """Makes and removes the reports of one org."""

    def __init__(self, client: SalesforceClient, known: KnownFields, objects: Objects) -> None:
        self._client = client
        self._known = known
        self._objects = objects
        self._views = ListViews(client, self._send)

    def create(self, filters: Sequence[ReportFilter]) -> list[ReportResult]:
        """One report per question, after a line for the folder when it had to be made."""
        guides = describe_filters(self._known, self._objects, filters)
        folder, made = self._made([guide.filter for guide in guides if not guide.obstacle])
        results = [
            made.get(guide.filter.key) or _cannot(_name(guide.filter), guide.obstacle) for guide in guides
        ]
        return [*folder, *results]

    def remove(self) -> list[ReportResult]:
        """Remove what `create` made, then the folder unless somebody else keeps something in it."""
        views = self._views.standing()
        results = [self._removed(each.path, each.label, PLACES[each.object]) for each in views]
        folder = self._existing_folder()
        if folder is None:
            return results
        results += [
            self._removed(f"analytics/reports/{each.id}", each.name, PLACE) for each in self._ours(folder)
        ]
        if self._client.count(select(("COUNT()",), "Report", f"OwnerId = {quoted(folder)}")):
            reason = "It holds reports that velma-sync did not make, or may not remove."
            return [*results, ReportResult(FOLDER, _FOLDERS, ReportChange.CANNOT, reason)]
        return [*results, self._removed(f"folders/{folder}", FOLDER, _FOLDERS)]

    def _made(self, asked: Sequence[ReportFilter]) -> tuple[list[ReportResult], dict[str, ReportResult]]:
        """The folder when it is new, and what became of each question by its key."""
        if not asked:
            return [], {}
        types = {on: self._type(on) for on in dict.fromkeys(each.on for each in asked)}
        try:
            folder, new = self._folder()
        except StopConnection as refusal:
            return [], {each.key: self._list_view(each, _told(refusal)) for each in asked}
        standing = {each.name: each for each in self._ours(folder)}
        return new, {each.key: self._report(each, types[each.on], folder, standing) for each in asked}

    def _type(self, on: Target) -> ReportType | str:
        """The report type, or why there can be no report."""
        try:
            return read_report_type(self._client, on)
        except (NotReportable, RequestRefused) as reason:
            return str(reason)

    def _report(
        self,
        asked: ReportFilter,
        kind: ReportType | str,
        folder: str,
        standing: Mapping[str, _Standing],
    ) -> ReportResult:
        name = _name(asked)
        if isinstance(kind, str):
            return self._list_view(asked, kind)
        try:
            there = standing.get(name)
            if there is not None:
                return self._kept(there, kind.filters(asked))
            body = kind.definition(asked, name=name, description=_description(asked), folderId=folder)
            self._send("POST", "analytics/reports", body)
        except NotReportable as reason:
            return self._list_view(asked, str(reason))
        except StopConnection as refusal:
            return self._list_view(asked, _told(refusal))
        return ReportResult(name, PLACE, ReportChange.CREATED)

    def _list_view(self, asked: ReportFilter, reason: str) -> ReportResult:
        """A list view where no report can be had, or why there is neither."""
        name, object_name = _name(asked), self._objects[asked.on][0]
        try:
            change = self._views.create(asked, name, object_name)
        except StopConnection as refusal:
            return _cannot(name, f"{reason} Nor a list view: {refusal}")
        return ReportResult(name, PLACES[object_name], change, _INSTEAD[change].format(reason))

    def _kept(self, there: _Standing, wanted: Sequence[Mapping[str, str]]) -> ReportResult:
        described = self._client.get(f"analytics/reports/{there.id}/describe")
        if _asks(described["reportMetadata"]["reportFilters"], wanted):
            return ReportResult(there.name, PLACE, ReportChange.KEPT)
        return _cannot(there.name, _OTHER)

    def _folder(self) -> tuple[str, list[ReportResult]]:
        """The id of our folder, and a line about it when it is new."""
        there = self._existing_folder()
        if there is not None:
            return there, []
        body = {"label": FOLDER, "name": FOLDER_NAME, "type": "report"}
        made = self._send("POST", "folders", body)
        return str(made["id"]), [ReportResult(FOLDER, _FOLDERS, ReportChange.CREATED, _SHARE)]

    def _existing_folder(self) -> str | None:
        where = f"DeveloperName = {quoted(FOLDER_NAME)} AND Type = 'Report'"
        rows = self._client.query(select(("Id",), "Folder", where))
        return str(rows[0]["Id"]) if rows else None

    def _ours(self, folder: str) -> list[_Standing]:
        columns = ("Id", "Name", "Description")
        rows = self._client.query(select(columns, "Report", f"OwnerId = {quoted(folder)}", order_by="Name"))
        return [
            _Standing(str(row["Id"]), str(row["Name"]))
            for row in rows
            if seal(str(row["Name"])) in (row["Description"] or "")
        ]

    def _removed(self, path: str, name: str, place: str) -> ReportResult:
        try:
            self._send("DELETE", path, None)
        except RequestRefused as refusal:
            return ReportResult(name, place, ReportChange.CANNOT, str(refusal))
        return ReportResult(name, place, ReportChange.REMOVED)

    def _send(self, method: str, path: str, body: object) -> Any:
        try:
            return self._client.send(method, path, body)
        except OutcomeUnknown as lost:
            raise RetryLater(f"{lost} Repeat the command; what exists is kept.") from None


def _name(asked: ReportFilter) -> str:
    """The question; of a long one its beginning, and four digits that tell it from others."""
    question = asked.question
    if len(question) <= NAME_LENGTH:
        return question
    return f"{question[: NAME_LENGTH - 8].rstrip()}... {seal(question)[-4:]}"


def _description(asked: ReportFilter) -> str:
    mark = f" Made by {seal(_name(asked))}."
    return f"{asked.question[: DESCRIPTION_LENGTH - len(mark) - 1]}.{mark}"


def _told(refusal: StopConnection) -> str:
    """A refusal, with the rights that may be lacking."""
    is_about_rights = not isinstance(refusal, RequestRefused) or refusal.has("INSUFFICIENT_ACCESS")
    return f"{refusal} {_RIGHTS}" if is_about_rights else str(refusal)


def _cannot(name: str, reason: str) -> ReportResult:
    return ReportResult(name, PLACE, ReportChange.CANNOT, reason)


def _asks(filters: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, str]]) -> bool:
    """Whether a report filters by these conditions; more of them are a person's own."""
    there = {(each["column"], each["operator"], each["value"]) for each in filters}
    return {(each["column"], each["operator"], each["value"]) for each in wanted} <= there
