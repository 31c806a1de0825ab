"""A grade is what reports prove, no more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from velma_connectors.grades import (
    KIT_VERSION,
    Against,
    ContractReport,
    Grade,
    graded,
    proof_of,
)

REPORT = ContractReport(
    kind="zoho",
    kit_version=KIT_VERSION,
    against=Against.EMULATOR,
    distribution="velma-sync-zoho",
    version="1.0",
    passed=("closing twice is fine",),
    skipped={"both ends of the window belong to it": "its clock is its own"},
    failed=(),
)
EVERYWHERE = tuple(Against)


@pytest.mark.parametrize(
    ("seen", "grade"),
    [
        ((), Grade.UNPROVEN),
        ((Against.LIVE,), Grade.UNPROVEN),
        ((Against.MEMORY,), Grade.BRONZE),
        ((Against.EMULATOR,), Grade.BRONZE),
        ((Against.EMULATOR, Against.LIVE), Grade.BRONZE),
        ((Against.EMULATOR, Against.CASSETTES), Grade.SILVER),
        (EVERYWHERE, Grade.GOLD),
    ],
)
def test_the_grade_follows_from_where_the_contract_was_run(seen: tuple[Against, ...], grade: Grade) -> None:
    proof = graded("zoho", [replace(REPORT, against=against) for against in seen])
    assert proof.grade is grade
    assert proof.reason


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"failed": ("a check is cheap",)}, "1 of the contract's sentences"),
        ({"kit_version": KIT_VERSION - 1}, "kit version"),
        ({"kind": "other"}, "'other'"),
        ({"passed": ()}, "no sentence"),
    ],
)
def test_one_report_that_proves_nothing_spoils_all(change: dict[str, Any], word: str) -> None:
    proof = graded("zoho", [replace(REPORT, against=Against.CASSETTES), replace(REPORT, **change)])
    assert proof.grade is Grade.UNPROVEN
    assert word in proof.reason


def test_a_grade_says_how_much_of_the_contract_was_skipped() -> None:
    assert "; 1 of the contract's 2 sentences skipped" in graded("zoho", [REPORT]).reason


def test_what_one_far_side_cannot_show_another_may() -> None:
    shown = replace(REPORT, against=Against.CASSETTES, passed=tuple(REPORT.skipped), skipped={})
    assert "skipped" not in graded("zoho", [REPORT, shown]).reason


def test_a_report_is_read_as_it_was_written() -> None:
    assert ContractReport.parse(REPORT.to_json()) == REPORT


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", REPORT.to_json().replace("emulator", "mars")])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ContractReport.parse(text)


class TestPackages:
    """Reports beside the options module of an installed connector."""

    @pytest.fixture
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        folder = tmp_path / "velma_sync_invented"
        folder.mkdir()
        (folder / "__init__.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
        yield folder
        sys.modules.pop(folder.name, None)

    def proof(self) -> Any:
        options = type("Options", (BaseModel,), {"__module__": "velma_sync_invented.options"})
        kind: Any = SimpleNamespace(name="zoho", options=options)
        return proof_of(kind)

    def test_no_report_proves_nothing(self, package: Path) -> None:
        assert self.proof().grade is Grade.UNPROVEN

    def test_all_reports_of_the_package_count(self, package: Path) -> None:
        for name, against in (("contract.json", Against.EMULATOR), ("contract.live.json", Against.CASSETTES)):
            (package / name).write_text(replace(REPORT, against=against).to_json(), encoding="utf-8")
        (package / "other.json").write_text("{}", encoding="utf-8")
        proof = self.proof()
        assert proof.grade is Grade.SILVER
        assert len(proof.reports) == 2

    def test_a_damaged_report_is_told(self, package: Path) -> None:
        (package / "contract.json").write_text("{}", encoding="utf-8")
        proof = self.proof()
        assert proof.grade is Grade.UNPROVEN
        assert "cannot be read" in proof.reason
