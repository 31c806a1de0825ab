"""A recording host that makes up what it serves: copies of sample calls, and very large files.

    GET /small/N    one of the sample calls, in bytes of its own
    GET /large/N    a WAV file of LARGE_BYTES, silent but for its number, made while it is sent

A large file keeps back its last piece until all `at_once` are being fetched: that many are then truly in
flight together, however the threads are scheduled.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.recordings.copies import distinct_copy
from velma_connectors.sandbox.samples import load_samples

LARGE_BYTES = 99_999_000
PIECE = 1 << 20
TOGETHER_SECONDS = 50.0
"""Less than the silence a downloader bears from a host."""

_SAMPLES_PER_SECOND = 8000


class GeneratedRecordings:
    """The WSGI application."""

    def __init__(self, *, at_once: int) -> None:
        self._samples = [
            call.audio.read_bytes()
            for call in load_samples().calls.values()
            if call.audio is not None and call.script.dialogue is not None and call.script.dialogue.signals
        ]
        self._together = threading.Barrier(at_once)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        folder, _, name = request.path.strip("/").partition("/")
        if folder not in ("small", "large") or not name.isdecimal():
            return Response(status=404)
        number = int(name)
        if folder == "small":
            sample = self._samples[number % len(self._samples)]
            return Response(distinct_copy(sample, number), content_type="audio/ogg")
        response = Response(self._large(number), content_type="audio/wav")
        response.content_length = LARGE_BYTES
        return response

    def _large(self, number: int) -> Iterator[bytes]:
        head = wav_head(LARGE_BYTES) + struct.pack("<Q", number)
        yield head
        silence = bytes(PIECE)
        left = LARGE_BYTES - len(head)
        while left > PIECE:
            yield silence
            left -= PIECE
        self._together.wait(TOGETHER_SECONDS)
        yield silence[:left]


def wav_head(size: int) -> bytes:
    """The 44 bytes before the sound of a WAV file of `size` bytes: PCM, 16 bit, one channel."""
    rate = _SAMPLES_PER_SECOND
    form = struct.pack("<4sI4s", b"RIFF", size - 8, b"WAVE")
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return form + layout + struct.pack("<4sI", b"data", size - 44)
