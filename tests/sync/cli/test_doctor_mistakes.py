"""What doctor tells when the files or secrets are wrong: each mistake, and whatever does not rest on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
Edit = Callable[[str, str, str], None]

VELMA_KEY = Path("secrets/velma_sync_velma_api_key")
CRM_SECRET = Path("secrets/velma_sync_demo_consumer_secret")
SHARED = """\
connections:
  recordings-x:
    kind: hubspot
    mapping: mapping.yaml
"""
SHARING = """\
  sources:
    - {name: x-access, hosts: [x.example], credential: {type: bearer}}
"""


@pytest.fixture
def told(velma_sync: Command) -> Callable[[], list[tuple[str, str, str]]]:
    """Runs doctor on mistakes: mark, what it is about, and topic of each fact."""

    def run() -> list[tuple[str, str, str]]:
        outcome = velma_sync("doctor", "--json")
        assert outcome.code == ExitCode.CONFIGURATION
        facts = json.loads(outcome.out)["facts"]
        return [(fact["mark"], fact["about"], fact["topic"]) for fact in facts]

    return run


Told = Callable[[], list[tuple[str, str, str]]]


def test_a_wrong_mapping_leaves_out_the_fields_alone(room: Rehearsal, told: Told, edit: Edit) -> None:
    edit("mapping.yaml", "deal: only_open", "deal: only_opened")
    facts = told()
    assert facts[0] == ("problem", "mapping.yaml", "configuration")
    assert {mark for mark, *_ in facts[1:]} == {"ok"}
    topics = {topic for _, about, topic in facts if about == "demo"}
    assert topics == {"login", "rights", "limits", "version", "requests", "clock", "recordings"}
    assert ("ok", "velma-2", "login") in facts
    assert ("ok", "analysis", "behaviors") in facts


def test_a_wrong_analysis_file_leaves_out_the_questions_alone(
    room: Rehearsal, velma_sync: Command, told: Told, edit: Edit
) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    edit("analysis.yaml", "\nversion: 1\n", "\nversion: 2\n")
    facts = told()
    assert facts[0] == ("problem", "analysis.yaml", "configuration")
    assert {mark for mark, *_ in facts[1:]} == {"ok"}
    assert ("ok", "demo", "fields") in facts
    assert ("ok", "velma-2", "login") in facts
    assert "analysis" not in {about for _, about, _ in facts}


def test_a_connection_without_its_secret_is_left_out_alone(room: Rehearsal, told: Told) -> None:
    CRM_SECRET.unlink()
    before = room.usage()["salesforce"]
    facts = told()
    assert facts[0] == ("problem", "velma-sync.yaml", "configuration")
    assert [about for _, about, _ in facts[1:]] == ["ledger", "recordings", "disk", "velma-2", "analysis"]
    assert {mark for mark, *_ in facts[1:]} == {"ok"}
    assert room.usage()["salesforce"] == before


def test_without_connections_the_presets_are_compared_all_the_same(
    room: Rehearsal, told: Told, edit: Edit
) -> None:
    CRM_SECRET.unlink()
    preset = "  - {key: budget, name: Budget, preset: no_such_preset}\n"
    edit("analysis.yaml", "\nbehaviors:\n", f"\nbehaviors:\n{preset}")
    edit("analysis.yaml", "\n      - rapport_building\n", "\n      - rapport_building\n      - budget\n")
    assert ("problem", "analysis", "behaviors") in told()


def test_without_its_key_velma_is_left_out_alone(room: Rehearsal, velma_sync: Command, told: Told) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    VELMA_KEY.unlink()
    facts = told()
    assert facts[0] == ("problem", "velma-sync.yaml", "configuration")
    assert {mark for mark, *_ in facts[1:]} == {"ok"}
    assert ("ok", "demo", "fields") in facts
    assert ("ok", "analysis", "behaviors") in facts
    assert "velma-2" not in {about for _, about, _ in facts}


def test_wrong_recordings_leave_out_the_hosts_alone(
    room: Rehearsal, velma_sync: Command, told: Told, edit: Edit
) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    edit("velma-sync.yaml", "hosts: [127.0.0.1]", "hosts: [127.0.0.1]\n      colour: red")
    facts = told()
    assert facts[0] == ("problem", "velma-sync.yaml", "configuration")
    assert {mark for mark, *_ in facts[1:]} == {"ok"}
    assert ("ok", "demo", "requests") in facts
    assert {("ok", "demo", "recordings"), ("ok", "disk", "disk")}.isdisjoint(facts)


def test_a_wrong_ledger_leaves_out_the_ledger_alone(
    room: Rehearsal, velma_sync: Command, told: Told, edit: Edit
) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    edit("velma-sync.yaml", "path: ledger.db", "path: ledger.db\n  url: postgresql://u@ledger.example/d")
    facts = told()
    assert facts[0] == ("problem", "velma-sync.yaml", "configuration")
    assert {mark for mark, *_ in facts[1:]} == {"ok"}
    assert {("ok", "recordings", "files"), ("ok", "demo", "fields")} <= set(facts)
    assert {"ledger", "disk"}.isdisjoint(about for _, about, _ in facts)


def test_a_ledger_is_looked_at_beside_a_mistake(
    room: Rehearsal, velma_sync: Command, told: Told, edit: Edit
) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    velma_sync("once")
    edit("mapping.yaml", "deal: only_open", "deal: only_opened")
    facts = told()
    assert ("ok", "ledger", "ledger") in facts
    assert "schedule" in {topic for _, about, topic in facts if about == "demo"}


def test_a_refusal_beside_a_mistake_is_told_as_well(room: Rehearsal, told: Told, edit: Edit) -> None:
    edit("mapping.yaml", "deal: only_open", "deal: only_opened")
    VELMA_KEY.write_text("wrong")
    facts = told()
    assert ("problem", "mapping.yaml", "configuration") in facts
    assert ("refused", "velma-2", "login") in facts


@pytest.mark.parametrize(
    ("old", "new", "out"),
    [
        ("version: 1", "version: one", "velma-sync.yaml:2:10: 'version' should be 1."),
        (
            "\nlimits:\n",
            "\nlimits: [\n",
            "velma-sync.yaml:23:7: is not valid YAML: expected ',' or ']', but got ':'.",
        ),
    ],
)
def test_settings_on_which_nothing_can_rest_are_told_and_reach_no_system(
    room: Rehearsal, velma_sync: Command, edit: Edit, old: str, new: str, out: str
) -> None:
    edit("velma-sync.yaml", old, new)
    before = room.usage()
    outcome = velma_sync("doctor")
    assert outcome.code == ExitCode.CONFIGURATION
    assert outcome.out == f"problem  velma-sync.yaml  {out}\n\n1 to fix, 0 in order.\n"
    assert room.usage() == before
    assert not Path("ledger.db").exists()


def test_a_secret_that_may_be_of_another_reaches_no_system(room: Rehearsal, told: Told, edit: Edit) -> None:
    edit("velma-sync.yaml", "connections:\n", SHARED)
    edit("velma-sync.yaml", "  sources:\n", SHARING)
    Path("secrets/velma_sync_recordings_x_access_token").write_text("token")
    before = room.usage()
    assert told() == [("problem", "velma-sync.yaml", "configuration")]
    assert room.usage() == before


def test_nothing_is_probed_beside_a_mistake(room: Rehearsal, velma_sync: Command, edit: Edit) -> None:
    edit("mapping.yaml", "deal: only_open", "deal: only_opened")
    before = room.usage()
    outcome = velma_sync("doctor", "--probe", "--yes")
    assert outcome.code == ExitCode.CONFIGURATION
    assert outcome.err.startswith("mapping.yaml:")
    assert room.usage() == before
