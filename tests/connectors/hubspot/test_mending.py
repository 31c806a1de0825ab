"""What is done about a row that was refused: mended, settled, and always explained."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from velma_connectors.hubspot.faults import Fault
from velma_connectors.hubspot.mending import mend
from velma_connectors.hubspot.rows import Row
from velma_connectors.model import Field, FieldKind, RecordRef, WriteStatus

FIELDS: Mapping[str, Field] = {
    "tags": Field("tags", "Tags", FieldKind.MULTI_CHOICE, True, True, choices=("A", "B"), restricted=True),
    "state": Field("state", "State", FieldKind.CHOICE, True, True, choices=("Done",), restricted=True),
}


def row(**fields: str) -> Row:
    return Row(RecordRef("deals", "7"), dict(fields))


def fault(code: str, *fields: str, message: str = "SECRET-WORDS") -> Fault:
    return Fault(code, message, fields, "7")


def mended(sent: Row, *faults: Fault) -> Row:
    mend(sent, faults, lambda: FIELDS)
    return sent


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("PROPERTY_DOESNT_EXIST", "does not exist"),
        ("READ_ONLY_VALUE", "read-only"),
        ("INVALID_LONG", "not a number"),
        ("INVALID_INTEGER", "not a whole number"),
        ("INVALID_DATE", "not a date"),
        ("INVALID_ALPHA", "a rule of the portal"),
        ("MAX_NUMBER", "a rule of the portal"),
        ("A_CODE_OF_NEXT_YEAR", "a rule of the portal"),
    ],
)
def test_a_property_at_fault_is_left_out_with_its_reason_and_the_rest_flows(code: str, words: str) -> None:
    sent = mended(row(bad="x", good="y"), fault(code, "bad"))
    assert sent.outcome is None
    assert sent.fields == {"good": "y"}
    assert words in sent.dropped["bad"]
    assert code in sent.dropped["bad"]
    assert "SECRET" not in sent.dropped["bad"]


def test_several_faults_of_one_row_are_mended_together() -> None:
    sent = mended(
        row(a="1", b="2", c="3", d="4"),
        fault("INVALID_LONG", "a", "b"),
        fault("PROPERTY_DOESNT_EXIST", "c"),
        fault("PROPERTY_DOESNT_EXIST", "c"),
    )
    assert sent.outcome is None
    assert sent.fields == {"d": "4"}


def test_a_property_named_only_in_words_is_found() -> None:
    sent = mended(row(velma_a="x", velma_aa="y"), fault("VALIDATION_ERROR", message="velma_a is wrong"))
    assert sent.fields == {"velma_aa": "y"}


@pytest.mark.parametrize("code", ["REQUIRED_PROPERTY", "MISSING_REQUIRED_FIELD"])
def test_a_property_that_the_portal_requires_rejects_the_record_by_name(code: str) -> None:
    sent = mended(row(velma_a="x"), fault(code, "amount"))
    assert sent.outcome is not None
    assert sent.outcome.status is WriteStatus.REJECTED
    assert "'amount'" in sent.outcome.reason
    assert sent.fields == {"velma_a": "x"}


def test_options_that_do_not_exist_are_left_out_and_listed() -> None:
    sent = mended(row(tags="A;New;B;Newer", state="Undone"), fault("INVALID_OPTION", "tags", "state"))
    assert sent.fields == {"tags": "A;B"}
    assert "'New', 'Newer'" in sent.lessened["tags"]
    assert "'Undone'" in sent.dropped["state"]


def test_an_option_that_is_refused_although_it_exists_is_left_out() -> None:
    sent = mended(row(state="Done"), fault("INVALID_OPTION", "state"))
    assert sent.fields == {}
    assert "INVALID_OPTION" in sent.dropped["state"]


@pytest.mark.parametrize(
    "message",
    [
        "Value is 99 characters long; at most 20 are allowed.",
        "exceeds the maximum of 20 characters",
        "limit: 20",
    ],
)
def test_a_text_that_is_too_long_is_cut_once(message: str) -> None:
    too_long = fault("INVALID_STRING_LENGTH", "text", message=message)
    sent = mended(row(text="word " * 20), too_long)
    assert sent.fields == {"text": "word word word word…"}
    assert sent.lessened == {"text": "the text was cut to 20 characters"}
    assert mended(sent, too_long).fields == {}


def test_a_text_is_cut_to_what_any_property_holds_when_no_limit_is_told() -> None:
    sent = mended(row(text="word " * 20_000, short="x"), fault("PROPERTY_VALUE_TOO_LONG", "text", "short"))
    assert 65_500 < len(sent.fields["text"]) <= 65_536
    assert "short" in sent.dropped


def test_a_missing_record_is_looked_for_alone_before_it_counts_as_gone() -> None:
    sent = mended(row(a="x"), fault("OBJECT_NOT_FOUND"))
    assert sent.outcome is None
    assert sent.alone
    mended(sent, fault("OBJECT_NOT_FOUND"))
    assert sent.outcome is not None
    assert sent.outcome.status is WriteStatus.GONE


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("LOCKED", WriteStatus.RETRY),
        ("RATE_LIMITS", WriteStatus.RETRY),
        ("INTERNAL_ERROR", WriteStatus.RETRY),
        ("CONFLICT", WriteStatus.REJECTED),
        ("VALIDATION_ERROR", WriteStatus.REJECTED),
        ("A_CODE_OF_NEXT_YEAR", WriteStatus.REJECTED),
    ],
)
def test_a_fault_of_the_whole_row_settles_it(code: str, status: WriteStatus) -> None:
    outcome = mended(row(a="x"), fault(code)).outcome
    assert outcome is not None
    assert outcome.status is status
    assert (outcome.after > 0) is (status is WriteStatus.RETRY)
    assert code in outcome.reason
    assert "SECRET" not in outcome.reason
