"""How far a connector is proven: computed from the reports its package brings, never typed by hand.

A run of the contract with `-p velma_connectors.testing.plugin --contract-report PATH` writes a report.
A connector ships `contract.json` beside its options module, and further ones for other far sides, such
as `contract.cassettes.json` and `contract.live.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from velma_connectors.registry import ConnectorKind

KIT_VERSION = 1
"""Rises whenever the contract demands more; older reports then prove nothing."""


class Against(StrEnum):
    """What kind of far side a run of the contract spoke to."""

    MEMORY = "memory"
    EMULATOR = "emulator"
    CASSETTES = "cassettes"
    LIVE = "live"


class Grade(StrEnum):
    """How far a connector is proven."""

    UNPROVEN = "unproven"
    BRONZE = "bronze"
    """The whole contract on a fake or an emulator."""
    SILVER = "silver"
    """Also on recorded answers of the real system."""
    GOLD = "gold"
    """Also on a live account."""


@dataclass(frozen=True, slots=True)
class ContractReport:
    """One run of the contract. Sentences are the names of its tests; a skipped one has its reason.

    `distribution` and `version` say which installed package was tested; None when it is not registered.
    """

    kind: str
    kit_version: int
    against: Against
    distribution: str | None
    version: str | None
    passed: tuple[str, ...]
    skipped: Mapping[str, str]
    failed: tuple[str, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def parse(cls, text: str) -> ContractReport:
        """Read `to_json`. Raises ValueError when the text is no report."""
        try:
            document: dict[str, Any] = json.loads(text)
            return cls(
                kind=str(document["kind"]),
                kit_version=int(document["kit_version"]),
                against=Against(document["against"]),
                distribution=document["distribution"],
                version=document["version"],
                passed=tuple(document["passed"]),
                skipped=dict(document["skipped"]),
                failed=tuple(document["failed"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a contract report: {type(error).__name__} {error}") from error


@dataclass(frozen=True, slots=True)
class Proof:
    """A grade, why it is no better, and the reports it rests on."""

    grade: Grade
    reason: str
    reports: tuple[ContractReport, ...] = ()


def proof_of(kind: ConnectorKind) -> Proof:
    """The grade of an installed connector, from the reports in its package."""
    package = kind.options.__module__.rpartition(".")[0]
    try:
        reports = [
            ContractReport.parse(entry.read_text(encoding="utf-8"))
            for entry in sorted(files(package).iterdir(), key=lambda entry: entry.name)
            if entry.name.startswith("contract.") and entry.name.endswith(".json")
        ]
    except (ImportError, OSError, ValueError) as error:
        return Proof(Grade.UNPROVEN, f"a contract report of {package} cannot be read: {error}")
    return graded(kind.name, reports)


def graded(kind: str, reports: Iterable[ContractReport]) -> Proof:
    """The grade that these reports prove for the kind of connector."""
    known = tuple(reports)
    for report in known:
        problem = _problem(kind, report)
        if problem:
            return Proof(Grade.UNPROVEN, problem, known)
    seen = {report.against for report in known}
    if not seen & {Against.MEMORY, Against.EMULATOR}:
        return Proof(Grade.UNPROVEN, "no report of a run on a fake or an emulator", known)
    if Against.CASSETTES not in seen:
        grade, reason = Grade.BRONZE, "not run on recorded answers of the real system"
    elif Against.LIVE not in seen:
        grade, reason = Grade.SILVER, "not run on a live account"
    else:
        grade, reason = Grade.GOLD, "run on a live account"
    return Proof(grade, reason + _skipped_everywhere(known), known)


def _skipped_everywhere(reports: tuple[ContractReport, ...]) -> str:
    """How much of the contract no far side could show; empty when all of it was shown somewhere."""
    passed = {sentence for report in reports for sentence in report.passed}
    skipped = {sentence for report in reports for sentence in report.skipped} - passed
    if not skipped:
        return ""
    return f"; {len(skipped)} of the contract's {len(passed | skipped)} sentences skipped"


def _problem(kind: str, report: ContractReport) -> str:
    """Why a report proves nothing; empty when it does."""
    if report.kind != kind:
        return f"a report is about the connector '{report.kind}'"
    if report.kit_version != KIT_VERSION:
        return f"the {report.against} report is of kit version {report.kit_version}, not {KIT_VERSION}"
    if report.failed:
        return f"{len(report.failed)} of the contract's sentences failed ({report.against})"
    if not report.passed:
        return f"no sentence of the contract passed ({report.against})"
    return ""
