"""History: forecast, planned, brought in bit by bit behind today's calls, and stopped at its limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from velma_connectors.errors import RetryLater, SkipCall
from velma_connectors.model import Page, Window
from velma_connectors.testing.faults import Fault
from velma_sync.daemon import run_backfills, run_once
from velma_sync.ledger import backfills
from velma_sync.ledger.backfills import Backfill
from velma_sync.ledger.states import CallState
from velma_sync.pipeline import backfill
from velma_sync.pipeline.backfill import History, begin, feed, look_back
from velma_sync.pipeline.operate import retry, status
from velma_sync.pipeline.settings import EngineSettings

from .conftest import BuildRig
from .rig import Rig, answer, sha

PLANNED, NEW, DONE = CallState.PLANNED, CallState.NEW, CallState.DONE
STAGES = ["Discovery", "Demo", "Negotiation"]


def remember(rig: Rig, id: str, *, days: float = 30, seconds: int | None = 600, **more: Any) -> None:
    """A call of some days ago, as it lies in the CRM, and as long as it says there."""
    at = rig.clock.now() - timedelta(days=days)
    if seconds is not None:
        rig.analyzer.answers[sha(id.encode())] = answer("A summary.", seconds=seconds)
    rig.crm.add_call(id, started_at=at, seconds=seconds, **{"audio": id.encode(), **more})


def past(rig: Rig, *, days: float = 60, until: float = 0) -> History:
    now = rig.clock.now()
    return look_back(rig.engine, rig.connection, now - timedelta(days=days), now - timedelta(days=until))


def brought_in(rig: Rig) -> set[str]:
    return {each.ref.id for each in rig.calls(NEW)}


def going(rig: Rig) -> list[Backfill]:
    with rig.ledger.read() as tx:
        return backfills.listed(tx)


@pytest.fixture
def narrow(build_rig: BuildRig) -> Rig:
    """Two slots, one of which is kept free; audio costs 6 an hour."""
    return build_rig(settings=EngineSettings(max_in_flight=2, price_per_hour=6.0))


def test_only_calls_that_took_place_in_the_span_are_found_and_nothing_changes(rig: Rig) -> None:
    for id, days in (("old", 90), ("first", 59), ("last", 8), ("young", 6)):
        remember(rig, id, days=days)
    history = past(rig, days=60, until=7)
    assert {each.call.ref.id for each in history.candidates} == {"first", "last"}
    assert (history.seconds, history.unknown_lengths, history.known) == (1200, 0, 0)
    assert history.requests >= 1
    assert rig.states() == {}


def test_a_call_that_is_edited_during_the_walk_is_found_all_the_same(build_rig: BuildRig) -> None:
    rig = build_rig(settings=EngineSettings(page_calls=1))
    for id in ("a", "b", "c"):
        remember(rig, id)
    walk, edits = rig.connection.connector.calls, ["c"]

    def edited_meanwhile(window: Window, cursor: str | None, *, limit: int) -> Page:
        page = walk(window, cursor, limit=limit)
        if edits:
            rig.clock.advance(1)
            rig.crm.touch(edits.pop())
        return page

    rig.connection.connector.calls = edited_meanwhile  # type: ignore[method-assign]
    assert sorted(each.call.ref.id for each in past(rig).candidates) == ["a", "b", "c"]


def test_open_deals_that_came_furthest_go_first_and_the_latest_call_of_each(rig: Rig) -> None:
    rig.lateness = lambda stage, pipeline: STAGES.index(stage) if stage in STAGES else 0
    rig.crm.add_deal("early", stage="Discovery")
    rig.crm.add_deal("late", stage="Negotiation")
    rig.crm.add_deal("lost", stage="Negotiation", is_open=False)
    remember(rig, "of none", days=1)
    remember(rig, "of lost", days=2, deals=["lost"])
    remember(rig, "early", days=3, deals=["early"])
    remember(rig, "late, first", days=20, deals=["late"])
    remember(rig, "late, last", days=10, deals=["late"])
    order = [each.call.ref.id for each in past(rig).candidates]
    assert order == ["late, last", "late, first", "early", "of none", "of lost"]


def test_what_cannot_be_analyzed_is_counted_and_kept_with_its_reason(rig: Rig) -> None:
    remember(rig, "silent", audio=None)
    remember(rig, "short", seconds=3)
    remember(rig, "voicemail", skip_reason="the call result is Voicemail")
    remember(rig, "good")
    history = past(rig)
    assert history.left_out == {"no_recording": 1, "too_short": 1, "filtered": 1}
    begin(rig.engine, history)
    assert rig.states() == {
        "silent": "no_recording",
        "short": "skipped",
        "voicemail": "skipped",
        "good": "planned",
    }


def test_what_the_ledger_knows_is_left_alone_but_for_calls_from_before_its_beginning(rig: Rig) -> None:
    rig.poll()
    remember(rig, "before the start")
    rig.clock.advance(60)
    rig.crm.add_call("today", audio=b"today")
    rig.run()
    assert rig.states() == {"before the start": "skipped", "today": "done"}
    history = past(rig)
    assert ([each.call.ref.id for each in history.candidates], history.known) == (["before the start"], 1)
    begin(rig.engine, history)
    assert rig.states() == {"before the start": "planned", "today": "done"}


def test_history_takes_all_slots_but_one_and_is_topped_up(build_rig: BuildRig) -> None:
    rig = build_rig(settings=EngineSettings(max_in_flight=3))
    for number in range(5):
        remember(rig, f"c{number}", days=10 + number)
    begin(rig.engine, past(rig))
    assert feed(rig.engine).more
    assert brought_in(rig) == {"c0", "c1"}
    assert feed(rig.engine).more
    assert brought_in(rig) == {"c0", "c1"}
    rig.work()
    assert feed(rig.engine).more
    assert brought_in(rig) == {"c2", "c3"}
    rig.work()
    assert not feed(rig.engine).more
    assert brought_in(rig) == {"c4"}


def test_calls_of_today_go_first(narrow: Rig) -> None:
    narrow.poll()
    remember(narrow, "history")
    begin(narrow.engine, past(narrow, until=1))
    narrow.crm.add_call("today", audio=b"today")
    narrow.poll()
    assert feed(narrow.engine).more
    assert narrow.states()["history"] == "planned"
    narrow.work()
    feed(narrow.engine)
    assert brought_in(narrow) == {"history"}


def test_a_cost_stops_before_the_call_that_would_pass_it_and_goes_on_with_a_higher_one(narrow: Rig) -> None:
    for number in range(4):
        remember(narrow, f"c{number}", days=10 + number)  # ten minutes cost 1 each
    (wanted,) = begin(narrow.engine, past(narrow), max_cost=2.5)
    while feed(narrow.engine).calls:
        narrow.work()
    assert (len(narrow.calls(PLANNED)), narrow.billing().answered) == (2, 2)
    assert [each.stopped_reason for each in going(narrow)] == ["The next call would pass a cost of 2.50."]
    with narrow.ledger.write() as tx:
        backfills.go_on(tx, [wanted], max_cost=3.0, max_hours=None)
    while feed(narrow.engine).calls:
        narrow.work()
    assert (len(narrow.calls(PLANNED)), narrow.billing().answered) == (1, 3)


def test_a_cost_without_a_price_lets_nothing_more_in(narrow: Rig) -> None:
    for number in range(3):
        remember(narrow, f"c{number}", days=10 + number)
    begin(narrow.engine, past(narrow), max_cost=2.5)
    feed(narrow.engine)
    narrow.work()
    narrow.settings = replace(narrow.settings, price_per_hour=None)
    narrow.restart()
    assert feed(narrow.engine).calls == 0
    assert (narrow.billing().answered, len(narrow.calls(PLANNED))) == (1, 2)
    assert [each.stopped_reason for each in going(narrow)] == [
        "Its limit, a cost of 2.50, cannot be kept without a price. Set price_per_audio_hour, then go on "
        "with that limit."
    ]


def test_one_limit_holds_for_all_connections_that_were_begun_together(build_rig: BuildRig) -> None:
    settings = EngineSettings(max_in_flight=4, price_per_hour=6.0)
    rig = build_rig(names=("sales", "service"), settings=settings)
    for name, crm in rig.crms.items():
        for number in range(3):
            at = rig.clock.now() - timedelta(days=10 + number)
            crm.add_call(f"{name}{number}", started_at=at, seconds=300, audio=f"{name}{number}".encode())
    since, until = rig.clock.now() - timedelta(days=60), rig.clock.now()
    histories = [look_back(rig.engine, each, since, until) for each in rig.engine.connections.values()]
    begin(rig.engine, *histories, max_cost=2.2)  # five minutes cost 0.50 each
    while feed(rig.engine).calls:
        rig.work()
    assert (rig.billing().answered, len(rig.calls(PLANNED))) == (4, 2)
    assert {each.stopped_reason for each in going(rig)} == {"The next call would pass a cost of 2.20."}


def test_hours_of_audio_are_a_limit_too_and_an_unknown_length_counts_as_one(narrow: Rig) -> None:
    remember(narrow, "an hour and a half", days=1, seconds=5400)
    remember(narrow, "unknown", days=2, seconds=None)
    begin(narrow.engine, past(narrow), max_hours=2.4)
    while feed(narrow.engine).calls:
        narrow.work()
    assert narrow.states() == {"an hour and a half": "analyzed", "unknown": "planned"}
    assert [each.stopped_reason for each in going(narrow)] == ["The next call would pass 2.4 hours of audio."]


def test_an_unknown_length_counts_as_an_hour_until_it_is_measured(narrow: Rig) -> None:
    for number in range(13):
        remember(narrow, f"c{number:02}", days=10 + number, seconds=None)
    begin(narrow.engine, past(narrow), max_hours=2.0)
    while feed(narrow.engine).calls:
        narrow.work()
    # Each turns out to be five minutes long, so that after twelve an hour is left for the next.
    assert (len(narrow.calls(PLANNED)), narrow.billing().answered) == (0, 13)


def test_a_cost_counts_what_was_heard_and_not_what_the_crm_says(build_rig: BuildRig) -> None:
    rig = build_rig(settings=EngineSettings(max_in_flight=2, price_per_hour=60.0))
    for number in range(3):
        remember(rig, f"c{number}", days=10 + number, seconds=60)
        rig.analyzer.answers[sha(f"c{number}".encode())] = answer("Long.", seconds=3600)
    begin(rig.engine, past(rig), max_cost=2.5)
    while feed(rig.engine).calls:
        rig.work()
    assert (rig.billing().answered, rig.billing().answered_seconds) == (1, 3600)
    assert [each.stopped_reason for each in going(rig)] == ["The next call would pass a cost of 2.50."]


def test_calls_that_wait_for_another_try_leave_room_for_the_next(
    build_rig: BuildRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = build_rig(settings=EngineSettings(max_in_flight=3))
    for number in range(6):
        remember(rig, f"c{number}", days=10 + number)
    begin(rig.engine, past(rig))
    monkeypatch.setattr(backfill, "MOST_WAITING", 3)
    rig.crm.fail(Fault("open_recording", RetryLater("not yet", after=3000), times=4))
    while feed(rig.engine).calls:
        rig.work()
    assert list(rig.states().values()).count("planned") == 2, "a whole history waits for another try"
    assert feed(rig.engine).more
    rig.clock.advance(3600)
    rig.work()
    assert feed(rig.engine).calls == 2


def test_history_of_a_connection_that_rests_leaves_room_for_the_others(build_rig: BuildRig) -> None:
    rig = build_rig(names=("sales", "gone"), settings=EngineSettings(max_in_flight=3))
    for name, connection in rig.engine.connections.items():
        for number in range(2):
            at = rig.clock.now() - timedelta(days=10)
            rig.crms[name].add_call(f"{name} {number}", started_at=at, seconds=600, audio=name.encode())
        since = rig.clock.now() - timedelta(days=60)
        begin(rig.engine, look_back(rig.engine, connection, since, rig.clock.now()))
    everything = rig.engine.connections
    feed(replace(rig.engine, connections={"gone": everything["gone"]}))
    assert brought_in(rig) == {"gone 0", "gone 1"}
    assert feed(replace(rig.engine, connections={"sales": everything["sales"]})).calls == 2


def test_what_is_under_way_counts_against_the_limit(build_rig: BuildRig) -> None:
    rig = build_rig(settings=EngineSettings(max_in_flight=5, price_per_hour=6.0))
    for number in range(4):
        remember(rig, f"c{number}", days=10 + number)
    begin(rig.engine, past(rig), max_cost=2.5)
    assert not feed(rig.engine).more
    assert brought_in(rig) == {"c0", "c1"}


def test_a_whole_backfill_is_worked_off_and_written_and_paid_once(narrow: Rig) -> None:
    narrow.crm.add_deal("d", stage="Demo")
    for number in range(5):
        remember(narrow, f"c{number}", days=10 + number, deals=["d"])
    wanted = begin(narrow.engine, past(narrow))
    seen: list[int] = []
    assert run_backfills(
        narrow.engine, wanted, progress=lambda counts: seen.append(sum(c.calls for c in counts))
    )
    assert set(narrow.states().values()) == {"done"}
    assert narrow.billing().answered == 5
    assert set(seen) == {5}
    assert narrow.read("Deal", "d")["last_call_at"] == narrow.call("c0").call.started_at
    history = past(narrow)
    assert (history.candidates, history.known) == ((), 5)


def test_only_history_counts_for_how_far_a_backfill_has_come(narrow: Rig) -> None:
    narrow.poll()
    remember(narrow, "history")
    remember(narrow, "no sound")
    wanted = begin(narrow.engine, past(narrow, until=1))
    narrow.crm.add_call("today", audio=b"today")
    narrow.crm.add_call("waits")
    narrow.analyzer.fail(Fault("analyze", SkipCall("No sound.", code="not_audio"), times=3))
    seen: list[dict[CallState, int]] = []
    run_backfills(
        narrow.engine, wanted, progress=lambda counts: seen.append({c.state: c.calls for c in counts})
    )
    assert {sum(each.values()) for each in seen} == {2}
    assert seen[-1] == {CallState.SKIPPED: 2}
    assert narrow.states()["waits"] == "waiting_recording"


def test_a_backfill_survives_the_end_of_its_process(narrow: Rig) -> None:
    for number in range(3):
        remember(narrow, f"c{number}")
    wanted = begin(narrow.engine, past(narrow))
    feed(narrow.engine)
    narrow.restart()
    assert run_backfills(narrow.engine, wanted)
    assert set(narrow.states().values()) == {"done"}
    assert narrow.billing().answered == 3


def test_one_run_over_what_is_new_takes_no_history(narrow: Rig) -> None:
    remember(narrow, "history")
    begin(narrow.engine, past(narrow))
    run_once(narrow.engine)
    assert narrow.states() == {"history": "planned"}


def test_a_paused_connection_and_stopped_spending_let_nothing_in(narrow: Rig) -> None:
    run_once(narrow.engine)
    remember(narrow, "history")
    wanted = begin(narrow.engine, past(narrow, until=1))
    narrow.crm.account_id = "another account"
    assert run_backfills(narrow.engine, wanted)
    assert narrow.states() == {"history": "planned"}
    assert status(narrow.ledger).connections[0].paused_at is not None


def test_a_changed_recording_leaves_a_planned_call_in_its_place(narrow: Rig) -> None:
    narrow.poll()
    remember(narrow, "history")
    begin(narrow.engine, past(narrow))
    narrow.crm.attach("history", b"another recording", touches=True)
    narrow.poll()
    assert narrow.states() == {"history": "planned"}
    feed(narrow.engine)
    narrow.work()
    assert b"another recording" in narrow.crm.files.values()
    assert narrow.call("history").state is CallState.ANALYZED


def test_somebody_may_take_a_planned_call_ahead_or_end_the_rest(narrow: Rig) -> None:
    for number in range(3):
        remember(narrow, f"c{number}", days=10 + number)
    (wanted,) = begin(narrow.engine, past(narrow))
    retry(narrow.ledger, narrow.call("c2").ref)
    assert narrow.states() == {"c0": "planned", "c1": "planned", "c2": "new"}
    with narrow.ledger.write() as tx:
        assert backfills.abandon(tx, wanted) == 2
    assert not feed(narrow.engine).more
    assert going(narrow) == []
    assert narrow.call("c0").code == backfills.STOPPED


def test_what_was_ended_can_be_begun_again(narrow: Rig) -> None:
    remember(narrow, "ended")
    (wanted,) = begin(narrow.engine, past(narrow))
    with narrow.ledger.write() as tx:
        backfills.abandon(tx, wanted)
    again = past(narrow)
    assert [each.call.ref.id for each in again.candidates] == ["ended"]
    assert run_backfills(narrow.engine, begin(narrow.engine, again))
    assert narrow.states() == {"ended": "done"}
