"""The playbook's questions, for the shipped mapping files and for others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from velma_connectors.model import Target
from velma_connectors.registry import load_kind
from velma_connectors.reporting import Condition, Operator, ReportFilter
from velma_mappings.fields import wanted_fields
from velma_mappings.filters import NEGATIVE, playbook_filters
from velma_mappings.mapping_file import MappingFile

SOURCES = {
    "topics": [{"name": "Pricing", "synonyms": ["price"]}],
    "competitors": [{"name": "Quorvane"}],
    "behaviors": {"coaching": {"Question": ["question"]}, "competitor": ["rival"], "action_plan": ["plan"]},
}
"""Something behind every value."""


def mapping_of(*rules: dict[str, Any]) -> MappingFile:
    return MappingFile.model_validate({"version": 1, "rules": list(rules), **SOURCES})


def rule(value: str, field: str, on: str = "call", **more: Any) -> dict[str, Any]:
    return {"value": value, "on": on, "field": field, **more}


def one(*rules: dict[str, Any]) -> ReportFilter:
    (found,) = playbook_filters(mapping_of(*rules))
    return found


@pytest.mark.parametrize("kind", ["salesforce", "hubspot"])
def test_a_shipped_mapping_answers_every_question_on_calls_and_on_deals(kind: str) -> None:
    document = YAML(typ="safe").load(load_kind(kind).default_mapping())
    found = playbook_filters(MappingFile.model_validate(document))
    topics = [topic["name"].lower().replace(" ", "_") for topic in document["topics"]]
    questions = ["next_step", *(f"sentiment.{topic}" for topic in topics), "competitors", "coaching_flags"]
    assert [each.key for each in found] == [f"{key}.{on}" for on in ("call", "deal") for key in questions]
    assert len({each.question for each in found}) == len(found)


def test_the_questions_read_as_an_admin_would_ask_them() -> None:
    rules = [
        rule("next_step", "a"),
        rule("sentiment.pricing", "b"),
        rule("competitors", "c"),
        rule("coaching_flags", "d"),
    ]
    assert [each.question for each in playbook_filters(mapping_of(*rules))] == [
        "Calls without a confirmed next step",
        "Calls negative on Pricing",
        "Calls in which a competitor was named",
        "Calls with something to coach",
    ]


@pytest.mark.parametrize(
    ("given_rule", "condition"),
    [
        (rule("next_step", "f"), Condition("f", Operator.EQUALS, "Not confirmed")),
        (
            rule("next_step", "f", transform="known_only"),
            Condition("f", Operator.EQUALS, "Not confirmed"),
        ),
        (rule("action_plan_confirmed", "f", transform="yes_no"), Condition("f", Operator.EQUALS, "No")),
        (rule("sentiment.pricing", "f"), Condition("f", Operator.AT_MOST, -0.2)),
        (rule("competitors", "f"), Condition("f", Operator.IS_SET)),
        (rule("competitors", "f", transform="join"), Condition("f", Operator.IS_SET)),
        (rule("competitors", "f", transform="first"), Condition("f", Operator.IS_SET)),
        (rule("competitors", "f", transform="any"), Condition("f", Operator.EQUALS, True)),
        (rule("competitors", "f", transform=["any", "yes_no"]), Condition("f", Operator.EQUALS, "Yes")),
        (rule("raised_by", "f"), Condition("f", Operator.IS_SET)),
        (rule("competitor_first_mention", "f"), Condition("f", Operator.IS_SET)),
        (rule("coaching_flags", "f"), Condition("f", Operator.IS_SET)),
    ],
)
def test_a_question_is_asked_of_the_value_as_its_transforms_leave_it(
    given_rule: dict[str, Any], condition: Condition
) -> None:
    assert one(given_rule).conditions == (condition,)


@pytest.mark.parametrize(
    "given_rule",
    [
        rule("competitors", "f", transform="count"),
        rule("coaching_flags", "f", transform="count"),
        rule("competitor_status", "f"),
        rule("action_plan_confirmed", "f"),
        rule("sentiment.average", "f"),
        rule("next_step", "f", on="contact"),
        rule("summary", "f"),
    ],
)
def test_what_a_filter_could_not_tell_truly_is_not_asked(given_rule: dict[str, Any]) -> None:
    assert playbook_filters(mapping_of(given_rule)) == []


def test_an_empty_checkbox_counts_only_where_the_record_was_analyzed() -> None:
    found = one(rule("action_plan_confirmed", "ticked"), rule("status", "state"))
    assert found.conditions == (
        Condition("state", Operator.EQUALS, "Analyzed"),
        Condition("ticked", Operator.EQUALS, False),
    )


def test_the_three_answers_are_preferred_to_the_checkbox() -> None:
    found = one(rule("action_plan_confirmed", "ticked"), rule("status", "state"), rule("next_step", "step"))
    assert [condition.field for condition in found.conditions] == ["step"]


def test_named_rivals_are_preferred_to_signs_of_them() -> None:
    found = one(rule("raised_by", "side"), rule("competitors", "rivals"))
    assert [condition.field for condition in found.conditions] == ["rivals"]
    assert found.columns == ("side",)


def test_a_count_gives_way_to_a_field_that_can_be_asked() -> None:
    found = one(rule("competitors", "many", transform="count"), rule("competitors", "rivals"))
    assert [condition.field for condition in found.conditions] == ["rivals"]


def test_the_day_of_the_last_call_stands_beside_a_deal() -> None:
    found = one(rule("started_at", "day", on="deal"), rule("next_step", "step", on="deal"))
    assert (found.on, found.columns) == (Target.DEAL, ("day",))


VALUES = st.sampled_from(
    [
        "next_step",
        "action_plan_confirmed",
        "status",
        "competitors",
        "raised_by",
        "coaching_flags",
        "started_at",
    ]
)


@given(rules=st.lists(st.tuples(VALUES, st.sampled_from(["call", "deal"])), max_size=8, unique=True))
def test_only_fields_that_the_mapping_fills_are_asked_for(rules: list[tuple[str, str]]) -> None:
    mapping = mapping_of(*(rule(value, f"f{at}", on) for at, (value, on) in enumerate(rules)))
    written = {(spec.target, spec.name) for spec in wanted_fields(mapping)}
    found = playbook_filters(mapping)
    for each in found:
        asked = {*(condition.field for condition in each.conditions), *each.columns}
        assert {(each.on, field) for field in asked} <= written
    assert len({each.key for each in found}) == len(found)
    assert NEGATIVE == -0.2
