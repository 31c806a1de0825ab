"""Single records: shapes, values, stamps, history, archived and merged ones."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.sandbox.hubspot import HubSpotPortal, Refusal, ValidationRule
from velma_connectors.sandbox.hubspot.stamps import iso, milliseconds, read_moment

from .conftest import START, Clock, Door

NOW = "2026-03-02T09:00:00Z"
MIDNIGHT = str(milliseconds(START.replace(hour=0)))


def test_values_are_text_or_null_and_stamps_always_come_along(
    door: Door, portal: HubSpotPortal, call: str
) -> None:
    row = door.good(
        "GET", "objects", f"calls/{call}?properties=hs_call_duration,hs_call_status,no_such_thing"
    )
    assert row == {
        "id": call,
        "properties": {
            "hs_call_duration": "95000",
            "hs_call_status": None,
            "hs_createdate": NOW,
            "hs_lastmodifieddate": NOW,
            "hs_object_id": call,
        },
        "createdAt": NOW,
        "updatedAt": NOW,
        "archived": False,
        "url": f"https://app.hubspot.com/contacts/{portal.id}/record/0-48/{call}",
    }
    portal.switches.empty_properties = "omitted"
    row = door.good("GET", "objects", f"calls/{call}?properties=hs_call_duration&properties=hs_call_status")
    assert "hs_call_status" not in row["properties"]


def test_contacts_keep_their_modification_date_under_another_name(door: Door, portal: HubSpotPortal) -> None:
    contact = portal.insert("contacts", {"firstname": "Ines", "email": "ines@birch.example"})
    assert set(door.good("GET", "objects", f"contacts/{contact}")["properties"]) == {
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    }


def test_every_write_moves_the_modification_date(door: Door, clock: Clock, call: str) -> None:
    clock.advance(seconds=90, milliseconds=250)
    written = door.good("PATCH", "objects", f"calls/{call}", {"properties": {"hs_call_title": "First talk"}})
    assert written["updatedAt"] == written["properties"]["hs_lastmodifieddate"] == "2026-03-02T09:01:30.250Z"
    assert written["createdAt"] == NOW


def test_an_unchanged_value_may_leave_the_modification_date_alone(
    door: Door, portal: HubSpotPortal, clock: Clock, call: str
) -> None:
    portal.switches.unchanged_values_move_stamp = False
    clock.advance(minutes=1)
    same = door.good("PATCH", "objects", f"calls/{call}", {"properties": {"hs_call_title": "First talk"}})
    assert same["updatedAt"] == NOW


def test_a_record_is_created_with_its_links(door: Door, portal: HubSpotPortal, deal: str) -> None:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 214}]
    body = {
        "properties": {"hs_timestamp": "1772442000000", "hs_note_body": "<p>Agreed</p>"},
        "associations": [{"to": {"id": int(deal)}, "types": types}],
    }
    created = door.good("POST", "objects", "notes", body, status=201)
    assert created["properties"]["hs_timestamp"] == NOW
    assert portal.associated("deals", deal, "notes") == [created["id"]]
    assert portal.read("notes", created["id"])["hs_body_preview"] == "Agreed"


def test_an_activity_needs_its_time(door: Door, portal: HubSpotPortal) -> None:
    status, envelope = door.refusal("POST", "objects", "notes", {"properties": {"hs_note_body": "x"}})
    assert (status, envelope["context"]) == (400, {"properties": ["hs_timestamp"]})
    assert portal.rows("notes") == []


def test_a_bad_link_creates_no_record(door: Door, portal: HubSpotPortal, deal: str) -> None:
    for type_id, target in ((213, deal), (214, "1"), (9999, deal)):
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]
        body = {
            "properties": {"hs_timestamp": NOW},
            "associations": [{"to": {"id": target}, "types": types}],
        }
        door.refusal("POST", "objects", "notes", body)
    assert portal.rows("notes") == []


VALUES: list[tuple[str, str, Any, str | None, str | None]] = [
    ("deals", "amount", "-12.50", "-12.50", None),
    ("deals", "amount", 12, "12", None),
    ("deals", "amount", "1,200", None, "INVALID_INTEGER"),
    ("deals", "amount", "1e5", None, "INVALID_INTEGER"),
    ("deals", "amount", "NaN", None, "INVALID_INTEGER"),
    ("deals", "amount", "", None, None),
    ("deals", "amount", None, None, "INVALID_TYPE"),
    ("deals", "amount", ["1"], None, "INVALID_TYPE"),
    ("deals", "closedate", "2026-03-02T10:00:00+01:00", NOW, None),
    ("deals", "closedate", "1772442000000", NOW, None),
    ("deals", "closedate", "tomorrow", None, "INVALID_LONG"),
    ("deals", "closedate", "2026-02-30T10:00:00Z", None, "INVALID_LONG"),
    ("deals", "dealstage", "contractsent", "contractsent", None),
    ("deals", "dealstage", "nowhere", None, "INVALID_OPTION"),
    ("deals", "dealname", "x" * 65_536, "x" * 65_536, None),
    ("deals", "dealname", "x" * 65_537, None, "INVALID_STRING_LENGTH"),
    ("deals", "hubspot_owner_id", "1", None, "INVALID_OPTION"),
    ("deals", "velma_flag", "true", "true", None),
    ("deals", "velma_flag", True, "true", None),
    ("deals", "velma_flag", "True", None, "INVALID_OPTION"),
    ("deals", "velma_day", "2026-03-02", "2026-03-02", None),
    ("deals", "velma_day", MIDNIGHT, "2026-03-02", None),
    ("deals", "velma_day", "1772442000000", None, "INVALID_DATE"),
    ("deals", "velma_many", "a;b", "a;b", None),
    ("deals", "velma_many", "a;c", None, "INVALID_OPTION"),
    ("deals", "velma_many", "A", None, "INVALID_OPTION"),
    ("deals", "hs_object_id", "7", None, "READ_ONLY_VALUE"),
    ("deals", "hs_is_closed", "true", None, "READ_ONLY_VALUE"),
    ("deals", "hs_v2_date_entered_current_stage", NOW, None, "READ_ONLY_VALUE"),
    ("deals", "velma_locked", "x", None, "READ_ONLY_VALUE"),
    ("deals", "no_such_thing", "x", None, "PROPERTY_DOESNT_EXIST"),
    ("calls", "hs_call_status", "COMPLETED", "COMPLETED", None),
    ("calls", "hs_call_status", "completed", None, "INVALID_OPTION"),
    ("calls", "hs_call_source", "SOMEWHERE", None, "INVALID_OPTION"),
    ("calls", "hs_call_disposition", "17b47fee-58de-441e-a44c-c6300d46f273",
     "17b47fee-58de-441e-a44c-c6300d46f273", None),
    ("calls", "hs_call_recording_url", "http://recordings.example/1", None, "INVALID_URL"),
]  # fmt: skip


@pytest.mark.parametrize(("object_name", "name", "value", "kept", "code"), VALUES)
def test_values_are_checked_against_their_property(
    door: Door,
    portal: HubSpotPortal,
    call: str,
    deal: str,
    object_name: str,
    name: str,
    value: Any,
    kept: str | None,
    code: str | None,
) -> None:
    add_properties(portal)
    record = {"calls": call, "deals": deal}[object_name]
    before = portal.read(object_name, record)
    answer = door.ask("PATCH", "objects", f"{object_name}/{record}", {"properties": {name: value}})
    if code is None:
        assert answer.status_code == 200, answer.text
        assert portal.read(object_name, record)[name] == kept
        return
    assert answer.status_code == 400, answer.text
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert door.codes(answer.json()) == {name: code}
    embedded = json.loads(answer.json()["message"].removeprefix("Property values were not valid: "))
    assert [(each["error"], each["name"], each["isValid"]) for each in embedded] == [(code, name, False)]
    assert portal.read(object_name, record) == before


def add_properties(portal: HubSpotPortal) -> None:
    words = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]
    truth = [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]
    for definition in (
        {"name": "velma_flag", "type": "bool", "fieldType": "booleancheckbox", "options": truth},
        {"name": "velma_day", "type": "date", "fieldType": "date"},
        {"name": "velma_many", "type": "enumeration", "fieldType": "checkbox", "options": words},
        {"name": "velma_locked", "type": "string", "fieldType": "text",
         "modificationMetadata": {"readOnlyValue": True}},
        {"name": "velma_score", "type": "number", "fieldType": "number"},
        {"name": "velma_code", "type": "string", "fieldType": "text"},
    ):  # fmt: skip
        portal.add_property("deals", definition)


def test_all_bad_properties_of_a_record_are_told_at_once(door: Door, deal: str) -> None:
    body = {"properties": {"amount": "many", "no_such_thing": "x", "dealname": "kept out"}}
    _, envelope = door.refusal("PATCH", "objects", f"deals/{deal}", body)
    assert door.codes(envelope) == {"amount": "INVALID_INTEGER", "no_such_thing": "PROPERTY_DOESNT_EXIST"}


def test_unknown_and_read_only_properties_may_be_ignored(
    door: Door, portal: HubSpotPortal, deal: str
) -> None:
    portal.switches.unknown_property = portal.switches.read_only_property = "ignored"
    body = {"properties": {"no_such_thing": "x", "hs_object_id": "5", "dealname": "New"}}
    door.good("PATCH", "objects", f"deals/{deal}", body)
    assert (portal.read("deals", deal)["dealname"], portal.read("deals", deal)["hs_object_id"]) == (
        "New",
        deal,
    )


def test_null_may_clear(door: Door, portal: HubSpotPortal, deal: str) -> None:
    portal.switches.null_value = "clears"
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {"amount": None}})
    assert portal.read("deals", deal)["amount"] is None


def test_a_leading_semicolon_adds_options(door: Door, portal: HubSpotPortal, deal: str) -> None:
    add_properties(portal)
    portal.update("deals", deal, {"velma_many": "b"})
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {"velma_many": ";a;b"}})
    assert portal.read("deals", deal)["velma_many"] == "b;a"


@pytest.mark.parametrize(
    ("name", "rule", "good", "bad"),
    [
        ("velma_score", ValidationRule("MAX_NUMBER", ("1",)), "1", "1.01"),
        ("velma_score", ValidationRule("MIN_NUMBER", ("-1",)), "-1", "-1.5"),
        ("velma_score", ValidationRule("DECIMAL", ("2",)), "0.25", "0.255"),
        ("velma_code", ValidationRule("MAX_LENGTH", ("3",)), "abc", "abcd"),
        ("velma_code", ValidationRule("MIN_LENGTH", ("3",)), "abc", "ab"),
        ("velma_code", ValidationRule("REGEX", ("[a-z]+",)), "abc", "abc1"),
        ("velma_code", ValidationRule("ALPHANUMERIC"), "abc1", "a b"),
        ("velma_code", ValidationRule("WHITESPACE"), "a b", " a"),
    ],
)
def test_rules_of_admins_hold_for_writes(
    door: Door, portal: HubSpotPortal, deal: str, name: str, rule: ValidationRule, good: str, bad: str
) -> None:
    add_properties(portal)
    portal.add_rule("deals", name, rule)
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {name: good}})
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {name: ""}})
    _, envelope = door.refusal("PATCH", "objects", f"deals/{deal}", {"properties": {name: bad}})
    assert door.codes(envelope) == {name: rule.code}
    listed = door.good("GET", "property-validations", "0-3")["results"]
    told = [{"ruleType": rule.type, "ruleArguments": list(rule.arguments)}]
    assert listed == [{"propertyName": name, "propertyValidationRules": told}]


def test_rules_that_do_not_fit_are_refused(portal: HubSpotPortal) -> None:
    with pytest.raises(ValueError, match="is no emulated rule"):
        ValidationRule("PHASE_OF_MOON")
    with pytest.raises(ValueError, match="rule for numbers"):
        portal.add_rule("deals", "dealname", ValidationRule("MAX_NUMBER", ("1",)))


def test_conditions_of_admins_are_enforced_from_2026_09_on(door: Door, portal: HubSpotPortal) -> None:
    deal = portal.insert("deals", {"dealname": "Oven line", "dealstage": "contractsent"})
    portal.switches.conditional_required = {"deals": {"dealstage": {"closedwon": ["amount"]}}}
    body = {"properties": {"dealstage": "closedwon"}}
    door.version = "2026-09"
    status, envelope = door.refusal("PATCH", "objects", f"deals/{deal}", body)
    assert (status, door.codes(envelope)) == (400, {"amount": "REQUIRED_PROPERTY"})
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {"dealstage": "closedwon", "amount": "5"}})
    portal.update("deals", deal, {"amount": None})
    door.version = "2026-03"
    door.good("PATCH", "objects", f"deals/{deal}", body)


def test_a_stage_belongs_to_its_pipeline(door: Door, portal: HubSpotPortal, deal: str) -> None:
    pipeline = portal.add_pipeline("Renewals", {"Talks": False, "Signed": "won", "Lost": True})
    signed = portal.stage_id("Renewals", "Signed")
    _, envelope = door.refusal("PATCH", "objects", f"deals/{deal}", {"properties": {"dealstage": signed}})
    assert door.codes(envelope) == {"dealstage": "INVALID_OPTION"}
    body = {"properties": {"dealstage": signed, "pipeline": pipeline}}
    door.good("PATCH", "objects", f"deals/{deal}", body)
    kept = portal.read("deals", deal)
    assert (kept["hs_is_closed"], kept["hs_is_closed_won"], kept["hs_deal_stage_probability"]) == (
        "true",
        "true",
        "1.0",
    )


def test_history_tells_every_stage_with_its_time_newest_first(
    door: Door, portal: HubSpotPortal, clock: Clock
) -> None:
    at = START - timedelta(days=9)
    deal = portal.insert("deals", {"dealname": "Oven line", "dealstage": "qualifiedtobuy"}, at=at)
    portal.update("deals", deal, {"dealstage": "contractsent"}, at=START - timedelta(days=2))
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {"dealstage": "closedlost"}})
    row = door.good("GET", "objects", f"deals/{deal}?propertiesWithHistory=dealstage")
    told = [(each["value"], each["timestamp"]) for each in row["propertiesWithHistory"]["dealstage"]]
    assert told == [
        ("closedlost", NOW),
        ("contractsent", "2026-02-28T09:00:00Z"),
        ("qualifiedtobuy", "2026-02-21T09:00:00Z"),
    ]
    sources = [each["sourceType"] for each in row["propertiesWithHistory"]["dealstage"]]
    assert sources == ["INTEGRATION", "CRM_UI", "CRM_UI"]
    assert portal.read("deals", deal)["hs_v2_date_entered_current_stage"] == NOW
    with pytest.raises(ValueError, match="has a later value of dealstage"):
        portal.update("deals", deal, {"dealstage": "closedwon"}, at=START - timedelta(days=1))


def test_only_a_new_stage_moves_the_date_of_its_beginning(
    door: Door, portal: HubSpotPortal, clock: Clock, deal: str
) -> None:
    clock.advance(hours=1)
    same = {"properties": {"dealstage": "qualifiedtobuy", "amount": "7"}}
    door.good("PATCH", "objects", f"deals/{deal}", same)
    assert portal.read("deals", deal)["hs_v2_date_entered_current_stage"] == NOW
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {"dealstage": "contractsent"}})
    assert portal.read("deals", deal)["hs_v2_date_entered_current_stage"] == "2026-03-02T10:00:00Z"


def test_an_archived_record_is_found_only_when_asked_for(
    door: Door, portal: HubSpotPortal, call: str
) -> None:
    assert door.ask("DELETE", "objects", f"calls/{call}").status_code == 204
    assert door.ask("DELETE", "objects", f"calls/{call}").status_code == 204
    status, envelope = door.refusal("GET", "objects", f"calls/{call}")
    assert (status, envelope["category"]) == (404, "OBJECT_NOT_FOUND")
    row = door.good("GET", "objects", f"calls/{call}?archived=true")
    assert (row["archived"], row["archivedAt"]) == (True, NOW)
    assert door.refusal("PATCH", "objects", f"calls/{call}", {"properties": {}})[0] == 404
    assert door.good("GET", "objects", "calls") == {"results": []}
    assert [each["id"] for each in door.good("GET", "objects", "calls?archived=True")["results"]] == [call]


def test_a_single_call_knows_the_old_id_of_a_merged_record(
    door: Door, portal: HubSpotPortal, call: str
) -> None:
    winner = portal.insert("deals", {"dealname": "Winner"})
    loser = portal.insert("deals", {"dealname": "Loser"})
    portal.associate("calls", call, "deals", loser)
    portal.merge("deals", winner, loser)
    assert door.good("PATCH", "objects", f"deals/{loser}", {"properties": {"amount": "3"}})["id"] == winner
    assert door.good("GET", "objects", f"deals/{loser}")["id"] == winner
    assert portal.read("deals", winner)["hs_merged_object_ids"] == loser
    assert portal.associated("calls", call, "deals") == [winner]
    assert [row["id"] for row in portal.rows("deals")] == [winner]
    last = portal.insert("deals", {"dealname": "Last"})
    portal.merge("deals", last, winner)
    assert door.good("GET", "objects", f"deals/{loser}")["id"] == last


def test_lists_walk_by_record_id(door: Door, portal: HubSpotPortal) -> None:
    calls = [portal.insert("calls", {}) for _ in range(12)]
    assert [len(call) for call in calls] != [len(calls[0])] * 12, "the ids must grow by a digit"
    page = door.good("GET", "objects", "calls")
    assert [row["id"] for row in page["results"]] == calls[:10]
    assert page["paging"]["next"]["after"] == calls[9]
    rest = door.good("GET", "objects", f"calls?after={calls[9]}&limit=100")
    assert ([row["id"] for row in rest["results"]], "paging" in rest) == (calls[10:], False)


@pytest.mark.parametrize("query", ["limit=101", "limit=51&propertiesWithHistory=amount", "limit=0", "after=x",
                                   "archived=maybe", "limit=ten"])  # fmt: skip
def test_a_list_keeps_its_limits(door: Door, query: str) -> None:
    assert door.refusal("GET", "objects", f"deals?{query}")[0] == 400


def test_a_single_read_tells_associations(door: Door, portal: HubSpotPortal, call: str, deal: str) -> None:
    portal.associate("calls", call, "deals", deal)
    row = door.good("GET", "objects", f"calls/{call}?associations=contacts,deals")
    assert row["associations"] == {"deals": {"results": [{"id": deal, "type": "call_to_deal"}]}}
    assert "associations" not in door.good("GET", "objects", f"calls/{call}?associations=contacts")


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"),
    [
        (b"{", "application/json", 400, "Invalid input JSON on line 1, column 2"),
        (b'{"properties": {"amount": NaN}}', "application/json", 400, "Invalid input JSON"),
        (b'{"propertys": {}}', "application/json", 400, "Invalid input JSON"),
        (b'{"properties": []}', "application/json", 400, "Invalid input JSON"),
        (b"[]", "application/json", 400, "Invalid input JSON"),
        (b"", "application/json", 400, "Invalid input JSON"),
        (b'{"properties": {}}', "text/plain", 415, "not supported"),
    ],
)
def test_a_body_that_is_not_understood_is_refused(
    door: Door, deal: str, content: bytes, kind: str, status: int, words: str
) -> None:
    path = f"/crm/objects/2026-03/deals/{deal}"
    answer = door.call("PATCH", path, data=content, headers={"Content-Type": kind})
    assert (answer.status_code, words in answer.json()["message"]) == (status, True), answer.text


def test_times_may_read_back_as_milliseconds(door: Door, portal: HubSpotPortal, call: str) -> None:
    portal.switches.hs_timestamp_as = "milliseconds"
    row = door.good("GET", "objects", f"calls/{call}?properties=hs_timestamp")
    assert row["properties"]["hs_timestamp"] == str(milliseconds(START))
    assert row["properties"]["hs_createdate"] == NOW


def test_seeds_may_hold_what_an_api_write_may_not(portal: HubSpotPortal) -> None:
    deal = portal.insert("deals", {"dealstage": "gone", "createdate": "2026-01-05T08:00:00Z", "amount": None})
    assert portal.read("deals", deal)["createdate"] == "2026-01-05T08:00:00Z"
    call = portal.insert("calls", {"hs_call_has_transcript": "true", "hs_call_recording_url": "http://x"})
    assert portal.read("calls", call)["hs_timestamp"] == NOW
    with pytest.raises(Refusal, match="does not exist"):
        portal.insert("calls", {"no_such_thing": "x"})
    with pytest.raises(KeyError):
        portal.read("calls", "1")


@given(st.integers(0, 4_102_444_800_000))
def test_a_stamp_reads_back_as_it_was_printed(stamp: int) -> None:
    assert read_moment(iso(stamp)) == stamp == read_moment(str(stamp))
