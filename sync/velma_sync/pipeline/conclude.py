"""What a verdict, or a failure of our own code, means for the call it befell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from velma_connectors.errors import (
    OutcomeUnknown,
    RetryLater,
    SkipCall,
    SpendStop,
    StopConnection,
    Verdict,
)
from velma_sync.ledger import leases, payments, spending
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.endings import end
from velma_sync.ledger.leases import TOO_MANY_ATTEMPTS, Claim
from velma_sync.ledger.moves import move
from velma_sync.ledger.payments import Outcome, Question
from velma_sync.ledger.states import CallState
from velma_sync.pipeline import faults, health
from velma_sync.pipeline.backoff import spread, wait_seconds
from velma_sync.pipeline.engine import Engine

log = structlog.stdlib.get_logger(__name__)

RETRYING = "retrying"
STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Payment:
    """A request whose intent is committed, and what it asks."""

    id: int
    question: Question


def conclude(engine: Engine, claim: Claim, verdict: Verdict, payment: Payment | None = None) -> None:
    """Put the call where the verdict says. `payment` is the request that the verdict answered, if any."""
    with engine.ledger.write() as tx:
        if payment is not None:
            unknown = isinstance(verdict, OutcomeUnknown)
            outcome = Outcome.UNKNOWN if unknown else Outcome.REFUSED
            _close(tx, engine, payment, outcome)
        state = _move(tx, engine, claim, verdict, paid=payment is not None)
    log.info(
        "A call was not analyzed.",
        action="not_analyzed",
        call=str(claim.call.ref),
        state=state.value if state else "elsewhere",
        verdict=type(verdict).__name__,
        reason=str(verdict),
    )


def _close(tx: Transaction, engine: Engine, payment: Payment, outcome: Outcome) -> None:
    payments.close_payment(tx, payment.id, outcome, payment.question, analyzer=engine.analyzer.name)


def _move(tx: Transaction, engine: Engine, claim: Claim, verdict: Verdict, *, paid: bool) -> CallState | None:
    match verdict:
        case RetryLater():
            if paid and not verdict.counts:
                spending.lower_limit(tx, engine.analyzer.name, engine.settings.max_in_flight)
            return _retry(tx, engine, claim, verdict)
        case SkipCall():
            return _skip(tx, claim, verdict)
        case OutcomeUnknown():
            due_at = tx.now + timedelta(seconds=_backoff(engine, claim, after=0.0))
            rules = engine.settings.lease_rules
            return leases.return_unknown(
                tx, claim.id, claim.resends, rules, due_at=due_at, held_by=claim.owner
            )
        case SpendStop():
            health.stop_spending(tx, engine, verdict)
        case StopConnection():
            health.pause(tx, engine, claim.call.ref.connection, verdict)
    return give_back(tx, claim, code=STOPPED, reason=str(verdict))


def give_back(
    tx: Transaction, claim: Claim, *, code: str, reason: str, after: float = 0.0, **values: object
) -> CallState:
    """The call waits again, and the try does not count."""
    move(
        tx,
        claim.id,
        CallState.WORKING,
        CallState.NEW,
        held_by=claim.owner,
        due_at=tx.now + timedelta(seconds=after),
        attempts=claim.attempts - 1,
        code=code,
        reason=reason,
        **values,
    )
    return CallState.NEW


def _retry(tx: Transaction, engine: Engine, claim: Claim, verdict: RetryLater) -> CallState | None:
    reason = str(verdict)
    if not verdict.counts:
        after = spread(verdict.after, engine.jitter())
        return give_back(tx, claim, code=RETRYING, reason=reason, after=after)
    if claim.attempts >= engine.settings.max_attempts:
        values = {"code": TOO_MANY_ATTEMPTS, "reason": f"Tried {claim.attempts} times. {reason}"}
        return end(tx, claim.id, CallState.WORKING, CallState.DEAD, held_by=claim.owner, **values)
    due_at = tx.now + timedelta(seconds=_backoff(engine, claim, after=verdict.after))
    values = {"code": RETRYING, "reason": reason}
    move(tx, claim.id, CallState.WORKING, CallState.NEW, held_by=claim.owner, due_at=due_at, **values)
    return CallState.NEW


def _backoff(engine: Engine, claim: Claim, *, after: float) -> float:
    return wait_seconds(claim.attempts, after=after, jitter=engine.jitter())


def _skip(tx: Transaction, claim: Claim, verdict: SkipCall) -> CallState | None:
    """A failure worth showing goes through write-back before the call ends as skipped."""
    target = CallState.ANALYZED if verdict.report else CallState.SKIPPED
    return end(
        tx,
        claim.id,
        CallState.WORKING,
        target,
        held_by=claim.owner,
        due_at=tx.now,
        failed=verdict.report,
        code=verdict.code,
        reason=str(verdict),
    )


def hold(engine: Engine, claim: Claim, error: Exception, payment: Payment | None = None) -> None:
    """Our own code failed: the call waits for a person, and is never blindly tried again."""
    with engine.ledger.write() as tx:
        if payment is not None:
            _close(tx, engine, payment, Outcome.UNKNOWN)
        values = {"code": faults.CODE, "reason": faults.sentence(error), "trace": faults.trace_of(error)}
        end(tx, claim.id, CallState.WORKING, CallState.HELD, held_by=claim.owner, **values)
        health.count_fault(tx, claim.call.ref.connection, error)
    ref = str(claim.call.ref)
    faults.report("A call is held: our own code failed.", error, action="held", call=ref)
