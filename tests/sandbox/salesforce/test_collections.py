"""sObject Collections: many records in one request, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import Door


def tasks(*changes: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"attributes": {"type": "Task"}, "id": task_id, **values} for task_id, values in changes]


def patch(door: Door, records: list[dict[str, Any]], all_or_none: bool = False) -> list[dict[str, Any]]:
    answer = door.call("PATCH", "/composite/sobjects", json={"allOrNone": all_or_none, "records": records})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


def test_rows_are_answered_in_their_order_and_one_bad_row_harms_no_other(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    other = org.insert("Task", {"Subject": "Other"})
    rows = patch(door, tasks((other, {"Subject": "x" * 256}), (task, {"Subject": "New"})))
    assert rows[0]["success"] is False
    assert rows[0]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    assert rows[0]["errors"][0]["fields"] == ["Subject"]
    assert "id" not in rows[0]
    assert rows[1] == {"id": task, "success": True, "errors": []}
    assert (org.read(other)["Subject"], org.read(task)["Subject"]) == ("Other", "New")


def test_all_or_none_takes_back_the_innocent_rows(org: SalesforceOrg, door: Door, task: str) -> None:
    other = org.insert("Task", {"Subject": "Other"})
    records = tasks((task, {"Subject": "New"}), (other, {"CallType": "Sideways"}))
    rows = patch(door, records, all_or_none=True)
    codes = [row["errors"][0]["statusCode"] for row in rows]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    assert org.read(task)["Subject"] == "Call"


def test_two_hundred_and_one_records_are_refused_as_a_whole(org: SalesforceOrg, door: Door) -> None:
    records = tasks(*((org.insert("Task", {"Subject": "A"}), {"Subject": "B"}) for _ in range(201)))
    status, code, _ = door.refusal("PATCH", "/composite/sobjects", json={"records": records})
    assert (status, code) == (400, "EXCEEDED_ID_LIMIT")
    assert {row["Subject"] for row in org.rows("Task")} == {"A"}


def test_two_hundred_records_of_one_request_share_one_stamp(org: SalesforceOrg, door: Door) -> None:
    ids = [org.insert("Task", {"Subject": "A"}) for _ in range(200)]
    rows = patch(door, tasks(*((each, {"Subject": "B"}) for each in ids)))
    assert [row["id"] for row in rows] == ids
    assert len({org.read(each)["SystemModstamp"] for each in ids}) == 1
    assert {org.read(each)["LastModifiedById"] for each in ids} == {door.user_id}


def test_more_than_ten_runs_of_types_are_refused(org: SalesforceOrg, door: Door, task: str) -> None:
    account = org.insert("Account", {"Name": "A"})
    kinds = [("Task", task), ("Account", account)]
    records = [
        {"attributes": {"type": kind}, "id": record_id, "Description": str(turn)}
        for turn in range(6)
        for kind, record_id in kinds
    ]
    status, _, message = door.refusal("PATCH", "/composite/sobjects", json={"records": records})
    assert status == 400
    assert "10 chunks" in message


@pytest.mark.parametrize(("taken", "codes"), [(0, [None, "DUPLICATE_VALUE"]), (1, [None, None])])
def test_an_id_named_twice_is_refused_the_second_time(
    org: SalesforceOrg, door: Door, task: str, taken: int, codes: list[str | None]
) -> None:
    org.switches = replace(org.switches, duplicate_ids_taken=taken)
    rows = patch(door, tasks((task, {"Subject": "1"}), (task[:15], {"Subject": "2"})))
    assert [row["errors"][0]["statusCode"] if row["errors"] else None for row in rows] == codes


def test_ids_that_lead_nowhere_are_told_apart(org: SalesforceOrg, door: Door, task: str) -> None:
    gone, never = org.insert("Task", {"Subject": "Gone"}), task[:12] + "zzz"
    org.remove(gone)
    account = org.insert("Account", {"Name": "A"})
    rows = patch(door, tasks((gone, {}), (never, {}), ("nonsense", {}), (account, {})))
    assert [row["errors"][0]["statusCode"] for row in rows] == [
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MALFORMED_ID",
    ]


def test_a_row_without_id_is_refused_alone(door: Door, task: str) -> None:
    nameless = {"attributes": {"type": "Task"}, "Subject": "Who"}
    rows = patch(door, [nameless, *tasks((task, {"Subject": "New"}))])
    assert [row["success"] for row in rows] == [False, True]
    assert rows[0]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"


@pytest.mark.parametrize("bad", [{"Nonsense__c": 1}, {"Subject": 5}, {"IsReminderSet": "yes"}])
def test_an_unreadable_record_fails_its_row_or_the_request(
    org: SalesforceOrg, door: Door, task: str, bad: dict[str, Any]
) -> None:
    other = org.insert("Task", {"Subject": "Other"})
    records = tasks((other, {"Subject": "New"}), (task, bad))
    assert [row["success"] for row in patch(door, records)] == [True, False]
    org.switches = replace(org.switches, bad_row="request")
    org.update(other, {"Subject": "Other"})
    status, code, _ = door.refusal("PATCH", "/composite/sobjects", json={"records": records})
    assert (status, code in ("INVALID_FIELD", "JSON_PARSER_ERROR")) == (400, True)
    assert org.read(other)["Subject"] == "Other", "a refused request must write nothing"


def test_locked_rows_are_refused_as_often_as_they_are_locked(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    other = org.insert("Task", {"Subject": "Other"})
    org.lock_rows([task], times=1)
    records = tasks((task, {"Subject": "New"}), (other, {"Subject": "New"}))
    first, second = patch(door, records), patch(door, records)
    assert first[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert [row["success"] for row in (*first[1:], *second)] == [True, True, True]


def test_one_locked_row_can_take_its_whole_run_along(org: SalesforceOrg, door: Door, task: str) -> None:
    org.switches = replace(org.switches, lock_fails_whole_batch=True)
    other = org.insert("Task", {"Subject": "Other"})
    org.lock_rows([task])
    rows = patch(door, tasks((other, {"Subject": "New"}), (task, {"Subject": "New"})))
    assert {row["errors"][0]["statusCode"] for row in rows} == {"UNABLE_TO_LOCK_ROW"}
    assert org.read(other)["Subject"] == "Other"


def test_setup_records_and_others_do_not_mix(door: Door) -> None:
    records = [
        {"attributes": {"type": "Task"}, "Subject": "A"},
        {"attributes": {"type": "PermissionSet"}, "Name": "A", "Label": "A"},
    ]
    rows = door.call("POST", "/composite/sobjects", json={"records": records}).json()
    assert rows[0]["success"] is True
    assert rows[1]["errors"][0]["statusCode"] == "MIXED_DML_OPERATION"


@pytest.mark.parametrize("how", ["url", "body"])
def test_reading_many_keeps_the_order_and_gives_null_for_what_is_missing(
    org: SalesforceOrg, door: Door, task: str, how: str
) -> None:
    gone = org.insert("Task", {"Subject": "Gone"})
    org.remove(gone)
    ids = [gone, task, task[:12] + "zzz"]
    if how == "url":
        params = {"ids": ",".join(ids), "fields": "Id,Subject"}
        answer = door.call("GET", "/composite/sobjects/Task", params=params)
    else:
        answer = door.call("POST", "/composite/sobjects/Task", json={"ids": ids, "fields": ["Id", "Subject"]})
    first, found, last = answer.json()
    assert (first, last) == (None, None)
    assert (found["Id"], found["Subject"], found["attributes"]["type"]) == (task, "Call", "Task")


def test_reading_an_unknown_field_fails_the_whole_request(door: Door, task: str) -> None:
    refusal = door.refusal("POST", "/composite/sobjects/Task", json={"ids": [task], "fields": ["No__c"]})
    assert refusal[:2] == (400, "INVALID_FIELD")


def test_records_are_deleted_by_url(org: SalesforceOrg, door: Door, task: str) -> None:
    answer = door.call("DELETE", "/composite/sobjects", params={"ids": f"{task},nonsense"})
    assert [row["success"] for row in answer.json()] == [True, False]
    assert org.read(task)["IsDeleted"] is True


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("PATCH", "", {"records": "none"}, "JSON_PARSER_ERROR"),
        ("PATCH", "", {"records": ["none"]}, "JSON_PARSER_ERROR"),
        ("PATCH", "", {}, "JSON_PARSER_ERROR"),
        ("PATCH", "", {"records": [{"Subject": "A"}]}, "INVALID_FIELD"),
        ("PATCH", "", {"records": [], "allOrNone": "yes"}, "JSON_PARSER_ERROR"),
        ("POST", "/Task", {"ids": "00T000000000001", "fields": ["Id"]}, "JSON_PARSER_ERROR"),
        ("POST", "/Task", {"ids": [], "fields": []}, "MISSING_ARGUMENT"),
        ("POST", "/Task", {"ids": ["nonsense"], "fields": ["Id"]}, "MALFORMED_ID"),
        ("POST", "/Task", {"ids": ["00T000000000001"] * 2_001, "fields": ["Id"]}, "EXCEEDED_ID_LIMIT"),
    ],
)
def test_a_body_that_is_no_collection_is_refused(
    door: Door, method: str, path: str, body: dict[str, Any], code: str
) -> None:
    assert door.refusal(method, f"/composite/sobjects{path}", json=body)[:2] == (400, code)


def test_an_object_that_is_not_there_fails_its_row(org: SalesforceOrg, door: Door, task: str) -> None:
    strange = {"attributes": {"type": "Nope"}, "id": task}
    rows = patch(door, [strange, *tasks((task, {"Subject": "New"}))])
    assert rows[0]["errors"][0]["statusCode"] == "INVALID_TYPE"
    assert rows[1]["success"] is True
