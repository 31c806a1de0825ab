"""Requests of a usual day: the whole daemon over real HTTP, in virtual time.

Run as a module it simulates some hours and prints what the emulated CRM counted, as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from unittest.mock import patch

from apscheduler.schedulers.background import BackgroundScheduler

from bench.controlled import CONTROL
from bench.crms import CRMS, Crm
from bench.daemon import BenchFailed
from bench.installation import Installation, installed
from bench.table import Measure
from bench.virtual_time import Days, Recurring, SlowAnalyzer, VirtualClock
from velma_sync import log
from velma_sync.config.load import load_configuration
from velma_sync.daemon import run_forever, schedule
from velma_sync.daemon.dispatcher import Dispatcher
from velma_sync.ledger.database import open_ledger
from velma_sync.pipeline.engine import Engine
from velma_sync.workspace import Workspace

HOUR = 3600.0
CALLS_A_DAY = 1_000
WORKING_HOURS = 9
SIMULATED_HOURS = 2
ANALYSIS_SECONDS = 120.0
IN_FLIGHT = 8
DRAIN_SECONDS = 300.0
CLOCK_STEP_SECONDS = 10.0


def measure(crm: Crm) -> Measure:
    run = subprocess.run(
        [sys.executable, "-m", "bench.steady", crm.kind], stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode:
        raise BenchFailed("the simulated hours broke off")
    counted = json.loads(run.stdout)
    busy, after, idle = (Counter(counted[hours]) for hours in ("busy", "after", "idle"))
    calls, other_hours = counted["calls"], 24 - WORKING_HOURS
    a_day = busy.total() * CALLS_A_DAY / calls + after.total() + idle.total() * (other_hours - 1)
    kinds = ", ".join(f"{count / calls:.2f} {kind}" for kind, count in busy.most_common())
    return Measure(
        "requests",
        f"{crm.title}: {CALLS_A_DAY:,} calls a day, CRM requests per call",
        f"{a_day / CALLS_A_DAY:.1f}",
        detail=(
            f"while calls come in, {busy.total() / calls:.2f} per call: {kinds}",
            f"an hour without calls: {idle.total()}, the first one after the last call {after.total()}",
            f"simulated: {SIMULATED_HOURS} of {WORKING_HOURS} working hours, {calls} calls evenly over them, "
            f"and 2 of {other_hours} other hours; the day is the sum in proportion",
            f"analyses of {ANALYSIS_SECONDS:.0f} s, {IN_FLIGHT} in flight; poll and linger at their defaults",
        ),
    )


class _Simulation:
    """Takes the place of the scheduler: starts with the daemon, passes the hours, and stops it."""

    def __init__(
        self, place: Installation, clock: VirtualClock, jobs: BackgroundScheduler, dispatcher: Dispatcher
    ) -> None:
        self._place = place
        self._clock = clock
        self._dispatcher = dispatcher
        self._told_at = clock.now()
        self._calls = 0
        self._days = Days(clock, dispatcher, _tasks(jobs), self._tell_time)
        self._thread = threading.Thread(target=self._pass_hours)
        self.counted: dict[str, object] = {}

    def start(self) -> None:
        self._thread.start()

    def shutdown(self) -> None:
        self._thread.join()

    def _pass_hours(self) -> None:
        try:
            every = WORKING_HOURS * HOUR / CALLS_A_DAY
            end = SIMULATED_HOURS * HOUR
            self._days.pass_until(end, [Recurring(self._log_call, every, every / 2)])
            self._days.pass_until(end + DRAIN_SECONDS)
            busy = self._place.crm_requests()
            self._days.pass_until(end + DRAIN_SECONDS + HOUR)
            after = self._place.crm_requests()
            self._days.pass_until(end + DRAIN_SECONDS + 2 * HOUR)
            idle = self._place.crm_requests() - after
            self.counted = {"calls": self._calls, "busy": busy, "after": after - busy, "idle": idle}
        finally:
            self._dispatcher.stop()

    def _log_call(self) -> None:
        self._place.crm.ask(f"{CONTROL}/calls", {"first": self._calls, "count": 1})
        self._calls += 1

    def _tell_time(self, now: datetime) -> None:
        """The CRM's clock follows ours in small steps."""
        if (now - self._told_at).total_seconds() >= CLOCK_STEP_SECONDS:
            self._place.crm.ask(f"{CONTROL}/clock", {"now": now.isoformat()})
            self._told_at = now


def _tasks(scheduler: BackgroundScheduler) -> list[Recurring]:
    """The daemon's own regular tasks, at their own rhythm. Those with a first time begin at once."""
    return [
        Recurring(job.func, every, 0.0 if hasattr(job, "next_run_time") else every)
        for job in scheduler.get_jobs()
        if (every := job.trigger.interval.total_seconds())
    ]


def simulate(place: Installation) -> dict[str, object]:
    """Requests by kind: in the hours with calls, in the hour after them, and in the one after that."""
    clock = VirtualClock(datetime.now(UTC).replace(microsecond=0))
    real, simulations = schedule.scheduler_of, list[_Simulation]()

    def scheduler_of(engine: Engine, wake: Callable[[], None]) -> _Simulation:
        dispatcher: Dispatcher = wake.__self__  # type: ignore[attr-defined]  # the method's object
        simulations.append(_Simulation(place, clock, real(engine, wake), dispatcher))
        return simulations[0]

    place.crm.ask(f"{CONTROL}/clock", {"now": clock.now().isoformat()})
    with (
        Workspace(load_configuration(place.configuration)) as workspace,
        closing(open_ledger(place.directory / "virtual.db", clock=clock.now)) as ledger,
        patch.object(schedule, "scheduler_of", scheduler_of),
    ):
        analyzer = SlowAnalyzer(workspace.analyzer, clock, ANALYSIS_SECONDS)
        run_forever(replace(workspace.engine, ledger=ledger, clock=clock, analyzer=analyzer))
    return simulations[0].counted


if __name__ == "__main__":
    log.configure("warning")
    quiet = installed(calls=0, latency_seconds=0.0, max_in_flight=IN_FLIGHT, crm=CRMS[sys.argv[1]])
    with quiet as quiet_place:
        print(json.dumps(simulate(quiet_place)))
