"""The real daemon as a process of its own, and a look at its ledger from outside."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.installation import Installation

COMMAND = str(Path(sys.executable).with_name("velma-sync"))
LOOK_SECONDS = 0.05
END_SECONDS = 60.0


class BenchFailed(Exception):
    """The daemon did not do what was to be measured."""


@dataclass(frozen=True, slots=True)
class RunningDaemon:
    """`velma-sync run` on an installation."""

    pid: int
    place: Installation
    process: subprocess.Popen[bytes]

    def wait_for_calls(self, state: str, calls: int, *, seconds: float) -> None:
        """Return once at least so many calls are in that state. Raises BenchFailed when time is up."""
        self._wait_for(calls, seconds, "SELECT count(*) FROM call WHERE state = ?", state)

    def wait_for_answers(self, answers: int, *, seconds: float) -> None:
        """Return once at least so many answers are stored. Raises BenchFailed when time is up."""
        self._wait_for(answers, seconds, "SELECT count(*) FROM analysis")

    def oldest(self, state: str) -> datetime:
        """When the first of the calls that are in that state came into it."""
        return _moment(self._ask("SELECT min(state_at) FROM call WHERE state = ?", state)[0][0])

    def answers(self) -> list[datetime]:
        """When each answer was stored, in order."""
        return [_moment(row[0]) for row in self._ask("SELECT analyzed_at FROM analysis ORDER BY analyzed_at")]

    def _wait_for(self, wanted: int, seconds: float, counting: str, *values: str) -> None:
        until = time.monotonic() + seconds
        while int((self._ask(counting, *values) or [("0",)])[0][0]) < wanted:
            if self.process.poll() is not None or time.monotonic() > until:
                states = self._ask("SELECT state, code, count(*) FROM call GROUP BY state, code")
                raise BenchFailed(f"the daemon came only as far as {states}\n{self._log_tail()}")
            time.sleep(LOOK_SECONDS)

    def _log_tail(self) -> str:
        return "\n".join(_log(self.place).read_text().splitlines()[-5:])

    def _ask(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        """Nothing while the ledger is not there yet."""
        if not self.place.ledger.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.place.ledger}?mode=ro", uri=True)) as connection:
            try:
                return connection.execute(statement, values).fetchall()
            except sqlite3.OperationalError:
                return []


@contextmanager
def running(place: Installation) -> Iterator[RunningDaemon]:
    """Start the daemon, and end it politely. Raises BenchFailed when it does not end well."""
    with _log(place).open("wb") as log:
        process = subprocess.Popen(
            [COMMAND, "run", "--config", str(place.configuration)], stderr=log, start_new_session=True
        )
    try:
        yield RunningDaemon(process.pid, place, process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
    if status != 0:
        raise BenchFailed(f"the daemon ended with status {status}")


def _log(place: Installation) -> Path:
    return place.directory / "daemon.log"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
