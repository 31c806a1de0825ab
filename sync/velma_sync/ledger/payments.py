"""What was asked of the analyzer for money, and the answers, each paid for once.

A payment is opened before its request leaves, and closed by what came of it. One that stays open
belongs to a request in flight; when its worker is gone it becomes unknown: it may have been billed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, select, tuple_, update

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.model import canonical_json
from velma_sync.ledger import spending
from velma_sync.ledger.codec import pack, unpack
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.schema import analysis, analysis_config, call, payment
from velma_sync.ledger.states import CallState

SAME_AUDIO = "same_audio"
"""The `code` of a call that waits for the answer another call is being charged for."""


class Outcome(StrEnum):
    """What came of a paid request."""

    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"
    """Nothing was billed."""
    UNKNOWN = "unknown"


class Permit(StrEnum):
    """May this question be sent now?"""

    SEND = "send"
    STORED = "stored"
    """It was answered before."""
    IN_FLIGHT = "in_flight"
    """The same question is under way."""
    UNKNOWN_TOO_OFTEN = "unknown_too_often"
    STOPPED = "stopped"
    """The breaker is open."""


@dataclass(frozen=True, slots=True)
class Question:
    """One recording and everything asked about it: what is never paid for twice."""

    audio_sha256: str
    config_hash: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as the analyzer gave it."""

    analyzer: str
    answer: bytes
    analyzed_at: datetime


_find_answer = select(analysis.c.analyzed_at).where(
    analysis.c.audio_sha256 == bindparam("sha"), analysis.c.config_hash == bindparam("config")
)
_outcomes = (
    select(payment.c.outcome, func.count())
    .where(
        payment.c.audio_sha256 == bindparam("sha"),
        payment.c.config_hash == bindparam("config"),
        payment.c.accepted_at.is_(None),
    )
    .group_by(payment.c.outcome)
)


def _named(question: Question) -> dict[str, str]:
    return {"sha": question.audio_sha256, "config": question.config_hash}


def is_answered(tx: Transaction, question: Question) -> bool:
    return tx.first(_find_answer, _named(question)) is not None


def permit(tx: Transaction, question: Question, *, analyzer: str, max_resend: int) -> Permit:
    """Decide, and keep others from deciding until this transaction ends."""
    stopped = spending.lock(tx, analyzer).stopped
    if is_answered(tx, question):
        return Permit.STORED
    outcomes = {row[0]: row[1] for row in tx.rows(_outcomes, _named(question))}
    if outcomes.get(Outcome.OPEN):
        return Permit.IN_FLIGHT
    if outcomes.get(Outcome.UNKNOWN, 0) > max_resend:
        return Permit.UNKNOWN_TOO_OFTEN
    return Permit.STOPPED if stopped else Permit.SEND


def remember_config(tx: Transaction, config: AnalysisConfig, config_hash: str) -> None:
    row = {"hash": config_hash, "document": canonical_json(config.document()), "first_used_at": tx.now}
    tx.insert_if_absent(analysis_config, row)


def open_payment(
    tx: Transaction, question: Question, *, call_id: int | None, audio_seconds: float | None
) -> int:
    """Record the intent to pay; committed before the request leaves. Returns the payment's id.

    `audio_seconds` is the CRM's length of the call, which counts until an answer names what was heard.
    """
    values = {
        "call_id": call_id,
        "audio_sha256": question.audio_sha256,
        "config_hash": question.config_hash,
        "audio_seconds": audio_seconds,
        "sent_at": tx.now,
        "outcome": Outcome.OPEN,
    }
    inserted = tx.run(insert(payment), values).inserted_primary_key
    return int(inserted[0])  # type: ignore[index]  # an insert of one row has a key


def close_payment(
    tx: Transaction, payment_id: int, outcome: Outcome, question: Question, *, analyzer: str
) -> None:
    """Record what came of a request, and let calls go on that waited for it."""
    # Nobody may be deciding on this question meanwhile: it would be paid again, or waited for in vain.
    spending.lock(tx, analyzer)
    closed = update(payment).where(payment.c.id == payment_id)
    tx.run(closed.values(outcome=outcome, finished_at=tx.now))
    if outcome is Outcome.ANSWERED:
        _wake(tx, question, call.c.state == CallState.NEW)
    else:
        _wake(tx, question, and_(call.c.state == CallState.NEW, call.c.code == SAME_AUDIO))


def _wake(tx: Transaction, question: Question, which: ColumnElement[bool]) -> None:
    same = (call.c.audio_sha256 == question.audio_sha256, call.c.config_hash == question.config_hash)
    tx.run(update(call).where(*same, which).values(due_at=tx.now))


def store_answer(tx: Transaction, question: Question, *, analyzer: str, answer: bytes) -> None:
    """Keep an answer. The first one stays: a second was paid for, but says the same."""
    row = {
        "audio_sha256": question.audio_sha256,
        "config_hash": question.config_hash,
        "analyzer": analyzer,
        "answer": pack(answer),
        "analyzed_at": tx.now,
    }
    tx.insert_if_absent(analysis, row)


def answers(tx: Transaction, questions: Sequence[Question]) -> dict[Question, StoredAnswer]:
    """The stored answers to these questions, in one statement."""
    keys = [(question.audio_sha256, question.config_hash) for question in questions]
    wanted = tuple_(analysis.c.audio_sha256, analysis.c.config_hash).in_(keys)
    return {
        Question(row.audio_sha256, row.config_hash): StoredAnswer(
            row.analyzer, unpack(row.answer), row.analyzed_at
        )
        for row in tx.rows(select(analysis).where(wanted))
    }


def config_documents(tx: Transaction, hashes: Sequence[str]) -> dict[str, str]:
    """The stored configurations, as JSON text."""
    statement = select(analysis_config.c.hash, analysis_config.c.document)
    return {row.hash: row.document for row in tx.rows(statement.where(analysis_config.c.hash.in_(hashes)))}


def give_up_open(tx: Transaction, call_id: int) -> None:
    """The call's worker is gone: its open payment becomes unknown."""
    lost = update(payment).where(payment.c.call_id == call_id, payment.c.outcome == Outcome.OPEN)
    tx.run(lost.values(outcome=Outcome.UNKNOWN, finished_at=tx.now))


def give_up_stale(tx: Transaction, seconds: float) -> None:
    """No request may take this long: what is still open, as after a killed preview, becomes unknown."""
    stale = update(payment).where(
        payment.c.outcome == Outcome.OPEN, payment.c.sent_at <= tx.now - timedelta(seconds=seconds)
    )
    tx.run(stale.values(outcome=Outcome.UNKNOWN, finished_at=tx.now))


def accept_unknown(tx: Transaction, question: Question) -> None:
    """An operator retries the call: what may have been billed so far no longer stands in the way."""
    seen = update(payment).where(
        payment.c.audio_sha256 == question.audio_sha256,
        payment.c.config_hash == question.config_hash,
        payment.c.outcome == Outcome.UNKNOWN,
    )
    tx.run(seen.values(accepted_at=tx.now))


def measure(tx: Transaction, question: Question, seconds: float) -> None:
    """What is billed is what was heard, whatever length the CRM named; also for a request without answer."""
    asked = update(payment).where(
        payment.c.audio_sha256 == question.audio_sha256, payment.c.config_hash == question.config_hash
    )
    tx.run(asked.values(audio_seconds=seconds))
