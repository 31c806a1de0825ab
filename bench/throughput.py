"""How much of the time is spent waiting for the analyzer, and what a call costs beside it."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from bench.daemon import running
from bench.installation import installed
from bench.process import cpu_seconds
from bench.table import Measure

CALLS = 500
IN_FLIGHT = 8
LATENCY_SECONDS = 0.5
SLICES = 5

MOST_OF_IDEAL = 1.08
MOST_CPU_MILLISECONDS = 12.0
WISHED_CPU_MILLISECONDS = 8.0


def measure() -> list[Measure]:
    ideal = CALLS * LATENCY_SECONDS / IN_FLIGHT
    with (
        installed(calls=CALLS, latency_seconds=LATENCY_SECONDS, max_in_flight=IN_FLIGHT) as place,
        running(place) as daemon,
    ):
        daemon.wait_for_calls("working", 1, seconds=30)
        cpu_at_start, first_claim = cpu_seconds(daemon.pid), daemon.oldest("working")
        daemon.wait_for_answers(CALLS, seconds=4 * ideal)
        cpu_at_last_answer = cpu_seconds(daemon.pid)
        daemon.wait_for_calls("done", CALLS, seconds=120)
        cpu_at_end = cpu_seconds(daemon.pid)
        answers = daemon.answers()
    ratio = (answers[-1] - first_claim).total_seconds() / ideal
    slices = _slices(first_claim, answers, ideal)
    analysing, writing = cpu_at_last_answer - cpu_at_start, cpu_at_end - cpu_at_last_answer
    per_call = 1000 * (cpu_at_end - cpu_at_start) / CALLS
    return [
        Measure.at_most(
            "throughput",
            f"{CALLS} calls, {IN_FLIGHT} in flight: wall / ideal",
            ratio,
            MOST_OF_IDEAL,
            "",
            detail=(
                f"first claim to last stored answer; ideal is the sum of waits / {IN_FLIGHT}",
                f"spread: {min(slices):.3f} to {max(slices):.3f} over {SLICES} slices of the run",
            ),
        ),
        Measure.at_most(
            "throughput",
            "CPU of the daemon per call",
            per_call,
            MOST_CPU_MILLISECONDS,
            "ms",
            detail=(
                f"until the last answer {1000 * analysing / CALLS:.1f} ms, report and write-back "
                f"{1000 * writing / CALLS:.1f} ms; wished for: {WISHED_CPU_MILLISECONDS:.0f} ms",
                "from the first claim to the end of write-back; audio of about 0.1 MB a call included",
            ),
        ),
    ]


def _slices(first_claim: datetime, answers: list[datetime], ideal: float) -> list[float]:
    """Wall / ideal of equal parts of the run."""
    size = len(answers) // SLICES
    ends = [first_claim, *answers[size - 1 :: size]]
    return [(after - before).total_seconds() / (ideal / SLICES) for before, after in pairwise(ends)]
