"""From the links of a sample of calls to the hosts that recordings may be fetched from. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

from pydantic import BaseModel

from velma_connectors.model import Call, RecordingSource
from velma_connectors.recordings.options import BasicCredential, BearerCredential
from velma_connectors.url import Url, is_loopback

HTTPS = 443


@dataclass(frozen=True, slots=True)
class Login:
    """What a provider asks for. `hint` says what its words for it are."""

    model: type[BaseModel]
    type: str
    hint: str


@dataclass(frozen=True, slots=True)
class Source:
    """An entry of `recordings.sources`. `calls` is how many of the sample lead there."""

    name: str
    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    calls: int
    login: Login | None = None


PROVIDERS: Mapping[str, tuple[str, Login]] = {
    "api.twilio.com": (
        "twilio",
        Login(BasicCredential, "basic", "Twilio: the account SID and its auth token, or an API key's."),
    ),
    "api.aircall.io": ("aircall", Login(BasicCredential, "basic", "Aircall: the API id and the API token.")),
    "media.ringcentral.com": (
        "ringcentral",
        Login(BearerCredential, "bearer", "RingCentral: an access token."),
    ),
}
"""Hosts that give out recordings only after a login, by their providers' own documentation.

help.twilio.com (HTTP basic auth for voice media), developer.aircall.io (authentication),
developers.ringcentral.com (working with media content).
"""


def linked_hosts(calls: Iterable[Call]) -> Counter[tuple[str, int]]:
    """Hosts and ports of recording links that can be followed, with the number of calls for each."""
    found: Counter[tuple[str, int]] = Counter()
    for call in calls:
        if call.recording is None or call.recording.source is not RecordingSource.URL:
            continue
        try:
            url = Url.parse(call.recording.locator)
        except ValueError:
            continue
        if url.scheme == "https" or is_loopback(url.host):
            found[url.host, url.port] += 1
    return found


def sources_for(
    hosts: Mapping[tuple[str, int], int], listed: Sequence[str], names: Collection[str]
) -> tuple[Source, ...]:
    """One source per host, most calls first.

    `listed` are host patterns that some source has already, `names` those of the sources there are.
    """
    ports: dict[str, list[int]] = {}
    calls: Counter[str] = Counter()
    for (host, port), number in hosts.items():
        if not any(_covers(pattern, host) for pattern in listed):
            ports.setdefault(host, []).append(port)
            calls[host] += number
    return tuple(
        Source(_free(name, host, names), (host,), tuple(sorted(ports[host])), number, login)
        for host, number in sorted(calls.items(), key=lambda each: (-each[1], each[0]))
        for name, login in [PROVIDERS.get(host, (host, None))]
    )


def _free(name: str, host: str, names: Collection[str]) -> str:
    """The name, or the host, or the host with a number, whichever is not in use."""
    candidates = chain((name, host), (f"{host}-{at}" for at in count(2)))
    return next(each for each in candidates if each not in names)


def _covers(pattern: str, host: str) -> bool:
    return host.endswith(pattern) if pattern.startswith(".") else host == pattern
