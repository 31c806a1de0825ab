"""Search: filters over an index that lags, values that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.records import Record
from velma_connectors.sandbox.hubspot.refusals import invalid, unreadable
from velma_connectors.sandbox.hubspot.rest.exchange import ApiAnswer, ApiRequest, Body, Route, place
from velma_connectors.sandbox.hubspot.rest.printing import record_document
from velma_connectors.sandbox.hubspot.search_filters import Filter, Indexed, Test, compiled, read_number

LONGEST_BODY = 3_000
MOST_RESULTS = 10_000
MOST_PER_PAGE = 200
MOST_GROUPS, MOST_PER_GROUP, MOST_FILTERS = 5, 6, 18

_Offset = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]


class FilterBody(Body):
    property_name: str | None = None
    operator: str | None = None
    value: str | None = None
    high_value: str | None = None
    values: list[str] | None = None


class GroupBody(Body):
    filters: list[FilterBody]


class SortBody(Body):
    property_name: str
    direction: Literal["ASCENDING", "DESCENDING"] = "ASCENDING"


class SearchBody(Body):
    filter_groups: list[GroupBody] = Field(default_factory=list)
    sorts: list[SortBody] = Field(default_factory=list)
    properties: list[str] = Field(default_factory=list)
    limit: int = Field(default=10, ge=1, le=MOST_PER_PAGE)
    after: _Offset | None = None
    query: str | None = None


def search(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.rows(object_name, "read")
    if len(request.body.decode(errors="replace")) > LONGEST_BODY:
        raise invalid(f"The request body is longer than {LONGEST_BODY} characters")
    body = request.read(SearchBody)
    offset = _offset(body)
    found = _matching(request, kind, body)
    page = found[offset : offset + body.limit]
    names = body.properties or kind.shown
    answer: dict[str, Any] = {
        "total": len(found),
        "results": [record_document(request.portal, kind, record, names) for record in page],
    }
    if offset + body.limit < len(found):
        answer["paging"] = {"next": {"after": str(offset + body.limit)}}
    return ApiAnswer(200, answer)


def _offset(body: SearchBody) -> int:
    offset = place(body.after)
    if offset + body.limit > MOST_RESULTS:
        raise invalid(f"A search pages through {MOST_RESULTS} results at most")
    return offset


def _matching(request: ApiRequest, kind: ObjectKind, body: SearchBody) -> list[Record]:
    """What the index believes to match and still exists, in the order asked for."""
    groups = _groups(request, kind, body)
    order = _order(request, kind, body)
    known_until = request.portal.now - round(request.portal.switches.index_lag_seconds * 1000)
    lags = request.portal.switches.index_lag_seconds > 0
    indexed = _index(known_until) if lags else Record.value
    words = (body.query or "").lower().split()
    found = [
        record
        for record in request.portal.records.all(kind.name)
        if record.archived_at is None
        and (not lags or record.value_at("hs_object_id", known_until) is not None)
        and (not groups or any(all(test(record, indexed) for test in group) for group in groups))
        and _mentions(kind, record, indexed, words)
    ]
    return order(found, indexed)


def _index(known_until: int) -> Indexed:
    return lambda record, name: record.value_at(name, known_until)


def _mentions(kind: ObjectKind, record: Record, indexed: Indexed, words: list[str]) -> bool:
    if not words:
        return True
    text = " ".join(indexed(record, name) or "" for name in kind.searched).lower()
    return all(word in text for word in words)


def _groups(request: ApiRequest, kind: ObjectKind, body: SearchBody) -> list[list[Test]]:
    sizes = [len(group.filters) for group in body.filter_groups]
    if len(sizes) > MOST_GROUPS or sum(sizes) > MOST_FILTERS or any(size > MOST_PER_GROUP for size in sizes):
        raise invalid(
            f"A search takes {MOST_GROUPS} filter groups of {MOST_PER_GROUP} filters, {MOST_FILTERS} in total"
        )
    if 0 in sizes:
        raise invalid("A filter group needs filters")
    return [
        [compiled(request.portal, kind, _filter(each)) for each in group.filters]
        for group in body.filter_groups
    ]


def _filter(body: FilterBody) -> Filter:
    missing = [
        word
        for word, given in (("propertyName", body.property_name), ("operator", body.operator))
        if not given
    ]
    if missing:
        names = ", ".join(missing)
        raise unreadable(f"Cannot build Filter, some of required attributes are not set [{names}]")
    values = None if body.values is None else tuple(body.values)
    return Filter(body.property_name or "", body.operator or "", body.value, body.high_value, values)


def _order(
    request: ApiRequest, kind: ObjectKind, body: SearchBody
) -> Callable[[list[Record], Indexed], list[Record]]:
    """One sort at most; by rising id without one. Records without a value come last."""
    if len(body.sorts) > 1:
        raise invalid("A search takes one sort")
    name = body.sorts[0].property_name if body.sorts else "hs_object_id"
    backwards = bool(body.sorts) and body.sorts[0].direction == "DESCENDING"
    definition = request.portal.properties.living(kind.name, name)
    if definition is None:
        raise invalid(f"Property '{name}' cannot be sorted by on {kind.name}")
    numeric = definition.type == "number"

    def arranged(records: list[Record], indexed: Indexed) -> list[Record]:
        filled = [record for record in records if indexed(record, name) is not None]
        empty = [record for record in records if indexed(record, name) is None]
        if numeric:
            filled.sort(key=lambda record: read_number(indexed(record, name) or "0"), reverse=backwards)
        else:
            filled.sort(key=lambda record: indexed(record, name) or "", reverse=backwards)
        return filled + empty

    return arranged


ROUTES = (Route("POST", "/objects/<object_name>/search", "search", search),)
