"""The analyzer's breaker and its present limit: two reasons not to send a paid request now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from velma_sync.ledger.database import Transaction
from velma_sync.ledger.schema import analyzer

SETTLING_SECONDS = 30.0
"""One burst of refusals halves the limit once; it then rises by one in each such span."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The analyzer's row. `limit_now` is None while the configured limit stands; `stop_code` while open."""

    name: str
    limit_now: int | None
    limit_at: datetime | None
    stop_code: str | None
    stop_reason: str | None
    stopped_at: datetime | None
    probe_at: datetime | None

    @property
    def stopped(self) -> bool:
        return self.stop_code is not None

    def limit(self, configured: int) -> int:
        return configured if self.limit_now is None else min(self.limit_now, configured)


def ensure(tx: Transaction, name: str) -> None:
    tx.insert_if_absent(analyzer, {"name": name})


def get(tx: Transaction, name: str) -> Spending:
    return Spending(**tx.run(select(analyzer).where(analyzer.c.name == name)).one()._mapping)


def listed(tx: Transaction) -> list[Spending]:
    return [Spending(**row._mapping) for row in tx.rows(select(analyzer).order_by(analyzer.c.name))]


def lock(tx: Transaction, name: str) -> Spending:
    """The same, and no other worker claims or pays until this transaction ends."""
    locked = select(analyzer).where(analyzer.c.name == name).with_for_update()
    return Spending(**tx.run(locked).one()._mapping)


def stop(tx: Transaction, name: str, code: str, reason: str, *, probe_after: float | None) -> bool:
    """Open the breaker. `probe_after` seconds the free check may close it; None leaves that to a person.

    Returns True when it was closed before: the moment to say so, once.
    """
    first = not lock(tx, name).stopped
    values = {
        "stop_code": code,
        "stop_reason": reason,
        "probe_at": None if probe_after is None else tx.now + timedelta(seconds=probe_after),
    }
    if first:
        values["stopped_at"] = tx.now
    tx.run(update(analyzer).where(analyzer.c.name == name).values(values))
    return first


def probe_later(tx: Transaction, name: str, seconds: float) -> None:
    """The free check could not tell: ask again later."""
    later = tx.now + timedelta(seconds=seconds)
    tx.run(update(analyzer).where(analyzer.c.name == name).values(probe_at=later))


def resume(tx: Transaction, name: str) -> bool:
    """Close the breaker. Returns True when it was open."""
    statement = update(analyzer).where(analyzer.c.name == name, analyzer.c.stop_code.is_not(None))
    values = {"stop_code": None, "stop_reason": None, "stopped_at": None, "probe_at": None}
    return tx.run(statement.values(values)).rowcount == 1


def lower_limit(tx: Transaction, name: str, configured: int) -> int:
    """The analyzer refused for concurrency: halve the limit, once in a burst. Returns the limit."""
    row = lock(tx, name)
    limit = row.limit(configured)
    if row.limit_at is not None and tx.now - row.limit_at < timedelta(seconds=SETTLING_SECONDS):
        return limit
    halved = max(1, limit // 2)
    tx.run(update(analyzer).where(analyzer.c.name == name).values(limit_now=halved, limit_at=tx.now))
    return halved


def raise_limit(tx: Transaction, name: str, configured: int) -> None:
    """An answer came under a lowered limit: allow one more, once in a while, up to the configured limit."""
    row = lock(tx, name)
    if row.limit_now is None or row.limit_at is None:
        return
    if tx.now - row.limit_at < timedelta(seconds=SETTLING_SECONDS):
        return
    raised = row.limit_now + 1
    values = {"limit_now": raised if raised < configured else None, "limit_at": tx.now}
    tx.run(update(analyzer).where(analyzer.c.name == name).values(values))
