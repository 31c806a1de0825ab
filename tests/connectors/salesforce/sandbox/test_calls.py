"""Calls found in an emulated org, over sockets: every one, with all that is around it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velma_connectors.errors import SkipCall
from velma_connectors.model import (
    CallRef,
    RecordRef,
    Target,
    Window,
)

AUDIO = b"OggS" + bytes(range(256)) * 64


STAMPS = st.sampled_from([0, 1, 2, 59, 60, 61])
"""Seconds after the start of a window that is sixty seconds long; the last one lies outside."""


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    saved=st.lists(st.tuples(STAMPS, st.sampled_from(["call", "link", "email"])), max_size=25),
    limit=st.integers(1, 6),
    data=st.data(),
)
def test_a_walk_finds_every_call_of_the_window_whatever_their_stamps(
    shared_rig: Any, saved: list[tuple[int, str]], limit: int, data: st.DataObject
) -> None:
    rig = shared_rig
    start = rig.now - timedelta(seconds=data.draw(st.integers(100_000, 25_000_000)))
    window = Window(start, start + timedelta(seconds=60))
    before = {call.ref.id for call in rig.walk(window)}
    kinds: dict[str, dict[str, Any]] = {
        "call": {},
        "link": {"TaskSubtype": "Task", "CallDurationInSeconds": None, rig.link: "https://dialer.example/1"},
        "email": {"TaskSubtype": "Email", "CallDurationInSeconds": None},
    }
    made = {
        rig.task(start + timedelta(seconds=seconds), **kinds[kind])
        for seconds, kind in saved
        if seconds <= 60 and kind != "email"
    }
    for seconds, kind in saved:
        if seconds > 60 or kind == "email":
            rig.task(start + timedelta(seconds=seconds), **kinds[kind])

    found = [call.ref.id for call in rig.walk(window, limit)]

    assert sorted(found) == sorted(before | made)
    assert rig.connector.count(window) == len(found)


def test_a_row_that_changes_during_the_walk_is_found_in_one_window_or_the_next(rig: Any) -> None:
    tasks = [rig.task(rig.hours_before(2)) for _ in range(6)]
    window = Window(rig.hours_before(3), rig.hours_before(1))
    first = rig.connector.calls(window, None, limit=2)
    rig.org.touch(tasks[4:5], at=rig.now)
    rig.org.touch(tasks[0:1], at=rig.hours_before(2))
    rest = rig.connector.calls(window, first.cursor, limit=10)
    later = rig.walk(Window(rig.hours_before(1), rig.now))
    found = {call.ref.id for call in (*first.calls, *rest.calls, *later)}
    assert found == set(tasks)


def test_a_backlog_of_more_than_a_year_finds_archived_calls(rig: Any) -> None:
    old = rig.now - timedelta(days=500)
    task = rig.task(old, ActivityDate=old.date().isoformat())
    rig.org.archive_old_activities()
    rig.org.touch([task], at=old)
    window = Window(rig.now - timedelta(days=600), rig.now)
    assert [call.ref.id for call in rig.walk(window)] == [task]
    assert rig.connector.count(window) == 1
    assert rig.one(task).ref.id == task


def test_deleted_calls_are_not_found(rig: Any) -> None:
    kept, removed = rig.task(rig.hours_before(1)), rig.task(rig.hours_before(1))
    rig.org.remove(removed)
    window = Window(rig.now - timedelta(days=600), rig.now)
    assert [call.ref.id for call in rig.walk(window)] == [kept]
    refs = [CallRef("sales", "Task", task) for task in (kept, removed)]
    assert [call.ref for call in rig.connector.refresh(refs)] == refs[:1]


def test_a_planned_call_is_found_when_it_is_completed(rig: Any) -> None:
    task = rig.task(rig.hours_before(20), Status="Not Started")
    assert rig.walk(rig.last_day) == []
    rig.org.update(task, {"Status": "Completed"}, at=rig.hours_before(1))
    assert [call.ref.id for call in rig.walk(rig.last_day)] == [task]


def test_an_open_task_with_a_recording_is_a_call(rig: Any) -> None:
    task = rig.task(rig.hours_before(1), Status="In Progress", **{rig.link: "https://dialer.example/1"})
    assert [call.ref.id for call in rig.walk(rig.last_day)] == [task]


def test_calls_logged_as_events_are_found_behind_the_tasks(rig: Any) -> None:
    task = rig.task(rig.hours_before(1))
    start = rig.hours_before(3)
    event = rig.org.insert(
        "Event",
        {
            "Subject": "Video call",
            "Type": "Call",
            "StartDateTime": start,
            "ActivityDateTime": start,
            "DurationInMinutes": 30,
            rig.link: "https://dialer.example/2",
        },
        at=rig.hours_before(1),
    )
    rig.connect(calls_from=["Task", "Event"])
    calls = rig.walk(rig.last_day, limit=1)
    assert [(call.ref.object, call.ref.id) for call in calls] == [("Task", task), ("Event", event)]
    assert (calls[1].started_at, calls[1].seconds) == (start, 1800)
    assert rig.connector.count(rig.last_day) == 2


def test_a_call_brings_its_people_and_its_deal_as_it_was_then(rig: Any) -> None:
    org = rig.org
    account = org.insert("Account", {"Name": "Umbra Tools"})
    contact = org.insert("Contact", {"FirstName": "Paul", "LastName": "Prospect", "AccountId": account})
    deal = org.insert(
        "Opportunity",
        {"Name": "Tools", "StageName": "Prospecting", "CloseDate": "2026-12-31", "AccountId": account},
        at=rig.hours_before(50),
    )
    org.update(deal, {"StageName": "Qualification"}, at=rig.hours_before(10))
    task = rig.task(rig.hours_before(5), WhatId=deal, WhoId=contact, CallType="Inbound")
    org.update(deal, {"StageName": "Closed Won", "Amount": 500}, at=rig.hours_before(1))

    (call,) = rig.walk(rig.last_day)

    assert call.ref.id == task
    assert [(person.target, person.name) for person in call.people] == [(Target.CONTACT, "Paul Prospect")]
    assert call.account == RecordRef("Account", account)
    (found,) = call.deals
    assert (found.ref.id, found.stage, found.is_open, found.is_primary, found.amount) == (
        deal,
        "Qualification",
        False,
        True,
        500,
    )


def test_a_call_without_a_deal_gets_the_open_ones_around_it(rig: Any) -> None:
    org = rig.org
    account, other = org.insert("Account", {"Name": "A"}), org.insert("Account", {"Name": "B"})
    contact = org.insert("Contact", {"LastName": "Prospect", "AccountId": account})
    common = {"CloseDate": "2026-12-31", "StageName": "Prospecting"}
    nine, eight = rig.hours_before(9), rig.hours_before(8)
    of_account = org.insert("Opportunity", {**common, "Name": "1", "AccountId": account}, at=nine)
    org.insert("Opportunity", {**common, "Name": "2", "AccountId": account, "StageName": "Closed Lost"})
    of_role = org.insert("Opportunity", {**common, "Name": "3", "AccountId": other}, at=eight)
    org.insert("OpportunityContactRole", {"OpportunityId": of_role, "ContactId": contact})
    rig.task(rig.hours_before(1), WhoId=contact)
    (call,) = rig.walk(rig.last_day)
    assert [deal.ref.id for deal in call.deals] == [of_role, of_account]
    assert not any(deal.is_primary for deal in call.deals)


@pytest.mark.parametrize(("closed", "deals_found"), [("Opportunity", 0), ("OpportunityContactRole", 1)])
def test_calls_are_found_without_the_deals_that_the_user_may_not_read(
    rig: Any, closed: str, deals_found: int
) -> None:
    org = rig.org
    account, other = org.insert("Account", {"Name": "A"}), org.insert("Account", {"Name": "B"})
    contact = org.insert("Contact", {"LastName": "Prospect", "AccountId": account})
    common = {"CloseDate": "2026-12-31", "StageName": "Prospecting"}
    org.insert("Opportunity", {**common, "Name": "1", "AccountId": account}, at=rig.hours_before(9))
    of_role = org.insert("Opportunity", {**common, "Name": "2", "AccountId": other}, at=rig.hours_before(9))
    org.insert("OpportunityContactRole", {"OpportunityId": of_role, "ContactId": contact})
    rig.task(rig.hours_before(8), WhoId=contact)
    related = rig.task(rig.hours_before(8), WhatId=of_role)
    org.update(of_role, {"Amount": 500}, at=rig.hours_before(1))
    assert {len(call.deals) for call in rig.walk(rig.last_day)} == {1, 2}
    org.set_object_access(closed, "hidden")
    assert [len(call.deals) for call in rig.walk(rig.last_day)] == [deals_found] * 2
    assert len(rig.one(related).deals) == deals_found


def test_a_day_in_the_start_field_is_not_taken_for_the_time_of_the_call(rig: Any) -> None:
    rig.org.add_custom_field("Activity", "Called__c", {"type": "Date", "label": "Called"})
    task = rig.task(rig.hours_before(2), Called__c="2026-06-01")
    rig.connect(start_field="Called__c")
    assert [(call.ref.id, call.started_at) for call in rig.walk(rig.last_day)] == [
        (task, rig.hours_before(2) - timedelta(seconds=60))
    ]


def test_a_file_attached_late_is_found_by_looking_again_and_downloaded_whole(rig: Any) -> None:
    task = rig.task(rig.hours_before(2))
    assert rig.one(task).recording is None
    rig.org.attach_file(task, b"slides", "deck", "pdf", at=rig.now)
    assert rig.one(task).recording is None
    rig.org.attach_file(task, AUDIO, "recording", "ogg", at=rig.hours_before(1))
    call = rig.one(task)
    assert call.recording is not None
    assert (call.recording.size, call.recording.media_type) == (len(AUDIO), "audio/ogg")
    with rig.connector.open_recording(call) as stream:
        assert stream.read() == AUDIO


def test_a_file_seen_only_through_its_activity_is_found(rig: Any) -> None:
    rig.org.set_permission(rig.user_id, "ViewAllData", False)
    task = rig.task(rig.hours_before(1))
    rig.org.attach_file(task, AUDIO, "recording", "wav")
    assert rig.one(task).recording is not None


def test_a_file_that_was_removed_skips_its_call(rig: Any) -> None:
    task = rig.task(rig.hours_before(1))
    rig.org.attach_file(task, AUDIO, "recording", "wav")
    call = rig.one(task)
    (document,) = rig.org.rows("ContentDocument")
    rig.org.remove(document["Id"])
    with pytest.raises(SkipCall), rig.connector.open_recording(call) as stream:
        stream.read()


def test_a_recording_link_added_later_changes_the_fingerprint_once(rig: Any) -> None:
    task = rig.task(rig.hours_before(2))
    waiting = rig.one(task).fingerprint
    rig.org.update(task, {rig.link: "https://dialer.example/rec/1?sig=a"})
    linked = rig.one(task).fingerprint
    rig.org.update(task, {rig.link: "https://dialer.example/rec/1?sig=b", "Subject": "renamed"})
    assert waiting != linked == rig.one(task).fingerprint


def test_many_calls_are_looked_at_again_without_a_request_that_is_too_long(rig: Any) -> None:
    account = rig.org.insert("Account", {"Name": "A"})
    refs = [CallRef("sales", "Task", rig.task(rig.hours_before(1), WhatId=account)) for _ in range(700)]
    assert len(rig.connector.refresh(refs)) == 700
