"""Reports and their folders: discovered, made, run and removed, as strictly as possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import Clock, Door

FOLDER = {"label": "Velma", "name": "Velma", "type": "report"}
CHOICES = ("Confirmed", "Not confirmed")
PICKLIST: dict[str, Any] = {
    "type": "Picklist",
    "label": "Step",
    "valueSet": {
        "restricted": True,
        "valueSetDefinition": {
            "sorted": False,
            "value": [{"fullName": each, "label": each, "default": False} for each in CHOICES],
        },
    },
}


@pytest.fixture(autouse=True)
def fields(org: SalesforceOrg) -> None:
    """A picklist, a number, a checkbox and a long text that everybody may see."""
    long_text = {"type": "LongTextArea", "label": "Story", "length": 2_000, "visibleLines": 3}
    score: dict[str, Any] = {"type": "Number", "label": "Score", "precision": 3, "scale": 2}
    for entity, names in {"Opportunity": ("Opportunity",), "Activity": ("Task", "Event")}.items():
        for field, metadata in {
            "Step__c": PICKLIST,
            "Score__c": score,
            "Flag__c": {"type": "Checkbox", "label": "Flag", "defaultValue": False},
        }.items():
            org.add_custom_field(entity, field, metadata)
            for name in names:
                org.set_field_access(name, field, "edit")
    org.add_custom_field("Opportunity", "Story__c", long_text)
    org.set_field_access("Opportunity", "Story__c", "edit")


def folder(door: Door) -> str:
    answer = door.call("POST", "/folders/", json=FOLDER)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def report(*filters: Mapping[str, str], kind: str = "Opportunity", **more: Any) -> dict[str, Any]:
    wanted = {"name": "A report", "reportType": {"type": kind}, "reportFilters": list(filters), **more}
    return {"reportMetadata": wanted}


def where(column: str, operator: str, value: str) -> dict[str, str]:
    return {"column": column, "operator": operator, "value": value}


def all_time(column: str) -> dict[str, Any]:
    window = {"column": column, "durationValue": "CUSTOM", "startDate": None, "endDate": None}
    return {"scope": "organization", "standardDateFilter": window}


def created(door: Door, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = door.call("POST", "/analytics/reports", json=body)
    assert answer.status_code == 200, answer.text
    metadata: dict[str, Any] = answer.json()["reportMetadata"]
    return metadata


def found(door: Door, body: Mapping[str, Any]) -> list[str]:
    """First cells of the rows that a report of that body finds."""
    metadata = created(door, body)
    answer = door.call("GET", f"/analytics/reports/{metadata['id']}", params={"includeDetails": "true"})
    assert answer.status_code == 200, answer.text
    facts = answer.json()["factMap"]["T!T"]
    assert facts["aggregates"] == [{"label": str(len(facts["rows"])), "value": len(facts["rows"])}]
    return [row["dataCells"][0]["value"] for row in facts["rows"]]


def deal(org: SalesforceOrg, name: str, **values: Any) -> str:
    usual = {"Name": name, "StageName": "Prospecting", "CloseDate": "2026-01-05"}
    return org.insert("Opportunity", {**usual, **values})


def test_report_types_are_listed_in_groups_with_where_to_read_more(door: Door) -> None:
    groups = door.call("GET", "/analytics/reportTypes").json()
    by_type = {kind["type"]: kind for group in groups for kind in group["reportTypes"]}
    assert set(by_type) == {"Opportunity", "Activity"}
    assert by_type["Activity"]["label"] == "Tasks and Events"
    assert by_type["Activity"]["describeUrl"].endswith("/analytics/reportTypes/Activity")


def test_a_type_whose_object_is_hidden_is_not_offered(door: Door, org: SalesforceOrg) -> None:
    org.set_object_access("Opportunity", "hidden", door.user_id)
    groups = door.call("GET", "/analytics/reportTypes").json()
    assert [kind["type"] for group in groups for kind in group["reportTypes"]] == ["Activity"]
    assert door.refusal("GET", "/analytics/reportTypes/Opportunity")[:2] == (404, "NOT_FOUND")


def test_columns_are_those_that_the_user_may_see(door: Door, org: SalesforceOrg) -> None:
    org.set_field_access("Opportunity", "Score__c", "hidden")
    described = door.call("GET", "/analytics/reportTypes/Opportunity").json()
    (category,) = described["reportTypeMetadata"]["categories"]
    columns = category["columns"]
    assert "Opportunity.Score__c" not in columns
    assert columns["Opportunity.Step__c"]["dataType"] == "picklist"
    assert [each["name"] for each in columns["Opportunity.Step__c"]["filterValues"]] == list(CHOICES)
    assert columns["Opportunity.Story__c"]["filterable"] is False
    assert described["reportMetadata"]["standardDateFilter"]["durationValue"] == "THIS_FISCAL_QUARTER"


def test_a_report_without_folder_is_the_users_own_and_of_this_quarter(door: Door, org: SalesforceOrg) -> None:
    deal(org, "Now", CloseDate="2026-03-30")
    deal(org, "Later", CloseDate="2026-04-01")
    metadata = created(door, {"reportMetadata": {"name": "New", "reportType": {"type": "Opportunity"}}})
    assert metadata["folderId"] == door.user_id
    assert metadata["developerName"].startswith("New_")
    assert found(door, report()) == ["Now"]


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ([where("Opportunity.Step__c", "equals", "Not confirmed")], ["B"]),
        ([where("Opportunity.Step__c", "notEqual", "")], ["A", "B"]),
        ([where("Opportunity.Score__c", "lessOrEqual", "-0.2")], ["B"]),
        ([where("Opportunity.Score__c", "greaterThan", "-0.2")], ["A"]),
        ([where("Opportunity.Flag__c", "equals", "True")], ["A"]),
        ([where("Opportunity.Flag__c", "equals", "False")], ["B", "C"]),
        ([where("OPPORTUNITY_NAME", "equals", "C")], ["C"]),
        (
            [
                where("Opportunity.Flag__c", "equals", "False"),
                where("Opportunity.Step__c", "equals", "Not confirmed"),
            ],
            ["B"],
        ),
    ],
)
def test_a_report_finds_what_all_its_filters_let_through(
    door: Door, org: SalesforceOrg, conditions: list[dict[str, str]], names: list[str]
) -> None:
    deal(org, "A", Step__c="Confirmed", Score__c=0.5, Flag__c=True)
    deal(org, "B", Step__c="Not confirmed", Score__c=-0.2)
    deal(org, "C")
    org.remove(deal(org, "Gone", Step__c="Not confirmed", Score__c=-1, Flag__c=True))
    assert found(door, report(*conditions, **all_time("CLOSE_DATE"))) == names


def test_activities_are_ones_own_unless_the_scope_says_all(door: Door, org: SalesforceOrg) -> None:
    org.insert("Task", {"Subject": "A call", "Step__c": "Confirmed"})
    org.insert(
        "Event",
        {"Subject": "A meeting", "Step__c": "Confirmed", "DurationInMinutes": 5}
        | {"ActivityDateTime": "2026-01-05T10:00:00Z"},
    )
    step = where("Activity.Step__c", "equals", "Confirmed")
    everything = all_time("DUE_DATE")
    assert found(door, report(step, kind="Activity", **everything)) == ["A call", "A meeting"]
    assert found(door, report(step, kind="Activity", **{**everything, "scope": "user"})) == []


@pytest.mark.parametrize(
    "body",
    [
        report(where("Opportunity.Nope__c", "equals", "x")),
        report(where("Step__c", "equals", "Confirmed")),
        report(where("Opportunity.Story__c", "equals", "x")),
        report(where("Opportunity.Score__c", "contains", "1")),
        report(where("Opportunity.Score__c", "lessOrEqual", "low")),
        report(where("Opportunity.Step__c", "equals", "Perhaps")),
        report(where("Opportunity.Flag__c", "equals", "yes")),
        report(where("Opportunity.Flag__c", "lessOrEqual", "True")),
        report(kind="Nonsense"),
        report(detailColumns=["NOPE"]),
        report(scope="galaxy"),
        report(folderId="00l000000000001AAA"),
        report(standardDateFilter={"column": "DUE_DATE", "durationValue": "CUSTOM"}),
    ],
)
def test_a_report_that_could_not_work_is_refused(door: Door, body: dict[str, Any]) -> None:
    assert door.refusal("POST", "/analytics/reports", json=body)[:2] == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        report(name="x" * 41),
        report(description="x" * 256),
        report(surprise=1),
        report(reportFormat="CUBIC"),
        report(where("STAGE_NAME", "equals", "x") | {"colour": "red"}),
        {"reportMetadata": {"name": "No type"}},
        {},
    ],
)
def test_a_body_of_another_shape_is_refused(door: Door, body: dict[str, Any]) -> None:
    assert door.refusal("POST", "/analytics/reports", json=body)[:2] == (400, "JSON_PARSER_ERROR")


def test_a_report_in_a_folder_shows_in_soql_until_it_is_removed(door: Door, clock: Clock) -> None:
    home = folder(door)
    metadata = created(door, report(name="Ours", folderId=home, description="Kept"))
    soql = f"SELECT Id, Name, Description, FolderName, Format FROM Report WHERE OwnerId = '{home}'"
    assert door.query(soql) == [
        {"Id": metadata["id"], "Name": "Ours", "Description": "Kept", "FolderName": "Velma"}
        | {"Format": "Tabular"}
    ]
    path = f"/analytics/reports/{metadata['id']}"
    assert door.call("GET", f"{path}/describe").json()["reportMetadata"] == metadata
    assert door.call("DELETE", path).status_code == 204
    assert door.query(soql) == []
    assert door.refusal("GET", path)[0] == 404
    assert door.refusal("DELETE", path)[0] == 404


def test_reports_and_folders_cannot_be_written_as_records(door: Door) -> None:
    for name in ("Report", "Folder"):
        assert door.call("POST", f"/sobjects/{name}", json={"Name": "X"}).status_code >= 400


def test_only_an_empty_folder_can_be_removed(door: Door) -> None:
    home = folder(door)
    metadata = created(door, report(folderId=home))
    assert door.refusal("DELETE", f"/folders/{home}")[1] == "DELETE_FAILED"
    door.call("DELETE", f"/analytics/reports/{metadata['id']}")
    assert door.call("GET", f"/folders/{home}").json()["label"] == "Velma"
    assert door.call("DELETE", f"/folders/{home}").status_code == 204
    assert door.query("SELECT Id FROM Folder") == []
    assert door.refusal("GET", f"/folders/{home}")[0] == 404


def test_the_name_of_a_folder_is_unique_and_clean(door: Door) -> None:
    folder(door)
    assert door.refusal("POST", "/folders", json=FOLDER)[1] == "DUPLICATE_DEVELOPER_NAME"
    for wrong in ({"name": "a b"}, {"name": "A__b"}, {"type": "dashboard"}):
        assert door.refusal("POST", "/folders", json={**FOLDER, **wrong})[:2] == (400, "INVALID_INPUT")


@pytest.mark.parametrize(
    ("permission", "method", "path", "body", "code"),
    [
        ("CreateReportFolders", "POST", "/folders", FOLDER, "FUNCTIONALITY_NOT_ENABLED"),
        ("CreateCustomizeReports", "POST", "/analytics/reports", report(), "INSUFFICIENT_ACCESS"),
    ],
)
def test_making_things_needs_its_permission(
    door: Door, org: SalesforceOrg, permission: str, method: str, path: str, body: dict[str, Any], code: str
) -> None:
    org.set_permission(door.user_id, permission, False)
    assert door.refusal(method, path, json=body)[:2] == (403, code)


def test_running_needs_its_permission(door: Door, org: SalesforceOrg) -> None:
    metadata = created(door, report())
    org.set_permission(door.user_id, "RunReports", False)
    assert door.refusal("GET", f"/analytics/reports/{metadata['id']}")[:2] == (403, "INSUFFICIENT_ACCESS")


def test_what_no_document_tells_can_be_switched(door: Door, org: SalesforceOrg) -> None:
    org.switches = replace(
        org.switches, created_report_status=201, activity_columns="object", boolean_filter_values=True
    )
    described = door.call("GET", "/analytics/reportTypes/Activity").json()["reportTypeMetadata"]
    columns = described["categories"][0]["columns"]
    assert {"Task.Flag__c", "Event.Flag__c"} <= set(columns)
    assert columns["Task.Flag__c"]["filterValues"][0] == {"name": "1", "label": "True"}
    body = report(where("Task.Flag__c", "equals", "1"), kind="Activity")
    assert door.call("POST", "/analytics/reports", json=body).status_code == 201


def test_reports_outlive_a_restart(door: Door, org: SalesforceOrg, tmp_path: Any) -> None:
    metadata = created(door, report(name="Kept"))
    org.save(tmp_path / "org.json")
    loaded = SalesforceOrg.load(tmp_path / "org.json")
    assert [row["Name"] for row in loaded.rows("Report")] == ["Kept"]
    assert loaded.rows("Report")[0]["Id"] == metadata["id"]
