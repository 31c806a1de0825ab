"""What a terminal is shown of somebody else's text."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_sync.visible import encodable, one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Żółw, 東京, שלום, 1\u00a0000 €", "Żółw, 東京, שלום, 1\u00a0000 €"),
        ("two\nlines\tof ours", "two\nlines\tof ours"),
        ("👩\u200d💻 \u0646\u0645\u06cc\u200c\u062e", "👩\u200d💻 \u0646\u0645\u06cc\u200c\u062e"),
        ("\x1b[2Jgone", "\\u001b[2Jgone"),
        ("\x9b31m \x7f \x00 \r", "\\u009b31m \\u007f \\u0000 \\u000d"),
        ("a\u202eb\u2066c\u200fd\u061ce", "a\\u202eb\\u2066c\\u200fd\\u061ce"),
        ("in\u200bvisible \ufeff\u00ad\u2060", "in\\u200bvisible \\ufeff\\u00ad\\u2060"),
        ("\u2028 \u2029 \x85", "\\u2028 \\u2029 \\u0085"),
        ("\ud800 \U000e0041", "\\ud800 \\udb40\\udc41"),
    ],
)
def test_what_would_steer_or_hide_is_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\r", "\t", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_line_stays_one(mark: str) -> None:
    assert one_line(f"one{mark}two") == "one two"


@given(st.text(st.characters()))
def test_json_means_the_same(text: str) -> None:
    document = json.dumps({text: text}, ensure_ascii=False)
    assert json.loads(visible(document)) == {text: text}
    assert json.loads(encodable(visible(document), "ascii")) == {text: text}


@given(st.text(st.characters()))
def test_nothing_steers_and_every_encoding_takes_it(text: str) -> None:
    shown = one_line(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert len(shown.splitlines()) <= 1
    assert encodable(shown, "utf-8") == shown
    assert one_line(shown) == shown
