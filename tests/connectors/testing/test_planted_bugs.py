"""The contract finds every bug that was planted on purpose, by the sentence that is about it."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from velma_connectors.testing.plugin import sentence

BUGS = sorted((Path(__file__).parent / "planted").glob("*_bugs.py"))


class Outcomes:
    """Runs of each bug only the sentence that has to find it; how that failed, by class."""

    def __init__(self) -> None:
        self.told: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if sentence(item.name) == _caught_by(item)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            *_, owner, _ = report.nodeid.split("::")
            self.told[owner] = report.longreprtext if report.failed else ""


def _caught_by(item: pytest.Item) -> str:
    assert isinstance(item, pytest.Function)
    return str(vars(item.cls)["caught_by"])


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """What the failed sentence says of each bug, from one run inside this process."""
    outcomes = Outcomes()
    with redirect_stdout(io.StringIO()):
        pytest.main(["-p", "no:cacheprovider", "--capture=no", *map(str, BUGS)], plugins=[outcomes])
    return outcomes.told


def planted() -> list[str]:
    """Names of the test classes in the files of bugs, which are not collected by themselves."""
    lines = [line for file in BUGS for line in file.read_text(encoding="utf-8").splitlines()]
    return [line[6:].partition("(")[0] for line in lines if line.startswith("class Test")]


def test_there_are_at_least_twelve_bugs(told: dict[str, str]) -> None:
    assert len(planted()) >= 12
    assert set(told) == set(planted()), "the sentence of some bug does not exist"


@pytest.mark.parametrize("bug", planted())
def test_a_planted_bug_is_caught_by_its_sentence(told: dict[str, str], bug: str) -> None:
    assert "AssertionError" in told[bug]


def test_a_failure_shows_what_was_expected_and_what_was_found(told: dict[str, str]) -> None:
    assert "Extra items in the right set" in told["TestEndLeftOut"]
