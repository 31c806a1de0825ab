"""Whether a recording could be fetched: its first bytes, and no more."""

from __future__ import annotations

from collections.abc import Sequence

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
from velma_connectors.recordings.addresses import PublicAddresses
from velma_connectors.recordings.audio import HEAD_BYTES, identify, not_audio
from velma_connectors.recordings.download import MOST_REDIRECTS, PAGES, REDIRECTING
from velma_connectors.recordings.guard import Guard, login_headers
from velma_connectors.recordings.options import RecordingSourceOptions
from velma_connectors.recordings.statuses import BUSY_SECONDS, verdict
from velma_connectors.url import Url

REACH_SECONDS = 30.0


class RecordingReach:
    """Asks the hosts of recordings as a download would, by the same list and with the same logins."""

    def __init__(self, sources: Sequence[RecordingSourceOptions], *, resolve: Resolve = resolve_name) -> None:
        self._guard = Guard(sources)
        loopback_hosts = [host for source in sources for host in source.loopback_hosts]
        self._http = HttpClient(PublicAddresses(resolve, loopback_hosts))

    def check(self, recording: Recording) -> None:
        """Return when the link leads to audio. Raises RetryLater and SkipCall as a download would."""
        deadline = Deadline(REACH_SECONDS)
        url, source = self._guard.admit(recording.locator)
        for _ in range(MOST_REDIRECTS + 1):
            location = self._ask(url, source, deadline)
            if location is None:
                return
            url = self._guard.follow(url, location)
        raise SkipCall(
            f"The recording link on {url.host} redirects more than {MOST_REDIRECTS} times.", code="bad_link"
        )

    def _ask(self, url: Url, source: RecordingSourceOptions, deadline: Deadline) -> str | None:
        """Look at the beginning of an answer, or say where it has moved to."""
        headers = {**login_headers(source, url), "Range": f"bytes=0-{HEAD_BYTES - 1}"}
        try:
            with self._http.send(
                HttpRequest("GET", url, headers=headers), deadline=deadline, idle_seconds=REACH_SECONDS
            ) as answer:
                location = answer.headers.get("location")
                if answer.status in REDIRECTING and location is not None:
                    return location
                if answer.status not in (200, 206):
                    raise verdict(
                        answer.status, host=url.host, source=source.name, retry_after=answer.retry_after
                    )
                if answer.headers.get("content-type", "").lower().startswith(PAGES):
                    raise not_audio("a web page, often a login page")
                identify(_head(answer))
                return None
        except HttpFailure as error:
            raise RetryLater(
                f"The recording could not be fetched from {url.host}: {error}.", after=BUSY_SECONDS
            ) from error


def _head(answer: Answer) -> bytes:
    head = bytearray()
    for piece in answer.pieces():
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    return bytes(head[:HEAD_BYTES])
