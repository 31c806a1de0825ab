"""What is asked of Salesforce to find calls: the condition, the columns, archives and cursors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from velma_connectors.errors import StopConnection
from velma_connectors.model import CallRef, Window
from velma_connectors.salesforce.calls import CallReader
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import KnownFields

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RECENT = Window(NOW - timedelta(hours=1), NOW)
STANDARD = [
    "Subject",
    "OwnerId",
    "WhoId",
    "WhatId",
    "AccountId",
    "ActivityDate",
    "CallType",
    "CallDurationInSeconds",
    "CallDisposition",
    "CompletedDateTime",
    "IsClosed",
    "TaskSubtype",
    "Type",
]


def reader(org: Any, client: SalesforceClient, **settings: Any) -> CallReader:
    options = org.options(**{"recording_fields": ["Link__c"], "recording_files": False, **settings})
    return CallReader("sales", options, client, KnownFields(client), lambda: NOW)


def describe(org: Any, *extra: Any, standard: list[str] = STANDARD, name: str = "Task") -> None:
    entries = [org.field_entry(field) for field in standard] + list(extra)
    org.on(f"GET sobjects/{name}/describe", {"fields": entries})


def row(org: Any, number: int) -> dict[str, Any]:
    stamp = "2026-05-31T23:30:00.000+0000"
    return {"Id": org.id("00T", number), "SystemModstamp": stamp, "CreatedDate": stamp}


def test_a_call_is_told_by_any_sign_or_by_its_recording(org: Any, client: Any) -> None:
    describe(org, org.field_entry("Link__c"))
    org.on("FROM Task", org.rows())
    reader(org, client).page(RECENT, None, 100)
    (query,) = org.requests("FROM Task")
    assert query.path == "query"
    assert (
        " FROM Task WHERE SystemModstamp >= 2026-05-31T23:00:00Z AND SystemModstamp <= 2026-06-01T00:00:00Z "
        "AND IsDeleted = false AND ((IsClosed = true AND (TaskSubtype = 'Call' OR CallType != null "
        "OR CallDurationInSeconds > 0 OR Type = 'Call')) OR Link__c != null) ORDER BY Id LIMIT 100"
    ) in query.soql


def test_the_count_asks_the_same_and_walks_nothing(org: Any, client: Any) -> None:
    describe(org, org.field_entry("Link__c"))
    org.on("FROM Task", {"totalSize": 41, "done": True, "records": []})
    assert reader(org, client).count(RECENT) == 41
    org.on("FROM Task", org.rows())
    reader(org, client).page(RECENT, None, 100)
    counted, walked = (query.soql for query in org.requests("FROM Task"))
    assert counted.startswith("SELECT COUNT() FROM Task WHERE ")
    assert walked.partition(" WHERE ")[2].startswith(counted.partition(" WHERE ")[2])


@pytest.mark.parametrize(("days", "path"), [(300, "query"), (366, "queryAll"), (365, "queryAll")])
def test_archives_are_read_when_the_window_reaches_back_a_year(
    org: Any, client: Any, days: int, path: str
) -> None:
    describe(org, org.field_entry("Link__c"))
    org.on("FROM Task", org.rows())
    reading = reader(org, client)
    reading.page(Window(NOW - timedelta(days=days), NOW), None, 100)
    reading.count(Window(NOW - timedelta(days=days), NOW))
    assert [query.path for query in org.requests("FROM Task")] == [path, path]


def test_what_is_hidden_is_neither_selected_nor_a_condition(org: Any, client: Any) -> None:
    visible = [name for name in STANDARD if name not in ("Type", "CallDisposition", "WhoId")]
    describe(org, org.field_entry("Link__c", filterable=False), standard=visible)
    org.on("FROM Task", org.rows(row(org, 1)))
    (call,) = reader(org, client).page(RECENT, None, 100).calls
    assert call.people == ()
    (query,) = org.requests("FROM Task")
    for hidden in ("Type = 'Call'", "CallDisposition", "Who.Name", "Link__c != null"):
        assert hidden not in query.soql
    assert "Link__c" in query.soql


def test_a_recording_field_that_is_missing_is_named(org: Any, client: Any) -> None:
    describe(org)
    reading = reader(org, client, start_field="Start__c")
    with pytest.raises(StopConnection, match=r"Task.Link__c, Task.Start__c"):
        reading.page(RECENT, None, 100)
    assert reading.missing_fields() == ["Task.Link__c", "Task.Start__c"]

    describe(org, org.field_entry("Link__c"), org.field_entry("Start__c"))
    org.on("FROM Task", org.rows())
    with pytest.raises(StopConnection):
        reading.page(RECENT, None, 100)
    reading.page(RECENT, None, 100)


def test_an_object_in_which_nothing_tells_calls_stops_the_connection(org: Any, client: Any) -> None:
    describe(org, standard=["Subject"])
    with pytest.raises(StopConnection, match="tells calls"):
        reader(org, client, recording_fields=[]).count(RECENT)


def test_the_walk_goes_on_behind_the_last_id_and_through_all_objects(org: Any, client: Any) -> None:
    describe(org, org.field_entry("Link__c"))
    describe(org, org.field_entry("Link__c"), standard=["Subject", "StartDateTime"], name="Event")
    reading = reader(org, client, calls_from=["Task", "Event"])
    org.on("FROM Task", org.rows(row(org, 1), row(org, 2)), org.rows(row(org, 3)))
    org.on("FROM Event", org.rows())
    cursors, ids = [], []
    cursor = None
    for _ in range(3):
        page = reading.page(RECENT, cursor, 2)
        ids += [call.ref.id for call in page.calls]
        cursor = page.cursor
        cursors.append(cursor is not None)
    assert ids == [org.id("00T", number) for number in (1, 2, 3)]
    assert cursors == [True, True, False]
    second = org.requests("FROM Task")[1]
    assert f"AND Id > '{org.id('00T', 2)}' ORDER BY Id" in second.soql
    assert org.requests("FROM Event")[0].soql.count("Id >") == 0


def test_a_cursor_of_an_object_no_longer_read_starts_anew_and_a_foreign_one_is_refused(
    org: Any, client: Any
) -> None:
    describe(org, org.field_entry("Link__c"))
    org.on("FROM Task", org.rows())
    assert reader(org, client).page(RECENT, "Event:00U000000000001AAA", 10).cursor is None
    assert "Id >" not in org.requests("FROM Task")[0].soql
    with pytest.raises(ValueError, match="cursor"):
        reader(org, client).page(RECENT, "Task:' OR Id != '", 10)


def test_looking_again_finds_archived_calls_and_leaves_out_deleted_ones(org: Any, client: Any) -> None:
    describe(org, org.field_entry("Link__c"))
    org.on("FROM Task", org.rows(row(org, 1)))
    refs = [CallRef("sales", "Task", org.id("00T", number)) for number in (1, 2)]
    refs += [CallRef("sales", "Task", "x' OR Id != '"), CallRef("sales", "User", org.id("005", 1))]
    calls = reader(org, client).refresh(refs)
    assert [call.ref for call in calls] == refs[:1]
    (query,) = org.requests("FROM ")
    assert query.path == "queryAll"
    assert "IsDeleted = false" in query.soql
    assert reader(org, client).refresh([]) == []


def test_files_are_only_looked_for_where_they_can_matter(org: Any, client: Any) -> None:
    describe(org, org.field_entry("Link__c"))
    linked = {**row(org, 1), "Link__c": "https://dialer.example/1"}
    voicemail = {**row(org, 2), "CallDisposition": "Voicemail"}
    org.on("FROM Task", org.rows(linked, voicemail, row(org, 3)))
    org.on("FROM ContentDocumentLink", org.rows())
    reader(org, client, recording_files=True).page(RECENT, None, 100)
    (links,) = org.requests("FROM ContentDocumentLink")
    assert links.soql.endswith(f"IN ('{org.id('00T', 3)}')")
