"""Definitions of properties: reading, creating, changing and archiving them."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.sandbox.hubspot import HubSpotPortal, Refusal

from .conftest import Clock, Door

TRUTH = [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]
WORDS = [{"label": "Low", "value": "low"}, {"label": "High", "value": "high"}]


@pytest.fixture
def group(door: Door) -> str:
    body = {"name": "velma", "label": "Velma", "displayOrder": 3}
    door.good("POST", "properties", "deals/groups", body, status=201)
    return "velma"


def definition(name: str = "velma_text", **more: Any) -> dict[str, Any]:
    usual = {"label": "Velma", "groupName": "velma", "type": "string", "fieldType": "text"}
    return {"name": name, **usual, **more}


def test_system_properties_look_like_themselves(door: Door) -> None:
    listed = door.good("GET", "properties", "calls")["results"]
    by_name = {each["name"]: each for each in listed}
    outcome = by_name["hs_call_disposition"]
    assert (outcome["type"], outcome["fieldType"], outcome["hubspotDefined"]) == (
        "enumeration",
        "select",
        True,
    )
    assert {"label": "Left voicemail", "value": "b2cf5968-551e-4856-9783-52b3da59a7d0"}.items() <= outcome[
        "options"
    ][3].items()
    assert [each["value"] for each in by_name["hs_call_status"]["options"]][3] == "COMPLETED"
    assert by_name["hs_object_id"]["type"] == "number"
    assert by_name["hs_object_id"]["modificationMetadata"]["readOnlyValue"] is True
    assert by_name["hs_call_title"]["modificationMetadata"]["readOnlyValue"] is False
    assert "hs_lastmodifieddate" in by_name
    stage = door.good("GET", "properties", "deals/dealstage")
    assert [each["value"] for each in stage["options"]][-2:] == ["closedwon", "closedlost"]
    assert door.good("GET", "properties", "deals/hs_is_closed")["calculated"] is True
    owner = door.good("GET", "properties", "deals/hubspot_owner_id")
    assert (owner["externalOptions"], owner["options"]) == (True, [])
    contact = {each["name"] for each in door.good("GET", "properties", "0-1")["results"]}
    assert {"email", "lastmodifieddate"} <= contact
    assert "hs_lastmodifieddate" not in contact


def test_stages_of_a_new_pipeline_become_options(door: Door, portal: HubSpotPortal) -> None:
    pipeline = portal.add_pipeline("Renewals", {"Talks": False})
    options = door.good("GET", "properties", "deals/pipeline")["options"]
    assert [each["value"] for each in options] == ["default", pipeline]
    stages = {each["value"] for each in door.good("GET", "properties", "deals/dealstage")["options"]}
    assert portal.stage_id("Renewals", "Talks") in stages


@pytest.mark.parametrize(
    ("type", "field_type", "options"),
    [
        ("string", "text", None),
        ("string", "textarea", None),
        ("string", "html", None),
        ("number", "number", None),
        ("date", "date", None),
        ("datetime", "date", None),
        ("bool", "booleancheckbox", TRUTH),
        ("enumeration", "select", WORDS),
        ("enumeration", "radio", WORDS),
        ("enumeration", "checkbox", WORDS),
    ],
)
def test_a_property_is_created_and_holds_values(
    door: Door, portal: HubSpotPortal, group: str, deal: str, type: str, field_type: str, options: Any
) -> None:
    body = definition(type=type, fieldType=field_type) | ({"options": options} if options else {})
    created = door.good("POST", "properties", "deals", body, status=201)
    assert (created["type"], created["fieldType"], created["groupName"]) == (type, field_type, group)
    assert [each["value"] for each in created["options"]] == [each["value"] for each in options or []]
    assert created["modificationMetadata"] == {
        "archivable": True,
        "readOnlyDefinition": False,
        "readOnlyOptions": False,
        "readOnlyValue": False,
    }
    assert door.good("GET", "properties", "deals/velma_text") == created
    good = {"number": "0.25", "bool": "true", "enumeration": "low", "string": "x"}.get(type, "2026-03-02")
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {"velma_text": good}})
    assert portal.read("deals", deal)["velma_text"]


@pytest.mark.parametrize(
    "body",
    [
        definition("Velma_Text"),
        definition("1velma"),
        definition("velma-text"),
        definition("v" * 101),
        definition("hs_velma"),
        definition(groupName="nowhere"),
        definition(type="text"),
        definition(fieldType="number"),
        definition(type="number"),
        definition(type="bool", fieldType="booleancheckbox"),
        definition(type="bool", fieldType="booleancheckbox", options=WORDS),
        definition(type="enumeration", fieldType="select", options=[*WORDS, WORDS[0]]),
        definition(
            type="enumeration", fieldType="select", options=[WORDS[0], {"label": "Low", "value": "x"}]
        ),
        definition(type="enumeration", fieldType="select", options=[{"label": "Low"}]),
        definition(type="enumeration", fieldType="select", options=WORDS, hasUniqueValue=True),
        definition(options=WORDS),
        definition(label=""),
        definition(surprise=1),
        {"name": "velma_text"},
    ],
)
def test_a_definition_that_breaks_a_rule_is_refused(door: Door, group: str, body: dict[str, Any]) -> None:
    assert door.refusal("POST", "properties", "deals", body)[0] == 400


def test_names_that_are_taken_conflict(door: Door, portal: HubSpotPortal, group: str) -> None:
    door.good("POST", "properties", "deals", definition(), status=201)
    status, envelope = door.refusal("POST", "properties", "deals", definition())
    assert (status, envelope["category"]) == (409, "CONFLICT")
    portal.switches.duplicate_property_category = "OBJECT_ALREADY_EXISTS"
    status, envelope = door.refusal("POST", "properties", "deals/groups", {"name": "velma", "label": "V"})
    assert (status, envelope["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert door.refusal("POST", "properties", "deals", definition("dealname"))[0] == 409


def test_an_archived_property_keeps_its_name_and_may_give_it_back(
    door: Door, portal: HubSpotPortal, group: str, deal: str
) -> None:
    door.good("POST", "properties", "deals", definition(), status=201)
    portal.update("deals", deal, {"velma_text": "old"})
    assert door.ask("DELETE", "properties", "deals/velma_text").status_code == 204
    assert door.refusal("GET", "properties", "deals/velma_text")[0] == 404
    assert door.good("GET", "properties", "deals/velma_text?archived=true")["archived"] is True
    _, envelope = door.refusal("PATCH", "objects", f"deals/{deal}", {"properties": {"velma_text": "x"}})
    assert door.codes(envelope) == {"velma_text": "PROPERTY_DOESNT_EXIST"}
    row = door.good("GET", "objects", f"deals/{deal}?properties=velma_text")
    assert "velma_text" not in row["properties"]
    assert door.refusal("POST", "properties", "deals", definition())[0] == 409
    portal.switches.archived_names_are_taken = False
    door.good("POST", "properties", "deals", definition(), status=201)
    row = door.good("GET", "objects", f"deals/{deal}?properties=velma_text")
    assert row["properties"]["velma_text"] is None, "a new property begins empty"


def test_a_change_replaces_all_options(door: Door, portal: HubSpotPortal, clock: Clock, group: str) -> None:
    body = definition(type="enumeration", fieldType="select", options=WORDS)
    door.good("POST", "properties", "deals", body, status=201)
    clock.advance(seconds=5)
    new = [{"label": "Middle", "value": "middle", "hidden": True}]
    changed = door.good("PATCH", "properties", "deals/velma_text", {"options": new, "label": "Level"})
    assert [(each["value"], each["hidden"]) for each in changed["options"]] == [("middle", True)]
    assert (changed["label"], changed["updatedAt"]) == ("Level", "2026-03-02T09:00:05Z")
    assert door.refusal("PATCH", "properties", "deals/velma_text", {"fieldType": "text"})[0] == 400
    assert door.refusal("PATCH", "properties", "deals/velma_text", {"hasUniqueValue": True})[0] == 400
    assert door.refusal("PATCH", "properties", "deals/nothing", {"label": "x"})[0] == 404


def test_what_hubspot_defines_stays(door: Door, portal: HubSpotPortal) -> None:
    assert door.refusal("PATCH", "properties", "deals/amount", {"label": "Sum"})[0] == 400
    assert door.refusal("DELETE", "properties", "deals/amount")[0] == 400
    more = [{"label": "Referred", "value": "0a1b2c3d"}]
    options = door.good("PATCH", "properties", "calls/hs_call_disposition", {"options": more})["options"]
    assert [each["label"] for each in options] == ["Referred"]
    portal.delete_property("deals", "hs_v2_date_entered_current_stage")
    assert door.refusal("GET", "properties", "deals/hs_v2_date_entered_current_stage")[0] == 404


def test_unique_properties_are_ten_at_most(door: Door, group: str) -> None:
    for number in range(10):
        door.good(
            "POST", "properties", "deals", definition(f"velma_{number}", hasUniqueValue=True), status=201
        )
    assert door.refusal("POST", "properties", "deals", definition("velma_10", hasUniqueValue=True))[0] == 400
    door.good("POST", "properties", "deals", definition("velma_10"), status=201)


def test_notes_may_take_no_unique_property(door: Door, portal: HubSpotPortal) -> None:
    door.good("POST", "properties", "notes/groups", {"name": "velma", "label": "Velma"}, status=201)
    portal.switches.unique_note_properties = False
    assert door.refusal("POST", "properties", "notes", definition(hasUniqueValue=True))[0] == 400
    portal.switches.unique_note_properties = True
    created = door.good("POST", "properties", "notes", definition(hasUniqueValue=True), status=201)
    assert created["hasUniqueValue"] is True


def test_a_boolean_may_do_without_options(door: Door, portal: HubSpotPortal, group: str) -> None:
    portal.switches.bool_options_required = False
    door.good("POST", "properties", "deals", definition(type="bool", fieldType="booleancheckbox"), status=201)


def test_custom_properties_are_limited_and_counted(door: Door, portal: HubSpotPortal, group: str) -> None:
    portal.switches.custom_property_limit = 2
    for number in range(2):
        door.good("POST", "properties", "deals", definition(f"velma_{number}"), status=201)
    assert door.refusal("POST", "properties", "deals", definition("velma_2"))[0] == 400
    limits = door.good("GET", "limits", "custom-properties")
    row = next(each for each in limits["byObjectType"] if each["objectTypeId"] == "0-3")
    assert row == {"objectTypeId": "0-3", "limit": 2, "usage": 2, "percentage": 100.0}
    assert (limits["overallLimit"], limits["overallUsage"], limits["overallPercentage"]) == (10, 2, 20.0)


def test_a_batch_creates_what_is_new(door: Door, group: str) -> None:
    door.good("POST", "properties", "deals", definition("velma_0"), status=201)
    inputs = {"inputs": [definition("velma_0"), definition("velma_1")]}
    answer = door.good("POST", "properties", "deals/batch/create", inputs, status=207)
    assert [each["name"] for each in answer["results"]] == ["velma_1"]
    assert (answer["errors"][0]["category"], answer["errors"][0]["context"]) == (
        "CONFLICT",
        {"name": ["velma_0"]},
    )
    door.good("POST", "properties", "deals/batch/create", {"inputs": [definition("velma_2")]}, status=201)


def test_a_bad_definition_fails_its_batch_whole(door: Door, group: str) -> None:
    inputs = {"inputs": [definition("velma_0"), definition("velma_1", type="text")]}
    assert door.refusal("POST", "properties", "deals/batch/create", inputs)[0] == 400
    assert door.refusal("GET", "properties", "deals/velma_0")[0] == 404


def test_a_batch_reads_and_archives_by_name(door: Door, group: str) -> None:
    door.good("POST", "properties", "deals", definition(), status=201)
    names = {"inputs": [{"name": "velma_text"}, {"name": "amount"}]}
    answer = door.good("POST", "properties", "deals/batch/read", names)
    assert [each["name"] for each in answer["results"]] == ["velma_text", "amount"]
    names["inputs"][1]["name"] = "nothing"
    answer = door.good("POST", "properties", "deals/batch/read", names, status=207)
    assert answer["errors"][0]["context"] == {"name": ["nothing"]}
    own = {"inputs": [{"name": "velma_text"}]}
    assert door.ask("POST", "properties", "deals/batch/archive", own).status_code == 204
    assert door.good("POST", "properties", "deals/batch/read", own | {"archived": True})["results"]
    twice = {"inputs": [{"name": "amount"}, {"name": "amount"}]}
    for wrong in (twice, {"inputs": []}):
        assert door.refusal("POST", "properties", "deals/batch/read", wrong)[0] == 400


def test_groups_are_listed_and_read(door: Door, group: str) -> None:
    listed = door.good("GET", "properties", "deals/groups")["results"]
    assert [each["name"] for each in listed] == ["dealinformation", "velma"]
    assert door.good("GET", "properties", "deals/groups/velma") == listed[1]
    assert door.refusal("GET", "properties", "deals/groups/nothing")[0] == 404
    assert door.refusal("POST", "properties", "deals/groups", {"name": "Velma!", "label": "V"})[0] == 400


def test_seeds_define_what_the_api_would_not(door: Door, portal: HubSpotPortal, deal: str) -> None:
    portal.add_property("deals", definition("velma_sum", type="number", fieldType="number", calculated=True))
    assert door.good("GET", "properties", "deals/velma_sum")["calculated"] is True
    _, envelope = door.refusal("PATCH", "objects", f"deals/{deal}", {"properties": {"velma_sum": "1"}})
    assert door.codes(envelope) == {"velma_sum": "READ_ONLY_VALUE"}
    portal.change_property("deals", "velma_sum", {"calculated": False})
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {"velma_sum": "1"}})
    with pytest.raises(Refusal, match="does not go with type"):
        portal.add_property("deals", definition("velma_odd", type="number", fieldType="text"))
