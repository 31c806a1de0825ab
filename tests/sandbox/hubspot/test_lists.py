"""Segments through the Lists API: made, found, read with their members, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from velma_connectors.sandbox.hubspot import HubSpotPortal

from .conftest import Door

DEALS, CALLS = "0-3", "0-48"


@pytest.fixture(autouse=True)
def properties(portal: HubSpotPortal) -> None:
    """One property of each kind on deals and calls."""
    options = [{"label": each, "value": each} for each in ("Yes", "No", "Maybe")]
    yes_no = [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]
    for name in ("deals", "calls"):
        for definition in (
            {"name": "step", "type": "enumeration", "fieldType": "select", "options": options},
            {"name": "rivals", "type": "enumeration", "fieldType": "checkbox", "options": options},
            {"name": "sure", "type": "bool", "fieldType": "booleancheckbox", "options": yes_no},
            {"name": "mood", "type": "number", "fieldType": "number"},
            {"name": "word", "type": "string", "fieldType": "text"},
        ):
            portal.add_property(name, definition)


def condition(name: str, kind: str, operator: str, **operands: Any) -> dict[str, Any]:
    operation = {"operationType": kind, "operator": operator, **operands}
    return {"filterType": "PROPERTY", "property": name, "operation": operation}


def branch(*conditions: dict[str, Any]) -> dict[str, Any]:
    inner = {"filterBranchType": "AND", "filterBranches": [], "filters": list(conditions)}
    return {"filterBranchType": "OR", "filterBranches": [inner], "filters": []}


def body(*conditions: dict[str, Any], name: str = "A segment", type_id: str = DEALS) -> dict[str, Any]:
    return {"name": name, "objectTypeId": type_id, "processingType": "DYNAMIC"} | {
        "filterBranch": branch(*conditions)
    }


KNOWN = condition("mood", "ALL_PROPERTY", "IS_KNOWN")


def created(door: Door, wanted: dict[str, Any]) -> str:
    return str(door.good("POST", "lists", "", wanted)["list"]["listId"])


def members(door: Door, list_id: str) -> list[str]:
    answer = door.good("GET", "lists", f"{list_id}/memberships")
    assert answer["total"] == len(answer["results"])
    return [row["recordId"] for row in answer["results"]]


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ([condition("step", "ENUMERATION", "IS_ANY_OF", values=["No"])], ["b"]),
        ([condition("step", "ENUMERATION", "IS_NONE_OF", values=["No"])], ["a"]),
        (
            [
                condition(
                    "step",
                    "ENUMERATION",
                    "IS_ANY_OF",
                    values=["No"],
                    includeObjectsWithNoValueSet=True,
                )
            ],
            ["b", "c"],
        ),
        ([condition("rivals", "ALL_PROPERTY", "IS_KNOWN")], ["a"]),
        ([condition("rivals", "ALL_PROPERTY", "IS_UNKNOWN")], ["b", "c"]),
        ([condition("rivals", "ENUMERATION", "IS_ANY_OF", values=["Maybe", "No"])], ["a"]),
        ([condition("sure", "BOOL", "IS_EQUAL_TO", value=False)], ["b"]),
        ([condition("mood", "NUMBER", "IS_LESS_THAN_OR_EQUAL_TO", value=-0.2)], ["b"]),
        ([condition("mood", "NUMBER", "IS_LESS_THAN", value=-0.2)], []),
        ([condition("mood", "NUMBER", "IS_GREATER_THAN_OR_EQUAL_TO", value=-0.2)], ["a", "b"]),
        ([condition("word", "MULTISTRING", "IS_EQUAL_TO", values=["hello"])], ["a"]),
        (
            [KNOWN, condition("sure", "BOOL", "IS_EQUAL_TO", value=True)],
            ["a"],
        ),
    ],
)
def test_members_are_the_records_that_pass_all_filters(
    door: Door, portal: HubSpotPortal, conditions: list[dict[str, Any]], names: list[str]
) -> None:
    ids = {
        "a": portal.insert(
            "deals", {"step": "Yes", "rivals": "Yes;No", "sure": "true", "mood": "0.5", "word": "Hello"}
        ),
        "b": portal.insert("deals", {"step": "No", "sure": "false", "mood": "-0.2"}),
        "c": portal.insert("deals", {}),
    }
    portal.archive("deals", portal.insert("deals", {"step": "No", "sure": "true", "mood": "-0.2"}))
    assert members(door, created(door, body(*conditions))) == [ids[name] for name in names]


def test_members_change_with_their_records(door: Door, portal: HubSpotPortal, deal: str) -> None:
    list_id = created(door, body(KNOWN))
    assert members(door, list_id) == []
    portal.update("deals", deal, {"mood": "1"})
    assert members(door, list_id) == [deal]


def test_members_come_in_pages(door: Door, portal: HubSpotPortal) -> None:
    ids = [portal.insert("deals", {"mood": "1"}) for _ in range(3)]
    path = f"{created(door, body(KNOWN))}/memberships"
    first = door.good("GET", "lists", f"{path}?limit=2")
    rest = door.good("GET", "lists", f"{path}?limit=2&after={first['paging']['next']['after']}")
    assert [row["recordId"] for row in first["results"] + rest["results"]] == ids
    assert "paging" not in rest


def test_a_segment_is_found_by_its_exact_name(door: Door) -> None:
    list_id = created(door, body(KNOWN, name="Deals (x 1f)"))
    path = f"object-type-id/{DEALS}/name/Deals%20%28x%201f%29"
    plain = door.good("GET", "lists", path)["list"]
    assert plain["listId"] == list_id
    assert "filterBranch" not in plain
    whole = door.good("GET", "lists", f"{path}?includeFilters=true")["list"]
    assert whole["filterBranch"] == branch(KNOWN)
    assert door.refusal("GET", "lists", f"object-type-id/{CALLS}/name/Deals%20%28x%201f%29")[0] == 404
    assert door.refusal("GET", "lists", f"object-type-id/{DEALS}/name/Deals")[0] == 404


def test_a_search_goes_by_parts_of_names_and_by_pages(door: Door) -> None:
    for number in range(3):
        created(door, body(KNOWN, name=f"Deals {number}"))
    door.good("POST", "lists", "", {"name": "By hand", "objectTypeId": DEALS, "processingType": "MANUAL"})
    first = door.good("POST", "lists", "search", {"query": "DEALS", "count": 2})
    assert ([each["name"] for each in first["lists"]], first["hasMore"]) == (["Deals 0", "Deals 1"], True)
    rest = door.good("POST", "lists", "search", {"query": "deals", "count": 2, "offset": first["offset"]})
    assert ([each["name"] for each in rest["lists"]], rest["hasMore"]) == (["Deals 2"], False)
    manual = door.good("POST", "lists", "search", {"processingTypes": ["MANUAL"]})
    assert [each["name"] for each in manual["lists"]] == ["By hand"]
    assert door.good("POST", "lists", "search", {"objectTypeId": CALLS})["total"] == 0


def test_a_deleted_segment_is_gone_and_its_name_is_free(door: Door) -> None:
    list_id = created(door, body(KNOWN))
    assert door.ask("DELETE", "lists", list_id).status_code == 204
    assert door.refusal("GET", "lists", list_id)[0] == 404
    assert door.refusal("DELETE", "lists", list_id)[0] == 404
    assert door.good("POST", "lists", "search", {})["total"] == 0
    assert created(door, body(KNOWN)) != list_id


def test_a_name_is_taken_once_per_object(door: Door, portal: HubSpotPortal) -> None:
    portal.switches.segments_of_activities = True
    created(door, body(KNOWN))
    created(door, body(KNOWN, type_id=CALLS))
    status, envelope = door.refusal("POST", "lists", "", body(KNOWN))
    assert (status, envelope["subCategory"]) == (400, "ILS.DUPLICATE_LIST_NAMES")


@pytest.mark.parametrize(
    "wanted",
    [
        body(condition("nope", "ALL_PROPERTY", "IS_KNOWN")),
        body(condition("mood", "BOOL", "IS_EQUAL_TO", value=True)),
        body(condition("mood", "NUMBER", "IS_AT_MOST", value=1.0)),
        body(condition("mood", "NUMBER", "IS_LESS_THAN", value="1")),
        body(condition("step", "ENUMERATION", "IS_ANY_OF", values=["Perhaps"])),
        body(condition("step", "ENUMERATION", "IS_ANY_OF", values=[])),
        body(condition("step", "ENUMERATION", "IS_ANY_OF", value="No")),
        body(condition("word", "ENUMERATION", "IS_ANY_OF", values=["No"])),
        body(KNOWN, type_id="0-99"),
        body(KNOWN, type_id="deals"),
        body(KNOWN, type_id=CALLS),
        body(KNOWN, name=""),
        body(),
        {**body(KNOWN), "filterBranch": branch(KNOWN)["filterBranches"][0]},
        {**body(KNOWN), "filterBranch": {**branch(KNOWN), "filters": [KNOWN]}},
        {**body(KNOWN), "processingType": "MANUAL"},
        {**body(KNOWN), "processingType": "ALIVE"},
        {**body(KNOWN), "colour": "red"},
        {"name": "No filters", "objectTypeId": DEALS, "processingType": "DYNAMIC"},
        {"objectTypeId": DEALS, "processingType": "MANUAL"},
    ],
)
def test_a_segment_that_could_not_work_is_refused(door: Door, wanted: dict[str, Any]) -> None:
    status, envelope = door.refusal("POST", "lists", "", wanted)
    assert (status, envelope["category"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("scope", "method", "below"),
    [("crm.lists.write", "POST", ""), ("crm.lists.write", "DELETE", "1"), ("crm.lists.read", "GET", "1")],
)
def test_each_needs_its_scope(door: Door, portal: HubSpotPortal, scope: str, method: str, below: str) -> None:
    created(door, body(KNOWN))
    portal.add_token(door.token, ["crm.objects.deals.read"])
    status, envelope = door.refusal(
        method, "lists", below, body(KNOWN, name="B") if method == "POST" else None
    )
    assert (status, envelope["errors"][0]["context"]["requiredGranularScopes"]) == (403, [scope])


def test_the_numbered_path_leads_to_the_same(door: Door) -> None:
    list_id = created(door, body(KNOWN))
    assert door.call("GET", f"/crm/v3/lists/{list_id}").json()["list"]["listId"] == list_id


def test_segments_outlive_a_restart(door: Door, portal: HubSpotPortal, tmp_path: Path) -> None:
    list_id = created(door, body(KNOWN))
    portal.save(tmp_path / "portal.json")
    assert HubSpotPortal.load(tmp_path / "portal.json").segments.all == portal.segments.all
    assert list_id in portal.segments.all
