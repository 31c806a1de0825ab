"""An emulated CRM whose time is set, and whose calls are logged, from outside.

GET  /_bench/usage                                  requests by kind, as the emulator counted them
POST /_bench/clock {"now": ISO}                     the CRM's time from now on
POST /_bench/calls {"first": N, "count": N}         calls that are logged now
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.server import WsgiApp

CALLS_PER_DEAL = 5
CALL_SECONDS = 90
DAILY_REQUESTS = 115_000
CONTROL = "/_bench"


class SettableClock:
    """The system's time until it is set."""

    def __init__(self) -> None:
        self._now: datetime | None = None

    def __call__(self) -> datetime:
        return self._now or datetime.now(UTC)

    def set(self, now: datetime) -> None:
        self._now = now


class Filled(Protocol):
    """A CRM that calls can be logged in: each with a contact and a deal, which five calls share."""

    @property
    def application(self) -> WsgiApp: ...

    def log_call(self, number: int) -> None: ...

    def requests(self) -> dict[str, int]:
        """Requests so far, by kind."""
        ...


class ControlledCrm:
    """The WSGI application: a CRM with the bench's own paths beside its API."""

    def __init__(self, crm: Filled, clock: SettableClock) -> None:
        self._crm = crm
        self._clock = clock

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        if not request.path.startswith(CONTROL):
            return self._crm.application(environ, start_response)
        answer = json.dumps(self._control(request))
        return Response(answer, content_type="application/json")(environ, start_response)

    def _control(self, request: Request) -> object:
        match request.path.removeprefix(CONTROL):
            case "/clock":
                self._clock.set(datetime.fromisoformat(request.get_json()["now"]))
            case "/calls":
                wanted = request.get_json()
                for number in range(wanted["first"], wanted["first"] + wanted["count"]):
                    self._crm.log_call(number)
        return self._crm.requests()
