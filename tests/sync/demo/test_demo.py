"""The demo as its user starts it, and a second look at the same CRMs."""

from __future__ import annotations

import json
import os
import re
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
GOLDEN = Path(__file__).parent / "golden" / "demo.txt"
FILTERS = ("next_step_not_confirmed", "negative_on_pricing", "competitor_named")
CRMS = {"Salesforce": "org", "HubSpot": "portal"}


def start(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The demo without a terminal, a hundred columns wide."""
    return subprocess.run(
        [VELMA_SYNC, "demo", folder.name, *options],
        cwd=folder.parent,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def planted(crm: str, name: str) -> list[str]:
    """Titles of the calls that a filter of a CRM has to find before the late recordings arrive."""
    truth, titles = expected()[crm], load_samples().calls
    reports = truth["reports"]["calls"] | truth["before_the_late_recording"]["reports"]["calls"]
    return sorted(titles[key].script.title for key in reports[name])


def test_the_demo_answers_the_three_filters_as_the_scripts_planted_them(tmp_path: Path) -> None:
    ended = start(tmp_path / "room", "--json")
    assert ended.returncode == 0, ended.stderr
    outcome = json.loads(ended.stdout)
    for name, told in zip(FILTERS, outcome["view"]["filters"], strict=True):
        found = {
            CRMS[each["crm"]]: sorted(call["subject"] for call in each["calls"]) for each in told["answers"]
        }
        assert found == {crm: planted(crm, name) for crm in CRMS.values()}, told["question"]
    assert all(count > 0 for count in outcome["created_fields"].values())
    assert outcome["shared_recordings"] == 2


def untimed(text: str) -> str:
    """The output without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\d", "2026-01-01", text)
    text = re.sub(r"\d+ to Salesforce, \d+ to HubSpot", "<n> to Salesforce, <n> to HubSpot", text)
    lines = text.replace(VELMA_SYNC, "velma-sync").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def test_what_the_demo_prints_is_as_agreed(tmp_path: Path) -> None:
    ended = start(tmp_path / "velma-demo")
    assert ended.returncode == 0, ended.stderr
    assert untimed(ended.stdout) == GOLDEN.read_text(encoding="utf-8")
    prose = [line for line in ended.stdout.splitlines() if "sandbox velma-demo -- " not in line]
    assert max(map(len, prose)) <= 100, "a line is wider than the paper"


def test_a_second_run_pays_for_nothing_and_writes_nothing(room: Room, receipt: Receipt) -> None:
    before, billed = room.everything(), room.sandbox.velma.usage.billed
    again = room.run()
    assert again.discovered == 0
    assert again.billing.answered == 0
    assert room.sandbox.velma.usage.billed == billed, "a recording was sent again"
    assert room.everything() == before, "something was written"


def test_the_same_audio_on_several_calls_is_billed_once(room: Room, receipt: Receipt) -> None:
    samples = load_samples()
    assert set(room.sandbox.velma.usage.paid_audio.values()) == {1}
    for ours, theirs in (
        ("harborlight-2-in-both", "harborlight-2-demo"),
        ("harborlight-3-in-both", "harborlight-3-negotiation"),
    ):
        assert samples.calls[ours].sound == samples.calls[theirs].sound
        assert room.show(theirs)["Velma_Status__c"] == "Analyzed"
        assert room.show_in_portal(ours)["velma_status"] == "Analyzed"


def test_late_recordings_change_what_both_crms_say(tmp_path: Path) -> None:
    with Rehearsal(tmp_path / "sandbox") as sandbox:
        room = Room(tmp_path, sandbox)
        room.provision()
        room.run()
        assert sandbox.deliver_late_recordings() == 2
        assert room.run().billing.answered == 2
        for key in ("osprey-4-follow-up", "osprey-clinics"):
            assert room.show(key)["Velma_Next_Step__c"] == "Not confirmed"
        for key in ("tarnholt-3-presentation", "tarnholt-fleet"):
            told = room.show_in_portal(key)
            assert told["velma_next_step"] == "Not confirmed"
            assert told["velma_coaching_flags"] == "Unaddressed Question"


def test_the_demo_never_runs_beside_a_configuration_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "velma-sync.yaml").write_text("version: 1\n")
    ended = start(tmp_path)
    assert ended.returncode == 2
    assert "not a sandbox's" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["velma-sync.yaml"], "something was left behind"


@pytest.mark.parametrize("system", ["salesforce_url", "hubspot_url", "velma_url"])
def test_the_demo_never_goes_to_another_address(tmp_path: Path, system: str) -> None:
    with Rehearsal(tmp_path / "sandbox") as sandbox:
        Room(tmp_path, sandbox)
    configuration = configuration_of(tmp_path)
    lead_elsewhere(configuration, getattr(sandbox.addresses, system))
    with pytest.raises(ConfigError, match="other systems"):
        run_demo(tmp_path, progress=lambda _counts: None)
    assert not (tmp_path / "ledger.db").exists(), "the run has begun"


def test_the_demo_never_sends_the_orgs_requests_to_another_address(tmp_path: Path) -> None:
    with Rehearsal(tmp_path / "sandbox") as sandbox:
        Room(tmp_path, sandbox)
    configuration = configuration_of(tmp_path)
    login = f"login_url: {sandbox.addresses.salesforce_url}"
    text = configuration.read_text().replace(login, f"{login}\n      instance_url: http://127.0.0.1:9")
    configuration.write_text(text)
    with pytest.raises(ConfigError, match="other systems"):
        run_demo(tmp_path, progress=lambda _counts: None)


def lead_elsewhere(configuration: Path, url: str) -> None:
    text = configuration.read_text()
    assert text.count(url) == 1
    configuration.write_text(text.replace(url, "http://127.0.0.1:9"))
