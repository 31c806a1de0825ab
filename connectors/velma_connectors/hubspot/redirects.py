"""The way from HubSpot's redirector to the audio, followed by hand.

Addresses on the way come from records that anybody in the CRM may edit: so https only, public addresses
only, and the access token for the redirector alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from velma_connectors.errors import RetryLater, SkipCall, Verdict
from velma_connectors.http import (
    Answer,
    Deadline,
    HttpClient,
    HttpFailure,
    HttpRequest,
    Resolve,
)
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.redirector import is_redirector
from velma_connectors.recordings.addresses import PublicAddresses
from velma_connectors.recordings.statuses import verdict
from velma_connectors.url import Url, is_loopback

MOST_HOPS = 6
LATER_SECONDS = 60.0
NOT_YET_SECONDS = 600.0
"""HubSpot answers 404 until it has the audio, which takes minutes; and forever when it never will."""
DOWNLOAD_SECONDS = 1_800.0
IDLE_SECONDS = 60.0
MOST_BYTES_OF_AN_ADDRESS = 65_536

_WITHHELD = (401, 403)
_REDIRECTING = (301, 302, 303, 307, 308)
_PAGES = ("text/html", "application/xhtml+xml")
_TEXTS = ("text/", "application/json")


class AudioFinder:
    """Follows one call's recording. A portal on this machine may lead to other servers on it."""

    def __init__(self, options: HubSpotOptions, resolve: Resolve) -> None:
        self._options = options
        host = Url.parse(options.base_url).host
        self._rehearses = is_loopback(host)
        nearby = {host, "localhost", "127.0.0.1", "::1"} if self._rehearses else ()
        self._http = HttpClient(PublicAddresses(resolve, nearby))
        self._deadline = Deadline(DOWNLOAD_SECONDS)

    def pieces(self, locator: str, opened: ExitStack) -> Iterator[bytes]:
        """The audio as it arrives, until `opened` is closed. Raises RetryLater and SkipCall."""
        url = self._parsed(locator)
        for _ in range(MOST_HOPS):
            answer = self._ask(url, opened)
            try:
                location = _next_address(answer, url, from_hubspot=self._is_redirector(url))
            except HttpFailure as failure:
                raise _unreachable(url, failure) from failure
            if location is None:
                return answer.pieces()
            opened.close()
            url = self._joined(url, location)
        raise _bad_link("redirects too many times")

    def _ask(self, url: Url, opened: ExitStack) -> Answer:
        """One answer. The redirector is asked without the token when it does not like it."""
        if not self._is_redirector(url):
            return self._sent(url, {}, opened)
        token = self._options.access_token.get_secret_value()
        answer = self._sent(url, {"Authorization": f"Bearer {token}"}, opened)
        status = answer.status
        if status not in _WITHHELD and not _is_page(answer):
            return answer
        opened.close()
        answer = self._sent(url, {}, opened)
        if answer.status in _WITHHELD:
            raise _withheld(status) if status in _WITHHELD else _login_page(url)
        return answer

    def _sent(self, url: Url, headers: Mapping[str, str], opened: ExitStack) -> Answer:
        request = HttpRequest("GET", url, headers=headers)
        try:
            exchange = self._http.send(request, deadline=self._deadline, idle_seconds=IDLE_SECONDS)
            return opened.enter_context(exchange)
        except HttpFailure as failure:
            raise _unreachable(url, failure) from failure

    def _is_redirector(self, url: Url) -> bool:
        return is_redirector(url, self._options.base_url)

    def _parsed(self, address: str) -> Url:
        try:
            return self._allowed(Url.parse(address))
        except ValueError as error:
            raise _bad_link(str(error)) from None

    def _joined(self, url: Url, location: str) -> Url:
        try:
            return self._allowed(url.join(location))
        except ValueError as error:
            raise _bad_link(f"redirects to an address that {error}") from None

    def _allowed(self, url: Url) -> Url:
        if url.scheme != "https" and not (self._rehearses and is_loopback(url.host)):
            raise _bad_link("leads to plain http; recordings are fetched by https only")
        return url


def _next_address(answer: Answer, url: Url, *, from_hubspot: bool) -> str | None:
    """Where the audio is instead, or None when this answer is the audio. Raises what any other one means."""
    location = answer.headers.get("location")
    if answer.status in _REDIRECTING and location:
        return location
    if answer.status != 200:
        raise _refusal(answer, url, from_hubspot=from_hubspot)
    if _is_page(answer):
        raise _login_page(url)
    if not (from_hubspot and _kind(answer).startswith(_TEXTS)):
        return None
    address = _address_in(answer.body(MOST_BYTES_OF_AN_ADDRESS))
    if address is None:
        raise _unavailable("HubSpot answers with neither audio nor its address")
    return address


def _is_page(answer: Answer) -> bool:
    return answer.status == 200 and _kind(answer).startswith(_PAGES)


def _kind(answer: Answer) -> str:
    return answer.headers.get("content-type", "").strip().lower()


def _address_in(body: bytes) -> str | None:
    """The web address that a text is, or that a JSON string or object holds."""
    text = body.decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = text
    values = document.values() if isinstance(document, dict) else (document,)
    return next((value for value in values if str(value).lower().startswith(("https://", "http://"))), None)


def _refusal(answer: Answer, url: Url, *, from_hubspot: bool) -> Verdict:
    if from_hubspot and answer.status == 404:
        return RetryLater("HubSpot does not have the recording, or not yet (404).", after=NOT_YET_SECONDS)
    if answer.status == 401:
        return _unavailable(f"{url.host} asks for a login of its own (401)")
    return verdict(answer.status, host=url.host, source="HubSpot", retry_after=answer.retry_after)


def _withheld(status: int) -> Verdict:
    if status == 403:
        return _unavailable("HubSpot does not give it out to this key (403)")
    # A key that has been withdrawn stops the connection elsewhere; the call must not be lost to it.
    return RetryLater("HubSpot asks for a login to give out the recording (401).", after=NOT_YET_SECONDS)


def _login_page(url: Url) -> SkipCall:
    return _unavailable(f"{url.host} shows a web page in its place, such as a login")


def _unreachable(url: Url, failure: HttpFailure) -> RetryLater:
    return RetryLater(f"The recording could not be fetched from {url.host}: {failure}.", after=LATER_SECONDS)


def _unavailable(reason: str) -> SkipCall:
    return SkipCall(f"The recording could not be downloaded: {reason}.", code="recording_unavailable")


def _bad_link(reason: str) -> SkipCall:
    return SkipCall(f"The recording link of the call {reason}, so it was not followed.", code="bad_link")
