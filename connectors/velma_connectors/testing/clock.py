"""A clock that only a test moves."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

TURN_SECONDS = 0.001


class ManualClock:
    """Stands still until it is moved. Waiting moves it by the whole wait, unless the event is set."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return (self.now() - self._start).total_seconds()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Answers like `Event.wait`, without the wait: other threads only get their turn."""
        if not event.wait(TURN_SECONDS):
            self.advance(seconds)
        return event.is_set()
