"""What a daemon does regularly, one function per task."""

from __future__ import annotations

import structlog

from velma_sync.ledger import leases, payments, ticks
from velma_sync.pipeline.discover import discover
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.health import attempt, probe
from velma_sync.pipeline.late import look_for_recordings
from velma_sync.pipeline.settings import Connection

log = structlog.stdlib.get_logger(__name__)


def poll(engine: Engine, connection: Connection) -> None:
    """New and changed calls of one connection."""
    attempt(engine, connection, "discover", lambda: discover(engine, connection))


def look_late(engine: Engine, connection: Connection) -> None:
    """Missing recordings of one connection."""
    attempt(engine, connection, "late", lambda: look_for_recordings(engine, connection))


def sweep(engine: Engine) -> None:
    """Lapsed leases, requests that outlived every deadline, pauses that may end; a sign of life."""
    settings = engine.settings
    with engine.ledger.write() as tx:
        ticks.beat(tx, engine.process)
        alive = engine.leases.renewable(engine.clock.monotonic())
        returned = leases.return_expired(tx, settings.lease_rules, alive=alive)
        payments.give_up_stale(tx, settings.deadline_seconds + settings.lease_seconds)
    if returned:
        log.warning("Took calls over from workers that are gone.", action="taken_over", calls=returned)
    probe(engine)
