"""Leases of this process are prolonged while the work under them goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from velma_sync.ledger import leases
from velma_sync.ledger.database import DATABASE_AWAY
from velma_sync.pipeline.engine import Engine

log = structlog.stdlib.get_logger(__name__)


def renew_held(engine: Engine) -> None:
    """Prolong every lease that is held. What the ledger does not take now is tried again next time."""
    owners = engine.leases.renewable(engine.clock.monotonic())
    if not owners:
        return
    try:
        with engine.ledger.write() as tx:
            leases.renew(tx, owners, engine.settings.lease_seconds)
    except DATABASE_AWAY as error:
        log.warning("Leases could not be renewed.", action="ledger_away", error=type(error).__name__)


@contextmanager
def renewing(engine: Engine) -> Iterator[None]:
    """Do so in a thread of its own, for work that no dispatcher looks after."""
    over = threading.Event()

    def renew() -> None:
        while not engine.clock.wait(over, engine.settings.renew_seconds):
            renew_held(engine)

    thread = threading.Thread(target=renew, name="renew", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
