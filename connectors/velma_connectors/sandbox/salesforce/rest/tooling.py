"""The Tooling API as far as custom fields go: create, read, change, query."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from velma_connectors.sandbox.salesforce.catalogue.tooling import CUSTOM_FIELD
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal, not_found
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Route
from velma_connectors.sandbox.salesforce.rest.queries import query, query_more
from velma_connectors.sandbox.salesforce.rest.records import living_record, printed_record


def create_field(request: ApiRequest, object_name: str) -> ApiAnswer:
    _check_object(request, object_name)
    body = request.json()
    full_name, metadata = body.pop("FullName", None), body.pop("Metadata", None)
    if not isinstance(full_name, str) or not isinstance(metadata, dict) or body:
        message = "A CustomField takes exactly FullName and Metadata"
        raise RequestRefusal("JSON_PARSER_ERROR", message)
    author = request.caller.author
    field_id = request.caller.org.custom_fields.create(full_name, metadata, author)
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
    body = request.json()
    metadata: Any = body.pop("Metadata", None)
    named = body.pop("FullName", record["FullName"])
    if not isinstance(metadata, dict) or body or named != record["FullName"]:
        message = "A change of a CustomField takes its Metadata, and its FullName unchanged"
        raise RequestRefusal("JSON_PARSER_ERROR", message)
    request.caller.org.custom_fields.change(record["Id"], metadata, request.caller.author)
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
