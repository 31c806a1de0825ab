"""Up to a hundred records in one request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.records import Record
from velma_connectors.sandbox.hubspot.refusals import NOT_FOUND, Refusal, invalid
from velma_connectors.sandbox.hubspot.rest.bodies import (
    BatchArchiveBody,
    BatchCreateBody,
    BatchReadBody,
    BatchUpdateBody,
    CreateBody,
    UpdateInput,
    add_links,
)
from velma_connectors.sandbox.hubspot.rest.exchange import ApiAnswer, ApiRequest, Route
from velma_connectors.sandbox.hubspot.rest.objects import check_unique
from velma_connectors.sandbox.hubspot.rest.printing import batch_answer, record_document

MOST_INPUTS, MOST_INPUTS_WITH_HISTORY = 100, 50

Input = TypeVar("Input", CreateBody, UpdateInput)
Results = list[dict[str, Any]]


class _Gone(Refusal):
    """Ids that name no record."""

    def __init__(self, kind: ObjectKind, ids: Sequence[str]) -> None:
        super().__init__(
            NOT_FOUND,
            f"Could not get some {kind.singular.upper()} objects, they may be deleted or not exist. "
            "Check that ids are valid.",
            status=404,
            context={"ids": list(ids)},
        )


def read(request: ApiRequest, object_name: str) -> ApiAnswer:
    """Found records by rising id, whatever the order of the inputs; 207 when some are missing."""
    kind = request.rows(object_name, "read")
    body = request.read(BatchReadBody)
    ids = [each.id for each in body.inputs]
    _check_inputs(ids, MOST_INPUTS_WITH_HISTORY if body.properties_with_history else MOST_INPUTS)
    if body.id_property is not None:
        check_unique(request, kind, body.id_property)
    archived = request.flag("archived")
    found: dict[str, Record] = {}
    missing = []
    for each in ids:
        record = _found(request, kind, each, body.id_property)
        if record is None or (record.archived_at is not None) != archived:
            missing.append(each)
        else:
            found[record.id] = record
    names = body.properties or kind.shown
    results = [
        record_document(request.portal, kind, found[record_id], names, body.properties_with_history)
        for record_id in sorted(found, key=int)
    ]
    return batch_answer(request.portal, results, _missing(kind, missing))


def create(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.rows(object_name, "write")
    body = request.read(BatchCreateBody)
    _check_inputs([], MOST_INPUTS, len(body.inputs))

    def write(each: CreateBody) -> dict[str, Any]:
        record = request.portal.writer.create(kind, each.properties, request.author)
        add_links(request, kind, record.id, each.associations)
        saved = request.portal.records.get(kind.name, record.id) or record
        return record_document(request.portal, kind, saved, each.properties)

    partial = request.portal.switches.partial_create_errors
    results, errors = _write_all(request, kind, body.inputs, write, partial=partial)
    return batch_answer(request.portal, results, errors, status=201)


def update(request: ApiRequest, object_name: str) -> ApiAnswer:
    """Ids of merged records are not known here, unlike those of a single PATCH."""
    kind = request.rows(object_name, "write")
    body = request.read(BatchUpdateBody)
    _check_inputs([each.id for each in body.inputs], MOST_INPUTS)
    for each in body.inputs:
        if each.id_property is not None:
            check_unique(request, kind, each.id_property)

    def write(each: UpdateInput) -> dict[str, Any]:
        record = _found(request, kind, each.id, each.id_property, may_be_merged=False)
        if record is None or record.archived_at is not None:
            raise _Gone(kind, [each.id])
        saved = request.portal.writer.update(kind, record, each.properties, request.author)
        return record_document(request.portal, kind, saved, each.properties)

    partial = request.portal.switches.partial_update_errors
    results, errors = _write_all(request, kind, body.inputs, write, partial=partial)
    return batch_answer(request.portal, sorted(results, key=lambda row: int(row["id"])), errors)


def upsert(request: ApiRequest, object_name: str) -> ApiAnswer:
    """By a unique property, which every input must name; `new` tells what was created."""
    kind = request.rows(object_name, "write")
    body = request.read(BatchUpdateBody)
    _check_inputs([each.id for each in body.inputs], MOST_INPUTS)
    for each in body.inputs:
        if each.id_property is None:
            raise invalid("idProperty is required for an upsert")
        check_unique(request, kind, each.id_property)

    def write(each: UpdateInput) -> dict[str, Any]:
        name = each.id_property or ""
        record = request.portal.records.holder(kind.name, name, each.id)
        values = {name: each.id, **each.properties}
        if record is None:
            saved = request.portal.writer.create(kind, values, request.author)
        else:
            saved = request.portal.writer.update(kind, record, each.properties, request.author)
        return record_document(request.portal, kind, saved, values) | {"new": record is None}

    partial = request.portal.switches.partial_upsert_errors
    results, errors = _write_all(request, kind, body.inputs, write, partial=partial)
    return batch_answer(request.portal, results, errors)


def archive(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.rows(object_name, "write")
    ids = [each.id for each in request.read(BatchArchiveBody).inputs]
    _check_inputs(ids, MOST_INPUTS)
    for each in ids:
        record = request.portal.records.living(kind.name, each)
        if record is not None:
            request.portal.writer.archive(record, request.portal.now)
    return ApiAnswer(204)


def _check_inputs(ids: Sequence[str], most: int, count: int | None = None) -> None:
    number = len(ids) if count is None else count
    if not 1 <= number <= most:
        raise invalid(f"A batch takes 1 to {most} inputs, not {number}")
    if twice := sorted({each for each in ids if ids.count(each) > 1}):
        raise invalid(f"Duplicate IDs found in batch input: [{', '.join(twice)}]")


def _found(
    request: ApiRequest, kind: ObjectKind, given: str, id_property: str | None, *, may_be_merged: bool = True
) -> Record | None:
    records = request.portal.records
    if id_property is not None:
        return records.holder(kind.name, id_property, given)
    if may_be_merged and request.portal.switches.merged_ids_in_batch_read:
        given = records.resolved(kind.name, given)
    return records.get(kind.name, given)


def _missing(kind: ObjectKind, ids: list[str]) -> Results:
    return [_Gone(kind, ids).for_input({}, detailed=False)] if ids else []


def _write_all(
    request: ApiRequest,
    kind: ObjectKind,
    inputs: Sequence[Input],
    write: Callable[[Input], dict[str, Any]],
    *,
    partial: bool,
) -> tuple[Results, Results]:
    """Write every input. Results and errors; without a trace id in each, the first error fails all."""
    traces = [each.object_write_trace_id for each in inputs]
    known = [trace for trace in traces if trace]
    if len(set(known)) != len(known):
        raise invalid("objectWriteTraceId must be unique in a batch")
    partial = partial and len(known) == len(inputs)
    results: Results = []
    errors: Results = []
    for each in inputs:
        try:
            with request.portal.transaction():
                results.append(write(each))
        except Refusal as refusal:
            if not partial:
                raise
            errors.append(_input_error(request, refusal, each.object_write_trace_id or ""))
    request.portal.usage.rows_written[kind.name] += len(results)
    return results, errors


def _input_error(request: ApiRequest, refusal: Refusal, trace: str) -> dict[str, Any]:
    switches = request.portal.switches
    names_trace = switches.missing_records_name_traces or not isinstance(refusal, _Gone)
    context = {"objectWriteTraceId": [trace]} if names_trace else {}
    return refusal.for_input(context, detailed=switches.batch_errors_are_detailed)


ROUTES = (
    Route("POST", "/objects/<object_name>/batch/read", "batch read", read),
    Route("POST", "/objects/<object_name>/batch/create", "batch create", create),
    Route("POST", "/objects/<object_name>/batch/update", "batch update", update),
    Route("POST", "/objects/<object_name>/batch/upsert", "batch upsert", upsert),
    Route("POST", "/objects/<object_name>/batch/archive", "batch archive", archive),
)
