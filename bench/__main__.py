"""`python -m bench [SECTION ...]`: measure, and print one table. Exit code 1 when a goal is not met."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from bench import connections, crm_requests, idle, memory, startup, throughput
from bench.process import machine
from bench.table import Measure, rendered

SECTIONS: dict[str, Callable[[], list[Measure]]] = {
    "throughput": throughput.measure,
    "requests": crm_requests.measure,
    "memory": memory.measure,
    "connections": connections.measure,
    "idle": idle.measure,
    "start-up": startup.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures what the daemon costs.")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all")
    wanted = parser.parse_args().sections or list(SECTIONS)
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        parser.error(f"there is no section {unknown[0]}; there are {', '.join(SECTIONS)}")
    on, began = machine(), time.monotonic()
    measures: list[Measure] = []
    for name in wanted:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        measures += SECTIONS[name]()
    print(f"\n{on}; took {time.monotonic() - began:.0f} s\n")
    print(rendered(measures))
    return int(any(each.met is False for each in measures))


if __name__ == "__main__":
    sys.exit(main())
