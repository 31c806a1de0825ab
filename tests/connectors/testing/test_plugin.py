"""What a run of the contract has shown is written down: all of it, and nothing that was not shown."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from velma_connectors.grades import KIT_VERSION, Against, ContractReport
from velma_connectors.testing import plugin
from velma_connectors.testing.plugin import all_sentences, sentence

CONTRACT = Path(__file__).with_name("test_memory_contract.py")
Run = Callable[..., ContractReport]

RIGS = """
from __future__ import annotations
import pytest
from velma_connectors.testing import Ability, ConnectorContract
from velma_connectors.testing.memory_rig import MemoryRig

class LesserRig(MemoryRig):
    cannot = {Ability.BACKDATE: "its clock is its own"}

class OtherRig(MemoryRig):
    kind = "other"

class TestLesser(ConnectorContract):
    @pytest.fixture
    def rig(self):
        return LesserRig()

    def test_closing_twice_is_fine(self):
        pass

class TestOther(ConnectorContract):
    @pytest.fixture
    def rig(self):
        return OtherRig()

class TestBroken(ConnectorContract):
    @pytest.fixture
    def rig(self):
        raise RuntimeError("no far side")
"""


def run_kit(path: Path, *arguments: str) -> tuple[int, str]:
    told = io.StringIO()
    options = ["-p", "no:cacheprovider", "--capture=no", "--tb=no", "--contract-report", str(path)]
    with redirect_stdout(told):
        code = pytest.main([*options, *arguments], plugins=[plugin])
    return int(code), told.getvalue()


@pytest.fixture
def rigs(tmp_path: Path) -> Path:
    file = tmp_path / f"{tmp_path.name}.py"  # modules of one name would be taken for each other
    file.write_text(RIGS, encoding="utf-8")
    return file


def test_a_green_run_accounts_for_every_sentence(tmp_path: Path) -> None:
    path = tmp_path / "contract.json"
    code, told = run_kit(path, str(CONTRACT))
    report = ContractReport.parse(path.read_text(encoding="utf-8"))
    assert code == 0
    assert str(path) in told
    assert (report.kind, report.kit_version, report.against) == ("memory", KIT_VERSION, Against.MEMORY)
    assert (report.distribution, report.version) == (None, None)
    assert (report.failed, report.skipped) == ((), {})
    assert {name.partition(" [")[0] for name in report.passed} == all_sentences()


def test_the_command_line_writes_the_same_report_from_several_processes(tmp_path: Path) -> None:
    alone, several = tmp_path / "alone.json", tmp_path / "several.json"
    run_kit(alone, str(CONTRACT))
    command = [sys.executable, "-m", "pytest", "-p", "velma_connectors.testing.plugin", "-n", "2"]
    command += ["-p", "no:cacheprovider", "--contract-report", str(several), str(CONTRACT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert several.read_text(encoding="utf-8") == alone.read_text(encoding="utf-8")


def test_the_far_sides_of_the_kit_load_without_pytest() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None; import velma_connectors.testing.memory_rig, "
        "velma_connectors.testing.canned, velma_connectors.grades; from velma_connectors.testing import Rig"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_sentences_that_were_not_run_are_failed_ones(tmp_path: Path) -> None:
    path = tmp_path / "contract.json"
    run_kit(path, str(CONTRACT), "-k", "closing_twice")
    report = ContractReport.parse(path.read_text(encoding="utf-8"))
    assert report.passed == ("closing twice is fine",)
    assert set(report.failed) == all_sentences() - {"closing twice is fine"}


def test_skips_carry_the_rigs_reason_and_a_replaced_sentence_is_a_failed_one(
    tmp_path: Path, rigs: Path
) -> None:
    path = tmp_path / "contract.json"
    run_kit(path, f"{rigs}::TestLesser")
    report = ContractReport.parse(path.read_text(encoding="utf-8"))
    assert "its clock is its own" in report.skipped["both ends of the window belong to it"]
    assert report.failed == ("closing twice is fine",)


def test_a_run_of_two_far_sides_or_of_none_writes_no_report(tmp_path: Path, rigs: Path) -> None:
    path = tmp_path / "contract.json"
    for chosen, found in (
        (["TestLesser", "TestOther"], "memory:memory, other:memory"),
        (["TestBroken"], "none"),
    ):
        code, told = run_kit(path, *(f"{rigs}::{name}" for name in chosen), "-k", "is_cheap")
        assert code == pytest.ExitCode.USAGE_ERROR
        assert found in told
        assert not path.exists()


def test_the_words_of_a_test_are_its_sentence() -> None:
    assert sentence("test_a_thing_is_so[two-2]") == "a thing is so [two-2]"
