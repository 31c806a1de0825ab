from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
Golden = Callable[[str], str]


def test_the_plan_changes_nothing(room: Rehearsal, velma_sync: Command, golden: Golden) -> None:
    outcome = velma_sync("provision")
    assert outcome.out == golden("provision_plan.txt")
    assert outcome.code == ExitCode.FINE
    assert velma_sync("provision").out == outcome.out


def test_what_was_done_is_not_done_again(room: Rehearsal, velma_sync: Command) -> None:
    applied = velma_sync("provision", "--apply")
    assert applied.code == ExitCode.FINE
    assert {line.split()[0] for line in applied.out.splitlines()} == {"ok"}
    assert velma_sync("provision").out == "41 fields are there already.\nNothing to do.\n"
    assert velma_sync("provision", "--apply").out == "41 fields are there already.\n"


def test_plans_come_as_json_too(room: Rehearsal, velma_sync: Command) -> None:
    plans = json.loads(velma_sync("provision", "--json").out)
    assert {step["action"] for step in plans[0]["steps"]} == {"create"}
