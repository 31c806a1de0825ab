"""Follows a recording's link to the audio: each address by the admin's list, with its own login alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from velma_connectors.errors import RetryLater, SkipCall
from velma_connectors.http import Answer, Deadline, HttpClient, HttpFailure, HttpRequest, Resolve
from velma_connectors.recordings.addresses import PublicAddresses
from velma_connectors.recordings.audio import not_audio
from velma_connectors.recordings.guard import Guard, login_headers
from velma_connectors.recordings.options import RecordingSourceOptions
from velma_connectors.recordings.statuses import BUSY_SECONDS, verdict
from velma_connectors.url import Url

MOST_REDIRECTS = 5
_REDIRECTING = {301, 302, 303, 307, 308}
_PAGES = ("text/html", "application/xhtml+xml", "application/json")


@dataclass(frozen=True, slots=True)
class Reached:
    """The host at the end of a link, and its answer, whose body is still to be read."""

    host: str
    answer: Answer


class LinkFollower:
    """Asks the hosts of all sources. Safe to use from several threads at once.

    `idle_seconds` is the longest silence of a host.
    """

    def __init__(
        self, sources: Sequence[RecordingSourceOptions], *, idle_seconds: float, resolve: Resolve
    ) -> None:
        self._guard = Guard(sources)
        self._idle_seconds = idle_seconds
        loopback_hosts = [host for source in sources for host in source.loopback_hosts]
        self._http = HttpClient(PublicAddresses(resolve, loopback_hosts))

    @contextmanager
    def follow(self, link: str, deadline: Deadline, *, first_bytes: int | None = None) -> Iterator[Reached]:
        """The answer that is no redirect, with a status and a type that a recording has.

        With `first_bytes`, a host may answer with the beginning alone. Raises RetryLater and SkipCall, also
        for what fails while the body is read in the block.
        """
        url, source = self._guard.admit(link)
        for _ in range(MOST_REDIRECTS + 1):
            with self._asked(url, source, deadline, first_bytes) as answer:
                location = answer.headers.get("location")
                if answer.status not in _REDIRECTING or location is None:
                    _check(answer, url, source, partial=first_bytes is not None)
                    yield Reached(url.host, answer)
                    return
            url = self._guard.follow(url, location)
        raise SkipCall(
            f"The recording link on {url.host} redirects more than {MOST_REDIRECTS} times.", code="bad_link"
        )

    @contextmanager
    def _asked(
        self, url: Url, source: RecordingSourceOptions, deadline: Deadline, first_bytes: int | None
    ) -> Iterator[Answer]:
        span = {} if first_bytes is None else {"Range": f"bytes=0-{first_bytes - 1}"}
        request = HttpRequest("GET", url, headers={**login_headers(source, url), **span})
        try:
            with self._http.send(request, deadline=deadline, idle_seconds=self._idle_seconds) as answer:
                yield answer
        except HttpFailure as error:
            raise RetryLater(
                f"The recording could not be fetched from {url.host}: {error}.", after=BUSY_SECONDS
            ) from error


def _check(answer: Answer, url: Url, source: RecordingSourceOptions, *, partial: bool) -> None:
    if answer.status != 200 and not (partial and answer.status == 206):
        raise verdict(answer.status, host=url.host, source=source.name, retry_after=answer.retry_after)
    if answer.headers.get("content-type", "").lower().startswith(_PAGES):
        raise not_audio("a web page, often a login page")
