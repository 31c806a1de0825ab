"""How far another system's clock is from ours, by the date that its answers carry."""

from __future__ import annotations

from email.utils import parsedate_to_datetime


def seconds_ahead(date: str, now: float) -> float | None:
    """Seconds from `now` (Unix) to the `Date` header of an answer that has just come; None without one.

    A header counts whole seconds and was written before the answer travelled.
    """
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except ValueError:
        return None
