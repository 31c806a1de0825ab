"""Counts over the whole ledger, for status pages and receipts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, func, select

from velma_sync.ledger.database import Transaction
from velma_sync.ledger.payments import Outcome
from velma_sync.ledger.schema import call, connection, payment
from velma_sync.ledger.states import CallState

LATEST = 200
"""Answers from which it is told how long one takes."""


@dataclass(frozen=True, slots=True)
class CallCount:
    """Calls of one connection in one state for one reason; `oldest` is when the first came into it."""

    connection: str
    state: CallState
    code: str | None
    calls: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Billing:
    """Paid requests. Unknown ones may have been billed; unmeasured ones have no length yet.

    Seconds are of audio.
    """

    answered: int
    answered_seconds: float
    unknown: int
    unknown_seconds: float
    unmeasured: int


@dataclass(frozen=True, slots=True)
class Ready:
    """Analyzed calls of one connection that could be written back now, and since when.

    `oldest_live` leaves history out; None when there is nothing else.
    """

    calls: int
    oldest: datetime
    oldest_live: datetime | None


_live_since = case((call.c.backfill.is_(None), call.c.state_at))
_ready = (
    select(call.c.connection, func.count(), func.min(call.c.state_at), func.min(_live_since))
    .where(call.c.state == CallState.ANALYZED, call.c.due_at <= bindparam("moment"))
    .group_by(call.c.connection)
)
# One descent of the index per connection: a minimum over several would walk the whole backlog.
_next_of_one = (
    select(func.min(call.c.due_at))
    .where(call.c.state == bindparam("wanted"), call.c.connection == connection.c.name)
    .scalar_subquery()
)
_next = select(_next_of_one).where(connection.c.name.in_(bindparam("names", expanding=True)))


def by_state(
    tx: Transaction, *, since: datetime | None = None, backfills: Collection[int] | None = None
) -> list[CallCount]:
    """Calls by connection, state and reason: all, those moved since then, or those of these backfills."""
    grouping = (call.c.connection, call.c.state, call.c.code)
    statement = (
        select(*grouping, func.count(), func.min(call.c.state_at)).group_by(*grouping).order_by(*grouping)
    )
    if since is not None:
        statement = statement.where(call.c.state_at >= since)
    if backfills is not None:
        statement = statement.where(call.c.backfill.in_(backfills))
    return [CallCount(row[0], CallState(row[1]), row[2], row[3], row[4]) for row in tx.rows(statement)]


def discovered(tx: Transaction, since: datetime) -> int:
    return tx.count(select(func.count()).where(call.c.discovered_at >= since))


def billing(tx: Transaction, *, since: datetime | None = None) -> Billing:
    """All paid requests, or those finished since then."""
    counted = (
        func.count(),
        func.coalesce(func.sum(payment.c.audio_seconds), 0.0),
        func.count(payment.c.audio_seconds),
    )
    statement = select(payment.c.outcome, *counted).group_by(payment.c.outcome)
    if since is not None:
        statement = statement.where(payment.c.finished_at >= since)
    rows = {row[0]: row for row in tx.rows(statement)}
    answered = rows.get(Outcome.ANSWERED, (None, 0, 0.0, 0))
    unknown = rows.get(Outcome.UNKNOWN, (None, 0, 0.0, 0))
    unmeasured = answered[1] - answered[3] + unknown[1] - unknown[3]
    return Billing(answered[1], float(answered[2]), unknown[1], float(unknown[2]), unmeasured)


def mean_answer_seconds(tx: Transaction) -> float | None:
    """How long the latest answers took; None before there was one."""
    latest = (
        select(payment.c.sent_at, payment.c.finished_at)
        .where(payment.c.outcome == Outcome.ANSWERED)
        .order_by(payment.c.id.desc())
        .limit(LATEST)
    )
    took = [(row.finished_at - row.sent_at).total_seconds() for row in tx.rows(latest)]
    return sum(took) / len(took) if took else None


def ready_to_write(tx: Transaction) -> dict[str, Ready]:
    """By connection, the analyzed calls whose time has come."""
    return {row[0]: Ready(row[1], row[2], row[3]) for row in tx.rows(_ready, {"moment": tx.now})}


def next_due(tx: Transaction, state: CallState, connections: Collection[str]) -> datetime | None:
    """When the next call of these connections in this state becomes due; in the past when one is."""
    found = tx.run(_next, {"wanted": state, "names": list(connections)}).scalars()
    return min((when for when in found if when is not None), default=None)
