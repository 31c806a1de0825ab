"""A leader's questions as SOQL and as clicks, asked of an emulated org over sockets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from velma_connectors.model import FieldKind, FieldSpec, FieldUpdate, FieldValue, RecordRef, Target
from velma_connectors.reporting import Condition, FilterGuide, Operator, ReportFilter
from velma_connectors.salesforce.administration import SalesforceAdministration
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.connector import SalesforceConnector
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.server import RunningServer

STEPS = ("Confirmed", "Not confirmed", "Unknown")
SPECS = [
    spec
    for on in (Target.CALL, Target.DEAL)
    for spec in (
        FieldSpec(on, "Step__c", "Call: Next step", FieldKind.CHOICE, "", choices=STEPS),
        FieldSpec(on, "Mood__c", "Call: Mood", FieldKind.NUMBER, "", precision=3, scale=2),
        FieldSpec(on, "Rivals__c", "Call: Rivals", FieldKind.MULTI_CHOICE, "", choices=("Acme", "Be")),
        FieldSpec(on, "Sure__c", "Call: Sure", FieldKind.BOOLEAN, ""),
    )
]
UNCONFIRMED = Condition("Step__c", Operator.EQUALS, "Not confirmed")
UNHAPPY = Condition("Mood__c", Operator.AT_MOST, -0.2)
RIVALS = Condition("Rivals__c", Operator.IS_SET)
UNSURE = Condition("Sure__c", Operator.EQUALS, False)


class Room:
    """An org with the fields and its admin's connection."""

    def __init__(self, org: SalesforceOrg, options: SalesforceOptions) -> None:
        self.org = org
        self.admin = SalesforceAdministration("sales", options)
        self.connector = SalesforceConnector("sales", options)
        self.client = SalesforceClient(options)
        results = self.connector.create_fields(self.connector.plan_fields(SPECS))
        assert all(result.ok for result in results), [result.reason for result in results]

    def deal(self, name: str, **values: FieldValue) -> str:
        known = {"Name": name, "StageName": "Prospecting", "CloseDate": "2026-06-30"}
        return self._filled("Opportunity", self.org.insert("Opportunity", known), values)

    def call(self, subject: str | None, object_name: str = "Task", **values: FieldValue) -> str:
        known: dict[str, Any] = {"Subject": subject} if subject else {}
        if object_name == "Event":
            known |= {"DurationInMinutes": 5, "ActivityDateTime": "2026-01-05T10:00:00Z"}
        return self._filled(object_name, self.org.insert(object_name, known), values)

    def guide(self, *conditions: Condition, on: Target = Target.CALL) -> FilterGuide:
        (guide,) = self.admin.describe_filters([asked(*conditions, on=on)])
        return guide

    def found(self, *conditions: Condition, on: Target = Target.CALL) -> tuple[int, tuple[str, ...]]:
        answer = self.admin.run_filter(asked(*conditions, on=on))
        return answer.found, answer.names

    def _filled(self, object_name: str, record_id: str, values: Mapping[str, FieldValue]) -> str:
        if values:
            record = RecordRef(object_name, record_id)
            (result,) = self.connector.write([FieldUpdate(record, values, ())])
            assert (result.status, result.dropped) == ("ok", ()), result
        return record_id


def asked(*conditions: Condition, on: Target = Target.CALL, question: str = "A question") -> ReportFilter:
    return ReportFilter("a_question", question, on, conditions)


@pytest.fixture
def room() -> Iterator[Room]:
    yield from built()


@pytest.fixture
def room_of_both() -> Iterator[Room]:
    """Calls of this one are tasks or events."""
    yield from built(calls_from=["Task", "Event"])


def built(**more: Any) -> Iterator[Room]:
    org = SalesforceOrg()
    user = org.add_user("sync@acme.example", "Velma", "Sync")
    org.add_app(ConnectedApp("key", "secret", run_as=user))
    with RunningServer(SalesforceEmulator(org)) as server:
        known = {"login_url": server.url, "consumer_key": "key", "consumer_secret": "secret"}
        made = Room(org, SalesforceOptions.model_validate({**known, **more}))
        yield made
        made.admin.close()
        made.connector.close()
        made.client.close()


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ((UNCONFIRMED,), ("B",)),
        ((UNHAPPY,), ("B",)),
        ((RIVALS,), ("C", "B")),
        ((UNSURE,), ("D", "B")),
        ((UNCONFIRMED, UNSURE), ("B",)),
        ((UNCONFIRMED, Condition("Sure__c", Operator.EQUALS, True)), ()),
    ],
)
def test_a_question_finds_its_deals_the_newest_first(
    room: Room, conditions: tuple[Condition, ...], names: tuple[str, ...]
) -> None:
    room.deal("A", Step__c="Confirmed", Mood__c=-0.19, Sure__c=True)
    room.deal("B", Step__c="Not confirmed", Mood__c=-0.2, Rivals__c=("Acme",))
    room.deal("C", Rivals__c=("Acme", "Be"), Sure__c=True)
    room.deal("D")
    assert room.found(*conditions, on=Target.DEAL) == (len(names), names)


def test_more_is_counted_than_named(room: Room) -> None:
    for number in range(12):
        room.call(f"Call {number}", Mood__c=-1)
    found, names = room.found(UNHAPPY)
    assert (found, names) == (12, tuple(f"Call {number}" for number in range(11, 1, -1)))


def test_calls_are_found_wherever_they_live(room_of_both: Room) -> None:
    room_of_both.call("A task", Mood__c=-1)
    room_of_both.call(None, "Event", Mood__c=-1)
    assert room_of_both.found(UNHAPPY) == (2, ("A task", "(no subject)"))
    queries = room_of_both.guide(UNHAPPY).query.splitlines()
    assert [query.partition(" FROM ")[2].split()[0] for query in queries] == ["Task", "Event"]


def test_the_query_is_one_that_the_org_answers(room: Room) -> None:
    room.deal("A", Step__c="Not confirmed", Mood__c=-1)
    wanted = replace(asked(UNCONFIRMED, UNHAPPY, on=Target.DEAL), columns=("Rivals__c", "Nowhere__c"))
    (guide,) = room.admin.describe_filters([wanted])
    assert guide.query == (
        "SELECT Id, Name, Step__c, Mood__c, Rivals__c FROM Opportunity "
        "WHERE Step__c = 'Not confirmed' AND Mood__c <= -0.2 ORDER BY CreatedDate DESC"
    )
    assert [row["Name"] for row in room.client.query(guide.query)] == ["A"]


def test_the_clicks_name_the_report_type_and_every_filter(room: Room) -> None:
    assert room.guide(UNCONFIRMED, RIVALS, on=Target.DEAL).clicks == (
        "Reports > New Report: choose the report type 'Opportunities', then Start Report.",
        "Filters: set Show Me to 'All Opportunities', Close Date to 'All Time', Opportunity Status to 'Any'.",
        "Add Filter: 'Call: Next step' (Step__c) equals 'Not confirmed'.",
        "Add Filter: 'Call: Rivals' (Rivals__c) not equal to nothing: leave its value empty.",
        "Save & Run, named 'A question'.",
    )
    assert "report type 'Tasks and Events'" in room.guide(UNHAPPY).clicks[0]
    assert room.guide(UNHAPPY).clicks[2] == "Add Filter: 'Call: Mood' (Mood__c) less or equal '-0.2'."


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (
            Condition("Nowhere__c", Operator.IS_SET),
            "Nowhere__c does not exist, or is hidden from this connection. Run velma-sync provision",
        ),
        (
            Condition("Step__c", Operator.EQUALS, "Perhaps"),
            "Step__c has no option 'Perhaps'. Run velma-sync provision --apply",
        ),
        (
            Condition("Description", Operator.IS_SET),
            "Description is of a type that reports show, but do not filter by. Map the value",
        ),
        (
            Condition("Rivals__c", Operator.EQUALS, "Acme"),
            "Rivals__c is a multi choice, which 'equals' does not fit. Map the value",
        ),
        (
            Condition("Step__c", Operator.AT_MOST, -0.2),
            "Step__c is a choice, which 'at most' does not fit. Map the value",
        ),
    ],
)
def test_a_question_that_cannot_be_asked_says_why_and_what_to_do(
    room: Room, condition: Condition, told: str
) -> None:
    guide = room.guide(UNHAPPY, condition)
    assert guide.obstacle.startswith(told), guide.obstacle
    assert (guide.query, guide.clicks) == ("", ())


def test_a_field_that_was_hidden_meanwhile_is_noticed(room: Room) -> None:
    assert not room.guide(UNHAPPY).obstacle
    room.org.remove_custom_field("Activity", "Mood__c")
    assert room.guide(UNHAPPY).obstacle.startswith("Mood__c does not exist")


def test_one_question_that_cannot_be_asked_keeps_no_other_from_being_asked(room: Room) -> None:
    guides = room.admin.describe_filters([asked(Condition("No__c", Operator.IS_SET)), asked(UNHAPPY)])
    assert [bool(guide.obstacle) for guide in guides] == [True, False]
