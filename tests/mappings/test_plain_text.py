"""Cleaning and cutting text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_mappings.plain_text import ELLIPSIS, clean, cut, one_line

ANY_TEXT = st.text(st.characters(), max_size=80)
SIGNS = st.lists(
    st.sampled_from(
        ["word", " ", "👩‍👩‍👧", "👍🏽", "שלום", "\u202e", "é", "e\u0301", "\U0001f1e9\U0001f1ea", "x"]
    ),
    max_size=20,
).map("".join)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("several words here", 18, "several words here"),
        ("several words here", 17, "several words…"),
        ("several words here", 14, "several words…"),
        ("several words here", 13, "several…"),
        ("unbreakable", 6, "unbre…"),
        ("unbreakable", 1, "…"),
        ("unbreakable", 0, ""),
        ("a 👩‍👩‍👧", 4, "a…"),
        ("👩‍👩‍👧👩‍👩‍👧", 7, "👩‍👩‍👧…"),
        ("xe\u0301e\u0301", 3, "x…"),
        ("👍🏽👍🏽", 3, "👍🏽…"),
        ("👍🏽", 1, "…"),
        ("x👍🏻x", 3, "x…"),
        ("x👍🏿x", 3, "x…"),
        ("x🏺x", 2, "x…"),
    ],
)
def test_text_is_cut_at_a_word_or_a_whole_sign(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


@given(st.one_of(ANY_TEXT, SIGNS), st.integers(0, 90))
def test_cut_text_is_never_longer_and_begins_as_the_whole(text: str, limit: int) -> None:
    shorter = cut(text, limit)
    assert len(shorter) <= limit or shorter == text
    assert text.startswith(shorter.removesuffix(ELLIPSIS))
    if len(text) <= limit:
        assert shorter == text


@given(SIGNS, st.integers(2, 40))
def test_a_sign_is_never_torn(text: str, limit: int) -> None:
    kept = cut(text, limit)
    if kept in (text, ELLIPSIS):
        return
    rest = text[len(kept) - 1 :].lstrip()
    assert not kept.removesuffix(ELLIPSIS).endswith("\u200d")
    assert not rest or not unicodedata.category(rest[0]).startswith("M")
    assert not rest.startswith(("\u200d", "🏽"))


@given(ANY_TEXT)
def test_clean_text_can_be_stored_anywhere(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "\r" not in cleaned
    assert not {char for char in cleaned if unicodedata.category(char) == "Cc"} - {"\n", "\t"}
    assert clean(cleaned) == cleaned
    assert "\n" not in one_line(text)


def test_line_ends_are_made_one_kind() -> None:
    assert clean("a\r\nb\rc\n\x00\ud800d") == "a\nb\nc\nd"
    assert one_line("  a\r\n b\t\u00a0c ") == "a b c"
