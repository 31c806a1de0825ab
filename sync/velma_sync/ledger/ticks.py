"""Signs of life: which daemons run, and when each of their regular tasks last ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from velma_sync.ledger.database import Transaction
from velma_sync.ledger.schema import daemon, tick


@dataclass(frozen=True, slots=True)
class DaemonRow:
    """One run of the daemon. `stopped_at` is empty while it runs, and after it was killed."""

    owner: str
    started_at: datetime
    beat_at: datetime
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class TickRow:
    """The last run of a regular task, such as `discover:sales-eu`, and what was wrong with it."""

    name: str
    at: datetime
    ok: bool
    message: str | None


def started(tx: Transaction, owner: str) -> None:
    tx.insert_if_absent(daemon, {"owner": owner, "started_at": tx.now, "beat_at": tx.now})


def beat(tx: Transaction, owner: str) -> None:
    tx.run(update(daemon).where(daemon.c.owner == owner).values(beat_at=tx.now))


def stopped(tx: Transaction, owner: str) -> None:
    tx.run(update(daemon).where(daemon.c.owner == owner).values(beat_at=tx.now, stopped_at=tx.now))


def latest(tx: Transaction) -> DaemonRow | None:
    """The daemon that was alive last."""
    row = tx.first(select(daemon).order_by(daemon.c.beat_at.desc()).limit(1))
    return None if row is None else DaemonRow(**row._mapping)


def ticked(tx: Transaction, name: str, *, ok: bool = True, message: str | None = None) -> None:
    """A regular task has run."""
    values = {"at": tx.now, "ok": ok, "message": message}
    insert = tx.insert_into(tick).values(name=name, **values)
    tx.run(insert.on_conflict_do_update(index_elements=["name"], set_=values))


def listed(tx: Transaction) -> list[TickRow]:
    return [TickRow(**row._mapping) for row in tx.rows(select(tick).order_by(tick.c.name))]
