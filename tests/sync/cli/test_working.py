"""The commands that work, on a sandbox: once, preview, status, calls, retry."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode
from velma_sync.ledger import schema
from velma_sync.ledger.database import open_ledger

Command = Callable[..., Any]
Golden = Callable[[str], str]
Edit = Callable[[str, str, str], None]


@pytest.fixture(autouse=True)
def with_fields(room: Rehearsal, velma_sync: Command) -> None:
    velma_sync("provision", "--apply", "--yes")


@pytest.fixture
def call(room: Rehearsal) -> str:
    """A call with a recording, a deal and a confirmed next step."""
    return f"demo:Task:{room.org_records['harborlight-3-negotiation']}"


def untimed(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\dZ", "<time>", text)


def billed(room: Rehearsal) -> int:
    count: int = room.usage()["velma"]["billed"]
    return count


def test_one_run_accounts_for_every_call(room: Rehearsal, velma_sync: Command, golden: Golden) -> None:
    outcome = velma_sync("once")
    assert outcome.out == golden("once.txt")
    assert outcome.code == ExitCode.FINE


def test_a_full_disk_is_told_by_a_run_and_by_status(
    room: Rehearsal, velma_sync: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    total, used, free = 10**12, 10**12 - 10**6, 10**6
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=total, used=used, free=free))
        run, status = velma_sync("once"), velma_sync("status")
        as_json = json.loads(velma_sync("status", "--json").out)
    for outcome in (run, status):
        assert "The disk of the ledger is nearly full: nothing is analyzed until it has room." in outcome.out
        assert outcome.code == ExitCode.REFUSED
    assert as_json["disk_full"]
    assert billed(room) == 0
    assert velma_sync("once").code == ExitCode.FINE
    assert not json.loads(velma_sync("status", "--json").out)["disk_full"]


def test_the_log_of_a_run_is_json_lines_with_actions_and_no_secret(
    room: Rehearsal, velma_sync: Command
) -> None:
    outcome = velma_sync("once")
    events = [json.loads(line) for line in outcome.err.splitlines()]
    assert {"discovered", "written"} <= {event.get("action") for event in events}
    for secret in (room.addresses.api_key, room.addresses.client_secret):
        assert secret not in outcome.err


def test_a_second_run_pays_and_finds_nothing(room: Rehearsal, velma_sync: Command) -> None:
    velma_sync("once")
    paid = billed(room)
    receipt = json.loads(velma_sync("once", "--json").out)
    assert receipt["discovered"] == 0
    assert receipt["billing"]["answered"] == 0
    assert billed(room) == paid


def test_status_after_a_run(room: Rehearsal, velma_sync: Command, golden: Golden) -> None:
    velma_sync("once")
    outcome = velma_sync("status")
    assert untimed(outcome.out) == golden("status.txt")
    assert outcome.code == ExitCode.FINE
    document = json.loads(velma_sync("status", "--json").out)
    assert {row["connection"] for row in document["calls"]} == {"demo"}


def test_status_names_the_fields_that_cannot_be_written_any_more_until_they_can(
    room: Rehearsal, velma_sync: Command
) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    call = f"demo:Task:{room.org_records['harborlight-3-negotiation']}"
    velma_sync("once", "--call", call, "--yes")
    assert velma_sync("status").code == ExitCode.FINE
    (right,) = [row for row in room.org.rows("FieldPermissions") if row["Field"] == "Task.Velma_Status__c"]
    room.org.update(right["Id"], {"PermissionsEdit": False})
    velma_sync("once", "--call", call)
    told = velma_sync("status")
    assert told.code == ExitCode.ATTENTION
    assert re.search(
        r"^demo: not written since \S+ \S+: Velma_Status__c: the field is read-only for this connection\.$",
        told.out,
        re.MULTILINE,
    )
    assert "velma-sync doctor" in told.out
    (refused,) = json.loads(velma_sync("status", "--json").out)["refused_fields"]
    assert (refused["connection"], refused["field"]) == ("demo", "Velma_Status__c")
    room.org.update(right["Id"], {"PermissionsEdit": True})
    velma_sync("once", "--call", call)
    mended = velma_sync("status")
    assert mended.code == ExitCode.FINE
    assert "not written since" not in mended.out


@pytest.mark.parametrize("arguments", [("status",), ("calls", "list"), ("calls", "show", "demo:Task:1")])
def test_before_the_first_run_there_is_nothing_to_look_at(
    velma_sync: Command, arguments: tuple[str, ...]
) -> None:
    outcome = velma_sync(*arguments)
    assert outcome.code == ExitCode.ATTENTION
    assert outcome.err.endswith("ledger.db: there is no ledger yet. Begin with: velma-sync once\n")


def test_looking_at_the_ledger_needs_no_credentials(room: Rehearsal, velma_sync: Command, edit: Edit) -> None:
    velma_sync("once")
    edit("velma-sync.yaml", "secrets_directory: secrets\n", "secrets_directory: /run/credentials/gone\n")
    assert velma_sync("once").code == ExitCode.CONFIGURATION
    assert velma_sync("status").code == ExitCode.FINE
    assert velma_sync("calls", "list").code == ExitCode.FINE


def test_calls_are_listed_by_what_is_asked_for(room: Rehearsal, velma_sync: Command, call: str) -> None:
    velma_sync("once")
    everything = velma_sync("calls", "list").out.splitlines()
    skipped = velma_sync("calls", "list", "--state", "skipped").out.splitlines()
    tasks = [record for record in room.org_records.values() if record.startswith("00T")]
    assert sorted(line.split()[0] for line in everything) == [
        f"demo:Task:{record}" for record in sorted(tasks)
    ]
    assert 0 < len(skipped) < len(everything)
    assert all("skipped" in line for line in skipped)
    assert len(velma_sync("calls", "list", "--limit", "1").out.splitlines()) == 1
    only = json.loads(velma_sync("calls", "list", "--record", call.rpartition(":")[2], "--json").out)
    assert [each["call"]["ref"]["id"] for each in only] == [call.rpartition(":")[2]]


def test_no_calls_are_said_to_be_none(velma_sync: Command) -> None:
    velma_sync("once")
    outcome = velma_sync("calls", "list", "--state", "dead")
    assert (outcome.code, outcome.out) == (ExitCode.FINE, "No calls.\n")
    assert json.loads(velma_sync("calls", "list", "--state", "dead", "--json").out) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("calls", "list", "--connection", "nope"), "connection 'nope': is not in the ledger. Known: demo."),
        (
            ("resume", "demo", "nope"),
            "connection or analyzer 'nope': is not in the ledger. Known: demo, velma-2.",
        ),
    ],
)
def test_a_name_nobody_knows_is_refused_with_those_that_are_known(
    velma_sync: Command, arguments: tuple[str, ...], told: str
) -> None:
    velma_sync("once")
    outcome = velma_sync(*arguments)
    assert (outcome.code, outcome.out, outcome.err) == (ExitCode.CONFIGURATION, "", f"{told}\n")


def test_a_calls_story_names_what_was_written(velma_sync: Command, call: str) -> None:
    velma_sync("once")
    outcome = velma_sync("calls", "show", call)
    assert outcome.code == ExitCode.FINE
    assert "state    done" in outcome.out
    assert re.search(r"Velma_Next_Step__c +written  - -> Confirmed", outcome.out)


def test_names_and_links_stay_out_of_every_output(room: Rehearsal, velma_sync: Command, call: str) -> None:
    velma_sync("once")
    outputs = [
        velma_sync(*arguments).out
        for arguments in (("calls", "list"), ("calls", "list", "--json"), ("calls", "show", call, "--json"))
    ]
    assert all(outputs)
    assert not any(room.addresses.recordings_url in output for output in outputs)
    assert not any('"title"' in output or '"name"' in output for output in outputs)


def test_a_preview_pays_only_when_told_to(room: Rehearsal, velma_sync: Command, call: str) -> None:
    outcome = velma_sync("preview", call, typed="n\n")
    assert outcome.code == ExitCode.ATTENTION
    assert "minutes of audio will be sent to Velma" in outcome.err
    assert "Nothing was sent." in outcome.err
    assert billed(room) == 0


def test_without_anyone_to_ask_nothing_is_paid(room: Rehearsal, velma_sync: Command, call: str) -> None:
    for arguments in (("preview", call), ("once", "--call", call)):
        outcome = velma_sync(*arguments, typed="")
        assert outcome.code == ExitCode.ATTENTION
        assert "add --yes" in outcome.err
    assert billed(room) == 0


def test_a_preview_writes_nothing_and_its_answer_is_kept(
    room: Rehearsal, velma_sync: Command, call: str
) -> None:
    before = room.usage()["salesforce"]["rows_written"]
    outcome = velma_sync("preview", call, "--yes")
    assert outcome.code == ExitCode.FINE
    assert re.search(r"write +Task:\w+\.Velma_Next_Step__c +- +Confirmed", outcome.out)
    assert "Note on Task:" in outcome.out
    assert room.usage()["salesforce"]["rows_written"] == before
    assert billed(room) == 1
    again = velma_sync("preview", call)
    assert again.code == ExitCode.FINE
    assert billed(room) == 1


def test_a_price_is_told_before_it_is_paid(velma_sync: Command, call: str, edit: Edit) -> None:
    edit("velma-sync.yaml", "    base_url:", "    price_per_audio_hour: 60\n    base_url:")
    told = velma_sync("preview", call, typed="n\n").err
    minutes, price = re.findall(
        r": ([\d.]+) minutes of audio will be sent to Velma, about ([\d.]+)\.\n", told
    )[0]
    assert float(price) == pytest.approx(float(minutes), abs=0.06), "60 an hour is 1 a minute"


def test_a_small_price_is_not_told_as_nothing(velma_sync: Command, call: str, edit: Edit) -> None:
    edit("velma-sync.yaml", "    base_url:", "    price_per_audio_hour: 0.01\n    base_url:")
    assert "will be sent to Velma, less than 0.01.\n" in velma_sync("preview", call, typed="n\n").err


def test_one_call_is_taken_through_now(room: Rehearsal, velma_sync: Command, call: str) -> None:
    outcome = velma_sync("once", "--call", call, typed="y\n")
    assert outcome.code == ExitCode.FINE
    assert "state    done" in outcome.out
    assert billed(room) == 1
    again = velma_sync("once", "--call", call)
    assert again.code == ExitCode.FINE
    assert "is analyzed already: nothing is paid." in again.err
    assert billed(room) == 1


def test_a_call_of_an_unknown_connection_is_refused_by_name(velma_sync: Command) -> None:
    for arguments in (("once", "--call", "sales:Task:1"), ("preview", "sales:Task:1")):
        outcome = velma_sync(*arguments)
        assert outcome.code == ExitCode.CONFIGURATION
        assert outcome.err == "connection 'sales': is not in the configuration. Configured: demo.\n"


def test_a_call_that_is_not_there_is_told(velma_sync: Command) -> None:
    for arguments in (
        ("once", "--call", "demo:Task:00TgL0000000099UAA"),
        ("preview", "demo:Task:00TgL0000000099UAA"),
    ):
        outcome = velma_sync(*arguments)
        assert outcome.code == ExitCode.ATTENTION
        assert "does not exist in the CRM" in outcome.err


def test_retry_tells_of_every_call(room: Rehearsal, velma_sync: Command, call: str) -> None:
    velma_sync("once")
    (skipped, *_) = velma_sync("calls", "list", "--state", "skipped").out.split()
    outcome = velma_sync("retry", skipped, call, "demo:Task:none")
    assert outcome.code == ExitCode.ATTENTION
    assert outcome.out.splitlines()[0] == f"retried  {skipped}"
    assert (
        "only calls that are held, dead, skipped, planned, no_recording, waiting_recording can be retried"
        in outcome.out
    )
    assert "To write it again: velma-sync once --call demo:Task:" in outcome.out
    assert "demo:Task:none is not in the ledger" in outcome.out
    assert velma_sync("retry", skipped).code == ExitCode.ATTENTION, "it is new now"


def test_a_missing_recording_is_looked_for_again(velma_sync: Command) -> None:
    velma_sync("once")
    (waiting, *_) = velma_sync("calls", "list", "--state", "waiting_recording").out.split()
    retried = json.loads(velma_sync("retry", waiting, "--json").out)
    assert retried == [{"call": waiting, "outcome": "retried", "state": "waiting_recording"}]


def test_many_calls_are_retried_by_state_and_code(room: Rehearsal, velma_sync: Command) -> None:
    velma_sync("once")
    outcome = velma_sync("retry", "--state", "skipped", "--code", "too_short")
    assert outcome.code == ExitCode.FINE
    assert re.fullmatch(r"retried  demo:Task:\w+\n1 call retried\.\n", outcome.out)
    assert "not_audio" in velma_sync("status").out, "the other skipped call stays"
    assert velma_sync("retry", "--code", "too_short").out == "0 calls retried.\n"
    paid = billed(room)
    velma_sync("once")
    assert billed(room) == paid + 1, "also for a call that was skipped for its length"


def test_a_state_alone_means_all_its_calls(velma_sync: Command) -> None:
    velma_sync("once")
    retried = json.loads(velma_sync("retry", "--state", "skipped", "--json").out)
    assert [each["outcome"] for each in retried] == ["retried", "retried"]


def test_an_org_that_refuses_us_makes_the_run_fail(room: Rehearsal, velma_sync: Command, edit: Edit) -> None:
    edit("secrets/velma_sync_demo_consumer_secret", "sandbox", "wrong")
    outcome = velma_sync("once")
    assert outcome.code == ExitCode.REFUSED
    assert "demo is paused:" in outcome.out
    status = velma_sync("status")
    assert status.code == ExitCode.REFUSED
    assert re.search(
        r"^demo: takes calls changed since <time>, never read yet\. Paused since <time>: \w",
        untimed(status.out),
        re.MULTILINE,
    )


def test_a_refused_key_stops_spending_and_is_told(room: Rehearsal, velma_sync: Command, edit: Edit) -> None:
    edit("secrets/velma_sync_velma_api_key", "sandbox", "wrong")
    outcome = velma_sync("once")
    assert outcome.code == ExitCode.REFUSED
    assert "Nothing more is paid for:" in outcome.out
    assert billed(room) == 0


def test_a_stop_is_ended_by_hand_once_its_reason_is_mended(
    room: Rehearsal, velma_sync: Command, edit: Edit
) -> None:
    edit("secrets/velma_sync_velma_api_key", "sandbox", "wrong")
    velma_sync("once")
    edit("secrets/velma_sync_velma_api_key", "wrong", "sandbox")
    outcome = velma_sync("resume", "velma-2")
    assert (outcome.code, outcome.out) == (ExitCode.FINE, "resumed  velma-2\n")
    again = velma_sync("resume", "velma-2", "demo")
    assert again.code == ExitCode.ATTENTION
    assert again.out == "not stopped  velma-2\nnot stopped  demo\n"
    assert velma_sync("once").code == ExitCode.FINE
    assert billed(room) > 0


def test_a_held_calls_trace_is_shown_redacted(room: Rehearsal, velma_sync: Command, call: str) -> None:
    velma_sync("once")
    with closing(open_ledger("ledger.db")) as ledger, ledger.write() as tx:
        trace = "Traceback ...\nValueError: token=hunter2"
        tx.run(update(schema.call).where(schema.call.c.record == call.rpartition(":")[2]).values(trace=trace))
    for arguments in (("calls", "show", call), ("calls", "show", call, "--json"), ("once", "--call", call)):
        shown = velma_sync(*arguments).out
        assert "ValueError: token=[redacted]" in shown
        assert "hunter2" not in shown
