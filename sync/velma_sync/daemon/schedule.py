"""When the regular tasks run, as triggers of APScheduler; what is due waits in the ledger, not here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler

from velma_sync.daemon.tasks import look_late, poll, sweep
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.faults import report


def scheduler_of(engine: Engine, wake: Callable[[], None]) -> BackgroundScheduler:
    """Triggers for every regular task, not started yet. `wake` is called after each run of one."""
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )

    def every(seconds: float, task: Callable[[], None], *, at_once: bool = False) -> None:
        first = {"next_run_time": datetime.now(UTC)} if at_once else {}
        scheduler.add_job(partial(_run, task, wake), "interval", seconds=seconds, **first)

    settings = engine.settings
    for connection in engine.connections.values():
        every(settings.poll_seconds, partial(poll, engine, connection), at_once=True)
        every(settings.sweep_seconds, partial(look_late, engine, connection))
    every(settings.sweep_seconds, partial(sweep, engine))
    return scheduler


def _run(task: Callable[[], None], wake: Callable[[], None]) -> None:
    try:
        task()
    except Exception as error:  # noqa: BLE001  # the database may be away; the next run is in a moment
        report("A regular task failed.", error, action="task_failed")
    wake()
