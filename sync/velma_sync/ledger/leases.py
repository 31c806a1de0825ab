"""Who works on which call, and how many at once. A lease is also the concurrency slot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update

from velma_connectors.model import Call
from velma_sync.ledger import payments, spending
from velma_sync.ledger.codec import call_from_text
from velma_sync.ledger.database import AnyRow, Transaction
from velma_sync.ledger.endings import end
from velma_sync.ledger.moves import move
from velma_sync.ledger.payments import Question
from velma_sync.ledger.schema import call, connection
from velma_sync.ledger.states import LEASED, CallState

UNKNOWN_BILLING = "unknown_billing"
TOO_MANY_ATTEMPTS = "too_many_attempts"


@dataclass(frozen=True, slots=True)
class LeaseRules:
    """How leases are given and taken back."""

    lease_seconds: float
    max_in_flight: int
    max_resend: int
    max_attempts: int

    def hold_after(self, unknown: int) -> bool:
        """A person must look after this many paid requests without an answer."""
        return unknown > self.max_resend


@dataclass(frozen=True, slots=True)
class Claim:
    """A call leased to one worker.

    `known` is the question this very recording was hashed for before, if it was. `limited` says that
    the analyzer's limit is lowered.
    """

    id: int
    call: Call
    owner: str
    attempts: int
    resends: int
    known: Question | None
    limited: bool


_in_flight = (
    select(func.count())
    .where(call.c.state == CallState.WORKING, call.c.connection == connection.c.name)
    .scalar_subquery()
)
_oldest_due = (
    select(func.min(call.c.due_at))
    .where(call.c.state == CallState.NEW, call.c.connection == connection.c.name)
    .scalar_subquery()
)
_queues = select(
    connection.c.name,
    connection.c.paused_at,
    _in_flight.label("in_flight"),
    _oldest_due.label("oldest_due"),
)
_next_due = (
    select(call)
    .where(
        call.c.state == CallState.NEW,
        call.c.connection == bindparam("wanted"),
        call.c.due_at <= bindparam("moment"),
    )
    .order_by(call.c.due_at, call.c.id)
    .limit(1)
)
_one_new = select(call).where(call.c.id == bindparam("wanted"), call.c.state == CallState.NEW)
_expired = select(call).where(call.c.state.in_(LEASED), call.c.lease_until <= bindparam("moment"))


def claim_call(
    tx: Transaction,
    *,
    analyzer: str,
    connections: Collection[str],
    owner: str,
    rules: LeaseRules,
    alive: Collection[str] = (),
) -> Claim | None:
    """Lease the next call: of the connection with the fewest in flight, the one due longest.

    `alive` are owners of this process that are known to go on, whatever a clock says.

    None when nothing is due, every slot is taken or the breaker is open.
    """
    gate = spending.lock(tx, analyzer)
    return_expired(tx, rules, alive=alive)
    if gate.stopped:
        return None
    queues = tx.rows(_queues)
    if sum(queue.in_flight for queue in queues) >= gate.limit(rules.max_in_flight):
        return None
    ready = [queue for queue in queues if _is_ready(queue, connections, tx)]
    if not ready:
        return None
    queue = min(ready, key=lambda each: (each.in_flight, each.oldest_due))
    row = tx.first(_next_due, {"wanted": queue.name, "moment": tx.now})
    if row is None:
        return None
    return _lease(tx, row, owner, rules, limited=gate.limit_now is not None)


def claim_this(
    tx: Transaction, call_id: int, *, analyzer: str, owner: str, rules: LeaseRules
) -> Claim | None:
    """Lease one particular call ahead of its turn, within the same limits. None when it must wait."""
    gate = spending.lock(tx, analyzer)
    row = tx.first(_one_new, {"wanted": call_id})
    working = tx.count(select(func.count()).where(call.c.state == CallState.WORKING))
    if gate.stopped or row is None or working >= gate.limit(rules.max_in_flight):
        return None
    return _lease(tx, row, owner, rules, limited=gate.limit_now is not None)


def _is_ready(queue: AnyRow, connections: Collection[str], tx: Transaction) -> bool:
    if queue.name not in connections or queue.paused_at is not None:
        return False
    return queue.oldest_due is not None and queue.oldest_due <= tx.now


def _lease(tx: Transaction, row: AnyRow, owner: str, rules: LeaseRules, *, limited: bool) -> Claim:
    is_hashed = row.audio_sha256 is not None and row.worked_fingerprint == row.fingerprint
    known = Question(row.audio_sha256, row.config_hash) if is_hashed else None
    move(
        tx,
        row.id,
        CallState.NEW,
        CallState.WORKING,
        owner=owner,
        lease_until=tx.now + timedelta(seconds=rules.lease_seconds),
        attempts=row.attempts + 1,
        worked_fingerprint=row.fingerprint,
        audio_sha256=known.audio_sha256 if known else None,
        config_hash=known.config_hash if known else None,
    )
    return Claim(
        id=row.id,
        call=call_from_text(row.snapshot),
        owner=owner,
        attempts=row.attempts + 1,
        resends=row.resends,
        known=known,
        limited=limited,
    )


def mark_sent(tx: Transaction, claim: Claim, question: Question) -> bool:
    """Commit with this that the paid request is about to leave. False: the lease is lost, do not send."""
    held = update(call).where(
        call.c.id == claim.id, call.c.state == CallState.WORKING, call.c.owner == claim.owner
    )
    values = {
        "sent_at": tx.now,
        "audio_sha256": question.audio_sha256,
        "config_hash": question.config_hash,
    }
    return tx.run(held.values(values)).rowcount == 1


def renew(tx: Transaction, owners: Collection[str], lease_seconds: float) -> int:
    """Prolong the leases of these owners; returns how many they still held."""
    held = update(call).where(call.c.state.in_(LEASED), call.c.owner.in_(owners))
    return tx.run(held.values(lease_until=tx.now + timedelta(seconds=lease_seconds))).rowcount


def expire_all(tx: Transaction) -> None:
    """End every lease at once: this process has just become the only one that can hold any."""
    tx.run(update(call).where(call.c.state.in_(LEASED)).values(lease_until=tx.now))


def return_expired(tx: Transaction, rules: LeaseRules, *, alive: Collection[str] = ()) -> int:
    """Give calls back whose worker is gone; returns how many. Leases of `alive` owners are prolonged.

    One whose paid request was sent may have been billed: it is sent again at most `max_resend` times.
    """
    returned = 0
    for row in tx.rows(_expired, {"moment": tx.now}):
        if row.owner in alive:
            renew(tx, [row.owner], rules.lease_seconds)
            continue
        if row.state == CallState.WRITING:
            back = CallState.ANALYZED
            moved = move(tx, row.id, CallState.WRITING, back, held_by=row.owner, due_at=tx.now)
        elif row.sent_at is not None:
            state = return_unknown(tx, row.id, row.resends, rules, due_at=tx.now, held_by=row.owner)
            moved = state is not None
            if moved:
                payments.give_up_open(tx, row.id)
        else:
            moved = _return_unsent(tx, row, rules)
        returned += moved
    return returned


def _return_unsent(tx: Transaction, row: AnyRow, rules: LeaseRules) -> bool:
    """Nothing was paid; but a call that ends its worker again and again would do so forever."""
    if row.attempts < rules.max_attempts:
        return move(tx, row.id, CallState.WORKING, CallState.NEW, held_by=row.owner, due_at=tx.now)
    reason = f"Its worker ended {row.attempts} times without a result. Look at the log, then retry it."
    values = {"code": TOO_MANY_ATTEMPTS, "reason": reason}
    return end(tx, row.id, CallState.WORKING, CallState.DEAD, held_by=row.owner, **values) is not None


def return_unknown(
    tx: Transaction, call_id: int, resends: int, rules: LeaseRules, *, due_at: datetime, held_by: str
) -> CallState | None:
    """A paid request got no answer: send it once more later, or hold the call for a person.

    Returns the state it is in now, None when it was elsewhere by now.
    """
    is_held = rules.hold_after(resends + 1)
    times = "once" if resends == 0 else f"{resends + 1} times"
    next_step = "Retry it to pay for another request." if is_held else "It is sent again."
    return end(
        tx,
        call_id,
        CallState.WORKING,
        CallState.HELD if is_held else CallState.NEW,
        held_by=held_by,
        due_at=due_at,
        resends=resends + 1,
        code=UNKNOWN_BILLING,
        reason=f"Sent to the analyzer {times} without an answer; each request may have been billed. "
        + next_step,
    )
