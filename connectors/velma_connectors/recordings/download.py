"""Brings one recording to the local disk: complete, within its limits, and really audio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from velma_connectors.errors import RetryLater, SkipCall
from velma_connectors.http import (
    Answer,
    Deadline,
    HttpClient,
    HttpFailure,
    HttpRequest,
    Resolve,
    resolve_name,
)
from velma_connectors.model import Recording
from velma_connectors.protocol import Audio
from velma_connectors.recordings.addresses import PublicAddresses
from velma_connectors.recordings.audio import identify, not_audio
from velma_connectors.recordings.guard import Guard, login_headers
from velma_connectors.recordings.options import RecordingSourceOptions
from velma_connectors.recordings.sink import Sink
from velma_connectors.recordings.statuses import BUSY_SECONDS, NOT_YET_SECONDS, verdict
from velma_connectors.recordings.store import AudioStore
from velma_connectors.url import Url

MOST_REDIRECTS = 5
READ_BYTES = 256 * 1024
REDIRECTING = {301, 302, 303, 307, 308}
PAGES = ("text/html", "application/xhtml+xml", "application/json")


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
        self._guard = Guard(sources)
        self._store = store
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        loopback_hosts = [host for source in sources for host in source.loopback_hosts]
        self._http = HttpClient(PublicAddresses(resolve, loopback_hosts))

    @contextmanager
    def fetch(self, recording: Recording, *, deadline_seconds: float) -> Iterator[Audio]:
        """The audio behind a link, on disk until the end of the block. Raises RetryLater, SkipCall."""
        deadline = Deadline(deadline_seconds)
        with self._store.file() as (path, file):
            sink = Sink(file, self._max_bytes, recording.checksum)
            self._download(recording, sink, deadline)
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

    def _download(self, recording: Recording, sink: Sink, deadline: Deadline) -> None:
        url, source = self._guard.admit(recording.locator)
        for _ in range(MOST_REDIRECTS + 1):
            location = self._ask(url, source, recording, sink, deadline)
            if location is None:
                return
            url = self._guard.follow(url, location)
        raise SkipCall(
            f"The recording link on {url.host} redirects more than {MOST_REDIRECTS} times.", code="bad_link"
        )

    def _ask(
        self,
        url: Url,
        source: RecordingSourceOptions,
        recording: Recording,
        sink: Sink,
        deadline: Deadline,
    ) -> str | None:
        """Receive the recording, or say where it has moved to."""
        request = HttpRequest("GET", url, headers=login_headers(source, url))
        try:
            with self._http.send(request, deadline=deadline, idle_seconds=self._idle_seconds) as answer:
                location = answer.headers.get("location")
                if answer.status in REDIRECTING and location is not None:
                    return location
                if answer.status != 200:
                    raise verdict(
                        answer.status, host=url.host, source=source.name, retry_after=answer.retry_after
                    )
                _receive(answer, recording, sink, url.host)
                return None
        except HttpFailure as error:
            raise RetryLater(
                f"The recording could not be fetched from {url.host}: {error}.", after=BUSY_SECONDS
            ) from error


def _receive(answer: Answer, recording: Recording, sink: Sink, host: str) -> None:
    if answer.headers.get("content-type", "").lower().startswith(PAGES):
        raise not_audio("a web page, often a login page")
    for piece in answer.pieces():
        sink.write(piece)
    # With one of these headers the door has counted already; without, only the CRM may know the size.
    counted = "content-length" in answer.headers or "transfer-encoding" in answer.headers
    _complete(sink, None if counted else recording.size, host)


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
