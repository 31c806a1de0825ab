"""Several backfills side by side: each is worked on when it is asked for, within limits of all together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from velma_sync.daemon import run_backfills, run_once
from velma_sync.ledger import backfills
from velma_sync.ledger.states import CallState
from velma_sync.pipeline.backfill import begin, feed, look_back
from velma_sync.pipeline.operate import retry
from velma_sync.pipeline.settings import EngineSettings

from .conftest import BuildRig
from .rig import Rig

PLANNED, NEW = CallState.PLANNED, CallState.NEW


@pytest.fixture
def both(build_rig: BuildRig) -> Rig:
    """Two connections with four calls of the past each; five minutes of audio cost 0.50."""
    settings = EngineSettings(max_in_flight=3, price_per_hour=6.0)
    rig = build_rig(names=("portal", "org"), settings=settings)
    for name, crm in rig.crms.items():
        for number in range(4):
            at = rig.clock.now() - timedelta(days=10 + number)
            audio = f"{name}{number}".encode()
            crm.add_call(f"{name}{number}", started_at=at, seconds=300, audio=audio)
    return rig


def plan(rig: Rig, name: str, *, max_cost: float | None = None) -> int:
    since, until = rig.clock.now() - timedelta(days=60), rig.clock.now()
    history = look_back(rig.engine, rig.engine.connections[name], since, until)
    (wanted,) = begin(rig.engine, history, max_cost=max_cost)
    rig.clock.advance(60)
    return wanted


def go_on(rig: Rig, *wanted: int, max_cost: float) -> None:
    with rig.ledger.write() as tx:
        backfills.go_on(tx, wanted, max_cost=max_cost, max_hours=None)
    while feed(rig.engine).calls:
        rig.work()


def left(rig: Rig, name: str) -> int:
    return sum(state == PLANNED for call, state in rig.states().items() if call.startswith(name))


def test_only_the_wanted_one_is_brought_in(both: Rig) -> None:
    plan(both, "portal")
    wanted = plan(both, "org")
    assert run_backfills(both.engine, [wanted])
    assert (left(both, "portal"), left(both, "org"), both.billing().answered) == (4, 0, 4)


def test_progress_is_that_of_the_wanted_one(both: Rig) -> None:
    plan(both, "portal")
    seen: list[int] = []
    wanted = [plan(both, "org")]
    run_backfills(both.engine, wanted, progress=lambda counts: seen.append(sum(c.calls for c in counts)))
    assert set(seen) == {4}


def test_what_an_interrupted_one_had_not_begun_waits_for_its_turn_again(both: Rig) -> None:
    plan(both, "portal")
    assert feed(both.engine).calls == 2
    both.restart()
    run_once(both.engine)
    assert (left(both, "portal"), both.billing().answered) == (4, 0)
    wanted = plan(both, "org")
    run_backfills(both.engine, [wanted])
    assert (left(both, "portal"), both.billing().answered) == (4, 4)


def test_a_call_that_was_taken_ahead_does_not_go_back(both: Rig) -> None:
    plan(both, "portal")
    retry(both.ledger, both.call("portal3").ref)
    run_once(both.engine)
    assert both.states()["portal3"] == "done"
    assert left(both, "portal") == 3


def test_what_goes_back_is_no_longer_beyond_the_limit(both: Rig) -> None:
    wanted = plan(both, "portal", max_cost=0.6)
    feed(both.engine)
    both.restart()
    run_once(both.engine)
    assert (left(both, "portal"), both.billing().answered) == (4, 0)
    assert run_backfills(both.engine, [wanted])
    assert (left(both, "portal"), both.billing().answered) == (3, 1)


def test_those_that_go_on_together_share_their_limits_whenever_they_were_begun(both: Rig) -> None:
    first, second = plan(both, "portal", max_cost=0.6), plan(both, "org", max_cost=0.6)
    while feed(both.engine).calls:
        both.work()
    assert both.billing().answered == 2, "each had a limit of its own"
    go_on(both, first, second, max_cost=2.2)
    assert both.billing().answered == 4
    go_on(both, second, max_cost=3.2)
    assert both.billing().answered == 6, "what the other has used counts, also when only one goes on"


def test_ending_one_skips_what_was_brought_in_and_not_begun(both: Rig) -> None:
    wanted = plan(both, "portal")
    feed(both.engine)
    both.restart()
    with both.ledger.write() as tx:
        assert backfills.abandon(tx, wanted) == 4
    run_once(both.engine)
    assert both.billing().answered == 0
