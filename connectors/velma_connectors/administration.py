"""What an admin wants of a connector besides the daemon's work: set-up, diagnosis, reports.

A kind of connector may leave it out; then the commands say so and everything else works.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from velma_connectors.model import FieldSpec
from velma_connectors.reporting import FilterAnswer, FilterGuide, ReportFilter, ReportResult


@dataclass(frozen=True, slots=True)
class OptionSuggestion:
    """A setting of the connection that suits this account, and what was seen that says so."""

    option: str
    value: object
    reason: str


class Mark(StrEnum):
    """How good a fact is."""

    OK = "ok"
    ADVICE = "advice"
    """Works, but could be better."""
    PROBLEM = "problem"
    """Something would be missing, or nothing would start."""
    REFUSED = "refused"
    """The system cannot be reached or refuses us: nothing would work."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One fact. `topic` is one of a few words such as `rights`; `remedy` names the place in the set-up.

    `fields` are those it is about as `Object.field`: whoever checks fields need not tell of them again.
    """

    topic: str
    mark: Mark
    sentence: str
    remedy: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What only a live account can tell. `question` is a stable word, `answer` one of few.

    `mark` is PROBLEM for an answer with which something would go wrong.
    """

    question: str
    answer: str
    sentence: str
    mark: Mark = Mark.OK


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file for a team's own way of deploying. `path` is relative, with slashes."""

    path: str
    text: str = field(repr=False)


class CrmAdministration(Protocol):
    """One account, as its admin sees it. Every method may raise RetryLater or StopConnection."""

    def suggest_options(self) -> list[OptionSuggestion]:
        """Settings that this account's schema and a sample of its calls speak for; changes nothing."""
        ...

    def diagnose(self, specs: Sequence[FieldSpec]) -> list[Diagnosis]:
        """Rights, versions, allowances, limits left; changes nothing and goes on after a refusal.

        Tells all that `Health.problems` tells. A login that is refused is a diagnosis too.
        """
        ...

    def probe(self) -> list[ProbeAnswer]:
        """Try on records of our own, which are removed again, what no document tells."""
        ...

    def export_fields(self, specs: Sequence[FieldSpec]) -> list[ExportedFile]:
        """What `create_fields` would make in an account that lacks all of it; asks the account nothing."""
        ...

    def describe_filters(self, filters: Sequence[ReportFilter]) -> list[FilterGuide]:
        """How each question is asked of this CRM, by position; each condition checked against its field."""
        ...

    def run_filter(self, wanted: ReportFilter) -> FilterAnswer:
        """Ask the CRM now. Only for a filter that `describe_filters` knows no obstacle to."""
        ...

    def create_reports(self, filters: Sequence[ReportFilter]) -> list[ReportResult]:
        """Make a report or segment for each question, in a place of their own; repeatable."""
        ...

    def remove_reports(self) -> list[ReportResult]:
        """Remove all that `create_reports` ever made, and nothing else."""
        ...

    def close(self) -> None:
        """Release sockets. May be called twice."""
        ...
