"""The summary note as a block inside a text that belongs to the rep: pure text in, text out.

The block stands between two marker lines that carry the note's key. Everything outside of them is the
rep's and stays byte for byte; what somebody writes between them is replaced with the next version.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

DESCRIPTION_LENGTH = 32_000
"""Characters that the Description of an activity holds (Salesforce Field Reference, Task)."""
ELLIPSIS = "…"
MIN_BODY = 40
"""A note shorter than this many characters is not worth the rep's space."""

_TITLE = "Velma call summary"
_PLAIN_KEY = re.compile(r"[\w:./@-]{1,120}", re.ASCII)


def length(text: str) -> int:
    """Length in UTF-16 units, the strictest way a server may count; an emoji takes two."""
    return len(text) + sum(character > "\uffff" for character in text)


def put_note(text: str, key: str, body: str) -> str | None:
    """The text with the note of that key added, or replaced where it stands; None when there is no room.

    A note that does not fit is cut at a word. The rest of the text is never cut.
    """
    before, after = _around(text, key)
    room = DESCRIPTION_LENGTH - length(before) - length(after) - length(_block(key, ""))
    clean = _plain(body)
    if length(clean) > room:
        if room < MIN_BODY:
            return None
        clean = cut(clean, room)
    note = before + _block(key, clean) + after
    unchanged = note.replace("\r\n", "\n") == text.replace("\r\n", "\n")
    return text if unchanged else note


def cut(text: str, room: int) -> str:
    """The beginning of a text in at most `room` units (one or more), ending at a word, with an ellipsis."""
    if length(text) <= room:
        return text
    kept = _first(text, room - length(ELLIPSIS))
    at_word = kept if text[len(kept)].isspace() else re.sub(r"\S+$", "", kept)
    return (at_word.rstrip() or kept) + ELLIPSIS


def _first(text: str, room: int) -> str:
    taken = 0
    for position, character in enumerate(text):
        taken += length(character)
        if taken > room:
            return text[:position]
    return text


def _around(text: str, key: str) -> tuple[str, str]:
    """What stands before and after the note, the gap before a new one included."""
    first, last = _markers(key)
    start = text.find(first)
    while start >= 0:
        end = text.find(last, start)
        another = text.find(first, start + 1)
        # A first marker whose last one was deleted must not swallow the rep's words up to the next note.
        if end >= 0 and not start < another < end:
            return text[:start], text[end + len(last) :]
        start = another
    return (f"{text}\n\n" if text else ""), ""


def _block(key: str, body: str) -> str:
    first, last = _markers(key)
    return f"{first}\n{body}\n{last}"


def _markers(key: str) -> tuple[str, str]:
    name = key if _PLAIN_KEY.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"----- {_TITLE} [{name}] -----", f"----- End of {_TITLE} [{name}] -----"


def _plain(body: str) -> str:
    """The body without control characters, and without words that could pass for a marker."""
    printable = "".join(
        character
        for character in body.replace("\r\n", "\n").replace("\r", "\n")
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
    )
    return printable.replace(f"{_TITLE} [", f"{_TITLE} (").strip()
