"""A row of Task or Event read as a call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.model import (
    Call,
    CallRef,
    Direction,
    Person,
    Recording,
    RecordingSource,
    RecordRef,
    Target,
)
from velma_connectors.salesforce.activities import Activity
from velma_connectors.salesforce.options import SalesforceOptions

TASK: dict[str, Any] = {
    "Id": "00T000000000001AAA",
    "Subject": "Call with the buyer",
    "SystemModstamp": "2026-03-02T09:20:00.000+0000",
    "CreatedDate": "2026-03-02T09:10:00.000+0000",
    "CompletedDateTime": "2026-03-02T09:10:30.000+0000",
    "ActivityDate": "2026-03-02",
    "OwnerId": "005000000000002AAA",
    "Owner": {"Name": "Rita Rep"},
    "WhoId": "003000000000003AAA",
    "Who": {"Type": "Contact", "Name": "Paul Prospect"},
    "WhatId": "006000000000004AAA",
    "What": {"Type": "Opportunity"},
    "AccountId": "001000000000005AAA",
    "CallType": "Outbound",
    "CallDurationInSeconds": 630,
    "CallDisposition": "Connected",
    "Link__c": "https://dialer.example/rec/1?sig=a",
}
AUDIO_FILE = Recording(RecordingSource.CRM, "068000000000001AAA", checksum="md5:1")


def activity(name: str = "Task", start_field: str | None = None, **changes: Any) -> Activity:
    options = SalesforceOptions.model_validate(
        {
            "login_url": "https://acme.my.salesforce.com",
            "consumer_key": "key",
            "consumer_secret": "secret",
            "recording_fields": ["Link__c"],
            "start_field": start_field,
        }
    )
    return Activity("sales", name, {**TASK, **changes}, options)


def call(attached: Recording | None = None, **changes: Any) -> Call:
    return activity(**changes).call(attached, ())


def test_a_task_becomes_a_call_with_all_around_it() -> None:
    found = call()
    assert found.ref == CallRef("sales", "Task", "00T000000000001AAA")
    assert found.title == "Call with the buyer"
    assert found.started_at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert found.seconds == 630
    assert found.direction is Direction.OUTBOUND
    assert found.owner == Person(RecordRef("User", "005000000000002AAA"), "Rita Rep")
    assert found.people == (
        Person(RecordRef("Contact", "003000000000003AAA"), "Paul Prospect", Target.CONTACT),
    )
    assert found.account == RecordRef("Account", "001000000000005AAA")
    assert found.changed_at == datetime(2026, 3, 2, 9, 20, tzinfo=UTC)
    assert found.recording == Recording(RecordingSource.URL, "https://dialer.example/rec/1?sig=a")
    assert found.skip_reason is None


def test_a_bare_row_becomes_a_call_too() -> None:
    row = {name: TASK[name] for name in ("Id", "SystemModstamp", "CreatedDate")}
    found = Activity("sales", "Task", row, activity().options).call(None, ())
    assert (found.title, found.seconds, found.owner, found.people, found.account) == (
        "",
        None,
        None,
        (),
        None,
    )
    assert found.direction is Direction.UNKNOWN
    assert found.started_at == datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


def test_an_event_starts_when_it_is_set_for() -> None:
    found = call(
        name="Event",
        StartDateTime="2026-03-02T14:00:00.000+0000",
        DurationInMinutes=45,
        CallDurationInSeconds=None,
    )
    assert found.started_at == datetime(2026, 3, 2, 14, tzinfo=UTC)
    assert found.seconds == 45 * 60


@pytest.mark.parametrize(
    ("changes", "started_at"),
    [
        ({"CompletedDateTime": None}, datetime(2026, 3, 2, 8, 59, 30, tzinfo=UTC)),
        ({"CallDurationInSeconds": None}, datetime(2026, 3, 2, 9, 10, 30, tzinfo=UTC)),
        ({"ActivityDate": "2025-06-01"}, datetime(2025, 6, 1, 12, tzinfo=UTC)),
        ({"ActivityDate": "2026-03-01"}, datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ({"ActivityDate": "2026-03-03"}, datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ({"CreatedDate": "2026-02-20T08:00:00.000+0000"}, datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ({"ActivityDate": None}, datetime(2026, 3, 2, 9, tzinfo=UTC)),
    ],
    ids=["not completed", "no length", "imported", "time zone west", "time zone east", "planned", "undated"],
)
def test_the_start_is_derived_from_when_the_call_was_saved(changes: Any, started_at: datetime) -> None:
    assert call(**changes).started_at == started_at


def test_the_start_field_counts_when_it_is_filled() -> None:
    told = "2026-03-02T08:58:00.000+0000"
    assert call(start_field="Start__c", Start__c=told).started_at == datetime(2026, 3, 2, 8, 58, tzinfo=UTC)
    assert call(start_field="Start__c", Start__c=None).started_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("told", ["2026-03-02", "9 o'clock", 20260302, True, "0001-01-01T00:00:00+05:00"])
def test_a_start_field_that_holds_no_time_is_as_good_as_empty(told: object) -> None:
    assert call(start_field="Start__c", Start__c=told).started_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_lead_is_a_lead_and_a_queue_is_a_group() -> None:
    found = call(
        Who={"Type": "Lead", "Name": "Lena Lead"},
        WhoId="00Q000000000001AAA",
        OwnerId="00G000000000001AAA",
        Owner={"Name": "Inside sales"},
    )
    assert found.people[0].target is Target.LEAD
    assert found.people[0].ref == RecordRef("Lead", "00Q000000000001AAA")
    assert found.owner is not None
    assert found.owner.ref.object == "Group"


def test_what_a_deal_can_be_found_by_depends_on_the_related_record() -> None:
    to_deal = activity().linked
    assert (to_deal.opportunity, to_deal.contact) == ("006000000000004AAA", "003000000000003AAA")
    to_account = activity(What={"Type": "Account"}, WhatId="001000000000009AAA", AccountId=None).linked
    assert (to_account.opportunity, to_account.account) == (None, "001000000000009AAA")
    to_case = activity(What={"Type": "Case"}, WhatId="500000000000001AAA").linked
    assert (to_case.opportunity, to_case.account) == (None, "001000000000005AAA")
    to_lead = activity(Who={"Type": "Lead"}, What=None, AccountId=None).linked
    assert (to_lead.opportunity, to_lead.account, to_lead.contact) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"CallDisposition": "Left Voicemail"}, "the call result is Left Voicemail"),
        ({"CallDisposition": " left VOICEMAIL "}, "the call result is Left Voicemail"),
        ({"CallDisposition": "Voicemail was full, then talked"}, None),
        ({"CallDisposition": None}, None),
        ({"Link__c": None}, None),
    ],
)
def test_calls_that_the_crm_says_did_not_take_place_are_skipped(changes: Any, reason: str | None) -> None:
    assert call(**changes).skip_reason == reason


def test_a_file_counts_only_where_no_field_links_to_a_recording() -> None:
    assert call(AUDIO_FILE).recording == Recording(RecordingSource.URL, TASK["Link__c"])
    assert call(AUDIO_FILE, Link__c=None).recording == AUDIO_FILE


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "Subject": st.text(),
            "SystemModstamp": st.just("2026-05-01T00:00:00.000+0000"),
            "CallDisposition": st.sampled_from(["Connected", "Meeting booked", None]),
            "WhatId": st.just("006000000000009AAA"),
            "Velma_Status__c": st.just("Analyzed"),
            "CompletedDateTime": st.just("2026-05-01T00:00:00.000+0000"),
            "Link__c": st.sampled_from(
                ["https://dialer.example/rec/1?sig=b", "https://dialer.example/rec/1?Expires=9&sig=c"]
            ),
        },
    )
)
def test_the_fingerprint_outlives_everything_but_a_new_recording(changes: dict[str, Any]) -> None:
    assert call(**changes).fingerprint == call().fingerprint


def test_the_fingerprint_changes_when_there_is_something_else_to_analyse() -> None:
    states = [
        call(),
        call(Link__c="https://dialer.example/rec/2"),
        call(AUDIO_FILE, Link__c=None),
        call(Link__c=None),
        call(CallDisposition="Busy"),
    ]
    assert len({state.fingerprint for state in states}) == len(states)


def test_a_call_shows_no_names_and_no_link() -> None:
    shown = repr(call())
    for secret in ("dialer.example", "Rita", "Paul", "Call with the buyer"):
        assert secret not in shown
