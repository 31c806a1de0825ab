"""The connector against an emulated org, over sockets, from login to written fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velma_connectors.errors import SkipCall, StopConnection
from velma_connectors.model import (
    Call,
    CallRef,
    FieldKind,
    FieldSpec,
    FieldUpdate,
    FieldValue,
    NoteUpsert,
    RecordRef,
    SchemaAction,
    Target,
    Window,
    WriteStatus,
)
from velma_connectors.protocol import CrmConnector
from velma_connectors.salesforce.connector import SalesforceConnector
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.sandbox.faults import Fault, FaultInjector
from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.server import RunningServer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LINK = "Recording_URL__c"
AUDIO = b"OggS" + bytes(range(256)) * 64


@dataclass
class Rig:
    """An org whose clock stands at `now`, and the connection under test."""

    org: SalesforceOrg
    faults: FaultInjector
    connector: SalesforceConnector
    user_id: str
    url: str

    def task(self, at: datetime, **values: Any) -> str:
        """A completed call that was saved at that time."""
        usual = {"Subject": "Call", "TaskSubtype": "Call", "Status": "Completed", "CallDurationInSeconds": 60}
        return self.org.insert("Task", {**usual, **values}, at=at)

    def walk(self, window: Window, limit: int = 200) -> list[Call]:
        calls: list[Call] = []
        cursor = None
        while True:
            page = self.connector.calls(window, cursor, limit=limit)
            assert len(page.calls) <= limit
            calls += page.calls
            cursor = page.cursor
            if cursor is None:
                return calls

    def one(self, task_id: str) -> Call:
        (call,) = self.connector.refresh([CallRef("sales", "Task", task_id)])
        return call

    def requests(self) -> int:
        return self.org.usage.requests


def connect(url: str, **more: Any) -> SalesforceConnector:
    known = {"login_url": url, "consumer_key": "key", "consumer_secret": "secret", "recording_fields": [LINK]}
    options = SalesforceOptions.model_validate({**known, **more})
    return SalesforceConnector("sales", options, wait=lambda _seconds: None, now=lambda: NOW)


@pytest.fixture
def rig() -> Iterator[Rig]:
    yield from _rig()


@pytest.fixture(scope="module")
def shared_rig() -> Iterator[Rig]:
    """One org for many examples, each in a window of its own."""
    yield from _rig()


def _rig() -> Iterator[Rig]:
    org = SalesforceOrg(clock=lambda: NOW)
    user = org.add_user("sync@acme.example", "Velma", "Sync")
    org.add_app(ConnectedApp("key", "secret", run_as=user))
    org.add_custom_field("Activity", LINK, {"type": "Url", "label": "Recording"})
    faults = FaultInjector(SalesforceEmulator(org))
    with RunningServer(faults) as server:
        connector = connect(server.url)
        yield Rig(org, faults, connector, user, server.url)
        connector.close()
        faults.clear()


def hours_before(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


LAST_DAY = Window(hours_before(24), NOW)


def test_it_fulfils_the_contract_of_all_connectors(rig: Rig) -> None:
    connector: CrmConnector = rig.connector
    assert connector.capabilities.objects[Target.CALL] == ("Task",)


def test_the_check_tells_who_we_are(rig: Rig) -> None:
    health = rig.connector.check()
    assert health.account_id == rig.org.id
    assert (health.account_name, health.user, health.api_version) == ("Acme", "sync@acme.example", "66.0")
    assert health.problems == ()


def test_the_check_names_a_recording_field_that_cannot_be_seen(rig: Rig) -> None:
    rig.org.set_field_access("Task", LINK, "hidden")
    (problem,) = rig.connector.check().problems
    assert f"Task.{LINK}" in problem


STAMPS = st.sampled_from([0, 1, 2, 59, 60, 61])
"""Seconds after the start of a window that is sixty seconds long; the last one lies outside."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    saved=st.lists(st.tuples(STAMPS, st.sampled_from(["call", "link", "email"])), max_size=25),
    limit=st.integers(1, 6),
    data=st.data(),
)
def test_a_walk_finds_every_call_of_the_window_whatever_their_stamps(
    shared_rig: Rig, saved: list[tuple[int, str]], limit: int, data: st.DataObject
) -> None:
    start = NOW - timedelta(days=data.draw(st.integers(2, 300)), seconds=data.draw(st.integers(0, 86_000)))
    window = Window(start, start + timedelta(seconds=60))
    before = {call.ref.id for call in shared_rig.walk(window)}
    kinds: dict[str, dict[str, Any]] = {
        "call": {},
        "link": {"TaskSubtype": "Task", "CallDurationInSeconds": None, LINK: "https://dialer.example/1"},
        "email": {"TaskSubtype": "Email", "CallDurationInSeconds": None},
    }
    made = {
        shared_rig.task(start + timedelta(seconds=seconds), **kinds[kind])
        for seconds, kind in saved
        if seconds <= 60 and kind != "email"
    }
    for seconds, kind in saved:
        if seconds > 60 or kind == "email":
            shared_rig.task(start + timedelta(seconds=seconds), **kinds[kind])

    found = [call.ref.id for call in shared_rig.walk(window, limit)]

    assert sorted(found) == sorted(before | made)
    assert shared_rig.connector.count(window) == len(found)


def test_a_row_that_changes_during_the_walk_is_found_in_one_window_or_the_next(rig: Rig) -> None:
    tasks = [rig.task(hours_before(2)) for _ in range(6)]
    window = Window(hours_before(3), hours_before(1))
    first = rig.connector.calls(window, None, limit=2)
    rig.org.touch(tasks[4:5], at=NOW)
    rig.org.touch(tasks[0:1], at=hours_before(2))
    rest = rig.connector.calls(window, first.cursor, limit=10)
    later = rig.walk(Window(hours_before(1), NOW))
    found = {call.ref.id for call in (*first.calls, *rest.calls, *later)}
    assert found == set(tasks)


def test_a_backlog_of_more_than_a_year_finds_archived_calls(rig: Rig) -> None:
    old = NOW - timedelta(days=500)
    task = rig.task(old, ActivityDate=old.date().isoformat())
    rig.org.archive_old_activities()
    rig.org.touch([task], at=old)
    window = Window(NOW - timedelta(days=600), NOW)
    assert [call.ref.id for call in rig.walk(window)] == [task]
    assert rig.connector.count(window) == 1
    assert rig.one(task).ref.id == task


def test_deleted_calls_are_not_found(rig: Rig) -> None:
    kept, removed = rig.task(hours_before(1)), rig.task(hours_before(1))
    rig.org.remove(removed)
    window = Window(NOW - timedelta(days=600), NOW)
    assert [call.ref.id for call in rig.walk(window)] == [kept]
    refs = [CallRef("sales", "Task", task) for task in (kept, removed)]
    assert [call.ref for call in rig.connector.refresh(refs)] == refs[:1]


def test_calls_logged_as_events_are_found_behind_the_tasks(rig: Rig) -> None:
    task = rig.task(hours_before(1))
    start = hours_before(3)
    event = rig.org.insert(
        "Event",
        {
            "Subject": "Video call",
            "Type": "Call",
            "StartDateTime": start,
            "ActivityDateTime": start,
            "DurationInMinutes": 30,
            LINK: "https://dialer.example/2",
        },
        at=hours_before(1),
    )
    rig.connector = connect(rig.url, calls_from=["Task", "Event"])
    calls = rig.walk(LAST_DAY, limit=1)
    assert [(call.ref.object, call.ref.id) for call in calls] == [("Task", task), ("Event", event)]
    assert (calls[1].started_at, calls[1].seconds) == (start, 1800)
    assert rig.connector.count(LAST_DAY) == 2
    rig.connector.close()


def test_a_call_brings_its_people_and_its_deal_as_it_was_then(rig: Rig) -> None:
    org = rig.org
    account = org.insert("Account", {"Name": "Umbra Tools"})
    contact = org.insert("Contact", {"FirstName": "Paul", "LastName": "Prospect", "AccountId": account})
    deal = org.insert(
        "Opportunity",
        {"Name": "Tools", "StageName": "Prospecting", "CloseDate": "2026-12-31", "AccountId": account},
        at=hours_before(50),
    )
    org.update(deal, {"StageName": "Qualification"}, at=hours_before(10))
    task = rig.task(hours_before(5), WhatId=deal, WhoId=contact, CallType="Inbound")
    org.update(deal, {"StageName": "Closed Won", "Amount": 500}, at=hours_before(1))

    (call,) = rig.walk(LAST_DAY)

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


def test_a_call_without_a_deal_gets_the_open_ones_around_it(rig: Rig) -> None:
    org = rig.org
    account, other = org.insert("Account", {"Name": "A"}), org.insert("Account", {"Name": "B"})
    contact = org.insert("Contact", {"LastName": "Prospect", "AccountId": account})
    common = {"CloseDate": "2026-12-31", "StageName": "Prospecting"}
    of_account = org.insert("Opportunity", {**common, "Name": "1", "AccountId": account}, at=hours_before(9))
    org.insert("Opportunity", {**common, "Name": "2", "AccountId": account, "StageName": "Closed Lost"})
    of_role = org.insert("Opportunity", {**common, "Name": "3", "AccountId": other}, at=hours_before(8))
    org.insert("OpportunityContactRole", {"OpportunityId": of_role, "ContactId": contact})
    rig.task(hours_before(1), WhoId=contact)
    (call,) = rig.walk(LAST_DAY)
    assert [deal.ref.id for deal in call.deals] == [of_role, of_account]
    assert not any(deal.is_primary for deal in call.deals)


def test_a_file_attached_late_is_found_by_looking_again_and_downloaded_whole(rig: Rig) -> None:
    task = rig.task(hours_before(2))
    assert rig.one(task).recording is None
    rig.org.attach_file(task, b"slides", "deck", "pdf", at=NOW)
    assert rig.one(task).recording is None
    rig.org.attach_file(task, AUDIO, "recording", "ogg", at=hours_before(1))
    call = rig.one(task)
    assert call.recording is not None
    assert (call.recording.size, call.recording.media_type) == (len(AUDIO), "audio/ogg")
    with rig.connector.open_recording(call) as stream:
        assert stream.read() == AUDIO


def test_a_file_seen_only_through_its_activity_is_found(rig: Rig) -> None:
    rig.org.set_permission(rig.user_id, "ViewAllData", False)
    task = rig.task(hours_before(1))
    rig.org.attach_file(task, AUDIO, "recording", "wav")
    assert rig.one(task).recording is not None


def test_a_file_that_was_removed_skips_its_call(rig: Rig) -> None:
    task = rig.task(hours_before(1))
    rig.org.attach_file(task, AUDIO, "recording", "wav")
    call = rig.one(task)
    (document,) = rig.org.rows("ContentDocument")
    rig.org.remove(document["Id"])
    with pytest.raises(SkipCall), rig.connector.open_recording(call) as stream:
        stream.read()


def test_a_recording_link_added_later_changes_the_fingerprint_once(rig: Rig) -> None:
    task = rig.task(hours_before(2))
    waiting = rig.one(task).fingerprint
    rig.org.update(task, {LINK: "https://dialer.example/rec/1?sig=a"})
    linked = rig.one(task).fingerprint
    rig.org.update(task, {LINK: "https://dialer.example/rec/1?sig=b", "Subject": "renamed"})
    assert waiting != linked == rig.one(task).fingerprint


CALL_SPECS = (
    FieldSpec(Target.CALL, "Velma_Status__c", "Status", FieldKind.CHOICE, "h", choices=("Analyzed", "Other")),
    FieldSpec(Target.CALL, "Velma_Flag__c", "Flag", FieldKind.BOOLEAN, "h"),
    FieldSpec(Target.CALL, "Velma_Score__c", "Score", FieldKind.NUMBER, "h", precision=3, scale=2),
    FieldSpec(Target.CALL, "Velma_Reason__c", "Reason", FieldKind.TEXT, "h", max_length=40),
    FieldSpec(Target.CALL, "Velma_At__c", "At", FieldKind.DATETIME, "h"),
    FieldSpec(Target.CALL, "Velma_Rivals__c", "Rivals", FieldKind.MULTI_CHOICE, "h", choices=("Acme", "Be")),
)
DEAL_SPECS = (
    FieldSpec(Target.DEAL, "Velma_Summary__c", "Summary", FieldKind.LONG_TEXT, "h", max_length=2000),
    FieldSpec(Target.DEAL, "Velma_Day__c", "Day", FieldKind.DATE, "h"),
)
SPECS = (*CALL_SPECS, *DEAL_SPECS)
VALUES: dict[str, FieldValue] = {
    "Velma_Status__c": "Analyzed",
    "Velma_Flag__c": True,
    "Velma_Score__c": -0.25,
    "Velma_Reason__c": "ä😀",
    "Velma_At__c": datetime(2026, 6, 1, 10, 30, tzinfo=UTC),
    "Velma_Rivals__c": ("Acme", "Be"),
}


def provision(connector: SalesforceConnector, specs: Sequence[FieldSpec] = SPECS) -> list[SchemaAction]:
    plan = connector.plan_fields(specs)
    problems = [
        (result.step.spec.name, result.reason) for result in connector.create_fields(plan) if not result.ok
    ]
    assert not problems
    return [step.action for step in plan]


def test_fields_are_made_once_and_are_usable_at_once(rig: Rig) -> None:
    assert set(provision(rig.connector)) == {SchemaAction.CREATE}
    state = (len(rig.org.rows("CustomField")), len(rig.org.rows("FieldPermissions")))
    assert set(provision(rig.connector)) == {SchemaAction.LEAVE}
    assert state == (len(rig.org.rows("CustomField")), len(rig.org.rows("FieldPermissions")))

    fields = rig.connector.fields("Task")
    assert {spec.name: fields[spec.name].kind for spec in CALL_SPECS} == {
        spec.name: spec.kind for spec in CALL_SPECS
    }
    assert all(fields[spec.name].writable for spec in CALL_SPECS)
    assert fields["Velma_Rivals__c"].choices == ("Acme", "Be")
    assert (fields["Velma_Score__c"].precision, fields["Velma_Score__c"].scale) == (3, 2)
    assert fields["Velma_Reason__c"].max_length == 40
    assert set(rig.connector.fields("Event")) >= {spec.name for spec in CALL_SPECS}


def test_a_plan_changes_nothing(rig: Rig) -> None:
    rig.connector.plan_fields(SPECS)
    assert not [row for row in rig.org.rows("CustomField") if row["DeveloperName"].startswith("Velma")]
    assert not rig.org.rows("PermissionSet")


def test_a_field_that_exists_but_is_hidden_is_shown(rig: Rig) -> None:
    checkbox = {"type": "Checkbox", "label": "Flag", "defaultValue": False}
    rig.org.add_custom_field("Activity", "Velma_Flag__c", checkbox, level="hidden")
    fields_before = len(rig.org.rows("CustomField"))
    assert provision(rig.connector, CALL_SPECS[1:2]) == [SchemaAction.CHANGE]
    assert len(rig.org.rows("CustomField")) == fields_before
    assert provision(rig.connector, CALL_SPECS[1:2]) == [SchemaAction.LEAVE]


def test_options_are_added_and_the_admins_own_stay(rig: Rig) -> None:
    provision(rig.connector, CALL_SPECS)
    wider = replace(CALL_SPECS[5], choices=("Acme", "Gamma"))
    assert provision(rig.connector, [wider]) == [SchemaAction.CHANGE]
    assert rig.connector.fields("Task")["Velma_Rivals__c"].choices == ("Acme", "Be", "Gamma")
    assert provision(rig.connector, [wider]) == [SchemaAction.LEAVE]


def test_without_the_right_to_customize_the_reason_is_told(rig: Rig) -> None:
    rig.org.set_permission(rig.user_id, "CustomizeApplication", False)
    results = rig.connector.create_fields(rig.connector.plan_fields(CALL_SPECS[:1]))
    assert [result.ok for result in results] == [False]
    assert results[0].reason


def test_written_values_are_read_back_as_they_were(rig: Rig) -> None:
    provision(rig.connector)
    account = rig.org.insert("Account", {"Name": "A"})
    deal = rig.org.insert(
        "Opportunity",
        {"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-12-31", "AccountId": account},
    )
    task_ref, deal_ref = RecordRef("Task", rig.task(hours_before(1))), RecordRef("Opportunity", deal)
    deal_values: dict[str, FieldValue] = {"Velma_Summary__c": "long\nwords", "Velma_Day__c": "2026-06-01"}
    names = [*VALUES, *deal_values]
    empty = rig.connector.current([task_ref, deal_ref], names)
    assert empty[task_ref] == {**dict.fromkeys(VALUES), "Velma_Flag__c": False}

    results = rig.connector.write([FieldUpdate(task_ref, VALUES, ()), FieldUpdate(deal_ref, deal_values, ())])

    assert [(result.status, result.dropped) for result in results] == [(WriteStatus.OK, ())] * 2
    assert rig.connector.current([task_ref, deal_ref], names) == {task_ref: VALUES, deal_ref: deal_values}
    rig.connector.write([FieldUpdate(task_ref, {"Velma_Status__c": None, "Velma_Rivals__c": None}, ())])
    cleared = rig.connector.current([task_ref], names)[task_ref]
    assert (cleared["Velma_Status__c"], cleared["Velma_Rivals__c"]) == (None, None)
    assert cleared["Velma_Reason__c"] == "ä😀"


def test_records_that_are_gone_are_left_out_of_present_values(rig: Rig) -> None:
    kept, removed = rig.task(hours_before(1)), rig.task(hours_before(1))
    rig.org.remove(removed)
    records = [RecordRef("Task", task) for task in (kept, removed)]
    values = rig.connector.current(records, ["Subject", "NoSuch__c"])
    assert values == {records[0]: {"Subject": "Call"}}


def test_our_own_writes_do_not_look_like_new_work(rig: Rig) -> None:
    provision(rig.connector)
    task = RecordRef("Task", rig.task(hours_before(1), **{LINK: "https://dialer.example/1"}))
    before = rig.one(task.id)
    rig.connector.write([FieldUpdate(task, VALUES, ()), NoteUpsert("key", (task,), "summary", ())])
    after = rig.one(task.id)
    assert after.fingerprint == before.fingerprint
    assert after.changed_at > before.changed_at
    assert after.started_at == before.started_at


def test_a_note_lies_beside_the_reps_words_and_is_replaced_in_place(rig: Rig) -> None:
    own = "Spoke to the buyer. Ring again on Monday."
    task = RecordRef("Task", rig.task(hours_before(1), Description=own))
    for body in ("first summary", "second summary", "second summary"):
        (result,) = rig.connector.write([NoteUpsert("key", (task,), body, ())])
        assert result.status is WriteStatus.OK
    text = str(rig.org.read(task.id)["Description"])
    assert text.startswith(f"{own}\n\n")
    assert text.count("second summary") == 1
    assert "first summary" not in text


def test_a_note_whose_answer_was_lost_is_there_once_after_a_repetition(rig: Rig) -> None:
    task = RecordRef("Task", rig.task(hours_before(1)))
    note = NoteUpsert("key", (task,), "the summary", ())
    rig.connector.check()
    rig.faults.add(Fault("PATCH .*/composite/sobjects", cut="after"))
    (lost,) = rig.connector.write([note])
    assert lost.status is WriteStatus.UNKNOWN
    (again,) = rig.connector.write([note])
    assert again.status is WriteStatus.OK
    assert str(rig.org.read(task.id)["Description"]).count("the summary") == 1


@pytest.mark.parametrize("bad_row", ["row", "request"])
@pytest.mark.parametrize("all_errors", [True, False])
def test_bad_fields_and_bad_records_harm_nobody_else(rig: Rig, bad_row: Any, all_errors: bool) -> None:
    rig.org.switches = replace(rig.org.switches, bad_row=bad_row, reports_all_field_errors=all_errors)
    provision(rig.connector)
    tasks = [RecordRef("Task", rig.task(hours_before(1))) for _ in range(7)]
    rig.org.remove(tasks[1].id)
    rig.org.add_validation_rule(
        "Task", lambda record: "No next step." if record["Subject"] == "refused" else None
    )
    updates = [FieldUpdate(task, {"Velma_Status__c": "Analyzed"}, ()) for task in tasks]
    updates[2] = FieldUpdate(tasks[2], {"Velma_Status__c": "Unheard of", "Velma_Reason__c": "x"}, ())
    updates[3] = FieldUpdate(tasks[3], {"Velma_Reason__c": "word " * 20, "Velma_Flag__c": True}, ())
    updates[4] = FieldUpdate(tasks[4], {"NoSuch__c": "x", "IsClosed": True, "Velma_Flag__c": True}, ())
    updates[5] = FieldUpdate(tasks[5], {"Subject": "refused"}, ())
    updates[6] = FieldUpdate(tasks[6], {"Velma_Rivals__c": ("Acme", "Unheard of")}, ())

    results = rig.connector.write(updates)

    assert [result.status.value for result in results] == ["ok", "gone", "ok", "ok", "ok", "rejected", "ok"]
    values = rig.connector.current(tasks, list(VALUES))
    assert values[tasks[0]]["Velma_Status__c"] == "Analyzed"
    assert (values[tasks[2]]["Velma_Status__c"], values[tasks[2]]["Velma_Reason__c"]) == (None, "x")
    assert values[tasks[3]]["Velma_Reason__c"] == "word word word word word word word word…"
    assert values[tasks[3]]["Velma_Flag__c"] is True
    assert values[tasks[4]]["Velma_Flag__c"] is True
    assert {dropped.field for dropped in results[4].dropped} == {"NoSuch__c", "IsClosed"}
    assert "No next step." in results[5].reason
    assert values[tasks[6]]["Velma_Rivals__c"] == ("Acme",)
    assert "'Unheard of'" in results[6].dropped[0].reason


@pytest.mark.parametrize("whole_batch", [False, True])
def test_rows_held_by_somebody_else_are_written_after_a_while(rig: Rig, whole_batch: bool) -> None:
    rig.org.switches = replace(rig.org.switches, lock_fails_whole_batch=whole_batch)
    tasks = [rig.task(hours_before(1)) for _ in range(30)]
    rig.org.lock_rows(tasks[:1], times=2)
    rig.org.lock_rows(tasks[1:2], times=100)
    updates = [FieldUpdate(RecordRef("Task", task), {"Subject": "written"}, ()) for task in tasks]
    results = rig.connector.write(updates)
    statuses = [result.status for result in results]
    assert statuses[0] is WriteStatus.OK
    assert statuses[1] is WriteStatus.RETRY
    assert statuses.count(WriteStatus.OK) == 29, "a smaller group would have gone through"


def test_a_session_that_ends_in_between_goes_unnoticed(rig: Rig) -> None:
    task = rig.task(hours_before(1))
    rig.walk(LAST_DAY)
    rig.org.sessions.end_all()
    assert [call.ref.id for call in rig.walk(LAST_DAY)] == [task]
    rig.org.sessions.end_all()
    update = FieldUpdate(RecordRef("Task", task), {"Subject": "written"}, ())
    assert rig.connector.write([update])[0].status is WriteStatus.OK
    assert rig.org.usage.kinds["token"] == 3


def test_a_user_without_the_api_permission_stops_the_connection(rig: Rig) -> None:
    rig.org.set_permission(rig.user_id, "ApiEnabled", False)
    with pytest.raises(StopConnection):
        rig.connector.check()


def test_the_budget_is_the_orgs(rig: Rig) -> None:
    assert rig.connector.budget().used is None
    rig.org.usage.used_by_others = 700
    rig.connector.check()
    budget = rig.connector.budget()
    assert budget.allowed == 15_000
    assert budget.used == 700 + budget.requests


def test_an_org_whose_allowance_is_gone_leaves_writes_for_later(rig: Rig) -> None:
    task = RecordRef("Task", rig.task(hours_before(1)))
    rig.connector.check()
    rig.org.usage.used_by_others = 15_000
    (result,) = rig.connector.write([FieldUpdate(task, {"Subject": "x"}, ())])
    assert result.status is WriteStatus.RETRY
    assert result.after >= 900


def test_many_calls_are_looked_at_again_without_a_request_that_is_too_long(rig: Rig) -> None:
    account = rig.org.insert("Account", {"Name": "A"})
    refs = [CallRef("sales", "Task", rig.task(hours_before(1), WhatId=account)) for _ in range(700)]
    assert len(rig.connector.refresh(refs)) == 700


def test_a_backlog_of_a_thousand_calls_costs_thirty_requests(rig: Rig) -> None:
    org = rig.org
    provision(rig.connector)
    account = org.insert("Account", {"Name": "A"})
    deals = [
        org.insert(
            "Opportunity",
            {"Name": f"O{n}", "StageName": "Prospecting", "CloseDate": "2026-12-31", "AccountId": account},
            at=hours_before(30),
        )
        for n in range(250)
    ]
    for n in range(1000):
        rig.task(hours_before(20), WhatId=deals[n % 250], **{LINK: f"https://dialer.example/{n}"})
    for deal in deals:
        org.update(deal, {"StageName": "Qualification"}, at=hours_before(1))
    before = rig.requests()

    calls = rig.walk(LAST_DAY, limit=1000)
    assert {deal.stage for call in calls for deal in call.deals} == {"Prospecting"}
    for start in range(0, 1000, 200):
        batch = calls[start : start + 200]
        records = [call.ref.record for call in batch]
        deal_records = sorted({call.deals[0].ref for call in batch})
        rig.connector.current([*records, *deal_records], [*VALUES, "Velma_Day__c"])
        updates: list[FieldUpdate | NoteUpsert] = [FieldUpdate(record, VALUES, ()) for record in records]
        updates += [NoteUpsert(f"note-{record.id}", (record,), "summary", ()) for record in records]
        updates += [FieldUpdate(deal, {"Velma_Day__c": "2026-06-01"}, ()) for deal in deal_records]
        results = rig.connector.write(updates)
        assert {result.status for result in results} == {WriteStatus.OK}

    assert len(calls) == 1000
    assert rig.requests() - before <= 32, org.usage.snapshot()
