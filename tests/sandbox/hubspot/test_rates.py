"""How often a portal may be asked, by its own clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from velma_connectors.sandbox.hubspot import HubSpotPortal

from .conftest import Clock, Door

HEADERS = (
    "Max",
    "Remaining",
    "Interval-Milliseconds",
    "Secondly",
    "Secondly-Remaining",
    "Daily",
    "Daily-Remaining",
)


def told(headers: Mapping[str, str]) -> list[str | None]:
    return [headers.get(f"X-HubSpot-RateLimit-{name}") for name in HEADERS]


def test_every_answer_tells_what_is_left(door: Door) -> None:
    first = door.call("GET", "/account-info/v3/details")
    assert told(first.headers) == ["100", "99", "10000", "10", "9", "250000", "249999"]
    refused = door.ask("GET", "objects", "calls/1")
    assert (refused.status_code, told(refused.headers)[1]) == (404, "98")


def test_a_burst_is_refused_until_ten_seconds_have_passed(
    door: Door, portal: HubSpotPortal, clock: Clock
) -> None:
    portal.switches.burst_limit = 3
    for _ in range(3):
        assert door.ask("GET", "objects", "calls").status_code == 200
        clock.advance(seconds=1)
    answer = door.ask("GET", "objects", "calls")
    assert answer.status_code == 429
    envelope = answer.json()
    assert envelope["message"] == "You have reached your ten_secondly_rolling limit."
    assert (envelope["errorType"], envelope["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert "category" not in envelope
    assert told(answer.headers)[:2] == ["3", "0"]
    assert "Retry-After" not in answer.headers
    portal.switches.retry_after_header = True
    assert door.ask("GET", "objects", "calls").headers["Retry-After"] == "8"
    clock.advance(seconds=7)
    assert door.ask("GET", "objects", "calls").status_code == 200, "the window rolls"
    assert door.ask("GET", "objects", "calls").status_code == 429


def test_tokens_have_windows_of_their_own(door: Door, portal: HubSpotPortal) -> None:
    portal.switches.burst_limit = 1
    portal.add_token("another")
    assert door.ask("GET", "objects", "calls").status_code == 200
    assert door.ask("GET", "objects", "calls").status_code == 429
    door.token = "another"
    assert door.ask("GET", "objects", "calls").status_code == 200


def test_search_has_a_limit_and_a_body_of_its_own(door: Door, portal: HubSpotPortal, clock: Clock) -> None:
    portal.add_token("another")
    for number in range(5):
        door.token = "another" if number % 2 else door.token
        answer = door.ask("POST", "objects", "calls/search", {})
        assert answer.status_code == 200
        assert told(answer.headers) == [None, None, None, None, None, "250000", str(249_999 - number)]
    answer = door.ask("POST", "objects", "deals/search", {})
    assert answer.status_code == 429, "the account searches five times a second, whoever asks"
    envelope = answer.json()
    assert (envelope["message"], envelope["category"]) == (
        "You have reached your secondly limit.",
        "RATE_LIMITS",
    )
    assert "policyName" not in envelope
    assert "X-HubSpot-RateLimit-Max" not in answer.headers
    portal.switches.search_policy_name = True
    assert door.ask("POST", "objects", "deals/search", {}).json()["policyName"] == "SECONDLY"
    assert told(door.ask("GET", "objects", "calls").headers)[1] == "99", "searches leave the burst alone"
    clock.advance(seconds=1)
    assert door.ask("POST", "objects", "calls/search", {}).status_code == 200


def test_a_day_ends_at_the_midnight_of_the_account(door: Door, portal: HubSpotPortal, clock: Clock) -> None:
    clock.time = datetime(2026, 3, 3, 4, 59, tzinfo=UTC)
    portal.switches.daily_limit = 2
    portal.switches.retry_after_header = True
    assert door.ask("GET", "objects", "calls").status_code == 200
    assert door.ask("POST", "objects", "calls/search", {}).status_code == 200
    for answer in (door.ask("GET", "objects", "calls"), door.ask("POST", "objects", "calls/search", {})):
        assert answer.status_code == 429
        assert (answer.json()["policyName"], answer.json()["errorType"]) == ("DAILY", "RATE_LIMIT")
        assert answer.json()["message"] == "You have reached your daily limit."
        assert answer.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
        assert answer.headers["Retry-After"] == "61"
    clock.advance(minutes=1)
    answer = door.ask("GET", "objects", "calls")
    assert (answer.status_code, told(answer.headers)[-1]) == (200, "1")


def test_a_day_may_begin_late(door: Door, portal: HubSpotPortal) -> None:
    portal.allowance.used_today = 249_000
    assert told(door.ask("GET", "objects", "calls").headers)[-1] == "999"


def test_daily_headers_may_be_absent(door: Door, portal: HubSpotPortal) -> None:
    portal.switches.daily_headers = False
    assert told(door.ask("GET", "objects", "calls").headers)[-2:] == [None, None]


def test_a_refused_token_uses_nothing(door: Door, portal: HubSpotPortal) -> None:
    door.call("GET", "/account-info/v3/details", headers={"Authorization": "Bearer nobody"})
    assert portal.allowance.used_today == 0
