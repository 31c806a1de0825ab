"""SIGTERM and SIGINT: the first asks for a polite end, the second ends the process where it stands."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDING = (signal.SIGTERM, signal.SIGINT)
ABRUPT_EXIT = 130


@contextmanager
def polite_end(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first signal, from a thread of its own; at the second, exit at once.

    A handler in the main thread could interrupt it anywhere, also inside a lock that `stop` needs. The
    ledger survives an abrupt end: leases lapse and are taken up again. Enter it before starting threads,
    which inherit that the signals are waited for here.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    threading.Thread(target=_wait_for_signals, args=(stop,), name="signals", daemon=True).start()
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait_for_signals(stop: Callable[[], None]) -> None:
    signal.sigwait(ENDING)
    stop()
    signal.sigwait(ENDING)
    os._exit(ABRUPT_EXIT)
