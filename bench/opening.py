"""Opens one connection in a process that has loaded what every daemon has, and nothing else.

Run as a module with a kind and its options as JSON it prints the bytes resident before and after.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from velma_connectors.registry import load_kind

DAEMON = ("velma_sync.daemon", "velma_sync.ledger.database", "velma_connectors.velma.analyzer")


def resident_bytes() -> int:
    """VmRSS of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel tells no VmRSS")


def main() -> None:
    name, options = sys.argv[1:]
    for module in DAEMON:
        importlib.import_module(module)
    kind = load_kind(name)
    valid = kind.options.model_validate(json.loads(options))
    before = resident_bytes()
    connector = kind.open("bench", valid)
    connector.check()
    print(json.dumps([before, resident_bytes()]))
    connector.close()


if __name__ == "__main__":
    main()
