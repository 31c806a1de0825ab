"""Definitions of properties and their groups."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from velma_connectors.sandbox.hubspot.definitions import Group
from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.refusals import NOT_FOUND, Refusal, invalid
from velma_connectors.sandbox.hubspot.rest.exchange import ApiAnswer, ApiRequest, Body, Route
from velma_connectors.sandbox.hubspot.rest.printing import batch_answer

MOST_INPUTS = 100


class OptionBody(Body):
    label: str
    value: str
    display_order: int = -1
    hidden: bool = False
    description: str = ""


class ChangeBody(Body):
    label: str | None = Field(default=None, min_length=1)
    type: str | None = None
    field_type: str | None = None
    group_name: str | None = None
    description: str | None = None
    options: list[OptionBody] | None = None
    display_order: int | None = None
    has_unique_value: bool | None = None
    hidden: bool | None = None
    form_field: bool | None = None


class CreateBody(ChangeBody):
    name: str
    label: str = Field(min_length=1)
    type: str
    field_type: str
    group_name: str


class BatchCreateBody(Body):
    inputs: list[CreateBody]


class NameInput(Body):
    name: str


class BatchReadBody(Body):
    inputs: list[NameInput]
    archived: bool = False


class BatchArchiveBody(Body):
    inputs: list[NameInput]


class GroupBody(Body):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1)
    display_order: int = -1


def list_all(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.schema(object_name, "read")
    found = request.portal.properties.of(kind.name, archived=request.flag("archived"))
    return ApiAnswer(200, {"results": [each.document() for each in found]})


def read(request: ApiRequest, object_name: str, name: str) -> ApiAnswer:
    kind = request.schema(object_name, "read")
    archived = request.flag("archived")
    return ApiAnswer(200, request.portal.properties.find(kind.name, name, archived=archived).document())


def create(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.schema(object_name, "write")
    return ApiAnswer(201, _create(request, kind, request.read(CreateBody)))


def change(request: ApiRequest, object_name: str, name: str) -> ApiAnswer:
    kind = request.schema(object_name, "write")
    document = _given(request.read(ChangeBody))
    changed = request.portal.properties.change(kind.name, name, document, request.portal.now)
    return ApiAnswer(200, changed.document())


def archive(request: ApiRequest, object_name: str, name: str) -> ApiAnswer:
    kind = request.schema(object_name, "write")
    request.portal.properties.archive(kind.name, name, request.portal.now)
    return ApiAnswer(204)


def batch_create(request: ApiRequest, object_name: str) -> ApiAnswer:
    """Names that are taken are errors of their own; everything else that is wrong fails the batch."""
    kind = request.schema(object_name, "write")
    inputs = request.read(BatchCreateBody).inputs
    _check_names([each.name for each in inputs])
    results, errors = [], []
    with request.portal.properties.transaction():
        for each in inputs:
            try:
                results.append(_create(request, kind, each))
            except Refusal as refusal:
                if refusal.status != 409:
                    raise
                errors.append(refusal.for_input({"name": [each.name]}, detailed=False))
    return batch_answer(request.portal, results, errors, status=201)


def batch_read(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.schema(object_name, "read")
    body = request.read(BatchReadBody)
    names = [each.name for each in body.inputs]
    _check_names(names)
    by_name = {each.name: each for each in request.portal.properties.of(kind.name, archived=body.archived)}
    results = [by_name[name].document() for name in names if name in by_name]
    errors = [
        Refusal(NOT_FOUND, f'Property "{name}" does not exist').for_input({"name": [name]}, detailed=False)
        for name in names
        if name not in by_name
    ]
    return batch_answer(request.portal, results, errors)


def batch_archive(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.schema(object_name, "write")
    names = [each.name for each in request.read(BatchArchiveBody).inputs]
    _check_names(names)
    with request.portal.properties.transaction():
        for name in names:
            request.portal.properties.archive(kind.name, name, request.portal.now)
    return ApiAnswer(204)


def list_groups(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.schema(object_name, "read")
    groups = request.portal.properties.schemas[kind.name].groups.values()
    return ApiAnswer(200, {"results": [group.document() for group in groups]})


def read_group(request: ApiRequest, object_name: str, name: str) -> ApiAnswer:
    kind = request.schema(object_name, "read")
    group = request.portal.properties.schemas[kind.name].groups.get(name)
    if group is None:
        raise Refusal(NOT_FOUND, f'Property group "{name}" does not exist', status=404)
    return ApiAnswer(200, group.document())


def create_group(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.schema(object_name, "write")
    body = request.read(GroupBody)
    group = Group(body.name, body.label, body.display_order)
    return ApiAnswer(201, request.portal.properties.add_group(kind.name, group).document())


def _create(request: ApiRequest, kind: ObjectKind, body: CreateBody) -> dict[str, Any]:
    made = request.portal.properties.create(kind.name, _given(body), request.portal.now)
    return made.document()


def _given(body: ChangeBody) -> dict[str, Any]:
    """What was sent, in its JSON shape."""
    return body.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)


def _check_names(names: list[str]) -> None:
    if not 1 <= len(names) <= MOST_INPUTS:
        raise invalid(f"A batch takes 1 to {MOST_INPUTS} inputs, not {len(names)}")
    if len(set(names)) != len(names):
        raise invalid("A batch names every property once")


_OBJECT = "/properties/<object_name>"

ROUTES = (
    Route("GET", _OBJECT, "properties", list_all),
    Route("POST", _OBJECT, "property create", create),
    Route("GET", f"{_OBJECT}/groups", "properties", list_groups),
    Route("POST", f"{_OBJECT}/groups", "property create", create_group),
    Route("GET", f"{_OBJECT}/groups/<name>", "properties", read_group),
    Route("POST", f"{_OBJECT}/batch/create", "property create", batch_create),
    Route("POST", f"{_OBJECT}/batch/read", "properties", batch_read),
    Route("POST", f"{_OBJECT}/batch/archive", "property archive", batch_archive),
    Route("GET", f"{_OBJECT}/<name>", "properties", read),
    Route("PATCH", f"{_OBJECT}/<name>", "property change", change),
    Route("DELETE", f"{_OBJECT}/<name>", "property archive", archive),
)
