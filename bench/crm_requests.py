"""How many requests of a CRM's allowance are used: for a backlog, and for a usual day."""

from __future__ import annotations

from bench import steady
from bench.crms import HUBSPOT, SALESFORCE, Crm
from bench.daemon import running
from bench.installation import installed
from bench.table import Measure

BACKLOG_CALLS = 1_000
MOST_REQUESTS = {SALESFORCE.kind: 30, HUBSPOT.kind: 100}


def measure() -> list[Measure]:
    return [measured for crm in (SALESFORCE, HUBSPOT) for measured in (_backlog(crm), steady.measure(crm))]


def _backlog(crm: Crm) -> Measure:
    with (
        installed(calls=BACKLOG_CALLS, latency_seconds=0.0, max_in_flight=8, crm=crm) as place,
        running(place) as daemon,
    ):
        daemon.wait_for_calls("done", BACKLOG_CALLS, seconds=180)
        requests = place.crm_requests()
    told = ", ".join(f"{count} {kind}" for kind, count in requests.most_common())
    return Measure.at_most(
        "requests",
        f"{crm.title}: backlog of {BACKLOG_CALLS:,} calls, full batches, CRM requests",
        requests.total(),
        MOST_REQUESTS[crm.kind],
        "",
        detail=(f"counted by the emulator from start to last write: {told}",),
    )
