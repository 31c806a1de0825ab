from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
Golden = Callable[[str], str]
Edit = Callable[[str, str, str], None]


def here(text: str) -> str:
    return text.replace(f"{Path.cwd()}/", "")


def test_a_fresh_org_lacks_the_fields(room: Rehearsal, velma_sync: Command, golden: Golden) -> None:
    outcome = velma_sync("check")
    assert here(outcome.out) == golden("check_fresh.txt")
    assert outcome.code == ExitCode.ATTENTION


def test_after_provisioning_everything_is_in_order(
    room: Rehearsal, velma_sync: Command, golden: Golden
) -> None:
    assert velma_sync("provision", "--apply").code == ExitCode.FINE
    outcome = velma_sync("check")
    assert here(outcome.out) == golden("check_ready.txt")
    assert outcome.code == ExitCode.FINE


def test_checking_pays_for_nothing_and_opens_no_ledger(room: Rehearsal, velma_sync: Command) -> None:
    velma_sync("check")
    usage = room.usage()["velma"]
    assert usage["presets_requests"] == 1
    assert usage["billed"] == 0
    assert not Path("ledger.db").exists()


def test_a_field_of_the_wrong_type_is_found_before_a_call_is_paid_for(
    room: Rehearsal, velma_sync: Command, edit: Edit
) -> None:
    velma_sync("provision", "--apply")
    edit("mapping.yaml", "Velma_Avg_Sentiment__c", "Velma_Reason__c")
    outcome = velma_sync("check")
    assert outcome.code in (ExitCode.ATTENTION, ExitCode.CONFIGURATION)
    assert "Velma_Reason__c" in outcome.out + outcome.err


def test_a_preset_the_account_does_not_have_is_found(
    room: Rehearsal, velma_sync: Command, edit: Edit
) -> None:
    velma_sync("provision", "--apply")
    preset = "  - {key: budget, name: Budget, preset: no_such_preset}\n"
    edit("analysis.yaml", "\nbehaviors:\n", f"\nbehaviors:\n{preset}")
    edit("analysis.yaml", "\n      - rapport_building\n", "\n      - rapport_building\n      - budget\n")
    outcome = velma_sync("check")
    assert outcome.code == ExitCode.ATTENTION
    assert "is not in the account's catalogue; every request would be refused." in outcome.out


def test_a_field_that_cannot_be_created_keeps_its_likely_name(
    room: Rehearsal, velma_sync: Command, edit: Edit
) -> None:
    velma_sync("provision", "--apply")
    edit("mapping.yaml", "Velma_Reason__c", "Descriptio")
    outcome = velma_sync("check")
    assert outcome.code == ExitCode.ATTENTION
    assert "Descriptio: the field does not exist" in outcome.out
    assert "Did you mean 'Description'?" in outcome.out


@pytest.mark.parametrize(
    ("secret", "mark"),
    [
        ("velma_sync_demo_consumer_secret", "refused  demo"),
        ("velma_sync_velma_api_key", "refused  velma-2"),
    ],
)
def test_a_refused_credential_does_not_hide_the_rest(
    room: Rehearsal, velma_sync: Command, secret: str, mark: str
) -> None:
    (Path("secrets") / secret).write_text("wrong")
    outcome = velma_sync("check")
    assert outcome.code == ExitCode.REFUSED
    assert mark in outcome.out
    others = [line for line in outcome.out.splitlines() if not line.startswith("refused")]
    assert len(others) >= 2


def test_systems_that_cannot_be_reached_are_told_one_by_one(room: Rehearsal, velma_sync: Command) -> None:
    room.close()
    outcome = velma_sync("check")
    assert outcome.code == ExitCode.REFUSED
    assert [line.split()[:2] for line in outcome.out.splitlines()] == [
        ["ok", "velma-sync.yaml"],
        ["ok", "ledger"],
        ["ok", "recordings"],
        ["refused", "demo"],
        ["refused", "velma-2"],
    ]


def test_facts_come_as_json_too(room: Rehearsal, velma_sync: Command) -> None:
    facts = json.loads(velma_sync("check", "--json").out)["facts"]
    assert facts[0]["mark"] == "ok"
    assert facts[0]["about"] == "velma-sync.yaml"


def test_a_wrong_configuration_reaches_no_system(room: Rehearsal, velma_sync: Command, edit: Edit) -> None:
    edit("velma-sync.yaml", "version: 1", "version: one")
    for arguments in (("check",), ("provision", "--apply"), ("once",), ("run",), ("preview", "demo:Task:1")):
        before = room.usage()
        outcome = velma_sync(*arguments)
        assert outcome.code == ExitCode.CONFIGURATION
        assert outcome.err == "velma-sync.yaml:2:10: 'version' should be 1.\n"
        assert room.usage() == before
    assert not Path("ledger.db").exists()


def test_the_configuration_can_be_named(
    room: Rehearsal, velma_sync: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path.cwd()
    monkeypatch.chdir("/")
    missing = velma_sync("check")
    assert missing.code == ExitCode.CONFIGURATION
    assert missing.err == (
        "velma-sync.yaml: there is no such file. "
        "Use --config or VELMA_SYNC_CONFIG; the README shows a first file.\n"
    )
    assert velma_sync("check", "--config", str(here / "velma-sync.yaml")).code == ExitCode.ATTENTION
    monkeypatch.setenv("VELMA_SYNC_CONFIG", str(here / "velma-sync.yaml"))
    assert velma_sync("check").code == ExitCode.ATTENTION
