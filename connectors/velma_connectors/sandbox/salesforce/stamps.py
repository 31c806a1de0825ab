"""Times as Salesforce stores and prints them: whole seconds, UTC, no colon in the offset."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_READABLE = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d{1,6})?(Z|[+-]\d\d:?\d\d)", re.ASCII | re.IGNORECASE
)
_FIRST_YEAR, _LAST_YEAR = 1700, 4000


def stamp(moment: datetime) -> str:
    """`2024-01-01T23:01:01.000+0000`. Such stamps sort as text. Raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a stamp needs an aware time")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def read_stamp(text: str) -> datetime:
    """Read a datetime in any spelling that the API takes. Raises ValueError."""
    match = _READABLE.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a datetime with an offset")
    day, time, offset = match.groups()
    read_day(day)
    moment = datetime.fromisoformat(f"{day}T{time}{'+00:00' if offset in 'Zz' else offset}")
    return moment.astimezone(UTC)


def read_day(text: str) -> date:
    """Read `2024-01-01`. Raises ValueError."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError(f"'{text}' is not a date")
    day = date.fromisoformat(text)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(f"the year {day.year} is outside {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def utc_now() -> datetime:
    return datetime.now(UTC)


def whole_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
