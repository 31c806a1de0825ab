"""Composite: several requests in one, later ones using the answers of earlier ones."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from velma_connectors.sandbox.salesforce.refusals import ApiError, RequestRefusal
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Body, Route

MOST_PARTS = 25
MOST_HEAVY_PARTS = 5
_HEAVY = re.compile(r"/(query|queryAll|composite/sobjects)(/|$)")
_FORBIDDEN = re.compile(r"/composite(/(?!sobjects).*)?$|/VersionData$|/Body$")
_FORBIDDEN_HEADERS = frozenset({"accept", "authorization", "content-type"})
_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]+")
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.\w+|\[\d+\])*)\}")
_BELOW_VERSION = re.compile(r"/services/data/v\d+\.0(/.*)")
_HALTED = ApiError(
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)


class Part(Body):
    """One request of the composite, as it was sent."""

    method: str
    url: str
    reference_id: str
    body: Any = None
    http_headers: dict[str, str] | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in (self.http_headers or {}).items()}

    @property
    def path(self) -> str:
        match = _BELOW_VERSION.fullmatch(urlsplit(self.url).path)
        if match is None:
            raise RequestRefusal("INVALID_INPUT", f"the url of {self.reference_id} leads outside the API")
        return match.group(1)

    @property
    def is_collection(self) -> bool:
        return self.path.startswith("/composite/sobjects")


class Composite(Body):
    composite_request: list[Part]
    all_or_none: bool = False
    collate_subrequests: bool = False


def composite(request: ApiRequest) -> ApiAnswer:
    body = request.read(Composite)
    parts, all_or_none = body.composite_request, body.all_or_none
    _check_parts(parts)
    records = request.caller.org.records
    answers: dict[str, ApiAnswer] = {}
    with records.savepoint() as before:
        for part in parts:
            answers[part.reference_id] = _answer(part, answers, all_or_none, request)
        failed = any(_has_failed(part, answers[part.reference_id]) for part in parts)
        if all_or_none and failed:
            records.roll_back(before)
            answers = {part.reference_id: _halted(part, answers[part.reference_id]) for part in parts}
    printed = [
        {
            "body": answers[part.reference_id].document,
            "httpHeaders": dict(answers[part.reference_id].headers),
            "httpStatusCode": answers[part.reference_id].status,
            "referenceId": part.reference_id,
        }
        for part in parts
    ]
    return ApiAnswer(200, {"compositeResponse": printed})


def _check_parts(parts: list[Part]) -> None:
    """Raises RequestRefusal for the request as a whole."""
    if len(parts) > MOST_PARTS:
        raise RequestRefusal("LIMIT_EXCEEDED", f"Limit of {MOST_PARTS} subrequests reached for a composite")
    ids = [part.reference_id for part in parts]
    wrong = [each for each in ids if not _REFERENCE_ID.fullmatch(each)]
    if wrong or len(set(ids)) != len(ids):
        message = f"referenceId must be unique and of letters, digits and underscores: {(wrong or ids)[0]}"
        raise RequestRefusal("INVALID_INPUT", message)
    if sum(1 for part in parts if _HEAVY.search(part.path)) > MOST_HEAVY_PARTS:
        message = f"Limit of {MOST_HEAVY_PARTS} queries and collections reached for a composite"
        raise RequestRefusal("LIMIT_EXCEEDED", message)
    for part in parts:
        if _FORBIDDEN.search(part.path) or _FORBIDDEN_HEADERS & set(part.headers):
            message = f"{part.reference_id} uses a resource or header that composite does not allow"
            raise RequestRefusal("INVALID_INPUT", message)


def _answer(
    part: Part, answers: Mapping[str, ApiAnswer], all_or_none: bool, request: ApiRequest
) -> ApiAnswer:
    try:
        url = _filled_in(part.url, answers)
        body = _filled_in(part.body, answers)
    except LookupError as missing:
        message = f"Invalid reference specified. No value for {missing.args[0]} found"
        return ApiAnswer(400, [ApiError("PROCESSING_HALTED", message).for_request()])
    if all_or_none and part.is_collection and isinstance(body, dict):
        body = {**body, "allOrNone": True}
    address = urlsplit(url)
    sub_request = replace(
        request,
        args=dict(parse_qsl(address.query, keep_blank_values=True)),
        headers={**part.headers, "content-type": "application/json"},
        body=b"" if body is None else json.dumps(body).encode(),
    )
    path = part.model_copy(update={"url": url}).path
    return request.router.answer(part.method.upper(), path, sub_request)[1]


def _has_failed(part: Part, answer: ApiAnswer) -> bool:
    if answer.status >= 400:
        return True
    rows = answer.document if part.is_collection and isinstance(answer.document, list) else []
    return any(isinstance(row, dict) and row.get("success") is False for row in rows)


def _halted(part: Part, answer: ApiAnswer) -> ApiAnswer:
    """After a rollback: failures keep their words, a collection its rows, everything else is halted."""
    if part.is_collection or answer.status >= 400:
        return answer
    return ApiAnswer(400, [_HALTED.for_request()])


def _filled_in(value: Any, answers: Mapping[str, ApiAnswer]) -> Any:
    """Replace `@{reference.path}` in every text. Raises LookupError with the reference."""
    if isinstance(value, dict):
        return {key: _filled_in(each, answers) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled_in(each, answers) for each in value]
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _referred(match, answers), value)
    return value


def _referred(match: re.Match[str], answers: Mapping[str, ApiAnswer]) -> str:
    name, path = match.groups()
    answer = answers.get(name)
    if answer is None or answer.status >= 400:
        raise LookupError(name + path)
    here: Any = answer.document
    for key, place in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        try:
            here = here[int(place)] if place else here[key]
        except (LookupError, TypeError):
            raise LookupError(name + path) from None
    return str(here)


ROUTES = (Route("POST", "/composite", "composite", composite),)
