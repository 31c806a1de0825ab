"""Brings one recording to the local disk: complete, within its limits, and really audio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from velma_connectors.errors import RetryLater
from velma_connectors.http import Deadline, Resolve, resolve_name
from velma_connectors.model import Recording
from velma_connectors.protocol import Audio
from velma_connectors.recordings.audio import identify
from velma_connectors.recordings.following import LinkFollower, Reached
from velma_connectors.recordings.options import RecordingSourceOptions
from velma_connectors.recordings.sink import Sink
from velma_connectors.recordings.statuses import BUSY_SECONDS, NOT_YET_SECONDS
from velma_connectors.recordings.store import AudioStore

READ_BYTES = 256 * 1024


class RecordingDownloader:
    """Fetches recordings into a store. Safe to use from several threads at once.

    `max_bytes` is the most that is kept of any recording, `idle_seconds` the longest silence of a host.
    """

    def __init__(
        self,
        sources: Sequence[RecordingSourceOptions],
        store: AudioStore,
        *,
        max_bytes: int,
        idle_seconds: float = 60.0,
        resolve: Resolve = resolve_name,
    ) -> None:
        self._links = LinkFollower(sources, idle_seconds=idle_seconds, resolve=resolve)
        self._store = store
        self._max_bytes = max_bytes

    @contextmanager
    def fetch(self, recording: Recording, *, deadline_seconds: float) -> Iterator[Audio]:
        """The audio behind a link, on disk until the end of the block. Raises RetryLater, SkipCall."""
        deadline = Deadline(deadline_seconds)
        with self._store.file() as (path, file):
            sink = Sink(file, self._max_bytes, recording.checksum)
            with self._links.follow(recording.locator, deadline) as reached:
                _receive(reached, recording, sink)
            yield _audio(path, sink)

    @contextmanager
    def save(
        self, stream: BinaryIO, recording: Recording, *, deadline_seconds: float | None = None
    ) -> Iterator[Audio]:
        """The same for audio that the CRM hosts, read from `stream`.

        The deadline is looked at between reads; each read's own wait is bounded by who opened the stream.
        """
        deadline = None if deadline_seconds is None else Deadline(deadline_seconds)
        with self._store.file() as (path, file):
            sink = Sink(file, self._max_bytes, recording.checksum)
            while piece := stream.read(READ_BYTES):
                sink.write(piece)
                _check(deadline)
            _complete(sink, recording.size, "the CRM")
            yield _audio(path, sink)


def _receive(reached: Reached, recording: Recording, sink: Sink) -> None:
    for piece in reached.answer.pieces():
        sink.write(piece)
    # With one of these headers the door has counted already; without, only the CRM may know the size.
    headers = reached.answer.headers
    counted = "content-length" in headers or "transfer-encoding" in headers
    _complete(sink, None if counted else recording.size, reached.host)


def _complete(sink: Sink, stated_size: int | None, origin: str) -> None:
    if sink.size == 0:
        raise RetryLater(f"The recording from {origin} is empty.", after=NOT_YET_SECONDS)
    if stated_size is not None and sink.size != stated_size:
        raise RetryLater(
            f"The recording from {origin} came with {sink.size} of {stated_size} bytes.", after=BUSY_SECONDS
        )
    if not sink.matches:
        raise RetryLater(f"The recording from {origin} does not match its checksum.", after=BUSY_SECONDS)


def _check(deadline: Deadline | None) -> None:
    try:
        if deadline is not None:
            deadline.cap()
    except TimeoutError as error:
        raise RetryLater("The recording did not arrive from the CRM in time.", after=BUSY_SECONDS) from error


def _audio(path: Path, sink: Sink) -> Audio:
    sink.flush()
    container = identify(sink.head)
    return Audio(path, sink.sha256, sink.size, container.media_type, container.extension)
