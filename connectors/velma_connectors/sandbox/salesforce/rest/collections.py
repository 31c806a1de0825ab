"""sObject Collections: up to 200 records in one request, answered row by row in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.ids import canonical_id
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition
from velma_connectors.sandbox.salesforce.refusals import (
    ApiError,
    Refusal,
    RequestRefusal,
    UnreadableRecord,
    malformed_id,
)
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Body, Route
from velma_connectors.sandbox.salesforce.rest.records import printed_record

MOST_RECORDS = 200
MOST_READ = 2_000
MOST_RUNS = 10
_ROLLED_BACK = ApiError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
    (),
)


class Collection(Body):
    """Records to write. Their own keys are the columns of their objects."""

    records: list[dict[str, Any]]
    all_or_none: bool = False


class Selection(Body):
    """Records and fields to read."""

    ids: list[str]
    fields: list[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a collection. `definition` is None for an object that is not there."""

    type_name: str
    definition: ObjectDefinition | None
    values: Mapping[str, Any]
    record_id: str | None = None


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row: the id it has now, or the errors that stood against it."""

    record_id: str | None
    errors: tuple[ApiError, ...] = ()
    created: bool | None = None

    def printed(self) -> dict[str, Any]:
        errors = [error.for_row() for error in self.errors]
        if errors:
            return {"success": False, "errors": errors}
        printed: dict[str, Any] = {"id": self.record_id, "success": True, "errors": []}
        return printed if self.created is None else {**printed, "created": self.created}


RowWriter = Callable[[Row, ObjectDefinition, Caller], RowResult]
"""Writes one row. Raises Refusal."""


def create_records(request: ApiRequest) -> ApiAnswer:
    body = request.read(Collection)
    rows = read_rows(body, request.caller)
    return ApiAnswer(200, write_rows(rows, _create, body.all_or_none, request.caller))


def update_records(request: ApiRequest) -> ApiAnswer:
    body = request.read(Collection)
    rows = [_with_id(row) for row in read_rows(body, request.caller)]
    return ApiAnswer(200, write_rows(rows, _update, body.all_or_none, request.caller))


def delete_records(request: ApiRequest) -> ApiAnswer:
    ids = [part for part in request.args.get("ids", "").split(",") if part]
    _check_size(len(ids), MOST_RECORDS)
    rows = []
    for each in ids:
        definition = request.caller.org.schema.by_key_prefix(each)
        known = request.caller.find(definition.name) if definition else None
        rows.append(Row(known.name if known else each[:3], known, {}, each))
    together = request.args.get("allOrNone", "false").lower() == "true"
    return ApiAnswer(200, write_rows(rows, _delete, together, request.caller))


def read_by_url(request: ApiRequest, object_name: str) -> ApiAnswer:
    ids, fields = (request.args.get(key, "").split(",") for key in ("ids", "fields"))
    return ApiAnswer(200, _read(request, object_name, ids, fields))


def read_by_body(request: ApiRequest, object_name: str) -> ApiAnswer:
    body = request.read(Selection)
    return ApiAnswer(200, _read(request, object_name, body.ids, body.fields))


def _read(request: ApiRequest, object_name: str, ids: list[str], fields: list[str]) -> list[Any]:
    """Records in the order of their ids; null for those that are gone or never were."""
    definition = request.definition(object_name)
    _check_size(len(ids), MOST_READ)
    if not fields or not all(fields):
        raise RequestRefusal("MISSING_ARGUMENT", "fields must name at least one field")
    printed: list[Any] = []
    for each in ids:
        full = canonical_id(each)
        if full is None:
            raise RequestRefusal("MALFORMED_ID", f"malformed id {each}")
        record = request.caller.org.records.get(full)
        home = request.caller.org.records.object_of(full)
        if record is None or record["IsDeleted"] or home != definition.name:
            printed.append(None)
        else:
            printed.append(printed_record(definition, record, fields, request.caller))
    return printed


def _check_size(count: int, most: int) -> None:
    if count > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise RequestRefusal("EXCEEDED_ID_LIMIT", message)


def read_rows(body: Collection, caller: Caller) -> list[Row]:
    """The records of a collection, each with its object. Raises RequestRefusal."""
    _check_size(len(body.records), MOST_RECORDS)
    rows = []
    for each in body.records:
        attributes = each.get("attributes")
        type_name = attributes.get("type") if isinstance(attributes, dict) else None
        if not isinstance(type_name, str):
            raise RequestRefusal("INVALID_FIELD", "every record needs attributes with a type")
        definition = caller.find(type_name)
        rows.append(Row(definition.name if definition else type_name, definition, each))
    runs = sum(1 for _ in groupby(rows, key=lambda row: row.type_name))
    if runs > MOST_RUNS:
        raise RequestRefusal(
            "LIMIT_EXCEEDED",
            f"Cannot have more than {MOST_RUNS} chunks in a single operation. Please rearrange the data to "
            "reduce chunking.",
        )
    return rows


def _with_id(row: Row) -> Row:
    ids = [value for name, value in row.values.items() if name.lower() == "id"]
    values = {name: value for name, value in row.values.items() if name.lower() != "id"}
    return replace(row, values=values, record_id=ids[0] if ids else None)


def write_rows(rows: list[Row], write: RowWriter, together: bool, caller: Caller) -> list[dict[str, Any]]:
    """Write rows in runs of one object, undoing a run or all of them where the rules say so."""
    records = caller.org.records
    results: list[RowResult] = []
    seen: dict[str, int] = {}
    with records.savepoint() as before_all:
        for _, run in groupby(rows, key=lambda row: row.type_name):
            with records.savepoint() as before_run:
                written = [_written(row, write, seen, rows[0], caller) for row in run]
                locked = [each for each in written if _is_locked(each)]
                if locked and caller.org.switches.lock_fails_whole_batch:
                    records.roll_back(before_run)
                    written = [RowResult(None, locked[0].errors) for _ in written]
                results.extend(written)
        if together and any(result.errors for result in results):
            records.roll_back(before_all)
            results = [replace(each, errors=each.errors or (_ROLLED_BACK,)) for each in results]
    for row, result in zip(rows, results, strict=True):
        caller.org.usage.rows_written[row.type_name] += not result.errors
    return [result.printed() for result in results]


def _is_locked(result: RowResult) -> bool:
    return any(error.code == "UNABLE_TO_LOCK_ROW" for error in result.errors)


def _written(row: Row, write: RowWriter, seen: dict[str, int], first: Row, caller: Caller) -> RowResult:
    with caller.org.records.savepoint() as before:
        try:
            return write(row, _checked(row, seen, first, caller), caller)
        except UnreadableRecord as refusal:
            if caller.org.switches.bad_row == "request":
                raise
            errors = refusal.errors
        except Refusal as refusal:
            errors = refusal.errors
        caller.org.records.roll_back(before)
        return RowResult(None, errors)


def _checked(row: Row, seen: dict[str, int], first: Row, caller: Caller) -> ObjectDefinition:
    """The object of a row. Raises the Refusal for one that cannot stand next to the others."""
    if row.definition is None:
        raise UnreadableRecord("INVALID_TYPE", f"sObject type '{row.type_name}' is not supported.")
    if first.definition is not None and row.definition.setup != first.definition.setup:
        raise Refusal(
            "MIXED_DML_OPERATION",
            "DML operation on setup object is not permitted after you have updated a non-setup object (or "
            f"vice versa): {row.type_name}, original object: {first.type_name}",
            (),
        )
    if row.record_id is None:
        return row.definition
    full = canonical_id(row.record_id) or str(row.record_id)
    seen[full] = seen.get(full, 0) + 1
    if seen[full] - 1 > caller.org.switches.duplicate_ids_taken:
        raise Refusal("DUPLICATE_VALUE", f"Duplicate id specified: {row.record_id}", ())
    return row.definition


def _create(row: Row, definition: ObjectDefinition, caller: Caller) -> RowResult:
    return RowResult(caller.org.writer.create(definition, row.values, caller.author))


def _update(row: Row, definition: ObjectDefinition, caller: Caller) -> RowResult:
    full = _full_id(row, definition, "an update")
    caller.org.writer.update(definition, full, row.values, caller.author)
    return RowResult(full)


def _delete(row: Row, definition: ObjectDefinition, caller: Caller) -> RowResult:
    full = _full_id(row, definition, "a delete")
    caller.org.writer.delete(definition, full, caller.author)
    return RowResult(full)


def _full_id(row: Row, definition: ObjectDefinition, call: str) -> str:
    if row.record_id is None:
        raise Refusal("MISSING_ARGUMENT", f"Id not specified in {call} call", ())
    full = canonical_id(row.record_id)
    if full is None or not full.startswith(definition.key_prefix):
        raise malformed_id("Record ID", row.record_id, "Id")
    return full


ROUTES = (
    Route("POST", "/composite/sobjects", "collections_create", create_records),
    Route("PATCH", "/composite/sobjects", "collections_update", update_records),
    Route("DELETE", "/composite/sobjects", "collections_delete", delete_records),
    Route("GET", "/composite/sobjects/<object_name>", "collections_read", read_by_url),
    Route("POST", "/composite/sobjects/<object_name>", "collections_read", read_by_body),
)
