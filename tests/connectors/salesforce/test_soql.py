"""Queries as text: literals nobody can break out of, and portions that fit one request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.salesforce.soql import (
    HEADER_BYTES,
    REQUEST_BYTES,
    is_id,
    listed,
    parse_stamp,
    portions,
    quoted,
    select,
    stamp,
)

LITERAL = re.compile(r"'(?:[^'\\\n\r]|\\.)*'")


@given(st.text())
def test_no_text_leaves_its_quotes(text: str) -> None:
    assert LITERAL.fullmatch(quoted(text))


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        listed([])


@given(count=st.integers(0, 2_000), columns=st.integers(1, 400))
def test_portions_hold_every_id_once_and_fit_a_request(count: int, columns: int) -> None:
    ids = [f"00T{number:012d}AAA" for number in range(count)]

    def query(some: Sequence[str]) -> str:
        return select([f"Column_{n}__c" for n in range(columns)], "Task", f"Id IN {listed(some)}")

    queries = list(portions(ids, query))
    assert [found for soql in queries for found in re.findall(r"'(\w+)'", soql)] == ids
    for soql in queries:
        assert len(quote_plus(soql)) + HEADER_BYTES <= 16_384
        assert soql.count("'") // 2 <= 300


def test_a_query_that_cannot_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        list(portions(["a"], lambda _some: "x" * REQUEST_BYTES))


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis takes its bounds without a zone
def test_a_stamp_read_back_is_the_same_second(moment: datetime) -> None:
    assert parse_stamp(stamp(moment)) == moment.replace(microsecond=0)


def test_stamps_are_utc_and_unquoted() -> None:
    east = timezone(timedelta(hours=2))
    assert stamp(datetime(2026, 1, 1, 1, 30, tzinfo=east)) == "2025-12-31T23:30:00Z"


def test_salesforces_own_spelling_of_a_stamp_is_read() -> None:
    assert parse_stamp("2024-01-01T23:01:01.000+0000") == datetime(2024, 1, 1, 23, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="offset"):
        parse_stamp("2024-01-01T23:01:01")


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("00T000000000001AAA", True),
        ("00T000000000001", True),
        ("00T0000000000011", False),
        ("00T00000000000'AAA", False),
        ("", False),
    ],
)
def test_ids_are_fifteen_or_eighteen_characters(text: str, good: bool) -> None:
    assert is_id(text) is good
