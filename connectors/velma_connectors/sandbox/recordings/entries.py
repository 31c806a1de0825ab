"""What a path of the recording host answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.recordings.copies import distinct_copy

EXPIRED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
)
"""The shape of an object store's answer to a signed link that is too old."""

LOGIN_PAGE = (
    "<!doctype html>\n<html><head><title>Sign in</title></head>\n"
    '<body><form method="post"><input name="email"><input name="password" type="password"></form></body>'
    "</html>"
)


class Served(Protocol):
    """Anything that can stand behind a path."""

    def respond(self, request: Request, now: datetime, attempt: int) -> Response:
        """The answer to the `attempt`-th request for this path, counted from 1."""
        ...


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording. A `copy` number gives it bytes of its own: the same sound with one comment more."""

    source: Path | bytes = field(repr=False)
    media_type: str = "audio/ogg"
    copy: int | None = None

    def respond(self, request: Request, now: datetime, attempt: int) -> Response:
        return Response(self.bytes(), content_type=self.media_type)

    def bytes(self) -> bytes:
        content = self.source.read_bytes() if isinstance(self.source, Path) else self.source
        return content if self.copy is None else distinct_copy(content, self.copy)


@dataclass(frozen=True, slots=True)
class Truncated:
    """Breaks off `missing` bytes before the length it promised."""

    audio: Audio
    missing: int = 100

    def respond(self, request: Request, now: datetime, attempt: int) -> Response:
        content = self.audio.bytes()
        response = Response(content[: -self.missing], content_type=self.audio.media_type)
        response.headers["Content-Length"] = str(len(content))
        return response


@dataclass(frozen=True, slots=True)
class Late:
    """Is not there for the first `misses` requests."""

    audio: Audio
    misses: int = 1

    def respond(self, request: Request, now: datetime, attempt: int) -> Response:
        if attempt <= self.misses:
            return not_found()
        return self.audio.respond(request, now, attempt)


@dataclass(frozen=True, slots=True)
class Expiring:
    """A signed link that works until a moment."""

    audio: Audio
    until: datetime

    def respond(self, request: Request, now: datetime, attempt: int) -> Response:
        if now > self.until:
            return Response(EXPIRED, status=403, content_type="application/xml")
        return self.audio.respond(request, now, attempt)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Points elsewhere: a path of this host or a whole URL."""

    to: str
    status: int = 302

    def respond(self, request: Request, now: datetime, attempt: int) -> Response:
        return Response(status=self.status, headers={"Location": self.to})


@dataclass(frozen=True, slots=True)
class LoginPage:
    """What a link for signed-in people shows to everybody else: a page, with status 200."""

    def respond(self, request: Request, now: datetime, attempt: int) -> Response:
        return Response(LOGIN_PAGE, content_type="text/html; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Empty:
    """Says it is audio and holds nothing."""

    media_type: str = "audio/ogg"

    def respond(self, request: Request, now: datetime, attempt: int) -> Response:
        return Response(b"", content_type=self.media_type)


def not_found() -> Response:
    return Response("Not found", status=404, content_type="text/plain")
