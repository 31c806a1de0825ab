"""Serves one emulator on a loopback port, in threads, over real sockets and kept connections."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_set_header
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from velma_connectors.sandbox.connections import Connections
from velma_connectors.sandbox.request_body import PIECE_BYTES, RequestBody, drained, request_body

if TYPE_CHECKING:
    from types import TracebackType

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HOST = "127.0.0.1"
DRAINED_BYTES = 1_000_000
"""Most that is read of a body that nobody wanted, so that its connection can be kept."""
LINGER_SECONDS = 2.0
"""How long a client may be silent that goes on sending after its answer."""


class Ending(StrEnum):
    """How a client learns that the server ends a kept connection."""

    ANNOUNCED = "announced"
    """The last answer says so."""
    SILENT = "silent"
    """It is closed after the last answer, which says nothing of it."""
    CROSSING = "crossing"
    """It is closed just when the next request arrives, which nobody reads."""


class _Answer:
    """What the application answers, sent piece by piece, the head together with the first piece."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self.begun = False
        self._bodiless = False
        self._chunked = False
        self._owed = 0

    def start(
        self, status: str, headers: list[tuple[str, str]], _error: object = None, /
    ) -> Callable[[bytes], object]:
        self._status, self._headers = status, headers
        return self._write

    def send(self, pieces: Iterable[bytes]) -> None:
        try:
            for piece in pieces:
                self._write(piece)
            self._end()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def _write(self, piece: bytes) -> None:
        if piece:
            head = b"" if self.begun else self._head()
            self._handler.wfile.write(head + self._framed(piece))

    def _end(self) -> None:
        rest = b"" if self.begun else self._head()
        if self._chunked:
            rest += b"0\r\n\r\n"
        self._handler.wfile.write(rest)
        if self._owed:
            # Its end can only be told by the end of the connection.
            self._handler.close_connection = True

    def _framed(self, piece: bytes) -> bytes:
        if self._bodiless:
            return b""
        if self._chunked:
            return b"%x\r\n%b\r\n" % (len(piece), piece)
        self._owed -= len(piece)
        return piece

    def _head(self) -> bytes:
        handler = self._handler
        self.begun = True
        code = self._status.partition(" ")[0]
        given = {name.lower(): value for name, value in self._headers}
        self._bodiless = handler.command == "HEAD" or code in ("204", "304")
        if not self._bodiless:
            self._chunked = "content-length" not in given and not handler.close_delimited
            self._owed = int(given.get("content-length", 0))
        headers = list(self._headers)
        if "date" not in given:
            # Left to the emulator otherwise, which may keep a time of its own.
            headers.append(("Date", handler.date_time_string()))
        if self._chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        if handler.close_connection:
            headers.append(("Connection", "close"))
        handler.log_request(code)
        lines = [f"HTTP/1.1 {self._status}", *(f"{name}: {value}" for name, value in headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class _Handler(WSGIRequestHandler):
    """One connection: requests of HTTP/1.1 one after the other, until either side ends it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._answers = 0
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        super().finish()
        self.server.connections.remove(self.connection)

    @property
    def close_delimited(self) -> bool:
        """Whether this client knows no chunks."""
        return self.request_version != "HTTP/1.1"

    def handle_one_request(self) -> None:
        if self._ends_after(self._answers, Ending.CROSSING):
            self.connection.recv(1, socket.MSG_PEEK)
            self.close_connection = True
        else:
            super().handle_one_request()

    def run_wsgi(self) -> None:
        """Answer the request that was just read, and make way for the next one."""
        if not self.server.connections.begin_request(self.connection):
            self.close_connection = True
            return
        answer = _Answer(self)
        try:
            body = request_body(self.headers, self.rfile)
            self.environ = {**self.make_environ(), "wsgi.input": body}
            self.close_connection = self._is_last(body)
            answer.send(self.server.app(self.environ, answer.start))
        except ConnectionError:
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - whatever an emulator raises is told to its client
            self._fail(error, answer)
        else:
            self._await_next(body)

    def log(self, type: str, message: str, *args: Any) -> None:
        logging.getLogger(__name__).debug(message, *args)

    def _is_last(self, body: RequestBody) -> bool:
        return (
            self.close_delimited
            or "close" in parse_set_header(self.headers.get("Connection"))
            or body.coming > DRAINED_BYTES
            or self._ends_after(self._answers + 1, Ending.ANNOUNCED)
        )

    def _ends_after(self, answers: int, ending: Ending) -> bool:
        most = self.server.requests_per_connection
        return most is not None and answers >= most and self.server.ending is ending

    def _await_next(self, body: RequestBody) -> None:
        self._answers += 1
        self.server.connections.await_request(self.connection)
        if not drained(body, DRAINED_BYTES):
            self._linger()
        elif self._ends_after(self._answers, Ending.SILENT):
            self.close_connection = True

    def _fail(self, error: Exception, answer: _Answer) -> None:
        code = error.code if isinstance(error, HTTPException) else None
        if code is None:
            logging.getLogger(__name__).error("An emulator failed", exc_info=error)
        self.close_connection = True
        if not answer.begun:
            self.send_error(code or 500)
        self.server.connections.await_request(self.connection)
        self._linger()

    def _linger(self) -> None:
        """Close, but not on what the client still sends: that would take its answer away."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            while self.connection.recv(PIECE_BYTES):
                pass


class _Server(ThreadedWSGIServer):
    def __init__(self, listening: socket.socket, app: WsgiApp) -> None:
        host, port = listening.getsockname()
        super().__init__(host, port, app, _Handler, fd=listening.fileno())
        self.connections = Connections()
        self.requests_per_connection: int | None = None
        self.ending = Ending.ANNOUNCED


class RunningServer:
    """An emulator that answers until it is closed. Use as a context manager.

    `port` 0 takes any free port. Connections are kept until the client ends them, or after
    `requests_per_connection` requests in the way of `ending`. Raises OSError when a named port is taken.
    """

    def __init__(
        self,
        app: WsgiApp,
        port: int = 0,
        *,
        requests_per_connection: int | None = None,
        ending: Ending = Ending.ANNOUNCED,
    ) -> None:
        with socket.create_server((HOST, port), backlog=128) as listening:
            self.port = listening.getsockname()[1]
            self._server = _Server(listening, app)
        self._server.requests_per_connection = requests_per_connection
        self._server.ending = ending
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """How many were opened so far."""
        return self._server.connections.opened

    def end_connections(self) -> None:
        """End those that are open now, as a server does with idle ones; first let requests be answered.

        Returns when they have ended. Raises TimeoutError when an answer takes half a minute.
        """
        self._server.connections.end_all()

    def close(self) -> None:
        """Accept nothing more and end the connections: idle ones now, others with their answer."""
        self._server.shutdown()
        self._thread.join()
        self._server.connections.close()
        self._server.server_close()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
