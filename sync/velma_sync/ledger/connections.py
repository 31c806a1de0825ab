"""How far each connection was read, and whether it is paused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, update

from velma_sync.ledger.database import Transaction
from velma_sync.ledger.schema import connection


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One configured connection as the ledger knows it; columns are explained in `schema`."""

    name: str
    account_id: str | None
    start_at: datetime
    covered_until: datetime | None
    retry_at: datetime | None
    paused_at: datetime | None
    paused_reason: str | None
    probe_at: datetime | None
    faults: int


def rests(row: ConnectionRow, now: datetime) -> bool:
    """The connection is paused, or the CRM asked not to be called yet."""
    return row.paused_at is not None or (row.retry_at is not None and row.retry_at > now)


def ensure(tx: Transaction, name: str, start_at: datetime | None) -> ConnectionRow:
    """The connection's row, made on first sight. None starts at that moment.

    A changed `start_at` counts until something was read; from then on, history is nothing to begin
    by editing a file.
    """
    tx.insert_if_absent(connection, {"name": name, "start_at": start_at or tx.now, "faults": 0})
    row = get(tx, name)
    if start_at is None or start_at == row.start_at or row.covered_until is not None:
        return row
    tx.run(update(connection).where(connection.c.name == name).values(start_at=start_at))
    return replace(row, start_at=start_at)


def get(tx: Transaction, name: str) -> ConnectionRow:
    """Raises sqlalchemy.exc.NoResultFound for a connection that was never opened."""
    return ConnectionRow(**tx.run(select(connection).where(connection.c.name == name)).one()._mapping)


def listed(tx: Transaction) -> list[ConnectionRow]:
    return [ConnectionRow(**row._mapping) for row in tx.rows(select(connection).order_by(connection.c.name))]


def covered(tx: Transaction, name: str, until: datetime) -> None:
    """Discovery has read everything up to here; belongs into the transaction of its last page."""
    tx.run(update(connection).where(connection.c.name == name).values(covered_until=until, retry_at=None))


def remember_account(tx: Transaction, name: str, account_id: str) -> None:
    tx.run(update(connection).where(connection.c.name == name).values(account_id=account_id))


def wait(tx: Transaction, name: str, seconds: float) -> None:
    """The CRM asked not to be called for some time."""
    later = tx.now + timedelta(seconds=seconds)
    tx.run(update(connection).where(connection.c.name == name).values(retry_at=later))


def pause(tx: Transaction, name: str, reason: str, *, probe_after: float | None) -> bool:
    """Pause the connection. `probe_after` seconds a check may end it; None leaves that to a person.

    What waits for a person goes on waiting, with its reason, whatever else may pause the connection then.
    Returns True when it was running before: the moment to say so, once.
    """
    probe_at = None if probe_after is None else tx.now + timedelta(seconds=probe_after)
    statement = update(connection).where(connection.c.name == name, connection.c.paused_at.is_(None))
    first = tx.run(statement.values(paused_at=tx.now, paused_reason=reason, probe_at=probe_at)).rowcount == 1
    if not first:
        again = update(connection).where(connection.c.name == name)
        if probe_after is not None:
            again = again.where(connection.c.probe_at.is_not(None))
        tx.run(again.values(paused_reason=reason, probe_at=probe_at))
    return first


def resume(tx: Transaction, name: str) -> bool:
    """End a pause and forget the faults. Returns True when there was one: the moment to say so, once."""
    statement = update(connection).where(connection.c.name == name, connection.c.paused_at.is_not(None))
    values = {"paused_at": None, "paused_reason": None, "probe_at": None, "faults": 0}
    return tx.run(statement.values(values)).rowcount == 1


def due_probes(tx: Transaction, *, at_start: bool) -> list[str]:
    """Names of paused connections that a check may bring back now; at a start, whenever it was due."""
    names = select(connection.c.name)
    due = connection.c.probe_at.is_not(None) if at_start else connection.c.probe_at <= tx.now
    return list(tx.run(names.where(due)).scalars())


def count_fault(tx: Transaction, name: str) -> int:
    """One more failure of our own code on calls; returns how many there are since one was done."""
    statement = update(connection).where(connection.c.name == name).values(faults=connection.c.faults + 1)
    tx.run(statement)
    return tx.count(select(connection.c.faults).where(connection.c.name == name))


def forget_faults(tx: Transaction, name: str) -> None:
    tx.run(update(connection).where(connection.c.name == name, connection.c.faults > 0).values(faults=0))
