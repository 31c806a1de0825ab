"""Serves one emulator on a loopback port, in threads, over real sockets."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from types import TracebackType

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HOST = "127.0.0.1"


class _QuietHandler(WSGIRequestHandler):
    """HTTP/1.1 with kept connections, and no line on the terminal per request."""

    protocol_version = "HTTP/1.1"
    _dated = True

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin an answer whose Date is left to the emulator, which may keep a time of its own."""
        self._dated = False
        self.log_request(code)
        self.send_response_only(code, message)

    def send_header(self, keyword: str, value: str) -> None:
        self._dated = self._dated or keyword.lower() == "date"
        super().send_header(keyword, value)

    def end_headers(self) -> None:
        if not self._dated:
            self.send_header("Date", self.date_time_string())
        super().end_headers()

    def log(self, type: str, message: str, *args: Any) -> None:
        logging.getLogger(__name__).debug(message, *args)


class RunningServer:
    """An emulator that answers until it is closed. Use as a context manager.

    `port` 0 takes any free port. Raises OSError when a named port is taken.
    """

    def __init__(self, app: WsgiApp, port: int = 0) -> None:
        with socket.create_server((HOST, port), backlog=128) as listening:
            self.port = listening.getsockname()[1]
            self._server = make_server(
                HOST, self.port, app, threaded=True, request_handler=_QuietHandler, fd=listening.fileno()
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
