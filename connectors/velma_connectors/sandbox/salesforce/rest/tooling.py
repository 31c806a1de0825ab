"""The Tooling API as far as custom fields go: create, read, change, query."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import Field

from velma_connectors.sandbox.salesforce.catalogue.tooling import CUSTOM_FIELD
from velma_connectors.sandbox.salesforce.field_metadata import check_complete
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal, not_found
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Body, Route
from velma_connectors.sandbox.salesforce.rest.queries import query, query_more
from velma_connectors.sandbox.salesforce.rest.records import living_record, printed_record


class NewField(Body):
    full_name: str = Field(alias="FullName")
    metadata: dict[str, Any] = Field(alias="Metadata")


class ChangedField(Body):
    full_name: str | None = Field(None, alias="FullName")
    metadata: dict[str, Any] = Field(alias="Metadata")


def create_field(request: ApiRequest, object_name: str) -> ApiAnswer:
    _check_object(request, object_name)
    body = request.read(NewField)
    check_complete(body.metadata)
    author = request.caller.author
    field_id = request.caller.org.custom_fields.create(body.full_name, body.metadata, author)
    answer = {"id": field_id, "success": True, "errors": [], "warnings": [], "infos": []}
    return ApiAnswer(201, answer)


def read_field(request: ApiRequest, object_name: str, record_id: str) -> ApiAnswer:
    caller = request.caller.in_tooling()
    if caller.find(object_name) is not CUSTOM_FIELD:
        raise not_found()
    record = living_record(CUSTOM_FIELD, record_id, caller)
    names = [name for name in request.args.get("fields", "").split(",") if name]
    return ApiAnswer(200, printed_record(CUSTOM_FIELD, record, names, caller))


def change_field(request: ApiRequest, object_name: str, record_id: str) -> ApiAnswer:
    _check_object(request, object_name)
    record = living_record(CUSTOM_FIELD, record_id, request.caller.in_tooling())
    body = request.read(ChangedField)
    if body.full_name not in (None, record["FullName"]):
        raise RequestRefusal("FIELD_INTEGRITY_EXCEPTION", "The FullName of a field stays as it is")
    check_complete(body.metadata)
    request.caller.org.custom_fields.change(record["Id"], body.metadata, request.caller.author)
    return ApiAnswer(204)


def tooling_query(request: ApiRequest) -> ApiAnswer:
    return query(replace(request, caller=request.caller.in_tooling()))


def tooling_query_more(request: ApiRequest, locator: str) -> ApiAnswer:
    return query_more(replace(request, caller=request.caller.in_tooling()), locator)


def _check_object(request: ApiRequest, object_name: str) -> None:
    """Raises RequestRefusal unless the caller may change custom fields."""
    caller = request.caller.in_tooling()
    if caller.find(object_name) is not CUSTOM_FIELD:
        raise not_found()
    if caller.org.access.object_level(caller.author.user_id, CUSTOM_FIELD) != "edit":
        raise RequestRefusal(
            "INSUFFICIENT_ACCESS",
            "insufficient access rights: changing fields needs Customize Application",
            status=caller.org.switches.access_status,
        )


ROUTES = (
    Route("POST", "/tooling/sobjects/<object_name>", "tooling_create", create_field),
    Route("GET", "/tooling/sobjects/<object_name>/<record_id>", "tooling_read", read_field),
    Route("PATCH", "/tooling/sobjects/<object_name>/<record_id>", "tooling_update", change_field),
    Route("GET", "/tooling/query", "tooling_query", tooling_query),
    Route("GET", "/tooling/query/<locator>", "tooling_query", tooling_query_more),
)
