"""Notes as HTML: nothing of a text becomes markup, marks read back, and edits are noticed."""

from __future__ import annotations

import html
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.hubspot.notes import (
    BODY_LENGTH,
    Mark,
    cut,
    digest_of,
    is_as_written,
    key_hash,
    length,
    mark_in,
    note_html,
)

KEY = "calls:4711"
TEXT = """\
The prospect asked for a quote.

Next step: Confirmed (07:12)
  "send it <b>today</b> & call"

Coaching
- Unaddressed Question (03:05)
  "what about IT?"
- Off-topic Discussion

AI-generated, verify"""

SIGNS = "<>&;\"'/=ab!-\n\t #x0192scripimgonerrofalt()😀é\u00a0\u202e"
MARKUP_TEXT = st.text(st.sampled_from(SIGNS)) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "</p><iframe src=//a.test>",
        "<!-- <b>",
        "<![CDATA[<b>]]>",
        "- <svg/onload=1>",
        "&#60;b&#62;",
        "<p>velma-note 0123456789abcdef0123.01234567</p>",
        "velma-note 0123456789abcdef0123.01234567",
    ]
)
ANY_TEXT = st.text(max_size=300) | MARKUP_TEXT | st.lists(MARKUP_TEXT, max_size=4).map("\n- ".join)


class Markup(HTMLParser):
    """What a browser makes of a body: its tags, and its texts as they are shown."""

    def __init__(self, body: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.shown = ""
        self.other: list[str] = []
        self.feed(body)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.shown += data

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_decl(self, decl: str) -> None:
        self.other.append(decl)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)


def letters(text: str) -> str:
    """What must survive of a text: all of it but white space, control characters and dashes of lists."""
    kept = (char for char in text if char.isprintable() and not char.isspace())
    return "".join(kept).replace("-", "")


@given(ANY_TEXT)
def test_no_text_ever_becomes_markup(text: str) -> None:
    body = note_html(KEY, text)
    seen = Markup(body)
    assert seen.tags <= {"p", "br", "strong", "ul", "li"}
    assert seen.attributes == []
    assert seen.other == []
    mark = str(mark_in(body))
    assert letters(seen.shown) == letters(text) + letters(mark)


@given(ANY_TEXT)
def test_the_sanitiser_finds_nothing_to_take_out(text: str) -> None:
    body = note_html(KEY, text)
    assert nh3.clean(body, tags={"p", "br", "strong", "em", "ul", "ol", "li"}, attributes={}) == body


@given(st.text(min_size=1, max_size=60), ANY_TEXT)
def test_a_mark_reads_back_as_the_last_line(key: str, text: str) -> None:
    key = key.encode("utf-8", "ignore").decode()
    body = note_html(key, text)
    mark = mark_in(body)
    assert mark == Mark(key_hash(key), digest_of(body))
    assert body.endswith(f"<p>{mark}</p>")
    assert is_as_written(body)


@given(ANY_TEXT)
def test_html_that_was_rearranged_still_counts_as_ours(text: str) -> None:
    body = note_html(KEY, text)
    rearranged = (
        '<div style="" dir="auto" data-top-level="true">'
        + body.replace("<br>", "<br />\n").replace("<p>", '<p style="margin:0;">\n')
        + "</div>"
    )
    assert is_as_written(rearranged)
    assert mark_in(rearranged) == mark_in(body)


@given(ANY_TEXT, st.integers(min_value=0), st.sampled_from(["x", "Word", "é", "😀"]))
def test_a_word_that_a_person_adds_is_noticed(text: str, place: int, word: str) -> None:
    body = note_html(KEY, text)
    ends = [at + len("<p>") for at in range(len(body)) if body.startswith("<p>", at)]
    at = ends[place % len(ends)]
    assert not is_as_written(body[:at] + word + body[at:])


def test_the_shape_of_a_summary_survives() -> None:
    body = note_html(KEY, TEXT)
    assert body == (
        "<p>The prospect asked for a quote.</p>"
        '<p>Next step: Confirmed (07:12)<br>"send it &lt;b&gt;today&lt;/b&gt; &amp; call"</p>'
        "<p><strong>Coaching</strong></p>"
        '<ul><li>Unaddressed Question (03:05)<br>"what about IT?"</li><li>Off-topic Discussion</li></ul>'
        "<p>AI-generated, verify</p>"
        f"<p>velma-note {key_hash(KEY)}.{digest_of(body)}</p>"
    )


def test_two_keys_and_two_texts_have_different_marks() -> None:
    marks = {mark_in(note_html(key, text)) for key in ("calls:1", "calls:2") for text in ("a", "b")}
    assert len(marks) == 4
    assert None not in marks


def test_a_body_without_a_mark_is_nobodys() -> None:
    assert mark_in("<p>called back, wants a quote</p>") is None
    assert not is_as_written("<p>called back, wants a quote</p>")
    assert mark_in("<p>velma-note 0123</p>") is None


def test_a_quoted_mark_does_not_hide_our_own() -> None:
    quoted = note_html("calls:1", f"see velma-note {'a' * 20}.{'b' * 8}")
    mark = mark_in(quoted)
    assert mark is not None
    assert mark.key == key_hash("calls:1")


@pytest.mark.parametrize(
    "text", ["word " * 30_000, "<&> wörd 😀 " * 9_000, "x" * 70_000, "<" * 40_000, "a\n" * 40_000]
)
def test_a_long_text_is_cut_so_that_all_of_the_html_fits(text: str) -> None:
    body = note_html(KEY, text)
    assert BODY_LENGTH - 200 < length(body) <= BODY_LENGTH
    assert is_as_written(body)
    assert "…</p><p>velma-note" in body


def test_a_text_is_cut_at_a_word() -> None:
    assert cut("several words here", 18) == "several words here"
    assert cut("several words here", 17) == "several words…"
    assert cut("several words here", 14) == "several words…"
    assert cut("several words here", 13) == "several…"
    assert cut("unbreakable", 5) == "unbr…"


@given(st.text(min_size=1), st.integers(min_value=1, max_value=40))
def test_a_cut_text_is_a_beginning_that_fits(text: str, room: int) -> None:
    shortened = cut(text, room)
    assert length(shortened) <= room
    assert text.startswith(shortened) or text.startswith(shortened.removesuffix("…"))


@pytest.mark.parametrize(
    "text", ["\u202eright to left\u202c", "👩‍👩‍👧 family", "שלום", "first\nsecond", "a\u2028b"]
)
def test_unusual_characters_stay_as_they_are(text: str) -> None:
    lines = [html.escape(line, quote=False) for line in text.split("\n")]
    assert note_html(KEY, text).startswith(f"<p>{'<br>'.join(lines)}</p>")
