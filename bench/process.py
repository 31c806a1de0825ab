"""What the kernel says of a process and of this machine. Linux only: everything is read from /proc."""

from __future__ import annotations

import os
import platform
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_USER_TICKS, _SYSTEM_TICKS = 11, 12
"""Positions in /proc/PID/stat, counted behind the name (proc(5), fields 14 and 15)."""


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads so far, to one hundredth."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])) / _TICKS_PER_SECOND


def peak_rss_megabytes(pid: int) -> float:
    """The most memory the process ever had resident (VmHWM), in 10^6 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"process {pid} is over, its memory can no longer be read")


def machine() -> str:
    """One line about what this was measured on."""
    load = os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, "
        f"Python {platform.python_version()}"
    )
