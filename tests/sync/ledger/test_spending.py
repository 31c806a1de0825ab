"""The breaker and the limit: two reasons not to send a paid request now."""

from __future__ import annotations

from datetime import timedelta

from velma_connectors.testing.clock import ManualClock
from velma_sync.ledger import connections, spending
from velma_sync.ledger.database import Ledger

ANALYZER = "canned"


def limit(ledger: Ledger, configured: int = 8) -> int:
    with ledger.read() as tx:
        return spending.get(tx, ANALYZER).limit(configured)


def test_the_breaker_is_announced_once_and_keeps_its_first_time(ledger: Ledger, clock: ManualClock) -> None:
    with ledger.write() as tx:
        opened_at = tx.now
        assert spending.stop(tx, ANALYZER, "credits", "no credits", probe_after=900)
    clock.advance(10)
    with ledger.write() as tx:
        assert not spending.stop(tx, ANALYZER, "quota", "no quota", probe_after=None)
        row = spending.get(tx, ANALYZER)
    assert (row.stop_code, row.stop_reason, row.stopped_at, row.probe_at) == (
        "quota",
        "no quota",
        opened_at,
        None,
    )
    with ledger.write() as tx:
        spending.probe_later(tx, ANALYZER, 60)
        assert spending.get(tx, ANALYZER).probe_at is not None
        assert spending.resume(tx, ANALYZER)
        assert not spending.resume(tx, ANALYZER)
        assert not spending.get(tx, ANALYZER).stopped


def test_one_burst_of_refusals_halves_the_limit_once(ledger: Ledger, clock: ManualClock) -> None:
    with ledger.write() as tx:
        assert [spending.lower_limit(tx, ANALYZER, 8) for _ in range(5)] == [4, 4, 4, 4, 4]
    clock.advance(spending.SETTLING_SECONDS)
    for expected in (2, 1, 1):
        with ledger.write() as tx:
            assert spending.lower_limit(tx, ANALYZER, 8) == expected
        clock.advance(spending.SETTLING_SECONDS)


def test_the_limit_rises_by_one_at_a_time_back_to_the_configured_one(
    ledger: Ledger, clock: ManualClock
) -> None:
    with ledger.write() as tx:
        spending.lower_limit(tx, ANALYZER, 4)
        spending.raise_limit(tx, ANALYZER, 4)
    assert limit(ledger, 4) == 2, "too soon after the refusal"
    for expected in (3, 4):
        clock.advance(spending.SETTLING_SECONDS)
        with ledger.write() as tx:
            spending.raise_limit(tx, ANALYZER, 4)
            spending.raise_limit(tx, ANALYZER, 4)
        assert limit(ledger, 4) == expected
    assert limit(ledger, 6) == 6, "nothing is left of the lowering"


def test_a_pause_is_announced_once_and_ends_with_its_faults(ledger: Ledger, clock: ManualClock) -> None:
    with ledger.write() as tx:
        connections.ensure(tx, "sales", clock.now())
        assert [connections.count_fault(tx, "sales") for _ in range(3)] == [1, 2, 3]
        assert connections.pause(tx, "sales", "signed out", probe_after=60)
        assert not connections.pause(tx, "sales", "still signed out", probe_after=60)
        assert connections.due_probes(tx, at_start=False) == []
    clock.advance(60)
    with ledger.write() as tx:
        assert connections.due_probes(tx, at_start=False) == ["sales"]
        assert connections.get(tx, "sales").paused_reason == "still signed out"
        assert connections.resume(tx, "sales")
        assert not connections.resume(tx, "sales")
        row = connections.get(tx, "sales")
    assert (row.paused_at, row.probe_at, row.faults) == (None, None, 0)


def test_a_pause_that_waits_for_a_person_is_not_ended_by_a_later_one(
    ledger: Ledger, clock: ManualClock
) -> None:
    with ledger.write() as tx:
        connections.ensure(tx, "sales", clock.now())
        connections.pause(tx, "sales", "signed out", probe_after=60)
        connections.pause(tx, "sales", "failed three times", probe_after=None)
        connections.pause(tx, "sales", "signed out", probe_after=60)
        row = connections.get(tx, "sales")
        assert connections.due_probes(tx, at_start=True) == []
    assert (row.probe_at, row.paused_reason) == (None, "failed three times")


def test_a_start_can_be_corrected_until_something_was_read(ledger: Ledger, clock: ManualClock) -> None:
    with ledger.write() as tx:
        first = connections.ensure(tx, "sales", clock.now())
        clock.advance(3600)
        again = connections.ensure(tx, "sales", clock.now())
        connections.covered(tx, "sales", clock.now())
        connections.remember_account(tx, "sales", "org-1")
        connections.wait(tx, "sales", 30)
        row = connections.get(tx, "sales")
        assert connections.listed(tx) == [row]
        late = connections.ensure(tx, "sales", clock.now() - timedelta(days=30))
    assert first.start_at < again.start_at, "nothing was read yet: a corrected start counts"
    assert late.start_at == row.start_at == again.start_at, "what was read begins where it began"
    assert row.covered_until == clock.now()
    assert row.account_id == "org-1"
    assert row.retry_at is not None
