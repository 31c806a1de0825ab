"""Single records: read, create, change, delete, and the bytes of a file."""

from __future__ import annotations

from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.fields import FieldDefinition
from velma_connectors.sandbox.salesforce.ids import canonical_id
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal, deleted, not_found
from velma_connectors.sandbox.salesforce.rest.conditional import check_unmodified, is_unchanged, validators
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Route


def get_record(request: ApiRequest, object_name: str, record_id: str) -> ApiAnswer:
    definition = request.definition(object_name)
    record = living_record(definition, record_id, request.caller)
    check_unmodified(definition.name, record, request.headers)
    headers = validators(definition.name, record)
    if is_unchanged(definition.name, record, request.headers):
        return ApiAnswer(304, headers=headers)
    names = [name for name in request.args.get("fields", "").split(",") if name]
    return ApiAnswer(200, printed_record(definition, record, names, request.caller), headers=headers)


def living_record(definition: ObjectDefinition, record_id: str, caller: Caller) -> Record:
    """The record a path names. Raises RequestRefusal."""
    full = canonical_id(record_id)
    record = caller.org.records.get(full)
    if full is None or record is None or caller.org.records.object_of(full) != definition.name:
        raise not_found()
    if record["IsDeleted"]:
        raise deleted(caller.org.switches.deleted_status)
    return record


def printed_record(
    definition: ObjectDefinition, record: Record, names: list[str], caller: Caller
) -> dict[str, Any]:
    """A record with the named fields, all visible ones when none is named. Raises RequestRefusal."""
    visible = caller.fields(definition.name)
    unknown = [name for name in names if name.strip().lower() not in visible]
    if unknown:
        message = f"No such column '{unknown[0]}' on entity '{definition.name}'"
        raise RequestRefusal("INVALID_FIELD", message)
    chosen = [visible[name.strip().lower()] for name in names] or list(visible.values())
    url = caller.record_url(definition.name, record["Id"])
    printed: dict[str, Any] = {"attributes": {"type": definition.name, "url": url}}
    for each in chosen:
        printed[each.definition.name] = printed_value(each.definition, record, url)
    return printed


def printed_value(definition: FieldDefinition, record: Record, url: str) -> Any:
    if definition.type == "base64":
        return f"{url}/{definition.name}"
    value = record.get(definition.name)
    return False if value is None and definition.type == "boolean" else value


def create_record(request: ApiRequest, object_name: str) -> ApiAnswer:
    definition = request.definition(object_name)
    caller = request.caller
    record_id = caller.org.writer.create(definition, request.json(), caller.author)
    caller.org.usage.rows_written[definition.name] += 1
    location = {"Location": caller.record_url(definition.name, record_id)}
    return ApiAnswer(201, {"id": record_id, "success": True, "errors": []}, headers=location)


def update_record(request: ApiRequest, object_name: str, record_id: str) -> ApiAnswer:
    definition = request.definition(object_name)
    caller = request.caller
    record = living_record(definition, record_id, caller)
    check_unmodified(definition.name, record, request.headers)
    values = request.json()
    if any(name.lower() == "id" for name in values):
        message = "The Id field should not be specified in the sobject data."
        raise RequestRefusal("INVALID_FIELD", message)
    caller.org.writer.update(definition, record["Id"], values, caller.author)
    caller.org.usage.rows_written[definition.name] += 1
    return ApiAnswer(204)


def delete_record(request: ApiRequest, object_name: str, record_id: str) -> ApiAnswer:
    definition = request.definition(object_name)
    caller = request.caller
    record = living_record(definition, record_id, caller)
    caller.org.writer.delete(definition, record["Id"], caller.author)
    return ApiAnswer(204)


def download(request: ApiRequest, object_name: str, record_id: str, field_name: str) -> ApiAnswer:
    """The bytes of a file version, as they were stored."""
    definition = request.definition(object_name)
    record = living_record(definition, record_id, request.caller)
    content = request.caller.org.files.contents.get(record["Id"])
    if field_name != "VersionData" or content is None:
        raise not_found()
    return ApiAnswer(200, content=content, headers={"Content-Type": "application/octetstream"})


ROUTES = (
    Route("POST", "/sobjects/<object_name>", "record_create", create_record),
    Route("GET", "/sobjects/<object_name>/<record_id>", "record_read", get_record),
    Route("PATCH", "/sobjects/<object_name>/<record_id>", "record_update", update_record),
    Route("DELETE", "/sobjects/<object_name>/<record_id>", "record_delete", delete_record),
    Route("GET", "/sobjects/<object_name>/<record_id>/<field_name>", "download", download),
)
