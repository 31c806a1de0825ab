"""Times as HubSpot keeps and prints them: epoch milliseconds, and ISO 8601 in UTC with a Z."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"-?\d{1,15}", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)
DAY_MILLISECONDS = 86_400_000


def utc_now() -> datetime:
    return datetime.now(UTC)


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds, cut. Raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a stamp needs an aware time")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment_of(stamp: int) -> datetime:
    """Raises OverflowError for a stamp outside the years 1 to 9999."""
    return _EPOCH + timedelta(milliseconds=stamp)


def iso(stamp: int) -> str:
    """`2026-03-02T09:00:00.250Z`; whole seconds are printed without a fraction."""
    moment = moment_of(stamp)
    fraction = f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


@lru_cache(maxsize=1 << 16)
def read_moment(text: str) -> int:
    """Milliseconds of an ISO time with its offset, a day, or a number of milliseconds. Raises ValueError."""
    if _MILLISECONDS.fullmatch(text):
        return _within_years(int(text))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return read_day(text)
    if not _ISO.fullmatch(text):
        raise ValueError(f"{text} is no time")
    cut = re.sub(r"(\.\d{1,6})\d*", r"\1", text)
    return milliseconds(datetime.fromisoformat(cut))


def read_day(text: str) -> int:
    """Milliseconds of a day's first moment in UTC, from a date or from them. Raises ValueError."""
    if _MILLISECONDS.fullmatch(text):
        stamp = _within_years(int(text))
        if stamp % DAY_MILLISECONDS:
            raise ValueError(f"{text} is no midnight in UTC")
        return stamp
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError(f"{text} is no date")
    return (date.fromisoformat(text) - _EPOCH.date()).days * DAY_MILLISECONDS


def day(stamp: int) -> str:
    return f"{moment_of(stamp):%Y-%m-%d}"


def _within_years(stamp: int) -> int:
    try:
        moment_of(stamp)
    except OverflowError:
        raise ValueError(f"{stamp} is outside all calendars") from None
    return stamp
