"""Fields as admins see them: always fresh, planned without a trace, made without taking anything away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from velma_connectors.model import FieldKind, FieldSpec, SchemaAction, SchemaStep
from velma_connectors.testing.contract.driving import field_of, object_of, require
from velma_connectors.testing.rig import Ability, Rig

ADMINS = "Admins own option"
WANTED = "Wanted later"


def require_creation(rig: Rig) -> None:
    if not rig.connector.capabilities.creates_fields:
        pytest.skip("this connector creates no fields")


def choice_among(rig: Rig) -> FieldSpec:
    """The CHOICE of the rig's new fields."""
    choices = [spec for spec in rig.new_specs() if spec.kind is FieldKind.CHOICE]
    assert choices, "a CHOICE with two options has to be among the rig's new_specs"
    return choices[0]


def steps_for(rig: Rig, *specs: FieldSpec) -> list[SchemaStep]:
    """The plan for these fields. A connector may plan fields that it needs itself beside them."""
    return [step for step in rig.connector.plan_fields(specs) if step.spec in specs]


def actions(steps: Iterable[SchemaStep]) -> set[SchemaAction]:
    return {step.action for step in steps}


class SchemaContract:
    """`fields`, `plan_fields` and `create_fields`."""

    def test_fields_are_always_told_fresh(self, rig: Rig) -> None:
        require(rig, Ability.EDIT_SCHEMA)
        place, field = field_of(rig, FieldKind.CHOICE)
        assert ADMINS not in field.choices
        rig.add_option(object_of(rig, place.target), place.name, ADMINS)
        assert ADMINS in field_of(rig, FieldKind.CHOICE)[1].choices

    def test_planning_changes_nothing(self, rig: Rig) -> None:
        require_creation(rig)
        specs = rig.new_specs()
        names = {object_of(rig, spec.target) for spec in specs}
        before = {name: dict(rig.connector.fields(name)) for name in names}
        steps = steps_for(rig, *specs)
        assert actions(steps) == {SchemaAction.CREATE}
        assert {name: dict(rig.connector.fields(name)) for name in names} == before
        assert steps_for(rig, *specs) == steps

    def test_a_plan_has_one_step_for_each_field_and_object(self, rig: Rig) -> None:
        specs = rig.new_specs()
        objects = rig.connector.capabilities.objects
        expected = {(name, spec.name) for spec in specs for name in objects[spec.target]}
        steps = steps_for(rig, *specs)
        assert len(steps) == len(expected)
        assert {(step.object, step.spec.name) for step in steps} == expected

    def test_created_fields_are_there_and_creating_again_changes_nothing(self, rig: Rig) -> None:
        require_creation(rig)
        specs = rig.new_specs()
        steps = rig.connector.plan_fields(specs)
        for _ in range(2):
            results = rig.connector.create_fields(steps)
            assert [result.reason for result in results if not result.ok] == []
            assert [(result.step, result.reason) for result in results] == [(step, "") for step in steps]
        for spec in specs:
            made = rig.connector.fields(object_of(rig, spec.target))[spec.name]
            assert (made.kind, made.label, made.writable) == (spec.kind, spec.label, True)
            assert set(made.choices) >= set(spec.choices)
        assert actions(rig.connector.plan_fields(specs)) == {SchemaAction.LEAVE}

    def test_missing_options_are_planned_as_a_change_and_added(self, rig: Rig) -> None:
        require_creation(rig)
        spec = choice_among(rig)
        rig.connector.create_fields(rig.connector.plan_fields([spec]))
        more = replace(spec, choices=(*spec.choices, WANTED))
        steps = steps_for(rig, more)
        assert actions(steps) == {SchemaAction.CHANGE}
        assert all(WANTED in step.reason for step in steps), "the plan has to say what is added"
        assert all(result.ok for result in rig.connector.create_fields(steps))
        choices = rig.connector.fields(object_of(rig, spec.target))[spec.name].choices
        assert set(choices) == set(more.choices)

    def test_an_option_of_the_admin_is_never_lost(self, rig: Rig) -> None:
        require_creation(rig)
        require(rig, Ability.EDIT_SCHEMA)
        spec = choice_among(rig)
        name = object_of(rig, spec.target)
        rig.connector.create_fields(rig.connector.plan_fields([spec]))
        steps = rig.connector.plan_fields([replace(spec, choices=(*spec.choices, WANTED))])
        rig.add_option(name, spec.name, ADMINS)
        assert all(result.ok for result in rig.connector.create_fields(steps))
        assert {ADMINS, WANTED, *spec.choices} == set(rig.connector.fields(name)[spec.name].choices)
        assert actions(steps_for(rig, spec)) == {SchemaAction.LEAVE}, (
            "an option we do not want is no reason for a change"
        )

    def test_a_field_of_another_kind_is_left_alone_and_told(self, rig: Rig) -> None:
        require_creation(rig)
        place, field = field_of(rig, FieldKind.NUMBER)
        spec = FieldSpec(place.target, place.name, field.label, FieldKind.BOOLEAN, "Invented.")
        steps = steps_for(rig, spec)
        assert actions(steps) == {SchemaAction.CANNOT}
        assert all(step.reason for step in steps)
        assert not any(result.ok for result in rig.connector.create_fields(steps))
        assert field_of(rig, FieldKind.NUMBER)[1] == field
