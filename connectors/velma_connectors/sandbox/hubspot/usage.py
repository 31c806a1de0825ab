"""How many requests a portal has answered, by kind, and how many records they wrote."""

from __future__ import annotations

from collections import Counter
from typing import Any


class Usage:
    """Counters since the portal was founded or loaded."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        """Every request by kind, refused ones included."""
        self.statuses: Counter[int] = Counter()
        """Every request by the HTTP status of its answer."""
        self.rows_written: Counter[str] = Counter()
        """Records written through the API, by object."""

    def snapshot(self) -> dict[str, Any]:
        return {
            "requests": self.kinds.total(),
            "kinds": dict(sorted(self.kinds.items())),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "rows_written": dict(sorted(self.rows_written.items())),
        }
