"""The server of every emulator: kept connections, where requests and answers end, and how it closes."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.faults import Fault, FaultInjector
from velma_connectors.sandbox.server import DRAINED_BYTES, Ending, RunningServer

NO_HANG_SECONDS = 20.0
LEFT = b"what nobody reads"


@dataclass
class Echo:
    """Answers POST /echo with its body, and /ANYTHING with what a test put there; /x ignores its body."""

    answers: dict[str, Callable[[], Response]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        self.seen.append(f"{request.method} {request.path}")
        if request.path == "/echo":
            return Response(request.get_data())(environ, start_response)
        return self.answers.get(request.path, lambda: Response("answer"))()(environ, start_response)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    said: bytes


class Client:
    """One connection."""

    def __init__(self, server: RunningServer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), NO_HANG_SECONDS)

    def send(self, head: str, body: bytes = b"") -> None:
        lines = head.replace("\n", "\r\n")
        self.socket.sendall(f"{lines}\r\nHost: localhost\r\n\r\n".encode() + body)

    def answer(self, method: str = "GET") -> Answer:
        """The next answer."""
        with http.client.HTTPResponse(self.socket, method=method) as response:
            response.begin()
            return Answer(response.status, response.headers, response.read())

    def ask(self, head: str, body: bytes = b"") -> Answer:
        self.send(head, body)
        return self.answer(head.partition(" ")[0])

    def is_ended(self) -> bool:
        """Waits until the server ends the connection. False when it says something instead."""
        return self.socket.recv(1) == b""


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def faults(echo: Echo) -> FaultInjector:
    return FaultInjector(echo)


@pytest.fixture
def server(faults: FaultInjector) -> Iterator[RunningServer]:
    with RunningServer(faults) as running:
        yield running
        faults.clear()


@pytest.fixture
def connect() -> Iterator[Callable[[RunningServer], Client]]:
    opened: list[Client] = []

    def open_one(server: RunningServer) -> Client:
        opened.append(Client(server))
        return opened[-1]

    yield open_one
    for each in opened:
        each.socket.close()


@pytest.fixture
def client(server: RunningServer, connect: Any) -> Client:
    return connect(server)  # type: ignore[no-any-return]


def serves_on(client: Client) -> bool:
    """Whether the connection takes another request, whose answer is whole and its own."""
    answer = client.ask("POST /echo HTTP/1.1\nContent-Length: 4", b"next")
    return answer.status == 200 and answer.said == b"next"


# Requests


def test_a_connection_serves_one_request_after_the_other(server: RunningServer, client: Client) -> None:
    for number in range(5):
        body = b"%d" % number
        answer = client.ask("POST /echo HTTP/1.1\nContent-Length: 1", body)
        assert answer.said == body
        assert answer.headers["Connection"] is None
    assert server.connections == 1


@pytest.mark.parametrize(
    "request_",
    [
        ("POST /x HTTP/1.1\nContent-Length: 17", LEFT),
        ("POST /x HTTP/1.1\nTransfer-Encoding: chunked", b"11\r\n" + LEFT + b"\r\n0\r\n\r\n"),
        (
            "POST /x HTTP/1.1\nTransfer-Encoding: Chunked",
            b"a;name=value\r\nwhat nobod\r\n7\r\ny reads\r\n000\r\nTrailer: 1\r\nOther: 2\r\n\r\n",
        ),
    ],
    ids=["declared", "chunked", "chunks with extensions and trailers"],
)
def test_a_body_that_nobody_read_is_not_taken_for_the_next_request(
    echo: Echo, client: Client, request_: tuple[str, bytes]
) -> None:
    assert client.ask(*request_).said == b"answer"
    assert serves_on(client)
    assert echo.seen == ["POST /x", "POST /echo"]


def test_a_chunked_body_reaches_the_application(client: Client) -> None:
    pieces = b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
    answer = client.ask("POST /echo HTTP/1.1\nTransfer-Encoding: chunked", pieces)
    assert answer.said == b"abc0123456789abcdef"
    assert serves_on(client)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("POST /echo HTTP/1.1\nContent-Length: 4\nContent-Length: 5", b"12345"),
        ("POST /echo HTTP/1.1\nContent-Length: 4\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
        ("POST /echo HTTP/1.1\nTransfer-Encoding: chunked", b"no length\r\n"),
    ],
    ids=["two lengths", "length and chunks", "no chunk"],
)
def test_a_body_without_a_clear_end_is_refused_and_ends_the_connection(
    client: Client, head: str, body: bytes
) -> None:
    answer = client.ask(head, body)
    assert (answer.status, answer.headers["Connection"]) == (400, "close")
    assert client.is_ended()


@pytest.mark.parametrize("said", ["close", "Close", "keep-alive, close"])
def test_a_client_that_wants_to_close_is_obeyed(client: Client, said: str) -> None:
    answer = client.ask(f"GET /x HTTP/1.1\nConnection: {said}")
    assert (answer.said, answer.headers["Connection"]) == (b"answer", "close")
    assert client.is_ended()


@pytest.mark.parametrize("more", ["", "\nConnection: keep-alive"])
def test_a_client_that_knows_no_chunks_reads_until_the_end(echo: Echo, client: Client, more: str) -> None:
    echo.answers["/stream"] = lambda: Response(iter([b"one ", b"two"]))
    answer = client.ask(f"GET /stream HTTP/1.0{more}")
    assert (answer.said, answer.headers["Transfer-Encoding"]) == (b"one two", None)
    assert client.is_ended()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_long_body_that_nobody_wants_costs_the_connection_but_not_the_answer(
    client: Client, chunked: bool
) -> None:
    content = bytes(DRAINED_BYTES * 16)
    framing, body = (
        ("Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content))
        if chunked
        else (f"Content-Length: {len(content)}", content)
    )
    answer = client.ask(f"POST /x HTTP/1.1\n{framing}", body)
    assert answer.said == b"answer"
    assert answer.headers["Connection"] == (None if chunked else "close"), "only a length tells before"
    client.socket.shutdown(socket.SHUT_WR)
    assert client.is_ended()


def test_a_client_that_asks_before_it_sends_is_told_to_go_on_once(client: Client) -> None:
    client.send("POST /echo HTTP/1.1\nContent-Length: 4\nExpect: 100-continue")
    told = client.socket.recv(1000)
    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.socket.sendall(b"body")
    assert client.answer().said == b"body"
    assert serves_on(client)


# Answers


def test_an_answer_is_sent_at_once_and_in_one_piece(client: Client) -> None:
    client.send("GET /x HTTP/1.1")
    piece = client.socket.recv(1 << 16)
    assert piece.startswith(b"HTTP/1.1 200 OK\r\n")
    assert piece.endswith(b"\r\n\r\nanswer")


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", lambda: Response("never sent")),
        ("GET", lambda: Response(status=204)),
        ("GET", lambda: Response("never sent", status=304)),
        ("GET", lambda: Response(b"")),
        ("GET", lambda: Response(iter([b"", b"some", b"", b"more"]))),
        ("GET", lambda: Response(iter([]))),
        ("GET", lambda: Response(bytes(3_000_000))),
    ],
    ids=["HEAD", "204", "304", "empty", "stream", "empty stream", "long"],
)
def test_the_next_answer_is_not_mistaken_for_a_part_of_this_one(
    echo: Echo, client: Client, method: str, answer: Callable[[], Response]
) -> None:
    echo.answers["/it"] = answer
    client.ask(f"{method} /it HTTP/1.1")
    assert serves_on(client)


@pytest.mark.parametrize("length", [1, 99])
def test_an_answer_that_is_not_as_long_as_it_says_ends_the_connection(
    echo: Echo, client: Client, length: int
) -> None:
    echo.answers["/it"] = lambda: Response(iter([b"some"]), headers={"Content-Length": str(length)})
    client.send("GET /it HTTP/1.1")
    received = b""
    while piece := client.socket.recv(1000):
        received += piece
    assert received.endswith(b"\r\n\r\nsome")


def test_a_date_of_the_emulator_stays_and_another_answer_gets_the_real_one(
    echo: Echo, client: Client
) -> None:
    date = "Mon, 05 Jan 2026 09:00:00 GMT"
    echo.answers["/dated"] = lambda: Response(headers={"Date": date})
    assert client.ask("GET /dated HTTP/1.1").headers.get_all("Date") == [date]
    (real,) = client.ask("GET /x HTTP/1.1").headers.get_all("Date", [])
    assert real != date


def test_an_emulator_that_fails_says_so_and_is_logged(
    echo: Echo, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    echo.answers["/it"] = lambda: Response(_failing(b""))
    answer = client.ask("POST /it HTTP/1.1\nContent-Length: 4", b"body")
    assert (answer.status, answer.headers["Connection"]) == (500, "close")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.is_ended()
    assert "ZeroDivisionError" in caplog.text


def test_an_emulator_that_fails_in_the_middle_leaves_a_broken_answer(echo: Echo, client: Client) -> None:
    echo.answers["/it"] = lambda: Response(_failing(b"some"))
    with pytest.raises(http.client.IncompleteRead):
        client.ask("GET /it HTTP/1.1\nConnection: close")


def _failing(first: bytes) -> Iterator[bytes]:
    yield first
    yield b"%d" % (1 // 0)


# Faults on a connection that is in use


@pytest.mark.parametrize("cut", ["before", "after", "midway"])
def test_a_later_request_of_a_connection_can_be_cut(
    echo: Echo, faults: FaultInjector, server: RunningServer, client: Client, cut: str
) -> None:
    assert serves_on(client)
    faults.add(Fault("POST /echo", cut=cut))
    with pytest.raises((ConnectionResetError, http.client.HTTPException)):
        serves_on(client)
    assert echo.seen.count("POST /echo") == (1 if cut == "before" else 2)
    again = Client(server)
    assert serves_on(again)
    again.socket.close()


def test_a_canned_answer_and_a_held_one_leave_the_connection_in_use(
    faults: FaultInjector, server: RunningServer, client: Client
) -> None:
    assert serves_on(client)
    faults.add(Fault("POST /echo", answer=Response("busy", status=503)))
    assert client.ask("POST /echo HTTP/1.1\nContent-Length: 17", LEFT).status == 503
    held = faults.add(Fault("POST /echo", hold=True))
    client.send("POST /echo HTTP/1.1\nContent-Length: 4", b"held")
    assert held.reached.wait(NO_HANG_SECONDS)
    held.release.set()
    assert client.answer().said == b"held"
    assert serves_on(client)
    assert server.connections == 1


# How connections end


def test_closing_ends_idle_connections_at_once_and_leaves_no_thread(connect: Any) -> None:
    before = set(threading.enumerate())
    began = time.monotonic()
    with RunningServer(Echo()) as server:
        clients = [connect(server) for _ in range(8)]
        assert all(serves_on(client) for client in clients)
        clients[0].send("POST /x HTTP/1.1\nContent-Length: 100", b"less")
        assert clients[0].answer().said == b"answer"
    assert all(client.is_ended() for client in clients)
    for thread in set(threading.enumerate()) - before:
        thread.join(NO_HANG_SECONDS)
        assert not thread.is_alive()
    assert time.monotonic() - began < NO_HANG_SECONDS / 2


def test_closing_waits_for_no_answer_but_lets_it_be_given(connect: Any) -> None:
    faults = FaultInjector(Echo())
    held = faults.add(Fault("GET /held", hold=True))
    with RunningServer(faults) as server:
        client = connect(server)
        client.send("GET /held HTTP/1.1")
        assert held.reached.wait(NO_HANG_SECONDS)
    held.release.set()
    assert client.answer().said == b"answer"
    assert client.is_ended()


def test_idle_connections_are_ended_on_request_while_the_server_goes_on(
    server: RunningServer, connect: Any
) -> None:
    clients = [connect(server) for _ in range(3)]
    assert all(serves_on(client) for client in clients)
    server.end_connections()
    assert all(client.is_ended() for client in clients)
    assert serves_on(connect(server))


def test_the_last_answer_announces_the_end(connect: Any) -> None:
    with RunningServer(Echo(), requests_per_connection=2) as server:
        client = connect(server)
        assert [client.ask("GET /x HTTP/1.1").headers["Connection"] for _ in range(2)] == [None, "close"]
        assert client.is_ended()


def test_the_last_answer_can_be_silent_about_the_end(connect: Any) -> None:
    with RunningServer(Echo(), requests_per_connection=2, ending=Ending.SILENT) as server:
        client = connect(server)
        assert [client.ask("GET /x HTTP/1.1").headers["Connection"] for _ in range(2)] == [None, None]
        assert client.is_ended()


def test_the_end_can_cross_the_next_request_which_has_no_effect(connect: Any) -> None:
    echo = Echo()
    with RunningServer(echo, requests_per_connection=1, ending=Ending.CROSSING) as server:
        client = connect(server)
        assert client.ask("GET /x HTTP/1.1").said == b"answer"
        client.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.is_ended()
        client.socket.settimeout(NO_HANG_SECONDS)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            client.ask("GET /y HTTP/1.1")
    assert echo.seen == ["GET /x"]
