"""The recording host's WSGI application."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.recordings.entries import Served, not_found


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: what was asked for, what was answered, and whether it brought credentials or cookies."""

    path: str
    status: int
    credentials: bool


class RecordingHost:
    """Serves what was put behind its paths. `credentials` guard the paths that are put as protected."""

    def __init__(
        self,
        credentials: tuple[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[Served, bool]] = {}
        self._attempts: Counter[str] = Counter()
        self._seen: list[Seen] = []

    @property
    def seen(self) -> list[Seen]:
        with self._lock:
            return list(self._seen)

    def put(self, path: str, served: Served, *, protected: bool = False) -> None:
        with self._lock:
            self._entries[path] = (served, protected)
            self._attempts.pop(path, None)

    def remove(self, path: str) -> None:
        with self._lock:
            del self._entries[path]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        response = self._respond(request)
        brought = bool({"Authorization", "Cookie", "X-API-Key"} & set(request.headers.keys()))
        with self._lock:
            self._seen.append(Seen(request.path, response.status_code, brought))
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response("Method not allowed", status=405)
        with self._lock:
            served, protected = self._entries.get(request.path, (None, False))
            self._attempts[request.path] += 1
            attempt = self._attempts[request.path]
        if served is None:
            return not_found()
        if protected and not self._allowed(request):
            return Response(
                "Unauthorized", status=401, headers={"WWW-Authenticate": 'Basic realm="recordings"'}
            )
        return served.respond(request, self._clock(), attempt)

    def _allowed(self, request: Request) -> bool:
        given = request.authorization
        if given is None or given.type != "basic":
            return False
        return (given.username, given.password) == self._credentials
