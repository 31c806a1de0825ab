"""Plans for fields and their making: what is created, changed, left, or cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.model import FieldKind, FieldSpec, SchemaAction, SchemaResult, SchemaStep, Target
from velma_connectors.salesforce.provisioning import Provisioner
from velma_connectors.salesforce.schema import Planner, metadata

OBJECTS = {Target.CALL: ("Task", "Event"), Target.DEAL: ("Opportunity",), Target.CONTACT: ("Contact",)}
CREATE, CHANGE, LEAVE, CANNOT = (
    SchemaAction.CREATE,
    SchemaAction.CHANGE,
    SchemaAction.LEAVE,
    SchemaAction.CANNOT,
)


def wanted(name: str, kind: FieldKind = FieldKind.BOOLEAN, **more: Any) -> FieldSpec:
    settings = {"target": Target.DEAL, "label": name, "help": "Set by Velma.", **more}
    return FieldSpec(name=name, kind=kind, **settings)


def hidden_field(name: str, table: str) -> dict[str, Any]:
    return {"Id": "00N000000000001AAA", "DeveloperName": name, "TableEnumOrId": table}


def choices(*names: str) -> list[dict[str, Any]]:
    return [{"value": name, "label": name, "active": True} for name in names]


def plan(org: Any, client: Any, spec: FieldSpec, *entries: Any, hidden: tuple[Any, ...] = ()) -> SchemaStep:
    org.on("GET sobjects/Opportunity/describe", {"fields": list(entries)})
    org.on("GET tooling/query", org.rows(*hidden))
    (step,) = Planner(client, OBJECTS).plan([spec])
    return step


def test_a_missing_field_is_created(org: Any, client: Any) -> None:
    assert plan(org, client, wanted("X__c")).action is CREATE


def test_a_fitting_field_is_left_without_a_look_at_definitions(org: Any, client: Any) -> None:
    step = plan(org, client, wanted("X__c"), org.field_entry("X__c", "boolean"))
    assert (step.action, step.reason) == (LEAVE, "")
    assert not org.requests("tooling")


def test_a_hidden_field_is_shown_and_not_created(org: Any, client: Any) -> None:
    step = plan(org, client, wanted("X__c"), hidden=(hidden_field("X", "Opportunity"),))
    assert step.action is CHANGE
    assert "hidden" in step.reason


def test_a_field_of_that_name_on_another_object_does_not_count(org: Any, client: Any) -> None:
    step = plan(org, client, wanted("X__c"), hidden=(hidden_field("X", "Account"),))
    assert step.action is CREATE


@pytest.mark.parametrize(
    ("spec", "entry", "words"),
    [
        (wanted("X__c", FieldKind.BOOLEAN), {"kind": "string"}, "is of kind text"),
        (wanted("X__c", FieldKind.TEXT), {"kind": "picklist"}, "is of kind choice"),
        (wanted("X__c", FieldKind.NUMBER, scale=2), {"kind": "double", "scale": 0}, "0 decimals"),
        (wanted("X__c", FieldKind.BOOLEAN), {"kind": "boolean", "calculated": True}, "read-only"),
        (wanted("Amount", FieldKind.NUMBER), {"kind": "currency", "updateable": False}, "read-only"),
        (wanted("Type", FieldKind.CHOICE, choices=("A",)), {"kind": "picklist"}, "add the options A by hand"),
    ],
)
def test_a_field_that_cannot_hold_the_value_says_why(
    org: Any, client: Any, spec: FieldSpec, entry: dict[str, Any], words: str
) -> None:
    step = plan(org, client, spec, org.field_entry(spec.name, **entry))
    assert step.action is CANNOT
    assert words in step.reason


def test_a_field_that_may_not_be_edited_yet_is_granted(org: Any, client: Any) -> None:
    step = plan(org, client, wanted("X__c"), org.field_entry("X__c", "boolean", updateable=False))
    assert (step.action, step.reason) == (CHANGE, "edit access will be granted")


def test_missing_options_are_added_to_those_of_the_admin(org: Any, client: Any) -> None:
    spec = wanted("X__c", FieldKind.MULTI_CHOICE, choices=("A", "B", "C"))
    entry = org.field_entry("X__c", "multipicklist", picklistValues=choices("B", "Admin's own"))
    step = plan(org, client, spec, entry)
    assert (step.action, step.reason) == (CHANGE, "options will be added: A, C")


def test_a_standard_field_is_never_created(org: Any, client: Any) -> None:
    step = plan(org, client, wanted("NoSuchField"))
    assert step.action is CANNOT
    assert "__c" in step.reason


def test_a_longer_text_takes_a_shorter_one_and_the_other_way_round(org: Any, client: Any) -> None:
    long_text = org.field_entry("X__c", "textarea", length=32000)
    assert plan(org, client, wanted("X__c", FieldKind.TEXT), long_text).action is LEAVE
    short = org.field_entry("X__c", "string", length=80)
    assert plan(org, client, wanted("X__c", FieldKind.LONG_TEXT), short).action is LEAVE


def test_activities_have_one_step_for_each_object_and_no_long_text(org: Any, client: Any) -> None:
    org.on("GET sobjects/(Task|Event)/describe", {"fields": []})
    org.on("GET tooling/query", org.rows(hidden_field("Y", "Activity")))
    specs = [
        wanted("X__c", target=Target.CALL),
        wanted("Y__c", target=Target.CALL),
        wanted("Z__c", FieldKind.LONG_TEXT, target=Target.CALL),
    ]
    steps = Planner(client, OBJECTS).plan(specs)
    assert [(step.object, step.spec.name, step.action) for step in steps] == [
        ("Task", "X__c", CREATE),
        ("Event", "X__c", CREATE),
        ("Task", "Y__c", CHANGE),
        ("Event", "Y__c", CHANGE),
        ("Task", "Z__c", CANNOT),
        ("Event", "Z__c", CANNOT),
    ]
    assert len(org.seen) == 3


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (wanted("X__c"), {"type": "Checkbox", "defaultValue": False}),
        (
            wanted("X__c", FieldKind.NUMBER, precision=3, scale=2),
            {"type": "Number", "precision": 3, "scale": 2},
        ),
        (wanted("X__c", FieldKind.NUMBER), {"type": "Number", "precision": 18, "scale": 0}),
        (wanted("X__c", FieldKind.TEXT, max_length=80), {"type": "Text", "length": 80}),
        (wanted("X__c", FieldKind.TEXT, max_length=900), {"type": "Text", "length": 255}),
        (
            wanted("X__c", FieldKind.LONG_TEXT),
            {"type": "LongTextArea", "length": 32768, "visibleLines": 6},
        ),
        (wanted("X__c", FieldKind.DATE), {"type": "Date"}),
        (wanted("X__c", FieldKind.DATETIME), {"type": "DateTime"}),
        (
            wanted("X__c", FieldKind.CHOICE, choices=("A",)),
            {
                "type": "Picklist",
                "valueSet": {
                    "restricted": True,
                    "valueSetDefinition": {
                        "sorted": False,
                        "value": [{"fullName": "A", "label": "A", "default": False}],
                    },
                },
            },
        ),
    ],
)
def test_each_kind_has_its_definition(spec: FieldSpec, expected: dict[str, Any]) -> None:
    about = {
        "label": "X__c",
        "description": "Set by Velma.",
        "inlineHelpText": "Set by Velma.",
        "required": False,
    }
    assert metadata(spec) == {**about, **expected}


class Made:
    """An org in which a permission set exists already and grants nothing yet."""

    def __init__(self, org: Any) -> None:
        self.org = org
        self.granted: list[str] = []
        org.on("FROM PermissionSet WHERE", org.rows({"Id": "0PS000000000001AAA"}))
        org.on("FROM FieldPermissions", org.rows())
        org.on("FROM PermissionSetAssignment", org.rows({"Id": "0Pa000000000001AAA"}))
        org.on("POST tooling/sobjects/CustomField", {"id": "00N000000000001AAA", "success": True})
        org.on("POST composite/sobjects", self.grant)

    def grant(self, seen: Any) -> Any:
        self.granted += [record["Field"] for record in seen.body["records"]]
        return [self.org.saved("01k000000000001AAA") for _ in seen.body["records"]]


def create(client: Any, *steps: SchemaStep) -> list[SchemaResult]:
    return Provisioner(client, "Velma_Sync").create(steps)


def test_a_field_of_activities_is_defined_once_and_shown_on_both(org: Any, client: Any) -> None:
    made = Made(org)
    org.on("GET sobjects/(Task|Event)/describe", {"fields": [org.field_entry("X__c", "boolean")]})
    spec = wanted("X__c", target=Target.CALL)
    results = create(client, SchemaStep(CREATE, "Task", spec), SchemaStep(CREATE, "Event", spec))
    assert [result.ok for result in results] == [True, True]
    (definition,) = org.requests("POST tooling")
    assert definition.body["FullName"] == "Activity.X__c"
    assert made.granted == ["Task.X__c", "Event.X__c"]


def test_a_call_read_from_tasks_alone_is_shown_on_events_too(org: Any, client: Any) -> None:
    made = Made(org)
    org.on("GET sobjects/Task/describe", {"fields": [org.field_entry("X__c", "boolean")]})
    create(client, SchemaStep(CREATE, "Task", wanted("X__c", target=Target.CALL)))
    assert made.granted == ["Task.X__c", "Event.X__c"]


def test_what_needs_no_work_costs_nothing(org: Any, client: Any) -> None:
    results = create(
        client,
        SchemaStep(LEAVE, "Opportunity", wanted("X__c")),
        SchemaStep(CANNOT, "Opportunity", wanted("Y__c"), "is of kind text"),
    )
    assert [(result.ok, result.reason) for result in results] == [(True, ""), (False, "is of kind text")]
    assert org.seen == []


def test_a_refused_definition_names_the_reason_and_the_others_go_on(org: Any, client: Any) -> None:
    Made(org)
    org.on("GET sobjects/Opportunity/describe", {"fields": [org.field_entry("Y__c", "boolean")]})
    org.on(
        "POST tooling/sobjects/CustomField",
        org.error(400, "EXCEEDED_QUOTA", "too many custom fields"),
        {"id": "00N000000000001AAA", "success": True},
    )
    results = create(
        client,
        SchemaStep(CREATE, "Opportunity", wanted("X__c")),
        SchemaStep(CREATE, "Opportunity", wanted("Y__c")),
    )
    assert [result.ok for result in results] == [False, True]
    assert "EXCEEDED_QUOTA" in results[0].reason


def test_a_field_made_meanwhile_by_somebody_else_is_no_failure(org: Any, client: Any) -> None:
    Made(org)
    org.on("GET sobjects/Opportunity/describe", {"fields": [org.field_entry("X__c", "boolean")]})
    org.on("POST tooling/sobjects/CustomField", org.error(400, "DUPLICATE_DEVELOPER_NAME", "exists"))
    (result,) = create(client, SchemaStep(CREATE, "Opportunity", wanted("X__c")))
    assert result.ok


def test_a_hidden_field_of_another_type_turns_out_when_it_is_shown(org: Any, client: Any) -> None:
    Made(org)
    org.on("GET sobjects/Opportunity/describe", {"fields": [org.field_entry("X__c", "string")]})
    (result,) = create(client, SchemaStep(CHANGE, "Opportunity", wanted("X__c")))
    assert not result.ok
    assert "is of kind text" in result.reason


def test_options_are_added_behind_those_of_the_admin(org: Any, client: Any) -> None:
    Made(org)
    spec = wanted("X__c", FieldKind.CHOICE, choices=("A", "B", "Old"))
    entry = org.field_entry("X__c", "picklist", picklistValues=choices("Own", "B"))
    done = org.field_entry("X__c", "picklist", picklistValues=choices("Own", "B", "Old", "A"))
    org.on("GET sobjects/Opportunity/describe", {"fields": [entry]}, {"fields": [done]})
    org.on("GET tooling/query", org.rows(hidden_field("X", "Opportunity")))
    values = [
        {"valueName": "Own", "label": "Own", "color": "#ff0000", "default": True},
        {"valueName": "B", "label": "Letter B", "default": False},
        {"valueName": "Old", "label": "Old", "default": False, "isActive": False},
    ]
    definition = {
        "type": "Picklist",
        "label": "X",
        "valueSet": {"restricted": False, "valueSetDefinition": {"sorted": True, "value": values}},
    }
    org.on("GET tooling/sobjects/CustomField/00N", {"Metadata": definition})
    org.on("PATCH tooling/sobjects/CustomField/00N", {})

    (result,) = create(client, SchemaStep(CHANGE, "Opportunity", spec))

    assert result.ok, result.reason
    (sent,) = org.requests("PATCH tooling")
    assert sent.body["FullName"] == "Opportunity.X__c"
    written = sent.body["Metadata"]["valueSet"]["valueSetDefinition"]["value"]
    assert written[:2] == values[:2]
    assert written[2]["isActive"] is True
    assert written[3:] == [{"fullName": "A", "label": "A", "default": False}]
    assert sent.body["Metadata"]["valueSet"]["restricted"] is False


def test_a_global_value_set_is_left_to_the_admin(org: Any, client: Any) -> None:
    Made(org)
    org.on("GET sobjects/Opportunity/describe", {"fields": [org.field_entry("X__c", "picklist")]})
    org.on("GET tooling/query", org.rows(hidden_field("X", "Opportunity")))
    org.on("GET tooling/sobjects/CustomField/00N", {"Metadata": {"valueSet": {"valueSetName": "Shared"}}})
    spec = wanted("X__c", FieldKind.CHOICE, choices=("A",))
    (result,) = create(client, SchemaStep(CHANGE, "Opportunity", spec))
    assert not result.ok
    assert "global value set" in result.reason
    assert not org.requests("PATCH")


def test_access_that_is_refused_is_told(org: Any, client: Any) -> None:
    Made(org)
    org.on("GET sobjects/Opportunity/describe", {"fields": []})
    org.on("POST composite/sobjects", [org.refused("INSUFFICIENT_ACCESS", "")])
    (result,) = create(client, SchemaStep(CHANGE, "Opportunity", wanted("X__c")))
    assert not result.ok
    assert "INSUFFICIENT_ACCESS" in result.reason
