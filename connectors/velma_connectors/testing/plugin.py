"""A pytest plugin that writes down what a run of the contract has shown.

    pytest -p velma_connectors.testing.plugin --contract-report contract.json tests/test_contract.py

Every sentence of the contract is accounted for: one that did not run, or that a subclass replaced by a
test of its own, stands among the failed ones.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from velma_connectors.grades import KIT_VERSION, Against, ContractReport
from velma_connectors.registry import GROUP
from velma_connectors.testing import ConnectorContract
from velma_connectors.testing.contract import FAR_SIDE

KIT = "velma_connectors.testing.contract"
SENTENCE = "contract sentence"
OPTION = "--contract-report"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("connectors").addoption(
        OPTION,
        type=Path,
        metavar="PATH",
        help="write what the contract of all connectors has shown, as JSON for the connector's package",
    )


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption(OPTION)
    if path is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(ReportWriter(path), "contract-report-writer")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the kit's own tests; the mark travels with each report, also between processes."""
    function = getattr(item, "function", None)
    if function is not None and function.__module__.startswith(KIT):
        item.user_properties.append((SENTENCE, sentence(item.name)))


def sentence(test_name: str) -> str:
    """`test_a_thing_is_so[case]` as `a thing is so [case]`."""
    words, bracket, case = test_name.removeprefix("test_").partition("[")
    return words.replace("_", " ") + (f" [{case}" if bracket else "")


def all_sentences() -> set[str]:
    """Every sentence of the contract, without its cases."""
    return {sentence(name) for name in dir(ConnectorContract) if name.startswith("test_")}


class ReportWriter:
    """Gathers the outcomes of one run and writes them at its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._far_sides: set[str] = set()
        self._passed: set[str] = set()
        self._failed: set[str] = set()
        self._skipped: dict[str, str] = {}
        self._trouble = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = dict(report.user_properties)
        if SENTENCE not in told:
            return
        name = str(told[SENTENCE])
        if FAR_SIDE in told:
            self._far_sides.add(str(told[FAR_SIDE]))
        if report.failed or hasattr(report, "wasxfail"):
            self._failed.add(name)
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self._skipped[name] = reason.removeprefix("Skipped: ")
        elif report.when == "call":
            self._passed.add(name)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if len(self._far_sides) != 1:
            found = ", ".join(sorted(self._far_sides)) or "none"
            self._trouble = f"a contract report is about one far side; this run had: {found}"
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
            return
        self._path.write_text(self._report().to_json(), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(self._trouble or f"contract report written to {self._path}")

    def _report(self) -> ContractReport:
        (far_side,) = self._far_sides
        kind, _, against = far_side.rpartition(":")
        shown = self._passed | self._failed | self._skipped.keys()
        unproven = all_sentences() - {name.partition(" [")[0] for name in shown}
        failed = self._failed | unproven
        distribution, version = _distribution(kind)
        return ContractReport(
            kind=kind,
            kit_version=KIT_VERSION,
            against=Against(against),
            distribution=distribution,
            version=version,
            passed=tuple(sorted(self._passed - failed)),
            skipped={name: self._skipped[name] for name in sorted(self._skipped.keys() - failed)},
            failed=tuple(sorted(failed)),
        )


def _distribution(kind: str) -> tuple[str | None, str | None]:
    """Name and version of the installed package that brings this kind of connector."""
    for entry in entry_points(group=GROUP, name=kind):
        if entry.dist is not None:
            return entry.dist.name, entry.dist.version
    return None, None
