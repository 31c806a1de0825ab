"""Where the body of a request ends, whatever it holds, however it is read and wherever it is cut."""

from __future__ import annotations

import io
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest

from velma_connectors.sandbox.request_body import RequestBody, drained, request_body

NEXT = b"GET /next HTTP/1.1\r\n\r\n"
PIECES = st.lists(st.binary(min_size=1, max_size=300), max_size=5)


def headers(*lines: str) -> Message:
    message = Message()
    for line in lines:
        name, _, value = line.partition(": ")
        message[name] = value
    return message


def chunked(pieces: list[bytes], end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


def body_of(stream: io.BytesIO, *lines: str) -> RequestBody:
    return request_body(headers(*lines), stream)


@given(PIECES, st.integers(1, 500), st.sampled_from([b"0\r\n\r\n", b"00;a=b\r\nDigest: x\r\n\r\n"]))
def test_chunks_become_the_body_and_what_follows_is_left(pieces: list[bytes], size: int, end: bytes) -> None:
    stream = io.BytesIO(chunked(pieces, end) + NEXT)
    body = body_of(stream, "Transfer-Encoding: chunked")
    read = []
    while piece := body.read(size):
        read.append(piece)
    assert b"".join(read) == b"".join(pieces)
    assert body.complete
    assert stream.read() == NEXT


@given(st.binary(max_size=500), st.integers(0, 500))
def test_what_is_left_of_a_declared_body_is_drained_and_nothing_else(content: bytes, used: int) -> None:
    stream = io.BytesIO(content + NEXT)
    body = body_of(stream, f"Content-Length: {len(content)}")
    assert body.read(used) == content[:used]
    assert drained(body, 1000)
    assert stream.read() == NEXT


@given(PIECES, st.integers(0, 500))
def test_what_is_left_of_a_chunked_body_is_drained_and_nothing_else(pieces: list[bytes], used: int) -> None:
    stream = io.BytesIO(chunked(pieces) + NEXT)
    body = body_of(stream, "Transfer-Encoding: chunked")
    body.read(used)
    assert drained(body, 2000)
    assert stream.read() == NEXT


@given(PIECES, st.data())
def test_a_chunked_body_that_was_cut_is_never_taken_for_a_whole_one(
    pieces: list[bytes], data: st.DataObject
) -> None:
    whole = chunked(pieces)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    body = body_of(io.BytesIO(cut), "Transfer-Encoding: chunked")
    with pytest.raises(ConnectionResetError):
        body.read()
    assert not body.complete
    assert not drained(body_of(io.BytesIO(cut), "Transfer-Encoding: chunked"), 2000)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_declared_body_that_was_cut_is_not_drained(content: bytes, data: st.DataObject) -> None:
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    assert not drained(body_of(io.BytesIO(cut), f"Content-Length: {len(content)}"), 1000)


@pytest.mark.parametrize("line", ["Content-Length: 1001", "Transfer-Encoding: chunked"])
def test_a_long_rest_is_not_read(line: str) -> None:
    stream = io.BytesIO(chunked([bytes(600), bytes(600)]))
    assert not drained(body_of(stream, line), 1000)
    assert stream.read(), "all of it was read"


@pytest.mark.parametrize(
    "wrong",
    [b"x\r\n", b"-1\r\n", b"\r\n", b"3\r\nabcd\r\n", b"0x3\r\nabc\r\n", b"1" * 9000],
    ids=["no number", "negative", "empty", "longer than it says", "prefixed", "endless"],
)
def test_what_is_no_chunk_is_refused(wrong: bytes) -> None:
    body = body_of(io.BytesIO(wrong), "Transfer-Encoding: chunked")
    with pytest.raises(BadRequest):
        body.read()


def test_without_a_length_there_is_no_body() -> None:
    stream = io.BytesIO(NEXT)
    body = body_of(stream)
    assert body.read() == b""
    assert body.complete
    assert stream.read() == NEXT


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 3", "Transfer-Encoding: chunked"],
        ["Content-Length: 3", "Content-Length: 4"],
        ["Content-Length: -3"],
        ["Content-Length: +3"],
        ["Content-Length: 3, 3"],
        ["Content-Length: \u0663"],
        ["Content-Length: "],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ],
)
def test_headers_that_leave_the_end_open_are_refused(lines: list[str]) -> None:
    with pytest.raises(BadRequest):
        body_of(io.BytesIO(b"abc"), *lines)
