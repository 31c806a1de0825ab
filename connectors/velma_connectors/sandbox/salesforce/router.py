"""Finds who answers a method and path, and turns refusals into answers."""

from __future__ import annotations

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from velma_connectors.sandbox.salesforce.refusals import Refusal, RequestRefusal, not_found
from velma_connectors.sandbox.salesforce.rest import (
    analytics,
    collections,
    composite,
    describe,
    folders,
    list_views,
    organization,
    queries,
    records,
    tooling,
    upserts,
)
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Route

ROUTES: tuple[Route, ...] = (
    *organization.ROUTES,
    *queries.ROUTES,
    *describe.ROUTES,
    *records.ROUTES,
    *collections.ROUTES,
    *upserts.ROUTES,
    *composite.ROUTES,
    *tooling.ROUTES,
    *analytics.ROUTES,
    *folders.ROUTES,
    *list_views.ROUTES,
)


class Router:
    """The resources below `/services/data/vNN.0`."""

    def __init__(self) -> None:
        self._map = Map(
            [Rule(route.path or "/", endpoint=route, methods=[route.method]) for route in ROUTES],
            strict_slashes=False,
            merge_slashes=False,
        )

    def answer(self, method: str, path: str, request: ApiRequest) -> tuple[str, ApiAnswer]:
        """The kind of a request and its answer. What a refused request has written is undone."""
        kind = "unknown"
        org = request.caller.org
        with org.records.savepoint() as before:
            try:
                route, parts = self._find(method, path)
                kind = route.kind
                return kind, route.handler(request, **parts)
            except Refusal as refusal:
                org.records.roll_back(before)
                errors = [error.for_request() for error in refusal.errors]
                return kind, ApiAnswer(refusal.status, errors)

    def _find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        adapter = self._map.bind("org")
        try:
            route, parts = adapter.match(path.rstrip("/") or "/", method=method)
        except MethodNotAllowed as error:
            allowed = ",".join(sorted(error.valid_methods or ()))
            message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
            raise RequestRefusal("METHOD_NOT_ALLOWED", message, status=405) from None
        except NotFound:
            raise not_found() from None
        return route, dict(parts)
