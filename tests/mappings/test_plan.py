"""From a report to planned fields and notes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.model import Deal, FieldKind, RecordRef, Target
from velma_mappings.catalogue import entries
from velma_mappings.mapping_file import MappingFile
from velma_mappings.model import CallPlan, Overwrite, PlannedField
from velma_mappings.plan import plan_call, records_of
from velma_mappings.report import distil, failed

CALL = RecordRef("Task", "00T1")


def rule(value: str, field: str = "F", on: str = "call", **more: Any) -> dict[str, Any]:
    return {"value": value, "on": on, "field": field, **more}


def plan(
    make: Any,
    rules: list[dict[str, Any]],
    *fields: Any,
    call: Any = None,
    deal: Deal | None = None,
    report: Any = None,
    asked: tuple[str, ...] = ("question", "off_topic", "plan", "rival"),
    notes: dict[str, Any] | None = None,
    **analysis: Any,
) -> CallPlan:
    mapping = make.mapping(rules=rules, notes=notes or {})
    call = call or make.call()
    report = report or distil(call, make.analysis(**analysis), make.config(*asked), mapping)
    described = {name: {field.name: field for field in fields} for name in ("Task", "Opportunity", "Contact")}
    return plan_call(report, call, deal, mapping, described)


def test_a_value_is_planned_for_its_field(make: Any) -> None:
    number = make.field("F", FieldKind.NUMBER, precision=3, scale=2)
    found = plan(
        make,
        [rule("sentiment.average", overwrite="if_empty")],
        number,
        **make.scores(("price", "p", -0.105)),
    )
    assert found.fields == (
        PlannedField(Target.CALL, CALL, "F", -0.11, Overwrite.IF_EMPTY, "sentiment.average", 2),
    )
    assert not found.left_out


def reasons(found: CallPlan) -> list[str]:
    assert not found.fields
    return [left.reason for left in found.left_out]


@pytest.mark.parametrize(
    ("value", "kind", "more", "reason"),
    [
        ("status", "choice", {"restricted": True, "choices": ("Done",)}, "the field has no option 'Partial'"),
        ("status", "choice", {"writable": False}, "the field is read-only for this connection"),
        ("status", "boolean", {}, "the field holds a boolean, but status is a choice"),
        ("next_step_quote", "choice", {}, "the field holds a choice, but next_step_quote is a text"),
        ("status", "other", {}, "the field is of a type that cannot be written"),
        ("speaker_switches", "number", {"precision": 1, "scale": 1}, "more than the field's 0 digits"),
        ("sentiment.average", "number", {}, "not known (unavailable): the analyzer named"),
    ],
)
def test_what_cannot_be_written_is_left_out_with_the_reason(
    make: Any, value: str, kind: str, more: dict[str, Any], reason: str
) -> None:
    found = plan(make, [rule(value)], make.field("F", FieldKind(kind), **more))
    assert len(found.left_out) == 1
    assert reason in reasons(found)[0]
    assert (found.left_out[0].record, found.left_out[0].field) == (CALL, "F")


def test_a_field_that_is_not_there_is_left_out(make: Any) -> None:
    assert reasons(plan(make, [rule("status")])) == ["Task has no such field, or it is hidden"]
    account = make.call(account=RecordRef("Account", "001"))
    found = plan(make, [rule("status", on="account")], call=account)
    assert reasons(found) == ["Account has no such field, or it is hidden"]


def test_a_field_without_a_limit_of_digits_takes_those_of_the_value(make: Any) -> None:
    number = make.field("F", FieldKind.NUMBER)
    found = plan(make, [rule("sentiment.average")], number, **make.scores(("price", "p", 1 / 3)))
    assert [(each.value, each.scale) for each in found.fields] == [(0.33, 2)]


def test_a_value_that_is_not_known_clears_only_when_asked(make: Any) -> None:
    text = make.field("F", FieldKind.NUMBER)
    rules = [rule("sentiment.average", when_missing="clear")]
    assert [field.value for field in plan(make, rules, text).fields] == [None]
    leave = plan(make, [rule("sentiment.average")], text)
    assert not leave.fields


def test_a_checkbox_is_cleared_only_where_the_crm_knows_a_blank_one(make: Any) -> None:
    rules = [rule("action_plan_confirmed", when_missing="clear")]
    cleared = plan(make, rules, make.field("F", FieldKind.BOOLEAN), asked=())
    assert [each.value for each in cleared.fields] == [None]
    box = make.field("F", FieldKind.BOOLEAN, can_be_blank=False)
    found = plan(make, rules, box, asked=())
    assert reasons(found) == ["action_plan_confirmed does not fit: a checkbox cannot be blank"]
    assert plan(make, rules, box).fields[0].value is False


def test_an_unknown_next_step_is_told_on_the_call_and_clears_the_deal(make: Any) -> None:
    rules = [
        rule("next_step"),
        rule("next_step", on="deal", transform="known_only", when_missing="clear"),
    ]
    options = ("Confirmed", "Not confirmed", "Unknown")
    field = make.field("F", FieldKind.CHOICE, restricted=True, choices=options)
    unclear = plan(make, rules, field, deal=make.deal(), asked=())
    assert {planned.record.object: planned.value for planned in unclear.fields} == {
        "Task": "Unknown",
        "Opportunity": None,
    }
    clear = plan(make, rules, field, deal=make.deal())
    assert {planned.value for planned in clear.fields} == {"Not confirmed"}


def test_an_empty_list_that_is_known_clears_the_field(make: Any) -> None:
    field = make.field("F", FieldKind.MULTI_CHOICE, restricted=True, choices=("Question", "Off-topic"))
    found = plan(make, [rule("coaching_flags")], field)
    assert [planned.value for planned in found.fields] == [None]


def test_options_that_do_not_exist_are_left_out_and_the_others_written(make: Any) -> None:
    field = make.field("F", FieldKind.MULTI_CHOICE, restricted=True, choices=("Off-topic",))
    rows = (make.row("question", "r"), make.row("off_topic", "r"))
    found = plan(make, [rule("coaching_flags")], field, detections=rows)
    assert [planned.value for planned in found.fields] == [("Off-topic",)]
    assert [left.reason for left in found.left_out] == [
        "the field has no option 'Question'; the other ones are written"
    ]


def test_options_are_sorted_for_the_field(make: Any) -> None:
    field = make.field("F", FieldKind.MULTI_CHOICE, restricted=True, choices=("Question", "Off-topic"))
    rows = (make.row("question", "r"), make.row("off_topic", "r"))
    found = plan(make, [rule("coaching_flags")], field, detections=rows)
    assert found.fields[0].value == ("Off-topic", "Question")


def test_a_rule_for_a_record_that_the_call_lacks_is_left_out(make: Any) -> None:
    found = plan(make, [rule("status", on=target) for target in ("deal", "contact", "lead", "account")])
    assert [(left.record, left.reason) for left in found.left_out] == [
        (None, f"the call has no {target} to write to") for target in ("deal", "contact", "lead", "account")
    ]


def test_every_contact_of_the_call_gets_the_value(make: Any) -> None:
    people = (
        make.person("1", "Ann"),
        make.person("2", "Bob"),
        make.person("1", "Ann"),
        make.person("3", "Cy", Target.LEAD),
        make.person("4", "Di", None),
    )
    call = make.call(people=people, account=RecordRef("Account", "9"))
    assert records_of(Target.CONTACT, call, None) == (RecordRef("Contact", "1"), RecordRef("Contact", "2"))
    assert records_of(Target.LEAD, call, None) == (RecordRef("Lead", "3"),)
    assert records_of(Target.ACCOUNT, call, None) == (RecordRef("Account", "9"),)
    text = make.field("F", FieldKind.TEXT)
    found = plan(make, [rule("status", on="contact")], text, call=call)
    assert [planned.record.id for planned in found.fields] == ["1", "2"]


@pytest.mark.parametrize("status", ["Failed", "No speech"])
def test_a_call_that_told_nothing_leaves_the_deal_as_it_is(make: Any, status: str) -> None:
    rules = [rule("status"), rule("status", on="deal")]
    rules.append(rule("next_step", "G", on="deal", when_missing="clear"))
    mapping = make.mapping(rules=rules)
    if status == "Failed":
        report = failed(make.call(), mapping, reason="no", analyzer="a", config_hash="c", at=make.NOON)
    else:
        report = distil(make.call(), make.analysis(clips=()), make.config(), mapping)
    fields = [make.field(name, FieldKind.TEXT) for name in "FG"]
    found = plan(make, rules, *fields, deal=make.deal(), report=report)
    assert [(planned.target, planned.value) for planned in found.fields] == [(Target.CALL, status)]
    assert [left.reason for left in found.left_out] == [
        f"the call's analysis says nothing about its deal ({status})"
    ] * 2


def test_a_note_goes_to_the_call_first(make: Any) -> None:
    call = make.call(people=(make.person("1", "Ann"),), account=RecordRef("Account", "9"))
    notes = {"on": ["deal", "account", "call", "contact", "deal"]}
    found = plan(make, [], call=call, deal=make.deal(), notes=notes)
    assert found.note_targets == (
        CALL,
        RecordRef("Opportunity", "006A"),
        RecordRef("Account", "9"),
        RecordRef("Contact", "1"),
    )
    assert found.note.endswith("verify")


@pytest.mark.parametrize("notes", [{"on": ["deal"]}, {"on": []}, {"enabled": False}])
def test_a_note_without_a_record_is_not_written(make: Any, notes: dict[str, Any]) -> None:
    found = plan(make, [], notes=notes)
    assert (found.note, found.note_targets) == ("", ())


def test_a_failed_call_gets_no_note(make: Any) -> None:
    report = failed(make.call(), make.mapping(), reason="no", analyzer="a", config_hash="c", at=make.NOON)
    found = plan(make, [], report=report)
    assert (found.note, found.note_targets) == ("", ())


KINDS = st.sampled_from(list(FieldKind))


@given(st.data())
def test_every_rule_is_planned_or_left_out_for_any_field(make: Any, data: st.DataObject) -> None:
    catalogue = entries(make.mapping())
    rules = [rule(path, f"F{place}") for place, path in enumerate(catalogue)]
    fields = [
        make.field(
            name["field"],
            data.draw(KINDS),
            writable=data.draw(st.booleans()),
            restricted=data.draw(st.booleans()),
            max_length=data.draw(st.sampled_from([None, 1, 20])),
            choices=("Unknown", "Acme Platform"),
        )
        for name in rules
    ]
    clips = (make.clip("c1", "p", "Acme?"), *make.conversation()[1:])
    found = plan(make, rules, *fields, clips=clips)
    left_out = {left.field for left in found.left_out}
    planned = {field.field for field in found.fields}
    assert planned | left_out == {name["field"] for name in rules}
    described = {field.name: field for field in fields}
    for written in found.fields:
        field = described[written.field]
        assert field.writable
        assert field.kind is not FieldKind.OTHER
        if (
            isinstance(written.value, str)
            and field.max_length is not None
            and field.kind in ("text", "long_text")
        ):
            assert len(written.value) <= field.max_length


def test_the_default_mapping_plans_every_field_of_the_example(
    make: Any, example: Any, example_config: Any, default_mapping: MappingFile, fields_for: Any
) -> None:
    call = make.call()
    report = distil(call, example, example_config, default_mapping)
    found = plan_call(report, call, make.deal(), default_mapping, fields_for(default_mapping))
    written = {(field.record.object, field.field): field.value for field in found.fields}
    assert written["Task", "Velma_Avg_Sentiment__c"] == -0.11
    assert written["Opportunity", "Velma_Next_Step__c"] == "Confirmed"
    assert written["Opportunity", "Velma_Last_Call_At__c"] == make.NOON
    assert written["Task", "Velma_Objection_Tags__c"] == ("IT resource concern", "Timeline concern")
    undiscussed = {left.field for left in found.left_out}
    assert undiscussed == {
        f"Velma_Sentiment_{topic}__c" for topic in ("Integration", "Security", "Support", "Contract")
    }
    assert len(found.fields) + len(found.left_out) == len(default_mapping.rules)
