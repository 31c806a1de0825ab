"""How much of the time is spent waiting for the analyzer, and what a call costs beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from bench import bare_client
from bench.daemon import RunningDaemon, running
from bench.installation import installed
from bench.process import cpu_seconds
from bench.table import Measure

CALLS = 500
BARE_CALLS = 96
IN_FLIGHT = 8
LATENCY_SECONDS = 0.5
SLICES = 5

MOST_OF_IDEAL = 1.08
MOST_CPU_MILLISECONDS = 12.0
WISHED_CPU_MILLISECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Run:
    """What was seen of the daemon. CPU in seconds."""

    first_claim: datetime
    answers: list[datetime]
    cpu_until_last_answer: float
    cpu_of_write_back: float


def measure() -> list[Measure]:
    with installed(calls=CALLS, latency_seconds=LATENCY_SECONDS, max_in_flight=IN_FLIGHT) as place:
        bare = bare_client.seconds_for(place, first=CALLS, calls=BARE_CALLS, in_flight=IN_FLIGHT)
        with running(place) as daemon:
            run = _watch(daemon)
    return [_waiting(run, bare / _ideal(BARE_CALLS)), _cpu(run)]


def _ideal(calls: int) -> float:
    """Seconds that so many calls take when nothing but the analyzer takes any."""
    return calls * LATENCY_SECONDS / IN_FLIGHT


def _watch(daemon: RunningDaemon) -> Run:
    daemon.wait_for_calls("working", 1, seconds=30)
    at_start, first_claim = cpu_seconds(daemon.pid), daemon.oldest("working")
    daemon.wait_for_answers(CALLS, seconds=4 * _ideal(CALLS))
    at_last_answer = cpu_seconds(daemon.pid)
    daemon.wait_for_calls("done", CALLS, seconds=120)
    at_end = cpu_seconds(daemon.pid)
    return Run(first_claim, daemon.answers(), at_last_answer - at_start, at_end - at_last_answer)


def _waiting(run: Run, bare_ratio: float) -> Measure:
    slices = _slices(run)
    return Measure.at_most(
        "throughput",
        f"{CALLS} calls, {IN_FLIGHT} in flight: wall / ideal",
        (run.answers[-1] - run.first_claim).total_seconds() / _ideal(CALLS),
        MOST_OF_IDEAL,
        "",
        digits=3,
        detail=(
            f"first claim to last stored answer; ideal is the sum of waits / {IN_FLIGHT}",
            f"spread: {min(slices):.3f} to {max(slices):.3f} over {SLICES} slices of the run",
            f"a bare client that only fetches and sends, just before: {bare_ratio:.3f}",
        ),
    )


def _slices(run: Run) -> list[float]:
    """Wall / ideal of equal parts of the run."""
    size = len(run.answers) // SLICES
    ends = [run.first_claim, *run.answers[size - 1 :: size]]
    return [(after - before).total_seconds() / _ideal(size) for before, after in pairwise(ends)]


def _cpu(run: Run) -> Measure:
    before, after = run.cpu_until_last_answer, run.cpu_of_write_back
    return Measure.at_most(
        "throughput",
        "CPU of the daemon per call",
        1000 * (before + after) / CALLS,
        MOST_CPU_MILLISECONDS,
        "ms",
        digits=1,
        detail=(
            f"from the first claim to the last answer {1000 * before / CALLS:.1f} ms, with batches full by "
            f"then; from there to the end of write-back {1000 * after / CALLS:.1f} ms",
            f"audio of about 0.1 MB a call included; wished for: {WISHED_CPU_MILLISECONDS:.0f} ms",
        ),
    )
