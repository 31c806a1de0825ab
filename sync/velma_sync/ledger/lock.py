"""Files that belong to one user, and to one daemon at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from velma_connectors.errors import VelmaSyncError

PRIVATE = 0o600


class LedgerInUse(VelmaSyncError):
    """Another daemon works on this ledger file."""


def create_private(path: Path) -> None:
    """Make sure the file exists and nobody but its owner can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE)
    try:
        os.fchmod(descriptor, PRIVATE)
    finally:
        os.close(descriptor)


@contextmanager
def only_daemon(ledger: Path) -> Iterator[None]:
    """Hold the ledger file for one daemon; the kernel lets go when the process ends, however it ends.

    Raises LedgerInUse.
    """
    path = _lock_of(ledger)
    create_private(path)
    with path.open("r+") as lock:
        if not _take(lock):
            holder = lock.read().strip() or "unknown"
            raise LedgerInUse(
                f"{ledger}: another daemon (process {holder}) works on this ledger. "
                "Stop it first, or give this one a ledger of its own."
            )
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _take(lock: TextIO) -> bool:
    """False when another daemon has it. Those who only look share it for a moment, which is waited for."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _is_daemons(lock):
                return False
        else:
            return True


def _is_daemons(lock: TextIO) -> bool:
    try:
        # Shared, so that several who look never take each other for a daemon.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def is_held(ledger: Path) -> bool:
    """Whether a daemon works on this ledger file now; creates and changes nothing."""
    try:
        with _lock_of(ledger).open() as lock:
            return _is_daemons(lock)
    except FileNotFoundError:
        return False


def _lock_of(ledger: Path) -> Path:
    return ledger.with_name(ledger.name + ".lock")
