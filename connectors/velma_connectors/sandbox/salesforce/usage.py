"""How many requests an org has answered, by kind, and how much of its daily allowance is gone."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

_WINDOW_HOURS = 24


class Usage:
    """Counters of one org. The allowance is a rolling window of 24 hours, shared by all its integrations."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.used_by_others = 0
        """Requests of other integrations in the window, as far as a test wants them."""
        self.kinds: Counter[str] = Counter()
        """Every request by kind, refused ones included."""
        self.rows_written: Counter[str] = Counter()
        """Records written through the API, by object."""
        self._hours: Counter[int] = Counter()

    @property
    def requests(self) -> int:
        return self.kinds.total()

    def used(self, moment: datetime) -> int:
        """Requests that count against the allowance now."""
        first = int(moment.timestamp()) // 3600 - _WINDOW_HOURS + 1
        own = sum(count for hour, count in self._hours.items() if hour >= first)
        return own + self.used_by_others

    def charge(self, moment: datetime) -> None:
        self._hours[int(moment.timestamp()) // 3600] += 1

    def limit_info(self, moment: datetime) -> str:
        return f"api-usage={self.used(moment)}/{self.allowed}"

    def snapshot(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "kinds": dict(sorted(self.kinds.items())),
            "rows_written": dict(sorted(self.rows_written.items())),
        }
