"""Hours of a daemon in seconds: real threads, real requests, and a clock that jumps when all of them wait.

The clock stands still while anything is done. Once the dispatcher waits, and every worker sleeps through
an analysis, it goes on to the next moment at which something is due.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from velma_connectors.analysis import Analysis, AnalysisConfig
from velma_connectors.protocol import Analyzer, AnalyzerCapabilities, AnalyzerHealth, Audio
from velma_sync.daemon.dispatcher import Dispatcher

LOOK_SECONDS = 0.0003
STUCK_SECONDS = 60.0


class VirtualClock:
    """Fulfils the engine's `Clock`. One thread, the dispatcher's, calls `wait`; workers call `sleep`."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._seconds = 0.0
        self._moved = threading.Condition()
        self._asleep: list[float] = []
        self._waiting: tuple[threading.Event, float] | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        until = self._seconds + seconds
        self._waiting = (event, until)
        while not event.wait(LOOK_SECONDS) and self._seconds < until:
            pass
        self._waiting = None
        return event.is_set()

    def sleep(self, seconds: float) -> None:
        with self._moved:
            until = self._seconds + seconds
            self._asleep.append(until)
            self._moved.wait_for(lambda: self._seconds >= until)

    def settled(self, busy: int) -> bool:
        """Whether the dispatcher waits, and as many workers sleep as there are busy ones."""
        waiting = self._waiting
        if waiting is None or waiting[0].is_set() or waiting[1] <= self._seconds:
            return False
        return len(self._asleep) == busy

    def next_moment(self) -> float:
        """When the next wait or sleep ends."""
        waiting = self._waiting
        return min([*self._asleep, *([waiting[1]] if waiting else [])])

    def move_to(self, seconds: float) -> None:
        with self._moved:
            self._seconds = seconds
            self._asleep = [until for until in self._asleep if until > seconds]
            self._moved.notify_all()


class SlowAnalyzer:
    """A real analyzer whose every answer takes some virtual seconds longer."""

    def __init__(self, analyzer: Analyzer, clock: VirtualClock, seconds: float) -> None:
        self._analyzer = analyzer
        self._clock = clock
        self._seconds = seconds

    @property
    def name(self) -> str:
        return self._analyzer.name

    @property
    def capabilities(self) -> AnalyzerCapabilities:
        return self._analyzer.capabilities

    def check(self) -> AnalyzerHealth:
        return self._analyzer.check()

    def analyze(self, audio: Audio, config: AnalysisConfig, *, deadline_seconds: float) -> bytes:
        answer = self._analyzer.analyze(audio, config, deadline_seconds=deadline_seconds)
        self._clock.sleep(self._seconds)
        return answer

    def parse(
        self, answer: bytes, *, audio_sha256: str, config: AnalysisConfig, analyzed_at: datetime
    ) -> Analysis:
        return self._analyzer.parse(answer, audio_sha256=audio_sha256, config=config, analyzed_at=analyzed_at)

    def heard_seconds(self, answer: bytes) -> float | None:
        return self._analyzer.heard_seconds(answer)

    def close(self) -> None:
        self._analyzer.close()


@dataclass(slots=True)
class Recurring:
    """Something to do at `due` (seconds since the start) and then again every `every` seconds."""

    do: Callable[[], None]
    every: float
    due: float


class Days:
    """Drives the clock. `on_move` is told of every moment before anything happens at it."""

    def __init__(
        self,
        clock: VirtualClock,
        dispatcher: Dispatcher,
        tasks: Sequence[Recurring],
        on_move: Callable[[datetime], None],
    ) -> None:
        self._clock = clock
        self._dispatcher = dispatcher
        self._tasks = tasks
        self._on_move = on_move

    def pass_until(self, end: float, also: Sequence[Recurring] = ()) -> None:
        """Let time pass to that second. Raises TimeoutError when something never comes to rest."""
        tasks = [*self._tasks, *also]
        while self._clock.monotonic() < end:
            self._settle()
            moment = min([self._clock.next_moment(), end, *(task.due for task in tasks)])
            self._clock.move_to(moment)
            self._on_move(self._clock.now())
            for task in tasks:
                if task.due <= moment:
                    task.due += task.every
                    task.do()

    def _settle(self) -> None:
        until = time.monotonic() + STUCK_SECONDS
        # What the dispatcher knows of its own threads is private to it, and exactly what is needed here.
        while not self._clock.settled(self._dispatcher._working + len(self._dispatcher._writing)):
            if time.monotonic() > until:
                raise TimeoutError("the daemon does not come to rest")
            time.sleep(LOOK_SECONDS)
