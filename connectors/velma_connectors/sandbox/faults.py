"""Faults that any emulator can be told to show: refusals, cut connections, slow answers."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Response

from velma_connectors.sandbox.server import WsgiApp


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests whose `METHOD /path` matches the pattern.

    `answer` replaces the emulator's answer. `cut` closes the connection without one: "before" the
    emulator has acted, "after", when it has acted and only its answer is lost, or "midway", after half of
    the answer's body. `hold` makes the request wait until `release` is set.
    """

    pattern: str
    times: int = 1
    answer: Response | None = None
    cut: str | None = None
    hold: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    """Set when a request has met this fault, so that a test can wait for it without sleeping."""


class FaultInjector:
    """Wraps an emulator's WSGI application and applies the planned faults, first match first."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            for fault in self._faults:
                fault.release.set()
            self._faults.clear()

    def _take(self, line: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and re.search(fault.pattern, line):
                    fault.times -= 1
                    return fault
        return None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        fault = self._take(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if fault is None:
            return self._app(environ, start_response)
        fault.reached.set()
        if fault.hold:
            fault.release.wait(timeout=60)
        if fault.cut == "before":
            return _cut(environ)
        if fault.cut == "after":
            b"".join(self._app(environ, lambda *_: lambda _data: None))
            return _cut(environ)
        if fault.cut == "midway":
            return _half(self._app, environ, start_response)
        if fault.answer is not None:
            return fault.answer(environ, start_response)
        return self._app(environ, start_response)


def _half(app: WsgiApp, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    """The emulator's answer with its full length announced, of which only half is sent."""
    response = Response.from_app(app, environ)
    body = response.get_data()
    response.headers["Content-Length"] = str(len(body))
    start_response(response.status, list(response.headers))
    yield body[: len(body) // 2]
    yield from _cut(environ)


def _cut(environ: dict[str, Any]) -> Iterable[bytes]:
    """Reset the connection: the client sees it break instead of an answer."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):  # the client may have gone first
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
    raise ConnectionResetError
