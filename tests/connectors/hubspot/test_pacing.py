"""The pace: never more than a window holds, in turn, and no request once the day is used up."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from velma_connectors.errors import RetryLater
from velma_connectors.hubspot.pacing import LOOK_AGAIN, MAX_WAIT_SECONDS, RESET_LAG, Pace, Window
from velma_connectors.testing.clock import ManualClock

ZONE = "America/New_York"


def paced(clock: ManualClock) -> Pace:
    return Pace(clock.advance, clock.monotonic, clock.now)


def window(limit: int, left: int, milliseconds: int = 10_000) -> Mapping[str, str]:
    return {
        "X-HubSpot-RateLimit-Max": str(limit),
        "X-HubSpot-RateLimit-Remaining": str(left),
        "X-HubSpot-RateLimit-Interval-Milliseconds": str(milliseconds),
    }


def daily(allowed: int, remaining: int) -> Mapping[str, str]:
    return {
        "X-HubSpot-RateLimit-Daily": str(allowed),
        "X-HubSpot-RateLimit-Daily-Remaining": str(remaining),
    }


def departures(pace: Pace, clock: ManualClock, count: int, *, search: bool = False) -> list[float]:
    """When each of `count` requests left that were made one after another."""
    times = []
    for _ in range(count):
        pace.admit(search=search)
        times.append(clock.monotonic())
    return times


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(start <= time < start + seconds for time in times) for start in times)


def test_ninety_requests_leave_at_once_and_the_next_waits_for_the_window() -> None:
    clock = ManualClock()
    times = departures(paced(clock), clock, 91)
    assert times[:90] == [0.0] * 90
    assert 10 <= times[90] <= MAX_WAIT_SECONDS


def test_a_larger_allowance_is_learned_from_answers() -> None:
    clock = ManualClock()
    pace = paced(clock)
    departures(pace, clock, 1)
    pace.learn(window(190, 189), clock.now())
    assert departures(pace, clock, 170)[-1] == 0
    assert departures(pace, clock, 1)[0] >= 10


def test_a_longer_window_is_learned_from_answers() -> None:
    clock = ManualClock()
    pace = paced(clock)
    departures(pace, clock, 1)
    pace.learn(window(100, 99, 15_000), clock.now())
    departures(pace, clock, 89)
    with pytest.raises(RetryLater) as later:
        pace.admit(search=False)
    assert later.value.after >= 15


def test_nobody_overtakes_those_who_wait_when_the_window_grows() -> None:
    clock = ManualClock()
    waits: list[float] = []
    pace = Pace(waits.append, clock.monotonic, clock.now)
    for _ in range(91):
        pace.admit(search=False)
    pace.learn(window(190, 100), clock.now())
    pace.admit(search=False)
    assert waits[0] == waits[1] >= 10


def test_requests_of_others_with_the_same_key_take_up_room() -> None:
    clock = ManualClock()
    pace = paced(clock)
    departures(pace, clock, 10)
    pace.learn(window(100, 40), clock.now())
    assert departures(pace, clock, 30)[-1] == 0, "sixty requests have been counted, ninety are ours"
    assert departures(pace, clock, 1)[0] >= 10


def test_others_are_counted_although_our_own_requests_are_long_past() -> None:
    clock = ManualClock()
    pace = paced(clock)
    departures(pace, clock, 60)
    clock.advance(20)
    pace.learn(window(100, 40), clock.now())
    assert departures(pace, clock, 30)[-1] == 20
    assert departures(pace, clock, 1)[0] >= 30


def test_an_answer_that_overtook_ours_adds_nobody() -> None:
    clock = ManualClock()
    pace = paced(clock)
    departures(pace, clock, 20)
    pace.learn(window(100, 85), clock.now())
    assert departures(pace, clock, 70)[-1] == 0, "requests under way were counted as somebody else's"


def test_searches_have_a_window_of_their_own() -> None:
    clock = ManualClock()
    pace = paced(clock)
    departures(pace, clock, 80)
    assert most_within(departures(pace, clock, 20, search=True), 1.0) == 4
    assert clock.monotonic() == pytest.approx(4.0)


@pytest.mark.parametrize(("search", "seconds"), [(False, 10.0), (True, 1.0)])
def test_a_refusal_closes_its_window_alone(search: bool, seconds: float) -> None:
    clock = ManualClock()
    pace = paced(clock)
    pace.refused(search=search)
    assert departures(pace, clock, 1, search=not search) == [0.0]
    assert departures(pace, clock, 1, search=search) == [seconds]


def test_whoever_would_wait_too_long_comes_back_later() -> None:
    clock = ManualClock()
    waits: list[float] = []
    pace = Pace(waits.append, clock.monotonic, clock.now)
    for _ in range(180):
        pace.admit(search=False)
    with pytest.raises(RetryLater) as later:
        pace.admit(search=False)
    assert later.value.after > MAX_WAIT_SECONDS
    assert not later.value.counts
    clock.advance(15)
    pace.admit(search=False)
    assert max(waits) <= MAX_WAIT_SECONDS


def test_threads_share_one_window() -> None:
    clock = ManualClock()
    departed: list[float] = []
    lock = threading.Lock()
    waiting = threading.local()

    def wait(seconds: float) -> None:
        waiting.seconds = seconds

    pace = Pace(wait, clock.monotonic, clock.now)

    def leave(_: int) -> None:
        waiting.seconds = 0.0
        pace.admit(search=False)
        with lock:
            departed.append(waiting.seconds)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(leave, range(180)))
    assert sorted(departed)[:90] == [0.0] * 90
    assert most_within(departed, 10.0) == 90


@settings(max_examples=60)
@given(
    limit=st.integers(1, 9),
    steps=st.lists(st.tuples(st.floats(0, 4), st.integers(0, 9), st.booleans()), max_size=40),
)
def test_no_span_ever_holds_more_than_its_limit(limit: int, steps: list[tuple[float, int, bool]]) -> None:
    held = Window(limit, 10.0)
    now, slots = 0.0, []
    for pause, used, closed in steps:
        now += pause
        held.count_others(used, now)
        if closed:
            held.close(now)
        slot = held.next_slot(now)
        assert slot >= now
        held.take(slot)
        slots.append(slot)
        assert slot >= now + 10 or not closed
    assert slots == sorted(slots), "a request overtook another"
    assert all(later >= earlier + 10 for earlier, later in zip(slots, slots[limit:], strict=False))


def test_a_day_that_is_nearly_used_up_is_left_until_the_portals_midnight() -> None:
    clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    pace = paced(clock)
    pace.know_zone(ZONE)
    pace.learn(daily(1000, 51), clock.now())
    pace.admit(search=True)
    assert pace.day == (949, 1000)
    pace.learn(daily(1000, 50), clock.now())
    for search in (True, False):
        with pytest.raises(RetryLater) as later:
            pace.admit(search=search)
        assert later.value.after == timedelta(hours=20).total_seconds(), "midnight there is 05:00 UTC"
        assert not later.value.counts
    clock.advance(later.value.after)
    pace.admit(search=False)


@pytest.mark.parametrize(
    ("sent_at", "until"),
    [
        (datetime(2026, 3, 8, 6, 30, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)),
        (datetime(2026, 3, 3, 4, 59, tzinfo=UTC), datetime(2026, 3, 3, 5, tzinfo=UTC)),
        (datetime(2026, 3, 3, 5, 1, tzinfo=UTC), datetime(2026, 3, 3, 5, tzinfo=UTC) + RESET_LAG),
    ],
    ids=["clocks go forward", "clocks go back", "a minute before", "the counter is late"],
)
def test_midnight_is_that_of_the_portal(sent_at: datetime, until: datetime) -> None:
    clock = ManualClock(sent_at)
    pace = paced(clock)
    pace.know_zone(ZONE)
    assert pace.refused_for_today(sent_at) == (until - sent_at).total_seconds()


def test_an_answer_from_before_midnight_does_not_close_the_new_day() -> None:
    before = datetime(2026, 3, 3, 4, 59, 59, tzinfo=UTC)
    clock = ManualClock(before + timedelta(seconds=2))
    pace = paced(clock)
    pace.know_zone(ZONE)
    pace.learn(daily(1000, 1), before)
    pace.admit(search=False)


@pytest.mark.parametrize("name", [None, "Mars/Olympus_Mons", "../etc/passwd", "America", ""])
def test_without_a_known_zone_the_day_is_looked_at_again_by_the_hour(name: str | None) -> None:
    clock = ManualClock()
    pace = paced(clock)
    pace.know_zone(name)
    assert pace.refused_for_today(clock.now()) == LOOK_AGAIN.total_seconds()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        window(0, 0),
        window(100, 100, 0),
        {**window(100, 5), "X-HubSpot-RateLimit-Max": "many"},
        {**window(100, 5), "X-HubSpot-RateLimit-Remaining": "-5"},
        {"X-HubSpot-RateLimit-Daily": "0", "X-HubSpot-RateLimit-Daily-Remaining": "0"},
        {"X-HubSpot-RateLimit-Daily-Remaining": "0"},
    ],
)
def test_headers_that_say_nothing_useful_change_nothing(headers: Mapping[str, str]) -> None:
    clock = ManualClock()
    pace = paced(clock)
    pace.learn(headers, clock.now())
    assert departures(pace, clock, 90)[-1] == 0
    assert pace.day is None
