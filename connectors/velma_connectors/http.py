"""The one door to HTTP: one request, on a connection of its own, that ends by its deadline.

    HttpFailure
    ├── NotSent       the request did not leave completely; the far side cannot have acted on it
    │   └── Unreachable   there was not even a connection
    └── AnswerLost    the whole request was sent, but no complete answer came back

A socket timeout is per read, so a far side that trickles could hold a thread forever. Here every
single read and write gets at most what is left until the deadline. Only looking up a host name is
bounded by the system's resolver instead.

There is no connection reuse, because a kept connection that the far side has meanwhile closed cannot be
told from a lost answer, and lost answers may have been paid for. There are no retries, redirects,
cookies, proxies or credentials from the environment either.

Loading this module costs about 0.1 s of CPU for httpx: import it when a connection opens.
"""

from __future__ import annotations

import logging
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import httpcore
import httpx
from httpx._multipart import FileField

from velma_connectors.errors import VelmaSyncError
from velma_connectors.url import Url

CONNECT_SECONDS = 10.0
WRITE_SECONDS = 60.0
UPLOAD_PIECE = 256 * 1024

# Uploads read their file in pieces of this size; the library's 64 KiB cost about twice the CPU.
FileField.CHUNK_SIZE = UPLOAD_PIECE

# At debug level these libraries log header values: Location holds signed recording links.
logging.getLogger("httpcore").setLevel(logging.WARNING)

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to the numeric addresses that may be connected to. May raise any verdict instead."""


class HttpFailure(VelmaSyncError):
    """No answer. The message is a clause about the far side, such as `it refused the connection`."""


class NotSent(HttpFailure):
    """The request did not leave completely, so the far side cannot have acted on it."""


class Unreachable(NotSent):
    """No connection could be made: name, network, refusal or certificate."""


class AnswerLost(HttpFailure):
    """The whole request was sent, but no complete answer came back."""


class Deadline:
    """A point in time by which everything must be over. Raises TimeoutError once it has passed."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def cap(self, seconds: float | None = None) -> float:
        """What is left, in seconds, but no more than `seconds`."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError
        return left if seconds is None else min(left, seconds)


@dataclass(frozen=True, slots=True)
class FormFile:
    """The file of a multipart form, read in pieces while it is sent."""

    name: str
    filename: str
    media_type: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to send. With `file`, the body is a multipart form of `fields` and the file."""

    method: str
    url: Url
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: FormFile | None = None


class Answer:
    """Status and headers, and a body that is read as it arrives."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        """Keys in any case."""

    @property
    def retry_after(self) -> float | None:
        """Seconds of a `Retry-After` header, when it is a number."""
        value = self.headers.get("retry-after", "").strip()
        return float(value) if value.isdecimal() else None

    def pieces(self) -> Iterator[bytes]:
        """The body as sent, without undoing any encoding. Raises AnswerLost when it ends early."""
        with _translated(sent=lambda: True):
            yield from self._response.iter_raw()

    def body(self, most_bytes: int) -> bytes:
        """The decoded body. Raises AnswerLost when it ends early or is longer than `most_bytes`."""
        body = bytearray()
        with _translated(sent=lambda: True):
            for piece in self._response.iter_bytes():
                body += piece
                if len(body) > most_bytes:
                    raise AnswerLost(f"its answer is longer than {most_bytes} bytes")
        return bytes(body)


def resolve_name(host: str, port: int) -> Sequence[str]:
    """All addresses of a host, as the system's resolver orders them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class HttpClient:
    """Sends single requests. Safe to use from several threads at once."""

    def __init__(self, resolve: Resolve = resolve_name, tls: ssl.SSLContext | None = None) -> None:
        self._resolve = resolve
        self._tls = tls or httpx.create_ssl_context(trust_env=False)

    @contextmanager
    def send(self, request: HttpRequest, *, deadline: Deadline, idle_seconds: float) -> Iterator[Answer]:
        """One exchange, over by the deadline, with silences of at most `idle_seconds`.

        Raises NotSent, AnswerLost and what the resolver raises.
        """
        progress = _Progress()
        network = _Network(self._resolve, deadline)
        with httpcore.ConnectionPool(ssl_context=self._tls, network_backend=network, retries=0) as pool:
            with _translated(sent=lambda: progress.sent):
                response = pool.handle_request(_encoded(request, idle_seconds, progress))
            try:
                yield Answer(
                    httpx.Response(response.status, headers=response.headers, stream=_Body(response))
                )
            finally:
                response.close()


class _Progress:
    """Learns from the connection whether the last byte of the request was handed over."""

    def __init__(self) -> None:
        self.sent = False

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "http11.send_request_body.complete":
            self.sent = True


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()


def _encoded(request: HttpRequest, idle_seconds: float, progress: _Progress) -> httpcore.Request:
    url = request.url
    file = request.file
    encoded = httpx.Request(
        request.method,
        httpx.URL(scheme=url.scheme, host=url.host, port=url.port, raw_path=url.target.encode("ascii")),
        headers={"Accept-Encoding": "identity", "User-Agent": "velma-sync", **request.headers},
        data=request.fields or None,
        files={file.name: (file.filename, file.stream, file.media_type)} if file else None,
    )
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target),
        headers=encoded.headers.raw,
        content=encoded.stream,
        extensions={
            "timeout": {"connect": CONNECT_SECONDS, "write": WRITE_SECONDS, "read": idle_seconds},
            "trace": progress,
        },
    )


class _Network(httpcore.NetworkBackend):
    """Connects to resolved addresses only, so that what a resolver has checked is what is used."""

    def __init__(self, resolve: Resolve, deadline: Deadline) -> None:
        self._resolve = resolve
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: object = None,
    ) -> httpcore.NetworkStream:
        with _raising(httpcore.ConnectTimeout, httpcore.ConnectError):
            failure: OSError = socket.gaierror()
            for address in self._resolve(host, port):
                try:
                    connection = socket.create_connection((address, port), self._deadline.cap(timeout))
                except OSError as error:
                    failure = error
                else:
                    _keep_alive(connection)
                    return _Stream(connection, self._deadline)
            raise failure


class _Stream(httpcore.NetworkStream):
    """A socket whose every wait ends with the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._socket = connection
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _raising(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(self._deadline.cap(timeout))
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        unsent = memoryview(buffer)
        with _raising(httpcore.WriteTimeout, httpcore.WriteError):
            while unsent:
                self._socket.settimeout(self._deadline.cap(timeout))
                unsent = unsent[self._socket.send(unsent) :]

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with _raising(httpcore.ConnectTimeout, httpcore.ConnectError):
            try:
                self._socket.settimeout(self._deadline.cap(timeout))
                encrypted = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
            except OSError:
                self.close()
                raise
            return _Stream(encrypted, self._deadline)

    def close(self) -> None:
        self._socket.close()


def _keep_alive(connection: socket.socket) -> None:
    """Have the system probe a silent connection: routers forget those that are quiet for minutes."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


@contextmanager
def _raising(timeout: type[Exception], failure: type[Exception]) -> Iterator[None]:
    """The socket's errors as the ones that httpcore acts upon."""
    try:
        yield
    except TimeoutError as error:
        raise timeout from error
    except OSError as error:
        raise failure from error


@contextmanager
def _translated(sent: Callable[[], bool]) -> Iterator[None]:
    """The libraries' errors as ours."""
    try:
        yield
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise Unreachable(_clause(error)) from error
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpx.DecodingError,
    ) as error:
        failure = AnswerLost if sent() else NotSent
        raise failure(_clause(error)) from error


def _clause(error: Exception) -> str:
    """What happened, without repeating anything the far side or a header said."""
    # The connection pool clears the cause of what it passes on; the context is kept.
    cause = error.__cause__ or error.__context__
    match cause:
        case ssl.SSLCertVerificationError():
            return f"its certificate was refused ({cause.verify_message.rstrip('.')})"
        case ssl.SSLError():
            return "no encrypted connection could be agreed on"
        case socket.gaierror():
            return "its name could not be resolved"
        case ConnectionRefusedError():
            return "it refused the connection"
        case ConnectionError():
            return "the connection was cut"
        case OSError(errno=int(number)) if not isinstance(cause, TimeoutError):
            return f"the network failed ({os.strerror(number)})"
    if isinstance(error, httpcore.TimeoutException):
        return "it did not respond in time"
    return "the connection was cut" if isinstance(error, httpcore.ProtocolError) else "it could not be read"
