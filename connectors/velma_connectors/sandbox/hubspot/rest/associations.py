"""Reading and changing which records are associated."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from velma_connectors.sandbox.hubspot.association_types import TypeKey
from velma_connectors.sandbox.hubspot.associations import End
from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.refusals import NOT_FOUND, Refusal, invalid, no_such_record, unreadable
from velma_connectors.sandbox.hubspot.rest.bodies import TypeBody
from velma_connectors.sandbox.hubspot.rest.exchange import ApiAnswer, ApiRequest, Body, Id, Route, place
from velma_connectors.sandbox.hubspot.rest.printing import batch_answer
from velma_connectors.sandbox.hubspot.scopes import Access

MOST_READ, MOST_CREATED, MOST_LISTED = 1_000, 2_000, 500


class ReadInput(Body):
    id: Id
    after: str | None = None


class BatchReadBody(Body):
    inputs: list[ReadInput]


class EndBody(Body):
    id: Id


class LinkInput(Body):
    from_: EndBody = Field(alias="from")
    to: EndBody
    types: list[TypeBody] = Field(min_length=1)


class BatchCreateBody(Body):
    inputs: list[LinkInput]


class DefaultInput(Body):
    from_: EndBody = Field(alias="from")
    to: EndBody


class DefaultBatchBody(Body):
    inputs: list[DefaultInput]


class UnlinkInput(Body):
    from_: EndBody = Field(alias="from")
    to: list[EndBody]


class BatchArchiveBody(Body):
    inputs: list[UnlinkInput]


def batch_read(request: ApiRequest, from_object: str, to_object: str) -> ApiAnswer:
    """207 as soon as one input has no link. Results do not keep the order of the inputs."""
    one, other = _pair(request, from_object, to_object, "read")
    inputs = request.read(BatchReadBody).inputs
    _check_count(len(inputs), MOST_READ)
    results, errors = [], []
    for each in sorted({given.id: given for given in inputs}.values(), key=lambda given: given.id):
        links = request.portal.links.living(End(one.name, each.id), other.name)
        if links:
            page = _page(request, one, other, links, place(each.after), _page_size(request))
            results.append({"from": {"id": each.id}, **page})
        else:
            errors.append(_no_links(one, other, each.id))
    if not results and request.portal.switches.no_associations_status == 404:
        raise Refusal(NOT_FOUND, errors[0]["message"], status=404, sub_category=errors[0]["subCategory"])
    return batch_answer(request.portal, results, errors)


def list_all(request: ApiRequest, from_object: str, record_id: str, to_object: str) -> ApiAnswer:
    one, other = _pair(request, from_object, to_object, "read")
    if request.portal.records.living(one.name, record_id) is None:
        raise no_such_record()
    links = request.portal.links.living(End(one.name, record_id), other.name)
    limit = request.number("limit", MOST_LISTED, MOST_LISTED)
    page = _page(request, one, other, links, place(request.args.get("after")), limit)
    return ApiAnswer(200, {"results": page.pop("to"), **page})


def batch_create(request: ApiRequest, from_object: str, to_object: str) -> ApiAnswer:
    one, other = _pair(request, from_object, to_object, "write")
    inputs = request.read(BatchCreateBody).inputs
    _check_count(len(inputs), MOST_CREATED)
    triples = [(each.from_.id, each.to.id, _keys(each.types)) for each in inputs]
    results, errors = _link_all(request, one, other, triples)
    return batch_answer(request.portal, results, errors, status=201)


def batch_default(request: ApiRequest, from_object: str, to_object: str) -> ApiAnswer:
    one, other = _pair(request, from_object, to_object, "write")
    inputs = request.read(DefaultBatchBody).inputs
    _check_count(len(inputs), MOST_CREATED)
    key = request.portal.links.default_key(one, other)
    results, errors = _link_all(request, one, other, [(each.from_.id, each.to.id, [key]) for each in inputs])
    return batch_answer(request.portal, results, errors)


def batch_archive(request: ApiRequest, from_object: str, to_object: str) -> ApiAnswer:
    one, other = _pair(request, from_object, to_object, "write")
    inputs = request.read(BatchArchiveBody).inputs
    _check_count(len(inputs), MOST_CREATED)
    for each in inputs:
        for target in each.to:
            request.portal.links.unlink(End(one.name, each.from_.id), End(other.name, target.id))
    return ApiAnswer(204)


def put_default(
    request: ApiRequest, from_object: str, record_id: str, to_object: str, to_id: str
) -> ApiAnswer:
    """Associate without a label; labels that are there stay."""
    one, other = _pair(request, from_object, to_object, "write")
    key = request.portal.links.default_key(one, other)
    results, errors = _link_all(request, one, other, [(record_id, to_id, [key])])
    if errors:
        raise no_such_record()
    return batch_answer(request.portal, results)


def put_types(request: ApiRequest, from_object: str, record_id: str, to_object: str, to_id: str) -> ApiAnswer:
    """Replace the types of a link by those of the body, an array."""
    one, other = _pair(request, from_object, to_object, "write")
    document = request.json()
    if not isinstance(document, list) or not document:
        raise unreadable("an array of association types is needed")
    try:
        bodies = [TypeBody.model_validate(each) for each in document]
    except ValueError:
        raise unreadable("an association type needs associationCategory and associationTypeId") from None
    ends = End(one.name, record_id), End(other.name, to_id)
    request.portal.links.replace(*ends, _keys(bodies), request.portal.now)
    return ApiAnswer(201, _link_document(request, one, other, record_id, to_id))


def remove(request: ApiRequest, from_object: str, record_id: str, to_object: str, to_id: str) -> ApiAnswer:
    one, other = _pair(request, from_object, to_object, "write")
    request.portal.links.unlink(End(one.name, record_id), End(other.name, to_id))
    return ApiAnswer(204)


def labels(request: ApiRequest, from_object: str, to_object: str) -> ApiAnswer:
    one, other = _pair(request, from_object, to_object, "read")
    return ApiAnswer(
        200, {"results": [each.document() for each in request.portal.links.possible(one, other)]}
    )


def _pair(
    request: ApiRequest, from_object: str, to_object: str, access: Access
) -> tuple[ObjectKind, ObjectKind]:
    """Both objects, when the token reaches both and they can be associated. Raises Refusal."""
    one, other = request.rows(from_object, access), request.rows(to_object, access)
    request.portal.links.possible(one, other)
    return one, other


def _link_all(
    request: ApiRequest, one: ObjectKind, other: ObjectKind, triples: list[tuple[str, str, list[TypeKey]]]
) -> tuple[list[Any], list[Any]]:
    """Link what can be linked; records that do not exist are errors, wrong types fail all."""
    results, errors = [], []
    for from_id, to_id, keys in triples:
        try:
            request.portal.links.link(
                End(one.name, from_id), End(other.name, to_id), keys, request.portal.now
            )
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            context = {"fromObjectId": [from_id], "toObjectId": [to_id]}
            errors.append(refusal.for_input(context, detailed=False))
        else:
            results.append(_link_document(request, one, other, from_id, to_id))
    return results, errors


def _link_document(
    request: ApiRequest, one: ObjectKind, other: ObjectKind, from_id: str, to_id: str
) -> dict[str, Any]:
    keys = request.portal.links.table.types(End(one.name, from_id), End(other.name, to_id))
    types = [request.portal.links.types.find(one.name, other.name, key) for key in keys]
    return {
        "fromObjectTypeId": one.type_id,
        "fromObjectId": int(from_id),
        "toObjectTypeId": other.type_id,
        "toObjectId": int(to_id),
        "labels": [each.label for each in types if each is not None and each.label is not None],
    }


def _keys(bodies: list[TypeBody]) -> list[TypeKey]:
    return [(body.association_category, body.association_type_id) for body in bodies]


def _page(
    request: ApiRequest,
    one: ObjectKind,
    other: ObjectKind,
    links: list[tuple[str, tuple[TypeKey, ...]]],
    after: int,
    size: int,
) -> dict[str, Any]:
    """Links with ids above `after`: `to`, and `paging` when there are more."""
    rest = [link for link in links if int(link[0]) > after]
    types = request.portal.links.types
    to = [
        {
            "toObjectId": int(other_id),
            "associationTypes": [
                found.document()
                for key in keys
                if (found := types.find(one.name, other.name, key)) is not None
            ],
        }
        for other_id, keys in rest[:size]
    ]
    if len(rest) <= size:
        return {"to": to}
    return {"to": to, "paging": {"next": {"after": rest[size - 1][0]}}}


def _page_size(request: ApiRequest) -> int:
    return request.portal.switches.association_page_size


def _check_count(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise invalid(f"A batch takes 1 to {most} inputs, not {count}")


def _no_links(one: ObjectKind, other: ObjectKind, record_id: str) -> dict[str, Any]:
    return {
        "status": "error",
        "category": NOT_FOUND,
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {other.singular} is associated with {one.singular} {record_id}.",
        "context": {
            "fromObjectId": [record_id],
            "fromObjectType": [one.singular],
            "toObjectType": [other.singular],
        },
    }


_PAIR = "/associations/<from_object>/<to_object>"
_RECORD = "/objects/<from_object>/<record_id>/associations"

ROUTES = (
    Route("POST", f"{_PAIR}/batch/read", "association read", batch_read),
    Route("POST", f"{_PAIR}/batch/create", "association write", batch_create),
    Route("POST", f"{_PAIR}/batch/associate/default", "association write", batch_default),
    Route("POST", f"{_PAIR}/batch/archive", "association write", batch_archive),
    Route("GET", f"{_PAIR}/labels", "association labels", labels),
    Route("GET", f"{_RECORD}/<to_object>", "association read", list_all),
    Route("PUT", f"{_RECORD}/default/<to_object>/<to_id>", "association write", put_default),
    Route("PUT", f"{_RECORD}/<to_object>/<to_id>", "association write", put_types),
    Route("DELETE", f"{_RECORD}/<to_object>/<to_id>", "association write", remove),
)
