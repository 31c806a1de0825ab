"""`velma-sync replay`, on a sandbox: a changed mapping over the calls that are done, for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode
from velma_sync.ledger.lock import only_daemon

Command = Callable[..., Any]
Golden = Callable[[str], str]
Edit = Callable[[str, str, str], None]


@pytest.fixture(autouse=True)
def done(room: Rehearsal, velma_sync: Command) -> None:
    velma_sync("provision", "--apply", "--yes")
    velma_sync("once")


def billed(room: Rehearsal) -> int:
    count: int = room.usage()["velma"]["billed"]
    return count


def reason(room: Rehearsal) -> str | None:
    """What stands in a field of a call that is done."""
    wanted = room.org_records["harborlight-3-negotiation"]
    found: list[str | None] = [
        row.get("Velma_Reason__c") for row in room.org.rows("Task") if row["Id"] == wanted
    ]
    return found[0]


def waiting(velma_sync: Command) -> int:
    return len(json.loads(velma_sync("calls", "list", "--state", "analyzed", "--json").out))


def test_done_calls_are_written_again_by_the_changed_mapping_and_nothing_is_paid(
    room: Rehearsal, velma_sync: Command, golden: Golden, edit: Edit
) -> None:
    paid = billed(room)
    assert reason(room) is None
    edit("mapping.yaml", "- {value: reason, on: call", "- {value: summary, on: call")
    outcome = velma_sync("replay", typed="y\n")
    assert outcome.err + outcome.out == golden("replay.txt")
    assert outcome.code == ExitCode.FINE
    assert waiting(velma_sync) == 15
    assert velma_sync("once").code == ExitCode.FINE
    assert waiting(velma_sync) == 0
    assert reason(room)
    assert billed(room) == paid


def test_nothing_is_written_again_without_a_word(velma_sync: Command) -> None:
    for arguments in (("replay",), ("replay", "--json")):
        outcome = velma_sync(*arguments)
        assert outcome.code == ExitCode.ATTENTION
        assert outcome.out == ""
        assert outcome.err.endswith("Nothing was changed. To go on without being asked, add --yes.\n")
    assert waiting(velma_sync) == 0


def test_a_replay_can_be_limited_and_told_as_json(velma_sync: Command) -> None:
    none = velma_sync("replay", "--since", "2099-01-01")
    assert (none.code, none.out) == (ExitCode.FINE, "There is nothing to write again.\n")
    outcome = velma_sync("replay", "--connection", "demo", "--yes", "--json")
    assert json.loads(outcome.out) == [{"connection": "demo", "calls": 15}]
    unknown = velma_sync("replay", "--connection", "sales", "--yes")
    assert unknown.code == ExitCode.CONFIGURATION
    assert unknown.err == "connection 'sales': is not in the configuration. Configured: demo.\n"


def test_a_daemon_that_runs_is_handed_the_calls(velma_sync: Command) -> None:
    with only_daemon(Path("ledger.db")):
        outcome = velma_sync("replay", "--yes")
    assert "A daemon runs; it writes by the mapping that it was started with." in outcome.err
    assert outcome.out == "15 calls handed to the daemon. Watch them with: velma-sync status\n"
