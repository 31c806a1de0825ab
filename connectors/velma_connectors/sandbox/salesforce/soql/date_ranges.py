"""Date literals of SOQL: spans of whole days, in UTC, that end where the next span begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def date_range(literal: str, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of `LAST_N_DAYS:30` and its like; the end is not part of it. Raises ValueError."""
    today = datetime.combine(now.date(), time(), tzinfo=UTC)
    name, _, number = literal.partition(":")
    if number:
        return _counted(name, int(number), today)
    if name in _FIXED:
        return _FIXED[name](today)
    raise ValueError(f"'{literal}' is no date literal")


def _counted(name: str, count: int, today: datetime) -> tuple[datetime, datetime]:
    if name == "LAST_N_DAYS":
        return today - count * _DAY, today + _DAY
    if name == "NEXT_N_DAYS":
        return today + _DAY, today + (count + 1) * _DAY
    if name == "N_DAYS_AGO":
        return today - count * _DAY, today - (count - 1) * _DAY
    if name == "LAST_N_WEEKS":
        return _week(today) - count * _WEEK, _week(today)
    if name == "LAST_N_MONTHS":
        return _month(today, -count), _month(today, 0)
    raise ValueError(f"the sandbox does not know the date literal {name}:n")


def _week(today: datetime) -> datetime:
    """Weeks begin on Sunday, as in an org of the United States."""
    return today - ((today.weekday() + 1) % 7) * _DAY


def _month(today: datetime, months: int) -> datetime:
    years, month = divmod(today.month - 1 + months, 12)
    return today.replace(year=today.year + years, month=month + 1, day=1)


def _year(today: datetime, years: int) -> datetime:
    return today.replace(year=today.year + years, month=1, day=1)


_FIXED: dict[str, Callable[[datetime], tuple[datetime, datetime]]] = {
    "TODAY": lambda today: (today, today + _DAY),
    "YESTERDAY": lambda today: (today - _DAY, today),
    "TOMORROW": lambda today: (today + _DAY, today + 2 * _DAY),
    "THIS_WEEK": lambda today: (_week(today), _week(today) + _WEEK),
    "LAST_WEEK": lambda today: (_week(today) - _WEEK, _week(today)),
    "THIS_MONTH": lambda today: (_month(today, 0), _month(today, 1)),
    "LAST_MONTH": lambda today: (_month(today, -1), _month(today, 0)),
    "LAST_90_DAYS": lambda today: (today - 90 * _DAY, today + _DAY),
    "THIS_YEAR": lambda today: (_year(today, 0), _year(today, 1)),
    "LAST_YEAR": lambda today: (_year(today, -1), _year(today, 0)),
}
