"""The emulator as a WSGI application: tokens, rates, routes, and the HTTP side of answers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.hubspot.allowance import LimitReached
from velma_connectors.sandbox.hubspot.portal import HubSpotPortal
from velma_connectors.sandbox.hubspot.rate_answers import rate_document
from velma_connectors.sandbox.hubspot.recordings import REDIRECTOR, redirect
from velma_connectors.sandbox.hubspot.refusals import Refusal
from velma_connectors.sandbox.hubspot.rest.exchange import ApiRequest, Route
from velma_connectors.sandbox.hubspot.router import Router
from velma_connectors.sandbox.hubspot.tokens import Token, authenticate

LONGEST_ADDRESS = 8_192
"""Bytes of the path with its query."""


class HubSpotEmulator:
    """Serves one portal. Every request runs alone, under the portal's lock."""

    def __init__(self, portal: HubSpotPortal) -> None:
        self.portal = portal
        self._router = Router()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data(cache=True)
        if request.path == "/_sandbox/usage":
            return self._usage()(environ, start_response)
        correlation_id = str(uuid.uuid4())
        with self.portal.lock:
            try:
                response = self._answer(request, body, correlation_id)
            except Refusal as refusal:
                response = _json(refusal.status, refusal.document(correlation_id))
            self.portal.usage.statuses[response.status_code] += 1
            response.headers["Date"] = http_date(self.portal.clock())
        response.headers["X-HubSpot-Correlation-Id"] = correlation_id
        return response(environ, start_response)

    def _answer(self, request: Request, body: bytes, correlation_id: str) -> Response:
        """Raises Refusal before a resource was reached."""
        address = request.environ.get("REQUEST_URI", request.full_path)
        if len(address.encode("latin-1", "replace")) > LONGEST_ADDRESS:
            self.portal.usage.kinds["unreadable"] += 1
            return Response("<html><h1>414 Request-URI Too Large</h1></html>", 414, content_type="text/html")
        authorization = request.headers.get("Authorization", "")
        if request.path.startswith(REDIRECTOR.removesuffix("portal/")):
            self.portal.usage.kinds["recording"] += 1
            return redirect(self.portal, request.path, authorization)
        token = self._token(authorization)
        route, parts, version = self._route(request)
        self.portal.usage.kinds[route.kind] += 1
        try:
            self._charge(route, token)
        except LimitReached as limit:
            return self._too_many(route, token, limit, correlation_id)
        asked = ApiRequest(
            self.portal, token, version, request.args, request.headers.get("Content-Type", ""), body
        )
        response = self._answer_route(route, asked, parts, correlation_id)
        response.headers.update(self._rate_headers(route, token))
        return response

    def _usage(self) -> Response:
        with self.portal.lock:
            return _json(200, self.portal.usage.snapshot())

    def _token(self, authorization: str) -> Token:
        try:
            return authenticate(self.portal.tokens, authorization, self.portal.now)
        except Refusal:
            self.portal.usage.kinds["unauthorized"] += 1
            raise

    def _route(self, request: Request) -> tuple[Route, dict[str, str], str]:
        try:
            return self._router.find(request.method, request.path)
        except Refusal:
            self.portal.usage.kinds["unknown"] += 1
            raise

    def _answer_route(
        self, route: Route, asked: ApiRequest, parts: Mapping[str, str], correlation_id: str
    ) -> Response:
        """What a refused request has written is undone."""
        try:
            with self.portal.transaction():
                answer = route.handler(asked, **parts)
        except Refusal as refusal:
            return _json(refusal.status, refusal.document(correlation_id))
        return Response(status=204) if answer.status == 204 else _json(answer.status, answer.document)

    def _charge(self, route: Route, token: Token) -> None:
        if route.kind == "search":
            self.portal.allowance.charge_search(self.portal.now)
        else:
            self.portal.allowance.charge(token.text, self.portal.now)

    def _rate_headers(self, route: Route, token: Token) -> dict[str, str]:
        """Search tells nothing of its window."""
        now, allowance = self.portal.now, self.portal.allowance
        window = {} if route.kind == "search" else allowance.window_headers(token.text, now)
        return window | allowance.daily_headers(now)

    def _too_many(self, route: Route, token: Token, limit: LimitReached, correlation_id: str) -> Response:
        switches = self.portal.switches
        document = rate_document(limit.policy, correlation_id, search_policy=switches.search_policy_name)
        response = _json(429, document)
        response.headers.update(self._rate_headers(route, token))
        if switches.retry_after_header:
            response.headers["Retry-After"] = str(limit.wait_seconds)
        return response


def _json(status: int, document: Any) -> Response:
    return Response(json.dumps(document), status, content_type="application/json;charset=utf-8")
