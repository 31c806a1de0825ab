"""The most memory the daemon needs with many large recordings in flight."""

from __future__ import annotations

from bench.daemon import BenchFailed, running
from bench.installation import installed
from bench.process import peak_rss_megabytes
from bench.recordings import LARGE_BYTES
from bench.table import Measure

AT_ONCE = 32
LATENCY_SECONDS = 10.0
MOST_MEGABYTES = 250.0


def measure() -> list[Measure]:
    with (
        installed(
            calls=AT_ONCE, latency_seconds=LATENCY_SECONDS, max_in_flight=AT_ONCE, recordings="large"
        ) as place,
        running(place) as daemon,
    ):
        daemon.wait_for_calls("done", AT_ONCE, seconds=300)
        peak = peak_rss_megabytes(daemon.pid)
        uploading = place.velma.ask("/_sandbox/usage")["most_in_flight"]
    if uploading < AT_ONCE:
        raise BenchFailed(f"only {uploading} of {AT_ONCE} recordings were at the analyzer at once")
    return [
        Measure.at_most(
            "memory",
            f"{AT_ONCE} recordings of {LARGE_BYTES / 1e6:.0f} MB in flight: peak RSS",
            peak,
            MOST_MEGABYTES,
            "MB",
            detail=(
                f"VmHWM of the daemon; all {AT_ONCE} fetched at once, then all uploaded and awaited at once",
            ),
        )
    ]
