"""The questions of the sales playbook, asked of every connection's CRM and left there as reports.

One connection that cannot be asked keeps no other from it: it is left out with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from velma_connectors.errors import RetryLater, StopConnection
from velma_connectors.reporting import FilterAnswer, FilterGuide, ReportChange, ReportFilter, ReportResult
from velma_mappings.filters import playbook_filters

if TYPE_CHECKING:
    from velma_connectors.administration import CrmAdministration
    from velma_sync.workspace import Workspace

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A connection that could not be asked. `refused`: its CRM is out of reach or does not let us in."""

    connection: str
    reason: str
    refused: bool


@dataclass(frozen=True, slots=True)
class ConnectionGuides:
    """How each question that the connection's mapping can answer is asked of its CRM."""

    connection: str
    crm: str
    guides: tuple[FilterGuide, ...]

    @property
    def obstructed(self) -> bool:
        return any(guide.obstacle for guide in self.guides)


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, and the CRM's answer; None where the guide names an obstacle."""

    guide: FilterGuide
    answer: FilterAnswer | None


@dataclass(frozen=True, slots=True)
class ConnectionAnswers:
    """What one CRM answers now."""

    connection: str
    crm: str
    answers: tuple[Answered, ...]

    @property
    def obstructed(self) -> bool:
        return any(each.answer is None for each in self.answers)


@dataclass(frozen=True, slots=True)
class ConnectionReports:
    """What became of the reports in one CRM."""

    connection: str
    crm: str
    results: tuple[ReportResult, ...]

    @property
    def obstructed(self) -> bool:
        return any(result.change is ReportChange.CANNOT for result in self.results)


def guides(workspace: Workspace) -> tuple[ConnectionGuides | LeftOut, ...]:
    """Check every question against the CRM's fields as they are, and say how to ask it; changes nothing."""
    return tuple(
        found if isinstance(found, LeftOut) else ConnectionGuides(name, crm, tuple(found))
        for name, crm, found in _each(workspace, lambda admin, asked: admin.describe_filters(asked))
    )


def answers(workspace: Workspace) -> tuple[ConnectionAnswers | LeftOut, ...]:
    """Ask every question now; changes nothing."""
    return tuple(
        found if isinstance(found, LeftOut) else ConnectionAnswers(name, crm, found)
        for name, crm, found in _each(workspace, _answered)
    )


def apply(workspace: Workspace) -> tuple[ConnectionReports | LeftOut, ...]:
    """Make a report or segment for every question. What is there is kept: it may be repeated."""
    return tuple(
        found if isinstance(found, LeftOut) else ConnectionReports(name, crm, tuple(found))
        for name, crm, found in _each(workspace, lambda admin, asked: admin.create_reports(asked))
    )


def remove(workspace: Workspace) -> tuple[ConnectionReports | LeftOut, ...]:
    """Remove every report that `apply` ever made, also of questions that the mapping no longer answers."""
    return tuple(
        found if isinstance(found, LeftOut) else ConnectionReports(name, crm, tuple(found))
        for name, crm, found in _each(workspace, lambda admin, _asked: admin.remove_reports())
    )


def _answered(admin: CrmAdministration, asked: list[ReportFilter]) -> tuple[Answered, ...]:
    return tuple(
        Answered(guide, None if guide.obstacle else admin.run_filter(guide.filter))
        for guide in admin.describe_filters(asked)
    )


def _each(
    workspace: Workspace, ask: Callable[[CrmAdministration, list[ReportFilter]], Found]
) -> Iterator[tuple[str, str, Found | LeftOut]]:
    """Every connection with the title of its kind, and what came of asking it."""
    for connection in workspace.configuration.connections:
        name, crm = connection.name, connection.kind.title
        admin = workspace.administration(name)
        if admin is None:
            reason = f"{crm} connections have no reports that velma-sync knows of."
            yield name, crm, LeftOut(name, reason, refused=False)
            continue
        try:
            yield name, crm, ask(admin, playbook_filters(connection.mapping))
        except (RetryLater, StopConnection) as verdict:
            yield name, crm, LeftOut(name, str(verdict), refused=True)
