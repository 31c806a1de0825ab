"""Create or change by external id."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import Door

PATH = "/sobjects/Account/Key__c"


@pytest.fixture(autouse=True)
def keys(org: SalesforceOrg) -> None:
    text = {"type": "Text", "length": 40}
    org.add_custom_field("Account", "Key__c", {"label": "Key", **text, "externalId": True, "unique": True})
    org.add_custom_field("Account", "Loose__c", {"label": "Loose", **text, "externalId": True})
    org.add_custom_field("Account", "Plain__c", {"label": "Plain", **text})


def test_a_new_key_creates_and_a_known_one_changes(org: SalesforceOrg, door: Door) -> None:
    first = door.call("PATCH", f"{PATH}/birch-1", json={"Name": "Birch"})
    second = door.call("PATCH", f"{PATH}/BIRCH-1", json={"Name": "Rye"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert first.json()["id"] == second.json()["id"]
    assert [(row["Name"], row["Key__c"]) for row in org.rows("Account")] == [("Rye", "birch-1")]
    assert door.library().Account.upsert("Key__c/birch-1", {"Name": "Oak"}) == 200


def test_a_key_found_several_times_is_refused_with_their_addresses(org: SalesforceOrg, door: Door) -> None:
    ids = [org.insert("Account", {"Name": name, "Loose__c": "same"}) for name in ("A", "B")]
    answer = door.call("PATCH", "/sobjects/Account/Loose__c/same", json={"Name": "C"})
    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v66.0/sobjects/Account/{each}" for each in ids]


def test_update_only_creates_nothing(org: SalesforceOrg, door: Door) -> None:
    refused = door.refusal("PATCH", f"{PATH}/new", params={"updateOnly": "true"}, json={"Name": "A"})
    assert refused[:2] == (404, "NOT_FOUND")
    assert org.rows("Account") == []


@pytest.mark.parametrize(
    ("field", "body", "expected"),
    [
        ("Plain__c", {"Name": "A"}, (404, "NOT_FOUND")),
        ("Nope__c", {"Name": "A"}, (404, "NOT_FOUND")),
        ("Key__c", {"Name": "A", "Key__c": "x"}, (400, "INVALID_FIELD")),
        ("Key__c", {}, (400, "REQUIRED_FIELD_MISSING")),
    ],
)
def test_a_wrong_upsert_is_refused(
    door: Door, field: str, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert door.refusal("PATCH", f"/sobjects/Account/{field}/x", json=body)[:2] == expected


def test_a_key_that_is_not_unique_needs_sight_of_everything(org: SalesforceOrg, door: Door) -> None:
    org.set_permission(door.user_id, "ViewAllData", False)
    refused = door.refusal("PATCH", "/sobjects/Account/Loose__c/x", json={"Name": "A"})
    assert refused[:2] == (403, "INSUFFICIENT_ACCESS")
    assert door.call("PATCH", f"{PATH}/x", json={"Name": "A"}).status_code == 201


def test_a_collection_is_upserted_row_by_row(org: SalesforceOrg, door: Door) -> None:
    known = org.insert("Account", {"Name": "Birch", "Key__c": "k1"})
    for name in ("A", "B"):
        org.insert("Account", {"Name": name, "Loose__c": "same"})
    records = [
        {"attributes": {"type": "Account"}, "Key__c": "k1", "Name": "Rye"},
        {"attributes": {"type": "Account"}, "Key__c": "k2", "Name": "Oak"},
        {"attributes": {"type": "Account"}, "Name": "Keyless"},
        {"attributes": {"type": "Account"}, "id": known, "Key__c": "k1"},
    ]
    rows = door.call("PATCH", "/composite/sobjects/Account/Key__c", json={"records": records}).json()
    assert (rows[0]["id"], rows[0]["created"], rows[1]["created"]) == (known, False, True)
    assert [row["errors"][0]["statusCode"] for row in rows[2:]] == ["MISSING_ARGUMENT"] * 2
    loose = [{"attributes": {"type": "Account"}, "Loose__c": "same", "Name": "C"}]
    rows = door.call("PATCH", "/composite/sobjects/Account/Loose__c", json={"records": loose}).json()
    assert rows[0]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"


def test_a_collection_of_another_object_is_refused(door: Door, task: str) -> None:
    records = [{"attributes": {"type": "Task"}, "Key__c": "k1"}]
    body = {"records": records}
    refused = door.refusal("PATCH", "/composite/sobjects/Account/Key__c", json=body)
    assert refused[:2] == (400, "INVALID_TYPE")
