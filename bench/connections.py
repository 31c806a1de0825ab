"""What one more connection costs in memory, over a daemon that has none of that CRM yet."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.crms import CRMS, Crm
from bench.daemon import BenchFailed
from bench.emulators import Emulator
from bench.table import Measure

MOST_MEGABYTES = 60.0


def measure() -> list[Measure]:
    return [_opening(crm) for crm in CRMS.values()]


def _opening(crm: Crm) -> Measure:
    with Emulator("crm", kind=crm.kind, recordings_url="http://127.0.0.1") as far_side:
        options = json.dumps({**crm.options(far_side.url), **crm.secrets})
        command = [sys.executable, "-m", "bench.opening", crm.kind, options]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise BenchFailed(f"the {crm.title} connection could not be opened")
    before, after = json.loads(run.stdout)
    return Measure.at_most(
        "connections",
        f"{crm.title}: RSS of opening a connection, over the bare daemon",
        (after - before) / 1e6,
        MOST_MEGABYTES,
        "MB",
        detail=(f"from {before / 1e6:.0f} to {after / 1e6:.0f} MB, with one answered check",),
    )
