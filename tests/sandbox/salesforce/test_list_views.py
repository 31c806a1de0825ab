"""List views through the User Interface API: made, read and removed, as strictly as possible."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import Door

PATH = "/ui-api/list-info/Opportunity"


def view(**more: Any) -> dict[str, Any]:
    return {
        "listViewApiName": "Big",
        "label": "Big deals",
        "filteredByInfo": [where("Amount", "GreaterThan", "1000")],
        "displayColumns": ["Name", "Amount"],
        "scope": {"apiName": "everything"},
        "visibility": "Public",
        **more,
    }


def where(field: str, operator: str, *labels: str) -> dict[str, Any]:
    return {"fieldApiName": field, "operator": operator, "operandLabels": list(labels)}


def test_a_list_view_is_made_found_read_and_removed(door: Door) -> None:
    made = door.call("POST", PATH, json=view())
    assert made.status_code == 201, made.text
    assert made.json()["listReference"]["objectApiName"] == "Opportunity"
    soql = "SELECT DeveloperName, Name, SobjectType FROM ListView WHERE DeveloperName LIKE 'B%'"
    assert door.query(soql) == [{"DeveloperName": "Big", "Name": "Big deals", "SobjectType": "Opportunity"}]
    told = door.call("GET", f"{PATH}/Big").json()
    assert told["filteredByInfo"] == view()["filteredByInfo"]
    assert door.call("DELETE", f"{PATH}/Big").status_code == 204
    assert door.query(soql) == []
    assert door.refusal("GET", f"{PATH}/Big")[0] == 404
    assert door.refusal("DELETE", f"{PATH}/Big")[0] == 404


def test_a_unique_name_is_unique_per_object(door: Door) -> None:
    door.call("POST", PATH, json=view())
    assert door.refusal("POST", PATH, json=view())[1] == "DUPLICATE_DEVELOPER_NAME"
    other = view(filteredByInfo=[], displayColumns=["Name"])
    assert door.call("POST", "/ui-api/list-info/Account", json=other).status_code == 201


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (view(filteredByInfo=[where("Nope__c", "Equals", "x")]), "INVALID_FIELD"),
        (view(filteredByInfo=[where("Description", "Equals", "x")]), "INVALID_FIELD"),
        (view(displayColumns=["Nope__c"]), "INVALID_FIELD"),
        (view(listViewApiName="a b"), "INVALID_INPUT"),
        (view(listViewApiName="A__b"), "INVALID_INPUT"),
        (view(filteredByInfo=[where("Amount", "equals", "1")]), "JSON_PARSER_ERROR"),
        (view(filteredByInfo=[{"fieldApiName": "Amount", "operator": "Equals"}]), "JSON_PARSER_ERROR"),
        (view(label="x" * 41), "JSON_PARSER_ERROR"),
        (view(scope={"apiName": "galaxy"}), "JSON_PARSER_ERROR"),
        (view(visibility="Secret"), "JSON_PARSER_ERROR"),
        (view(colour="red"), "JSON_PARSER_ERROR"),
    ],
)
def test_a_list_view_that_could_not_work_is_refused(door: Door, body: dict[str, Any], code: str) -> None:
    assert door.refusal("POST", PATH, json=body)[:2] == (400, code)


@pytest.mark.parametrize("permission", ["CreateCustomizeFilters", "ManagePublicListviews"])
def test_making_one_for_everybody_needs_both_rights(door: Door, org: SalesforceOrg, permission: str) -> None:
    org.set_permission(door.user_id, permission, False)
    assert door.refusal("POST", PATH, json=view())[:2] == (403, "INSUFFICIENT_ACCESS")


def test_one_of_ones_own_needs_no_right_to_publish(door: Door, org: SalesforceOrg) -> None:
    org.set_permission(door.user_id, "ManagePublicListviews", False)
    assert door.call("POST", PATH, json=view(visibility="Private")).status_code == 201


def test_tasks_take_them_only_where_the_org_says_so(door: Door, org: SalesforceOrg) -> None:
    body = view(filteredByInfo=[], displayColumns=["Subject"])
    assert door.refusal("POST", "/ui-api/list-info/Task", json=body)[:2] == (400, "INVALID_TYPE")
    org.switches = replace(org.switches, list_views_of_activities=True)
    assert door.call("POST", "/ui-api/list-info/Task", json=body).status_code == 201


def test_versions_before_sixty_one_know_nothing_of_it(door: Door) -> None:
    door.version = "60.0"
    assert door.refusal("POST", PATH, json=view())[:2] == (404, "NOT_FOUND")


def test_objects_that_are_not_there_have_none(door: Door) -> None:
    assert door.refusal("POST", "/ui-api/list-info/Nothing", json=view())[:2] == (404, "NOT_FOUND")
