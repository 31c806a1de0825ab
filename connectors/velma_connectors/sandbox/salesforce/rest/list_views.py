"""List views through the User Interface API: made, read and removed."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.objects import ACTIVITY, ObjectDefinition
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal, not_found
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Body, Route
from velma_connectors.sandbox.salesforce.stamps import stamp

FIRST_VERSION = 61
CREATE, PUBLISH = "CreateCustomizeFilters", "ManagePublicListviews"
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")


class FilterBody(Body):
    field_api_name: str
    operand_labels: list[str]
    operator: Literal[
        "Equals",
        "NotEqual",
        "LessThan",
        "LessOrEqual",
        "GreaterThan",
        "GreaterOrEqual",
        "Includes",
        "Excludes",
    ]


class ScopeBody(Body):
    api_name: Literal["everything", "mine"]


class ListBody(Body):
    list_view_api_name: str = Field(min_length=1, max_length=80)
    label: str = Field(min_length=1, max_length=40)
    filtered_by_info: list[FilterBody] = Field(default_factory=list)
    display_columns: list[str] = Field(default_factory=list, max_length=15)
    scope: ScopeBody
    visibility: Literal["Private", "Public"]


def create(request: ApiRequest, object_name: str) -> ApiAnswer:
    definition = _listed(request, object_name)
    body = request.read(ListBody)
    _demand(request.caller, CREATE)
    if body.visibility == "Public":
        _demand(request.caller, PUBLISH)
    _check(body, definition, request.caller)
    if _find(definition, body.list_view_api_name, request.caller) is not None:
        raise _refusal("DUPLICATE_DEVELOPER_NAME", "The list view's unique name is already in use")
    row = _record(body, definition, request.caller)
    request.caller.org.records.put("ListView", row)
    return ApiAnswer(201, _document(row))


def read(request: ApiRequest, object_name: str, name: str) -> ApiAnswer:
    return ApiAnswer(200, _document(_existing(request, object_name, name)))


def delete(request: ApiRequest, object_name: str, name: str) -> ApiAnswer:
    row = _existing(request, object_name, name)
    _demand(request.caller, CREATE)
    request.caller.org.records.discard(row["Id"])
    return ApiAnswer(204)


def _listed(request: ApiRequest, object_name: str) -> ObjectDefinition:
    """The object, when it takes list views through this API."""
    if request.caller.author.version < FIRST_VERSION:
        raise not_found()
    definition = request.definition(object_name)
    switches = request.caller.org.switches
    if definition.custom_fields_on == ACTIVITY and not switches.list_views_of_activities:
        raise _refusal("INVALID_TYPE", f"Object {definition.name} is not supported in UI API")
    return definition


def _existing(request: ApiRequest, object_name: str, name: str) -> Record:
    row = _find(_listed(request, object_name), name, request.caller)
    if row is None:
        raise not_found()
    return row


def _find(definition: ObjectDefinition, name: str, caller: Caller) -> Record | None:
    rows = caller.org.records.all("ListView")
    wanted = (definition.name, name)
    return next((row for row in rows if (row["SobjectType"], row["DeveloperName"]) == wanted), None)


def _check(body: ListBody, definition: ObjectDefinition, caller: Caller) -> None:
    if not _NAME.fullmatch(body.list_view_api_name):
        raise _refusal("INVALID_INPUT", "The list view's unique name is invalid")
    fields = caller.fields(definition.name)
    for name in (*body.display_columns, *(each.field_api_name for each in body.filtered_by_info)):
        if name.lower() not in fields:
            raise _refusal("INVALID_FIELD", f"No such column '{name}' on {definition.name}")
    for each in body.filtered_by_info:
        if not fields[each.field_api_name.lower()].definition.filterable:
            raise _refusal("INVALID_FIELD", f"{each.field_api_name} cannot be filtered")


def _record(body: ListBody, definition: ObjectDefinition, caller: Caller) -> Record:
    now = stamp(caller.author.moment)
    return {
        "Id": caller.org.ids.next("00B"),
        "IsDeleted": False,
        "CreatedDate": now,
        "CreatedById": caller.author.user_id,
        "LastModifiedDate": now,
        "LastModifiedById": caller.author.user_id,
        "SystemModstamp": now,
        "Name": body.label,
        "DeveloperName": body.list_view_api_name,
        "SobjectType": definition.name,
        "Definition": body.model_dump(by_alias=True),
    }


def _document(row: Record) -> dict[str, Any]:
    reference = {
        "id": row["Id"],
        "listViewApiName": row["DeveloperName"],
        "objectApiName": row["SobjectType"],
        "type": "listView",
    }
    return {**row["Definition"], "listReference": reference}


def _demand(caller: Caller, permission: str) -> None:
    if not caller.org.access.may(caller.author.user_id, permission):
        message = f"This needs the permission {permission}"
        raise _refusal("INSUFFICIENT_ACCESS", message, caller.org.switches.access_status)


def _refusal(code: str, message: str, status: int = 400) -> RequestRefusal:
    return RequestRefusal(code, message, status=status)


ROUTES = (
    Route("POST", "/ui-api/list-info/<object_name>", "list_view_create", create),
    Route("GET", "/ui-api/list-info/<object_name>/<name>", "list_view_read", read),
    Route("DELETE", "/ui-api/list-info/<object_name>/<name>", "list_view_delete", delete),
)
