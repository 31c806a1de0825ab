"""Notes on their way into Descriptions: read just before, written once, and never at a rep's cost."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from velma_connectors.model import (
    FieldUpdate,
    NoteUpsert,
    WriteStatus,
)
from velma_connectors.salesforce.notes import DESCRIPTION_LENGTH
from velma_connectors.salesforce.writing import Writer


def test_notes_of_many_calls_cost_one_reading_and_full_requests(org: Any, rows: Any) -> None:
    own = {rows.task(n).id: f"words of rep {n}" for n in range(200)}
    rows.descriptions.update(own)
    units: list[FieldUpdate | NoteUpsert] = [rows.note(rows.task(n), f"summary {n}") for n in range(200)]
    units += [rows.update(rows.task(n), A__c="x") for n in range(200)]
    assert rows.statuses(rows.write(units)) == [WriteStatus.OK] * 400
    assert len(org.seen) == 2
    for number in range(200):
        text = rows.stored[rows.task(number).id]["Description"]
        assert text.startswith(f"words of rep {number}\n\n")
        assert f"summary {number}\n" in text


def test_a_note_already_there_is_not_written_again(org: Any, rows: Any) -> None:
    rows.descriptions.update({rows.task(1).id: "mine"})
    rows.write([rows.note(rows.task(1))])
    writes = len(rows.batches)
    assert rows.statuses(rows.write([rows.note(rows.task(1))])) == [WriteStatus.OK]
    assert len(rows.batches) == writes


def test_words_the_rep_adds_while_a_locked_note_waits_are_kept(org: Any, client: Any, rows: Any) -> None:
    rows.descriptions.update({rows.task(1).id: "mine"})
    rows.faults[rows.task(1).id] = [org.refused("UNABLE_TO_LOCK_ROW")]

    def rep_writes(seconds: float) -> None:
        rows.descriptions[rows.task(1).id] = "mine, and more"

    assert rows.statuses(Writer(client, rep_writes).write([rows.note(rows.task(1))])) == [WriteStatus.OK]
    assert rows.stored[rows.task(1).id]["Description"].startswith("mine, and more\n\n")


def test_a_note_whose_record_is_gone_says_so(org: Any, rows: Any) -> None:
    rows.descriptions.update({rows.task(1).id: None})
    results = rows.write(
        [rows.note(rows.task(1)), rows.update(rows.task(1), A__c="x"), rows.note(rows.task(2))]
    )
    assert rows.statuses(results) == [WriteStatus.GONE, WriteStatus.GONE, WriteStatus.OK]


def test_a_full_description_rejects_the_note_and_keeps_fields_and_words(org: Any, rows: Any) -> None:
    rows.descriptions.update({rows.task(1).id: "m" * (DESCRIPTION_LENGTH - 20)})
    results = rows.write([rows.note(rows.task(1)), rows.update(rows.task(1), A__c="x")])
    assert rows.statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK]
    assert "full" in results[0].reason
    assert rows.stored[rows.task(1).id] == {"A__c": "x"}


def test_a_description_that_is_refused_costs_the_note_alone(org: Any, rows: Any) -> None:
    rows.faults[rows.task(1).id] = [org.refused("STRING_TOO_LONG", "(max length=10)", "Description")]
    results = rows.write([rows.note(rows.task(1)), rows.update(rows.task(1), A__c="x")])
    assert rows.statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK]
    assert rows.stored[rows.task(1).id] == {"A__c": "x"}


def test_a_hidden_description_costs_the_notes_alone(org: Any, rows: Any) -> None:
    org.on("POST composite/sobjects/Task", org.error(400, "INVALID_FIELD", "No such column 'Description'"))
    results = rows.write([rows.note(rows.task(1)), rows.update(rows.task(1), A__c="x")])
    assert rows.statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK]
    assert rows.stored[rows.task(1).id] == {"A__c": "x"}


def test_descriptions_that_cannot_be_read_now_leave_everything_for_later(org: Any, rows: Any) -> None:
    org.on("POST composite/sobjects/Task", Response("", status=503))
    results = rows.write([rows.note(rows.task(1)), rows.update(rows.deal(1), A__c="x")])
    assert rows.statuses(results) == [WriteStatus.RETRY] * 2
    assert rows.batches == []


def test_a_note_joins_a_description_that_is_set_at_the_same_time(org: Any, rows: Any) -> None:
    rows.descriptions.update({rows.task(1).id: "old words"})
    results = rows.write([rows.update(rows.task(1), Description="new words"), rows.note(rows.task(1))])
    assert rows.statuses(results) == [WriteStatus.OK] * 2
    text = rows.stored[rows.task(1).id]["Description"]
    assert text.startswith("new words\n\n")
    assert "a summary" in text
