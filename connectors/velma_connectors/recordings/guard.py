"""Decides which addresses are asked for a recording, and with which login.

A link in a CRM record is written by whoever can edit that record, or fill in a web form. So the
admin's list decides: https, a listed host, a listed port.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from velma_connectors.errors import SkipCall
from velma_connectors.recordings.options import (
    BasicCredential,
    BearerCredential,
    Credential,
    HeaderCredential,
    RecordingSourceOptions,
)
from velma_connectors.url import Url


class Guard:
    """The URL policy of all configured sources."""

    def __init__(self, sources: Sequence[RecordingSourceOptions]) -> None:
        self._sources = tuple(sources)

    def admit(self, link: str) -> tuple[Url, RecordingSourceOptions]:
        """The address of a recording and the source it belongs to. Raises SkipCall."""
        try:
            url = Url.parse(link)
        except ValueError as error:
            raise _bad_link(str(error)) from error
        return url, self._source_of(url)

    def follow(self, url: Url, location: str) -> Url:
        """Where a redirect leads. Raises SkipCall, as for the first address."""
        try:
            target = url.join(location)
        except ValueError as error:
            raise _bad_link(f"redirects to an address that {error}") from error
        if url.scheme == "https" and target.scheme != "https":
            raise _bad_link("redirects from https to plain http")
        self._source_of(target)
        return target

    def _source_of(self, url: Url) -> RecordingSourceOptions:
        """An exactly listed host goes before a wider pattern, which never carries a login."""
        source = next((each for each in self._sources if url.host in each.hosts), None)
        if source is None:
            source = next((each for each in self._sources if _is_below(url.host, each.hosts)), None)
        if source is None:
            raise SkipCall(
                f"The recording is stored on {url.host}, which is not in your list of allowed hosts. If you "
                "trust it, add it to `hosts` of a source under `recordings.sources`.",
                code="host_not_allowed",
            )
        if url.scheme != "https" and url.host not in source.loopback_hosts:
            raise _bad_link(f"is plain http; {url.host} is asked by https only")
        if url.port not in source.ports:
            raise SkipCall(
                f"The recording is stored on port {url.port} of {url.host}. If that is right, add it to "
                f"`ports` of the source '{source.name}' under `recordings.sources`.",
                code="host_not_allowed",
            )
        return source


def login_headers(source: RecordingSourceOptions, url: Url) -> dict[str, str]:
    """The source's login, for its own hosts; nothing for any other address it redirected to."""
    if url.host not in source.hosts or url.port not in source.ports:
        return {}
    return _headers(source.credential)


def _headers(credential: Credential) -> dict[str, str]:
    match credential:
        case BasicCredential():
            pair = f"{credential.username}:{credential.password.get_secret_value()}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        case BearerCredential():
            return {"Authorization": f"Bearer {credential.token.get_secret_value()}"}
        case HeaderCredential():
            return {credential.name: credential.value.get_secret_value()}
    return {}


def _is_below(host: str, patterns: Sequence[str]) -> bool:
    return any(pattern.startswith(".") and host.endswith(pattern) for pattern in patterns)


def _bad_link(reason: str) -> SkipCall:
    return SkipCall(
        f"The recording link {reason}, so it was not opened. Have the CRM record name the provider's "
        "https link.",
        code="bad_link",
    )
