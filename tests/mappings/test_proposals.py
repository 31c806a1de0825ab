"""Which fields that exist are proposed in place of new ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.model import Field, FieldKind, Target
from velma_mappings.catalogue import entries
from velma_mappings.fields import check_fields
from velma_mappings.mapping_file import MappingFile
from velma_mappings.proposals import Proposal, missing_fields, propose

NEXT_STEPS = ("Confirmed", "Not confirmed", "Unknown")


def field(label: str, kind: FieldKind, name: str = "Mine", **more: Any) -> Field:
    return Field(name, label, kind, writable=more.pop("writable", True), filterable=True, **more)


def mapping(*rules: dict[str, Any], **more: Any) -> MappingFile:
    return MappingFile.model_validate(
        {
            "version": 1,
            "rules": [{"on": "call", "field": f"New{at}", **rule} for at, rule in enumerate(rules)],
            "topics": [{"name": "Pricing"}, {"name": "IT resources"}],
            "competitors": [{"name": "Bluestile"}],
            "behaviors": {"action_plan": ["plan"]},
            **more,
        }
    )


def proposed(found: MappingFile, *fields: Field, objects: int = 1) -> list[str]:
    same = [{each.name: each for each in fields}] * objects
    return [each.field for each in propose(found, {Target.CALL: same})]


@pytest.mark.parametrize(
    ("value", "its"),
    [
        ("action_plan_confirmed", field("Action plan confirmed", FieldKind.BOOLEAN)),
        ("action_plan_confirmed", field("Action Plan Confirmed?", FieldKind.BOOLEAN)),
        ("sentiment.pricing", field("Sentiment of Pricing", FieldKind.NUMBER, scale=2)),
        ("sentiment.pricing", field("Pricing Sentiment Score", FieldKind.NUMBER, scale=2)),
        ("sentiment.it_resources", field("IT resource sentiment", FieldKind.NUMBER)),
        ("next_step", field("Next Step", FieldKind.CHOICE, choices=NEXT_STEPS, restricted=True)),
        ("next_step", field("Next step", FieldKind.CHOICE, choices=(*NEXT_STEPS, "Lost"), restricted=True)),
        ("competitors", field("Competitor", FieldKind.MULTI_CHOICE, choices=("Others",))),
        (
            "competitors",
            field("Competitors", FieldKind.MULTI_CHOICE, choices=("BLUESTILE",), restricted=True),
        ),
        ("summary", field("Call Summary", FieldKind.LONG_TEXT, max_length=32_000)),
        ("negative_spike", field("Negative spike", FieldKind.LONG_TEXT, max_length=32_000)),
        ("started_at", field("Took place at", FieldKind.DATETIME)),
    ],
)
def test_a_field_of_the_same_meaning_and_type_is_proposed(value: str, its: Field) -> None:
    assert proposed(mapping({"value": value}), its) == ["Mine"]


@pytest.mark.parametrize(
    ("value", "its", "why"),
    [
        ("next_step", field("Next Step", FieldKind.TEXT, max_length=255), "a rep writes there by hand"),
        ("next_step", field("Next Step", FieldKind.CHOICE, choices=("Demo",)), "other answers"),
        ("next_step", field("Next Step", FieldKind.CHOICE, choices=NEXT_STEPS[:2], restricted=True), "lacks"),
        ("competitors", field("Competitors", FieldKind.MULTI_CHOICE, restricted=True), "has no options"),
        ("competitors", field("Competitors", FieldKind.CHOICE), "holds one only"),
        ("action_plan_confirmed", field("Action plan", FieldKind.BOOLEAN), "may mean a plan that was made"),
        (
            "action_plan_confirmed",
            field("Action plan confirmed", FieldKind.BOOLEAN, writable=False),
            "is read-only",
        ),
        ("sentiment.pricing", field("Sentiment of Pricing", FieldKind.NUMBER, scale=0), "keeps no decimals"),
        ("sentiment.pricing", field("Sentiment of Prospecting", FieldKind.NUMBER), "is another topic"),
        ("sentiment.average", field("Lowest sentiment", FieldKind.NUMBER), "is another number"),
        ("status", field("Status", FieldKind.CHOICE), "is that of the task"),
        ("summary", field("Summary", FieldKind.LONG_TEXT, max_length=400), "is too short"),
        ("analyzed_at", field("Analyzed at", FieldKind.DATE), "keeps the day alone"),
        ("reason", field("Call", FieldKind.TEXT, max_length=255), "has a label that tells nothing"),
    ],
)
def test_a_field_that_would_not_do_is_left_alone(value: str, its: Field, why: str) -> None:
    assert proposed(mapping({"value": value}), its) == [], f"proposed, though it {why}"


def test_labels_that_the_mapping_file_gives_count_too() -> None:
    found = mapping({"value": "sentiment.pricing", "label": "Mood about price"})
    assert proposed(found, field("Mood about price", FieldKind.NUMBER)) == ["Mine"]


def test_of_two_fields_that_fit_alike_none_is_proposed() -> None:
    twins = (field("Pricing sentiment", FieldKind.NUMBER, name) for name in ("One", "Two"))
    assert proposed(mapping({"value": "sentiment.pricing"}), *twins) == []


def test_the_better_one_of_two_is_proposed() -> None:
    fields = (
        field("Competitors", FieldKind.MULTI_CHOICE, "Exact"),
        field("Competitor", FieldKind.MULTI_CHOICE, "Near"),
    )
    assert proposed(mapping({"value": "competitors"}), *fields) == ["Exact"]


def test_a_field_is_not_given_to_two_rules() -> None:
    twice = mapping(
        {"value": "sentiment.average", "label": "Mood"}, {"value": "sentiment.lowest", "label": "Mood"}
    )
    assert proposed(twice, field("Mood", FieldKind.NUMBER)) == []


def test_a_field_that_a_rule_names_already_is_not_given_to_another() -> None:
    named = mapping(
        {"value": "sentiment.lowest", "field": "Mine"}, {"value": "sentiment.average", "field": "Other"}
    )
    assert proposed(named, field("Average sentiment", FieldKind.NUMBER)) == []


def test_a_rule_whose_field_exists_keeps_it() -> None:
    there = (field("Whatever", FieldKind.NUMBER, "New0"), field("Average sentiment", FieldKind.NUMBER))
    assert proposed(mapping({"value": "sentiment.average"}), *there) == []


def test_a_field_must_be_on_every_object_that_holds_calls() -> None:
    found, its = mapping({"value": "sentiment.average"}), field("Average sentiment", FieldKind.NUMBER)
    read_only = field("Average sentiment", FieldKind.NUMBER, writable=False)
    assert proposed(found, its, objects=2) == ["Mine"]
    for other in ({}, {"Mine": read_only}):
        assert propose(found, {Target.CALL: [{"Mine": its}, other]}) == []


def test_a_proposal_names_its_rule() -> None:
    found = mapping({"value": "status"}, {"value": "sentiment.average"})
    its = {
        "Mine": field("Avg", FieldKind.NUMBER),
        "That": field("Average Sentiment", FieldKind.NUMBER, "That"),
    }
    assert propose(found, {Target.CALL: [its]}) == [
        Proposal(1, "sentiment.average", Target.CALL, "That", "Average Sentiment")
    ]


def test_what_does_not_exist_everywhere_is_still_to_be_made() -> None:
    found = mapping({"value": "status"}, {"value": "reason"})
    its = {"New0": field("A", FieldKind.CHOICE), "New1": field("B", FieldKind.TEXT)}
    assert missing_fields(found, {Target.CALL: [its]}) == []
    assert missing_fields(found, {Target.CALL: [its, {"New0": its["New0"]}]}) == [found.rules[1]]
    assert missing_fields(found, {}) == []


LABELS = st.sampled_from([entry.label for entry in entries(mapping()).values()])
FIELDS = st.builds(
    Field,
    name=st.text("abcd", min_size=1, max_size=2),
    label=LABELS | LABELS.map(str.upper),
    kind=st.sampled_from(FieldKind),
    writable=st.booleans(),
    filterable=st.booleans(),
    max_length=st.none() | st.integers(1, 40_000),
    scale=st.none() | st.integers(0, 4),
    choices=st.sets(st.sampled_from([*NEXT_STEPS, "Bluestile"])).map(lambda some: tuple(sorted(some))),
    restricted=st.booleans(),
)
RULES = [{"value": value} for value in ("next_step", "competitors", "sentiment.average", "summary", "status")]


@given(st.lists(FIELDS, max_size=12))
def test_whatever_is_proposed_passes_the_check_of_fields_and_no_field_is_taken_twice(
    some: list[Field],
) -> None:
    found, fields = mapping(*RULES), {each.name: each for each in some}
    proposals = propose(found, {Target.CALL: [fields]})
    names = {each.rule: each.field for each in proposals}
    assert len(set(names.values())) == len(proposals)
    moved = found.model_copy(
        update={
            "rules": tuple(
                rule.model_copy(update={"field": names[at]})
                for at, rule in enumerate(found.rules)
                if at in names
            )
        }
    )
    assert check_fields(moved, {Target.CALL: fields}) == []
