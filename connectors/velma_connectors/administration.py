"""What an admin wants of a connector besides the daemon's work: set-up, diagnosis, reports.

A kind of connector may leave it out; then the commands say so and everything else works.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


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
    """One fact. `topic` is one of a few words such as `rights`; `remedy` names the place in the set-up."""

    topic: str
    mark: Mark
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What only a live account can tell. `question` is a stable word, `answer` one of few."""

    question: str
    answer: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file for a team's own way of deploying. `path` is relative, with slashes."""

    path: str
    text: str = field(repr=False)


class CrmAdministration(Protocol):
    """One account, as its admin sees it. Every method may raise RetryLater or StopConnection."""

    def close(self) -> None:
        """Release sockets. May be called twice."""
        ...
