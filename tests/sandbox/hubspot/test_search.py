"""Search: what it finds, what it refuses, and how it lags."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from velma_connectors.sandbox.hubspot import HubSpotPortal
from velma_connectors.sandbox.hubspot.stamps import milliseconds

from .conftest import START, Clock, Door, where

NOON = str(milliseconds(START))
LATER = str(milliseconds(START + timedelta(hours=1)))


@pytest.fixture
def deals(portal: HubSpotPortal) -> dict[str, str]:
    """Ids by a letter: a and b have amounts, b and c a stage, d has neither."""
    words = [{"label": "X", "value": "x"}, {"label": "Y", "value": "y"}]
    many = {"name": "velma_many", "type": "enumeration", "fieldType": "checkbox", "options": words}
    portal.add_property("deals", many)
    rows: dict[str, dict[str, str | None]] = {
        "a": {"dealname": "Oven Line", "amount": "9", "closedate": NOON, "velma_many": "x;y"},
        "b": {"dealname": "Flour silo", "amount": "10.5", "dealstage": "contractsent", "velma_many": "y"},
        "c": {"dealname": "Oven doors", "dealstage": "closedwon", "closedate": LATER},
        "d": {"dealtype": "newbusiness"},
    }
    return {letter: portal.insert("deals", row) for letter, row in rows.items()}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (where("amount", "EQ", value="9"), "a"),
        (where("amount", "EQ", value="9.0"), "a"),
        (where("amount", "NEQ", value="9"), "b"),
        (where("amount", "LT", value="10"), "a"),
        (where("amount", "LTE", value="10.5"), "ab"),
        (where("amount", "GT", value="9"), "b"),
        (where("amount", "GTE", value="9"), "ab"),
        (where("amount", "BETWEEN", value="9", highValue="10"), "a"),
        (where("amount", "IN", values=["9", "10.5", "11"]), "ab"),
        (where("amount", "NOT_IN", values=["9"]), "b"),
        (where("amount", "HAS_PROPERTY"), "ab"),
        (where("amount", "NOT_HAS_PROPERTY"), "cd"),
        (where("dealname", "EQ", value="OVEN LINE"), "a"),
        (where("dealname", "IN", values=["oven line"]), "a"),
        (where("dealname", "IN", values=["Oven Line"]), ""),
        (where("dealname", "CONTAINS_TOKEN", value="oven"), "ac"),
        (where("dealname", "CONTAINS_TOKEN", value="d*rs"), "c"),
        (where("dealname", "CONTAINS_TOKEN", value="ove"), ""),
        (where("dealname", "NOT_CONTAINS_TOKEN", value="oven"), "b"),
        (where("dealstage", "EQ", value="contractsent"), "b"),
        (where("dealstage", "EQ", value="CONTRACTSENT"), ""),
        (where("dealstage", "IN", values=["closedwon", "contractsent"]), "bc"),
        (where("velma_many", "EQ", value="y"), "ab"),
        (where("velma_many", "IN", values=["x"]), "a"),
        (where("hs_is_closed", "EQ", value="true"), "c"),
        (where("closedate", "LTE", value=NOON), "a"),
        (where("closedate", "BETWEEN", value=NOON, highValue=LATER), "ac"),
    ],
)
def test_every_operator_finds_what_it_should(
    door: Door, deals: dict[str, str], condition: dict[str, Any], found: str
) -> None:
    ids = door.search("deals", filterGroups=[{"filters": [condition]}])
    assert ids == [deals[letter] for letter in found]


def test_groups_are_alternatives_and_their_filters_conditions(door: Door, deals: dict[str, str]) -> None:
    groups = [
        {"filters": [where("amount", "GT", value="5"), where("dealstage", "HAS_PROPERTY")]},
        {"filters": [where("dealtype", "HAS_PROPERTY")]},
    ]
    assert door.search("deals", filterGroups=groups) == [deals["b"], deals["d"]]
    assert door.search("deals") == list(deals.values())
    assert door.search("deals", query="OVEN doors") == [deals["c"]]


def test_ids_compare_as_numbers(door: Door, portal: HubSpotPortal) -> None:
    calls = [portal.insert("calls", {}) for _ in range(8)]
    assert sorted(calls) != calls, "the ids must grow by a digit"
    beyond = [{"filters": [where("hs_object_id", "GT", value=calls[2])]}]
    upwards = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    downwards = [{"propertyName": "hs_object_id", "direction": "DESCENDING"}]
    assert door.search("calls", filterGroups=beyond, sorts=upwards) == calls[3:]
    assert door.search("calls", sorts=downwards) == calls[::-1]


def test_records_without_the_sorted_value_come_last(door: Door, deals: dict[str, str]) -> None:
    sorts = [{"propertyName": "amount", "direction": "DESCENDING"}]
    assert door.search("deals", sorts=sorts) == [deals[letter] for letter in "bacd"]


def test_links_are_searched_by_their_other_end(
    door: Door, portal: HubSpotPortal, call: str, deals: dict[str, str]
) -> None:
    portal.insert("calls", {})
    portal.associate("calls", call, "deals", deals["a"])
    groups = [{"filters": [where("associations.deal", "EQ", value=deals["a"])]}]
    assert door.search("calls", filterGroups=groups) == [call]


def test_pages_are_offsets_and_tell_the_total(door: Door, portal: HubSpotPortal) -> None:
    calls = [portal.insert("calls", {}) for _ in range(12)]
    page = door.good("POST", "objects", "calls/search", {})
    assert ([row["id"] for row in page["results"]], page["total"]) == (calls[:10], 12)
    assert page["paging"] == {"next": {"after": "10"}}
    assert set(page["results"][0]["properties"]) == {"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}
    last = door.good("POST", "objects", "calls/search", {"after": "10", "limit": 5})
    assert ([row["id"] for row in last["results"]], "paging" in last) == (calls[10:], False)


def test_archived_records_are_never_found(door: Door, portal: HubSpotPortal, call: str) -> None:
    portal.archive("calls", call)
    assert door.good("POST", "objects", "calls/search", {}) == {"total": 0, "results": []}


MANY = [where("amount", "HAS_PROPERTY")]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 0},
        {"after": "9801", "limit": 200},
        {"after": "10000", "limit": 1},
        {"after": "next"},
        {"sorts": [{"propertyName": "amount"}, {"propertyName": "dealname"}]},
        {"sorts": [{"propertyName": "no_such_thing"}]},
        {"filterGroups": [{"filters": MANY}] * 6},
        {"filterGroups": [{"filters": MANY * 7}]},
        {"filterGroups": [{"filters": MANY * 5}] * 4},
        {"filterGroups": [{"filters": []}]},
        {"filterGroups": [{"filters": [where("no_such_thing", "HAS_PROPERTY")]}]},
        {"filterGroups": [{"filters": [where("amount", "LIKE", value="9")]}]},
        {"filterGroups": [{"filters": [where("amount", "EQ")]}]},
        {"filterGroups": [{"filters": [where("amount", "EQ", values=["9"])]}]},
        {"filterGroups": [{"filters": [where("amount", "EQ", value=9)]}]},
        {"filterGroups": [{"filters": [where("amount", "EQ", value="many")]}]},
        {"filterGroups": [{"filters": [where("amount", "IN", values=[])]}]},
        {"filterGroups": [{"filters": [where("amount", "BETWEEN", value="1")]}]},
        {"filterGroups": [{"filters": [where("amount", "HAS_PROPERTY", value="1")]}]},
        {"filterGroups": [{"filters": [where("amount", "CONTAINS_TOKEN", value="9")]}]},
        {"filterGroups": [{"filters": [where("dealname", "GT", value="a")]}]},
        {"filterGroups": [{"filters": [where("createdate", "GTE", value="2026-03-02T09:00:00Z")]}]},
        {"filterGroups": [{"filters": [where("associations.call", "GT", value="1")]}]},
        {"query": "x" * 3_000},
        {"surprise": 1},
    ],
)
def test_a_search_that_breaks_a_rule_is_refused(door: Door, body: dict[str, Any]) -> None:
    status, envelope = door.refusal("POST", "objects", "deals/search", body)
    assert (status, envelope["category"]) == (400, "VALIDATION_ERROR")


def test_a_search_at_its_limits_is_answered(door: Door) -> None:
    groups = [{"filters": MANY * 6}] * 3
    body = {"after": "9800", "limit": 200, "filterGroups": groups}
    assert door.good("POST", "objects", "deals/search", body)["total"] == 0


def test_a_filter_without_its_parts_cannot_be_built(door: Door) -> None:
    body = {"filterGroups": [{"filters": [{"value": "1"}]}]}
    _, envelope = door.refusal("POST", "objects", "calls/search", body)
    assert envelope["message"] == (
        "Invalid input JSON on line 1, column 1: Cannot build Filter, some of required attributes are not "
        "set [propertyName, operator]"
    )


def test_bodies_of_activities_have_a_preview_that_cannot_be_filtered(door: Door) -> None:
    groups = [{"filters": [where("hs_body_preview_html", "HAS_PROPERTY")]}]
    assert door.refusal("POST", "objects", "calls/search", {"filterGroups": groups})[0] == 400


def test_iso_times_may_be_taken_in_filters(door: Door, portal: HubSpotPortal, call: str) -> None:
    portal.switches.iso_dates_in_filters = True
    groups = [{"filters": [where("hs_lastmodifieddate", "GTE", value="2026-03-02T09:00:00Z")]}]
    assert door.search("calls", filterGroups=groups) == [call]


def test_the_index_lags_while_values_are_fresh(
    door: Door, portal: HubSpotPortal, clock: Clock, call: str
) -> None:
    portal.switches.index_lag_seconds = 30
    clock.advance(minutes=5)
    portal.update("calls", call, {"hs_call_title": "Renamed"})
    new = portal.insert("calls", {})
    clock.advance(seconds=29)
    until = str(milliseconds(START + timedelta(minutes=1)))
    old_window = [{"filters": [where("hs_lastmodifieddate", "LTE", value=until)]}]
    found = door.good(
        "POST", "objects", "calls/search", {"filterGroups": old_window, "properties": ["hs_call_title"]}
    )
    assert [row["id"] for row in found["results"]] == [call], "the index still holds the old date"
    fresh = found["results"][0]["properties"]
    assert (fresh["hs_call_title"], fresh["hs_lastmodifieddate"]) == ("Renamed", "2026-03-02T09:05:00Z")
    assert new not in door.search("calls")
    clock.advance(seconds=1)
    assert door.search("calls", filterGroups=old_window) == []
    assert door.search("calls") == [call, new]
