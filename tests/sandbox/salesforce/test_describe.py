"""What describe says of objects and fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import Door

KEYS = [
    "name",
    "label",
    "type",
    "soapType",
    "length",
    "byteLength",
    "precision",
    "scale",
    "digits",
    "custom",
    "calculated",
    "htmlFormatted",
    "createable",
    "updateable",
    "nillable",
    "defaultedOnCreate",
    "defaultValue",
    "filterable",
    "groupable",
    "sortable",
    "aggregatable",
    "externalId",
    "idLookup",
    "unique",
    "caseSensitive",
    "permissionable",
    "restrictedPicklist",
    "dependentPicklist",
    "controllerName",
    "picklistValues",
    "referenceTo",
    "relationshipName",
    "polymorphicForeignKey",
    "namePointing",
    "extraTypeInfo",
    "encrypted",
    "autoNumber",
    "deprecatedAndHidden",
]


def fields(door: Door, object_name: str) -> dict[str, dict[str, Any]]:
    described = door.library().__getattr__(object_name).describe()
    return {field["name"]: field for field in described["fields"]}


def test_a_task_is_described_with_every_key_of_its_fields(door: Door) -> None:
    described = door.call("GET", "/sobjects/task/describe").json()
    assert (described["name"], described["keyPrefix"], described["createable"]) == ("Task", "00T", True)
    for field in described["fields"]:
        assert field.keys() >= set(KEYS), f"{field['name']} lacks keys"
    children = {each["relationshipName"] for each in described["childRelationships"]}
    assert "ContentDocumentLinks" in children


def test_the_traps_of_task_are_in_its_describe(door: Door) -> None:
    task = fields(door, "Task")
    description = task["Description"]
    assert (description["length"], description["filterable"], description["sortable"]) == (
        32_000,
        False,
        False,
    )
    subtype = task["TaskSubtype"]
    assert (subtype["createable"], subtype["updateable"], subtype["restrictedPicklist"]) == (
        True,
        False,
        True,
    )
    what = task["WhatId"]
    assert (what["polymorphicForeignKey"], what["relationshipName"]) == (True, "What")
    assert "Opportunity" in what["referenceTo"]
    assert (task["IsClosed"]["updateable"], task["SystemModstamp"]["updateable"]) == (False, False)
    assert [value["value"] for value in task["CallType"]["picklistValues"]] == [
        "Internal",
        "Inbound",
        "Outbound",
    ]


def test_uncertain_sides_of_describe_are_switches(org: SalesforceOrg, door: Door) -> None:
    assert fields(door, "Task")["Type"]["picklistValues"] != []
    org.switches = replace(org.switches, lists_unrestricted_choices=False, describe_length_cap=255)
    task = fields(door, "Task")
    assert (task["Type"]["picklistValues"], task["Description"]["length"]) == ([], 255)
    assert task["CallType"]["picklistValues"] != []


def test_the_basic_information_of_an_object_is_its_summary(door: Door) -> None:
    described = door.library().Task.metadata()
    assert described["objectDescribe"]["name"] == "Task"
