"""How bytes travel: timeouts on every request, a count of them, and plain http to this machine alone."""

from __future__ import annotations

import threading
from typing import Any

import requests
from requests.adapters import HTTPAdapter

TIMEOUTS = (10.0, 150.0)
"""Seconds to connect, and between two reads: a query may run for two minutes on the server."""
POOL_SIZE = 32
"""At least as many connections as threads, so that none is thrown away after use."""


class Transport(HTTPAdapter):
    """Sends requests over https, counting each one that is sent."""

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=POOL_SIZE)
        self._counting = threading.Lock()
        self.sent = 0

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        with self._counting:
            self.sent += 1
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = TIMEOUTS
        return super().send(request, *args, **kwargs)

    def close(self) -> None:
        # Forgetting a pool would leave its idle connections open until the garbage collector finds it.
        pools = self.poolmanager.pools
        for pool in map(pools.get, pools.keys()):
            pool.close()
        super().close()

    def allow_plain(self, session: requests.Session, instance_url: str, host: str) -> None:
        """Let an http loopback org be reached, which the client library insists to address by https.

        `host` is the library's spelling of the org's host and port.
        """
        if instance_url.startswith("http://"):
            session.mount(f"https://{host}/", _PlainTransport(self, f"https://{host}/", f"{instance_url}/"))


class _PlainTransport(HTTPAdapter):
    """Turns requests for one https origin into requests for its http twin."""

    def __init__(self, transport: Transport, secure: str, plain: str) -> None:
        super().__init__()
        self._transport = transport
        self._secure = secure
        self._plain = plain

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        url = request.url or ""
        request.url = self._plain + url[len(self._secure) :]
        return self._transport.send(request, *args, **kwargs)
