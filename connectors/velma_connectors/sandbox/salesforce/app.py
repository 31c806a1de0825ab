"""The emulator as a WSGI application: addressing, sessions, allowance, and the HTTP side of answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.incoming import Author
from velma_connectors.sandbox.salesforce.oauth import TokenRefusal, grant
from velma_connectors.sandbox.salesforce.org import SalesforceOrg
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal, not_found
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest
from velma_connectors.sandbox.salesforce.router import Router
from velma_connectors.sandbox.salesforce.sessions import USABLE_SCOPES, Session

OLDEST_VERSION, NEWEST_VERSION = 59, 67
OLDEST_NOT_RETIRED = 31
LONGEST_ADDRESS = 16_384
"""Bytes of the URI, and of URI and headers together."""

_VERSIONED = re.compile(r"/services/data/v(\d{1,3})\.0(/.*)?")


class SalesforceEmulator:
    """Serves one org. Every request runs alone, under the org's lock."""

    def __init__(self, org: SalesforceOrg) -> None:
        self.org = org
        self._router = Router()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data(cache=True)
        with self.org.lock:
            response = self._too_long(request) or self._answer(request, body)
            response.headers["Date"] = http_date(self.org.clock())
        return response(environ, start_response)

    def _too_long(self, request: Request) -> Response | None:
        address = len(request.environ.get("REQUEST_URI", request.full_path).encode("latin-1", "replace"))
        headers = sum(len(name) + len(value) + 4 for name, value in request.headers)
        if address > LONGEST_ADDRESS:
            return _page(414, "URI Too Long")
        return _page(431, "Request Header Fields Too Large") if address + headers > LONGEST_ADDRESS else None

    def _answer(self, request: Request, body: bytes) -> Response:
        path = request.path.rstrip("/")
        if path == "/services/oauth2/token":
            return self._token(request)
        if path == "/services/oauth2/userinfo":
            return self._userinfo(request)
        if path == "/services/data":
            return _json(200, [_version(number) for number in range(OLDEST_VERSION, NEWEST_VERSION + 1)])
        if path == "/_sandbox/usage":
            return _json(200, self.org.usage.snapshot())
        try:
            return self._data(request, path, body)
        except RequestRefusal as refusal:
            self.org.usage.kinds["refused"] += 1
            return _json(refusal.status, [error.for_request() for error in refusal.errors])

    def _token(self, request: Request) -> Response:
        self.org.usage.kinds["token"] += 1
        if request.method != "POST":
            return _json(400, {"error": "invalid_request", "error_description": "must use HTTP POST"})
        try:
            authorization = request.headers.get("Authorization", "")
            granted = grant(self.org, request.form, authorization, request.host_url.rstrip("/"))
            return _json(200, granted)
        except TokenRefusal as refusal:
            return _json(refusal.status, refusal.document)

    def _userinfo(self, request: Request) -> Response:
        self.org.usage.kinds["userinfo"] += 1
        session = self._session(request)
        if session is None:
            return Response("Bad_OAuth_Token", 403, content_type="text/html; charset=UTF-8")
        user = self.org.records.get(session.user_id) or {}
        base = request.host_url.rstrip("/")
        return _json(
            200,
            {
                "sub": f"{base}/id/{self.org.id}/{session.user_id}",
                "user_id": session.user_id,
                "organization_id": self.org.id,
                "preferred_username": user.get("Username"),
                "name": user.get("Name"),
                "email": user.get("Email"),
                "active": user.get("IsActive"),
                "user_type": "STANDARD",
                "urls": {"rest": f"{base}/services/data/v{{version}}/"},
            },
        )

    def _data(self, request: Request, path: str, body: bytes) -> Response:
        """Everything below a version. Raises RequestRefusal before a resource was reached."""
        version, below = _split(path)
        caller = self._caller(request, version)
        usage, now = self.org.usage, self.org.now
        if usage.used(now) >= usage.allowed:
            raise RequestRefusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        usage.charge(now)
        headers = {name.lower(): value for name, value in request.headers}
        api_request = ApiRequest(caller, self._router, request.args, headers, body)
        kind, answer = self._router.answer(request.method, below, api_request)
        usage.kinds[kind] += 1
        response = _response(answer)
        if answer.status < 400:
            response.headers["Sforce-Limit-Info"] = usage.limit_info(now)
        return response

    def _caller(self, request: Request, version: int) -> Caller:
        session = self._session(request)
        if session is None:
            raise RequestRefusal("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        if not USABLE_SCOPES & set(session.scopes):
            message = "This session is not valid for use with the REST API"
            raise RequestRefusal("INVALID_SESSION_ID", message, status=401)
        if not self.org.access.may(session.user_id, "ApiEnabled"):
            raise RequestRefusal(
                "API_DISABLED_FOR_ORG",
                "API is not enabled for this Organization or Partner",
                status=self.org.switches.api_disabled_status,
            )
        return Caller(self.org, Author(session.user_id, self.org.now, version))

    def _session(self, request: Request) -> Session | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "oauth"):
            return None
        session = self.org.sessions.find(token.strip(), self.org.now)
        active = session is not None and (self.org.records.get(session.user_id) or {}).get("IsActive")
        return session if active else None


def _split(path: str) -> tuple[int, str]:
    """The API version and the path below it. Raises RequestRefusal."""
    match = _VERSIONED.fullmatch(path)
    if match is None:
        raise not_found()
    version = int(match.group(1))
    if version < OLDEST_NOT_RETIRED:
        message = f"The requested API version {version}.0 has been retired"
        raise RequestRefusal("UNSUPPORTED_API_VERSION", message, status=410)
    if not OLDEST_VERSION <= version <= NEWEST_VERSION:
        raise not_found()
    return version, match.group(2) or "/"


def _version(number: int) -> dict[str, str]:
    season = ("Spring", "Summer", "Winter")[(number - 60) % 3]
    year = 24 + (number - 60 + (season == "Winter")) // 3
    return {"label": f"{season} '{year}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}


def _json(status: int, document: Any, headers: Iterable[tuple[str, str]] = ()) -> Response:
    text = json.dumps(document)
    return Response(text, status, list(headers), content_type="application/json;charset=UTF-8")


def _page(status: int, title: str) -> Response:
    return Response(f"<html><h1>{title}</h1></html>", status, content_type="text/html;charset=UTF-8")


def _response(answer: ApiAnswer) -> Response:
    if answer.content is not None:
        return Response(answer.content, answer.status, dict(answer.headers))
    if answer.status in (204, 304):
        return Response(status=answer.status, headers=dict(answer.headers))
    return _json(answer.status, answer.document, answer.headers.items())
