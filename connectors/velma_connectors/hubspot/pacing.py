"""How fast we may ask: a rolling window for all requests, one for searches, and the portal's day.

HubSpot counts ordinary requests of a key in windows of ten seconds, searches of the whole portal by the
second, and everything by the day of the portal. We keep below each before HubSpot has to say no.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from velma_connectors.errors import RetryLater

SHARE = 0.9
"""The part of the window that is ours: others may use the same key."""
BURST_LIMIT, BURST_SECONDS = 100, 10.0
"""What the smallest subscription allows, until an answer tells more."""
SEARCH_LIMIT, SEARCH_SECONDS = 4, 1.0
"""One below HubSpot's five; others search as well, and searches do not tell what is left."""
SLACK_SECONDS = 0.5
"""HubSpot counts a request when it arrives, we when it leaves."""
MAX_WAIT_SECONDS = BURST_SECONDS + SLACK_SECONDS
"""As long as a full window takes to clear; whoever would wait longer comes back later."""
DAILY_RESERVE = 0.05
RESET_LAG = timedelta(minutes=15)
"""Past midnight a counter may still tell yesterday's use for a while."""
LOOK_AGAIN = timedelta(hours=1)
"""How long to pause when the portal's time zone is not known."""

_PREFIX = "X-HubSpot-RateLimit-"


class Window:
    """Times of requests, of which `limit` fit into any span of `seconds`. Times may lie ahead."""

    def __init__(self, limit: int, seconds: float, slack: float = 0.0) -> None:
        self.limit = limit
        self.seconds = seconds
        self._slack = slack
        self._times: list[float] = []
        self._closed_until = 0.0

    def next_slot(self, now: float) -> float:
        """When the next request may leave: in turn, never before one that is already waiting."""
        self._forget(now)
        slot = max(now, self._closed_until, *self._times[-1:])
        if len(self._times) >= self.limit:
            slot = max(slot, self._times[-self.limit] + self.seconds + self._slack)
        return slot

    def take(self, slot: float) -> None:
        self._times.append(slot)

    def count_others(self, used: int, now: float) -> None:
        """HubSpot has counted `used` requests: those that are not ours take up room as well."""
        self._forget(now)
        left = bisect_right(self._times, now)
        self._times[left:left] = [now] * max(used - left, 0)

    def close(self, now: float) -> None:
        """Let nothing leave until a whole span has passed."""
        self._closed_until = max(self._closed_until, now + self.seconds)

    def _forget(self, now: float) -> None:
        del self._times[: bisect_right(self._times, now - self.seconds - self._slack)]


class Pace:
    """Lets requests of one connection go in time. Safe for threads.

    `wait` sleeps for seconds, `clock` counts them, `now` gives the present, aware.
    """

    def __init__(
        self, wait: Callable[[float], None], clock: Callable[[], float], now: Callable[[], datetime]
    ) -> None:
        self._wait = wait
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._burst = Window(int(BURST_LIMIT * SHARE), BURST_SECONDS, SLACK_SECONDS)
        self._searches = Window(SEARCH_LIMIT, SEARCH_SECONDS)
        self._zone: ZoneInfo | None = None
        self._day: tuple[int, int] | None = None
        self._paused_until: datetime | None = None

    def admit(self, *, search: bool) -> None:
        """Wait for one's turn. Raises RetryLater when it is further away than one window."""
        with self._lock:
            pause = self._pause_left()
            if pause > 0:
                raise RetryLater(
                    "The portal has used up its daily API requests, but for a reserve.",
                    after=pause,
                    counts=False,
                )
            window = self._searches if search else self._burst
            now = self._clock()
            slot = window.next_slot(now)
            if slot - now > MAX_WAIT_SECONDS:
                raise RetryLater(
                    "Too many requests wait for their turn at HubSpot.", after=slot - now, counts=False
                )
            window.take(slot)
        if slot > now:
            self._wait(slot - now)

    def learn(self, headers: Mapping[str, str], sent_at: datetime) -> None:
        """Take in what an answer tells of the limits. Searches tell of the day alone."""
        limit, left = _number(headers, "Max"), _number(headers, "Remaining")
        span = _number(headers, "Interval-Milliseconds")
        allowed, remaining = _number(headers, "Daily"), _number(headers, "Daily-Remaining")
        with self._lock:
            if limit and left is not None and span:
                self._burst.limit = max(1, int(limit * SHARE))
                self._burst.seconds = span / 1000
                self._burst.count_others(limit - left, self._clock())
            if allowed and remaining is not None:
                self._day = (allowed - remaining, allowed)
                if remaining <= allowed * DAILY_RESERVE:
                    self._paused_until = self._pause_end(sent_at)

    def refused(self, *, search: bool) -> None:
        """HubSpot said no before we did: leave its window time to clear."""
        with self._lock:
            window = self._searches if search else self._burst
            window.close(self._clock())

    def refused_for_today(self, sent_at: datetime) -> float:
        """HubSpot says that the day's requests are used up. Seconds until they are given anew."""
        with self._lock:
            self._paused_until = self._pause_end(sent_at)
            return self._pause_left()

    def know_zone(self, name: object) -> None:
        """The time zone whose midnight begins the portal's day, as its account details name it."""
        try:
            self._zone = ZoneInfo(str(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._zone = None

    @property
    def day(self) -> tuple[int, int] | None:
        """Requests used and allowed today, by the whole portal; None until HubSpot has told."""
        return self._day

    def _pause_left(self) -> float:
        if self._paused_until is None:
            return 0.0
        return max(0.0, (self._paused_until - self._now()).total_seconds())

    def _pause_end(self, sent_at: datetime) -> datetime:
        if self._zone is None:
            return sent_at + LOOK_AGAIN
        local = sent_at.astimezone(self._zone)
        midnight = datetime.combine(local.date(), time(), self._zone).astimezone(UTC)
        if sent_at - midnight < RESET_LAG:
            return midnight + RESET_LAG
        tomorrow = local.date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), self._zone).astimezone(UTC)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(_PREFIX + name, "")
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else None
