"""What `velma-sync --help` costs, and which large libraries it loads: none."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from bench.daemon import COMMAND
from bench.table import Measure

TIMES = 7
LARGE = (
    "alembic",
    "apscheduler",
    "cryptography",
    "httpx",
    "hubspot",
    "jinja2",
    "pydantic",
    "rapidfuzz",
    "requests",
    "rich",
    "ruamel",
    "simple_salesforce",
    "sqlalchemy",
    "structlog",
    "werkzeug",
)
_LOADED = """
import sys
from velma_sync.cli.main import cli
cli.main(["--help"], standalone_mode=False)
print(*sys.modules, file=sys.stderr)
"""


def measure() -> list[Measure]:
    ours = _cpu_milliseconds([COMMAND, "--help"])
    bare = statistics.median(_cpu_milliseconds([sys.executable, "-c", "pass"]))
    loaded = _loaded()
    return [
        Measure(
            "start-up",
            "velma-sync --help: CPU",
            f"{statistics.median(ours):.0f} ms",
            detail=(
                f"spread {min(ours):.0f} to {max(ours):.0f} ms over {TIMES} runs; "
                f"the interpreter alone {bare:.0f} ms",
            ),
        ),
        Measure(
            "start-up", "large libraries it loads", ", ".join(loaded) or "none", goal="none", met=not loaded
        ),
    ]


def _cpu_milliseconds(command: list[str]) -> list[float]:
    spent = []
    for _ in range(TIMES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        spent.append(1000 * (user + system))
    return spent


def _loaded() -> list[str]:
    run = subprocess.run([sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True)
    modules = set(run.stderr.split())
    return [name for name in LARGE if name in modules]
