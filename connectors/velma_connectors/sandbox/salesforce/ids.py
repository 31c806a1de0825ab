"""Record ids: three letters that name the object, a number in base 62, three letters against case loss."""

from __future__ import annotations

import string

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CASE_LETTERS = string.ascii_uppercase + "012345"
_INSTANCE = "gL00"


def long_id(short: str) -> str:
    """The 18 characters for an id of 15: each suffix letter tells which of five characters are capitals."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())
        suffix += _CASE_LETTERS[bits]
    return short + suffix


def canonical_id(text: object) -> str | None:
    """The 18-character form of an id given in either form; None when it is no id at all."""
    if not isinstance(text, str) or len(text) not in (15, 18) or not (text.isascii() and text.isalnum()):
        return None
    full = long_id(text[:15])
    return full if len(text) == 15 or text == full else None


class IdSource:
    """Gives out ids, rising per object. `counters` is its whole state."""

    def __init__(self, counters: dict[str, int] | None = None) -> None:
        self.counters = dict(counters or {})

    def next(self, key_prefix: str) -> str:
        number = self.counters.get(key_prefix, 0) + 1
        self.counters[key_prefix] = number
        digits = ""
        for _ in range(8):
            number, digit = divmod(number, 62)
            digits = _DIGITS[digit] + digits
        return long_id(key_prefix + _INSTANCE + digits)
