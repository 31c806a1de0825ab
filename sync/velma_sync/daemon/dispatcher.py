"""Keeps as many calls in flight as may be, writes batches that are ready, and sleeps in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from velma_sync.daemon.renewal import renew_held
from velma_sync.ledger import connections, counts, spending
from velma_sync.ledger.counts import Ready
from velma_sync.ledger.database import DATABASE_AWAY
from velma_sync.ledger.states import CallState
from velma_sync.pipeline.analyze import work_one
from velma_sync.pipeline.backfill import Fed
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.faults import report
from velma_sync.pipeline.write_back import flush

log = structlog.stdlib.get_logger(__name__)

BUSY_SECONDS = 1.0
"""Most time between two looks while something runs: batches fill, leases want renewal."""
WORTH_WAITING_SECONDS = 20.0
"""A run that ends when idle still waits for a call due this soon, as after a refusal for concurrency."""
AWAY_SECONDS = 5.0
"""Wait for a database that is away."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What the ledger holds to be done. `next_new` is when a call to analyze is due next.

    `more` says that history is still to be brought in.
    """

    now: datetime
    next_new: datetime | None
    ready: dict[str, Ready]
    more: bool

    @property
    def has_due(self) -> bool:
        return self.next_new is not None and self.next_new <= self.now


class Dispatcher:
    """Runs in the thread that calls `run`; workers and writers have threads of their own.

    `feed` may bring calls of the past in before each look. `on_look` is called
    after every look at the ledger, for showing progress. What was tried in vain is
    not tried again before something has changed: a call or batch ended, a task ran, or time went by.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        feed: Callable[[], Fed] = Fed,
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._feed = feed
        self._on_look = on_look
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._working = 0
        self._writing: set[str] = set()
        self._changes = 0
        self._claimed_in_vain_at = -1
        self._wrote_in_vain_at: dict[str, int] = {}
        self._renewed_at = engine.clock.monotonic()

    def wake(self) -> None:
        """Something has changed: there may be something to do."""
        with self._lock:
            self._changes += 1
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; what is in flight is finished and written."""
        self._stopping.set()
        self._wake.set()

    def run(self, *, until_idle: bool) -> None:
        """Work until stopped, or until nothing is due any more; then nothing of ours is in flight."""
        writers = max(1, len(self._engine.connections))
        with (
            ThreadPoolExecutor(self._engine.settings.max_in_flight, "analyze") as analyzing,
            ThreadPoolExecutor(writers, "write") as writing,
        ):
            try:
                while self._step(analyzing, writing, until_idle=until_idle):
                    self._renew()
            finally:
                self._stopping.set()

    def _step(self, analyzing: ThreadPoolExecutor, writing: ThreadPoolExecutor, *, until_idle: bool) -> bool:
        """Look, start what can be started, and wait. False when it is over."""
        self._wake.clear()
        was_quiet = self._is_quiet()
        load = self._look()
        if load is None:
            if was_quiet and self._stopping.is_set():
                return False
            self._engine.clock.wait(self._wake, AWAY_SECONDS)
            return True
        self._start_workers(analyzing, load)
        self._start_writers(writing, load)
        self._on_look()
        if was_quiet and self._is_quiet() and self._ends(load, until_idle=until_idle):
            return False
        if not self._engine.clock.wait(self._wake, self._pause(load)):
            self.wake()
        return True

    def _ends(self, load: Workload, *, until_idle: bool) -> bool:
        if self._stopping.is_set() or not until_idle:
            return self._stopping.is_set()
        if load.more:
            return False
        soon = load.now + timedelta(seconds=WORTH_WAITING_SECONDS)
        return load.has_due or load.next_new is None or load.next_new > soon

    def _is_quiet(self) -> bool:
        with self._lock:
            return not self._working and not self._writing

    def _look(self) -> Workload | None:
        engine = self._engine
        try:
            fed = Fed() if self._stopping.is_set() else self._feed()
            if fed.calls:
                with self._lock:
                    self._changes += 1
            with engine.ledger.read() as tx:
                rows = connections.listed(tx)
                names = [row.name for row in rows if row.paused_at is None and row.name in engine.connections]
                stopped = spending.get(tx, engine.analyzer.name).stopped
                next_new = None if stopped else counts.next_due(tx, CallState.NEW, names)
                ready = {name: each for name, each in counts.ready_to_write(tx).items() if name in names}
                return Workload(tx.now, next_new, ready, fed.more)
        except DATABASE_AWAY as error:
            log.warning("The ledger is away.", action="ledger_away", error=type(error).__name__)
            return None

    def _can_claim(self, load: Workload) -> bool:
        in_vain = self._claimed_in_vain_at == self._changes
        return load.has_due and not in_vain and not self._stopping.is_set()

    def _start_workers(self, pool: ThreadPoolExecutor, load: Workload) -> None:
        with self._lock:
            if not self._can_claim(load):
                return
            free = self._engine.settings.max_in_flight - self._working
            self._working += free
        for _ in range(free):
            pool.submit(self._work)

    def _work(self) -> None:
        """One worker: call after call, until there is none to claim."""
        try:
            while not self._stopping.is_set():
                with self._lock:
                    seen = self._changes
                if not self._work_one():
                    with self._lock:
                        self._claimed_in_vain_at = max(self._claimed_in_vain_at, seen)
                    return
                with self._lock:
                    self._changes += 1
        finally:
            with self._lock:
                self._working -= 1
            self._wake.set()

    def _work_one(self) -> bool:
        try:
            return work_one(self._engine)
        except Exception as error:  # noqa: BLE001  # its lease ends by itself, the call is taken up again
            report("A worker failed.", error, action="worker_failed")
            return False

    def _start_writers(self, pool: ThreadPoolExecutor, load: Workload) -> None:
        for name, ready in load.ready.items():
            with self._lock:
                if name in self._writing or self._is_blocked(name) or not self._is_ready(name, ready, load):
                    continue
                self._writing.add(name)
            pool.submit(self._write, name)

    def _is_blocked(self, name: str) -> bool:
        return self._wrote_in_vain_at.get(name) == self._changes

    def _is_ready(self, name: str, ready: Ready, load: Workload) -> bool:
        """A full batch, one that has waited long enough, or nothing in flight that could join it."""
        if ready.calls >= self._engine.connections[name].connector.capabilities.write_batch:
            return True
        settings = self._engine.settings
        if load.now - ready.oldest >= timedelta(seconds=settings.backfill_linger_seconds):
            return True
        live = ready.oldest_live
        if live is not None and load.now - live >= timedelta(seconds=settings.linger_seconds):
            return True
        return self._working == 0 and not self._can_claim(load) and not load.more

    def _write(self, name: str) -> None:
        with self._lock:
            seen = self._changes
        taken = 0
        try:
            taken = flush(self._engine, self._engine.connections[name])
        except Exception as error:  # noqa: BLE001  # its lease ends by itself, the batch is written again
            report("A writer failed.", error, action="writer_failed", connection=name)
        finally:
            with self._lock:
                self._writing.discard(name)
                if taken:
                    self._changes += 1
                else:
                    self._wrote_in_vain_at[name] = seen
            self._wake.set()

    def _pause(self, load: Workload) -> float:
        """Seconds until time alone can have changed something."""
        settings = self._engine.settings
        if not self._is_quiet():
            return min(BUSY_SECONDS, settings.renew_seconds)
        seconds = settings.sweep_seconds
        if load.next_new is not None and not load.has_due:
            seconds = min(seconds, (load.next_new - load.now).total_seconds())
        return seconds

    def _renew(self) -> None:
        engine, now = self._engine, self._engine.clock.monotonic()
        if now - self._renewed_at < engine.settings.renew_seconds:
            return
        self._renewed_at = now
        renew_held(engine)
