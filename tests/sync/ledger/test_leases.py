"""Claims: who works on which call, how many at once, and what becomes of calls whose worker is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.testing.clock import ManualClock
from velma_sync.ledger import calls, connections, leases, moves, payments, spending
from velma_sync.ledger.calls import StoredCall
from velma_sync.ledger.database import Ledger
from velma_sync.ledger.leases import Claim, LeaseRules
from velma_sync.ledger.payments import Question
from velma_sync.ledger.states import ALLOWED, CallState, IllegalTransition, check

AddCall = Callable[..., StoredCall]
ANALYZER = "canned"


def claim(ledger: Ledger, rules: LeaseRules, owner: str = "worker", *names: str) -> Claim | None:
    with ledger.write() as tx:
        return leases.claim_call(
            tx, analyzer=ANALYZER, connections=names or ("sales", "other"), owner=owner, rules=rules
        )


def state_of(ledger: Ledger, call: StoredCall) -> StoredCall:
    with ledger.read() as tx:
        return calls.by_id(tx, call.id)


def send(ledger: Ledger, claimed: Claim, config: AnalysisConfig) -> int:
    """Commit the intent of a paid request, as a worker does right before sending."""
    question = Question("a" * 64, config.hash)
    with ledger.write() as tx:
        payments.remember_config(tx, config, config.hash)
        payment = payments.open_payment(tx, question, call_id=claimed.id, audio_seconds=300)
        assert leases.mark_sent(tx, claimed, question)
    return payment


@pytest.mark.parametrize("source", list(CallState))
def test_a_state_goes_only_where_the_table_says(source: CallState) -> None:
    for target in CallState:
        if target in ALLOWED[source]:
            check(source, target)
        else:
            with pytest.raises(IllegalTransition):
                check(source, target)


def test_a_refused_transition_changes_nothing(ledger: Ledger, add_call: AddCall) -> None:
    call = add_call("c1")
    with pytest.raises(IllegalTransition), ledger.write() as tx:
        moves.move(tx, call.id, CallState.NEW, CallState.DONE)
    assert state_of(ledger, call).state is CallState.NEW


def test_the_limit_holds_over_all_connections(ledger: Ledger, add_call: AddCall, rules: LeaseRules) -> None:
    add_call("c1")
    add_call("c2", connection="other")
    add_call("c3")
    assert claim(ledger, rules) is not None
    assert claim(ledger, rules) is not None
    assert claim(ledger, rules) is None, "two slots, three calls"


def test_the_connection_with_the_fewest_in_flight_comes_first_then_the_oldest_call(
    ledger: Ledger, add_call: AddCall
) -> None:
    wide = LeaseRules(lease_seconds=180, max_in_flight=9, max_resend=1, max_attempts=3)
    for record in ("a1", "a2", "a3"):
        add_call(record)
    for record in ("b1", "b2"):
        add_call(record, connection="other")
    order = []
    while claimed := claim(ledger, wide):
        order.append(claimed.call.ref.id)
    assert order == ["a1", "b1", "a2", "b2", "a3"]


def test_a_call_is_claimed_only_when_it_is_due_and_its_connection_runs(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules, clock: ManualClock
) -> None:
    call = add_call("c1")
    with ledger.write() as tx:
        moves.move(tx, call.id, CallState.NEW, CallState.WORKING)
        later = tx.now.replace(year=2027)
        moves.move(tx, call.id, CallState.WORKING, CallState.NEW, due_at=later)
    assert claim(ledger, rules) is None, "not due yet"
    due = add_call("c2")
    assert claim(ledger, rules, "worker", "another-connection") is None, "not one of ours"
    with ledger.write() as tx:
        assert connections.pause(tx, "sales", "signed out", probe_after=60)
    assert claim(ledger, rules) is None, "paused"
    with ledger.write() as tx:
        assert connections.resume(tx, "sales")
    claimed = claim(ledger, rules)
    assert claimed is not None
    assert claimed.id == due.id


def test_nothing_is_claimed_while_the_breaker_is_open(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules
) -> None:
    call = add_call("c1")
    with ledger.write() as tx:
        spending.stop(tx, ANALYZER, "credits", "no credits", probe_after=None)
    assert claim(ledger, rules) is None
    with ledger.write() as tx:
        assert leases.claim_this(tx, call.id, analyzer=ANALYZER, owner="me", rules=rules) is None
        spending.resume(tx, ANALYZER)
    assert claim(ledger, rules) is not None


def test_one_call_can_be_claimed_ahead_of_its_turn_within_the_limit(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules
) -> None:
    add_call("c1")
    add_call("c2")
    wanted = add_call("c3")
    with ledger.write() as tx:
        chosen = leases.claim_this(tx, wanted.id, analyzer=ANALYZER, owner="me", rules=rules)
        assert chosen is not None
        assert chosen.call.ref.id == "c3"
        assert leases.claim_this(tx, wanted.id, analyzer=ANALYZER, owner="me", rules=rules) is None
    assert claim(ledger, rules) is not None
    with ledger.write() as tx:
        rest = calls.get(tx, wanted.ref)
        assert rest is not None
        third = calls.listed(tx, calls.CallFilter(states=(CallState.NEW,)))[0]
        assert leases.claim_this(tx, third.id, analyzer=ANALYZER, owner="me", rules=rules) is None


def test_a_renewed_lease_outlives_its_first_end_and_a_lapsed_one_is_taken_over(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules, clock: ManualClock
) -> None:
    call = add_call("c1")
    assert claim(ledger, rules, "first") is not None
    clock.advance(170)
    with ledger.write() as tx:
        assert leases.renew(tx, ["first"], rules.lease_seconds) == 1
    clock.advance(170)
    assert claim(ledger, rules, "second") is None, "the lease was renewed"
    clock.advance(11)
    taken = claim(ledger, rules, "second")
    assert taken is not None
    assert (taken.id, taken.attempts, taken.resends) == (call.id, 2, 0)
    with ledger.write() as tx:
        assert leases.renew(tx, ["first"], rules.lease_seconds) == 0


def test_a_sent_call_whose_worker_is_gone_is_sent_again_once_and_then_held(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules, clock: ManualClock, config: AnalysisConfig
) -> None:
    call = add_call("c1")
    for resends, state in ((1, CallState.NEW), (2, CallState.HELD)):
        claimed = claim(ledger, rules)
        assert claimed is not None
        send(ledger, claimed, config)
        clock.advance(181)
        with ledger.write() as tx:
            assert leases.return_expired(tx, rules) == 1
        found = state_of(ledger, call)
        assert (found.state, found.resends, found.code) == (state, resends, leases.UNKNOWN_BILLING)
    assert claim(ledger, rules) is None, "a held call waits for a person"


def test_a_call_that_ends_its_worker_again_and_again_is_dead(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules, clock: ManualClock
) -> None:
    call = add_call("c1")
    for _ in range(rules.max_attempts):
        assert claim(ledger, rules) is not None
        clock.advance(181)
    assert claim(ledger, rules) is None
    found = state_of(ledger, call)
    assert (found.state, found.code) == (CallState.DEAD, leases.TOO_MANY_ATTEMPTS)


@pytest.mark.parametrize("sent", [True, False])
def test_a_call_whose_recording_changed_starts_over_when_its_worker_is_gone_for_good(
    ledger: Ledger,
    add_call: AddCall,
    rules: LeaseRules,
    clock: ManualClock,
    config: AnalysisConfig,
    sent: bool,
) -> None:
    call = add_call("c1")
    last = replace(rules, max_attempts=1, max_resend=0)
    claimed = claim(ledger, last)
    assert claimed is not None
    if sent:
        send(ledger, claimed, config)
    with ledger.write() as tx:
        known = calls.by_id(tx, call.id)
        new = replace(known.call, fingerprint="recording-2")
        calls.keep_snapshot(tx, known, new, deal=None, stage=None)
    clock.advance(181)
    with ledger.write() as tx:
        assert leases.return_expired(tx, last) == 1
        now = calls.by_id(tx, call.id)
    assert (now.state, now.attempts, now.resends, now.code) == (CallState.NEW, 0, 0, None)


def test_a_batch_whose_worker_is_gone_waits_for_write_back_again(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules, clock: ManualClock
) -> None:
    call = add_call("c1")
    claim(ledger, rules)
    with ledger.write() as tx:
        moves.move(tx, call.id, CallState.WORKING, CallState.ANALYZED)
        moves.move(tx, call.id, CallState.ANALYZED, CallState.WRITING, owner="w", lease_until=tx.now)
        leases.return_expired(tx, rules)
    assert state_of(ledger, call).state is CallState.ANALYZED


def test_the_only_daemon_of_a_file_ends_all_leases_at_once(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules
) -> None:
    call = add_call("c1")
    assert claim(ledger, rules, "before the restart") is not None
    with ledger.write() as tx:
        leases.expire_all(tx)
        assert leases.return_expired(tx, rules) == 1
    assert state_of(ledger, call).state is CallState.NEW


def test_a_worker_that_lost_its_lease_may_not_send(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules, clock: ManualClock, config: AnalysisConfig
) -> None:
    add_call("c1")
    first = claim(ledger, rules, "first")
    clock.advance(181)
    second = claim(ledger, rules, "second")
    assert first is not None
    assert second is not None
    with ledger.write() as tx:
        question = Question("a" * 64, config.hash)
        assert not leases.mark_sent(tx, first, question)
        assert leases.mark_sent(tx, second, question)


def test_the_hash_of_the_same_recording_is_remembered_from_claim_to_claim(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules, clock: ManualClock, config: AnalysisConfig
) -> None:
    call = add_call("c1")
    first = claim(ledger, rules)
    assert first is not None
    assert first.known is None
    send(ledger, first, config)
    clock.advance(181)
    second = claim(ledger, rules)
    assert second is not None
    assert second.known == Question("a" * 64, config.hash)
    with ledger.write() as tx:
        moves.move(tx, call.id, CallState.WORKING, CallState.NEW)
        known = calls.by_id(tx, call.id)
        new = replace(known.call, fingerprint="recording-2")
        calls.keep_snapshot(tx, known, new, deal=None, stage=None)
    third = claim(ledger, rules)
    assert third is not None
    assert third.known is None, "another recording has another hash"


def test_a_clock_that_jumps_takes_nothing_from_a_worker_that_goes_on(
    ledger: Ledger, add_call: AddCall, rules: LeaseRules, clock: ManualClock
) -> None:
    add_call("c1")
    first = claim(ledger, rules, "first")
    assert first is not None
    clock.advance(10 * rules.lease_seconds)
    with ledger.write() as tx:
        assert leases.return_expired(tx, rules, alive=["first"]) == 0
    clock.advance(rules.lease_seconds / 2)
    with ledger.write() as tx:
        assert leases.return_expired(tx, rules) == 0, "the lease was not prolonged"
