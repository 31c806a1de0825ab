"""Create or change by external id, one record or a collection of one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.fields import FieldDefinition
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import Refusal, RequestRefusal, not_found
from velma_connectors.sandbox.salesforce.rest.collections import (
    Collection,
    Row,
    RowResult,
    read_rows,
    write_rows,
)
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Route


def upsert_record(request: ApiRequest, object_name: str, field_name: str, value: str) -> ApiAnswer:
    """201 for a new record, 200 for a changed one, 300 when several have the value."""
    definition = request.definition(object_name)
    caller = request.caller
    field = _external_id(definition, field_name, caller)
    values = request.json()
    if any(name.lower() in ("id", field.name.lower()) for name in values):
        message = f"The {field.name} field should not be specified in the sobject data."
        raise RequestRefusal("INVALID_FIELD", message)
    matches = _matches(definition, field, value, caller)
    if len(matches) > 1:
        return ApiAnswer(300, [caller.record_url(definition.name, row["Id"]) for row in matches])
    if not matches and request.args.get("updateOnly", "").lower() == "true":
        raise not_found()
    record_id, created = _write(definition, field, value, values, matches, caller)
    caller.org.usage.rows_written[definition.name] += 1
    answer = {"id": record_id, "success": True, "errors": [], "created": created}
    return ApiAnswer(201 if created else 200, answer)


def upsert_records(request: ApiRequest, object_name: str, field_name: str) -> ApiAnswer:
    definition = request.definition(object_name)
    field = _external_id(definition, field_name, request.caller)
    body = request.read(Collection)
    rows = read_rows(body, request.caller)
    if any(row.definition is not definition for row in rows):
        raise RequestRefusal("INVALID_TYPE", f"every record must be of type {definition.name}")

    def write(row: Row, definition: ObjectDefinition, caller: Caller) -> RowResult:
        return _upsert_row(row, definition, field, caller)

    return ApiAnswer(200, write_rows(rows, write, body.all_or_none, request.caller))


def _upsert_row(row: Row, definition: ObjectDefinition, field: FieldDefinition, caller: Caller) -> RowResult:
    named = {name.lower(): name for name in row.values}
    value = row.values.get(named.get(field.name.lower(), ""))
    if value is None or "id" in named:
        raise Refusal("MISSING_ARGUMENT", f"{field.name} not specified, or an Id in its place", ())
    matches = _matches(definition, field, str(value), caller)
    if len(matches) > 1:
        message = f"{field.name}: more than one record found for external id field: {value}"
        raise Refusal("DUPLICATE_EXTERNAL_ID", message, ())
    values = {key: each for key, each in row.values.items() if key.lower() != field.name.lower()}
    record_id, created = _write(definition, field, value, values, matches, caller)
    return RowResult(record_id, created=created)


def _external_id(definition: ObjectDefinition, field_name: str, caller: Caller) -> FieldDefinition:
    visible = caller.fields(definition.name).get(field_name.lower())
    if visible is None or not visible.definition.external_id:
        message = f"Provided external ID field does not exist or is not accessible: {field_name}"
        raise RequestRefusal("NOT_FOUND", message, status=404)
    may_see_all = caller.org.access.may(caller.author.user_id, "ViewAllData")
    if not visible.definition.unique and not may_see_all:
        message = f"upsert by {field_name}, which is not unique, needs View All Data"
        raise RequestRefusal("INSUFFICIENT_ACCESS", message, status=caller.org.switches.access_status)
    return visible.definition


def _matches(
    definition: ObjectDefinition, field: FieldDefinition, value: str, caller: Caller
) -> list[Record]:
    return [
        row
        for row in caller.org.records.all(definition.name)
        if not row["IsDeleted"] and str(row.get(field.name) or "").lower() == value.lower()
    ]


def _write(
    definition: ObjectDefinition,
    field: FieldDefinition,
    value: Any,
    values: Mapping[str, Any],
    matches: list[Record],
    caller: Caller,
) -> tuple[str, bool]:
    """The id of the record and whether it is new."""
    if matches:
        caller.org.writer.update(definition, matches[0]["Id"], values, caller.author)
        return str(matches[0]["Id"]), False
    given = {**values, field.name: float(value) if field.type == "double" else value}
    return caller.org.writer.create(definition, given, caller.author), True


ROUTES = (
    Route("PATCH", "/sobjects/<object_name>/<field_name>/<path:value>", "record_upsert", upsert_record),
    Route("PATCH", "/composite/sobjects/<object_name>/<field_name>", "collections_upsert", upsert_records),
)
