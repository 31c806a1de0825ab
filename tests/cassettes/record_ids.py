"""Ids of records: which texts are ids, and invented ones in their place that keep their order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vocabulary import NUMBERED, SALESFORCE_PREFIXES

MILLISECONDS = re.compile(r"1[5-9]\d{11}")
"""A time of these decades as HubSpot counts it, which has the form of an id."""
DIGITS = re.compile(r"\d{1,20}")

_SALESFORCE_ID = re.compile(r"(?!\d*$)([A-Za-z0-9]{3})[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?")
_FIRST_NUMBER = 70_000_000_000
_CASE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id(text: str) -> bool:
    """Whether a text has the form of an id of Salesforce."""
    match = _SALESFORCE_ID.fullmatch(text)
    return match is not None and match[1] in SALESFORCE_PREFIXES


def is_numbered(key: str, text: str) -> bool:
    """Whether it is an id of HubSpot, which only its place tells."""
    return bool(key in NUMBERED and DIGITS.fullmatch(text) and not MILLISECONDS.fullmatch(text))


class InventedIds:
    """First collects ids and gives them back as they are; once settled, gives an invented one for each.

    Those of Salesforce keep the three characters that tell the object, and both of their lengths.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self._seen = set(ids)
        self._invented: dict[str, str] = {}

    def of(self, text: str) -> str:
        self._seen.add(text)
        if DIGITS.fullmatch(text):
            return self._invented.get(text, text)
        short = self._invented.get(text[:15], text[:15])
        return short if len(text) == 15 else short + _case_letters(short)

    def settle(self) -> None:
        """Give out the invented ids, rising like those they stand for."""
        numbers = sorted((text for text in self._seen if DIGITS.fullmatch(text)), key=int)
        shorts = sorted({text[:15] for text in self._seen if not DIGITS.fullmatch(text)})
        self._invented = {text: str(_FIRST_NUMBER + at) for at, text in enumerate(numbers, 1)}
        self._invented |= {short: f"{short[:3]}{at:012d}" for at, short in enumerate(shorts, 1)}


def _case_letters(short: str) -> str:
    """The last three characters of an 18-character id: which letters of each five are capitals."""
    return "".join(
        _CASE_LETTERS[sum(1 << place for place, letter in enumerate(short[at : at + 5]) if letter.isupper())]
        for at in (0, 5, 10)
    )
