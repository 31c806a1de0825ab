"""Text as a CRM can hold it: valid Unicode, no control characters, cut where a reader would cut."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def clean(text: str) -> str:
    """Valid Unicode with `\\n` line ends; control characters and half surrogate pairs are taken out."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))


def one_line(text: str) -> str:
    """Clean text with every run of white space made one space."""
    return " ".join(clean(text).split())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters. What is cut ends at a word, or else at a whole sign, with an ellipsis."""
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    head = text[: limit - 1]
    if not text[limit - 1].isspace():
        words = head.rsplit(maxsplit=1)
        head = words[0] if len(words) == 2 else _whole_signs(head, text[limit - 1])
    return head.rstrip() + ELLIPSIS


def _whole_signs(head: str, following: str) -> str:
    while head and (_continues(following) or head[-1] == _JOINER):
        head, following = head[:-1], head[-1]
    return head


def _continues(char: str) -> bool:
    return char == _JOINER or unicodedata.category(char).startswith("M") or ord(char) in _SKIN_TONES
