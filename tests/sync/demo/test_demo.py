"""The demo as its user starts it, and a second look at the same org."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from velma_connectors.errors import ConfigError
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_connectors.sandbox.samples import expected, load_samples
from velma_sync.demo.folder import configuration_of
from velma_sync.demo.run import run_demo
from velma_sync.pipeline.receipts import Receipt

from .conftest import Room

VELMA_SYNC = str(Path(sys.executable).with_name("velma-sync"))
EARLY = expected()["org"]["before_the_late_recording"]["reports"]["calls"]
REPORTS = {**expected()["org"]["reports"]["calls"], **EARLY}
FILTERS = ("next_step_not_confirmed", "negative_on_pricing", "competitor_named")


def test_the_demo_answers_the_three_filters_as_the_scripts_planted_them(tmp_path: Path) -> None:
    command = [VELMA_SYNC, "demo", str(tmp_path / "room"), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    outcome = json.loads(ended.stdout)
    titles = {key: sample.script.title for key, sample in load_samples().org.calls.items()}
    for name, told in zip(FILTERS, outcome["view"]["filters"], strict=True):
        subjects = sorted(line.split(": ", 1)[1] for line in told["calls"])
        assert subjects == sorted(titles[key] for key in REPORTS[name]), told["question"]
    assert outcome["created_fields"] > 0


def test_a_second_run_pays_for_nothing_and_writes_nothing(room: Room, receipt: Receipt) -> None:
    before = {key: dict(room.show(key)) for key in room.sandbox.org_records}
    billed = room.sandbox.velma.usage.billed
    again = room.run()
    assert again.discovered == 0
    assert again.billing.answered == 0
    assert room.sandbox.velma.usage.billed == billed, "a recording was sent again"
    assert {key: dict(room.show(key)) for key in room.sandbox.org_records} == before, "something was written"


def test_the_same_audio_on_two_calls_is_billed_once(room: Room, receipt: Receipt) -> None:
    assert set(room.sandbox.velma.usage.paid_audio.values()) == {1}


def test_the_demo_never_runs_beside_a_configuration_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "velma-sync.yaml").write_text("version: 1\n")
    ended = subprocess.run(
        [VELMA_SYNC, "demo", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert "not a sandbox's" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["velma-sync.yaml"], "something was left behind"


def test_the_demo_never_pays_at_another_address(tmp_path: Path) -> None:
    with Rehearsal(tmp_path / "sandbox") as sandbox:
        Room(tmp_path, sandbox)
    configuration = configuration_of(tmp_path)
    other = "http://127.0.0.1:9"
    configuration.write_text(configuration.read_text().replace(sandbox.addresses.velma_url, other))
    with pytest.raises(ConfigError, match="other systems"):
        run_demo(tmp_path, progress=lambda _counts: None)
    assert not (tmp_path / "ledger.db").exists(), "the run has begun"
