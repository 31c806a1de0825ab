"""Batched writing: full requests, results by position, and no record that harms its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.wrappers import Response

from velma_connectors.errors import StopConnection
from velma_connectors.model import (
    CallRef,
    FieldUpdate,
    FieldValue,
    NoteUpsert,
    RecordRef,
    WriteResult,
    WriteStatus,
)
from velma_connectors.salesforce.notes import DESCRIPTION_LENGTH
from velma_connectors.salesforce.writing import LOCK_RETRIES, Writer
from velma_connectors.sandbox.faults import Fault

CALL = CallRef("sales", "Task", "00T000000000001AAA")


@pytest.fixture
def writer(client: Any, waits: list[float]) -> Writer:
    return Writer(client, waits.append)


def task(number: int) -> RecordRef:
    return RecordRef("Task", f"00T{number:012d}AAA")


def deal(number: int) -> RecordRef:
    return RecordRef("Opportunity", f"006{number:012d}AAA")


def update(record: RecordRef, /, **fields: FieldValue) -> FieldUpdate:
    return FieldUpdate(record, fields, (CALL,))


def note(record: RecordRef, body: str = "a summary", key: str = "note-1") -> NoteUpsert:
    return NoteUpsert(key, (record,), body, (CALL,))


def statuses(results: list[WriteResult]) -> list[WriteStatus]:
    return [result.status for result in results]


class Rows:
    """Answers collection writes row by row and keeps what was stored; `faults` are used up in order."""

    def __init__(self, org: Any, descriptions: Mapping[str, str | None] | None = None) -> None:
        self.org = org
        self.batches: list[list[dict[str, Any]]] = []
        self.stored: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, list[dict[str, Any]]] = {}
        self.descriptions = dict(descriptions or {})
        org.on("PATCH composite/sobjects", self.save)
        org.on("POST composite/sobjects/", self.read)

    def save(self, seen: Any) -> Any:
        records = seen.body["records"]
        self.batches.append(records)
        ids = [record["id"] for record in records]
        assert seen.body["allOrNone"] is False
        assert len(records) <= 200
        assert len(set(ids)) == len(ids), "a record appeared twice in one request"
        types = [record["attributes"]["type"] for record in records]
        assert types == sorted(types), "rows of one type must stand together"
        return [self.answer(record) for record in records]

    def answer(self, record: dict[str, Any]) -> Any:
        record_id = record["id"]
        if self.faults.get(record_id):
            return self.faults[record_id].pop(0)
        fields = {name: value for name, value in record.items() if name not in ("id", "attributes")}
        self.stored.setdefault(record_id, {}).update(fields)
        if "Description" in fields:
            self.descriptions[record_id] = fields["Description"]
        return self.org.saved(record_id)

    def read(self, seen: Any) -> Any:
        assert seen.body["fields"] == ["Id", "Description"]
        return [
            {"Id": record_id, "Description": self.descriptions.get(record_id)}
            if self.descriptions.get(record_id, "") is not None
            else None
            for record_id in seen.body["ids"]
        ]


def test_nothing_to_write_asks_nothing(org: Any, writer: Writer) -> None:
    assert writer.write([]) == []
    assert statuses(writer.write([update(task(1))])) == [WriteStatus.OK]
    assert org.seen == []


def test_values_are_spelled_as_the_api_takes_them(org: Any, writer: Writer) -> None:
    stored = Rows(org).stored
    moment = datetime(2026, 1, 31, 23, 4, 5, 678, UTC)
    fields: dict[str, FieldValue] = {
        "Flag__c": False,
        "Number__c": -0.25,
        "Cleared__c": None,
        "Many__c": ("A", "B"),
        "At__c": moment,
        "Day__c": "2026-01-31",
        "Text__c": "ä😀\n'",
    }
    assert statuses(writer.write([FieldUpdate(task(1), fields, (CALL,))])) == [WriteStatus.OK]
    assert stored[task(1).id] == {
        "Flag__c": False,
        "Number__c": -0.25,
        "Cleared__c": None,
        "Many__c": "A;B",
        "At__c": "2026-01-31T23:04:05.000+0000",
        "Day__c": "2026-01-31",
        "Text__c": "ä😀\n'",
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), ("a;b",), datetime(2026, 1, 1)])  # noqa: DTZ001 - a time without a zone is the case
def test_a_value_the_api_cannot_carry_is_dropped_before_it_is_sent(
    org: Any, writer: Writer, value: FieldValue
) -> None:
    rows = Rows(org)
    (result,) = writer.write([update(task(1), Bad__c=value, Good__c="x")])
    assert result.status is WriteStatus.OK
    assert [dropped.field for dropped in result.dropped] == ["Bad__c"]
    assert rows.stored == {task(1).id: {"Good__c": "x"}}


def test_units_travel_two_hundred_records_to_a_request(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    units = [update(task(n), A__c=str(n)) for n in range(300)]
    units += [update(deal(n), A__c=str(n)) for n in range(100)]
    assert statuses(writer.write(units)) == [WriteStatus.OK] * 400
    assert [len(batch) for batch in rows.batches] == [200, 200]
    assert len(org.seen) == 2


def test_units_of_one_record_share_a_row_and_keep_results_of_their_own(org: Any, writer: Writer) -> None:
    rows = Rows(org, {task(1).id: "my own words"})
    rows.faults[task(1).id] = [
        org.refused("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: A__c", "A__c")
    ]
    results = writer.write(
        [update(task(1), A__c="1"), note(task(1)), update(deal(1), A__c="2"), update(task(1), B__c="3")]
    )
    assert statuses(results) == [
        WriteStatus.REJECTED,
        WriteStatus.OK,
        WriteStatus.OK,
        WriteStatus.OK,
    ]
    assert [dropped.field for dropped in results[0].dropped] == ["A__c"]
    assert results[3].dropped == ()
    stored = rows.stored[task(1).id]
    assert stored["B__c"] == "3"
    assert stored["Description"].startswith("my own words\n\n")
    assert "a summary" in stored["Description"]


def test_one_bad_record_never_harms_its_neighbours(org: Any, writer: Writer) -> None:
    rows = Rows(org)
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
        rows.faults[task(number).id] = [org.refused(code, "some words")]
    results = writer.write([update(task(n), A__c="x") for n in range(10)])
    assert statuses(results) == [
        WriteStatus.OK,
        *[status for _, status in answers.values()],
        WriteStatus.OK,
    ]
    assert len(rows.batches) == 1, "rows that cannot be mended were sent again"
    for result, (code, _) in zip(results[1:9], answers.values(), strict=True):
        assert code in result.reason
        assert (result.after > 0) is (result.status is WriteStatus.RETRY)


def test_rows_with_a_refused_field_are_sent_again_together_without_it(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    for number in (1, 3):
        rows.faults[task(number).id] = [org.refused("INVALID_FIELD_FOR_INSERT_UPDATE", "", "A__c")]
    results = writer.write([update(task(n), A__c="x", B__c="y") for n in range(5)])
    assert statuses(results) == [WriteStatus.OK] * 5
    assert [[dropped.field for dropped in result.dropped] for result in results] == [
        [],
        ["A__c"],
        [],
        ["A__c"],
        [],
    ]
    assert [len(batch) for batch in rows.batches] == [5, 2]
    assert rows.stored[task(1).id] == {"B__c": "y"}


def test_a_field_named_only_in_words_is_found(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    rows.faults[task(1).id] = [org.refused("INVALID_FIELD", "No such column 'A__c' on sobject of type Task")]
    (result,) = writer.write([update(task(1), A__c="x", AA__c="y")])
    assert result.status is WriteStatus.OK
    assert rows.stored[task(1).id] == {"AA__c": "y"}


def test_a_record_whose_every_field_was_refused_is_rejected(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    rows.faults[task(1).id] = [org.refused("INVALID_FIELD_FOR_INSERT_UPDATE", "", "A__c", "B__c")]
    (result,) = writer.write([update(task(1), A__c="x", B__c="y")])
    assert result.status is WriteStatus.REJECTED
    assert len(result.dropped) == 2
    assert len(rows.batches) == 1, "an empty record was sent"


def test_a_text_that_is_too_long_is_cut_once(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    too_long = org.refused("STRING_TOO_LONG", "A: data value too large: word word (max length=20)", "A__c")
    rows.faults[task(1).id] = [too_long]
    rows.faults[task(2).id] = [too_long, too_long]
    results = writer.write([update(task(n), A__c="word " * 20, B__c="y") for n in (1, 2)])
    assert rows.stored[task(1).id]["A__c"] == "word word word word…"
    assert "A__c" not in rows.stored[task(2).id]
    assert [dropped.reason for dropped in results[0].dropped] == ["the text was cut to 20 characters"]
    assert not any("word" in str(result) for result in results), "a message quotes the text"


def test_an_option_the_picklist_lacks_is_left_out_and_named(org: Any, writer: Writer) -> None:
    options = [{"value": "Known", "label": "Known", "active": True}]
    entry = org.field_entry("Many__c", "multipicklist", picklistValues=options, restrictedPicklist=True)
    org.on("GET sobjects/Task/describe", {"fields": [entry, {**entry, "name": "One__c", "type": "picklist"}]})
    rows = Rows(org)
    bad = ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value for restricted picklist field: New")
    rows.faults[task(1).id] = [org.refused(*bad, "Many__c"), org.refused(*bad, "One__c")]
    (result,) = writer.write([update(task(1), Many__c=("Known", "New"), One__c="New", B__c="y")])

    assert result.status is WriteStatus.OK
    assert rows.stored[task(1).id] == {"Many__c": "Known", "B__c": "y"}
    assert [dropped.field for dropped in result.dropped] == ["Many__c", "One__c"]
    assert all("'New'" in dropped.reason for dropped in result.dropped)
    assert len(org.requests("describe")) == 1


def test_more_options_than_fit_are_cut_to_a_hundred(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    rows.faults[task(1).id] = [org.refused("TOO_MANY_ENUM_VALUE", "", "Many__c")]
    (result,) = writer.write([update(task(1), Many__c=tuple(f"o{n:03d}" for n in range(130)))])
    assert result.status is WriteStatus.OK
    assert len(rows.stored[task(1).id]["Many__c"].split(";")) == 100


def test_a_row_that_is_refused_field_after_field_ends(org: Any, writer: Writer) -> None:
    names = [f"F{n}__c" for n in range(20)]
    rows = Rows(org)
    rows.faults[task(1).id] = [org.refused("INVALID_FIELD_FOR_INSERT_UPDATE", "", name) for name in names]
    results = writer.write([update(task(1), **dict.fromkeys(names, "x")), update(task(2), A__c="y")])
    assert statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK]
    assert len(rows.batches) < 10


def test_locked_rows_are_tried_in_smaller_groups_with_rising_waits(
    org: Any, writer: Writer, waits: list[float]
) -> None:
    rows = Rows(org)
    locked = org.refused("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
    for number in range(150):
        rows.faults[task(number).id] = [locked]
    rows.faults[task(7).id] = [locked] * 3
    rows.faults[task(9).id] = [locked] * 100
    results = writer.write([update(task(n), A__c="x") for n in range(200)])

    assert statuses(results).count(WriteStatus.OK) == 199
    assert results[9].status is WriteStatus.RETRY
    assert results[9].after > 0
    assert waits == [seconds for seconds, _ in LOCK_RETRIES]
    assert [len(batch) for batch in rows.batches] == [200, 75, 75, 1, 1, 1, 1, 1]


def test_a_lost_answer_leaves_the_outcome_of_its_rows_unknown(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    org.faults.add(Fault("PATCH .*/composite/sobjects", cut="after"))
    results = writer.write([update(task(n), A__c="x") for n in range(201)])
    assert statuses(results) == [WriteStatus.UNKNOWN] * 200 + [WriteStatus.OK]
    assert len(rows.batches) == 2, "a request with a lost answer was repeated"


def test_an_answer_with_too_few_results_leaves_the_outcome_unknown(org: Any, writer: Writer) -> None:
    org.on("PATCH composite/sobjects", [org.saved(task(1).id)])
    results = writer.write([update(task(n), A__c="x") for n in (1, 2)])
    assert statuses(results) == [WriteStatus.UNKNOWN] * 2


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
    org: Any, writer: Writer, refusal: tuple[int, str, str], after: float
) -> None:
    org.on("PATCH composite/sobjects", org.error(*refusal))
    results = writer.write([update(task(n), A__c="x") for n in range(300)])
    assert statuses(results) == [WriteStatus.RETRY] * 300
    assert {result.after for result in results} == {after}
    assert len(org.seen) == 1, "further requests went out after the org refused one"


def test_a_connection_that_needs_its_admin_stops(org: Any, writer: Writer) -> None:
    org.on("PATCH composite/sobjects", org.error(403, "API_DISABLED_FOR_ORG"))
    with pytest.raises(StopConnection):
        writer.write([update(task(1), A__c="x")])


def test_a_field_unknown_to_the_whole_request_is_dropped_on_its_object_alone(
    org: Any, writer: Writer
) -> None:
    rows = Rows(org)
    missing = org.error(400, "INVALID_FIELD", "No such column 'A__c' on sobject of type Opportunity")
    org.on("PATCH composite/sobjects", missing, rows.save)
    results = writer.write([update(task(1), A__c="x"), update(deal(1), A__c="x", B__c="y")])
    assert statuses(results) == [WriteStatus.OK] * 2
    assert rows.stored == {task(1).id: {"A__c": "x"}, deal(1).id: {"B__c": "y"}}
    assert [dropped.field for dropped in results[1].dropped] == ["A__c"]


def test_a_value_that_makes_a_whole_request_unreadable_is_isolated(org: Any, writer: Writer) -> None:
    rows = Rows(org)

    def parse(seen: Any) -> Any:
        if any(record.get("Number__c") == "words" for record in seen.body["records"]):
            return org.error(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of double from words")
        return rows.save(seen)

    org.on("PATCH composite/sobjects", parse)
    units = [update(task(n), Number__c=1.0) for n in range(200)]
    units[77] = update(task(77), Number__c="words")
    results = writer.write(units)
    assert results[77].status is WriteStatus.REJECTED
    assert statuses(results).count(WriteStatus.OK) == 199
    assert len(org.seen) <= 20


def test_a_request_that_is_unreadable_for_another_reason_does_not_multiply(org: Any, writer: Writer) -> None:
    org.on("PATCH composite/sobjects", org.error(400, "JSON_PARSER_ERROR", "unexpected"))
    results = writer.write([update(task(n), Number__c=1.0) for n in range(200)])
    assert statuses(results) == [WriteStatus.REJECTED] * 200
    assert len(org.seen) <= 50


def test_an_id_of_another_system_is_rejected_without_being_sent(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    foreign = update(RecordRef("Task", "12345"), A__c="x")
    results = writer.write([foreign, update(task(1), A__c="x"), NoteUpsert("k", (), "body", (CALL,))])
    assert statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK, WriteStatus.REJECTED]
    assert len(rows.batches[0]) == 1


def test_notes_of_many_calls_cost_one_reading_and_full_requests(org: Any, writer: Writer) -> None:
    own = {task(n).id: f"words of rep {n}" for n in range(200)}
    rows = Rows(org, own)
    units: list[FieldUpdate | NoteUpsert] = [note(task(n), f"summary {n}") for n in range(200)]
    units += [update(task(n), A__c="x") for n in range(200)]
    assert statuses(writer.write(units)) == [WriteStatus.OK] * 400
    assert len(org.seen) == 2
    for number in range(200):
        text = rows.stored[task(number).id]["Description"]
        assert text.startswith(f"words of rep {number}\n\n")
        assert f"summary {number}\n" in text


def test_a_note_already_there_is_not_written_again(org: Any, writer: Writer) -> None:
    rows = Rows(org, {task(1).id: "mine"})
    writer.write([note(task(1))])
    writes = len(rows.batches)
    assert statuses(writer.write([note(task(1))])) == [WriteStatus.OK]
    assert len(rows.batches) == writes


def test_words_the_rep_adds_while_a_locked_note_waits_are_kept(
    org: Any, client: Any, waits: list[float]
) -> None:
    rows = Rows(org, {task(1).id: "mine"})
    rows.faults[task(1).id] = [org.refused("UNABLE_TO_LOCK_ROW")]

    def rep_writes(seconds: float) -> None:
        rows.descriptions[task(1).id] = "mine, and more"

    assert statuses(Writer(client, rep_writes).write([note(task(1))])) == [WriteStatus.OK]
    assert rows.stored[task(1).id]["Description"].startswith("mine, and more\n\n")


def test_a_note_whose_record_is_gone_says_so(org: Any, writer: Writer) -> None:
    Rows(org, {task(1).id: None})
    results = writer.write([note(task(1)), update(task(1), A__c="x"), note(task(2))])
    assert statuses(results) == [WriteStatus.GONE, WriteStatus.GONE, WriteStatus.OK]


def test_a_full_description_rejects_the_note_and_keeps_fields_and_words(org: Any, writer: Writer) -> None:
    rows = Rows(org, {task(1).id: "m" * (DESCRIPTION_LENGTH - 20)})
    results = writer.write([note(task(1)), update(task(1), A__c="x")])
    assert statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK]
    assert "full" in results[0].reason
    assert rows.stored[task(1).id] == {"A__c": "x"}


def test_a_description_that_is_refused_costs_the_note_alone(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    rows.faults[task(1).id] = [org.refused("STRING_TOO_LONG", "(max length=10)", "Description")]
    results = writer.write([note(task(1)), update(task(1), A__c="x")])
    assert statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK]
    assert rows.stored[task(1).id] == {"A__c": "x"}


def test_a_hidden_description_costs_the_notes_alone(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    org.on("POST composite/sobjects/Task", org.error(400, "INVALID_FIELD", "No such column 'Description'"))
    results = writer.write([note(task(1)), update(task(1), A__c="x")])
    assert statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK]
    assert rows.stored[task(1).id] == {"A__c": "x"}


def test_descriptions_that_cannot_be_read_now_leave_everything_for_later(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    org.on("POST composite/sobjects/Task", Response("", status=503))
    results = writer.write([note(task(1)), update(deal(1), A__c="x")])
    assert statuses(results) == [WriteStatus.RETRY] * 2
    assert rows.batches == []


def test_results_and_rows_show_no_words_of_the_call(org: Any, writer: Writer) -> None:
    rows = Rows(org)
    rows.faults[task(1).id] = [org.refused("STRING_TOO_LONG", "SECRET-WORDS", "A__c")]
    rows.faults[task(2).id] = [org.refused("FIELD_INTEGRITY_EXCEPTION", "SECRET-WORDS", "A__c")]
    org.on("GET sobjects/Task/describe", {"fields": []})
    results = writer.write([update(task(n), A__c="SECRET-WORDS", B__c="x") for n in (1, 2)])
    assert "SECRET-WORDS" not in repr(results)
