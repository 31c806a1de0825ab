"""SIGTERM and SIGINT: the first asks for a polite end, the second ends the process where it stands."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDING = (signal.SIGTERM, signal.SIGINT)
ABRUPT_EXIT = 130


@contextmanager
def polite_end(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first signal, from a thread of its own; at the second, exit at once.

    A handler in the main thread could interrupt it anywhere, also inside a lock that `stop` needs; so
    the interpreter only notes each signal in a socket, which the other thread reads. The ledger survives
    an abrupt end: leases lapse and are taken up again. Outside the main thread, signals are not ours.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    before = {number: signal.signal(number, _noted) for number in ENDING}
    descriptor = signal.set_wakeup_fd(writing.fileno())
    watcher = threading.Thread(target=_watch, args=(reading, stop), name="signals", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
        writing.close()
        watcher.join()
        reading.close()


def _noted(_number: int, _frame: object) -> None:
    """Keeps the signal's default from ending the process; the socket has it already."""


def _watch(reading: socket.socket, stop: Callable[[], None]) -> None:
    seen = 0
    while noted := reading.recv(1):
        if noted[0] not in ENDING:
            continue
        seen += 1
        if seen > 1:
            os._exit(ABRUPT_EXIT)
        stop()
