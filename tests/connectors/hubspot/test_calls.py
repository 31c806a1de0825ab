"""Calls found in an emulated portal, over sockets: every one, once, for few requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velma_connectors.hubspot.calls import CallReader
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.neighbours import Neighbours
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.model import Call, CallRef, RecordingSource, Window
from velma_connectors.sandbox.hubspot import HubSpotPortal
from velma_connectors.testing.clock import ManualClock

VOICEMAIL = "b2cf5968-551e-4856-9783-52b3da59a7d0"
REDIRECTOR = "/recording/auth/provider/hublets/v1/external-url-retriever/getAuthRecording/portal/"


@dataclass
class Desk:
    """A portal, and a reader of its calls."""

    portal: HubSpotPortal
    client: HubSpotClient
    options: HubSpotOptions
    clock: ManualClock

    def __post_init__(self) -> None:
        self.began = self.clock.now()
        self.reader = self.read_with()

    def read_with(self, **more: Any) -> CallReader:
        """A reader with other settings, and with no memory."""
        now = self.clock.now
        options = self.options.model_copy(update=more)
        neighbours = Neighbours(self.client, deal_candidates=options.deal_candidates, now=now)
        return CallReader("sales", options, self.client, KnownFields(self.client), neighbours, now)

    def minutes_ago(self, minutes: float) -> datetime:
        return self.began - timedelta(minutes=minutes)

    @property
    def last_day(self) -> Window:
        return Window(self.minutes_ago(24 * 60), self.clock.now())

    def call(self, minutes_ago: float = 30, **properties: Any) -> str:
        """A completed call, logged that many minutes before the test began."""
        usual = {"hs_call_status": "COMPLETED", "hs_call_duration": "60000"}
        return self.portal.insert("calls", {**usual, **properties}, at=self.minutes_ago(minutes_ago))

    def walk(self, window: Window, limit: int = 1_000) -> list[Call]:
        calls: list[Call] = []
        cursor = None
        while True:
            page = self.reader.page(window, cursor, limit)
            assert len(page.calls) <= limit
            calls += page.calls
            cursor = page.cursor
            if cursor is None:
                return calls

    def one(self, call_id: str) -> Call:
        (call,) = self.reader.refresh([CallRef("sales", "calls", call_id)])
        return call

    def requests(self) -> dict[str, int]:
        kinds: dict[str, int] = self.portal.usage.snapshot()["kinds"]
        return kinds


def ids(calls: Sequence[Call]) -> list[str]:
    return [call.ref.id for call in calls]


@pytest.fixture
def desk(portal: HubSpotPortal, client: HubSpotClient, options: HubSpotOptions, clock: ManualClock) -> Desk:
    return Desk(portal, client, options, clock)


OFFSETS = st.sampled_from([-1, 0, 1, 2, 59_999, 60_000, 60_001])
"""Milliseconds after the start of a window that is a minute long; the first and the last lie outside."""


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OFFSETS, max_size=12), st.integers(1, 6), st.integers(0, 10_000))
def test_a_walk_finds_every_call_of_the_window_whatever_their_stamps(
    desk: Desk, saved: list[int], limit: int, shift: int
) -> None:
    start = desk.minutes_ago(100_000 - 2 * shift)
    window = Window(start, start + timedelta(minutes=1))
    before = set(ids(desk.walk(window)))
    made = {
        desk.portal.insert("calls", {}, at=start + timedelta(milliseconds=offset))
        for offset in saved
        if 0 <= offset <= 60_000
    }
    for offset in (-1, 60_001):
        desk.portal.insert("calls", {}, at=start + timedelta(milliseconds=offset))

    found = ids(desk.walk(window, limit))

    assert set(found) == before | made
    assert len(found) == len(set(found)), "a call came twice although nothing changed"
    assert desk.reader.count(window) == len(found)


def test_more_than_ten_thousand_calls_of_one_millisecond_are_all_found(desk: Desk) -> None:
    moment = desk.minutes_ago(10)
    made = [desk.portal.insert("calls", {}, at=moment) for _ in range(10_050)]
    desk.clock.advance(60)
    found = ids(desk.walk(Window(moment, moment)))
    assert found == made
    assert desk.reader.count(Window(moment, moment)) == 10_050
    assert desk.requests()["search"] == 52


@pytest.mark.parametrize("limit", [1, 150, 200, 201, 1_000])
def test_a_page_never_holds_more_calls_than_wanted(desk: Desk, limit: int) -> None:
    made = [desk.call() for _ in range(205)]
    page = desk.reader.page(desk.last_day, None, limit)
    assert ids(page.calls) == made[:limit]
    assert page.cursor == (made[limit - 1] if limit < 205 else None)


def test_an_empty_window_is_a_complete_walk_of_one_request(desk: Desk) -> None:
    assert desk.walk(desk.last_day) == []
    assert desk.reader.count(desk.last_day) == 0
    assert desk.portal.usage.snapshot()["requests"] == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"hs_timestamp": "9999-12-31T23:59:59Z"},
        {"hs_timestamp": "-62135596800000"},
        {"hs_call_duration": "-5"},
        {"hs_call_duration": "9" * 400},
        {"hs_call_title": "cut within an emoji \ud83d"},
        {"hs_call_recording_url": "https://dialer.example/\ud83d"},
        {"hs_call_recording_url": "https://[::1"},
    ],
)
def test_a_call_with_odd_values_is_found_with_all_others(desk: Desk, odd: dict[str, str]) -> None:
    contact = desk.portal.insert("contacts", {"firstname": "Paul"})
    made = [desk.call(), desk.call(0, **odd), desk.call()]
    for call in made:
        desk.portal.associate("calls", call, "contacts", contact)
    found = desk.walk(desk.last_day)
    assert ids(found) == made
    for call in found:
        assert f"{call.title} {call.recording.locator if call.recording else ''}".encode()


def test_calls_edited_during_the_walk_are_found_in_this_window_or_the_next(desk: Desk) -> None:
    made = [desk.call() for _ in range(6)]
    window = Window(desk.minutes_ago(60), desk.minutes_ago(1))
    first = desk.reader.page(window, None, 2)
    for edited in (made[0], made[5]):
        desk.portal.update("calls", edited, {"hs_call_title": "renamed"})
    late = desk.call(minutes_ago=5)
    rest = desk.reader.page(window, first.cursor, 100)
    later = desk.walk(Window(window.end, desk.clock.now()))
    assert ids(first.calls) == made[:2]
    assert ids(rest.calls) == [*made[2:5], late]
    assert ids(later) == [made[0], made[5]]


def test_a_call_deleted_during_the_walk_hides_no_other(desk: Desk) -> None:
    made = [desk.call() for _ in range(5)]
    first = desk.reader.page(desk.last_day, None, 2)
    for gone in (made[1], made[2]):
        desk.portal.archive("calls", gone)
    assert ids(desk.reader.page(desk.last_day, first.cursor, 2).calls) == made[3:]


def test_a_call_that_the_index_learns_of_late_is_found_when_the_window_is_read_again(desk: Desk) -> None:
    desk.portal.switches.index_lag_seconds = 30
    call = desk.call(minutes_ago=0)
    desk.clock.advance(10)
    window = Window(desk.minutes_ago(15), desk.clock.now())
    assert desk.walk(window) == []
    assert desk.reader.count(window) == 0
    desk.clock.advance(30)
    assert ids(desk.walk(window)) == [call]


def test_a_call_whose_values_are_newer_than_the_index_comes_with_its_values_of_now(desk: Desk) -> None:
    call = desk.call(hs_call_title="before")
    window = Window(desk.minutes_ago(60), desk.clock.now())
    desk.portal.switches.index_lag_seconds = 30
    desk.clock.advance(10)
    desk.portal.update("calls", call, {"hs_call_title": "after"})
    (found,) = desk.walk(window)
    assert (found.title, found.changed_at) == ("after", desk.clock.now())
    assert found.changed_at > window.end
    assert desk.reader.count(window) == 1


def test_archived_calls_are_found_no_more(desk: Desk) -> None:
    kept, gone = desk.call(), desk.call()
    desk.portal.archive("calls", gone)
    assert ids(desk.walk(desk.last_day)) == [kept]
    assert desk.reader.count(desk.last_day) == 1
    refs = [CallRef("sales", "calls", each) for each in (kept, gone, "77", "x/../y", kept)]
    assert ids(desk.reader.refresh([*refs, CallRef("sales", "notes", kept)])) == [kept]
    assert desk.reader.refresh([]) == []


def test_a_cursor_of_somebody_else_is_an_error(desk: Desk) -> None:
    for cursor in ("Task:00T000000000001AAA", "", "-1"):
        with pytest.raises(ValueError, match="not a cursor of this connector"):
            desk.reader.page(desk.last_day, cursor, 10)


@pytest.mark.parametrize(("count", "requests"), [(100, 1), (101, 2)])
def test_looking_again_takes_a_hundred_calls_per_request(desk: Desk, count: int, requests: int) -> None:
    refs = [CallRef("sales", "calls", desk.call()) for _ in range(count)]
    assert len(desk.reader.refresh(refs)) == count
    assert desk.requests()["batch read"] == requests


def test_looking_again_and_walking_tell_the_same(desk: Desk) -> None:
    owner = desk.portal.add_owner("rita@ledgerline.example", "Rita", "Rep")
    call = desk.call(hubspot_owner_id=owner, hs_call_recording_url="https://dialer.example/1")
    (walked,) = desk.walk(desk.last_day)
    assert desk.one(call) == walked


# Who, and why not


def test_owners_are_named_also_those_who_have_left(desk: Desk) -> None:
    add = desk.portal.add_owner
    owners = [add(f"{n}@ledgerline.example", "Rita", f"Rep {n}") for n in range(101)]
    left = add("gone@ledgerline.example", "Lars", "Left", archived=True)
    made = [desk.call(hubspot_owner_id=owner) for owner in (owners[0], owners[100])]
    made += [desk.call(), desk.call(hubspot_owner_id="999")]
    found = {call.ref.id: call.owner and call.owner.name for call in desk.walk(desk.last_day)}
    assert found == dict(zip(made, ["Rita Rep 0", "Rita Rep 100", None, ""], strict=True))
    assert desk.requests()["owners"] == 3

    desk.portal.update("calls", made[0], {"hubspot_owner_id": left})
    owner = desk.one(made[0]).owner
    assert owner is not None
    assert (owner.name, owner.ref.id, owner.target) == ("Lars Left", left, None)
    assert desk.requests()["owners"] == 3


def test_owners_are_read_once_an_hour(desk: Desk) -> None:
    call = desk.call(hubspot_owner_id=desk.portal.add_owner("rita@ledgerline.example", "Rita", "Rep"))
    desk.one(call)
    desk.portal.update(
        "calls", call, {"hubspot_owner_id": desk.portal.add_owner("b@x.example", "Ben", "Rep")}
    )
    assert [owner.name for owner in [desk.one(call).owner] if owner] == [""]
    desk.clock.advance(3_600)
    assert [owner.name for owner in [desk.one(call).owner] if owner] == ["Ben Rep"]


def test_without_the_scope_for_owners_their_names_stay_empty(desk: Desk, token: str) -> None:
    owner = desk.portal.add_owner("rita@ledgerline.example", "Rita", "Rep")
    desk.portal.add_token(token, ["crm.objects.contacts.read", "crm.objects.deals.read"])
    found = desk.one(desk.call(hubspot_owner_id=owner))
    assert found.owner is not None
    assert (found.owner.name, found.owner.ref.id) == ("", owner)


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"hs_call_disposition": VOICEMAIL}, "the call outcome is Left voicemail"),
        ({"hs_call_disposition": "f240bbac-87c9-4f6e-bf70-924b57d47db7"}, None),
        ({"hs_call_disposition": "00000000-0000-4000-8000-000000000000"}, None),
        ({"hs_call_status": "NO_ANSWER"}, "the call status is NO_ANSWER"),
        ({"hs_call_status": None}, None),
        ({"hs_call_has_voicemail": "true"}, "HubSpot marks the call as a voicemail"),
    ],
)
def test_calls_with_nothing_to_hear_say_why(
    desk: Desk, properties: dict[str, Any], reason: str | None
) -> None:
    desk.call(**properties)
    assert [call.skip_reason for call in desk.walk(desk.last_day)] == [reason]


def test_an_outcome_is_skipped_by_the_label_the_portal_gives_it(desk: Desk) -> None:
    call = desk.call(hs_call_disposition=VOICEMAIL)
    option = {"label": "Auf Band gesprochen", "value": VOICEMAIL, "displayOrder": 0, "hidden": False}
    desk.portal.change_property("calls", "hs_call_disposition", {"options": [option]})
    assert desk.one(call).skip_reason is None
    reader = desk.read_with(skip_outcomes=("auf BAND gesprochen",))
    (found,) = reader.refresh([CallRef("sales", "calls", call)])
    assert found.skip_reason == "the call outcome is auf BAND gesprochen"


def test_an_outcome_that_was_added_later_is_looked_for_once(desk: Desk) -> None:
    desk.reader = desk.read_with(skip_outcomes=("Fax machine",))
    desk.one(desk.call(hs_call_disposition=VOICEMAIL))
    options = [{"label": "Fax machine", "value": "fax", "displayOrder": 0, "hidden": False}]
    desk.portal.change_property("calls", "hs_call_disposition", {"options": options})
    reasons = [desk.one(desk.call(hs_call_disposition=each)).skip_reason for each in ("fax", "none", "none")]
    assert reasons == ["the call outcome is Fax machine", None, None]
    assert desk.requests()["properties"] == 3


def test_without_the_scope_for_properties_no_outcome_is_skipped(desk: Desk, token: str) -> None:
    desk.portal.add_token(token, ["crm.objects.contacts.read"])
    assert desk.one(desk.call(hs_call_disposition=VOICEMAIL)).skip_reason is None


def test_outcomes_are_not_asked_about_when_none_is_skipped(desk: Desk) -> None:
    desk.reader = desk.read_with(skip_outcomes=())
    assert desk.one(desk.call(hs_call_disposition=VOICEMAIL)).skip_reason is None
    assert "properties" not in desk.requests()


# Recordings


def test_a_recording_that_comes_late_brings_the_call_up_again_with_another_fingerprint(desk: Desk) -> None:
    call = desk.call()
    (waiting,) = desk.walk(desk.last_day)
    seen_until = desk.clock.now()
    desk.clock.advance(300)
    desk.portal.update("calls", call, {"hs_call_recording_url": "https://dialer.example/rec/1?sig=a"})
    (linked,) = desk.walk(Window(seen_until + timedelta(milliseconds=1), desk.clock.now()))
    assert waiting.recording is None
    assert linked.recording is not None
    assert linked.recording.source is RecordingSource.URL
    assert linked.fingerprint != waiting.fingerprint
    desk.portal.update("calls", call, {"hs_call_recording_url": "https://dialer.example/rec/1?sig=b"})
    assert desk.one(call).fingerprint == linked.fingerprint


def test_a_call_that_an_app_handed_over_gets_the_redirector_of_this_portal(desk: Desk) -> None:
    handed_over: dict[str, Any] = {"hs_call_source": "INTEGRATIONS_PLATFORM"}
    made = [
        desk.call(**handed_over),
        desk.call(**handed_over),
        desk.call(**handed_over, hs_call_duration="0"),
    ]
    locators = [call.recording and call.recording.locator for call in desk.walk(desk.last_day)]
    start = f"{desk.options.base_url}{REDIRECTOR}{desk.portal.id}/engagement/"
    assert locators == [f"{start}{made[0]}", f"{start}{made[1]}", None]
    assert desk.requests()["account"] == 1


# Costs


def test_a_thousand_calls_with_deals_and_contacts_cost_few_requests(desk: Desk) -> None:
    portal, at = desk.portal, desk.minutes_ago(9_000)
    portal.switches.burst_limit = 100_000
    owners = [portal.add_owner(f"{n}@ledgerline.example", "Rita", f"Rep {n}") for n in range(30)]
    companies = [portal.insert("companies", {"name": f"Company {n}"}, at=at) for n in range(300)]
    contacts = [portal.insert("contacts", {"lastname": f"Contact {n}"}, at=at) for n in range(700)]
    stage = portal.stage_id("Sales Pipeline", "Contract sent")
    deals = [portal.insert("deals", {"dealname": f"Deal {n}", "dealstage": stage}, at=at) for n in range(500)]
    for number in range(1_000):
        call = desk.call(hubspot_owner_id=owners[number % 30], hs_call_disposition=VOICEMAIL)
        portal.associate("calls", call, "contacts", contacts[number % 700], at=desk.began)
        portal.associate("calls", call, "companies", companies[number % 300], at=desk.began)
        if number % 2:
            portal.associate("calls", call, "deals", deals[number % 500], at=desk.began)

    calls = desk.walk(desk.last_day)

    assert len(calls) == 1_000
    assert sum(len(call.deals) for call in calls) == 500
    assert all(call.people[0].name and call.account and call.owner for call in calls)
    assert desk.portal.usage.snapshot()["requests"] <= 25, desk.requests()

    before = desk.requests()
    assert ids(desk.walk(desk.last_day)) == ids(calls)
    assert desk.requests() == {**before, "search": before["search"] + 5}
