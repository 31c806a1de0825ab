"""The open connections of a server: which of them wait for a request, and how they are ended."""

from __future__ import annotations

import contextlib
import socket
import threading

NO_HANG_SECONDS = 30.0


class Connections:
    """Told by every connection what it does. One that is ended finishes the request it is in.

    Safe for threads.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._waiting: set[socket.socket] = set()
        self._ended: set[socket.socket] = set()
        self._closed = False
        self.opened = 0
        """How many there have been."""

    def add(self, connection: socket.socket) -> None:
        with self._changed:
            self.opened += 1
            self._open.add(connection)
            if self._closed:
                self._ended.add(connection)
        self.await_request(connection)

    def await_request(self, connection: socket.socket) -> None:
        """From here on the connection may be ended at any time."""
        with self._changed:
            self._waiting.add(connection)
            if connection in self._ended:
                _end(connection)

    def begin_request(self, connection: socket.socket) -> bool:
        """False when the connection was ended before: the request must have no effect."""
        with self._changed:
            self._waiting.discard(connection)
            return connection not in self._ended

    def remove(self, connection: socket.socket) -> None:
        with self._changed:
            for each in (self._open, self._waiting, self._ended):
                each.discard(connection)
            self._changed.notify_all()

    def end_all(self) -> None:
        """End those that are open now. Returns when they are gone; raises TimeoutError if one is not."""
        with self._changed:
            ending = self._end_open()
            if not self._changed.wait_for(lambda: ending.isdisjoint(self._open), NO_HANG_SECONDS):
                raise TimeoutError("a request is still being answered")

    def close(self) -> None:
        """End those that are open and all that are still to come. Waits for no answer."""
        with self._changed:
            self._closed = True
            self._end_open()
            self._changed.wait_for(lambda: not self._waiting, NO_HANG_SECONDS)

    def _end_open(self) -> set[socket.socket]:
        ending = set(self._open)
        self._ended |= ending
        for connection in ending & self._waiting:
            _end(connection)
        return ending


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the client may have gone first
        connection.shutdown(socket.SHUT_RDWR)
