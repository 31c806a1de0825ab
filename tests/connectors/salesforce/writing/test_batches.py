"""Batched writing: full requests, results by position, and outcomes of whole requests."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.errors import StopConnection
from velma_connectors.model import (
    NoteUpsert,
    RecordRef,
    WriteStatus,
)
from velma_connectors.salesforce.writing import LOCK_RETRIES
from velma_connectors.sandbox.faults import Fault


def test_nothing_to_write_asks_nothing(org: Any, rows: Any) -> None:
    assert rows.write([]) == []
    assert rows.statuses(rows.write([rows.update(rows.task(1))])) == [WriteStatus.OK]
    assert org.seen == []


def test_units_travel_two_hundred_records_to_a_request(org: Any, rows: Any) -> None:
    units = [rows.update(rows.task(n), A__c=str(n)) for n in range(300)]
    units += [rows.update(rows.deal(n), A__c=str(n)) for n in range(100)]
    assert rows.statuses(rows.write(units)) == [WriteStatus.OK] * 400
    assert [len(batch) for batch in rows.batches] == [200, 200]
    assert len(org.seen) == 2


def test_units_of_one_record_share_a_row_and_keep_results_of_their_own(org: Any, rows: Any) -> None:
    rows.descriptions.update({rows.task(1).id: "my own words"})
    rows.faults[rows.task(1).id] = [
        org.refused("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: A__c", "A__c")
    ]
    results = rows.write(
        [
            rows.update(rows.task(1), A__c="1"),
            rows.note(rows.task(1)),
            rows.update(rows.deal(1), A__c="2"),
            rows.update(rows.task(1), B__c="3"),
        ]
    )
    assert rows.statuses(results) == [
        WriteStatus.REJECTED,
        WriteStatus.OK,
        WriteStatus.OK,
        WriteStatus.OK,
    ]
    assert [dropped.field for dropped in results[0].dropped] == ["A__c"]
    assert results[3].dropped == ()
    stored = rows.stored[rows.task(1).id]
    assert stored["B__c"] == "3"
    assert stored["Description"].startswith("my own words\n\n")
    assert "a summary" in stored["Description"]


@pytest.mark.parametrize(
    ("values", "stored", "dropped"), [(("a;b", "plain"), "plain", 0), (("plain", "a;b"), None, 1)]
)
def test_where_two_updates_name_a_field_the_later_one_counts(
    rows: Any, values: tuple[str, str], stored: str | None, dropped: int
) -> None:
    task = rows.task(1)
    results = rows.write([rows.update(task, Rivals__c=(value,), A__c="1") for value in values])
    assert rows.statuses(results) == [WriteStatus.OK] * 2
    assert [len(result.dropped) for result in results] == [dropped] * 2
    assert rows.stored[task.id].get("Rivals__c") == stored


def test_an_id_that_is_none_of_salesforce_is_never_sent(org: Any, rows: Any) -> None:
    (result,) = rows.write([rows.update(RecordRef("Task", "x' OR Id != '"), A__c="1")])
    assert (result.status, result.reason) == (
        WriteStatus.REJECTED,
        "this is not a valid Salesforce record ID",
    )
    assert org.seen == []


def test_one_bad_record_never_harms_its_neighbours(org: Any, rows: Any) -> None:
    answers = {
        1: ("FIELD_CUSTOM_VALIDATION_EXCEPTION", WriteStatus.REJECTED),
        2: ("ENTITY_IS_DELETED", WriteStatus.GONE),
        3: ("INSUFFICIENT_ACCESS_OR_READONLY", WriteStatus.REJECTED),
        4: ("ENTITY_IS_LOCKED", WriteStatus.RETRY),
        5: ("CANNOT_EXECUTE_FLOW_TRIGGER", WriteStatus.RETRY),
        6: ("INVALID_CROSS_REFERENCE_KEY", WriteStatus.GONE),
        7: ("NOT_FOUND", WriteStatus.GONE),
        8: ("A_CODE_OF_NEXT_YEAR", WriteStatus.REJECTED),
    }
    for number, (code, _) in answers.items():
        rows.faults[rows.task(number).id] = [org.refused(code, "some words")]
    results = rows.write([rows.update(rows.task(n), A__c="x") for n in range(10)])
    assert rows.statuses(results) == [
        WriteStatus.OK,
        *[status for _, status in answers.values()],
        WriteStatus.OK,
    ]
    assert len(rows.batches) == 1, "rows that cannot be mended were sent again"
    for result, (code, _) in zip(results[1:9], answers.values(), strict=True):
        assert code in result.reason
        assert (result.after > 0) is (result.status is WriteStatus.RETRY)


def test_locked_rows_are_tried_in_smaller_groups_with_rising_waits(
    org: Any, rows: Any, waits: list[float]
) -> None:
    locked = org.refused("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
    for number in range(150):
        rows.faults[rows.task(number).id] = [locked]
    rows.faults[rows.task(7).id] = [locked] * 3
    rows.faults[rows.task(9).id] = [locked] * 100
    results = rows.write([rows.update(rows.task(n), A__c="x") for n in range(200)])

    assert rows.statuses(results).count(WriteStatus.OK) == 199
    assert results[9].status is WriteStatus.RETRY
    assert results[9].after > 0
    assert waits == [seconds for seconds, _ in LOCK_RETRIES]
    assert [len(batch) for batch in rows.batches] == [200, 75, 75, 1, 1, 1, 1]


def test_a_lost_answer_leaves_the_outcome_of_its_rows_unknown(org: Any, rows: Any) -> None:
    org.faults.add(Fault("PATCH .*/composite/sobjects", cut="after"))
    results = rows.write([rows.update(rows.task(n), A__c="x") for n in range(201)])
    assert rows.statuses(results) == [WriteStatus.UNKNOWN] * 200 + [WriteStatus.OK]
    assert len(rows.batches) == 2, "a request with a lost answer was repeated"


def test_an_answer_with_too_few_results_leaves_the_outcome_unknown(org: Any, rows: Any) -> None:
    org.on("PATCH composite/sobjects", [org.saved(rows.task(1).id)])
    results = rows.write([rows.update(rows.task(n), A__c="x") for n in (1, 2)])
    assert rows.statuses(results) == [WriteStatus.UNKNOWN] * 2


@pytest.mark.parametrize(
    ("refusal", "after"),
    [
        ((403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), 900),
        ((403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), 30),
        ((503, "SERVER_UNAVAILABLE", ""), 30),
        ((500, "UNKNOWN_EXCEPTION", ""), 60),
    ],
)
def test_a_limit_met_by_a_request_leaves_all_rows_for_later(
    org: Any, rows: Any, refusal: tuple[int, str, str], after: float
) -> None:
    org.on("PATCH composite/sobjects", org.error(*refusal))
    results = rows.write([rows.update(rows.task(n), A__c="x") for n in range(300)])
    assert rows.statuses(results) == [WriteStatus.RETRY] * 300
    assert {result.after for result in results} == {after}
    assert len(org.seen) == 1, "further requests went out after the org refused one"


def test_a_connection_that_needs_its_admin_stops(org: Any, rows: Any) -> None:
    org.on("PATCH composite/sobjects", org.error(403, "API_DISABLED_FOR_ORG"))
    with pytest.raises(StopConnection):
        rows.write([rows.update(rows.task(1), A__c="x")])


def test_a_value_that_makes_a_whole_request_unreadable_is_isolated(org: Any, rows: Any) -> None:

    def parse(seen: Any) -> Any:
        if any(record.get("Number__c") == "words" for record in seen.body["records"]):
            return org.error(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of double from words")
        return rows.save(seen)

    org.on("PATCH composite/sobjects", parse)
    units = [rows.update(rows.task(n), Number__c=1.0) for n in range(200)]
    units[77] = rows.update(rows.task(77), Number__c="words")
    results = rows.write(units)
    assert results[77].status is WriteStatus.REJECTED
    assert rows.statuses(results).count(WriteStatus.OK) == 199
    assert len(org.seen) <= 20


def test_a_request_that_is_unreadable_for_another_reason_does_not_multiply(org: Any, rows: Any) -> None:
    org.on("PATCH composite/sobjects", org.error(400, "JSON_PARSER_ERROR", "unexpected"))
    results = rows.write([rows.update(rows.task(n), Number__c=1.0) for n in range(200)])
    assert rows.statuses(results) == [WriteStatus.REJECTED] * 200
    assert len(org.seen) <= 50


def test_an_id_of_another_system_is_rejected_without_being_sent(org: Any, rows: Any) -> None:
    foreign = rows.update(RecordRef("Task", "12345"), A__c="x")
    results = rows.write([foreign, rows.update(rows.task(1), A__c="x"), NoteUpsert("k", (), "body", ())])
    assert rows.statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK, WriteStatus.REJECTED]
    assert len(rows.batches[0]) == 1
