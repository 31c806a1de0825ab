"""Which fields a mapping file wants, and whether the CRM's will do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.model import FieldKind, FieldSpec, Target
from velma_mappings.catalogue import entries
from velma_mappings.fields import check_fields, unwritten_options, wanted_fields
from velma_mappings.mapping_file import MappingFile


def rule(value: str, field: str = "F", **more: Any) -> dict[str, Any]:
    return {"value": value, "on": "call", "field": field, **more}


def test_a_wanted_field_carries_type_label_help_and_options(make: Any) -> None:
    (spec,) = wanted_fields(make.mapping(rules=[rule("coaching_flags", "Flags")]))
    assert spec == FieldSpec(
        target=Target.CALL,
        name="Flags",
        label="Call: Coaching flags",
        kind=FieldKind.MULTI_CHOICE,
        help="What the rep may want to work on. Blank: nothing was noticed, or not analyzed. "
        "From: question, off_topic.",
        choices=("Question", "Off-topic"),
    )


@pytest.mark.parametrize(
    ("value", "kind", "digits"),
    [
        ("sentiment.pricing", "number", (3, 2)),
        ("sentiment.average", "number", (3, 2)),
        ("talk_ratio_rep", "number", (4, 1)),
        ("rep_questions", "number", (5, 0)),
        ("action_plan_confirmed", "boolean", (None, None)),
        ("analyzed_at", "datetime", (None, None)),
        ("summary", "long_text", (None, None)),
        ("negative_spike", "text", (None, None)),
        ("raised_by", "choice", (None, None)),
    ],
)
def test_types_and_digits_come_from_the_catalogue(
    make: Any, value: str, kind: str, digits: tuple[int | None, int | None]
) -> None:
    (spec,) = wanted_fields(make.mapping(rules=[rule(value)]))
    assert (spec.kind.value, (spec.precision, spec.scale)) == (kind, digits)


def test_a_transform_changes_what_is_wanted(make: Any) -> None:
    (spec,) = wanted_fields(make.mapping(rules=[rule("competitors", transform="join")]))
    assert (spec.kind, spec.max_length, spec.choices) == (FieldKind.TEXT, 255, ())


def test_the_admins_own_words_are_used_and_cut_to_what_crms_take(make: Any) -> None:
    long = rule("status", label="x" * 50, help="x" * 300)
    (own, cut) = wanted_fields(
        make.mapping(rules=[rule("status", "G", label="State", help="Of the call."), long])
    )
    assert (own.label, own.help) == ("State", "Of the call.")
    assert cut.label == "x" * 39 + "…"
    assert cut.help == "x" * 254 + "…"


def test_no_label_or_help_of_the_catalogue_needs_cutting(make: Any, default_mapping: MappingFile) -> None:
    for mapping in (make.mapping(), default_mapping):
        rules = [rule(path, f"F{place}") for place, path in enumerate(entries(mapping))]
        document = {**mapping.model_dump(mode="json"), "rules": rules}
        for spec in wanted_fields(MappingFile.model_validate(document)):
            assert len(spec.label) <= 40, spec.label
            assert not spec.label.endswith("…"), spec.label
            assert not spec.help.endswith("…"), spec.help


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (
            rule("next_step"),
            "Did the prospect agree to a specific next step? Unknown: the analysis cannot say. "
            "Blank: not analyzed. From: plan.",
        ),
        (
            rule("next_step", on="deal", transform="known_only", when_missing="clear"),
            "About the last analyzed call. Did the prospect agree to a specific next step? "
            "Blank: not analyzed, or the analysis cannot say. From: plan.",
        ),
        (
            rule("sentiment.pricing", on="deal"),
            "From the last call that told it. How the prospect felt about Pricing, from -1 (negative) to 1 "
            "(positive). Blank: it was not discussed, or the sides could not be told.",
        ),
        (
            rule("coaching_flags", transform="count"),
            "How many: What the rep may want to work on. Blank: it could not be told. "
            "From: question, off_topic.",
        ),
        (
            rule("coaching_flags", transform="any"),
            "Any of: What the rep may want to work on. From: question, off_topic.",
        ),
    ],
)
def test_the_help_says_what_is_meant_when_it_is_blank_and_what_it_comes_from(
    make: Any, wanted: dict[str, Any], told: str
) -> None:
    (spec,) = wanted_fields(make.mapping(rules=[wanted]))
    assert spec.help == told


def test_every_value_but_a_checkbox_says_when_it_is_blank(make: Any, default_mapping: MappingFile) -> None:
    for mapping in (make.mapping(), default_mapping):
        for path, entry in entries(mapping).items():
            assert bool(entry.blank) is (entry.kind is not FieldKind.BOOLEAN), path
            assert set(entry.meanings) <= set(entry.choices), path


@given(st.lists(st.from_regex(r"[a-z][a-z_]{0,60}", fullmatch=True), min_size=1, max_size=40, unique=True))
def test_behaviors_are_named_whole_or_counted(make: Any, keys: list[str]) -> None:
    mapping = make.mapping(
        rules=[rule("coaching_flags", on="deal")],
        behaviors={"coaching": {f"Label {place}": [key] for place, key in enumerate(keys)}},
    )
    (spec,) = wanted_fields(mapping)
    assert len(spec.help) <= 255
    named = spec.help.partition(" From: ")[2].removesuffix(".")
    shown, _, more = named.partition(" and ")
    told = shown.split(", ")
    assert told == keys[: len(told)]
    assert (int(more.removesuffix(" more")) if more else 0) == len(keys) - len(told)


@pytest.mark.parametrize(
    ("value", "options", "unwritten"),
    [
        ("coaching_flags", ("question", "Late", "Off-topic", "Early"), ("Late", "Early")),
        ("coaching_flags", (), ()),
        ("reason", ("Own",), ()),
    ],
)
def test_options_that_no_mapping_writes_are_told_in_the_order_of_the_field(
    make: Any, value: str, options: tuple[str, ...], unwritten: tuple[str, ...]
) -> None:
    (spec,) = wanted_fields(make.mapping(rules=[rule(value)]))
    field = make.field("F", FieldKind.MULTI_CHOICE, choices=options)
    assert unwritten_options(spec, field) == unwritten


def problems(make: Any, rules: list[dict[str, Any]], *fields: Any) -> list[str]:
    described = {Target.CALL: {field.name: field for field in fields}}
    return [str(problem) for problem in check_fields(make.mapping(rules=rules), described)]


def test_a_missing_field_is_named_with_the_nearest_one(make: Any) -> None:
    found = problems(
        make, [rule("status", "Velma_Statu__c")], make.field("Velma_Status__c", FieldKind.CHOICE)
    )
    assert found == [
        "Velma_Statu__c on the call: the field does not exist, or this connection may not see it. Create it, "
        "grant access to it, or correct its name in the mapping file. Did you mean 'Velma_Status__c'?"
    ]
    (alone,) = problems(make, [rule("status", "Velma_Status__c")])
    assert alone.endswith("correct its name in the mapping file.")


@pytest.mark.parametrize(
    ("value", "kind", "more", "problem"),
    [
        ("status", "choice", {"writable": False}, "the field is read-only for this connection."),
        ("status", "number", {}, "the field holds a number, but status is a choice."),
        (
            "action_plan_confirmed",
            "choice",
            {},
            "the field holds a choice, but action_plan_confirmed is a boolean.",
        ),
        ("status", "other", {}, "the field is of a type that cannot be written."),
        (
            "next_step",
            "choice",
            {"restricted": True, "choices": ("confirmed",)},
            "the field lacks the options 'Not confirmed', 'Unknown'.",
        ),
        (
            "competitors",
            "multi_choice",
            {"restricted": True, "choices": ("Quorvane",)},
            "the field lacks the options 'Acme Platform'.",
        ),
    ],
)
def test_a_field_that_will_not_do_is_named_with_the_reason(
    make: Any, value: str, kind: str, more: dict[str, Any], problem: str
) -> None:
    (found,) = problems(make, [rule(value)], make.field("F", FieldKind(kind), **more))
    assert found.startswith(f"F on the call: {problem} ")


@pytest.mark.parametrize(
    ("value", "kind", "more"),
    [
        ("next_step", "choice", {"choices": ("Confirmed",)}),
        ("next_step", "text", {"max_length": 5}),
        ("competitors", "text", {"restricted": True}),
        ("sentiment.average", "number", {"precision": 18, "scale": 0}),
        ("started_at", "date", {}),
    ],
)
def test_a_field_that_will_do_is_no_problem(make: Any, value: str, kind: str, more: dict[str, Any]) -> None:
    assert problems(make, [rule(value)], make.field("F", FieldKind(kind), **more)) == []


def test_a_transform_decides_what_the_field_must_be(make: Any) -> None:
    field = make.field("F", FieldKind.BOOLEAN)
    assert problems(make, [rule("competitors", transform="any")], field) == []
    assert problems(make, [rule("competitors")], field)


def test_a_kind_of_record_the_connection_lacks_misses_its_fields(make: Any) -> None:
    mapping = make.mapping(rules=[{**rule("status"), "on": "lead"}])
    (problem,) = check_fields(mapping, {Target.CALL: {"F": make.field("F", FieldKind.TEXT)}})
    assert problem.where == "F on the lead"


def test_fields_created_as_wanted_have_no_problems(default_mapping: MappingFile, fields_for: Any) -> None:
    by_object = fields_for(default_mapping)
    described = {Target.CALL: by_object["Task"], Target.DEAL: by_object["Opportunity"]}
    assert check_fields(default_mapping, described) == []
