"""Active segments: made, kept, removed, and everybody else's left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from velma_connectors.errors import RetryLater
from velma_connectors.hubspot.administration import HubSpotAdministration
from velma_connectors.hubspot.connector import HubSpotConnector
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.model import FieldKind, FieldSpec, Target
from velma_connectors.report_seal import sealed
from velma_connectors.reporting import Condition, Operator, ReportChange, ReportFilter
from velma_connectors.sandbox.faults import Fault, FaultInjector
from velma_connectors.sandbox.hubspot import HubSpotPortal

SPECS = [
    spec
    for on in (Target.CALL, Target.DEAL)
    for spec in (
        FieldSpec(on, "step", "Next step", FieldKind.CHOICE, "", choices=("Confirmed", "Not confirmed")),
        FieldSpec(on, "mood", "Mood", FieldKind.NUMBER, "", precision=3, scale=2),
        FieldSpec(on, "rivals", "Rivals", FieldKind.MULTI_CHOICE, "", choices=("Acme", "Be")),
        FieldSpec(on, "sure", "Sure", FieldKind.BOOLEAN, ""),
        FieldSpec(on, "word", "Word", FieldKind.TEXT, "", max_length=40),
    )
]
CONDITIONS = {
    "step": Condition("step", Operator.EQUALS, "Not confirmed"),
    "mood": Condition("mood", Operator.AT_MOST, -0.2),
    "rivals": Condition("rivals", Operator.IS_SET),
    "sure": Condition("sure", Operator.EQUALS, True),
    "word": Condition("word", Operator.EQUALS, "yes"),
}
FILLED = {"step": "Not confirmed", "mood": "-0.2", "rivals": "Acme;Be", "sure": "true", "word": "yes"}
PLACE = "CRM > Segments"
MADE, KEPT = ReportChange.CREATED, ReportChange.KEPT
CANNOT, REMOVED = ReportChange.CANNOT, ReportChange.REMOVED


def questions(*keys: str, on: Target = Target.DEAL) -> list[ReportFilter]:
    return [
        ReportFilter(f"{key}.{on}", f"{on.title()}s by {key}", on, (CONDITIONS[key],))
        for key in keys or CONDITIONS
    ]


def names(filters: list[ReportFilter]) -> list[str]:
    return [sealed(each.question) for each in filters]


@pytest.fixture(autouse=True)
def properties(connector: HubSpotConnector) -> None:
    results = connector.create_fields(connector.plan_fields(SPECS))
    assert all(result.ok for result in results), [result.reason for result in results]


@pytest.fixture
def admin(options: HubSpotOptions) -> Iterator[HubSpotAdministration]:
    opened = HubSpotAdministration("sales", options)
    yield opened
    opened.close()


def living(portal: HubSpotPortal) -> list[str]:
    return [each.name for each in portal.segments.living()]


@pytest.mark.parametrize(("on", "object_name"), [(Target.DEAL, "deals"), (Target.CALL, "calls")])
def test_every_question_becomes_a_segment_that_holds_what_it_asks(
    admin: HubSpotAdministration, portal: HubSpotPortal, on: Target, object_name: str
) -> None:
    portal.switches.segments_of_activities = True
    wanted = portal.insert(object_name, FILLED)
    portal.insert(object_name, {"step": "Confirmed", "mood": "0", "sure": "false", "word": "no"})
    portal.insert(object_name, {})
    results = admin.create_reports(questions(on=on))
    assert [(each.name, each.place, each.change) for each in results] == [
        (name, PLACE, MADE) for name in names(questions(on=on))
    ]
    held = {each.name: [row.id for row in portal.segments.members(each)] for each in portal.segments.living()}
    assert held == {name: [wanted] for name in names(questions(on=on))}


def test_where_calls_take_no_segments_their_views_are_pointed_to_and_deals_go_on(
    admin: HubSpotAdministration, portal: HubSpotPortal
) -> None:
    of_call, of_deal = admin.create_reports([*questions("step", on=Target.CALL), *questions("step")])
    assert (of_call.change, of_deal.change) == (CANNOT, MADE)
    assert "save a view instead" in of_call.reason
    assert living(portal) == names(questions("step"))


def test_repeating_keeps_what_stands_and_changes_nothing(
    admin: HubSpotAdministration, portal: HubSpotPortal
) -> None:
    admin.create_reports(questions())
    before = dict(portal.segments.all)
    assert {each.change for each in admin.create_reports(questions())} == {KEPT}
    assert portal.segments.all == before


def test_a_segment_that_asks_something_else_by_now_is_named_and_left_as_it_is(
    admin: HubSpotAdministration, portal: HubSpotPortal
) -> None:
    (asked,) = questions("mood")
    admin.create_reports([asked])
    before = dict(portal.segments.all)
    lower = replace(asked, conditions=(Condition("mood", Operator.AT_MOST, -0.5),))
    (result,) = admin.create_reports([lower])
    assert result.change is CANNOT
    assert result.reason.startswith("It is there with other filters")
    assert portal.segments.all == before


def test_a_condition_that_a_person_added_does_not_make_it_another_segment(
    admin: HubSpotAdministration, portal: HubSpotPortal
) -> None:
    (asked,) = questions("mood")
    more = replace(asked, conditions=(*asked.conditions, CONDITIONS["rivals"]))
    admin.create_reports([more])
    assert [each.change for each in admin.create_reports([asked])] == [KEPT]


def test_removing_takes_exactly_what_was_made(admin: HubSpotAdministration, portal: HubSpotPortal) -> None:
    admin.create_reports(questions())
    branch = portal.segments.living()[0].branch
    own = ["Mine", "Clone of " + sealed("Deals by step"), "Deals by hand (velma-sync 123456)"]
    for name in own:
        portal.segments.create(name, "0-3", "DYNAMIC", branch)
    results = admin.remove_reports()
    assert sorted(each.name for each in results) == sorted(names(questions()))
    assert {each.change for each in results} == {REMOVED}
    assert living(portal) == own
    assert admin.remove_reports() == []


def test_segments_are_looked_for_on_every_page(admin: HubSpotAdministration, portal: HubSpotPortal) -> None:
    admin.create_reports(questions("mood"))
    branch = portal.segments.living()[0].branch
    for number in range(501):
        portal.segments.create(f"Somebody on velma-sync {number}", "0-3", "DYNAMIC", branch)
    admin.create_reports(questions("step"))
    assert sorted(each.name for each in admin.remove_reports()) == sorted(names(questions("step", "mood")))


def test_without_the_scope_nothing_is_made_and_the_reason_is_told(
    admin: HubSpotAdministration, portal: HubSpotPortal, token: str
) -> None:
    portal.add_token(token, ["crm.schemas.deals.read", "crm.lists.read"])
    (result,) = admin.create_reports(questions("step"))
    assert result.change is CANNOT
    assert "crm.lists.write" in result.reason
    assert living(portal) == []


def test_what_may_not_be_removed_is_told(
    admin: HubSpotAdministration, portal: HubSpotPortal, token: str
) -> None:
    admin.create_reports(questions("step"))
    portal.add_token(token, ["crm.lists.read"])
    assert [each.change for each in admin.remove_reports()] == [CANNOT]
    assert living(portal) == names(questions("step"))


def test_a_missing_property_costs_only_its_own_question(
    admin: HubSpotAdministration, portal: HubSpotPortal
) -> None:
    portal.delete_property("deals", "mood")
    by_mood, by_step = admin.create_reports(questions("mood", "step"))
    assert (by_mood.change, by_step.change) == (CANNOT, MADE)
    assert by_mood.reason.startswith("mood does not exist")


def make_and_remove(admin: HubSpotAdministration) -> None:
    admin.create_reports(questions("step"))
    admin.remove_reports()


@pytest.mark.parametrize("lost", ["POST /crm/lists/2026-03$", "DELETE /crm/lists/"])
def test_a_lost_answer_is_mended_by_repeating(
    admin: HubSpotAdministration, portal: HubSpotPortal, faults: FaultInjector, lost: str
) -> None:
    faults.add(Fault(lost, cut="after"))
    with pytest.raises(RetryLater, match="Repeat the command"):
        make_and_remove(admin)
    assert CANNOT not in {each.change for each in admin.create_reports(questions("step"))}
    assert living(portal) == names(questions("step"))
