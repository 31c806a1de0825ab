"""A call object of HubSpot read as a call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.hubspot.activities import PROPERTIES, Activity, Surroundings
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.model import (
    Call,
    CallRef,
    Deal,
    Direction,
    Person,
    Recording,
    RecordingSource,
    RecordRef,
    Target,
)

LINK = "https://dialer.example/rec/1?file=a&Signature=b"
REDIRECTOR = "https://api-eu1.hubspot.com/recording/x/getAuthRecording/portal/1/engagement/10000001"
VALUES: dict[str, str | None] = {
    "hs_timestamp": "2026-03-02T09:00:00Z",
    "hs_call_title": "Call with the buyer",
    "hs_call_direction": "OUTBOUND",
    "hs_call_duration": "630400",
    "hs_call_status": "COMPLETED",
    "hs_call_disposition": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
    "hs_call_has_voicemail": None,
    "hs_call_recording_url": LINK,
    "hs_call_source": None,
    "hubspot_owner_id": "71401",
    "hs_lastmodifieddate": "2026-03-02T09:20:00.250Z",
    "hs_createdate": "2026-03-02T09:10:00Z",
    "hs_object_id": "10000001",
}
DEAL = Deal(RecordRef("deals", "5"), "Deal", "Demo", "Sales", is_open=True, amount=None)
AROUND = Surroundings(
    (DEAL,),
    (Person(RecordRef("contacts", "6"), "Paul Prospect", Target.CONTACT),),
    RecordRef("companies", "7"),
)


def activity(settings: dict[str, Any] | None = None, /, **changes: str | None) -> Activity:
    options = HubSpotOptions.model_validate({"access_token": "pat-na1-x", **(settings or {})})
    row = {
        "id": "10000001",
        "properties": {**VALUES, **changes},
        "createdAt": "2026-03-02T09:10:00Z",
        "updatedAt": "2026-03-02T09:20:00.250Z",
        "archived": False,
    }
    return Activity("sales", row, options)


def call(**changes: str | None) -> Call:
    return activity(**changes).call(Surroundings())


def test_a_call_object_becomes_a_call_with_all_around_it() -> None:
    found = activity().call(AROUND, owner_name="Rita Rep", outcome="Connected")
    assert found == Call(
        ref=CallRef("sales", "calls", "10000001"),
        title="Call with the buyer",
        started_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        seconds=630,
        direction=Direction.OUTBOUND,
        owner=Person(RecordRef("owners", "71401"), "Rita Rep"),
        recording=Recording(RecordingSource.URL, LINK),
        deals=AROUND.deals,
        people=AROUND.people,
        account=AROUND.account,
        changed_at=datetime(2026, 3, 2, 9, 20, 0, 250_000, tzinfo=UTC),
        fingerprint=found.fingerprint,
        skip_reason=None,
    )


@pytest.mark.parametrize("empty", [dict.fromkeys(VALUES), {}, dict.fromkeys(VALUES, "")])
def test_a_call_of_which_next_to_nothing_is_known_is_a_call_too(empty: dict[str, str | None]) -> None:
    row = {**activity().row, "properties": empty}
    found = Activity("sales", row, activity().options).call(Surroundings())
    assert (found.title, found.seconds, found.owner, found.recording) == ("", None, None, None)
    assert (found.direction, found.skip_reason) == (Direction.UNKNOWN, None)
    assert found.started_at == datetime(2026, 3, 2, 9, 10, tzinfo=UTC)
    assert found.changed_at == datetime(2026, 3, 2, 9, 20, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "started_at"),
    [
        ("2026-03-02T08:59:30.5Z", datetime(2026, 3, 2, 8, 59, 30, 500_000, tzinfo=UTC)),
        ("2026-03-02T10:59:30+02:00", datetime(2026, 3, 2, 8, 59, 30, tzinfo=UTC)),
        ("1772441970500", datetime(2026, 3, 2, 8, 59, 30, 500_000, tzinfo=UTC)),
        ("yesterday", datetime(2026, 3, 2, 9, 10, tzinfo=UTC)),
        ("9" * 40, datetime(2026, 3, 2, 9, 10, tzinfo=UTC)),
    ],
)
def test_the_start_is_read_in_either_spelling(told: str, started_at: datetime) -> None:
    found = call(hs_timestamp=told).started_at
    assert found == started_at
    assert found.tzinfo is UTC


@pytest.mark.parametrize("told", ["2026-03-02T09:20:01Z", "2099-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_a_start_after_the_record_was_last_touched_is_not_believed(told: str) -> None:
    assert call(hs_timestamp=told).started_at == datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [
        ("630400", 630),
        ("630500.5", 631),
        ("1", 1),
        ("0", None),
        ("", None),
        (None, None),
        ("-5000", None),
        ("nan", None),
        ("inf", None),
        ("ten minutes", None),
    ],
)
def test_a_missing_or_zero_length_is_none(milliseconds: str | None, seconds: int | None) -> None:
    assert call(hs_call_duration=milliseconds).seconds == seconds


@pytest.mark.parametrize(
    ("told", "direction"),
    [("INBOUND", Direction.INBOUND), ("OUTBOUND", Direction.OUTBOUND), ("", Direction.UNKNOWN)],
)
def test_the_direction_is_that_of_the_portals_user(told: str, direction: Direction) -> None:
    assert call(hs_call_direction=told).direction is direction


# Reasons to skip


@pytest.mark.parametrize(
    ("changes", "settings", "reason"),
    [
        ({"hs_call_status": "COMPLETED"}, {}, None),
        ({"hs_call_status": "completed"}, {}, None),
        ({"hs_call_status": None}, {}, None),
        ({"hs_call_status": "IN_PROGRESS"}, {}, "the call status is IN_PROGRESS"),
        ({"hs_call_status": "missed"}, {}, "the call status is MISSED"),
        ({"hs_call_status": "NO_ANSWER"}, {"completed_only": False}, None),
        ({"hs_call_has_voicemail": "true"}, {}, "HubSpot marks the call as a voicemail"),
        ({"hs_call_has_voicemail": "false"}, {}, None),
        ({"hs_call_has_voicemail": "true"}, {"skip_voicemails": False}, None),
    ],
)
def test_status_and_voicemail_are_reasons_to_skip_a_call(
    changes: dict[str, str | None], settings: dict[str, Any], reason: str | None
) -> None:
    assert activity(settings, **changes).skip_reason("Connected") == reason


@pytest.mark.parametrize(
    ("outcome", "settings", "reason"),
    [
        ("Left voicemail", {}, "the call outcome is Left voicemail"),
        (" LEFT VOICEMAIL ", {}, "the call outcome is Left voicemail"),
        ("Left voicemail twice", {}, None),
        ("", {"skip_outcomes": [""]}, None),
        (None, {}, None),
        ("Busy", {"skip_outcomes": []}, None),
    ],
)
def test_an_outcome_is_a_reason_by_its_label(
    outcome: str | None, settings: dict[str, Any], reason: str | None
) -> None:
    assert activity(settings).skip_reason(outcome) == reason


# Recordings and fingerprints


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({}, True),
        ({"hs_call_duration": "0"}, False),
        ({"hs_call_source": None}, False),
        ({"hs_call_recording_url": LINK}, False),
    ],
)
def test_a_call_handed_over_by_an_app_lacks_its_address(changes: dict[str, str | None], lacks: bool) -> None:
    handed_over = {"hs_call_source": "INTEGRATIONS_PLATFORM", "hs_call_recording_url": None}
    assert activity(**{**handed_over, **changes}).lacks_address is lacks


def test_the_redirector_is_the_recording_of_a_call_without_an_address() -> None:
    found = activity(hs_call_recording_url=None).call(AROUND, redirector=REDIRECTOR)
    assert found.recording == Recording(RecordingSource.CRM, REDIRECTOR)


def fingerprint(outcome: str | None = None, **changes: str | None) -> str:
    return activity(**changes).call(AROUND, outcome=outcome).fingerprint


def test_the_fingerprint_is_that_of_the_audio_alone() -> None:
    known = fingerprint()
    assert fingerprint(hs_call_title="renamed", hs_lastmodifieddate="2026-03-03T00:00:00Z") == known
    assert call().fingerprint == known, "deals and people are no input of the analysis"
    assert fingerprint(hs_call_recording_url=LINK.replace("Signature=b", "Signature=c")) == known


def test_the_fingerprint_changes_with_the_audio_and_with_a_reason_to_skip() -> None:
    prints = [
        fingerprint(),
        fingerprint(hs_call_recording_url=None),
        fingerprint(hs_call_recording_url=LINK.replace("file=a", "file=b")),
        fingerprint(outcome="Busy"),
        fingerprint(outcome="No answer"),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint(outcome="Busy") == fingerprint(outcome="busy", hs_call_recording_url=None)


def test_names_titles_and_links_stay_out_of_the_repr() -> None:
    found = activity()
    shown = f"{found!r} {found.call(AROUND, owner_name='Rita Rep')!r}"
    for private in ("Call with the buyer", "dialer.example", "Paul Prospect", "Rita Rep", "pat-na1"):
        assert private not in shown


@given(st.dictionaries(st.sampled_from(PROPERTIES[:-1]), st.none() | st.text(max_size=40)))
def test_no_value_of_a_property_keeps_a_call_from_being_read(values: dict[str, str | None]) -> None:
    found = activity(**values).call(Surroundings())
    assert found.started_at.tzinfo is UTC
    assert found.seconds is None or found.seconds > 0
