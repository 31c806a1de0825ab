"""Texts that a CRM stores steer no terminal, forge no line, and are the same in JSON."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.streams import Door

Command = Callable[..., Any]

HOSTILE = "Evil\x1b[2J\x1b]0owned\x07\r\nforged\x9b31m\u202etxt\u2028forged\u200b"
SHOWN = "Evil\\u001b[2J\\u001b]0owned\\u0007 forged\\u009b31m\\u202etxt forged\\u200b"
CALL = "harborlight-3-negotiation"


@pytest.fixture
def hostile(room: Rehearsal, velma_sync: Command, monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    """An org in which every text that we show is of that kind. Somebody looks at a terminal."""
    value = {"fullName": HOSTILE, "label": HOSTILE, "default": False}
    values = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": [value]}}
    rivals = {"label": "Rivals", "type": "MultiselectPicklist", "visibleLines": 4, "valueSet": values}
    room.org.add_custom_field("Opportunity", "Velma_Competitors__c", rivals)
    velma_sync("provision", "--apply", "--yes")
    velma_sync("once")
    room.org.update(room.org.id, {"Name": HOSTILE})
    for row in room.org.rows("Task"):
        room.org.update(row["Id"], {"Subject": HOSTILE})
    for row in room.org.rows("Opportunity"):
        room.org.update(row["Id"], {"Velma_Negative_Spike__c": HOSTILE})
    monkeypatch.setattr(Door, "isatty", lambda _door: True)
    return room


def harmless(text: str) -> bool:
    lines = text.splitlines()
    steering = {char for char in text.replace("\n", "") if unicodedata.category(char) in ("Cc", "Cf", "Zl")}
    return not steering and not any(line.startswith("forged") for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ("reports", "--run"),
        ("provision",),
        ("doctor",),
        ("preview", "demo:Task:CALL"),
    ],
)
def test_no_command_shows_it_raw(hostile: Rehearsal, velma_sync: Command, arguments: tuple[str, ...]) -> None:
    words = [each.replace("CALL", hostile.org_records[CALL]) for each in arguments]
    outcome = velma_sync(*words)
    assert "Evil" in outcome.out
    assert harmless(outcome.out + outcome.err)
    document = velma_sync(*words, "--json").out
    assert harmless(document)
    assert "Evil" in str(json.loads(document))


def test_who_we_are_is_shown_line_by_line(hostile: Rehearsal, velma_sync: Command) -> None:
    Path("new").mkdir()
    given = hostile.addresses
    settings = {"login_url": given.salesforce_url, "consumer_key": given.client_key}
    settings["velma.base_url"] = given.velma_url
    Path("secrets/velma_sync_sales_consumer_secret").write_text(given.client_secret)
    outcome = velma_sync(
        *("init", "--kind", "salesforce", "--name", "sales", "--yes", "--secrets-directory", "secrets"),
        *(word for name, value in settings.items() for word in ("--set", f"{name}={value}")),
        *("--config", "new/velma-sync.yaml"),
    )
    assert f"\nConnected to {SHOWN}" in outcome.err
    assert harmless(outcome.out + outcome.err)


def test_what_was_there_before_is_shown_in_a_line(hostile: Rehearsal, velma_sync: Command) -> None:
    ref = f"demo:Task:{hostile.org_records[CALL]}"
    velma_sync("once", "--call", ref, "--yes")
    for arguments in (("calls", "list"), ("calls", "show", ref), ("status",)):
        outcome = velma_sync(*arguments)
        assert outcome.out
        assert harmless(outcome.out)


@pytest.mark.parametrize("json_flag", [(), ("--json",)])
def test_a_refusal_with_words_of_the_crm_is_one_line_on_stderr(
    hostile: Rehearsal, velma_sync: Command, json_flag: tuple[str, ...]
) -> None:
    answer = Response(json.dumps([{"errorCode": HOSTILE, "message": HOSTILE}]), status=400)
    hostile.faults["salesforce"].add(Fault(".", times=1000, answer=answer))
    ref = "demo:Task:00T000000000001AAA"
    outcome = velma_sync("preview", ref, *json_flag)
    assert outcome.code != 0
    assert outcome.err
    assert harmless(outcome.out + outcome.err)
