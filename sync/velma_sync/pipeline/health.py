"""Pauses of connections and the analyzer's breaker: said once, looked at again, ended once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from velma_connectors.errors import RetryLater, SpendStop, StopConnection
from velma_connectors.model import Health
from velma_sync.ledger import connections, spending, ticks
from velma_sync.ledger.database import DATABASE_AWAY, Ledger, Transaction
from velma_sync.pipeline import faults
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.settings import Connection

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")

FAULTS_TO_PAUSE = 3
REFUSED_KEY = "auth"


def attempt(engine: Engine, connection: Connection, task: str, work: Callable[[], T]) -> T | None:
    """Do regular work on a connection. None when it could not be done: then the ledger says why.

    A verdict pauses the connection or lets it rest; the third failure of our own code in a row of this
    task pauses it too. Neither harms other connections.
    """
    try:
        result = work()
    except RetryLater as later:
        with engine.ledger.write() as tx:
            connections.wait(tx, connection.name, later.after)
            ticks.ticked(tx, _tick(task, connection), ok=False, message=str(later))
        log.warning("A connection rests.", action="resting", connection=connection.name, reason=str(later))
        return None
    except StopConnection as stop:
        with engine.ledger.write() as tx:
            pause(tx, engine, connection.name, stop)
            ticks.ticked(tx, _tick(task, connection), ok=False, message=str(stop))
        return None
    except DATABASE_AWAY:
        raise  # the ledger is away, which is nobody's fault here
    except Exception as error:  # noqa: BLE001  # our own failure: counted, and other connections go on
        in_a_row = engine.remembered.faults.get(_tick(task, connection), 0) + 1
        engine.remembered.faults[_tick(task, connection)] = in_a_row
        with engine.ledger.write() as tx:
            _pause_after_faults(tx, connection.name, in_a_row, error)
            ticks.ticked(tx, _tick(task, connection), ok=False, message=type(error).__name__)
        faults.report("A task failed.", error, action="task_failed", task=_tick(task, connection))
        return None
    with engine.ledger.write() as tx:
        ticks.ticked(tx, _tick(task, connection))
    engine.remembered.faults.pop(_tick(task, connection), None)
    return result


def _tick(task: str, connection: Connection) -> str:
    return f"{task}:{connection.name}"


def pause(tx: Transaction, engine: Engine, name: str, stop: StopConnection) -> None:
    """Only the admin can mend it; a check looks again from time to time."""
    if connections.pause(tx, name, str(stop), probe_after=engine.settings.probe_seconds):
        log.error("A connection is paused.", action="paused", connection=name, reason=str(stop))


def count_fault(tx: Transaction, name: str, error: Exception) -> None:
    """Our own code failed on calls. Three times without a call that got done: the connection waits for a
    person, before more is paid for that is then held.
    """
    _pause_after_faults(tx, name, connections.count_fault(tx, name), error)


def _pause_after_faults(tx: Transaction, name: str, in_a_row: int, error: Exception) -> None:
    if in_a_row < FAULTS_TO_PAUSE:
        return
    reason = (
        f"velma-sync failed {in_a_row} times in a row on this connection, last with {type(error).__name__}. "
        "Report the traces of its held calls, then resume it."
    )
    if connections.pause(tx, name, reason, probe_after=None):
        log.error("A connection is paused.", action="paused", connection=name, reason=reason)


def stop_spending(tx: Transaction, engine: Engine, stop: SpendStop) -> None:
    """Nothing is paid for until the free check passes, or a person says so."""
    name = engine.analyzer.name
    if spending.stop(tx, name, stop.code, str(stop), probe_after=stop.retry_after):
        log.error("Spending is stopped.", action="spending_stopped", code=stop.code, reason=str(stop))


def greet(engine: Engine, connection: Connection) -> Health | None:
    """Ask the CRM who we are, and what the objects that are written to look like.

    Another account than the one seen first pauses the connection; so does a scope that is missing, before
    anything is paid for that could not be written.
    """

    def check() -> Health:
        health = connection.connector.check()
        _same_account(engine, connection, health)
        _look_at_fields(engine, connection)
        return health

    health = attempt(engine, connection, "check", check)
    for problem in health.problems if health is not None else ():
        log.warning("The CRM lacks something.", action="problem", connection=connection.name, problem=problem)
    return health


def _look_at_fields(engine: Engine, connection: Connection) -> None:
    objects = connection.connector.capabilities.objects
    for target in {rule.on for rule in connection.mapping.rules}:
        for name in objects.get(target, ()):
            engine.fields(connection, name)


def _same_account(engine: Engine, connection: Connection, health: Health) -> None:
    with engine.ledger.write() as tx:
        row = connections.ensure(tx, connection.name, connection.start_at)
        if row.account_id is None:
            connections.remember_account(tx, connection.name, health.account_id)
        elif row.account_id != health.account_id:
            raise StopConnection(
                f"Connection '{connection.name}' now reaches CRM account {health.account_id}, but its calls "
                f"come from {row.account_id}. Give the other account a connection name of its own."
            )


def probe(engine: Engine, *, at_start: bool = False) -> None:
    """Look whether paused connections work again, and whether spending may go on.

    `at_start` also looks before it is time: a person may have mended a secret and started us again.
    """
    with engine.ledger.read() as tx:
        due = [name for name in connections.due_probes(tx, at_start=at_start) if name in engine.connections]
    for name in due:
        if greet(engine, engine.connections[name]) is not None:
            resume_connection(engine.ledger, name)
    _probe_spending(engine, at_start=at_start)


def _probe_spending(engine: Engine, *, at_start: bool) -> None:
    name = engine.analyzer.name
    with engine.ledger.read() as tx:
        row = spending.get(tx, name)
        is_due = row.probe_at is not None and row.probe_at <= tx.now
    if not row.stopped or not (is_due or (at_start and row.stop_code == REFUSED_KEY)):
        return
    try:
        engine.analyzer.check()
    except SpendStop as stop:
        with engine.ledger.write() as tx:
            stop_spending(tx, engine, stop)
    except RetryLater as later:
        with engine.ledger.write() as tx:
            spending.probe_later(tx, name, later.after)
    else:
        resume_spending(engine.ledger, name)


def resume_connection(ledger: Ledger, name: str) -> bool:
    """End a pause. False when there was none."""
    with ledger.write() as tx:
        resumed = connections.resume(tx, name)
    if resumed:
        log.info("A connection has recovered.", action="recovered", connection=name)
    return resumed


def resume_spending(ledger: Ledger, analyzer: str) -> bool:
    """Close the analyzer's breaker. False when it was closed."""
    with ledger.write() as tx:
        resumed = spending.resume(tx, analyzer)
    if resumed:
        log.info("Spending goes on.", action="spending_resumed")
    return resumed
