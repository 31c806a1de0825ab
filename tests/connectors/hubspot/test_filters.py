"""A leader's questions as HubSpot searches and as clicks, asked of an emulated portal over sockets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from velma_connectors.hubspot.administration import HubSpotAdministration
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.connector import HubSpotConnector
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.model import FieldKind, FieldSpec, Target
from velma_connectors.reporting import Condition, FilterGuide, Operator, ReportFilter
from velma_connectors.sandbox.hubspot import HubSpotPortal
from velma_connectors.testing.clock import ManualClock

STEPS = ("Confirmed", "Not confirmed", "Unknown")
SPECS = [
    spec
    for on in (Target.CALL, Target.DEAL)
    for spec in (
        FieldSpec(on, "step", "Call: Next step", FieldKind.CHOICE, "", choices=STEPS),
        FieldSpec(on, "mood", "Call: Mood", FieldKind.NUMBER, "", precision=3, scale=2),
        FieldSpec(on, "rivals", "Call: Rivals", FieldKind.MULTI_CHOICE, "", choices=("Acme", "Be")),
        FieldSpec(on, "sure", "Call: Sure", FieldKind.BOOLEAN, ""),
        FieldSpec(on, "story", "Call: Story", FieldKind.LONG_TEXT, "", max_length=4000),
    )
]
UNCONFIRMED = Condition("step", Operator.EQUALS, "Not confirmed")
UNHAPPY = Condition("mood", Operator.AT_MOST, -0.2)
RIVALS = Condition("rivals", Operator.IS_SET)
UNSURE = Condition("sure", Operator.EQUALS, False)

Guided = Callable[..., FilterGuide]


def asked(*conditions: Condition, on: Target = Target.DEAL) -> ReportFilter:
    return ReportFilter("a_question", "A question", on, conditions)


@pytest.fixture(autouse=True)
def properties(connector: HubSpotConnector) -> None:
    results = connector.create_fields(connector.plan_fields(SPECS))
    assert all(result.ok for result in results), [result.reason for result in results]


@pytest.fixture
def admin(options: HubSpotOptions) -> Iterator[HubSpotAdministration]:
    opened = HubSpotAdministration("sales", options)
    yield opened
    opened.close()


@pytest.fixture
def guide(admin: HubSpotAdministration) -> Guided:
    def described(*conditions: Condition, on: Target = Target.DEAL) -> FilterGuide:
        (found,) = admin.describe_filters([asked(*conditions, on=on)])
        return found

    return described


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ((UNCONFIRMED,), ("B",)),
        ((UNHAPPY,), ("B",)),
        ((RIVALS,), ("C", "B")),
        ((UNSURE,), ("B",)),
        ((UNCONFIRMED, UNSURE), ("B",)),
        ((UNCONFIRMED, Condition("sure", Operator.EQUALS, True)), ()),
    ],
)
def test_a_question_finds_its_deals_the_newest_first(
    admin: HubSpotAdministration,
    portal: HubSpotPortal,
    clock: ManualClock,
    conditions: tuple[Condition, ...],
    names: tuple[str, ...],
) -> None:
    for values in (
        {"dealname": "A", "step": "Confirmed", "mood": "-0.19", "sure": "true"},
        {"dealname": "B", "step": "Not confirmed", "mood": "-0.2", "rivals": "Acme", "sure": "false"},
        {"dealname": "C", "rivals": "Acme;Be", "sure": "true"},
        {"dealname": "D"},
    ):
        clock.advance(60)
        portal.insert("deals", values)
    answer = admin.run_filter(asked(*conditions))
    assert (answer.found, answer.names) == (len(names), names)


def test_more_calls_are_counted_than_named(admin: HubSpotAdministration, portal: HubSpotPortal) -> None:
    for number in range(12):
        portal.insert("calls", {"hs_call_title": f"Call {number}", "mood": "-1"})
    portal.insert("calls", {"mood": "1"})
    answer = admin.run_filter(asked(UNHAPPY, on=Target.CALL))
    assert (answer.found, len(answer.names)) == (12, 10)


def test_a_call_without_title_is_still_an_answer(admin: HubSpotAdministration, portal: HubSpotPortal) -> None:
    portal.insert("calls", {"mood": "-1"})
    assert admin.run_filter(asked(UNHAPPY, on=Target.CALL)).names == ("(no name)",)


def test_the_query_is_one_that_the_portal_answers(
    admin: HubSpotAdministration, client: HubSpotClient, portal: HubSpotPortal
) -> None:
    wanted = replace(asked(UNCONFIRMED, UNHAPPY), columns=("rivals", "nowhere"))
    (found,) = admin.describe_filters([wanted])
    method, path, text = found.query.split(" ", 2)
    assert (method, path) == ("POST", "/crm/objects/2026-03/deals/search")
    body = json.loads(text)
    assert body["properties"] == ["dealname", "step", "mood", "rivals"]
    portal.insert("deals", {"dealname": "A", "step": "Not confirmed", "mood": "-0.2"})
    assert [row["properties"]["dealname"] for row in client.read(path, body)["results"]] == ["A"]


def test_the_clicks_name_every_filter(guide: Guided) -> None:
    assert guide(UNCONFIRMED, UNHAPPY, RIVALS, UNSURE).clicks == (
        "CRM > Segments > Create segment: choose 'Deals', then Add filter.",
        "Filter: 'Call: Next step' (step) is any of 'Not confirmed'.",
        "Filter: 'Call: Mood' (mood) is less than or equal to '-0.2'.",
        "Filter: 'Call: Rivals' (rivals) is known.",
        "Filter: 'Call: Sure' (sure) is any of 'No'.",
        "Save as an active segment, named 'A question'.",
    )
    clicks = guide(UNHAPPY, on=Target.CALL).clicks
    assert (clicks[0], clicks[-1]) == (
        "CRM > Calls > Advanced filters.",
        "Save view, named 'A question'.",
    )


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (
            Condition("nowhere", Operator.IS_SET),
            "nowhere does not exist, or is hidden from this connection. Run velma-sync provision",
        ),
        (
            Condition("step", Operator.EQUALS, "Perhaps"),
            "step has no option 'Perhaps'. Run velma-sync provision --apply",
        ),
        (
            Condition("story", Operator.IS_SET),
            "story is of a type that reports show, but do not filter by. Map the value",
        ),
        (
            Condition("rivals", Operator.EQUALS, "Acme"),
            "rivals is a multi choice, which 'equals' does not fit. Map the value",
        ),
    ],
)
def test_a_question_that_cannot_be_asked_says_why_and_what_to_do(
    guide: Guided, condition: Condition, told: str
) -> None:
    found = guide(UNHAPPY, condition)
    assert found.obstacle.startswith(told), found.obstacle
    assert (found.query, found.clicks) == ("", ())


def test_a_property_that_was_deleted_meanwhile_is_noticed(guide: Guided, portal: HubSpotPortal) -> None:
    assert not guide(UNHAPPY).obstacle
    portal.delete_property("deals", "mood")
    assert guide(UNHAPPY).obstacle.startswith("mood does not exist")
