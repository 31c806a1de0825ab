"""Plans for properties: what is created, changed, left, or cannot be. Nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.wrappers import Response

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.fields import field_of
from velma_connectors.hubspot.schema import (
    ARCHIVED,
    WITHOUT_GUARANTEE,
    Planner,
    definition,
    missing_options,
    with_options,
)
from velma_connectors.model import FieldKind, FieldSpec, SchemaAction, SchemaStep, Target
from velma_connectors.sandbox.faults import Fault

OBJECTS = {Target.CALL: ("calls",), Target.DEAL: ("deals",), Target.LEAD: (), Target.ACCOUNT: ("companies",)}
CREATE, CHANGE, LEAVE, CANNOT = (
    SchemaAction.CREATE,
    SchemaAction.CHANGE,
    SchemaAction.LEAVE,
    SchemaAction.CANNOT,
)
KINDS = [kind for kind in FieldKind if kind is not FieldKind.OTHER]


def wanted(name: str = "velma_x", kind: FieldKind = FieldKind.TEXT, **more: Any) -> FieldSpec:
    settings = {"target": Target.DEAL, "label": name, "help": "Set by Velma.", **more}
    return FieldSpec(name=name, kind=kind, **settings)


def plan(client: Any, *specs: FieldSpec) -> list[SchemaStep]:
    """The steps without that of the notes' key, which always comes last."""
    *steps, _ = Planner(client, OBJECTS).plan(specs)
    return steps


def test_a_missing_property_is_created(portal: Any, client: Any) -> None:
    (step,) = plan(client, wanted())
    assert (step.action, step.object, step.reason) == (CREATE, "deals", "")
    assert portal.usage.snapshot()["requests"] < 8


def test_each_object_of_a_target_has_its_step_in_the_order_of_the_fields(portal: Any, client: Any) -> None:
    specs = [wanted(target=Target.CALL), wanted(), wanted(target=Target.LEAD), wanted(target=Target.ACCOUNT)]
    steps = Planner(client, OBJECTS).plan(specs)
    assert [(step.object, step.spec.name) for step in steps] == [
        ("calls", "velma_x"),
        ("deals", "velma_x"),
        ("companies", "velma_x"),
        ("notes", "velma_note_key"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_property_made_by_us_fits_afterwards(portal: Any, client: Any, kind: FieldKind) -> None:
    spec = wanted(kind=kind, choices=("A", "B") if "choice" in kind else ())
    portal.add_property("deals", {**definition(spec), "groupName": "dealinformation"})
    (step,) = plan(client, spec)
    assert (step.action, step.reason) == (LEAVE, "")


@pytest.mark.parametrize(
    ("spec", "entry", "words"),
    [
        (wanted(kind=FieldKind.BOOLEAN), ("string", "text"), "is of kind text, but boolean is wanted"),
        (wanted(kind=FieldKind.TEXT), ("enumeration", "select"), "is of kind choice"),
        (wanted(kind=FieldKind.MULTI_CHOICE), ("enumeration", "select"), "is of kind choice"),
        (wanted(kind=FieldKind.DATE), ("datetime", "date"), "is of kind datetime"),
    ],
)
def test_a_property_of_another_type_is_never_changed(
    portal: Any, client: Any, spec: FieldSpec, entry: tuple[str, str], words: str
) -> None:
    portal.add_property("deals", {"name": "velma_x", "type": entry[0], "fieldType": entry[1]})
    (step,) = plan(client, spec)
    assert step.action is CANNOT
    assert words in step.reason


def test_a_long_text_takes_a_short_one_and_the_other_way_round(portal: Any, client: Any) -> None:
    portal.add_property("deals", {"name": "velma_x", "type": "string", "fieldType": "textarea"})
    portal.add_property("calls", {"name": "velma_x", "type": "string", "fieldType": "text"})
    steps = plan(client, wanted(), wanted(kind=FieldKind.LONG_TEXT, target=Target.CALL))
    assert [step.action for step in steps] == [LEAVE, LEAVE]


@pytest.mark.parametrize("closed", [{"calculated": True}, {"modificationMetadata": {"readOnlyValue": True}}])
def test_a_property_that_is_read_only_cannot_be_used(
    portal: Any, client: Any, closed: dict[str, Any]
) -> None:
    portal.add_property("deals", {"name": "velma_x", "type": "string", "fieldType": "text", **closed})
    (step,) = plan(client, wanted())
    assert step.action is CANNOT
    assert "read-only" in step.reason


def test_missing_options_are_added_and_hidden_ones_shown_again(portal: Any, client: Any) -> None:
    options = [
        {"label": "the admin's", "value": "own"},
        {"label": "B", "value": "B", "hidden": True},
        {"label": "c", "value": "c"},
    ]
    portal.add_property(
        "deals", {"name": "velma_x", "type": "enumeration", "fieldType": "checkbox", "options": options}
    )
    (step,) = plan(client, wanted(kind=FieldKind.MULTI_CHOICE, choices=("A", "B", "C")))
    assert step.action is CHANGE
    assert step.reason == "options will be added: A; hidden options will be shown again: B"
    (step,) = plan(client, wanted(kind=FieldKind.MULTI_CHOICE, choices=("C", "own")))
    assert step.action is LEAVE


def test_an_option_whose_label_has_another_internal_name_is_told(portal: Any, client: Any) -> None:
    options = [{"label": "Acme Platform", "value": "competitor_1"}]
    portal.add_property(
        "deals", {"name": "velma_x", "type": "enumeration", "fieldType": "checkbox", "options": options}
    )
    (step,) = plan(client, wanted(kind=FieldKind.MULTI_CHOICE, choices=("Acme Platform",)))
    assert step.action is CANNOT
    assert "Acme Platform have other internal names" in step.reason


def test_options_that_come_from_elsewhere_are_not_added(portal: Any, client: Any) -> None:
    (step,) = plan(client, wanted("hubspot_owner_id", FieldKind.CHOICE, choices=("A",)))
    assert step.action is CANNOT


@pytest.mark.parametrize("name", ["Velma_X", "1velma", "velma-x", "a" * 101, "Velma_Status__c"])
def test_a_name_that_hubspot_does_not_take_is_told_before(portal: Any, client: Any, name: str) -> None:
    (step,) = plan(client, wanted(name))
    assert step.action is CANNOT
    assert "small letters" in step.reason


def test_a_deleted_property_of_the_same_name_is_told(portal: Any, client: Any) -> None:
    portal.add_property("deals", {"name": "velma_x", "type": "string", "fieldType": "text"})
    portal.delete_property("deals", "velma_x")
    (step,) = plan(client, wanted())
    assert (step.action, step.reason) == (CREATE, ARCHIVED)


def test_the_limit_of_properties_is_told_before_it_is_hit(portal: Any, client: Any) -> None:
    portal.switches.custom_property_limit = 3
    portal.add_property("deals", {"name": "own", "type": "string", "fieldType": "text"})
    steps = plan(client, *(wanted(f"velma_{n}") for n in range(4)), wanted("velma_0", target=Target.CALL))
    assert [step.action for step in steps] == [CREATE, CREATE, CANNOT, CANNOT, CREATE]
    assert "limit" in steps[2].reason


def test_a_portal_that_does_not_tell_its_limits_is_believed(portal: Any, client: Any, faults: Any) -> None:
    gone = Response(
        '{"status":"error","category":"OBJECT_NOT_FOUND"}', status=404, mimetype="application/json"
    )
    faults.add(Fault("GET /crm/limits", answer=gone))
    (step,) = plan(client, wanted())
    assert step.action is CREATE


def test_a_missing_scope_for_one_object_leaves_the_others(portal: Any, client: Any, token: str) -> None:
    portal.add_token(token, ["crm.schemas.deals.read", "crm.schemas.notes.read"])
    steps = plan(client, wanted(target=Target.CALL), wanted())
    assert [step.action for step in steps] == [CANNOT, CREATE]
    assert "crm.schemas.calls.read" in steps[0].reason


def test_the_key_of_notes_is_planned_after_the_fields(portal: Any, client: Any) -> None:
    (step,) = Planner(client, OBJECTS).plan([])
    assert (step.action, step.object, step.spec.name) == (CREATE, "notes", "velma_note_key")
    portal.add_property(
        "notes", {"name": "velma_note_key", "type": "string", "fieldType": "text", "hasUniqueValue": True}
    )
    (step,) = Planner(client, OBJECTS).plan([])
    assert (step.action, step.reason) == (LEAVE, "")


def test_a_key_that_is_not_unique_is_left_with_what_that_means(portal: Any, client: Any) -> None:
    portal.add_property("notes", {"name": "velma_note_key", "type": "string", "fieldType": "text"})
    (step,) = Planner(client, OBJECTS).plan([])
    assert (step.action, step.reason) == (LEAVE, WITHOUT_GUARANTEE)


def test_planning_changes_nothing(portal: Any, client: Any) -> None:
    before = client.get(paths.properties("deals"))
    plan(client, wanted(), wanted("velma_y", FieldKind.BOOLEAN))
    assert client.get(paths.properties("deals")) == before


def test_a_definition_reads_back_as_the_kind_that_was_wanted() -> None:
    for kind in KINDS:
        spec = wanted(kind=kind, choices=("A", "B") if "choice" in kind else ())
        made = field_of({**definition(spec), "label": spec.label})
        assert made.kind is kind
        assert made.choices == spec.choices
    boolean = definition(wanted(kind=FieldKind.BOOLEAN))
    assert [option["value"] for option in boolean["options"]] == ["true", "false"]
    assert definition(wanted(), unique=True)["hasUniqueValue"] is True
    assert "hasUniqueValue" not in definition(wanted())


def test_options_of_the_admin_stay_as_they_are() -> None:
    own = {"label": "Own", "value": "own", "displayOrder": 7, "hidden": True, "description": "ours"}
    shown = {"label": "B", "value": "b", "displayOrder": 2, "hidden": True, "description": ""}
    spec = wanted(kind=FieldKind.CHOICE, choices=("A", "B"))
    options = with_options(spec, [own, shown])
    assert options[0] == own
    assert options[1] == {**shown, "hidden": False}
    assert options[2] == {"label": "A", "value": "A", "displayOrder": 8, "hidden": False}
    entry = {"name": "x", "label": "x", "type": "enumeration", "fieldType": "select", "options": options}
    assert missing_options(spec, entry) == []
