"""History that is brought in bit by bit: which calls wait for it, and what has been spent on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, insert, or_, select, update

from velma_sync.ledger.calls import StoredCall, stored
from velma_sync.ledger.database import AnyRow, Transaction
from velma_sync.ledger.moves import move_all
from velma_sync.ledger.payments import Outcome
from velma_sync.ledger.schema import backfill, call, payment
from velma_sync.ledger.states import ENDED, CallState

STOPPED = "backfill_stopped"
"""The `code` of a call that was planned when its backfill was ended."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """One backfill of a connection: calls that took place from `since` to `until`.

    `max_cost` is in the currency of the configured price, `max_hours` of audio; both are of all backfills
    that were begun together, as one over several connections, or gone on with together: `begun_at` is the
    latest of these moments. Nothing more is brought in while it is stopped.
    """

    id: int
    connection: str
    since: datetime
    until: datetime
    max_cost: float | None
    max_hours: float | None
    begun_at: datetime
    stopped_at: datetime | None
    stopped_reason: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """Audio of a backfill in seconds: paid for or under way, billed without an answer included."""

    seconds: float
    unpaid: tuple[StoredCall, ...]
    """Calls that were brought in and have not been paid for yet."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill has come: calls by what became of them."""

    backfill: Backfill
    planned: int
    under_way: int
    ended: int


_MAY_PAY = (CallState.NEW, CallState.WORKING)
_planned = (
    select(call)
    .where(call.c.backfill == bindparam("wanted"), call.c.state == CallState.PLANNED)
    .order_by(call.c.rank, call.c.id)
    .limit(bindparam("most"))
)
_together = call.c.backfill.in_(select(backfill.c.id).where(backfill.c.begun_at == bindparam("begun_at")))
_paid = (
    select(func.coalesce(func.sum(func.coalesce(payment.c.audio_seconds, bindparam("unmeasured"))), 0.0))
    .join(call, call.c.id == payment.c.call_id)
    .where(_together, payment.c.outcome != Outcome.REFUSED)
)
_unpaid = select(call).where(
    _together,
    call.c.state.in_(_MAY_PAY),
    ~select(payment.c.id)
    .where(payment.c.call_id == call.c.id, payment.c.outcome != Outcome.REFUSED)
    .exists(),
)
_not_begun = (call.c.state == CallState.NEW, call.c.rank.is_not(None), call.c.attempts == 0)
_brought_in = select(func.count()).where(call.c.backfill.is_not(None), call.c.state.in_(_MAY_PAY))


def begin(
    tx: Transaction,
    connection: str,
    since: datetime,
    until: datetime,
    *,
    max_cost: float | None,
    max_hours: float | None,
) -> int:
    """Record a backfill; returns its id."""
    values = {
        "connection": connection,
        "since": since,
        "until": until,
        "max_cost": max_cost,
        "max_hours": max_hours,
        "begun_at": tx.now,
    }
    inserted = tx.run(insert(backfill), values).inserted_primary_key
    assert inserted is not None  # noqa: S101  # an INSERT of one row has a key
    return int(inserted[0])


def listed(tx: Transaction) -> list[Backfill]:
    """Those that still have planned calls, the oldest first."""
    planned = select(call.c.backfill).where(call.c.state == CallState.PLANNED).distinct()
    rows = tx.rows(select(backfill).where(backfill.c.id.in_(planned)).order_by(backfill.c.id))
    return [_backfill(row) for row in rows]


def by_id(tx: Transaction, wanted: int) -> Backfill:
    return _backfill(tx.run(select(backfill).where(backfill.c.id == wanted)).one())


def _backfill(row: AnyRow) -> Backfill:
    return Backfill(*row)


def planned(tx: Transaction, wanted: int, most: int) -> list[StoredCall]:
    """The calls whose turn is next."""
    return [stored(row) for row in tx.rows(_planned, {"wanted": wanted, "most": most})]


def spent(tx: Transaction, wanted: Backfill, *, unmeasured: float) -> Spent:
    """What it, and all that was begun or gone on with together with it, has used so far.

    A request for audio of unknown length counts as `unmeasured` seconds.
    """
    together = {"begun_at": wanted.begun_at}
    seconds = float(tx.run(_paid, {**together, "unmeasured": unmeasured}).scalar_one())
    return Spent(seconds, tuple(stored(row) for row in tx.rows(_unpaid, together)))


def under_way(tx: Transaction, connections: Collection[str]) -> int:
    """Calls of these connections' backfills that were brought in and are analyzed, or could be now."""
    now = or_(call.c.state == CallState.WORKING, call.c.due_at <= tx.now)
    return tx.count(_brought_in.where(call.c.connection.in_(connections), now))


def waiting(tx: Transaction, connections: Collection[str]) -> int:
    """Calls of these connections' backfills that were tried in vain and wait for their next try."""
    later = (call.c.state == CallState.NEW, call.c.due_at > tx.now)
    return tx.count(_brought_in.where(call.c.connection.in_(connections), *later))


def live_due(tx: Transaction, connections: Collection[str]) -> bool:
    """Some call of these connections that belongs to no backfill could be analyzed now."""
    live = (
        call.c.connection.in_(connections),
        call.c.backfill.is_(None),
        call.c.state == CallState.NEW,
        call.c.due_at <= tx.now,
    )
    return tx.first(select(call.c.id).where(*live).limit(1)) is not None


def bring_in(tx: Transaction, ids: Sequence[int]) -> None:
    """Let planned calls be analyzed next."""
    rows = [{"call_id": call_id, "due_at": tx.now} for call_id in ids]
    move_all(tx, rows, CallState.PLANNED, CallState.NEW)


def put_back(tx: Transaction) -> None:
    """Calls that were brought in and that nobody has begun wait for their turn again.

    That leaves room within the limits of their backfills, which are no longer stopped.
    """
    rows = tx.rows(select(call.c.id, call.c.backfill).where(*_not_begun))
    move_all(tx, [{"call_id": row.id} for row in rows], CallState.NEW, CallState.PLANNED)
    going = update(backfill).where(backfill.c.id.in_({row.backfill for row in rows}))
    tx.run(going.values(stopped_at=None, stopped_reason=None))


def plan_skipped(tx: Transaction, backfill_id: int, ranks: Sequence[tuple[int, int]]) -> None:
    """Calls that were skipped as too early, or with the rest of a backfill, wait for a turn: (id, rank)."""
    rows = [
        {"call_id": call_id, "backfill": backfill_id, "rank": rank, "code": None, "reason": None}
        for call_id, rank in ranks
    ]
    move_all(tx, rows, CallState.SKIPPED, CallState.PLANNED)


def stop(tx: Transaction, wanted: int, reason: str) -> None:
    """Bring in nothing more of it for now."""
    values = {"stopped_at": tx.now, "stopped_reason": reason}
    tx.run(update(backfill).where(backfill.c.id == wanted, backfill.c.stopped_at.is_(None)).values(values))


def go_on(
    tx: Transaction, wanted: Collection[int], *, max_cost: float | None, max_hours: float | None
) -> None:
    """Bring in more of these, within limits that are of all of them, and of what was begun with any."""
    begun = select(backfill.c.begun_at).where(backfill.c.id.in_(wanted))
    tx.run(update(backfill).where(backfill.c.begun_at.in_(begun)).values(begun_at=tx.now))
    values = {"max_cost": max_cost, "max_hours": max_hours, "stopped_at": None, "stopped_reason": None}
    tx.run(update(backfill).where(backfill.c.id.in_(wanted)).values(values))


def abandon(tx: Transaction, wanted: int) -> int:
    """Skip everything of it that nobody has begun; returns how many calls that were."""
    put_back(tx)
    found = select(call.c.id).where(call.c.backfill == wanted, call.c.state == CallState.PLANNED)
    ids = list(tx.run(found).scalars())
    rows = [
        {"call_id": call_id, "code": STOPPED, "reason": "Its backfill was ended before its turn."}
        for call_id in ids
    ]
    move_all(tx, rows, CallState.PLANNED, CallState.SKIPPED)
    return len(ids)


def progress(tx: Transaction) -> tuple[Progress, ...]:
    """Every backfill that has calls left."""
    return tuple(_progress(tx, each) for each in listed(tx))


def _progress(tx: Transaction, backfill: Backfill) -> Progress:
    counted = select(call.c.state, func.count()).where(call.c.backfill == backfill.id)
    by_state = {CallState(row[0]): row[1] for row in tx.rows(counted.group_by(call.c.state))}
    ended = sum(count for state, count in by_state.items() if state in ENDED)
    waiting = by_state.get(CallState.PLANNED, 0)
    return Progress(backfill, waiting, sum(by_state.values()) - ended - waiting, ended)
