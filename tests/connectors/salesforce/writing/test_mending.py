"""Fields that are refused: dropped, cut or thinned out, and named, while the rest is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from velma_connectors.model import (
    FieldUpdate,
    FieldValue,
    WriteStatus,
)


def test_values_are_spelled_as_the_api_takes_them(org: Any, rows: Any) -> None:
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
    assert rows.statuses(rows.write([FieldUpdate(rows.task(1), fields, ())])) == [WriteStatus.OK]
    assert rows.stored[rows.task(1).id] == {
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
    org: Any, rows: Any, value: FieldValue
) -> None:
    (result,) = rows.write([rows.update(rows.task(1), Bad__c=value, Good__c="x")])
    assert result.status is WriteStatus.OK
    assert [dropped.field for dropped in result.dropped] == ["Bad__c"]
    assert rows.stored == {rows.task(1).id: {"Good__c": "x"}}


def test_rows_with_a_refused_field_are_sent_again_together_without_it(org: Any, rows: Any) -> None:
    for number in (1, 3):
        rows.faults[rows.task(number).id] = [org.refused("INVALID_FIELD_FOR_INSERT_UPDATE", "", "A__c")]
    results = rows.write([rows.update(rows.task(n), A__c="x", B__c="y") for n in range(5)])
    assert rows.statuses(results) == [WriteStatus.OK] * 5
    assert [[dropped.field for dropped in result.dropped] for result in results] == [
        [],
        ["A__c"],
        [],
        ["A__c"],
        [],
    ]
    assert [len(batch) for batch in rows.batches] == [5, 2]
    assert rows.stored[rows.task(1).id] == {"B__c": "y"}


def test_a_field_named_only_in_words_is_found(org: Any, rows: Any) -> None:
    rows.faults[rows.task(1).id] = [
        org.refused("INVALID_FIELD", "No such column 'A__c' on sobject of type Task")
    ]
    (result,) = rows.write([rows.update(rows.task(1), A__c="x", AA__c="y")])
    assert result.status is WriteStatus.OK
    assert rows.stored[rows.task(1).id] == {"AA__c": "y"}


def test_a_record_whose_every_field_was_refused_is_rejected(org: Any, rows: Any) -> None:
    rows.faults[rows.task(1).id] = [org.refused("INVALID_FIELD_FOR_INSERT_UPDATE", "", "A__c", "B__c")]
    (result,) = rows.write([rows.update(rows.task(1), A__c="x", B__c="y")])
    assert result.status is WriteStatus.REJECTED
    assert len(result.dropped) == 2
    assert len(rows.batches) == 1, "an empty record was sent"


def test_a_text_that_is_too_long_is_cut_once(org: Any, rows: Any) -> None:
    too_long = org.refused("STRING_TOO_LONG", "A: data value too large: word word (max length=20)", "A__c")
    rows.faults[rows.task(1).id] = [too_long]
    rows.faults[rows.task(2).id] = [too_long, too_long]
    results = rows.write([rows.update(rows.task(n), A__c="word " * 20, B__c="y") for n in (1, 2)])
    assert rows.stored[rows.task(1).id]["A__c"] == "word word word word…"
    assert "A__c" not in rows.stored[rows.task(2).id]
    assert [dropped.reason for dropped in results[0].dropped] == ["the text was cut to 20 characters"]
    assert not any("word" in str(result) for result in results), "a message quotes the text"


def test_an_option_the_picklist_lacks_is_left_out_and_named(org: Any, rows: Any) -> None:
    options = [{"value": "Known", "label": "Known", "active": True}]
    entry = org.field_entry("Many__c", "multipicklist", picklistValues=options, restrictedPicklist=True)
    org.on("GET sobjects/Task/describe", {"fields": [entry, {**entry, "name": "One__c", "type": "picklist"}]})
    bad = ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value for restricted picklist field: New")
    rows.faults[rows.task(1).id] = [org.refused(*bad, "Many__c"), org.refused(*bad, "One__c")]
    (result,) = rows.write([rows.update(rows.task(1), Many__c=("Known", "New"), One__c="New", B__c="y")])

    assert result.status is WriteStatus.OK
    assert rows.stored[rows.task(1).id] == {"Many__c": "Known", "B__c": "y"}
    assert [dropped.field for dropped in result.dropped] == ["Many__c", "One__c"]
    assert all("'New'" in dropped.reason for dropped in result.dropped)
    assert len(org.requests("describe")) == 1


def test_more_options_than_fit_are_cut_to_a_hundred(org: Any, rows: Any) -> None:
    rows.faults[rows.task(1).id] = [org.refused("TOO_MANY_ENUM_VALUE", "", "Many__c")]
    (result,) = rows.write([rows.update(rows.task(1), Many__c=tuple(f"o{n:03d}" for n in range(130)))])
    assert result.status is WriteStatus.OK
    assert len(rows.stored[rows.task(1).id]["Many__c"].split(";")) == 100


def test_many_hidden_fields_reported_one_by_one_are_dropped_together(org: Any, rows: Any) -> None:
    names = [f"F{n}__c" for n in range(20)]
    org.on("GET sobjects/Task/describe", {"fields": [org.field_entry("Good__c")]})
    rows.faults[rows.task(1).id] = [org.refused("INVALID_FIELD", "", name) for name in names[:2]]
    (result,) = rows.write([rows.update(rows.task(1), Good__c="x", **dict.fromkeys(names, "x"))])
    assert result.status is WriteStatus.OK
    assert [dropped.field for dropped in result.dropped] == names
    assert rows.stored[rows.task(1).id] == {"Good__c": "x"}
    assert len(org.seen) == 4


def test_a_row_that_is_refused_field_after_field_ends(org: Any, rows: Any) -> None:
    names = [f"F{n}__c" for n in range(20)]
    org.on("GET sobjects/Task/describe", {"fields": [org.field_entry(name) for name in names]})
    rows.faults[rows.task(1).id] = [
        org.refused("INVALID_FIELD_FOR_INSERT_UPDATE", "", name) for name in names
    ]
    results = rows.write(
        [rows.update(rows.task(1), **dict.fromkeys(names, "x")), rows.update(rows.task(2), A__c="y")]
    )
    assert rows.statuses(results) == [WriteStatus.REJECTED, WriteStatus.OK]
    assert len(rows.batches) < 10


def test_a_field_unknown_to_the_whole_request_is_dropped_on_its_object_alone(org: Any, rows: Any) -> None:
    missing = org.error(400, "INVALID_FIELD", "No such column 'A__c' on sobject of type Opportunity")
    org.on("PATCH composite/sobjects", missing, rows.save)
    results = rows.write([rows.update(rows.task(1), A__c="x"), rows.update(rows.deal(1), A__c="x", B__c="y")])
    assert rows.statuses(results) == [WriteStatus.OK] * 2
    assert rows.stored == {rows.task(1).id: {"A__c": "x"}, rows.deal(1).id: {"B__c": "y"}}
    assert [dropped.field for dropped in results[1].dropped] == ["A__c"]


def test_results_and_rows_show_no_words_of_the_call(org: Any, rows: Any) -> None:
    rows.faults[rows.task(1).id] = [org.refused("STRING_TOO_LONG", "SECRET-WORDS", "A__c")]
    rows.faults[rows.task(2).id] = [org.refused("FIELD_INTEGRITY_EXCEPTION", "SECRET-WORDS", "A__c")]
    org.on("GET sobjects/Task/describe", {"fields": []})
    results = rows.write([rows.update(rows.task(n), A__c="SECRET-WORDS", B__c="x") for n in (1, 2)])
    assert "SECRET-WORDS" not in repr(results)
