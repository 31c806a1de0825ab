"""What an examination finds out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from velma_connectors.administration import Diagnosis, Mark
from velma_connectors.errors import ConfigError, Problem, Verdict
from velma_sync.pipeline.faults import report


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was found out. `about` is a file, a connection, the analyzer or a part of this machine.

    `remedy` says what to do and where; empty when there is nothing to do.
    """

    about: str
    topic: str
    mark: Mark
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """Everything that was found out, in the order it was asked."""

    facts: tuple[Fact, ...]

    def has(self, mark: Mark) -> bool:
        return any(fact.mark is mark for fact in self.facts)


def diagnosed(about: str, diagnosis: Diagnosis) -> Fact:
    """What a CRM's own diagnosis says of a connection."""
    return Fact(about, diagnosis.topic, diagnosis.mark, diagnosis.sentence, diagnosis.remedy)


def problem_fact(about: str, topic: str, problem: Problem, mark: Mark = Mark.PROBLEM) -> Fact:
    return Fact(about, topic, mark, f"{problem.where}: {problem.message}", problem.remedy)


def guarded(about: str, topic: str, look: Callable[[], Iterable[Fact]]) -> Iterator[Fact]:
    """The facts of one examination; whatever ends it is a fact as well and does not hide the others."""
    try:
        yield from look()
    except Verdict as verdict:
        yield Fact(about, topic, Mark.REFUSED, str(verdict))
    except ConfigError as error:
        yield from (problem_fact(about, topic, each) for each in error.problems)
    except Exception as error:  # noqa: BLE001 - one examination that fails must not hide the others
        report("An examination failed.", error, action="examination_failed", about=about, topic=topic)
        sentence = f"Could not be examined: internal error in velma-sync ({type(error).__name__})."
        yield Fact(about, topic, Mark.PROBLEM, sentence, "Report it with the trace in the log.")
