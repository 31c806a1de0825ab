"""Single records, and lists of them."""

from __future__ import annotations

from typing import Any

from velma_connectors.sandbox.hubspot.associations import End
from velma_connectors.sandbox.hubspot.kinds import ObjectKind, find_kind
from velma_connectors.sandbox.hubspot.records import Record
from velma_connectors.sandbox.hubspot.refusals import invalid, no_such_record
from velma_connectors.sandbox.hubspot.rest.bodies import CreateBody, PatchBody, add_links
from velma_connectors.sandbox.hubspot.rest.exchange import ApiAnswer, ApiRequest, Route, place
from velma_connectors.sandbox.hubspot.rest.printing import record_document

MOST_LISTED, MOST_LISTED_WITH_HISTORY = 100, 50


def create(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.rows(object_name, "write")
    body = request.read(CreateBody)
    record = request.portal.writer.create(kind, body.properties, request.author)
    add_links(request, kind, record.id, body.associations)
    request.portal.usage.rows_written[kind.name] += 1
    saved = request.portal.records.get(kind.name, record.id) or record
    return ApiAnswer(201, record_document(request.portal, kind, saved, body.properties))


def read(request: ApiRequest, object_name: str, record_id: str) -> ApiAnswer:
    kind = request.rows(object_name, "read")
    record = find(request, kind, record_id, archived=request.flag("archived"))
    return ApiAnswer(200, _document(request, kind, record))


def patch(request: ApiRequest, object_name: str, record_id: str) -> ApiAnswer:
    """Takes the old id of a merged record, and answers with the id that lives on."""
    kind = request.rows(object_name, "write")
    body = request.read(PatchBody)
    record = find(request, kind, record_id)
    saved = request.portal.writer.update(kind, record, body.properties, request.author)
    request.portal.usage.rows_written[kind.name] += 1
    return ApiAnswer(200, record_document(request.portal, kind, saved, body.properties))


def archive(request: ApiRequest, object_name: str, record_id: str) -> ApiAnswer:
    """204 also for a record that is gone or never was."""
    kind = request.rows(object_name, "write")
    record = request.portal.records.living(kind.name, request.portal.records.resolved(kind.name, record_id))
    if record is not None:
        request.portal.writer.archive(record, request.portal.now)
    return ApiAnswer(204)


def list_all(request: ApiRequest, object_name: str) -> ApiAnswer:
    """By rising id; `after` is the last id of the page before."""
    kind = request.rows(object_name, "read")
    with_history = bool(request.names("propertiesWithHistory"))
    limit = request.number("limit", 10, MOST_LISTED_WITH_HISTORY if with_history else MOST_LISTED)
    after, archived = place(request.args.get("after")), request.flag("archived")
    rows = [
        record
        for record in request.portal.records.all(kind.name)
        if (record.archived_at is not None) == archived and int(record.id) > after
    ]
    body: dict[str, Any] = {"results": [_document(request, kind, record) for record in rows[:limit]]}
    if len(rows) > limit:
        body["paging"] = {"next": {"after": rows[limit - 1].id}}
    return ApiAnswer(200, body)


def find(request: ApiRequest, kind: ObjectKind, record_id: str, *, archived: bool = False) -> Record:
    """By id, also that of a merged record, or by the `idProperty` of the query. Raises Refusal with 404."""
    records = request.portal.records
    if (name := request.args.get("idProperty")) is not None:
        check_unique(request, kind, name)
        found = records.holder(kind.name, name, record_id)
    else:
        found = records.get(kind.name, records.resolved(kind.name, record_id))
    if found is None or (found.archived_at is not None) != archived:
        raise no_such_record()
    return found


def check_unique(request: ApiRequest, kind: ObjectKind, name: str) -> None:
    """Raises Refusal when the values of a property do not tell records apart."""
    definition = request.portal.properties.living(kind.name, name)
    if definition is None or not definition.unique:
        raise invalid(f"Unable to perform update/upsert by non-unique {kind.type_id} property {name}")


def _document(request: ApiRequest, kind: ObjectKind, record: Record) -> dict[str, Any]:
    names = request.names("properties") or list(kind.shown)
    body = record_document(request.portal, kind, record, names, request.names("propertiesWithHistory"))
    if linked := request.names("associations"):
        body["associations"] = _associations(request, kind, record, linked)
    return {key: value for key, value in body.items() if value != {}}


def _associations(request: ApiRequest, kind: ObjectKind, record: Record, others: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in others:
        other = find_kind(name)
        if other is None:
            raise invalid(f"Unable to infer object type from: {name}")
        request.portal.links.possible(kind, other)
        word = f"{kind.singular}_to_{other.singular}"
        links = request.portal.links.living(End(kind.name, record.id), other.name)
        if links:
            found[other.name] = {"results": [{"id": other_id, "type": word} for other_id, _ in links]}
    return found


ROUTES = (
    Route("GET", "/objects/<object_name>", "list", list_all),
    Route("POST", "/objects/<object_name>", "create", create),
    Route("GET", "/objects/<object_name>/<record_id>", "read", read),
    Route("PATCH", "/objects/<object_name>/<record_id>", "update", patch),
    Route("DELETE", "/objects/<object_name>/<record_id>", "archive", archive),
)
