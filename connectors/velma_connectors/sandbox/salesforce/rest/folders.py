"""Folders of reports: made and removed."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.ids import canonical_id
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal, not_found
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Body, Route
from velma_connectors.sandbox.salesforce.stamps import stamp

CREATE = "CreateReportFolders"
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")


class FolderBody(Body):
    label: str = Field(min_length=1, max_length=40)
    name: str = Field(min_length=1, max_length=80)
    type: str


def create(request: ApiRequest) -> ApiAnswer:
    caller = request.caller
    if not caller.org.access.may(caller.author.user_id, CREATE):
        message = "You do not have permission to create report folders"
        raise RequestRefusal("FUNCTIONALITY_NOT_ENABLED", message, status=403)
    body = request.read(FolderBody)
    if body.type.lower() != "report":
        raise RequestRefusal("INVALID_INPUT", f"Folders of type {body.type} cannot be made here")
    if not _NAME.fullmatch(body.name):
        raise RequestRefusal("INVALID_INPUT", f"The unique name {body.name} is invalid")
    if any(each["DeveloperName"] == body.name for each in caller.org.records.all("Folder")):
        message = "The folder unique name is already in use; choose another one"
        raise RequestRefusal("DUPLICATE_DEVELOPER_NAME", message)
    folder = _record(body, caller)
    caller.org.records.put("Folder", folder)
    return ApiAnswer(201, _document(folder, caller))


def read(request: ApiRequest, folder_id: str) -> ApiAnswer:
    return ApiAnswer(200, _document(_folder(folder_id, request.caller), request.caller))


def delete(request: ApiRequest, folder_id: str) -> ApiAnswer:
    """Only an empty folder can be removed."""
    folder = _folder(folder_id, request.caller)
    reports = request.caller.org.records.all("Report")
    if any(each["OwnerId"] == folder["Id"] and not each["IsDeleted"] for each in reports):
        raise RequestRefusal("DELETE_FAILED", "The folder is not empty")
    request.caller.org.records.discard(folder["Id"])
    return ApiAnswer(204)


def _folder(folder_id: str, caller: Caller) -> Record:
    full = canonical_id(folder_id)
    folder = caller.org.records.get(full)
    if folder is None or caller.org.records.object_of(folder["Id"]) != "Folder":
        raise not_found()
    return folder


def _record(body: FolderBody, caller: Caller) -> Record:
    now = stamp(caller.author.moment)
    return {
        "Id": caller.org.ids.next("00l"),
        "IsDeleted": False,
        "CreatedDate": now,
        "CreatedById": caller.author.user_id,
        "LastModifiedDate": now,
        "LastModifiedById": caller.author.user_id,
        "SystemModstamp": now,
        "Name": body.label,
        "DeveloperName": body.name,
        "Type": "Report",
        "AccessType": "Hidden",
    }


def _document(folder: Record, caller: Caller) -> dict[str, Any]:
    url = f"{caller.base}/folders/{folder['Id']}"
    return {
        "id": folder["Id"],
        "label": folder["Name"],
        "name": folder["DeveloperName"],
        "type": "report",
        "url": url,
        "sharesUrl": f"{url}/shares",
    }


ROUTES = (
    Route("POST", "/folders", "folder_create", create),
    Route("GET", "/folders/<folder_id>", "folder_read", read),
    Route("DELETE", "/folders/<folder_id>", "folder_delete", delete),
)
