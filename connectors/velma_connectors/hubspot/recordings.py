"""Which audio belongs to a call, and the audio itself when HubSpot leads to it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, cast

from velma_connectors.errors import RetryLater, SkipCall
from velma_connectors.http import HttpFailure, Resolve, resolve_name
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.redirector import is_redirector, with_call
from velma_connectors.hubspot.redirects import LATER_SECONDS, AudioFinder
from velma_connectors.model import Call, Recording, RecordingSource
from velma_connectors.recordings.links import lasting_part
from velma_connectors.url import Url

_LINK = re.compile(r"https?://\S+", re.IGNORECASE)


def linked_recording(link: str, call_id: str, base_url: str) -> Recording | None:
    """The recording that a call's URL names: HubSpot's own redirector, or some other place."""
    link = link.strip()
    if not _LINK.fullmatch(link):
        return None
    try:
        url = Url.parse(link)
    except ValueError:
        # Whoever downloads it tells what is wrong with it.
        return Recording(RecordingSource.URL, link)
    if is_redirector(url, base_url):
        return Recording(RecordingSource.CRM, with_call(link, call_id))
    return Recording(RecordingSource.URL, link)


def identity(recording: Recording) -> str:
    """What stays the same as long as it is the same audio: the link without its signature."""
    return f"{recording.source} {lasting_part(recording.locator)}"


@contextmanager
def open_recording(
    options: HubSpotOptions, call: Call, *, resolve: Resolve = resolve_name
) -> Iterator[BinaryIO]:
    """The audio of a call as a stream, whose reads raise RetryLater when it is cut short.

    Raises SkipCall when HubSpot holds no audio of the call or does not give it out, and RetryLater.
    """
    recording = call.recording
    if recording is None or recording.source is not RecordingSource.CRM:
        raise SkipCall(f"{call.ref} has no recording in HubSpot.", code="no_recording")
    with ExitStack() as opened:
        pieces = AudioFinder(options, resolve).pieces(recording.locator, opened)
        yield cast("BinaryIO", _AudioStream(pieces))


class _AudioStream(io.RawIOBase):
    """Pieces of a download as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = self._next()
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def _next(self) -> bytes | None:
        try:
            return next(self._pieces, None)
        except HttpFailure as failure:
            raise RetryLater(
                f"A recording did not arrive whole: {failure}.", after=LATER_SECONDS
            ) from failure
