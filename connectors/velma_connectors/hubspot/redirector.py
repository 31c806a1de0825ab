"""HubSpot's own address of a call's audio, which leads to a signed one for whoever may have it.

    https://api-na1.hubspot.com/recording/…/getAuthRecording/portal/<portal>/engagement/<call>

It is on no page of HubSpot's documentation; integrations meet it in `hs_call_recording_url`, often without
its last two parts.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.url import Url, is_loopback

_PATH = "/recording/auth/provider/hublets/v1/external-url-retriever/getAuthRecording/portal/"
_SIGN = "/getAuthRecording/"
_HOST = re.compile(r"api(-[a-z0-9]+)?\.hubspot\.com", re.ASCII)
_CALL = re.compile(r"/engagement/\d+/?$", re.ASCII)
_HUBLET = re.compile(r"[a-z]{2,4}\d{1,2}", re.ASCII)


def is_redirector(url: Url, base_url: str) -> bool:
    """Whether an address is the redirector, which may be shown the access token.

    A rehearsal has it on this machine, where the API is.
    """
    of_hubspot = url.scheme == "https" and url.port == 443 and _HOST.fullmatch(url.host) is not None
    of_rehearsal = url.origin == base_url and is_loopback(url.host)
    path = url.target.partition("?")[0]
    return _SIGN in path and ".." not in path and (of_hubspot or of_rehearsal)


def with_call(link: str, call_id: str) -> str:
    """The redirector's address for this call.

    Whoever may edit a call could name another one there, whose audio they may not hear.
    """
    parts = urlsplit(link)
    start = _CALL.sub("", parts.path).rstrip("/")
    return urlunsplit(parts._replace(path=f"{start}/engagement/{call_id}"))


class Redirector:
    """Knows the redirector's address in one portal, for calls that name none."""

    def __init__(self, client: HubSpotClient, options: HubSpotOptions) -> None:
        self._client = client
        self._base_url = options.base_url
        self._start = ""

    def address(self, call_id: str) -> str:
        """The address for one call. The first one asks HubSpot for the portal's details."""
        if not self._start:
            account = self._client.get(paths.ACCOUNT)
            self._start = f"{self._origin(account.get('dataHostingLocation'))}{_PATH}{account['portalId']}"
        return with_call(self._start, call_id)

    def _origin(self, hublet: object) -> str:
        if is_loopback(Url.parse(self._base_url).host):
            return self._base_url
        known = _HUBLET.fullmatch(str(hublet))
        return f"https://api-{known[0]}.hubspot.com" if known else "https://api.hubspot.com"
