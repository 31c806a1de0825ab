"""What is suggested for an emulated org, over sockets, from its schema and its newest calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from velma_connectors.administration import OptionSuggestion
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.suggestions import suggest

SECRET_PATH = "/r/very-secret-path?token=do-not-show"
RINGCENTRAL = "rcsfl__Recording_Information__c"
REVENUE = "ringdna__Call_Recording_URL__c"
STARTED = "rcsfl__call_start_time__c"
TEXT = {"type": "Text", "length": 255}


@pytest.fixture
def client(rig: Any) -> Iterator[SalesforceClient]:
    options = {"login_url": rig.url, "consumer_key": "key", "consumer_secret": "secret"}
    opened = SalesforceClient(SalesforceOptions.model_validate(options), wait=lambda _seconds: None)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def no_link_field_yet(rig: Any) -> None:
    rig.org.remove_custom_field("Activity", rig.link)


def add(rig: Any, name: str, label: str = "", **metadata: Any) -> None:
    described = metadata or TEXT
    rig.org.add_custom_field("Activity", name, {"label": label or name.replace("_", " "), **described})


def suggested(client: SalesforceClient, rig: Any) -> dict[str, OptionSuggestion]:
    found = suggest(client, rig.now)
    by_option = {each.option: each for each in found}
    assert len(by_option) == len(found)
    assert SECRET_PATH not in repr(found)
    return by_option


@pytest.mark.parametrize(
    ("name", "label", "metadata"),
    [
        (RINGCENTRAL, "Recording Information", TEXT),
        (REVENUE, "Call Recording URL", {"type": "Url"}),
        ("ringdna__RecordingUrl__c", "x", {"type": "Url"}),
        ("Call_Recording_Url__c", "Call Recording", {"type": "Url"}),
        ("Dialer_Call_Recording_URL__c", "Link", TEXT),
        ("Dialer_Link__c", "Listen", {"type": "Url"}),
        ("Dialer_Field_7__c", "Field 7", {"type": "Url"}),
        ("Dialer_Field_8__c", "Field 8", TEXT),
    ],
)
def test_a_field_that_holds_links_of_calls_is_found_by_name_or_by_what_it_holds(
    rig: Any, client: SalesforceClient, name: str, label: str, metadata: dict[str, Any]
) -> None:
    add(rig, name, label, **metadata)
    add(rig, "Mood__c", "Mood")
    for number in range(3):
        rig.task(
            rig.hours_before(1 + number), **{name: f"https://rec.example{SECRET_PATH}", "Mood__c": "fine"}
        )
    rig.task(rig.hours_before(9))
    assert suggested(client, rig)["recording_fields"] == OptionSuggestion(
        "recording_fields", (name,), "3 links in the 4 newest calls, to rec.example."
    )


def test_known_fields_come_before_others_and_others_before_none(rig: Any, client: SalesforceClient) -> None:
    for name in ("Audio_Link__c", REVENUE, "Web_Page__c"):
        add(rig, name, type="Url")
    both = {REVENUE: "https://one.example/1", "Audio_Link__c": "https://two.example/1"}
    rig.task(rig.hours_before(1), **both, Web_Page__c="https://page.example/1")
    assert suggested(client, rig)["recording_fields"].value == (REVENUE, "Audio_Link__c")


def test_a_field_that_no_call_fills_is_suggested_only_when_none_is_filled(
    rig: Any, client: SalesforceClient
) -> None:
    for name in (RINGCENTRAL, REVENUE):
        add(rig, name)
    rig.task(rig.hours_before(1))
    found = suggested(client, rig)["recording_fields"]
    assert found.value == (RINGCENTRAL, REVENUE)
    assert found.reason == (
        "made by RingCentral and Revenue.io, but none of the 1 newest calls holds a link there."
    )
    rig.task(rig.hours_before(0.5), **{REVENUE: '<a href="https://dial.example/1" target="_blank">Play</a>'})
    assert suggested(client, rig)["recording_fields"].value == (REVENUE,)


def test_fields_that_hold_no_links_are_left_alone(rig: Any, client: SalesforceClient) -> None:
    add(rig, "Campaign__c", "Campaign")
    add(rig, "Recorded__c", "Was recorded", type="Checkbox", defaultValue=False)
    rig.task(rig.hours_before(1), Campaign__c="spring")
    assert "recording_fields" not in suggested(client, rig)


@pytest.mark.parametrize(
    ("tasks", "events", "expected"),
    [
        (2, 0, (("Task",), "In the last 90 days, 2 calls were logged as Task and 0 as Event.")),
        (0, 3, (("Event",), "In the last 90 days, 0 calls were logged as Task and 3 as Event.")),
        (1, 1, (("Task", "Event"), "In the last 90 days, 1 call was logged as Task and 1 as Event.")),
        (0, 0, None),
    ],
)
def test_calls_are_looked_for_among_tasks_and_events(
    rig: Any, client: SalesforceClient, tasks: int, events: int, expected: Any
) -> None:
    add(rig, "Call_Recording_URL__c", type="Url")
    for _ in range(tasks):
        rig.task(rig.hours_before(2))
    for _ in range(events):
        meeting = {"Subject": "Meeting", "DurationInMinutes": 30, "ActivityDateTime": "2026-06-01T10:00:00Z"}
        link = {"Call_Recording_URL__c": "https://meet.example/1"}
        rig.org.insert("Event", {**meeting, **link}, at=rig.hours_before(2))
    rig.task(rig.now - timedelta(days=100))
    rig.task(rig.hours_before(1), Status="Not Started")
    found = suggested(client, rig).get("calls_from")
    assert (found and (found.value, found.reason)) == expected


def test_the_start_is_read_where_calls_fill_it(rig: Any, client: SalesforceClient) -> None:
    for name in ("Call_Started__c", STARTED, "Other_Time__c"):
        add(rig, name, type="DateTime")
    rig.task(rig.hours_before(1))
    assert "start_field" not in suggested(client, rig)
    stamp = "2026-06-01T10:00:00Z"
    rig.task(rig.hours_before(1), **{STARTED: stamp, "Other_Time__c": stamp})
    assert suggested(client, rig)["start_field"] == OptionSuggestion(
        "start_field", STARTED, "filled in 1 of the 2 newest calls."
    )


def test_a_field_must_be_visible_wherever_calls_are_logged(rig: Any, client: SalesforceClient) -> None:
    add(rig, REVENUE, type="Url")
    link = {REVENUE: "https://one.example/1", "Type": "Call"}
    rig.task(rig.hours_before(1), **link)
    rig.org.insert("Event", {"DurationInMinutes": 5, "ActivityDateTime": "2026-06-01T10:00:00Z", **link})
    assert suggested(client, rig)["recording_fields"].value == (REVENUE,)
    rig.org.set_field_access("Event", REVENUE, "hidden", rig.user_id)
    assert "recording_fields" not in suggested(client, rig)


def test_objects_that_may_not_be_read_are_passed_over(rig: Any, client: SalesforceClient) -> None:
    rig.task(rig.hours_before(1))
    rig.org.set_object_access("Event", "hidden", rig.user_id)
    assert suggested(client, rig)["calls_from"].value == ("Task",)
    rig.org.set_object_access("Task", "hidden", rig.user_id)
    assert suggested(client, rig) == {}


def test_looking_changes_nothing(rig: Any, client: SalesforceClient) -> None:
    add(rig, REVENUE, type="Url")
    rig.task(rig.hours_before(1), **{REVENUE: "https://one.example/1"})
    before = [dict(row) for row in rig.org.rows("Task")]
    suggested(client, rig)
    assert rig.org.rows("Task") == before
