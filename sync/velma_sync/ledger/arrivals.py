"""How calls have been coming in, connection by connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from velma_sync.ledger.database import Transaction
from velma_sync.ledger.schema import call


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Calls that the daemon has found by itself, history left out, and when the latest was found."""

    connection: str
    calls: int
    latest: datetime


def listed(tx: Transaction) -> list[Arrivals]:
    """Of every connection that has any."""
    statement = (
        select(call.c.connection, func.count(), func.max(call.c.discovered_at))
        .where(call.c.backfill.is_(None))
        .group_by(call.c.connection)
        .order_by(call.c.connection)
    )
    return [Arrivals(*row) for row in tx.rows(statement)]
