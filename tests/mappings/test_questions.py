"""Does an analysis ask for what the mapping file maps?"""

from __future__ import annotations

from typing import Any

from velma_mappings.mapping_file import MappingFile
from velma_mappings.questions import check_questions

KEYS = ("question", "off_topic", "rapport", "trust", "rival", "plan")


def found(make: Any, *configs: Any, **more: Any) -> list[str]:
    return [str(problem) for problem in check_questions(make.mapping(**more), configs)]


def test_analyses_that_ask_for_everything_are_no_problem(make: Any) -> None:
    assert found(make, make.config(*KEYS)) == []
    assert found(make, make.config(*KEYS[:3]), make.config(*KEYS[3:])) == []


def test_a_behavior_that_nobody_asks_for_is_named_at_its_place(make: Any) -> None:
    behaviors = {**make.document()["behaviors"], "coaching": {"Q": ["question", "off-topic"]}}
    assert found(make, make.config(*KEYS), behaviors=behaviors) == [
        "behaviors.coaching.Q.1: no analysis asks for a behavior 'off-topic'. Add it to analysis.yaml, or "
        "correct the key. Did you mean 'off_topic'?"
    ]
    thresholds = {"behaviors": {"zzz": {"list": 0.5}}}
    assert found(make, make.config(*KEYS), thresholds=thresholds) == [
        "thresholds.behaviors.zzz: no analysis asks for a behavior 'zzz'. Add it to analysis.yaml, or "
        "correct the key."
    ]
    without_plan = found(make, make.config(*KEYS[:-1]))
    assert [problem.partition(":")[0] for problem in without_plan] == ["behaviors.action_plan.0"]


def test_a_value_that_needs_more_than_is_asked_is_named(make: Any) -> None:
    rules = [
        {"value": "negative_spike", "on": "call", "field": "A"},
        {"value": "talk_ratio_rep", "on": "call", "field": "B"},
        {"value": "status", "on": "call", "field": "C"},
    ]
    silent = make.config(*KEYS, emotions=False)
    remedy = "Switch emotions on in analysis.yaml."
    assert found(make, silent, rules=rules) == [
        f"rules.0.value: 'negative_spike' cannot be told without emotions. {remedy}"
    ]
    assert found(make, silent, make.config(*KEYS), rules=rules) == []
    alone = make.config(*KEYS, roles=make.config().roles[:1])
    remedy = "Add a role for the rep and one for the prospect to analysis.yaml."
    assert found(make, alone, rules=rules) == [
        f"rules.0.value: 'negative_spike' cannot be told without roles. {remedy}",
        f"rules.1.value: 'talk_ratio_rep' cannot be told without roles. {remedy}",
    ]


def test_the_default_mapping_names_only_behaviors_of_the_shipped_analyses(
    make: Any, default_mapping: MappingFile
) -> None:
    keys = (
        *("rapport_building", "action_plan_created", "unaddressed_question", "off_topic_discussion"),
        *("competitor_mention", "talk_track_discovery", "talk_track_negotiation", "price_sensitivity"),
        *("professional_relationship", "objection_timing", "objection_trust"),
    )
    assert check_questions(default_mapping, [make.config(*keys)]) == []
    assert {key for _, key in default_mapping.behaviors.named()} == set(keys)
