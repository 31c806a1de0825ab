"""The mapping file: what it takes, and what it says to what it does not take."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from velma_connectors.model import Target
from velma_mappings.deals import DealRule
from velma_mappings.mapping_file import MappingFile, WhenMissing
from velma_mappings.model import Overwrite

SEMICOLON = "holds a semicolon, which is what separates the options of a field; leave it out"
UNSHOWN = "holds a control character or an end of line; write it on one line without"


def rule(value: str = "status", field: str = "F", **more: Any) -> dict[str, Any]:
    return {"value": value, "on": "call", "field": field, **more}


def faults(make: Any, **more: Any) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        make.mapping(**more)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


def test_a_rule_is_careful_by_default(make: Any) -> None:
    mapping = make.mapping(rules=[rule()])
    assert mapping.deal is DealRule.ONLY_OPEN
    assert mapping.rules[0].overwrite is Overwrite.IF_OURS
    assert mapping.rules[0].when_missing is WhenMissing.LEAVE
    assert mapping.rules[0].transform == ()
    assert (mapping.notes.enabled, mapping.notes.on, mapping.notes.template) == (True, (Target.CALL,), None)
    assert (mapping.thresholds.list, mapping.thresholds.confirm, mapping.thresholds.role) == (0.6, 0.75, 0.6)


def test_one_transform_needs_no_list(make: Any) -> None:
    mapping = make.mapping(rules=[rule("coaching_flags", transform="join")])
    assert mapping.rules[0].transform == ("join",)


def test_thresholds_of_one_behavior_leave_the_others(make: Any) -> None:
    thresholds = make.mapping(
        thresholds={"list": 0.5, "behaviors": {"rival": {"list": 0.9}, "plan": {"confirm": 0.8}}}
    ).thresholds
    assert [thresholds.listing(key) for key in ("rival", "plan", "x")] == [0.9, 0.5, 0.5]
    assert [thresholds.confirming(key) for key in ("rival", "plan", "x")] == [0.75, 0.8, 0.75]


def test_names_are_offered_to_the_transcription_sorted(make: Any) -> None:
    mapping = make.mapping(own_names=["Ledgerline"])
    assert mapping.terms() == ("Acme", "Acme Platform", "Ledgerline", "Quorvane")


def test_the_hash_tells_contents_apart_and_nothing_else(make: Any) -> None:
    first = make.mapping(rules=[rule()])
    spelled_out = make.mapping(rules=[rule(overwrite="if_ours", transform=[], when_missing="leave")])
    assert first.hash == spelled_out.hash
    assert re.fullmatch("[0-9a-f]{64}", first.hash)
    others = [
        make.mapping(rules=[rule(overwrite="always")]),
        make.mapping(rules=[rule()], deal="primary"),
        make.mapping(rules=[rule()], thresholds={"list": 0.61}),
        make.mapping(
            rules=[rule()],
            behaviors={
                **make.document()["behaviors"],
                "coaching": {"Off-topic": ["off_topic"], "Question": ["question"]},
            },
        ),
    ]
    assert len({first.hash, *(other.hash for other in others)}) == 5


def test_a_mapping_file_cannot_be_changed(make: Any) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make.mapping().deal = DealRule.PRIMARY


@pytest.mark.parametrize(
    ("more", "loc", "message"),
    [
        ({"version": 2}, ("version",), "Input should be 1"),
        ({"topcs": []}, ("topcs",), "Extra inputs are not permitted"),
        ({"rules": [rule(on="company")]}, ("rules", 0, "on"), "Input should be 'call', 'deal'"),
        ({"rules": [rule(field="  ")]}, ("rules", 0, "field"), "at least 1 character"),
        (
            {"rules": [rule(overwrite="never")]},
            ("rules", 0, "overwrite"),
            "'if_ours', 'if_empty' or 'always'",
        ),
        ({"rules": [rule(colour="red")]}, ("rules", 0, "colour"), "Extra inputs"),
        ({"thresholds": {"list": 1.1}}, ("thresholds", "list"), "less than or equal to 1"),
        ({"behaviors": {"coaching": {"A": []}}}, ("behaviors", "coaching", "A"), "at least 1 item"),
        (
            {"notes": {"template": "{{ sumary }}"}},
            ("notes", "template"),
            "cannot be filled in: 'sumary' is undefined",
        ),
        (
            {"rules": [rule("staus")]},
            ("rules", 0, "value"),
            "names no known value: 'staus' (did you mean 'status'?)",
        ),
        (
            {"rules": [rule("sentiment.priceing")]},
            ("rules", 0, "value"),
            "names no known value: 'sentiment.priceing' (did you mean 'sentiment.pricing'?)",
        ),
        (
            {"rules": [rule("x1y2z3")]},
            ("rules", 0, "value"),
            "names no known value: 'x1y2z3' (mappings/README.md lists all values)",
        ),
        (
            {"rules": [rule("competitors", transform="joined")]},
            ("rules", 0, "transform"),
            "names no known transform: 'joined' (did you mean 'join'?)",
        ),
        (
            {"rules": [rule("competitors", transform=["join", "zzz"])]},
            ("rules", 0, "transform"),
            "names no known transform: 'zzz' (there are known_only, join, count, first, any, yes_no)",
        ),
        (
            {"rules": [rule(transform="join")]},
            ("rules", 0, "transform"),
            "cannot be used here: 'join' takes a multi choice value, not a choice value",
        ),
        (
            {"rules": [rule("summary", field="F"), rule("status", field="f")]},
            ("rules", 1, "field"),
            "names f on the call, which rule 1 already fills (value: summary); remove one of the two",
        ),
        (
            {"topics": [{"name": "Average"}]},
            ("topics", 0, "name"),
            "would be sentiment.average, which means something else; choose another name",
        ),
        (
            {"topics": [{"name": "Roll out"}, {"name": "Roll-Out", "synonyms": []}]},
            ("topics", 1, "name"),
            "is 'Roll-Out', already a wording of 'Roll out'; remove one of the two",
        ),
        (
            {
                "topics": [
                    {"name": "A", "synonyms": ["price list"]},
                    {"name": "B", "synonyms": ["c", "Price-Lists!"]},
                ]
            },
            ("topics", 1, "synonyms", 1),
            "is 'Price-Lists!', already a wording of 'A'; remove one of the two",
        ),
        (
            {"topics": [{"name": "A", "synonyms": ["a"]}]},
            ("topics", 0, "synonyms", 0),
            "is 'a', already a wording of 'A'; remove one of the two",
        ),
        (
            {"topics": [{"name": "A", "exclude": ["b", "!"]}]},
            ("topics", 0, "exclude", 1),
            "has no letter or digit to look for",
        ),
        ({"topics": [{"name": "?!"}]}, ("topics", 0, "name"), "has no letter or digit to look for"),
        (
            {"competitors": [{"name": "Acme"}, {"name": "B", "aliases": ["ACME"]}]},
            ("competitors", 1, "aliases", 0),
            "is 'ACME', already a wording of 'Acme'; remove one of the two",
        ),
        (
            {"competitors": [{"name": "Acme"}, {"name": "acme"}]},
            ("competitors", 1, "name"),
            "is 'acme', already a wording of 'Acme'; remove one of the two",
        ),
        (
            {"competitors": [{"name": "Acme", "ignore": ["acme"]}]},
            ("competitors", 0, "ignore", 0),
            "is 'acme', already a wording of 'Acme'; remove one of the two",
        ),
        (
            {"competitors": [{"name": "Acme"}], "own_names": ["acme"]},
            ("competitors", 0, "name"),
            "is 'Acme', already a wording of 'own_names'; remove one of the two",
        ),
        ({"own_names": ["--"]}, ("own_names", 0), "has no letter or digit to look for"),
        ({"competitors": [{"name": "Acme; Inc"}]}, ("competitors", 0, "name"), SEMICOLON),
        ({"topics": [{"name": "A;B"}]}, ("topics", 0, "name"), SEMICOLON),
        ({"topics": [{"name": "A", "objection": "a;b"}]}, ("topics", 0, "objection"), SEMICOLON),
        (
            {"behaviors": {"coaching": {"a;b": ["c"]}, "action_plan": ["p"]}},
            ("behaviors", "coaching", "a;b", "[key]"),
            SEMICOLON,
        ),
        (
            {"competitors": [{"name": "A" * 256}]},
            ("competitors", 0, "name"),
            "has 256 characters, more than the 255 of an option; shorten it",
        ),
        ({"topics": [{"name": "A\nB"}]}, ("topics", 0, "name"), UNSHOWN),
        ({"competitors": [{"name": "A\x07B"}]}, ("competitors", 0, "name"), UNSHOWN),
        ({"competitors": [{"name": "A\uffffB"}]}, ("competitors", 0, "name"), UNSHOWN),
        ({"rules": [rule(label="A\x00B")]}, ("rules", 0, "label"), UNSHOWN),
        ({"rules": [rule(help="A\x1bB")]}, ("rules", 0, "help"), UNSHOWN),
    ],
)
def test_a_mistake_is_named_at_its_key(
    make: Any, more: dict[str, Any], loc: tuple[str | int, ...], message: str
) -> None:
    found = faults(make, **more)
    assert loc in [place for place, _ in found]
    assert message in dict(found)[loc]


@pytest.mark.parametrize(
    ("value", "section"),
    [
        ("coaching_flags", "behaviors.coaching"),
        ("positive_signals", "behaviors.positive"),
        ("objection_tags", "behaviors.objections or the topics' objection"),
        ("deal_intel", "behaviors.competitor"),
        ("competitors", "competitors"),
        ("action_plan_confirmed", "behaviors.action_plan"),
        ("next_step", "behaviors.action_plan"),
    ],
)
def test_a_value_that_nothing_can_fill_is_named(make: Any, value: str, section: str) -> None:
    empty = {"rules": [rule(value)], "topics": [], "competitors": [], "behaviors": {}}
    message = f"names '{value}', which has nothing to come from; fill {section}, or remove the rule"
    assert faults(make, **empty) == [(("rules", 0, "value"), message)]
    assert make.mapping(rules=[rule(value)]).rules[0].value == value


def test_every_mistake_is_reported_at_once(make: Any) -> None:
    found = faults(
        make,
        rules=[rule("staus"), rule("competitors", field="f", transform="x")],
        topics=[{"name": "A"}, {"name": "a"}],
        competitors=[{"name": "!"}],
    )
    assert [loc for loc, _ in found] == [
        ("rules", 0, "value"),
        ("rules", 1, "field"),
        ("rules", 1, "transform"),
        ("topics", 1, "name"),
        ("competitors", 0, "name"),
    ]


def test_any_other_name_can_be_an_option(make: Any) -> None:
    names = ["A" * 255, "Müller & Söhne, Inc.", "日本電気", "👩‍💻 Co"]
    more = {"competitors": [{"name": name} for name in names], "topics": [{"name": 'IT, "now"'}]}
    assert len(make.mapping(rules=[rule(help="One.\nTwo.")], **more).competitors) == len(names)


def test_the_same_field_may_be_filled_on_two_records(make: Any) -> None:
    assert len(make.mapping(rules=[rule(), rule(on="deal")]).rules) == 2


def test_editors_are_told_what_every_key_means() -> None:
    schema = MappingFile.model_json_schema()
    for definition in (schema, *schema["$defs"].values()):
        for name, key in definition.get("properties", {}).items():
            documented = "description" in key or definition["title"] == "BehaviorThresholds"
            assert documented, f"{definition['title']}.{name} has no description"
    transform = schema["$defs"]["Rule"]["properties"]["transform"]
    assert {"string", "array"} == {choice["type"] for choice in transform["anyOf"]}
