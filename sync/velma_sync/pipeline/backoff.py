"""How long to wait before the next try."""

from __future__ import annotations

FIRST_SECONDS = 30.0
GROWTH = 4.0
LONGEST_SECONDS = 6 * 3600.0
SPREAD = 0.25


def wait_seconds(attempt: int, *, after: float, jitter: float) -> float:
    """Seconds to wait after the given attempt (1 for the first), at least `after`.

    Grows fourfold up to six hours; `jitter` from 0 to 1 adds up to a quarter.
    """
    grown = min(LONGEST_SECONDS, FIRST_SECONDS * GROWTH ** (attempt - 1))
    return max(after, grown) * (1.0 + SPREAD * jitter)


def spread(seconds: float, jitter: float) -> float:
    """A wait that is nobody's fault: it does not grow."""
    return seconds * (1.0 + SPREAD * jitter)
