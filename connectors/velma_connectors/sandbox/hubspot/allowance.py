"""How often a portal may be asked: ten rolling seconds per token, a second for search, a day for all."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from velma_connectors.sandbox.hubspot.stamps import milliseconds, moment_of
from velma_connectors.sandbox.hubspot.switches import PortalSwitches

BURST_MILLISECONDS = 10_000
SEARCH_MILLISECONDS = 1_000


class LimitReached(Exception):
    """A request too many. `policy` is DAILY, TEN_SECONDLY_ROLLING or SECONDLY (search)."""

    def __init__(self, policy: str, wait_seconds: int) -> None:
        super().__init__(policy)
        self.policy = policy
        self.wait_seconds = wait_seconds


class Allowance:
    """Counts requests by the portal's clock. `used_today` may be set to begin a day late."""

    def __init__(self, switches: PortalSwitches, time_zone: str) -> None:
        self._switches = switches
        self._zone = ZoneInfo(time_zone)
        self._bursts: dict[str, deque[int]] = {}
        self._searches: deque[int] = deque()
        self._day = ""
        self.used_today = 0

    def charge(self, token: str, now: int) -> None:
        """Count an ordinary request. Raises LimitReached."""
        self._turn_day(now)
        self._charge_window(
            self._burst(token, now),
            self._switches.burst_limit,
            BURST_MILLISECONDS,
            "TEN_SECONDLY_ROLLING",
            now,
        )
        self.used_today += 1

    def charge_search(self, now: int) -> None:
        """Count a search, which has a window of its own. Raises LimitReached."""
        self._turn_day(now)
        _forget(self._searches, now - SEARCH_MILLISECONDS)
        self._charge_window(
            self._searches, self._switches.search_per_second, SEARCH_MILLISECONDS, "SECONDLY", now
        )
        self.used_today += 1

    def resets_at(self, now: int) -> int:
        """The next midnight of the account, epoch milliseconds."""
        local = moment_of(now).astimezone(self._zone)
        tomorrow = local.date() + timedelta(days=1)
        midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=self._zone)
        return milliseconds(midnight)

    def daily_headers(self, now: int) -> dict[str, str]:
        self._turn_day(now)
        if not self._switches.daily_headers:
            return {}
        limit = self._switches.daily_limit
        return {
            "X-HubSpot-RateLimit-Daily": str(limit),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, limit - self.used_today)),
        }

    def window_headers(self, token: str, now: int) -> dict[str, str]:
        """Of an ordinary request; search tells nothing of its window."""
        taken = self._burst(token, now)
        limit = self._switches.burst_limit
        per_second = limit * 1000 // BURST_MILLISECONDS
        latest = sum(stamp > now - 1000 for stamp in taken)
        return {
            "X-HubSpot-RateLimit-Max": str(limit),
            "X-HubSpot-RateLimit-Remaining": str(max(0, limit - len(taken))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(BURST_MILLISECONDS),
            "X-HubSpot-RateLimit-Secondly": str(per_second),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(0, per_second - latest)),
        }

    def _burst(self, token: str, now: int) -> deque[int]:
        taken = self._bursts.setdefault(token, deque())
        _forget(taken, now - BURST_MILLISECONDS)
        return taken

    def _charge_window(self, taken: deque[int], limit: int, span: int, policy: str, now: int) -> None:
        if self.used_today >= self._switches.daily_limit:
            raise LimitReached("DAILY", (self.resets_at(now) - now) // 1000 + 1)
        if len(taken) >= limit:
            oldest = taken[0] if taken else now
            raise LimitReached(policy, (oldest + span - now) // 1000 + 1)
        taken.append(now)

    def _turn_day(self, now: int) -> None:
        today = moment_of(now).astimezone(self._zone).date().isoformat()
        if today != self._day:
            if self._day:
                self.used_today = 0
            self._day = today


def _forget(taken: deque[int], until: int) -> None:
    while taken and taken[0] <= until:
        taken.popleft()
