"""Batches of records: all or nothing, or each for itself when every input carries a trace id."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.sandbox.hubspot import HubSpotPortal

from .conftest import Door

NOW = "2026-03-02T09:00:00Z"


def update(record_id: str, trace: str | None = None, **properties: str) -> dict[str, Any]:
    return {"id": record_id, "properties": properties} | ({"objectWriteTraceId": trace} if trace else {})


def note(trace: str | None = None, **properties: str) -> dict[str, Any]:
    given = {"properties": {"hs_timestamp": NOW, **properties}}
    return given | ({"objectWriteTraceId": trace} if trace else {})


@pytest.fixture
def deals(portal: HubSpotPortal) -> list[str]:
    return [portal.insert("deals", {"dealname": f"Deal {number}"}) for number in range(3)]


def test_a_batch_reads_by_rising_id_and_tells_what_is_missing(door: Door, deals: list[str]) -> None:
    inputs = [{"id": each} for each in (deals[2], "77", deals[0])]
    read = door.good(
        "POST", "objects", "deals/batch/read", {"inputs": inputs, "properties": ["amount"]}, status=207
    )
    assert [row["id"] for row in read["results"]] == [deals[0], deals[2]]
    assert read["results"][0]["properties"]["amount"] is None
    assert (read["status"], read["numErrors"]) == ("COMPLETE", 1)
    error = read["errors"][0]
    assert (error["category"], error["context"]) == ("OBJECT_NOT_FOUND", {"ids": ["77"]})
    assert error["message"].startswith("Could not get some DEAL objects")


def test_a_batch_that_finds_all_answers_200(door: Door, deals: list[str]) -> None:
    read = door.good("POST", "objects", "deals/batch/read", {"inputs": [{"id": each} for each in deals]})
    assert [row["id"] for row in read["results"]] == deals
    assert set(read) == {"status", "results", "startedAt", "completedAt"}


def test_a_batch_reads_archived_records_only_when_asked_for(
    door: Door, portal: HubSpotPortal, deals: list[str]
) -> None:
    portal.archive("deals", deals[0])
    inputs = {"inputs": [{"id": each} for each in deals]}
    assert len(door.good("POST", "objects", "deals/batch/read", inputs, status=207)["results"]) == 2
    read = door.good("POST", "objects", "deals/batch/read?archived=true", inputs, status=207)
    assert [row["id"] for row in read["results"]] == [deals[0]]


def test_history_halves_a_batch(door: Door, portal: HubSpotPortal) -> None:
    made = [portal.insert("deals", {"dealstage": "contractsent"}) for _ in range(51)]
    body = {"inputs": [{"id": each} for each in made], "propertiesWithHistory": ["dealstage"]}
    assert door.refusal("POST", "objects", "deals/batch/read", body)[0] == 400
    body["inputs"] = body["inputs"][:50]
    read = door.good("POST", "objects", "deals/batch/read", body)
    assert read["results"][49]["propertiesWithHistory"]["dealstage"][0]["value"] == "contractsent"


@pytest.mark.parametrize("action", ["read", "update", "archive", "upsert"])
@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_takes_one_to_a_hundred_inputs(door: Door, action: str, count: int) -> None:
    inputs = [{"id": str(number)} for number in range(count)]
    if action in ("update", "upsert"):
        inputs = [{**each, "properties": {}} for each in inputs]
    assert door.refusal("POST", "objects", f"deals/batch/{action}", {"inputs": inputs})[0] == 400


def test_a_batch_creates_one_to_a_hundred_records(door: Door, portal: HubSpotPortal) -> None:
    for count in (0, 101):
        body = {"inputs": [note() for _ in range(count)]}
        assert door.refusal("POST", "objects", "notes/batch/create", body)[0] == 400
    assert portal.rows("notes") == []
    door.good("POST", "objects", "notes/batch/create", {"inputs": [note() for _ in range(100)]}, status=201)
    assert len(portal.rows("notes")) == 100
    assert portal.usage.rows_written == {"notes": 100}


@pytest.mark.parametrize("action", ["read", "update", "archive"])
def test_an_id_comes_once_per_batch(door: Door, portal: HubSpotPortal, deals: list[str], action: str) -> None:
    inputs: list[dict[str, Any]] = [{"id": each} for each in (deals[0], deals[1], deals[0])]
    if action == "update":
        inputs = [update(each["id"], str(place), amount="5") for place, each in enumerate(inputs)]
    status, envelope = door.refusal("POST", "objects", f"deals/batch/{action}", {"inputs": inputs})
    assert (status, deals[0] in envelope["message"]) == (400, True)
    assert {row["properties"].get("amount") for row in portal.rows("deals")} == {None}


def test_without_trace_ids_one_bad_input_fails_all(
    door: Door, portal: HubSpotPortal, deals: list[str]
) -> None:
    inputs = [update(deals[0], amount="5"), update(deals[1], amount="x"), update(deals[2], dealstage="y")]
    status, envelope = door.refusal("POST", "objects", "deals/batch/update", {"inputs": inputs})
    assert (status, door.codes(envelope)) == (400, {"amount": "INVALID_INTEGER"})
    assert {row["properties"].get("amount") for row in portal.rows("deals")} == {None}
    assert portal.usage.rows_written == {}


def test_one_input_without_a_trace_id_makes_it_all_or_nothing(
    door: Door, portal: HubSpotPortal, deals: list[str]
) -> None:
    inputs = [update(deals[0], "a", amount="5"), update(deals[1], amount="x")]
    assert door.refusal("POST", "objects", "deals/batch/update", {"inputs": inputs})[0] == 400
    assert portal.read("deals", deals[0]).get("amount") is None


def test_trace_ids_come_once_per_batch(door: Door, deals: list[str]) -> None:
    inputs = [update(deals[0], "a"), update(deals[1], "a")]
    assert door.refusal("POST", "objects", "deals/batch/update", {"inputs": inputs})[0] == 400


def test_with_trace_ids_every_input_stands_for_itself(
    door: Door, portal: HubSpotPortal, deals: list[str]
) -> None:
    inputs = [
        update(deals[2], "good", amount="5"),
        update(deals[1], "bad", amount="x", dealname="kept out"),
        update("77", "gone", amount="6"),
    ]
    answer = door.good("POST", "objects", "deals/batch/update", {"inputs": inputs}, status=207)
    assert [row["id"] for row in answer["results"]] == [deals[2]]
    by_trace = {error["context"]["objectWriteTraceId"][0]: error for error in answer["errors"]}
    assert {trace: error["category"] for trace, error in by_trace.items()} == {
        "bad": "VALIDATION_ERROR",
        "gone": "OBJECT_NOT_FOUND",
    }
    assert '"error":"INVALID_INTEGER","name":"amount"' in by_trace["bad"]["message"]
    assert "errors" not in by_trace["bad"]
    assert answer["numErrors"] == 2
    assert portal.read("deals", deals[1])["dealname"] == "Deal 1"
    assert portal.usage.rows_written == {"deals": 1}


def test_an_update_that_succeeds_answers_200_by_rising_id(door: Door, deals: list[str]) -> None:
    inputs = [update(each, each, amount="5") for each in reversed(deals)]
    answer = door.good("POST", "objects", "deals/batch/update", {"inputs": inputs})
    assert [row["id"] for row in answer["results"]] == deals


def test_the_shapes_of_partial_failure_are_switches(
    door: Door, portal: HubSpotPortal, deals: list[str]
) -> None:
    portal.switches.batch_errors_are_detailed = True
    portal.switches.missing_records_name_traces = False
    inputs = {"inputs": [update(deals[1], "bad", amount="x"), update("77", "gone", amount="6")]}
    bad, gone = door.good("POST", "objects", "deals/batch/update", inputs, status=207)["errors"]
    assert door.codes(bad) == {"amount": "INVALID_INTEGER"}
    assert gone["context"] == {"ids": ["77"]}
    portal.switches.partial_update_errors = False
    assert door.refusal("POST", "objects", "deals/batch/update", inputs)[0] == 400


def test_a_gone_record_fails_a_plain_batch(door: Door, portal: HubSpotPortal, deals: list[str]) -> None:
    inputs = [update(deals[0], amount="5"), update("77", amount="6")]
    status, envelope = door.refusal("POST", "objects", "deals/batch/update", {"inputs": inputs})
    assert (status, envelope["context"]) == (404, {"ids": ["77"]})
    assert portal.read("deals", deals[0]).get("amount") is None


def test_a_batch_does_not_know_the_old_ids_of_merged_records(
    door: Door, portal: HubSpotPortal, deals: list[str]
) -> None:
    portal.merge("deals", deals[0], deals[1])
    body = {"inputs": [update(deals[1], "a", amount="5")]}
    answer = door.good("POST", "objects", "deals/batch/update", body, status=207)
    assert (answer["results"], answer["numErrors"]) == ([], 1)
    read = {"inputs": [{"id": deals[1]}]}
    assert door.good("POST", "objects", "deals/batch/read", read, status=207)["results"] == []
    portal.switches.merged_ids_in_batch_read = True
    assert door.good("POST", "objects", "deals/batch/read", read)["results"][0]["id"] == deals[0]


def test_records_are_created_for_themselves_when_they_carry_trace_ids(
    door: Door, portal: HubSpotPortal
) -> None:
    inputs = {"inputs": [note("a", hs_note_body="one"), note("b", no_such_thing="x")]}
    answer = door.good("POST", "objects", "notes/batch/create", inputs, status=207)
    assert [row["properties"]["hs_note_body"] for row in answer["results"]] == ["one"]
    assert answer["errors"][0]["context"] == {"objectWriteTraceId": ["b"]}
    portal.switches.partial_create_errors = False
    assert door.refusal("POST", "objects", "notes/batch/create", inputs)[0] == 400
    assert len(portal.rows("notes")) == 1


def test_an_input_whose_link_is_bad_leaves_no_record(
    door: Door, portal: HubSpotPortal, deals: list[str]
) -> None:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 214}]
    inputs = [
        {**note(trace), "associations": [{"to": {"id": deal}, "types": types}]}
        for trace, deal in (("a", deals[0]), ("b", "77"))
    ]
    answer = door.good("POST", "objects", "notes/batch/create", {"inputs": inputs}, status=207)
    assert [error["context"]["objectWriteTraceId"] for error in answer["errors"]] == [["b"]]
    assert [row["id"] for row in portal.rows("notes")] == portal.associated("deals", deals[0], "notes")


def test_an_archive_answers_nothing(door: Door, portal: HubSpotPortal, deals: list[str]) -> None:
    inputs = {"inputs": [{"id": deals[0]}, {"id": "77"}]}
    answer = door.ask("POST", "objects", "deals/batch/archive", inputs)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [row["archived"] for row in portal.rows("deals")] == [True, False, False]


def add_key(portal: HubSpotPortal, object_name: str = "notes") -> None:
    definition = {"name": "velma_note_key", "type": "string", "fieldType": "text", "hasUniqueValue": True}
    portal.add_property(object_name, definition)


def test_a_unique_value_is_taken_once(door: Door, portal: HubSpotPortal) -> None:
    add_key(portal)
    same = {"inputs": [note("a", velma_note_key="k1"), note("b", velma_note_key="k1")]}
    answer = door.good("POST", "objects", "notes/batch/create", same, status=207)
    assert len(answer["results"]) == 1
    assert "already has that value" in answer["errors"][0]["message"]
    status, envelope = door.refusal("POST", "objects", "notes", note(velma_note_key="k1"))
    assert (status, envelope["category"]) == (400, "VALIDATION_ERROR")
    portal.switches.duplicate_value_status = 409
    status, envelope = door.refusal("POST", "objects", "notes", note(velma_note_key="k1"))
    assert (status, envelope["category"]) == (409, "CONFLICT")
    plain = {"inputs": [note(velma_note_key="k2"), note(velma_note_key="k2")]}
    assert door.refusal("POST", "objects", "notes/batch/create", plain)[0] == 409
    assert len(portal.rows("notes")) == 1


def test_an_archived_record_gives_its_unique_value_back(door: Door, portal: HubSpotPortal) -> None:
    add_key(portal)
    first = door.good("POST", "objects", "notes", note(velma_note_key="k1"), status=201)["id"]
    portal.archive("notes", first)
    second = door.good("POST", "objects", "notes", note(velma_note_key="k1"), status=201)["id"]
    assert door.refusal("POST", "objects", "notes", note(velma_note_key="k1"))[0] == 400
    assert door.good("GET", "objects", "notes/k1?idProperty=velma_note_key")["id"] == second
    portal.update("notes", second, {"velma_note_key": "k2"})
    assert door.refusal("GET", "objects", "notes/k1?idProperty=velma_note_key")[0] == 404


def test_records_are_read_by_a_unique_property(door: Door, portal: HubSpotPortal) -> None:
    add_key(portal)
    made = door.good("POST", "objects", "notes", note(velma_note_key="k1"), status=201)["id"]
    body = {
        "inputs": [{"id": "k1"}, {"id": "k2"}],
        "idProperty": "velma_note_key",
        "properties": ["velma_note_key"],
    }
    answer = door.good("POST", "objects", "notes/batch/read", body, status=207)
    assert [(row["id"], row["properties"]["velma_note_key"]) for row in answer["results"]] == [(made, "k1")]
    assert answer["errors"][0]["context"] == {"ids": ["k2"]}
    assert door.good("GET", "objects", "notes/k1?idProperty=velma_note_key")["id"] == made


@pytest.mark.parametrize("name", ["hs_object_id", "dealname", "no_such_thing"])
@pytest.mark.parametrize("action", ["update", "upsert", "read"])
def test_a_property_that_is_not_unique_names_no_record(
    door: Door, deals: list[str], action: str, name: str
) -> None:
    inputs: dict[str, Any] = {"inputs": [{**update(deals[0], amount="5"), "idProperty": name}]}
    if action == "read":
        inputs = {"inputs": [{"id": deals[0]}], "idProperty": name}
    status, envelope = door.refusal("POST", "objects", f"deals/batch/{action}", inputs)
    assert status == 400
    assert envelope["message"].startswith("Unable to perform update/upsert by non-unique 0-3 property")


def test_an_upsert_tells_what_is_new(door: Door, portal: HubSpotPortal) -> None:
    add_key(portal, "deals")
    known = portal.insert("deals", {"velma_note_key": "k1"})
    inputs = [
        {"id": key, "idProperty": "velma_note_key", "properties": {"amount": "5"}} for key in ("k1", "k2")
    ]
    answer = door.good("POST", "objects", "deals/batch/upsert", {"inputs": inputs})
    assert [row["new"] for row in answer["results"]] == [False, True]
    assert answer["results"][0]["id"] == known
    assert [row["properties"]["velma_note_key"] for row in portal.rows("deals")] == ["k1", "k2"]
    assert door.refusal("POST", "objects", "deals/batch/upsert", {"inputs": [update("k3")]})[0] == 400


def test_two_contacts_cannot_share_an_email(door: Door, portal: HubSpotPortal) -> None:
    first = portal.insert("contacts", {"email": "ines@birch.example"})
    body = {"properties": {"email": "ines@birch.example"}}
    status, envelope = door.refusal("POST", "objects", "contacts", body)
    assert (status, envelope["category"]) == (409, "CONFLICT")
    assert envelope["message"] == f"Contact already exists. Existing ID: {first}"
