"""Answers from HubSpot's edge, or from an account in trouble: to be planned as faults, such as
`faults.add(Fault("POST .*/search", times=2, answer=search_limit()))`. Waits are in seconds.
"""

from __future__ import annotations

import json
from typing import Any

from werkzeug.wrappers import Response

from velma_connectors.sandbox.hubspot.rate_answers import rate_document

_CORRELATION_ID = "00000000-0000-4000-8000-000000000000"
_HTML = "text/html; charset=UTF-8"


def ten_secondly_limit(retry_after: int | None = None) -> Response:
    return _json(429, rate_document("TEN_SECONDLY_ROLLING", _CORRELATION_ID), retry_after)


def daily_limit(retry_after: int | None = None) -> Response:
    return _json(429, rate_document("DAILY", _CORRELATION_ID), retry_after)


def search_limit(retry_after: int | None = None, *, policy_name: bool = False) -> Response:
    """Another family of body than the others."""
    document = rate_document("SECONDLY", _CORRELATION_ID, search_policy=policy_name)
    return _json(429, document, retry_after)


def locked() -> Response:
    """423: too much work on the same records at once."""
    return api_error(423, "LOCKED", "The record is locked; try again later.")


def migration(retry_after: int = 86_400) -> Response:
    """477: the account is moving to another data center, for up to a day."""
    answer = api_error(477, "MIGRATION_IN_PROGRESS", "This account is being migrated.")
    answer.headers["Retry-After"] = str(retry_after)
    return answer


def internal_error() -> Response:
    return api_error(500, "INTERNAL_ERROR", "internal error")


def service_unavailable() -> Response:
    return api_error(503, "SERVICE_UNAVAILABLE", "Service is temporarily unavailable")


def bad_gateway_page() -> Response:
    return edge_page(502, "Bad gateway")


def gateway_timeout_page() -> Response:
    """504: nobody knows what became of the request."""
    return edge_page(504, "Gateway time-out")


def origin_timeout_page() -> Response:
    """524: no answer within 100 seconds, so that a write may have happened."""
    return edge_page(524, "A timeout occurred")


def edge_page(status: int, title: str) -> Response:
    """A page of the content delivery network: HTML, and no header of HubSpot's."""
    text = f"<!DOCTYPE html><html><head><title>api.hubapi.com | {status}: {title}</title></head></html>"
    return Response(text, status, {"Server": "cloudflare"}, content_type=_HTML)


def page_instead_of_data() -> Response:
    """HTML that answers 200, as if all were well."""
    return Response("<!DOCTYPE html><html><title>HubSpot</title></html>", 200, content_type=_HTML)


def forbidden_page() -> Response:
    """403 of the edge, which is no matter of scopes."""
    return edge_page(403, "Attention Required!")


def api_error(status: int, category: str, message: str) -> Response:
    """Any error in the API's own envelope."""
    document = {
        "status": "error",
        "message": message,
        "correlationId": _CORRELATION_ID,
        "category": category,
    }
    return _json(status, document)


def _json(status: int, document: Any, retry_after: int | None = None) -> Response:
    answer = Response(json.dumps(document), status, content_type="application/json;charset=utf-8")
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer
