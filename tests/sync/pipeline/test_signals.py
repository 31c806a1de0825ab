"""Signals end a real daemon: after what is in flight, or at once without losing anything."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from velma_sync.daemon.signals import polite_end

from .rig import Rig

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0

DAEMON = """
import sys, threading
from pathlib import Path
from velma_connectors.testing.canned import CannedAnalyzer
from velma_sync.daemon import run_forever
from velma_sync.pipeline.clock import SystemClock
from tests.sync.pipeline.rig import Rig, answer

class Real(Rig):
    def start(self, ledger=None):
        self.clock = SystemClock()
        super().start(ledger)

def during():
    print("sent", flush=True)
    if sys.argv[2] == "hang":
        threading.Event().wait()
    assert sys.stdin.readline() == "go on\\n"

rig = Real(Path(sys.argv[1]), analyzer=CannedAnalyzer(default=answer("A summary."), during=during))
rig.crm.clock = rig.clock.now
rig.crm.add_call("c1", audio=b"one")
run_forever(rig.engine)
print(rig.states(), flush=True)
"""


def daemon(path: Path, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(path), mode],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sent(process: subprocess.Popen[str]) -> bool:
    """Read the daemon's lines until it says that its request is under way."""
    assert process.stdout is not None
    return any(line == "sent\n" for line in iter(process.stdout.readline, ""))


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_after_what_is_in_flight(tmp_path: Path, first: signal.Signals) -> None:
    process = daemon(tmp_path / "ledger.db", "answer")
    assert sent(process)
    process.send_signal(first)
    out, err = process.communicate("go on\n", timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "{'c1': 'done'}" in out


def test_a_second_signal_ends_the_daemon_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    process = daemon(tmp_path / "ledger.db", "hang")
    assert sent(process)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    rig = Rig(tmp_path / "ledger.db")
    assert rig.states() == {"c1": "new"}
    assert rig.billing().unknown == 1
    rig.close()


def test_signals_that_end_nothing_are_left_to_their_own_handlers() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: heard.append(number))
    stopped = threading.Event()
    try:
        with polite_end(stopped.set):
            signal.raise_signal(signal.SIGUSR1)
            assert heard == [signal.SIGUSR1]
            assert not stopped.is_set()
            signal.raise_signal(signal.SIGTERM)
            assert stopped.wait(PATIENCE)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert "signals" not in {thread.name for thread in threading.enumerate()}


def test_outside_the_main_thread_signals_are_not_ours() -> None:
    def handlers() -> list[object]:
        return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]

    before, during = handlers(), []

    def elsewhere() -> None:
        with polite_end(lambda: None):
            during.extend(handlers())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(PATIENCE)
    assert during == before
