"""Answers that come from the servers before an org, or from an org in trouble: to be planned as faults:
`faults.add(Fault("GET .*/query", times=2, answer=service_unavailable()))`.
"""

from __future__ import annotations

import json

from werkzeug.wrappers import Response

_HTML = "text/html;charset=UTF-8"


def api_error(status: int, code: str, message: str) -> Response:
    """Any error in the API's own shape, such as 500 UNKNOWN_EXCEPTION."""
    body = json.dumps([{"message": message, "errorCode": code}])
    return Response(body, status, content_type="application/json;charset=UTF-8")


def session_expired() -> Response:
    return api_error(401, "INVALID_SESSION_ID", "Session expired or invalid")


def too_many_at_once() -> Response:
    message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    return api_error(403, "REQUEST_LIMIT_EXCEEDED", message)


def service_unavailable() -> Response:
    """The page of a server that is overloaded or being moved."""
    return Response("<html><h1>Service Unavailable</h1></html>", 503, content_type=_HTML)


def unauthorized_page() -> Response:
    """A 401 that is no JSON."""
    return Response("<html><h1>Unauthorized</h1></html>", 401, content_type=_HTML)


def maintenance_page() -> Response:
    """Maintenance that answers 200, as if all were well."""
    return Response("<html><h1>We are down for maintenance.</h1></html>", 200, content_type=_HTML)


def no_route() -> Response:
    """420: the edge has no route to the org at the moment."""
    return Response(b"", 420)


def not_acceptable() -> Response:
    return Response(b"", 406)
