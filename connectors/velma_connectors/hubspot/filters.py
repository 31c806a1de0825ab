"""The questions of a sales leader as HubSpot searches, and as the clicks of a person in its CRM."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields, encode
from velma_connectors.hubspot.schema import OBJECTS
from velma_connectors.hubspot.search import milliseconds
from velma_connectors.model import Field, FieldKind, FieldValue, Target
from velma_connectors.reporting import (
    Condition,
    FilterAnswer,
    FilterGuide,
    Operator,
    ReportFilter,
    obstacle_with_remedy,
)

FIRST = 10
"""Names that an answer shows."""

_NAMES = {"calls": "hs_call_title", "deals": "dealname"}
_CREATED = {"calls": "hs_createdate", "deals": "createdate"}
_SEARCH_WORDS = {Operator.EQUALS: "EQ", Operator.AT_MOST: "LTE", Operator.IS_SET: "HAS_PROPERTY"}
_BEGINNINGS = {
    Target.CALL: "CRM > Calls > Advanced filters.",
    Target.DEAL: "CRM > Segments > Create segment: choose 'Deals', then Add filter.",
}
_ENDS = {
    Target.CALL: "Save view, named '{question}'.",
    Target.DEAL: "Save as an active segment, named '{question}'.",
}


def describe_filters(known: KnownFields, filters: Sequence[ReportFilter]) -> list[FilterGuide]:
    """How each question is asked of this portal, by position; the properties are read now."""
    fields = {on: known.read(object_behind(on)) for on in dict.fromkeys(asked.on for asked in filters)}
    return [_guide(asked, fields[asked.on]) for asked in filters]


def run_filter(client: HubSpotClient, wanted: ReportFilter) -> FilterAnswer:
    """Search, and name the newest found. Raises RequestRefused for a property that is not there."""
    name = object_behind(wanted.on)
    answer = client.search(name, {**_search(wanted), "limit": FIRST})
    shown = _NAMES[name]
    names = (row["properties"].get(shown) or "(no name)" for row in answer["results"])
    return FilterAnswer(wanted, int(answer["total"]), tuple(names))


def object_behind(on: Target) -> str:
    """The one object that holds calls, or deals."""
    return OBJECTS[on][0]


def _guide(asked: ReportFilter, fields: Mapping[str, Field]) -> FilterGuide:
    told = obstacle_with_remedy(asked, fields)
    if told:
        return FilterGuide(asked, query="", clicks=(), obstacle=told)
    body = _search(asked, *(name for name in asked.columns if name in fields))
    path = paths.objects(object_behind(asked.on), "search")
    clicks = (
        _BEGINNINGS[asked.on],
        *(f"Filter: {_in_words(each, fields[each.field])}." for each in asked.conditions),
        _ENDS[asked.on].format(question=asked.question),
    )
    return FilterGuide(asked, query=f"POST {path} {json.dumps(body)}", clicks=clicks)


def _search(asked: ReportFilter, *columns: str) -> dict[str, Any]:
    """One group of filters, all of which must hold; the newest records come first."""
    name = object_behind(asked.on)
    shown = (_NAMES[name], *(condition.field for condition in asked.conditions), *columns)
    return {
        "filterGroups": [{"filters": [_filter(condition) for condition in asked.conditions]}],
        "sorts": [{"propertyName": _CREATED[name], "direction": "DESCENDING"}],
        "properties": list(dict.fromkeys(shown)),
    }


def _filter(condition: Condition) -> dict[str, str]:
    named = {"propertyName": condition.field, "operator": _SEARCH_WORDS[condition.operator]}
    return named if condition.operator is Operator.IS_SET else {**named, "value": _operand(condition.value)}


def _operand(value: FieldValue) -> str:
    return milliseconds(value) if isinstance(value, datetime) else encode(value)


def _in_words(condition: Condition, field: Field) -> str:
    named = f"'{field.label}' ({condition.field})"
    if condition.operator is Operator.IS_SET:
        return f"{named} is known"
    if condition.operator is Operator.AT_MOST:
        return f"{named} is less than or equal to '{condition.value}'"
    if field.kind is FieldKind.BOOLEAN:
        return f"{named} is any of '{'Yes' if condition.value else 'No'}'"
    return f"{named} is any of '{condition.value}'"
