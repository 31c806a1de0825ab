"""The body of a request on a kept connection: it ends where the request says, never within the next one."""

from __future__ import annotations

import io
import re
from email.message import Message
from typing import TYPE_CHECKING

from werkzeug.exceptions import BadRequest

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LONGEST_LINE = 8192
PIECE_BYTES = 65_536


class RequestBody(io.RawIOBase):
    """A body of `coming` bytes, which become fewer as they are read. Ends early when the client is gone."""

    def __init__(self, stream: io.BufferedIOBase, coming: int) -> None:
        self._stream = stream
        self.coming = coming
        """Bytes that are known to follow."""

    @property
    def complete(self) -> bool:
        """Whether all of it was read."""
        return self.coming == 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        count = self._stream.readinto(memoryview(buffer)[: self.coming])
        self.coming -= count
        return count


class ChunkedBody(RequestBody):
    """A body in chunks (RFC 9112, section 7.1), whose extensions and trailers are passed over.

    Reading raises BadRequest for what is no chunk, and ConnectionResetError when the client is gone.
    """

    def __init__(self, stream: io.BufferedIOBase) -> None:
        super().__init__(stream, 0)
        self._ended = False

    @property
    def complete(self) -> bool:
        return self._ended

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if self.coming == 0 and not self._ended:
            self._begin_chunk()
        if self._ended or not len(memoryview(buffer)):
            return 0
        count = super().readinto(buffer)
        if count == 0:
            raise ConnectionResetError
        if self.coming == 0 and self._line():
            raise BadRequest("A chunk is longer than it says")
        return count

    def _begin_chunk(self) -> None:
        size = self._line().partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
            raise BadRequest("A chunk does not begin with its length")
        self.coming = int(size, 16)
        if self.coming == 0:
            while self._line():
                pass
            self._ended = True

    def _line(self) -> bytes:
        line = self._stream.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise BadRequest("A line is too long") if len(line) == LONGEST_LINE else ConnectionResetError
        return line.rstrip(b"\r\n")


def request_body(headers: Message, stream: io.BufferedIOBase) -> RequestBody:
    """The body that follows these headers. Raises BadRequest when they leave open where it ends."""
    codings = headers.get_all("Transfer-Encoding", [])
    lengths = headers.get_all("Content-Length", [])
    if [coding.strip().lower() for coding in codings] == ["chunked"] and not lengths:
        return ChunkedBody(stream)
    if codings or len(lengths) > 1:
        raise BadRequest("The length of the body is ambiguous")
    if not re.fullmatch("[0-9]{1,15}", *lengths or "0"):
        raise BadRequest("Content-Length is no number")
    return RequestBody(stream, int(*lengths or "0"))


def drained(body: RequestBody, most_bytes: int) -> bool:
    """Read what was left of a body. False when that is longer, broken or cut: nothing can follow it."""
    while body.coming <= most_bytes:
        try:
            piece = body.read(PIECE_BYTES)
        except (OSError, BadRequest):
            return False
        if not piece:
            return body.complete
        most_bytes -= len(piece)
    return False
