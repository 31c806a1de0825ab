"""The door to HTTP, against servers that misbehave on real sockets."""

from __future__ import annotations

import gzip
import io
import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.http import (
    UPLOAD_PIECE,
    AnswerLost,
    Deadline,
    FormFile,
    HttpClient,
    HttpRequest,
    NotSent,
    Unreachable,
)
from velma_connectors.url import Url

Serve = Callable[..., Any]
AT_MOST_SECONDS = 10.0
"""Far above every deadline used here and far below every timeout that would otherwise end the wait."""


def get(client: HttpClient, url: str, *, seconds: float = 20.0, **headers: str) -> tuple[int, bytes]:
    request = HttpRequest("GET", Url.parse(url), headers=headers)
    with client.send(request, deadline=Deadline(seconds), idle_seconds=20.0) as answer:
        return answer.status, answer.body(1_000_000)


def upload(client: HttpClient, url: str, file: io.BytesIO, *, seconds: float = 20.0) -> int:
    part = FormFile("upload_file", "recording.ogg", "audio/ogg", file)
    request = HttpRequest("POST", Url.parse(url), fields={"config": "default"}, file=part)
    with client.send(request, deadline=Deadline(seconds), idle_seconds=20.0) as answer:
        answer.body(1_000_000)
        return answer.status


def test_a_deadline_gives_what_is_left_and_then_ends() -> None:
    now = [100.0]
    deadline = Deadline(30.0, clock=lambda: now[0])
    assert deadline.cap() == 30.0
    assert deadline.cap(10.0) == 10.0
    now[0] = 125.0
    assert deadline.cap(10.0) == 5.0
    now[0] = 130.0
    with pytest.raises(TimeoutError):
        deadline.cap(10.0)


def test_a_target_is_requested_exactly_as_it_was_signed(serve: Serve) -> None:
    heads: list[bytes] = []

    def talk(peer: Any) -> None:
        heads.append(peer.head())
        peer.answer(200, b"ok")

    target = "/b%2Fc;v=1/%7Euser?X-Amz-Signature=ab%3D%2B&t=1+2&u=~,'(x)"
    assert get(HttpClient(), f"{serve(talk).url}{target}") == (200, b"ok")
    assert heads[0].split(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()


@given(st.from_regex(r"[a-z0-9_]([a-z0-9_.-]{0,20}[a-z0-9_])?", fullmatch=True))
def test_the_host_that_was_checked_is_the_host_that_is_asked_for(host: str) -> None:
    try:
        url = Url.parse(f"https://{host}/x")
    except ValueError:
        return
    asked: list[str] = []

    def resolve(name: str, port: int) -> list[str]:
        asked.append(name)
        raise OSError

    with pytest.raises(Unreachable):
        get(HttpClient(resolve, tls=_NO_TLS), f"{url.origin}/x")
    assert asked == [url.host]


_NO_TLS = ssl.create_default_context()


def test_nothing_comes_from_the_environment(
    serve: Serve, closed_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heads: list[bytes] = []

    def talk(peer: Any) -> None:
        heads.append(peer.head())
        peer.answer(200, b"ok", set_cookie="session=1")

    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
        monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{closed_port}")
    server, client = serve(talk), HttpClient()
    assert get(client, server.url) == get(client, server.url) == (200, b"ok")
    sent = b"\r\n".join(heads).lower()
    assert b"authorization" not in sent
    assert b"cookie" not in sent
    assert b"accept-encoding: identity" in sent


def test_every_request_has_a_connection_of_its_own(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.answer(200, b"ok")
        peer.stop.wait(20)

    server, client = serve(talk), HttpClient()
    get(client, server.url)
    get(client, server.url)
    assert server.connections == 2


def test_a_refused_connection_is_unreachable(closed_port: int) -> None:
    with pytest.raises(Unreachable, match="it refused the connection"):
        get(HttpClient(), f"http://127.0.0.1:{closed_port}/x")


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="its name could not be resolved"):
        get(HttpClient(lambda host, port: []), "http://nowhere.test/x")


def test_a_checked_address_is_connected_to_while_the_name_is_verified(
    serve: Serve, certificates: Any
) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.answer(200, b"ok")

    server = serve(talk, tls=certificates.server)
    client = HttpClient(lambda host, port: ["127.0.0.1"], tls=certificates.client)
    assert get(client, f"https://{certificates.name}:{server.port}/x") == (200, b"ok")
    with pytest.raises(Unreachable, match=r"its certificate was refused \(Hostname mismatch"):
        get(client, f"https://other.test:{server.port}/x")


def test_an_unknown_authority_is_refused(serve: Serve, certificates: Any) -> None:
    server = serve(lambda peer: peer.head(), tls=certificates.server)
    client = HttpClient(lambda host, port: ["127.0.0.1"])
    with pytest.raises(Unreachable, match="its certificate was refused"):
        get(client, f"https://{certificates.name}:{server.port}/x")


def test_a_plain_server_behind_https_is_unreachable(serve: Serve, certificates: Any) -> None:
    server = serve(lambda peer: peer.send(b"HTTP/1.1 400 No\r\n\r\n"))
    client = HttpClient(lambda host, port: ["127.0.0.1"], tls=certificates.client)
    with pytest.raises(Unreachable, match="no encrypted connection could be agreed on"):
        get(client, f"https://{certificates.name}:{server.port}/x")


def test_the_next_address_is_tried_when_one_refuses(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.answer(200, b"ok")

    server = serve(talk)
    client = HttpClient(lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert get(client, f"http://two-addresses.test:{server.port}/x") == (200, b"ok")


def test_a_connection_cut_during_the_upload_means_not_sent(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.reset()

    with pytest.raises(NotSent, match="the connection was cut"):
        upload(HttpClient(), serve(talk).url, io.BytesIO(bytes(32_000_000)))


def test_a_connection_cut_after_the_upload_means_the_answer_is_lost(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.reset()

    with pytest.raises(AnswerLost, match="the connection was cut"):
        upload(HttpClient(), serve(talk).url, io.BytesIO(bytes(1000)))


def test_a_connection_closed_without_an_answer_means_the_answer_is_lost(serve: Serve) -> None:
    with pytest.raises(AnswerLost, match="the connection was cut"):
        upload(HttpClient(), serve(lambda peer: peer.request()).url, io.BytesIO(bytes(1000)))


def test_an_answer_that_comes_before_the_upload_is_complete_is_read(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.answer(413, b"too large", connection="close")

    assert upload(HttpClient(), serve(talk).url, io.BytesIO(bytes(32_000_000))) == 413


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
        b"this is no HTTP\r\n\r\n",
    ],
    ids=["short of its length", "without last chunk", "cut in the headers", "not its encoding", "not HTTP"],
)
def test_an_incomplete_answer_is_lost(serve: Serve, answer: bytes) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.send(answer)

    with pytest.raises(AnswerLost):
        get(HttpClient(), serve(talk).url)


def test_an_encoding_nobody_asked_for_is_undone(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.answer(200, gzip.compress(b"{}"), content_encoding="gzip")

    assert get(HttpClient(), serve(talk).url) == (200, b"{}")


def test_an_answer_is_given_up_at_the_limit(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(4_000_000))

    with pytest.raises(AnswerLost, match="longer than 1000000 bytes"):
        get(HttpClient(), serve(talk).url)


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["headers from the first byte", "a header", "the body"],
)
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
def test_the_deadline_ends_an_answer_that_trickles(
    serve: Serve, certificates: Any, start: bytes, encrypted: bool
) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.send(start)
        peer.trickle(b"H" if not start else b"x")

    server = serve(talk, tls=certificates.server if encrypted else None)
    client = HttpClient(lambda host, port: ["127.0.0.1"], tls=certificates.client)
    began = time.monotonic()
    with pytest.raises(AnswerLost):
        get(client, f"{'https' if encrypted else 'http'}://{certificates.name}:{server.port}/x", seconds=0.3)
    assert time.monotonic() - began < AT_MOST_SECONDS


def test_the_deadline_ends_an_upload_that_nobody_reads(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.stop.wait(20)

    began = time.monotonic()
    with pytest.raises(NotSent, match="it did not respond in time"):
        upload(HttpClient(), serve(talk).url, io.BytesIO(bytes(32_000_000)), seconds=0.3)
    assert time.monotonic() - began < AT_MOST_SECONDS


def test_the_deadline_ends_an_upload_that_is_read_in_drops(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        while not peer.stop.wait(0.02):
            peer.connection.recv(1000)

    began = time.monotonic()
    with pytest.raises(NotSent, match="it did not respond in time"):
        upload(HttpClient(), serve(talk).url, io.BytesIO(bytes(32_000_000)), seconds=0.3)
    assert time.monotonic() - began < AT_MOST_SECONDS


def test_the_deadline_ends_a_handshake_that_never_comes(serve: Serve, certificates: Any) -> None:
    server = serve(lambda peer: peer.stop.wait(20))
    client = HttpClient(lambda host, port: ["127.0.0.1"], tls=certificates.client)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="it did not respond in time"):
        get(client, f"https://{certificates.name}:{server.port}/x", seconds=0.3)
    assert time.monotonic() - began < AT_MOST_SECONDS


def test_a_silence_ends_before_the_deadline(serve: Serve) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.stop.wait(20)

    request = HttpRequest("GET", Url.parse(serve(talk).url))
    began = time.monotonic()
    with (
        pytest.raises(AnswerLost, match="it did not respond in time"),
        HttpClient().send(request, deadline=Deadline(600), idle_seconds=0.2),
    ):
        pass
    assert time.monotonic() - began < AT_MOST_SECONDS


def test_uploads_read_their_file_in_large_pieces(serve: Serve) -> None:
    class Watched(io.BytesIO):
        reads: list[int | None] = []  # noqa: RUF012 - one instance in one test

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads.append(size)
            return super().read(size)

    def talk(peer: Any) -> None:
        peer.request()
        peer.answer(200)

    upload(HttpClient(), serve(talk).url, Watched(bytes(3 * UPLOAD_PIECE)))
    assert Watched.reads == [UPLOAD_PIECE] * 4, "three full pieces and the end of the file"


def test_secrets_do_not_reach_the_log_at_any_level(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.answer(302, location="https://signed.test/audio?signature=secret-2")

    request = HttpRequest(
        "GET", Url.parse(f"{serve(talk).url}/secret-1?k=secret-1"), {"X-API-Key": "secret-3"}
    )
    with (
        caplog.at_level(logging.DEBUG),
        HttpClient().send(request, deadline=Deadline(20), idle_seconds=20) as answer,
    ):
        assert answer.headers["Location"].endswith("secret-2")
    assert "secret" not in caplog.text
    assert "secret" not in repr(request)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (" 120 ", 120.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)],
)
def test_a_retry_after_counts_when_it_is_a_number_of_seconds(
    serve: Serve, header: str, seconds: float | None
) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.answer(503, retry_after=header)

    request = HttpRequest("GET", Url.parse(serve(talk).url))
    with HttpClient().send(request, deadline=Deadline(20), idle_seconds=20) as answer:
        assert answer.retry_after == seconds
