"""What the daemon costs while there is nothing to do."""

from __future__ import annotations

import time

from bench.daemon import running
from bench.installation import installed
from bench.process import cpu_seconds, peak_rss_megabytes
from bench.table import Measure

SETTLE_SECONDS = 5.0
WATCHED_SECONDS = 60.0
MOST_CPU_SECONDS = 1.0


def measure() -> list[Measure]:
    """The daemon polls every minute instead of every two, so that the minute watched holds one poll."""
    with (
        installed(calls=0, latency_seconds=0.0, max_in_flight=2, poll_minutes=1) as place,
        running(place) as daemon,
    ):
        time.sleep(SETTLE_SECONDS)
        requests, before = place.crm_requests(), cpu_seconds(daemon.pid)
        time.sleep(WATCHED_SECONDS)
        spent = cpu_seconds(daemon.pid) - before
        polled = (place.crm_requests() - requests).total()
        resident = peak_rss_megabytes(daemon.pid)
    return [
        Measure.at_most(
            "idle",
            f"{WATCHED_SECONDS:.0f} s with nothing to do: CPU",
            spent,
            MOST_CPU_SECONDS,
            "s",
            digits=2,
            detail=(
                f"CRM requests in that minute: {polled}; it polls twice as often as by default, "
                "so that the minute holds a poll",
                f"peak RSS {resident:.0f} MB",
            ),
        )
    ]
