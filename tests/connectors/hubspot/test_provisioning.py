"""Properties made in a portal: created, completed, and looked at again; nothing of the admin's is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from werkzeug.wrappers import Response

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.provisioning import Provisioner
from velma_connectors.hubspot.schema import WITHOUT_GUARANTEE, Planner
from velma_connectors.model import FieldKind, FieldSpec, SchemaAction, SchemaResult, SchemaStep, Target
from velma_connectors.sandbox.faults import Fault

OBJECTS = {Target.CALL: ("calls",), Target.DEAL: ("deals",)}
ENUMERATION = {"name": "velma_x", "type": "enumeration", "fieldType": "checkbox"}


def wanted(name: str = "velma_x", kind: FieldKind = FieldKind.TEXT, **more: Any) -> FieldSpec:
    settings = {"target": Target.DEAL, "label": name, "help": "Set by Velma.", **more}
    return FieldSpec(name=name, kind=kind, **settings)


def provision(client: Any, *specs: FieldSpec) -> list[SchemaResult]:
    """Plan and carry out; results without that of the notes' key."""
    *results, _ = Provisioner(client).create(Planner(client, OBJECTS).plan(specs))
    return results


def note_key(client: Any) -> SchemaResult:
    (result,) = Provisioner(client).create(Planner(client, OBJECTS).plan([]))
    return result


def found(client: Any, object_name: str, name: str) -> dict[str, Any]:
    """A property as the portal defines it now."""
    definition: dict[str, Any] = client.get(paths.properties(object_name, name))
    return definition


def names(client: Any, object_name: str) -> set[str]:
    return {entry["name"] for entry in client.get(paths.properties(object_name))["results"]}


def values(options: Sequence[dict[str, Any]]) -> list[str]:
    return [option["value"] for option in options]


EVERY_KIND = [
    wanted(f"velma_{kind.value}", kind, choices=("A", "B") if "choice" in kind else ())
    for kind in FieldKind
    if kind is not FieldKind.OTHER
]


def test_properties_of_every_kind_are_made_in_a_group_of_their_own(portal: Any, client: Any) -> None:
    results = provision(client, *EVERY_KIND)
    assert [(result.ok, result.reason) for result in results] == [(True, "")] * len(EVERY_KIND)
    assert {found(client, "deals", spec.name)["groupName"] for spec in EVERY_KIND} == {"velma"}
    groups = client.get(paths.properties("deals", "groups"))["results"]
    assert [group["label"] for group in groups if group["name"] == "velma"] == ["Velma"]
    again = Planner(client, OBJECTS).plan(EVERY_KIND)
    assert {step.action for step in again} == {SchemaAction.LEAVE}


def test_many_properties_cost_few_requests(portal: Any, client: Any) -> None:
    steps = Planner(client, OBJECTS).plan([wanted(f"velma_{n}") for n in range(40)])
    before = portal.usage.snapshot()["requests"]
    assert all(result.ok for result in Provisioner(client).create(steps))
    assert portal.usage.snapshot()["requests"] - before <= 9


def test_provisioning_again_changes_nothing(portal: Any, client: Any) -> None:
    steps = Planner(client, OBJECTS).plan(EVERY_KIND)
    Provisioner(client).create(steps)
    before = client.get(paths.properties("deals"))
    assert all(result.ok for result in Provisioner(client).create(steps))
    assert client.get(paths.properties("deals")) == before


def test_one_property_that_is_refused_leaves_the_others(portal: Any, client: Any) -> None:
    results = provision(client, wanted("velma_a"), wanted("hs_reserved"), wanted("velma_b"))
    assert [result.ok for result in results] == [True, False, True]
    assert results[1].reason


def test_options_are_added_to_those_of_the_admin_even_to_the_newest(portal: Any, client: Any) -> None:
    own = {"label": "Own", "value": "own", "displayOrder": 3, "hidden": False, "description": "ours"}
    hidden = {"label": "Old", "value": "old", "displayOrder": 4, "hidden": True, "description": ""}
    portal.add_property("deals", {**ENUMERATION, "options": [own, hidden]})
    spec = wanted(kind=FieldKind.MULTI_CHOICE, choices=("A", "old"))
    steps = Planner(client, OBJECTS).plan([spec])
    newest = {"label": "Newest", "value": "newest", "displayOrder": 5, "hidden": False, "description": ""}
    portal.change_property("deals", "velma_x", {"options": [own, hidden, newest]})

    assert Provisioner(client).create(steps)[0].ok
    options = found(client, "deals", "velma_x")["options"]
    assert options[:3] == [own, {**hidden, "hidden": False}, newest]
    assert values(options) == ["own", "old", "newest", "A"]


def test_options_that_hubspot_refuses_are_told(portal: Any, client: Any, faults: Any) -> None:
    portal.add_property("deals", {**ENUMERATION, "options": []})
    refused = Response(
        '{"status":"error","message":"no","category":"VALIDATION_ERROR"}',
        status=400,
        mimetype="application/json",
    )
    faults.add(Fault("PATCH .*/velma_x", answer=refused))
    (result,) = provision(client, wanted(kind=FieldKind.MULTI_CHOICE, choices=("A",)))
    assert not result.ok
    assert result.reason


@pytest.mark.parametrize("category", ["CONFLICT", "VALIDATION_ERROR"])
def test_a_property_made_meanwhile_is_compared(portal: Any, client: Any, category: str) -> None:
    portal.switches.duplicate_property_category = category
    steps = Planner(client, OBJECTS).plan([wanted("velma_a"), wanted("velma_b")])
    portal.add_property("deals", {"name": "velma_a", "type": "string", "fieldType": "text"})
    portal.add_property("deals", {"name": "velma_b", "type": "number", "fieldType": "number"})
    fits, other, _ = Provisioner(client).create(steps)
    assert fits.ok
    assert not other.ok
    assert "is of kind number" in other.reason


@pytest.mark.parametrize("taken", [True, False])
def test_a_name_in_the_bin_is_told_when_hubspot_refuses_it(portal: Any, client: Any, taken: bool) -> None:
    portal.switches.archived_names_are_taken = taken
    portal.add_property("deals", {"name": "velma_x", "type": "string", "fieldType": "text"})
    portal.delete_property("deals", "velma_x")
    (result,) = provision(client, wanted())
    assert result.ok is not taken
    assert ("a deleted property of this name" in result.reason) is taken


def test_the_key_of_notes_is_unique_where_the_portal_allows_it(portal: Any, client: Any) -> None:
    result = note_key(client)
    assert (result.ok, result.reason) == (True, "")
    assert found(client, "notes", "velma_note_key")["hasUniqueValue"] is True


def test_a_portal_without_unique_notes_gets_a_plain_key(portal: Any, client: Any) -> None:
    portal.switches.unique_note_properties = False
    result = note_key(client)
    assert (result.ok, result.reason) == (True, WITHOUT_GUARANTEE)
    assert found(client, "notes", "velma_note_key")["hasUniqueValue"] is False


def test_a_lost_answer_makes_no_plain_key(portal: Any, client: Any, faults: Any) -> None:
    faults.add(Fault("POST .*/notes$", cut="before"))
    result = note_key(client)
    assert not result.ok
    assert "velma_note_key" not in names(client, "notes")
    assert note_key(client).ok


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_answer_of_a_batch_is_made_up_for(portal: Any, client: Any, faults: Any, cut: str) -> None:
    faults.add(Fault("POST .*/deals/batch/create", cut=cut))
    results = provision(client, wanted("velma_a"), wanted("velma_b"))
    assert [result.ok for result in results] == [True, True]


def test_a_missing_scope_is_named(portal: Any, client: Any, token: str) -> None:
    steps = Planner(client, OBJECTS).plan([wanted(), wanted(target=Target.CALL)])
    portal.add_token(token, ["crm.schemas.deals.read", "crm.schemas.calls.write", "crm.schemas.calls.read"])
    deal, call, _ = Provisioner(client).create(steps)
    assert (deal.ok, call.ok) == (False, True)
    assert "crm.schemas.deals.write" in deal.reason


def test_steps_that_need_nothing_cost_nothing(portal: Any, client: Any) -> None:
    steps = [
        SchemaStep(SchemaAction.LEAVE, "deals", wanted("velma_a")),
        SchemaStep(SchemaAction.CANNOT, "deals", wanted("velma_b"), "is of another kind"),
    ]
    results = Provisioner(client).create(steps)
    assert [(result.ok, result.reason) for result in results] == [(True, ""), (False, "is of another kind")]
    assert portal.usage.snapshot()["requests"] == 0


def test_two_steps_for_one_property_make_it_once_with_the_options_of_both(portal: Any, client: Any) -> None:
    specs = [
        wanted(kind=FieldKind.MULTI_CHOICE, choices=("A",)),
        wanted(kind=FieldKind.MULTI_CHOICE, choices=("B",)),
    ]
    assert [result.ok for result in provision(client, *specs)] == [True, True]
    assert sorted(values(found(client, "deals", "velma_x")["options"])) == ["A", "B"]
