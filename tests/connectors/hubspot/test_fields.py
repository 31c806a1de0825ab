"""Properties in the words of all connectors, and values on their way in and out of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.hubspot.fields import (
    KnownFields,
    decode,
    encode,
    field_of,
    is_id,
    parse_stamp,
    read_fields,
    takes_options,
)
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import FieldKind, FieldValue

TIMES = st.integers(10**11, 4 * 10**12).map(
    lambda milliseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)


def entry(kind: str, form: str, **more: Any) -> dict[str, Any]:
    return {"name": "a_property", "label": "A property", "type": kind, "fieldType": form, **more}


@pytest.mark.parametrize(
    ("kind", "form", "expected"),
    [
        ("bool", "booleancheckbox", FieldKind.BOOLEAN),
        ("number", "number", FieldKind.NUMBER),
        ("string", "text", FieldKind.TEXT),
        ("string", "textarea", FieldKind.LONG_TEXT),
        ("string", "html", FieldKind.LONG_TEXT),
        ("enumeration", "select", FieldKind.CHOICE),
        ("enumeration", "radio", FieldKind.CHOICE),
        ("enumeration", "booleancheckbox", FieldKind.CHOICE),
        ("enumeration", "checkbox", FieldKind.MULTI_CHOICE),
        ("date", "date", FieldKind.DATE),
        ("datetime", "date", FieldKind.DATETIME),
        ("string", "file", FieldKind.OTHER),
        ("object_coordinates", "text", FieldKind.OTHER),
    ],
)
def test_each_type_of_property_has_its_kind(kind: str, form: str, expected: FieldKind) -> None:
    field = field_of(entry(kind, form))
    assert field.kind is expected
    assert field.writable
    assert field.can_be_blank
    assert field.max_length == (65_536 if expected in (FieldKind.TEXT, FieldKind.LONG_TEXT) else None)
    assert field.restricted is (expected in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE))
    assert field.filterable is (expected not in (FieldKind.LONG_TEXT, FieldKind.OTHER))


def test_choices_are_the_internal_names_of_options_that_are_shown() -> None:
    options = [
        {"label": "Acme Platform", "value": "acme", "hidden": False},
        {"label": "Bluestile", "value": "Bluestile", "hidden": True},
        {"label": "Quorvane", "value": "quorvane"},
    ]
    assert field_of(entry("enumeration", "checkbox", options=options)).choices == ("acme", "quorvane")


@pytest.mark.parametrize("closed", [{"calculated": True}, {"modificationMetadata": {"readOnlyValue": True}}])
def test_what_hubspot_keeps_for_itself_is_not_writable(closed: dict[str, Any]) -> None:
    assert not field_of(entry("number", "number", **closed)).writable


def test_options_of_other_systems_or_closed_ones_take_none_of_ours() -> None:
    assert takes_options(entry("enumeration", "select"))
    assert not takes_options(entry("enumeration", "select", externalOptions=True))
    assert not takes_options(entry("enumeration", "select", modificationMetadata={"readOnlyOptions": True}))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-0.0, "0"),
        (-0.25, "-0.25"),
        (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"),
        (12345678901234567890, "12345678901234567890"),
        ("2026-01-31", "2026-01-31"),
        ("ä😀\n'", "ä😀\n'"),
        (("A", "B"), "A;B"),
        ((), ""),
        (datetime(2026, 1, 31, 23, 4, 5, 678_900, UTC), "2026-01-31T23:04:05.678Z"),
        (
            datetime(2026, 1, 31, 23, 4, 5, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-31T21:04:05.000Z",
        ),
    ],
)
def test_values_are_spelled_as_the_api_takes_them(value: FieldValue, text: str) -> None:
    assert encode(value) == text


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, ("a;b",), ("", "a"), datetime(2026, 1, 1)],  # noqa: DTZ001 - a time without a zone is the case
)
def test_a_value_the_api_cannot_carry_is_an_error(value: FieldValue) -> None:
    with pytest.raises(ValueError, match=r"the time|the number|an option"):
        encode(value)


@given(
    st.one_of(
        st.tuples(st.booleans(), st.just(FieldKind.BOOLEAN)),
        st.tuples(st.integers(-(10**18), 10**18), st.just(FieldKind.NUMBER)),
        st.tuples(
            st.floats(-1e15, 1e15).map(lambda x: x + 0.0),
            st.just(FieldKind.NUMBER),
        ),
        st.tuples(st.text(min_size=1), st.sampled_from([FieldKind.TEXT, FieldKind.LONG_TEXT])),
        st.tuples(TIMES, st.just(FieldKind.DATETIME)),
        st.tuples(
            st.sets(st.text(st.characters(exclude_characters=";"), min_size=1), min_size=1).map(
                lambda options: tuple(sorted(options))
            ),
            st.just(FieldKind.MULTI_CHOICE),
        ),
    )
)
def test_a_value_reads_back_as_it_was_written(written: tuple[FieldValue, FieldKind]) -> None:
    value, kind = written
    assert decode(encode(value), kind) == value


@pytest.mark.parametrize("kind", FieldKind)
def test_null_and_the_empty_text_are_both_empty(kind: FieldKind) -> None:
    assert decode(None, kind) is None
    assert decode("", kind) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("maybe", FieldKind.BOOLEAN),
        ("12 apples", FieldKind.NUMBER),
        ("1e999", FieldKind.NUMBER),
        ("1_000", FieldKind.NUMBER),
        ("9" * 400, FieldKind.NUMBER),
        ("9" * 5_000, FieldKind.NUMBER),
        ("soon", FieldKind.DATE),
        ("9" * 30, FieldKind.DATETIME),
        ("0001-01-01T00:00:00+14:00", FieldKind.DATETIME),
    ],
)
def test_a_strange_value_stays_a_text_and_is_not_taken_for_empty(text: str, kind: FieldKind) -> None:
    assert decode(text, kind) == text


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1769904245678", FieldKind.DATETIME, datetime(2026, 2, 1, 0, 4, 5, 678_000, UTC)),
        ("2026-01-31T23:04:05Z", FieldKind.DATETIME, datetime(2026, 1, 31, 23, 4, 5, tzinfo=UTC)),
        ("2026-01-31T23:04:05.5+02:00", FieldKind.DATETIME, datetime(2026, 1, 31, 21, 4, 5, 500_000, UTC)),
        ("1769817600000", FieldKind.DATE, "2026-01-31"),
        ("2026-01-31", FieldKind.DATE, "2026-01-31"),
        ("True", FieldKind.BOOLEAN, True),
        ("b;a;", FieldKind.MULTI_CHOICE, ("a", "b")),
        ("007", FieldKind.NUMBER, 7),
        ("007", FieldKind.TEXT, "007"),
    ],
)
def test_values_are_read_in_all_their_spellings(text: str, kind: FieldKind, value: FieldValue) -> None:
    assert decode(text, kind) == value


@given(TIMES)
def test_a_time_reads_the_same_in_both_spellings(moment: datetime) -> None:
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_stamp(str(milliseconds)) == parse_stamp(moment.isoformat()) == moment


def test_ids_are_digits() -> None:
    assert is_id("23456789012")
    assert not any(is_id(text) for text in ("", "00T000000000001AAA", "1 ", "١٢", "-1", "1" * 21))


def test_a_portals_properties_are_read(portal: Any, client: Any) -> None:
    portal.add_property("deals", entry("bool", "booleancheckbox", options=[]))
    fields = read_fields(client, "deals")
    assert fields["a_property"].kind is FieldKind.BOOLEAN
    assert fields["dealname"].kind is FieldKind.TEXT
    assert fields["hs_object_id"].writable is False


def test_properties_are_read_once_and_anew_after_a_refusal(portal: Any, client: Any) -> None:
    known = KnownFields(client)
    assert known.definition("deals", "a_property") is None
    portal.add_property("deals", entry("string", "text", hasUniqueValue=True))
    asked = portal.usage.snapshot()["requests"]
    assert known.definition("deals", "a_property") is None
    assert portal.usage.snapshot()["requests"] == asked

    seen: list[bool] = []

    def ask() -> str:
        seen.append("a_property" in known.of("deals"))
        if not seen[-1]:
            raise RequestRefused("HubSpot refused it.", 400, ())
        return "answer"

    assert known.trusted(ask) == "answer"
    assert seen == [False, True]
    definition = known.definition("deals", "a_property")
    assert definition is not None
    assert definition["hasUniqueValue"] is True
