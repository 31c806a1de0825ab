"""Paid questions: never twice for the same audio and configuration, and every answer kept."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.testing.clock import ManualClock
from velma_sync.ledger import calls, counts, moves, payments, spending
from velma_sync.ledger.calls import StoredCall
from velma_sync.ledger.database import Ledger
from velma_sync.ledger.payments import Outcome, Permit, Question
from velma_sync.ledger.states import CallState

AddCall = Callable[..., StoredCall]
ANALYZER = "canned"


@pytest.fixture
def question(ledger: Ledger, config: AnalysisConfig) -> Question:
    with ledger.write() as tx:
        payments.remember_config(tx, config, config.hash)
        payments.remember_config(tx, config, config.hash)
        assert payments.config_documents(tx, [config.hash, "f" * 64]).keys() == {config.hash}
    return Question("a" * 64, config.hash)


def permit(ledger: Ledger, question: Question, max_resend: int = 1) -> Permit:
    with ledger.write() as tx:
        return payments.permit(tx, question, analyzer=ANALYZER, max_resend=max_resend)


def pay(ledger: Ledger, question: Question, outcome: Outcome, call_id: int | None = None) -> None:
    with ledger.write() as tx:
        payment = payments.open_payment(tx, question, call_id=call_id, audio_seconds=60)
    if outcome is not Outcome.OPEN:
        with ledger.write() as tx:
            payments.close_payment(tx, payment, outcome, question, analyzer=ANALYZER)


def test_a_question_under_way_is_not_asked_again(ledger: Ledger, question: Question) -> None:
    assert permit(ledger, question) is Permit.SEND
    pay(ledger, question, Outcome.OPEN)
    assert permit(ledger, question) is Permit.IN_FLIGHT


def test_a_refused_question_may_be_asked_again(ledger: Ledger, question: Question) -> None:
    pay(ledger, question, Outcome.REFUSED)
    assert permit(ledger, question) is Permit.SEND


@pytest.mark.parametrize("max_resend", [0, 1, 2])
def test_unknown_outcomes_use_up_the_resends_until_a_person_accepts_them(
    ledger: Ledger, question: Question, max_resend: int
) -> None:
    for _ in range(max_resend + 1):
        assert permit(ledger, question, max_resend) is Permit.SEND
        pay(ledger, question, Outcome.UNKNOWN)
    assert permit(ledger, question, max_resend) is Permit.UNKNOWN_TOO_OFTEN
    with ledger.write() as tx:
        payments.accept_unknown(tx, question)
    assert permit(ledger, question, max_resend) is Permit.SEND


def test_the_breaker_stops_payments_but_not_stored_answers(ledger: Ledger, question: Question) -> None:
    with ledger.write() as tx:
        spending.stop(tx, ANALYZER, "credits", "no credits", probe_after=None)
    assert permit(ledger, question) is Permit.STOPPED
    with ledger.write() as tx:
        payments.store_answer(tx, question, analyzer=ANALYZER, answer=b"{}")
    assert permit(ledger, question) is Permit.STORED


def test_the_first_answer_stays(ledger: Ledger, question: Question, clock: ManualClock) -> None:
    with ledger.write() as tx:
        payments.store_answer(tx, question, analyzer=ANALYZER, answer=b"first")
        stored_at = tx.now
    clock.advance(60)
    with ledger.write() as tx:
        payments.store_answer(tx, question, analyzer=ANALYZER, answer=b"second")
        found = payments.answers(tx, [question, Question("b" * 64, question.config_hash)])
    assert found == {question: payments.StoredAnswer(ANALYZER, b"first", stored_at)}


def test_a_call_that_waits_for_the_same_audio_goes_on_when_the_request_ends(
    ledger: Ledger, question: Question, add_call: AddCall, clock: ManualClock
) -> None:
    waiting = add_call("c1")
    with ledger.write() as tx:
        moves.move(tx, waiting.id, CallState.NEW, CallState.WORKING)
        later = tx.now.replace(year=2027)
        moves.move(
            tx,
            waiting.id,
            CallState.WORKING,
            CallState.NEW,
            due_at=later,
            code=payments.SAME_AUDIO,
            audio_sha256=question.audio_sha256,
            config_hash=question.config_hash,
        )
    pay(ledger, question, Outcome.ANSWERED)
    with ledger.read() as tx:
        assert calls.by_id(tx, waiting.id).due_at == clock.now()


def test_unknown_billing_is_countable_in_seconds(
    ledger: Ledger, question: Question, add_call: AddCall, clock: ManualClock
) -> None:
    call = add_call("c1")
    for outcome in (Outcome.ANSWERED, Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNKNOWN):
        pay(ledger, question, outcome, call.id)
    with ledger.write() as tx:
        unmeasured = payments.open_payment(tx, question, call_id=call.id, audio_seconds=None)
        payments.close_payment(tx, unmeasured, Outcome.ANSWERED, question, analyzer=ANALYZER)
    since = clock.now()
    with ledger.read() as tx:
        assert counts.billing(tx) == counts.Billing(3, 120.0, 1, 60.0, unmeasured=1)
    clock.advance(1)
    with ledger.write() as tx:
        payments.measure(tx, question, 30)
        assert counts.billing(tx) == counts.Billing(3, 90.0, 1, 30.0, unmeasured=0)
        assert counts.billing(tx, since=tx.now) == counts.Billing(0, 0.0, 0, 0.0, 0)
        assert counts.billing(tx, since=since).answered == 3


def test_a_request_that_outlived_every_deadline_counts_as_unknown(
    ledger: Ledger, question: Question, clock: ManualClock
) -> None:
    pay(ledger, question, Outcome.OPEN)
    clock.advance(1979)
    with ledger.write() as tx:
        payments.give_up_stale(tx, 1980)
    assert permit(ledger, question) is Permit.IN_FLIGHT
    clock.advance(1)
    with ledger.write() as tx:
        payments.give_up_stale(tx, 1980)
        assert counts.billing(tx).unknown == 1
    assert permit(ledger, question) is Permit.SEND


def test_an_answer_is_not_stored_while_somebody_decides_whether_to_pay(
    ledger: Ledger, question: Question
) -> None:
    pay(ledger, question, Outcome.OPEN)
    decided, stored = threading.Event(), threading.Event()

    def store() -> None:
        decided.wait(30)
        with ledger.write() as tx:
            payments.close_payment(tx, 1, Outcome.ANSWERED, question, analyzer=ANALYZER)
            payments.store_answer(tx, question, analyzer=ANALYZER, answer=b"{}")
        stored.set()

    worker = threading.Thread(target=store)
    worker.start()
    with ledger.write() as tx:
        first = payments.permit(tx, question, analyzer=ANALYZER, max_resend=1)
        decided.set()
        again = payments.permit(tx, question, analyzer=ANALYZER, max_resend=1)
        assert not stored.is_set()
    worker.join(30)
    assert (first, again) == (Permit.IN_FLIGHT, Permit.IN_FLIGHT)
    assert permit(ledger, question) is Permit.STORED
