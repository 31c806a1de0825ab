"""Commands whose life as a process matters: signals, exit codes, what is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.rehearsal import Rehearsal

COMMAND = [sys.executable, "-c", "from velma_sync.cli.main import main; main()"]


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, which does not outlive the test."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finished(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=120)


def wait_for(stream: IO[str] | None, action: str) -> list[dict[str, Any]]:
    """Read log events up to the first with this action."""
    assert stream is not None
    events = []
    for line in stream:
        events.append(json.loads(line))
        if events[-1].get("action") == action:
            return events
    raise AssertionError(f"the process ended without '{action}': {events}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_ends_politely_at_the_first_signal(
    room: Rehearsal, velma_sync: Callable[..., Any], number: signal.Signals
) -> None:
    velma_sync("provision", "--apply", "--yes")
    with running("run") as process:
        wait_for(process.stderr, "written")
        process.send_signal(number)
        wait_for(process.stderr, "stopped")
        assert process.wait(60) == 0
    assert "No daemon is running; the last one stopped at" in velma_sync("status").out


def test_only_one_daemon_works_on_a_ledger(room: Rehearsal, velma_sync: Callable[..., Any]) -> None:
    with running("run") as process:
        wait_for(process.stderr, "started")
        outcome = velma_sync("once")
        assert outcome.code == 1
        assert f"another daemon (process {process.pid}) works on this ledger" in outcome.err
        assert "A daemon has been running since" in velma_sync("status").out


def test_a_killed_daemon_is_not_said_to_run(room: Rehearsal, velma_sync: Callable[..., Any]) -> None:
    with running("run") as process:
        wait_for(process.stderr, "started")
        assert json.loads(velma_sync("status", "--json").out)["daemon_runs"] is True
        process.kill()
        process.wait(60)
    assert "No daemon is running; the last one stopped unexpectedly" in velma_sync("status").out
    assert json.loads(velma_sync("status", "--json").out)["daemon_runs"] is False


def test_a_command_in_a_sandbox_uses_nothing_of_the_real_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VELMA_SYNC_VELMA_API_KEY", "a-real-key")
    monkeypatch.setenv("VELMA_SYNC_CONFIG", "/etc/velma-sync.yaml")
    script = "import json, os; print(json.dumps({n: v for n, v in os.environ.items() if n[:6] == 'VELMA_'}))"
    done = finished("sandbox", str(tmp_path / "trial"), "--", sys.executable, "-c", script)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "VELMA_SYNC_CONFIG": str(tmp_path / "trial/velma-sync.yaml"),
        "VELMA_SYNC_SECRETS_DIR": str(tmp_path / "trial/secrets"),
    }


def test_a_sandbox_ends_as_its_command_did(tmp_path: Path) -> None:
    trial = str(tmp_path / "trial")
    assert finished("sandbox", trial, "--", sys.executable, "-c", "raise SystemExit(7)").returncode == 7
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert finished("sandbox", trial, "--", sys.executable, "-c", killed).returncode == 128 + signal.SIGKILL
    missing = finished("sandbox", trial, "--", "no-such-command")
    assert missing.returncode == 2
    assert "'no-such-command' cannot be started: No such file or directory." in missing.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_sandbox_serves_until_it_is_interrupted_or_its_terminal_ends(tmp_path: Path, number: int) -> None:
    with running("sandbox", str(tmp_path / "trial")) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(3)]
        variables = dict(line.removeprefix("  export ").strip().split("=", 1) for line in told[1:])
        checked = subprocess.run(
            [*COMMAND, "doctor"], env=os.environ | variables, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 1, "the fresh org lacks fields, and everything answers"
        process.send_signal(number)
        assert process.wait(60) == 0


def test_an_interrupted_backfill_is_not_paid_by_the_next(
    room: Rehearsal, velma_sync: Callable[..., Any]
) -> None:
    now, path = datetime.now(UTC), Path("velma-sync.yaml")
    path.write_text(re.sub(r"start_at: .*", f"start_at: {now:%Y-%m-%dT%H:%M:%SZ}", path.read_text()))
    first, middle = (f"{now - timedelta(days=days):%Y-%m-%d}" for days in (60, 7))
    held = room.faults["velma"].add(Fault("^POST ", times=3, hold=True))
    with running("backfill", "--since", first, "--until", middle, "--yes") as process:
        assert held.reached.wait(60)
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        assert any('"stopping"' in line for line in process.stderr)
        held.release.set()
        assert process.wait(60) == 1
    paid, left = room.usage()["velma"]["billed"], planned(velma_sync)
    assert 0 < paid <= 3
    assert left > 0
    outcome = velma_sync("backfill", "--since", middle, "--yes", "--json")
    (forecast,) = json.loads(outcome.out)["forecast"]
    assert 0 < room.usage()["velma"]["billed"] - paid <= forecast["calls"]
    assert planned(velma_sync) == left


def planned(velma_sync: Callable[..., Any]) -> int:
    counts = json.loads(velma_sync("status", "--json").out)["calls"]
    return sum(each["calls"] for each in counts if each["state"] == "planned")
