"""Single records: what is stored, what is refused and in which words, and what the org does by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from velma_connectors.sandbox.salesforce import Refusal, SalesforceOrg
from velma_connectors.sandbox.salesforce.fields import FieldDefinition
from velma_connectors.sandbox.salesforce.values import stored_value

from .conftest import START, Clock, Door


def stored(org: SalesforceOrg, door: Door, task: str, **values: Any) -> Any:
    """What is left of one value after a PATCH."""
    answer = door.call("PATCH", f"/sobjects/Task/{task}", json=values)
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    return org.read(task)[next(iter(values))]


@pytest.fixture
def fields(org: SalesforceOrg) -> None:
    """One custom field of every kind that a sync writes."""
    choices = [{"fullName": value, "label": value.title()} for value in ("confirmed", "open")]
    value_set = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": choices}}
    for name, metadata in {
        "Done__c": {"type": "Checkbox", "defaultValue": False},
        "Score__c": {"type": "Number", "precision": 3, "scale": 2},
        "Step__c": {"type": "Picklist", "valueSet": value_set},
        "Free__c": {"type": "Picklist", "valueSet": {**value_set, "restricted": False}},
        "Tags__c": {"type": "MultiselectPicklist", "visibleLines": 3, "valueSet": value_set},
        "Many__c": {
            "type": "MultiselectPicklist",
            "visibleLines": 3,
            "valueSet": {**value_set, "restricted": False},
        },
        "At__c": {"type": "DateTime"},
        "Short__c": {"type": "Text", "length": 10},
        "Link__c": {"type": "Url"},
        "Key__c": {"type": "Text", "length": 20, "externalId": True, "unique": True},
        "Mail__c": {"type": "Email"},
    }.items():
        org.add_custom_field("Activity", name, {"label": name, **metadata})


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("Subject", "  Call  ", "Call"),
        ("Subject", "", None),
        ("Subject", None, None),
        ("Subject", "é" * 255, "é" * 255),
        ("Subject", "🎧" * 255, "🎧" * 255),
        ("Description", "a\r\nb", "a\r\nb"),
        ("Done__c", True, True),
        ("Score__c", 0.999, 0.99),
        ("Score__c", -0.999, -0.99),
        ("Score__c", 1, 1.0),
        ("Score__c", None, None),
        ("Step__c", "confirmed", "confirmed"),
        ("Free__c", "whatever", "whatever"),
        ("Tags__c", "open;confirmed;open", "confirmed;open"),
        ("Tags__c", "", None),
        ("At__c", "2026-03-01T10:00:00.999+01:00", "2026-03-01T09:00:00.000+0000"),
        ("At__c", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000+0000"),
        ("ActivityDate", "2026-03-01", "2026-03-01"),
        ("ActivityDate", "2026-03-01T23:00:00-05:00", "2026-03-02"),
        ("CallDurationInSeconds", 12, 12),
        ("callType", "Inbound", "Inbound"),
    ],
)
def test_values_are_kept_in_the_orgs_own_form(
    org: SalesforceOrg, door: Door, task: str, field: str, value: Any, kept: Any
) -> None:
    door.call("PATCH", f"/sobjects/Task/{task}", json={field: value})
    name = next(name for name in org.read(task) if name.lower() == field.lower())
    assert org.read(task)[name] == kept


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("Subject", "x" * 256, "STRING_TOO_LONG"),
        ("Short__c", "é" * 11, "STRING_TOO_LONG"),
        ("Link__c", "https://a.example/" + "x" * 240, "STRING_TOO_LONG"),
        ("Description", "x" * 32_001, "STRING_TOO_LONG"),
        ("CallType", "Sideways", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Step__c", "Confirmed", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Tags__c", "confirmed;nope", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Many__c", ";".join(map(str, range(101))), "TOO_MANY_ENUM_VALUE"),
        ("Tags__c", ["confirmed"], "JSON_PARSER_ERROR"),
        ("Score__c", 10, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("Score__c", -1e300, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("Score__c", "0.5", "JSON_PARSER_ERROR"),
        ("Score__c", True, "JSON_PARSER_ERROR"),
        ("Done__c", None, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Done__c", "true", "JSON_PARSER_ERROR"),
        ("Done__c", 1, "JSON_PARSER_ERROR"),
        ("At__c", "2026-03-01", "JSON_PARSER_ERROR"),
        ("At__c", "2026-03-01T10:00:00", "JSON_PARSER_ERROR"),
        ("At__c", "1499-01-01T00:00:00Z", "JSON_PARSER_ERROR"),
        ("ActivityDate", "1 March", "JSON_PARSER_ERROR"),
        ("ActivityDate", "2026-02-30", "JSON_PARSER_ERROR"),
        ("CallDurationInSeconds", 1.5, "JSON_PARSER_ERROR"),
        ("CallDurationInSeconds", 100_000_000, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("Subject", 5, "JSON_PARSER_ERROR"),
        ("Subject", {"text": "a"}, "JSON_PARSER_ERROR"),
        ("Mail__c", "nobody", "INVALID_EMAIL_ADDRESS"),
        ("Status", None, "REQUIRED_FIELD_MISSING"),
        ("WhatId", "nonsense", "MALFORMED_ID"),
        ("WhatId", "006000000000001", "INVALID_CROSS_REFERENCE_KEY"),
        ("Nope__c", 1, "INVALID_FIELD"),
        ("What", {"Name": "A"}, "INVALID_FIELD"),
        ("IsClosed", True, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("CreatedDate", "2026-01-01T00:00:00Z", "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("SystemModstamp", "2026-01-01T00:00:00Z", "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("TaskSubtype", "Email", "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("AccountId", None, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Id", "00T000000000001", "INVALID_FIELD"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_changes_nothing(
    org: SalesforceOrg, door: Door, task: str, field: str, value: Any, code: str
) -> None:
    before = org.read(task)
    status, told, _ = door.refusal("PATCH", f"/sobjects/Task/{task}", json={field: value, "Priority": "High"})
    assert (status, told) == (400, code)
    assert org.read(task) == before


def test_the_words_of_refusals_name_field_and_limit(door: Door, task: str) -> None:
    too_long = door.call("PATCH", f"/sobjects/Task/{task}", json={"Subject": "x" * 256}).json()
    assert too_long == [
        {
            "message": f"Subject: data value too large: {'x' * 256} (max length=255)",
            "errorCode": "STRING_TOO_LONG",
            "fields": ["Subject"],
        }
    ]
    unknown = door.call("PATCH", f"/sobjects/Task/{task}", json={"Nope__c": 1}).json()
    assert unknown[0]["message"] == "No such column 'Nope__c' on sobject of type Task"
    assert "fields" not in unknown[0]


def test_all_bad_fields_are_reported_together_or_one_by_one(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    bad = {"Subject": "x" * 256, "CallType": "Sideways"}
    both = door.call("PATCH", f"/sobjects/Task/{task}", json=bad).json()
    assert [error["fields"] for error in both] == [["Subject"], ["CallType"]]
    org.switches = replace(org.switches, reports_all_field_errors=False)
    assert len(door.call("PATCH", f"/sobjects/Task/{task}", json=bad).json()) == 1


def test_blanks_around_text_stay_when_the_switch_says_so(org: SalesforceOrg, door: Door, task: str) -> None:
    org.switches = replace(org.switches, trims_text=False)
    assert stored(org, door, task, Subject=" Call ") == " Call "


@pytest.mark.usefixtures("fields")
def test_a_unique_value_belongs_to_one_record(org: SalesforceOrg, door: Door, task: str) -> None:
    org.insert("Task", {"Subject": "Other", "Key__c": "call-1"})
    status, code, message = door.refusal("PATCH", f"/sobjects/Task/{task}", json={"Key__c": "CALL-1"})
    assert (status, code) == (400, "DUPLICATE_VALUE")
    assert message.startswith("duplicate value found: Key__c")


def test_the_library_creates_reads_changes_and_deletes(org: SalesforceOrg, door: Door) -> None:
    tasks = door.library().Task
    created = tasks.create({"Subject": "New", "CallDurationInSeconds": 5})
    assert created == {"id": created["id"], "success": True, "errors": []}
    read = tasks.get(created["id"])
    assert (read["Subject"], read["Status"], read["OwnerId"]) == ("New", "Not Started", door.user_id)
    assert tasks.update(created["id"], {"Subject": "Changed"}) == 204
    assert tasks.delete(created["id"]) == 204
    assert org.read(created["id"])["IsDeleted"] is True
    with pytest.raises(SalesforceMalformedRequest):
        tasks.create({"Nope": 1})
    with pytest.raises(SalesforceResourceNotFound):
        tasks.get("00T000000000001")


def test_reading_chosen_fields_gives_those_alone(door: Door, task: str) -> None:
    record = door.call("GET", f"/sobjects/task/{task[:15]}", params={"fields": "subject,IsClosed"}).json()
    url = f"/services/data/v66.0/sobjects/Task/{task}"
    assert record == {"attributes": {"type": "Task", "url": url}, "Subject": "Call", "IsClosed": False}
    assert door.refusal("GET", f"/sobjects/Task/{task}?fields=Nope")[:2] == (400, "INVALID_FIELD")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_deleted_record_is_told_apart_from_one_that_never_was(
    org: SalesforceOrg, door: Door, task: str, method: str
) -> None:
    org.remove(task)
    assert door.refusal(method, f"/sobjects/Task/{task}", json={})[:2] == (404, "ENTITY_IS_DELETED")
    org.switches = replace(org.switches, deleted_status=400)
    assert door.refusal(method, f"/sobjects/Task/{task}", json={})[0] == 400
    org.purge(task)
    assert door.refusal(method, f"/sobjects/Task/{task}", json={})[:2] == (404, "NOT_FOUND")


def test_a_required_field_must_be_there_on_creation(door: Door) -> None:
    answer = door.call("POST", "/sobjects/Opportunity", json={"Name": "A"}).json()
    assert answer[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert answer[0]["fields"] == ["StageName", "CloseDate"]


def test_a_reference_to_a_deleted_or_wrong_record_is_refused(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    account = org.insert("Account", {"Name": "Gone"})
    org.remove(account)
    path = f"/sobjects/Task/{task}"
    assert door.refusal("PATCH", path, json={"WhatId": account})[1] == "ENTITY_IS_DELETED"
    assert door.refusal("PATCH", path, json={"WhatId": door.user_id})[1] == "MALFORMED_ID"


def test_a_write_stamps_the_record_with_its_writer_and_the_whole_second(
    org: SalesforceOrg, door: Door, task: str, clock: Clock
) -> None:
    clock.advance(minutes=5, milliseconds=700)
    stored(org, door, task, Subject="Changed")
    record = org.read(task)
    assert record["LastModifiedDate"] == record["SystemModstamp"] == "2026-03-02T09:05:00.000+0000"
    assert record["CreatedDate"] == "2026-03-02T09:00:00.000+0000"
    assert (record["CreatedById"], record["LastModifiedById"]) == (org.admin_id, door.user_id)


@pytest.mark.parametrize("moves", [True, False])
def test_writing_the_same_values_moves_the_stamps_or_not(
    org: SalesforceOrg, door: Door, task: str, clock: Clock, moves: bool
) -> None:
    org.switches = replace(org.switches, same_values_move_stamps=moves)
    before = org.read(task)["SystemModstamp"]
    clock.advance(minutes=1)
    stored(org, door, task, Subject="Call")
    assert (org.read(task)["SystemModstamp"] != before) is moves


def test_background_processes_move_the_system_stamp_alone(
    org: SalesforceOrg, task: str, clock: Clock
) -> None:
    before = org.read(task)
    clock.advance(hours=1)
    org.touch([task])
    after = org.read(task)
    assert after["SystemModstamp"] > before["SystemModstamp"]
    assert {**after, "SystemModstamp": 0} == {**before, "SystemModstamp": 0}


def test_closing_a_task_stamps_its_completion_and_reopening_takes_it_back(
    org: SalesforceOrg, door: Door, task: str, clock: Clock
) -> None:
    stored(org, door, task, Status="Completed")
    completed = org.read(task)
    assert (completed["IsClosed"], completed["CompletedDateTime"]) == (True, "2026-03-02T09:00:00.000+0000")
    clock.advance(minutes=1)
    stored(org, door, task, Subject="Later")
    assert org.read(task)["CompletedDateTime"] == completed["CompletedDateTime"]
    stored(org, door, task, Status="In Progress")
    assert (org.read(task)["IsClosed"], org.read(task)["CompletedDateTime"]) == (False, None)


def test_an_activity_counts_for_the_account_it_leads_to(org: SalesforceOrg, task: str) -> None:
    account = org.rows("Account")[0]["Id"]
    contact = org.insert("Contact", {"LastName": "Moss", "AccountId": account})
    assert org.read(task)["AccountId"] == account
    assert org.read(org.insert("Task", {"WhoId": contact}))["AccountId"] == account
    assert org.read(org.insert("Task", {"WhatId": account}))["AccountId"] == account
    assert org.read(org.insert("Task", {"Subject": "Nobody"}))["AccountId"] is None


def test_an_event_lasts_from_its_start_to_its_end(org: SalesforceOrg, door: Door) -> None:
    body = {"Subject": "Demo", "StartDateTime": "2026-03-02T10:00:00Z", "DurationInMinutes": 45}
    event = org.read(door.call("POST", "/sobjects/Event", json=body).json()["id"])
    assert event["EndDateTime"] == "2026-03-02T10:45:00.000+0000"
    assert (event["ActivityDateTime"], event["ActivityDate"]) == (event["StartDateTime"], "2026-03-02")
    assert door.refusal("POST", "/sobjects/Event", json={"Subject": "A"})[1] == "REQUIRED_FIELD_MISSING"
    endless = {"Subject": "A", "StartDateTime": "2026-03-02T10:00:00Z"}
    assert door.refusal("POST", "/sobjects/Event", json=endless)[1] == "REQUIRED_FIELD_MISSING"
    until = {"EndDateTime": "2026-03-02T11:30:00Z"}
    assert door.call("PATCH", f"/sobjects/Event/{event['Id']}", json=until).status_code == 204
    assert org.read(event["Id"])["DurationInMinutes"] == 90
    backwards = {**body, "DurationInMinutes": -5}
    assert door.refusal("POST", "/sobjects/Event", json=backwards)[1] == "FIELD_INTEGRITY_EXCEPTION"


def test_a_stage_decides_what_a_deal_is(org: SalesforceOrg, door: Door, task: str) -> None:
    deal = org.read(task)["WhatId"]
    door.call("PATCH", f"/sobjects/Opportunity/{deal}", json={"Amount": 200, "StageName": "Closed Won"})
    record = org.read(deal)
    assert (record["IsClosed"], record["IsWon"], record["Probability"]) == (True, True, 100.0)
    assert (record["ForecastCategory"], record["ExpectedRevenue"]) == ("Closed", 200.0)
    assert [row["StageName"] for row in org.rows("OpportunityHistory")] == ["Prospecting", "Closed Won"]


def test_seeded_stages_leave_a_history_with_their_own_dates(org: SalesforceOrg) -> None:
    values = {"Name": "A", "StageName": "Prospecting", "CloseDate": START.date()}
    deal = org.insert("Opportunity", values, at=START - timedelta(days=10))
    org.update(deal, {"StageName": "Qualification"}, at=START - timedelta(days=3))
    org.update(deal, {"NextStep": "Call again"}, at=START)
    history = [(row["StageName"], row["CreatedDate"][:10]) for row in org.rows("OpportunityHistory")]
    assert history == [("Prospecting", "2026-02-20"), ("Qualification", "2026-02-27")]


def test_a_deal_has_one_primary_contact(org: SalesforceOrg, task: str) -> None:
    deal = org.read(task)["WhatId"]
    roles = [
        org.insert(
            "OpportunityContactRole",
            {
                "OpportunityId": deal,
                "ContactId": org.insert("Contact", {"LastName": name}),
                "IsPrimary": True,
            },
        )
        for name in ("Moss", "Fern")
    ]
    assert [org.read(role)["IsPrimary"] for role in roles] == [False, True]


def test_what_hangs_on_a_deal_is_deleted_with_it(org: SalesforceOrg, door: Door, task: str) -> None:
    deal = org.read(task)["WhatId"]
    door.call("DELETE", f"/sobjects/Opportunity/{deal}")
    assert org.read(task)["IsDeleted"] is True
    assert {row["IsDeleted"] for row in org.rows("OpportunityHistory")} == {True}


def test_history_cannot_be_written(org: SalesforceOrg, door: Door, task: str) -> None:
    body = {"OpportunityId": org.read(task)["WhatId"], "StageName": "Closed Won"}
    code = door.refusal("POST", "/sobjects/OpportunityHistory", json=body)[1]
    assert code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_an_object_without_edit_right_is_read_only(org: SalesforceOrg, door: Door, task: str) -> None:
    org.set_object_access("Task", "read", door.user_id)
    expected = (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert door.refusal("PATCH", f"/sobjects/Task/{task}", json={"Subject": "A"})[:2] == expected
    assert door.call("GET", f"/sobjects/Task/{task}").status_code == 200
    org.set_object_access("Task", "hidden", door.user_id)
    assert door.refusal("GET", f"/sobjects/Task/{task}")[:2] == (404, "NOT_FOUND")


def test_a_validation_rule_stops_a_save_with_the_admins_words(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    org.add_validation_rule("Task", lambda record: "Say more" if len(record["Subject"] or "") < 4 else None)
    answer = door.call("PATCH", f"/sobjects/Task/{task}", json={"Subject": "A"})
    assert answer.status_code == 400
    assert answer.json() == [
        {"message": "Say more", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": []}
    ]
    stored(org, door, task, Subject="Enough")


def test_a_flow_may_rewrite_a_field_right_after_our_save(org: SalesforceOrg, door: Door, task: str) -> None:
    org.add_flow("Task", lambda record: {"Subject": record["Subject"].upper()})
    assert stored(org, door, task, Subject="loud") == "LOUD"
    assert org.read(task)["LastModifiedById"] == door.user_id


def test_a_locked_record_is_refused_and_free_afterwards(org: SalesforceOrg, door: Door, task: str) -> None:
    org.lock_rows([task], times=2)
    for _ in range(2):
        status, code, message = door.refusal("PATCH", f"/sobjects/Task/{task}", json={"Subject": "A"})
        assert (status, code) == (400, "UNABLE_TO_LOCK_ROW")
        assert task in message
    assert stored(org, door, task, Subject="A") == "A"


def test_any_refusal_can_be_planned_for_a_record(org: SalesforceOrg, door: Door, task: str) -> None:
    words = "Your update of this record was stopped by a flow"
    org.refuse_writes(task, Refusal("CANNOT_EXECUTE_FLOW_TRIGGER", words, ()))
    refused = door.refusal("PATCH", f"/sobjects/Task/{task}", json={"Subject": "A"})
    assert refused == (400, "CANNOT_EXECUTE_FLOW_TRIGGER", words)
    assert stored(org, door, task, Subject="A") == "A"


def test_a_withheld_row_is_nowhere_until_it_is_revealed_with_its_old_stamp(
    org: SalesforceOrg, door: Door, task: str, clock: Clock
) -> None:
    org.withhold(task)
    assert door.query("SELECT Id FROM Task") == []
    assert door.refusal("GET", f"/sobjects/Task/{task}")[:2] == (404, "NOT_FOUND")
    clock.advance(minutes=1)
    org.reveal(task)
    assert door.query("SELECT SystemModstamp FROM Task") == [
        {"SystemModstamp": "2026-03-02T09:00:00.000+0000"}
    ]


def test_record_types_exist_only_where_they_are_defined(org: SalesforceOrg, door: Door, task: str) -> None:
    soql = "SELECT RecordType.DeveloperName FROM Opportunity"
    assert door.query_refusal(soql)[1] == "INVALID_FIELD"
    ids = org.add_record_types("Opportunity", {"New_Business": "New business", "Renewal": "Renewals"})
    org.update(org.read(task)["WhatId"], {"RecordTypeId": ids["Renewal"]})
    assert door.query(soql) == [{"RecordType": {"DeveloperName": "Renewal"}}]
    infos = door.call("GET", "/sobjects/Opportunity/describe").json()["recordTypeInfos"]
    assert [(info["name"], info["defaultRecordTypeMapping"]) for info in infos] == [
        ("New business", True),
        ("Renewals", False),
        ("Master", False),
    ]


def test_seeding_refuses_what_the_schema_does_not_hold(org: SalesforceOrg) -> None:
    with pytest.raises(Refusal, match="No such column 'Nope'"):
        org.insert("Task", {"Nope": 1})
    with pytest.raises(Refusal, match="STRING_TOO_LONG"):
        org.insert("Task", {"Subject": "x" * 256})
    with pytest.raises(KeyError):
        org.insert("Nope", {})
    with pytest.raises(KeyError):
        org.read("00T000000000001")


SCORE = FieldDefinition("Score__c", "Score", "double", precision=3, scale=2, custom=True)


@given(st.floats(-9.994, 9.994))
def test_decimals_beyond_the_scale_are_dropped_towards_zero(number: float) -> None:
    kept = stored_value(SCORE, number, trims=True)
    assert abs(kept) <= abs(number)
    assert abs(number - kept) < 0.01
    assert kept == round(kept, 2)


@given(st.floats(allow_nan=False).filter(lambda number: abs(number) >= 10))
def test_digits_before_the_point_must_fit(number: float) -> None:
    with pytest.raises(Refusal, match="NUMBER_OUTSIDE_VALID_RANGE"):
        stored_value(SCORE, number, trims=True)
