"""One call, from its claim to its stored answer: fetched, paid for once, kept before anything else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.errors import Verdict
from velma_connectors.model import Call
from velma_connectors.protocol import Audio
from velma_sync.ledger import calls, leases, payments, spending
from velma_sync.ledger.database import DATABASE_AWAY, Transaction
from velma_sync.ledger.endings import end, restart
from velma_sync.ledger.leases import UNKNOWN_BILLING, Claim
from velma_sync.ledger.moves import move
from velma_sync.ledger.payments import SAME_AUDIO, Outcome, Permit, Question
from velma_sync.ledger.states import CallState
from velma_sync.pipeline.conclude import STOPPED, Payment, conclude, give_back, hold
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.recordings import audio_of
from velma_sync.pipeline.seen import deal_of
from velma_sync.pipeline.settings import Connection

log = structlog.stdlib.get_logger(__name__)

TWIN_SECONDS = 30.0
"""Wait for the same question under way elsewhere; its end cuts the wait short."""
STORE_AGAIN_SECONDS = 2.0


def work_one(engine: Engine) -> bool:
    """Claim the next call and take it to its stored answer. False when there is none to claim now."""
    if not _has_room(engine):
        return False
    with engine.ledger.write() as tx:
        claim = leases.claim_call(
            tx,
            analyzer=engine.analyzer.name,
            connections=engine.connections.keys(),
            owner=engine.leases.next_owner(),
            rules=engine.settings.lease_rules,
            alive=engine.leases.renewable(engine.clock.monotonic()),
        )
    if claim is None:
        return False
    analyze(engine, claim)
    return True


def _has_room(engine: Engine) -> bool:
    is_full = engine.disk_is_full
    if engine.remembered.disk_full.turned(is_full):
        if is_full:
            log.error("The disk is nearly full: no calls are analyzed.", action="disk_full")
        else:
            log.info("The disk has room again.", action="disk_has_room")
    return not is_full


def analyze(engine: Engine, claim: Claim) -> None:
    """Take a claimed call as far as it goes: to its answer, or to where the verdict on it says."""
    connection = engine.connections[claim.call.ref.connection]
    deadline = engine.clock.monotonic() + engine.settings.deadline_seconds
    with engine.leases.holding(claim.owner, deadline):
        try:
            if claim.known is None or not _ends_without_audio(engine, claim, claim.known):
                _fetch_and_ask(engine, connection, claim, deadline)
        except Verdict as verdict:
            conclude(engine, claim, verdict)
        except DATABASE_AWAY:
            raise  # the ledger is away: the lease ends by itself, and the call is taken up again
        except Exception as error:  # noqa: BLE001  # our own failure: held with its trace
            hold(engine, claim, error)


def _fetch_and_ask(engine: Engine, connection: Connection, claim: Claim, deadline: float) -> None:
    config = config_for(connection, claim.call)
    config_hash = engine.config_hash(config)
    for_audio = deadline - engine.clock.monotonic() - engine.settings.answer_seconds
    with audio_of(claim.call, connection.connector, engine.recordings, deadline_seconds=for_audio) as audio:
        payment = _intend(engine, claim, Question(audio.sha256, config_hash), config)
        if payment is not None:
            _ask(engine, claim, payment, audio, config, deadline)


def config_for(connection: Connection, call: Call) -> AnalysisConfig:
    """What to ask about a call: its deal's stage and pipeline decide."""
    deal = deal_of(connection, call)
    return connection.select(deal.stage, deal.pipeline) if deal else connection.select(None, None)


def _ends_without_audio(engine: Engine, claim: Claim, known: Question) -> bool:
    """The recording was hashed before: perhaps its answer is here by now, and need not be fetched for."""
    with engine.ledger.write() as tx:
        permit = payments.permit(
            tx, known, analyzer=engine.analyzer.name, max_resend=engine.settings.max_resend
        )
        if permit is Permit.SEND:
            return False
        _without_paying(tx, claim, known, permit)
    return True


def _intend(engine: Engine, claim: Claim, question: Question, config: AnalysisConfig) -> Payment | None:
    """Commit the intent to pay. None when nothing is to be paid; the call has then moved on."""
    is_new_config = question.config_hash not in engine.remembered.configs
    with engine.ledger.write() as tx:
        permit = payments.permit(
            tx, question, analyzer=engine.analyzer.name, max_resend=engine.settings.max_resend
        )
        if permit is not Permit.SEND:
            _without_paying(tx, claim, question, permit)
            return None
        if not leases.mark_sent(tx, claim, question):
            log.warning("A lease was lost before paying.", action="lease_lost", call=str(claim.call.ref))
            return None
        if is_new_config:
            payments.remember_config(tx, config, question.config_hash)
        payment_id = payments.open_payment(tx, question, call_id=claim.id, audio_seconds=claim.call.seconds)
    engine.remembered.configs[question.config_hash] = config
    return Payment(payment_id, question)


def _without_paying(tx: Transaction, claim: Claim, question: Question, permit: Permit) -> None:
    asked: dict[str, Any] = {"audio_sha256": question.audio_sha256, "config_hash": question.config_hash}
    match permit:
        case Permit.STORED:
            _analyzed(tx, claim, question)
        case Permit.IN_FLIGHT:
            reason = "The same recording is being analyzed for another call."
            give_back(tx, claim, code=SAME_AUDIO, reason=reason, after=TWIN_SECONDS, **asked)
        case Permit.STOPPED:
            give_back(tx, claim, code=STOPPED, reason="Spending is stopped.", **asked)
        case _:
            reason = "This recording was sent without an answer too often. Retry it to pay once more."
            values = {"code": UNKNOWN_BILLING, "reason": reason, **asked}
            end(tx, claim.id, CallState.WORKING, CallState.HELD, held_by=claim.owner, **values)


def _ask(
    engine: Engine,
    claim: Claim,
    payment: Payment,
    audio: Audio,
    config: AnalysisConfig,
    deadline: float,
) -> None:
    try:
        answer = engine.analyzer.analyze(audio, config, deadline_seconds=deadline - engine.clock.monotonic())
    except Verdict as verdict:
        conclude(engine, claim, verdict, payment)
    except Exception as error:  # noqa: BLE001  # our own failure, and the request may have been billed
        hold(engine, claim, error, payment)
    else:
        seconds = engine.analyzer.heard_seconds(answer)
        store_patiently(engine, lambda tx: _store(tx, engine, claim, payment, answer, seconds))


def store_patiently(engine: Engine, store: Callable[[Transaction], None]) -> None:
    """Store a paid answer, however long the database is away; it waits in memory."""
    never = threading.Event()
    while True:
        try:
            with engine.ledger.write() as tx:
                store(tx)
        except DATABASE_AWAY as error:
            log.warning(
                "A paid answer waits for the database.", action="store_waits", error=type(error).__name__
            )
            engine.clock.wait(never, STORE_AGAIN_SECONDS)
        else:
            return


def _store(
    tx: Transaction, engine: Engine, claim: Claim, payment: Payment, answer: bytes, seconds: float | None
) -> None:
    """Not fenced by the lease: a worker that lost it has paid all the same. `seconds` is what was heard."""
    name = engine.analyzer.name
    payments.close_payment(tx, payment.id, Outcome.ANSWERED, payment.question, analyzer=name)
    payments.store_answer(tx, payment.question, analyzer=name, answer=answer)
    if seconds is not None:
        payments.measure(tx, payment.question, seconds)
    if not _analyzed(tx, claim, payment.question):
        _came_late(tx, claim)
    if claim.limited:
        spending.raise_limit(tx, engine.analyzer.name, engine.settings.max_in_flight)


def _analyzed(tx: Transaction, claim: Claim, question: Question) -> bool:
    return move(
        tx,
        claim.id,
        CallState.WORKING,
        CallState.ANALYZED,
        held_by=claim.owner,
        due_at=tx.now,
        audio_sha256=question.audio_sha256,
        config_hash=question.config_hash,
        attempts=0,
        failed=False,
        code=None,
        reason=None,
        trace=None,
    )


def _came_late(tx: Transaction, claim: Claim) -> None:
    """The lease was lost. A call held only for want of this answer goes on; others find it stored."""
    stored = calls.by_id(tx, claim.id)
    if stored.state is CallState.HELD and stored.code == UNKNOWN_BILLING:
        restart(tx, stored)
