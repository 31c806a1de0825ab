"""The shipped analysis file, the shape of any such file, and what is asked at which stage."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from velma_connectors.analysis import Side
from velma_connectors.velma.playbook import AnalysisFile, select, shipped_text
from velma_connectors.velma.request import lint
from velma_connectors.velma.wording import advise

SALESFORCE_MAPPING = Path(__file__).parents[3] / "connectors/velma_connectors/salesforce/mapping.yaml"
STAGES = ("Discovery", "Qualification", "Demo", "Negotiation/Review", "Closed Won", None)


def shipped() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(shipped_text())
    return document


@pytest.fixture(scope="module")
def file() -> AnalysisFile:
    return AnalysisFile.model_validate(shipped())


def test_the_shipped_definitions_follow_the_rules_for_writing_them(file: AnalysisFile) -> None:
    assert advise(file) == []


@pytest.mark.parametrize("stage", STAGES)
def test_the_shipped_file_asks_a_sound_question_at_every_stage(file: AnalysisFile, stage: str | None) -> None:
    config = select(file, stage=stage, pipeline=None)
    assert lint(config, presets=()) == []
    assert len(config.conversation_types) == 1, "one candidate leaves nothing to guess"
    assert {role.side for role in config.roles} == {Side.REP, Side.PROSPECT}
    assert len(config.behaviors) <= 12


def test_the_shipped_uuids_are_random_ones(file: AnalysisFile) -> None:
    uuids = re.findall(r"uuid: (\S+)", shipped_text())
    assert len(set(uuids)) == len(uuids) == 4 + 2 + len(file.behaviors)
    assert all(UUID(each).version == 4 for each in uuids)


def test_the_shipped_behaviors_are_those_the_shipped_mapping_speaks_of(file: AnalysisFile) -> None:
    spoken_of = YAML(typ="safe").load(SALESFORCE_MAPPING.read_text())["behaviors"]
    keys = {key for value in spoken_of.values() for key in _keys(value)}
    assert keys == {behavior.key for behavior in file.behaviors}


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [key for keys in value.values() for key in keys]


@pytest.mark.parametrize(
    ("stage", "name", "talk_track"),
    [
        ("Discovery", "Sales Discovery Call", "talk_track_discovery"),
        (" qualification ", "Sales Discovery Call", "talk_track_discovery"),
        ("DEMO", "Sales Demo Call", None),
        ("Negotiation/Review", "Sales Negotiation Call", "talk_track_negotiation"),
        ("Closed Won", "Sales Call", None),
        (None, "Sales Call", None),
    ],
)
def test_a_stage_decides_the_conversation_type_and_the_talk_track(
    file: AnalysisFile, stage: str | None, name: str, talk_track: str | None
) -> None:
    config = select(file, stage=stage, pipeline="any")
    assert config.conversation_types[0].name == name
    tracks = [behavior for behavior in config.behaviors if behavior.key.startswith("talk_track")]
    assert [each.key for each in tracks] == ([talk_track] if talk_track else [])
    for each in tracks:
        assert each.conversation_types == (config.conversation_types[0].uuid,)
        assert each.roles == tuple(role.uuid for role in config.roles if role.side is Side.REP)


def test_the_same_question_has_the_same_hash_whatever_the_order_of_terms(file: AnalysisFile) -> None:
    one = select(file, stage=None, pipeline=None, terms=["Acme", " Quorvane", ""])
    two = select(file, stage="nowhere", pipeline="other", terms=["Quorvane", "Acme", "Acme"])
    assert one.terms == ("Acme", "Quorvane")
    assert one.hash == two.hash
    assert one.hash != select(file, stage=None, pipeline=None, terms=["Acme"]).hash


def test_a_pipeline_limits_an_entry() -> None:
    document = shipped()
    document["stages"].insert(
        0,
        {"pipelines": ["Renewals"], "conversation_type": "negotiation", "behaviors": ["price_sensitivity"]},
    )
    file = AnalysisFile.model_validate(document)
    renewal = select(file, stage="Discovery", pipeline="RENEWALS")
    assert [behavior.key for behavior in renewal.behaviors] == ["price_sensitivity"]
    assert len(select(file, stage="Discovery", pipeline="New business").behaviors) > 1
    assert len(select(file, stage="Discovery", pipeline=None).behaviors) > 1


def test_a_preset_stands_among_own_definitions() -> None:
    document = shipped()
    document["behaviors"].append(
        {"key": "budget", "name": "Budget Qualification", "preset": "budget_qualification"}
    )
    document["stages"][-1]["behaviors"].append("budget")
    file = AnalysisFile.model_validate(document)
    assert select(file, stage=None, pipeline=None).behaviors[-1].preset == "budget_qualification"
    assert advise(file) == [], "presets have their wording from the catalogue"


Change = Callable[[dict[str, Any]], object]
MISTAKES: list[tuple[Change, str]] = [
    (lambda d: d.update(version=2), "Input should be 1"),
    (lambda d: d.update(colour="blue"), "Extra inputs are not permitted"),
    (lambda d: d["behaviors"][0].update(weight=3), "Extra inputs are not permitted"),
    (lambda d: d["behaviors"][0].pop("uuid"), "needs either uuid"),
    (lambda d: d["behaviors"][0].update(preset="rapport_building"), "needs either uuid"),
    (lambda d: d["behaviors"][0].pop("detailed_description"), "needs short_description and detailed"),
    (
        lambda d: d["behaviors"].append({"key": "p", "name": "P", "preset": "p", "roles": ["prospect"]}),
        "come from the catalogue",
    ),
    (lambda d: d["behaviors"][0].update(uuid="not-a-uuid"), "valid UUID"),
    (lambda d: d["behaviors"][0].update(key="Rapport Building"), "should match pattern"),
    (lambda d: d["behaviors"].append(d["behaviors"][0]), "behavior 'rapport_building' is defined twice"),
    (lambda d: d["behaviors"][1].update(uuid=d["roles"][0]["uuid"]), "is used twice"),
    (lambda d: d["behaviors"][1].update(name="rapport BUILDING"), "name 'rapport building' is used twice"),
    (lambda d: d["roles"].append(d["roles"][0]), "role 'sales_rep' is defined twice"),
    (lambda d: d["roles"].pop(), "no role is on the side of the prospect"),
    (lambda d: d["roles"][0].update(side="unknown"), "Input should be"),
    (lambda d: d["behaviors"][0].update(roles=["boss"]), "names role 'boss', which is not defined"),
    (
        lambda d: d["behaviors"][0].update(conversation_types=["chat"]),
        "names conversation type 'chat', which is not defined",
    ),
    (lambda d: d["stages"][0].update(conversation_type="chat"), "entry 1 names type 'chat'"),
    (lambda d: d["stages"][0]["behaviors"].append("chat"), "entry 1 names behavior 'chat', which is not"),
    (lambda d: d["stages"][0]["behaviors"].append("rapport_building"), "entry 1 names behavior .* twice"),
    (lambda d: d["stages"][0].update(behaviors=[]), "at least 1 item"),
    (
        lambda d: d["stages"][0]["behaviors"].append("talk_track_negotiation"),
        "'talk_track_negotiation' can never show in stages entry 1",
    ),
    (lambda d: d["stages"].pop(), "the last entry of stages must be the default"),
    (lambda d: d["stages"].insert(0, d["stages"][-1]), "only the last entry of stages"),
    (lambda d: d["stages"][1]["stages"].append("discovery"), "stage 'discovery' of pipeline 'any' is listed"),
    (lambda d: d.update(language="English"), "should match pattern"),
]


@pytest.mark.parametrize(("change", "expected"), MISTAKES, ids=[expected[:40] for _, expected in MISTAKES])
def test_a_mistake_in_the_file_is_named(change: Change, expected: str) -> None:
    document = copy.deepcopy(shipped())
    change(document)
    with pytest.raises(ValidationError, match=expected):
        AnalysisFile.model_validate(document)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": "A Name Of Five Words"}, "name has more than 4 words"),
        ({"short_description": "One. And another one."}, "short_description is not one sentence"),
        ({"short_description": "no full stop"}, "short_description is not one sentence"),
        ({"detailed_description": "Laughter. Not present if it is short."}, "whether ALL or ANY"),
        ({"detailed_description": "ALL hold: laughter."}, "has no exclusion"),
        (
            {"detailed_description": "ANY: rapport building is heard. Not present if short."},
            "repeats the name",
        ),
        ({"detailed_description": 'ANY: they say "well done". Not present if short.'}, "quotes examples"),
        ({"detailed_description": "ANY: the rep is Rude. Not present if short."}, r"judges \('Rude'\)"),
    ],
)
def test_a_definition_that_breaks_a_rule_gets_advice(changed: dict[str, str], expected: str) -> None:
    document = shipped()
    document["behaviors"][0].update(changed)
    (advice,) = advise(AnalysisFile.model_validate(document))
    assert advice.where == "behavior 'rapport_building'"
    assert re.search(expected, advice.message)


def test_too_many_behaviors_at_once_get_advice() -> None:
    document = shipped()
    for number in range(5):
        document["behaviors"].append({"key": f"p{number}", "name": f"P {number}", "preset": f"p{number}"})
        document["stages"][0]["behaviors"].append(f"p{number}")
    (advice,) = advise(AnalysisFile.model_validate(document))
    assert str(advice) == "stages entry 1: asks for more than 12 behaviors at once."


def test_every_mistake_is_told_at_the_place_to_change() -> None:
    document = copy.deepcopy(shipped())
    document["stages"][0]["behaviors"].append("chat")
    document["behaviors"][2]["roles"] = ["prospect", "boss"]
    with pytest.raises(ValidationError) as caught:
        AnalysisFile.model_validate(document)
    last = len(document["stages"][0]["behaviors"]) - 1
    assert [error["loc"] for error in caught.value.errors()] == [
        ("behaviors", 2, "roles", 1),
        ("stages", 0, "behaviors", last),
    ]
