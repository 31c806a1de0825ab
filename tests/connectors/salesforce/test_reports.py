"""Reports in a folder of their own: made, kept, removed, and everybody else's left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from velma_connectors.errors import RetryLater
from velma_connectors.model import FieldKind, FieldSpec, Target
from velma_connectors.reporting import Condition, Operator, ReportChange, ReportFilter, ReportResult
from velma_connectors.salesforce.administration import SalesforceAdministration
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.connector import SalesforceConnector
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.sandbox.faults import Fault, FaultInjector
from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.server import RunningServer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SPECS = [
    spec
    for on in (Target.CALL, Target.DEAL)
    for spec in (
        FieldSpec(on, "Step__c", "Next step", FieldKind.CHOICE, "", choices=("Confirmed", "Not confirmed")),
        FieldSpec(on, "Mood__c", "Mood", FieldKind.NUMBER, "", precision=3, scale=2),
        FieldSpec(on, "Rivals__c", "Rivals", FieldKind.MULTI_CHOICE, "", choices=("Acme", "Be")),
        FieldSpec(on, "Sure__c", "Sure", FieldKind.BOOLEAN, ""),
    )
]
CONDITIONS = {
    "step": Condition("Step__c", Operator.EQUALS, "Not confirmed"),
    "mood": Condition("Mood__c", Operator.AT_MOST, -0.2),
    "rivals": Condition("Rivals__c", Operator.IS_SET),
    "sure": Condition("Sure__c", Operator.EQUALS, True),
}
FILLED = {"Step__c": "Not confirmed", "Mood__c": -0.2, "Rivals__c": "Acme;Be", "Sure__c": True}
PLACE, FOLDER = "Reports > All Folders > Velma Sync", "Velma Sync"


def questions(*keys: str) -> list[ReportFilter]:
    return [
        ReportFilter(f"{key}.{on}", f"{on.title()}s by {key}", on, (CONDITIONS[key],))
        for on in (Target.CALL, Target.DEAL)
        for key in keys or CONDITIONS
    ]


class Room:
    """An org with the fields, its admin's connection and a plain client."""

    def __init__(self, org: SalesforceOrg, faults: FaultInjector, user_id: str, url: str) -> None:
        self.org, self.faults, self.user_id = org, faults, user_id
        known = {"login_url": url, "consumer_key": "key", "consumer_secret": "secret"}
        options = SalesforceOptions.model_validate(known)
        self.admin = SalesforceAdministration("sales", options)
        self.client = SalesforceClient(options)
        connector = SalesforceConnector("sales", options)
        results = connector.create_fields(connector.plan_fields(SPECS))
        connector.close()
        assert all(result.ok for result in results), [result.reason for result in results]

    def reports(self) -> dict[str, dict[str, Any]]:
        """Living reports by name."""
        return {row["Name"]: row for row in self.org.rows("Report") if not row["IsDeleted"]}

    def folders(self) -> list[str]:
        return [row["Name"] for row in self.org.rows("Folder")]

    def finds(self, name: str) -> list[str]:
        """Records that a report finds, by the first cell of each row."""
        answer = self.client.get(
            f"analytics/reports/{self.reports()[name]['Id']}", {"includeDetails": "true"}
        )
        return [row["dataCells"][0]["value"] for row in answer["factMap"]["T!T"]["rows"]]

    def of_a_person(self, name: str, **more: Any) -> None:
        """A report that somebody made in our folder."""
        (folder,) = (row["Id"] for row in self.org.rows("Folder"))
        body = {"name": name, "folderId": folder, "reportType": {"type": "Opportunity"}, **more}
        self.client.send("POST", "analytics/reports", {"reportMetadata": body})


@pytest.fixture
def room() -> Iterator[Room]:
    org = SalesforceOrg(clock=lambda: NOW)
    user = org.add_user("sync@acme.example", "Velma", "Sync")
    org.add_app(ConnectedApp("key", "secret", run_as=user))
    faults = FaultInjector(SalesforceEmulator(org))
    with RunningServer(faults) as server:
        built = Room(org, faults, user, server.url)
        yield built
        built.admin.close()
        built.client.close()
        faults.clear()


def changes(results: list[ReportResult]) -> dict[str, ReportChange]:
    return {result.name: result.change for result in results}


def test_every_question_becomes_a_report_that_finds_what_it_asks(room: Room) -> None:
    known = {"StageName": "Prospecting", "CloseDate": "2020-01-05"}
    room.org.insert("Opportunity", {"Name": "Wanted", **known, **FILLED})
    room.org.insert("Opportunity", {"Name": "Other", **known})
    room.org.insert("Task", {"Subject": "Wanted", **FILLED})
    room.org.insert("Task", {"Subject": "Other"})
    results = room.admin.create_reports(questions())
    assert changes(results) == dict.fromkeys([FOLDER, *room.reports()], ReportChange.CREATED)
    assert {result.place for result in results if result.name != FOLDER} == {PLACE}
    assert {name: room.finds(name) for name in room.reports()} == {
        asked.question: ["Wanted"] for asked in questions()
    }


def test_the_new_folder_says_who_sees_it(room: Room) -> None:
    first = room.admin.create_reports(questions("step"))[0]
    assert (first.name, first.place) == (FOLDER, "Reports > All Folders")
    assert "until you share it" in first.reason


def test_a_report_tells_its_question_and_its_maker(room: Room) -> None:
    room.admin.create_reports(questions("step"))
    description = room.reports()["Deals by step"]["Description"]
    assert description.startswith("Deals by step. Made by velma-sync ")


def test_repeating_keeps_what_stands_and_changes_nothing(room: Room) -> None:
    room.admin.create_reports(questions())
    before = room.org.rows("Report")
    results = room.admin.create_reports(questions())
    assert changes(results) == dict.fromkeys(room.reports(), ReportChange.KEPT)
    assert room.org.rows("Report") == before
    assert room.folders() == [FOLDER]


def test_a_new_question_is_added_to_those_that_stand(room: Room) -> None:
    room.admin.create_reports(questions("step"))
    found = changes(room.admin.create_reports(questions("step", "mood")))
    assert found == {
        "Calls by step": ReportChange.KEPT,
        "Calls by mood": ReportChange.CREATED,
        "Deals by step": ReportChange.KEPT,
        "Deals by mood": ReportChange.CREATED,
    }


def test_a_report_that_asks_something_else_by_now_is_named_and_left_as_it_is(room: Room) -> None:
    room.admin.create_reports(questions("mood"))
    before = room.org.rows("Report")
    (asked, _) = questions("mood")
    lower = replace(asked, conditions=(Condition("Mood__c", Operator.AT_MOST, -0.5),))
    (result,) = room.admin.create_reports([lower])
    assert result.change is ReportChange.CANNOT
    assert result.reason.startswith("It is there with other filters")
    assert room.org.rows("Report") == before


def test_removing_takes_exactly_what_was_made(room: Room) -> None:
    room.admin.create_reports(questions())
    names = [*sorted(room.reports()), FOLDER]
    results = room.admin.remove_reports()
    assert [result.name for result in results] == names
    assert {result.change for result in results} == {ReportChange.REMOVED}
    assert (room.reports(), room.folders()) == ({}, [])
    assert room.admin.remove_reports() == []


def test_reports_of_people_stay_also_copies_of_ours(room: Room) -> None:
    room.admin.create_reports(questions("step"))
    copied = room.reports()["Deals by step"]["Description"]
    room.of_a_person("My own")
    room.of_a_person("Copy of Deals by step", description=copied)
    room.of_a_person("Deals by mood", description="Deals by mood, by hand")
    results = room.admin.remove_reports()
    assert set(room.reports()) == {"My own", "Copy of Deals by step", "Deals by mood"}
    assert results[-1].change is ReportChange.CANNOT
    assert results[-1].name == FOLDER
    assert "did not make" in results[-1].reason


def test_the_folder_is_used_again_after_it_was_left_to_people(room: Room) -> None:
    room.admin.create_reports(questions("step"))
    room.of_a_person("My own")
    room.admin.remove_reports()
    assert ReportChange.CREATED in changes(room.admin.create_reports(questions("step"))).values()
    assert room.folders() == [FOLDER]


@pytest.mark.parametrize("permission", ["CreateReportFolders", "CreateCustomizeReports"])
def test_without_the_right_nothing_is_made_and_the_reasons_are_told(room: Room, permission: str) -> None:
    for each in (permission, "ManagePublicListviews"):
        room.org.set_permission(room.user_id, each, False)
    results = [each for each in room.admin.create_reports(questions("step")) if each.name != FOLDER]
    assert {each.change for each in results} == {ReportChange.CANNOT}
    assert all(each.reason.startswith("Salesforce refused POST ") for each in results)
    assert all("needs the permissions Create Report Folders and " in each.reason for each in results)
    assert all(
        " Nor a list view: Salesforce refused POST ui-api/list-info" in each.reason for each in results
    )
    assert (room.reports(), room.org.rows("ListView")) == ({}, [])


def without_reports(room: Room) -> None:
    """An org whose user makes list views of everything, and no reports."""
    room.org.set_permission(room.user_id, "CreateReportFolders", False)
    room.org.switches = replace(room.org.switches, list_views_of_activities=True)


def test_list_views_stand_in_for_reports_that_may_not_be_made(room: Room) -> None:
    without_reports(room)
    results = room.admin.create_reports(questions())
    assert changes(results) == {each.question: ReportChange.CREATED for each in questions()}
    assert {each.place for each in results} == {"Tasks > list views", "Opportunities > list views"}
    assert all(each.reason.startswith("Created a list view instead of a report: ") for each in results)
    views = {row["Name"]: row["Definition"] for row in room.org.rows("ListView")}
    assert views["Deals by mood"] == {
        "listViewApiName": views["Deals by mood"]["listViewApiName"],
        "label": "Deals by mood",
        "filteredByInfo": [{"fieldApiName": "Mood__c", "operator": "LessOrEqual", "operandLabels": ["-0.2"]}],
        "displayColumns": ["Name", "Mood__c"],
        "scope": {"apiName": "everything"},
        "visibility": "Public",
    }
    assert changes(room.admin.create_reports(questions())) == dict.fromkeys(views, ReportChange.KEPT)


def test_a_list_view_that_asks_something_else_by_now_is_named(room: Room) -> None:
    without_reports(room)
    (asked, _) = questions("mood")
    room.admin.create_reports([asked])
    lower = replace(asked, conditions=(Condition("Mood__c", Operator.AT_MOST, -0.5),))
    (result,) = room.admin.create_reports([lower])
    assert (result.change, result.place) == (ReportChange.CANNOT, "Tasks > list views")
    assert result.reason.startswith("It is there with other filters")


def test_list_views_are_removed_and_those_of_people_are_not(room: Room) -> None:
    without_reports(room)
    room.admin.create_reports(questions("step"))
    for name in ("Velma_Sync_Own", "Velma_Sync_123abc", "Mine"):
        own: dict[str, Any] = {"label": "Deals by hand", "scope": {"apiName": "mine"}}
        body = {**own, "listViewApiName": name, "visibility": "Private"}
        room.client.send("POST", "ui-api/list-info/Opportunity", body)
    assert set(changes(room.admin.remove_reports()).values()) == {ReportChange.REMOVED}
    assert {row["Name"] for row in room.org.rows("ListView")} == {"Deals by hand"}
    assert len(room.org.rows("ListView")) == 3
    assert room.admin.remove_reports() == []


def test_calls_have_no_list_views_where_the_api_knows_none_of_tasks(room: Room) -> None:
    room.org.set_permission(room.user_id, "CreateReportFolders", False)
    found = changes(room.admin.create_reports(questions("step")))
    assert found == {"Calls by step": ReportChange.CANNOT, "Deals by step": ReportChange.CREATED}


def test_a_missing_field_costs_only_its_own_question(room: Room) -> None:
    room.org.remove_custom_field("Opportunity", "Mood__c")
    results = {each.name: each for each in room.admin.create_reports(questions("step", "mood"))}
    assert results["Deals by mood"].change is ReportChange.CANNOT
    assert results["Deals by mood"].reason.startswith("Mood__c does not exist")
    assert set(room.reports()) == {"Calls by step", "Calls by mood", "Deals by step"}


@pytest.mark.parametrize("asked", [[], questions("mood")[1:]])
def test_where_nothing_can_be_asked_no_folder_is_made(room: Room, asked: list[ReportFilter]) -> None:
    room.org.remove_custom_field("Opportunity", "Mood__c")
    assert [each.change for each in room.admin.create_reports(asked)] == [ReportChange.CANNOT] * len(asked)
    assert room.folders() == []


def test_a_hidden_report_type_costs_only_its_own_questions(room: Room) -> None:
    room.org.set_object_access("Event", "hidden", room.user_id)
    results = {each.name: each for each in room.admin.create_reports(questions("step"))}
    assert "no report type Activity" in results["Calls by step"].reason
    assert set(room.reports()) == {"Deals by step"}


def test_a_long_question_keeps_its_report_apart_from_its_neighbour(room: Room) -> None:
    (_, asked) = questions("step")
    long = [
        replace(asked, key=word, question=f"Deals negative on the implementation {word}")
        for word in ("timeline", "effort")
    ]
    room.admin.create_reports(long)
    assert len(room.reports()) == 2
    assert all(len(name) <= 40 for name in room.reports())
    assert {row["Description"].partition(".")[0] for row in room.org.rows("Report")} == {
        each.question for each in long
    }
    assert set(changes(room.admin.create_reports(long)).values()) == {ReportChange.KEPT}


@pytest.mark.parametrize(
    "switches",
    [
        {"created_report_status": 201},
        {"activity_columns": "object"},
        {"boolean_filter_values": True},
    ],
)
def test_what_no_document_tells_may_be_either_way(room: Room, switches: dict[str, Any]) -> None:
    room.org.switches = replace(room.org.switches, **switches)
    room.org.insert("Task", {"Subject": "Wanted", **FILLED})
    room.admin.create_reports(questions())
    assert all(room.finds(name) == ["Wanted"] for name in room.reports() if name.startswith("Calls"))


def make_and_remove(room: Room) -> None:
    room.admin.create_reports(questions("step"))
    room.admin.remove_reports()


@pytest.mark.parametrize("lost", ["POST .*/folders", "POST .*/analytics/reports", "DELETE .*/analytics/"])
def test_a_lost_answer_is_mended_by_repeating(room: Room, lost: str) -> None:
    room.faults.add(Fault(lost, cut="after"))
    with pytest.raises(RetryLater, match="Repeat the command"):
        make_and_remove(room)
    results = room.admin.create_reports(questions("step"))
    assert ReportChange.CANNOT not in changes(results).values()
    assert set(room.reports()) == {"Calls by step", "Deals by step"}
    assert room.folders() == [FOLDER]
    assert len([row for row in room.org.rows("Report") if not row["IsDeleted"]]) == 2
