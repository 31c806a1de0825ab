"""The Lists API: segments made, found by name or by search, read with their members, and deleted."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from velma_connectors.sandbox.hubspot.rest.exchange import ApiAnswer, ApiRequest, Body, Route, place
from velma_connectors.sandbox.hubspot.scopes import LISTS_READ, LISTS_WRITE
from velma_connectors.sandbox.hubspot.segments import Segment, no_such_segment
from velma_connectors.sandbox.hubspot.stamps import iso

MOST_FOUND, MOST_MEMBERS = 500, 250

Processing = Literal["DYNAMIC", "MANUAL", "SNAPSHOT"]


class CreateBody(Body):
    name: str = Field(min_length=1)
    object_type_id: str
    processing_type: Processing
    filter_branch: dict[str, Any] | None = None


class SearchBody(Body):
    query: str | None = None
    offset: int = Field(default=0, ge=0)
    count: int = Field(default=20, ge=1, le=MOST_FOUND)
    processing_types: list[Processing] | None = None
    object_type_id: str | None = None


def create(request: ApiRequest) -> ApiAnswer:
    request.demand(LISTS_WRITE)
    body = request.read(CreateBody)
    segments = request.portal.segments
    made = segments.create(body.name, body.object_type_id, body.processing_type, body.filter_branch)
    return ApiAnswer(200, {"list": made.document(filters=True)})


def read(request: ApiRequest, list_id: str) -> ApiAnswer:
    request.demand(LISTS_READ)
    return _answer(request, request.portal.segments.find(list_id))


def read_by_name(request: ApiRequest, type_id: str, name: str) -> ApiAnswer:
    request.demand(LISTS_READ)
    segment = request.portal.segments.named(type_id, name)
    if segment is None:
        raise no_such_segment()
    return _answer(request, segment)


def search(request: ApiRequest) -> ApiAnswer:
    """By a part of the name, in any capitals."""
    request.demand(LISTS_READ)
    body = request.read(SearchBody)
    found = [
        segment
        for segment in request.portal.segments.living()
        if (body.query or "").lower() in segment.name.lower()
        and (not body.processing_types or segment.processing in body.processing_types)
        and segment.type_id == (body.object_type_id or segment.type_id)
    ]
    end = body.offset + body.count
    return ApiAnswer(
        200,
        {
            "lists": [segment.document() for segment in found[body.offset : end]],
            "total": len(found),
            "offset": min(end, len(found)),
            "hasMore": end < len(found),
        },
    )


def members(request: ApiRequest, list_id: str) -> ApiAnswer:
    request.demand(LISTS_READ)
    segments = request.portal.segments
    found = segments.members(segments.find(list_id))
    limit, after = request.number("limit", 100, MOST_MEMBERS), place(request.args.get("after"))
    now = iso(request.portal.now)
    rows = [{"recordId": each.id, "membershipTimestamp": now} for each in found[after : after + limit]]
    body: dict[str, Any] = {"results": rows, "total": len(found)}
    if after + limit < len(found):
        body["paging"] = {"next": {"after": str(after + limit)}}
    return ApiAnswer(200, body)


def delete(request: ApiRequest, list_id: str) -> ApiAnswer:
    request.demand(LISTS_WRITE)
    request.portal.segments.delete(list_id)
    return ApiAnswer(204)


def _answer(request: ApiRequest, segment: Segment) -> ApiAnswer:
    return ApiAnswer(200, {"list": segment.document(filters=request.flag("includeFilters"))})


ROUTES = (
    Route("POST", "/lists", "list create", create),
    Route("POST", "/lists/search", "lists", search),
    Route("GET", "/lists/object-type-id/<type_id>/name/<name>", "lists", read_by_name),
    Route("GET", "/lists/<list_id>", "lists", read),
    Route("DELETE", "/lists/<list_id>", "list delete", delete),
    Route("GET", "/lists/<list_id>/memberships", "lists", members),
)
