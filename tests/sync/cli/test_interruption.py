"""`doctor --probe` that is interrupted: its records are removed, or named."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any, cast

import pytest
from werkzeug.wrappers import Response

from velma_connectors.salesforce.probing import SUBJECT
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode

COMMAND = [sys.executable, "-c", "from velma_sync.cli.main import main; main()"]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def left(room: Rehearsal) -> list[str]:
    return [
        row["Id"]
        for row in room.org.rows("Task")
        if str(row["Subject"]).startswith(SUBJECT) and not row["IsDeleted"]
    ]


def interrupted(room: Rehearsal, number: signal.Signals, at: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a probe that gets this signal while it waits for an answer."""
    process = subprocess.Popen(
        [*COMMAND, "doctor", "--probe", "--yes", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def signalled(*request: Any) -> Any:
        process.send_signal(number)
        return Response("", status=503)(*request)

    room.faults["salesforce"].add(Fault(at, answer=cast(Response, signalled)))
    try:
        out, err = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            process.kill()
    return process.returncode, out, err


@pytest.mark.parametrize("number", SIGNALS)
def test_the_test_record_is_removed(room: Rehearsal, number: signal.Signals) -> None:
    code, out, err = interrupted(room, number, "^PATCH .*/sobjects/Task/")
    assert (code, out) == (ExitCode.INTERRUPTED, "")
    assert err.endswith("velma-sync: interrupted.\n")
    assert left(room) == []


def test_a_test_record_that_stays_is_named(room: Rehearsal) -> None:
    gone = json.dumps([{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no"}])
    refusal = Response(gone, status=403, content_type="application/json")
    room.faults["salesforce"].add(Fault("^DELETE .*/sobjects/Task/", times=9, answer=refusal))
    code, _, err = interrupted(room, signal.SIGTERM, "^PATCH .*/sobjects/Task/")
    assert code == ExitCode.INTERRUPTED
    (task_id,) = left(room)
    assert f"had to leave the task {task_id} ('{SUBJECT}') behind; delete it by hand." in err.splitlines()[-1]


def test_a_test_record_that_may_have_been_made_is_named(room: Rehearsal) -> None:
    code, _, err = interrupted(room, signal.SIGINT, "^POST .*/sobjects/Task$")
    assert code == ExitCode.INTERRUPTED
    assert err.endswith(f"If Salesforce shows a task '{SUBJECT}', delete it by hand.\n")


def test_an_interrupted_removal_names_its_record(room: Rehearsal) -> None:
    code, _, err = interrupted(room, signal.SIGTERM, "^DELETE .*/sobjects/Task/")
    assert code == ExitCode.INTERRUPTED
    assert f"('{SUBJECT}'), delete it by hand." in err.splitlines()[-1]
