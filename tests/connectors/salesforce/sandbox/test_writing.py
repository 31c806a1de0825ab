"""Fields and notes written into an emulated org, with neighbours that are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from velma_connectors.model import (
    FieldUpdate,
    FieldValue,
    NoteUpsert,
    RecordRef,
    WriteStatus,
)
from velma_connectors.sandbox.faults import Fault


def test_written_values_are_read_back_as_they_were(rig: Any) -> None:
    rig.provision()
    account = rig.org.insert("Account", {"Name": "A"})
    deal = rig.org.insert(
        "Opportunity",
        {"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-12-31", "AccountId": account},
    )
    task_ref, deal_ref = RecordRef("Task", rig.task(rig.hours_before(1))), RecordRef("Opportunity", deal)
    deal_values: dict[str, FieldValue] = {"Velma_Summary__c": "long\nwords", "Velma_Day__c": "2026-06-01"}
    names = [*rig.values, *deal_values]
    empty = rig.connector.current([task_ref, deal_ref], names)
    assert empty[task_ref] == {**dict.fromkeys(rig.values), "Velma_Flag__c": False}

    results = rig.connector.write(
        [FieldUpdate(task_ref, rig.values, ()), FieldUpdate(deal_ref, deal_values, ())]
    )

    assert [(result.status, result.dropped) for result in results] == [(WriteStatus.OK, ())] * 2
    assert rig.connector.current([task_ref, deal_ref], names) == {task_ref: rig.values, deal_ref: deal_values}
    rig.connector.write([FieldUpdate(task_ref, {"Velma_Status__c": None, "Velma_Rivals__c": None}, ())])
    cleared = rig.connector.current([task_ref], names)[task_ref]
    assert (cleared["Velma_Status__c"], cleared["Velma_Rivals__c"]) == (None, None)
    assert cleared["Velma_Reason__c"] == "ä😀"


def test_records_that_are_gone_are_left_out_of_present_values(rig: Any) -> None:
    kept, removed = rig.task(rig.hours_before(1)), rig.task(rig.hours_before(1))
    rig.org.remove(removed)
    records = [RecordRef("Task", task) for task in (kept, removed)]
    values = rig.connector.current(records, ["Subject", "NoSuch__c"])
    assert values == {records[0]: {"Subject": "Call"}}


def test_an_archived_call_is_written_like_any_other(rig: Any) -> None:
    rig.provision()
    old = rig.now - timedelta(days=500)
    task = RecordRef("Task", rig.task(old, ActivityDate=old.date().isoformat(), Description="mine"))
    rig.org.archive_old_activities()
    results = rig.connector.write(
        [FieldUpdate(task, {"Velma_Flag__c": True}, ()), NoteUpsert("key", (task,), "the summary", ())]
    )
    assert [result.status for result in results] == [WriteStatus.OK] * 2
    assert rig.connector.current([task], ["Velma_Flag__c"]) == {task: {"Velma_Flag__c": True}}
    assert "the summary" in rig.org.read(task.id)["Description"]


def test_our_own_writes_do_not_look_like_new_work(rig: Any) -> None:
    rig.provision()
    task = RecordRef("Task", rig.task(rig.hours_before(1), **{rig.link: "https://dialer.example/1"}))
    before = rig.one(task.id)
    rig.connector.write([FieldUpdate(task, rig.values, ()), NoteUpsert("key", (task,), "summary", ())])
    after = rig.one(task.id)
    assert after.fingerprint == before.fingerprint
    assert after.changed_at > before.changed_at
    assert after.started_at == before.started_at


def test_a_note_lies_beside_the_reps_words_and_is_replaced_in_place(rig: Any) -> None:
    own = "Spoke to the buyer. Ring again on Monday."
    task = RecordRef("Task", rig.task(rig.hours_before(1), Description=own))
    for body in ("first summary", "second summary", "second summary"):
        (result,) = rig.connector.write([NoteUpsert("key", (task,), body, ())])
        assert result.status is WriteStatus.OK
    text = str(rig.org.read(task.id)["Description"])
    assert text.startswith(f"{own}\n\n")
    assert text.count("second summary") == 1
    assert "first summary" not in text


def test_a_note_whose_answer_was_lost_is_there_once_after_a_repetition(rig: Any) -> None:
    task = RecordRef("Task", rig.task(rig.hours_before(1)))
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
def test_bad_fields_and_bad_records_harm_nobody_else(rig: Any, bad_row: Any, all_errors: bool) -> None:
    rig.org.switches = replace(rig.org.switches, bad_row=bad_row, reports_all_field_errors=all_errors)
    rig.provision()
    tasks = [RecordRef("Task", rig.task(rig.hours_before(1))) for _ in range(7)]
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
    values = rig.connector.current(tasks, list(rig.values))
    assert values[tasks[0]]["Velma_Status__c"] == "Analyzed"
    assert (values[tasks[2]]["Velma_Status__c"], values[tasks[2]]["Velma_Reason__c"]) == (None, "x")
    assert values[tasks[3]]["Velma_Reason__c"] == "word word word word word word word word…"
    assert values[tasks[3]]["Velma_Flag__c"] is True
    assert values[tasks[4]]["Velma_Flag__c"] is True
    assert {dropped.field for dropped in results[4].dropped} == {"NoSuch__c", "IsClosed"}
    assert "No next step." in results[5].reason
    assert values[tasks[6]]["Velma_Rivals__c"] == ("Acme",)
    assert "'Unheard of'" in results[6].dropped[0].reason


def test_fields_nobody_granted_do_not_keep_the_others_from_being_written(rig: Any) -> None:
    rig.org.switches = replace(rig.org.switches, reports_all_field_errors=False)
    names = [f"Hidden_{number}__c" for number in range(12)]
    for name in names:
        rig.org.add_custom_field(
            "Activity", name, {"type": "Text", "label": name, "length": 9}, level="hidden"
        )
    task = RecordRef("Task", rig.task(rig.hours_before(1)))
    values: dict[str, FieldValue] = {**dict.fromkeys(names, "x"), "Subject": "written"}
    (result,) = rig.connector.write([FieldUpdate(task, values, ())])
    assert result.status is WriteStatus.OK
    assert {dropped.field for dropped in result.dropped} == set(names)
    assert rig.org.read(task.id)["Subject"] == "written"


@pytest.mark.parametrize("whole_batch", [False, True])
def test_rows_held_by_somebody_else_are_written_after_a_while(rig: Any, whole_batch: bool) -> None:
    rig.org.switches = replace(rig.org.switches, lock_fails_whole_batch=whole_batch)
    tasks = [rig.task(rig.hours_before(1)) for _ in range(30)]
    rig.org.lock_rows(tasks[:1], times=2)
    rig.org.lock_rows(tasks[1:2], times=100)
    updates = [FieldUpdate(RecordRef("Task", task), {"Subject": "written"}, ()) for task in tasks]
    results = rig.connector.write(updates)
    statuses = [result.status for result in results]
    assert statuses[0] is WriteStatus.OK
    assert statuses[1] is WriteStatus.RETRY
    assert statuses.count(WriteStatus.OK) == 29, "a smaller group would have gone through"


def test_an_org_whose_allowance_is_gone_leaves_writes_for_later(rig: Any) -> None:
    task = RecordRef("Task", rig.task(rig.hours_before(1)))
    rig.connector.check()
    rig.org.usage.used_by_others = 15_000
    (result,) = rig.connector.write([FieldUpdate(task, {"Subject": "x"}, ())])
    assert result.status is WriteStatus.RETRY
    assert result.after >= 900
