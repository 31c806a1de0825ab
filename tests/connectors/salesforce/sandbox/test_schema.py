"""Fields made in an emulated org: once, visible, and beside what its admin made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from velma_connectors.model import (
    SchemaAction,
)
from velma_connectors.sandbox.salesforce.incoming import Author


def test_fields_are_made_once_and_are_usable_at_once(rig: Any) -> None:
    assert set(rig.provision()) == {SchemaAction.CREATE}
    state = (len(rig.org.rows("CustomField")), len(rig.org.rows("FieldPermissions")))
    assert set(rig.provision()) == {SchemaAction.LEAVE}
    assert state == (len(rig.org.rows("CustomField")), len(rig.org.rows("FieldPermissions")))

    fields = rig.connector.fields("Task")
    assert {spec.name: fields[spec.name].kind for spec in rig.call_specs} == {
        spec.name: spec.kind for spec in rig.call_specs
    }
    assert all(fields[spec.name].writable for spec in rig.call_specs)
    assert fields["Velma_Rivals__c"].choices == ("Acme", "Be")
    assert (fields["Velma_Score__c"].precision, fields["Velma_Score__c"].scale) == (3, 2)
    assert fields["Velma_Reason__c"].max_length == 40
    assert set(rig.connector.fields("Event")) >= {spec.name for spec in rig.call_specs}


def test_a_plan_changes_nothing(rig: Any) -> None:
    rig.connector.plan_fields(rig.specs)
    assert not [row for row in rig.org.rows("CustomField") if row["DeveloperName"].startswith("Velma")]
    assert not rig.org.rows("PermissionSet")


def test_a_field_that_exists_but_is_hidden_is_shown(rig: Any) -> None:
    checkbox = {"type": "Checkbox", "label": "Flag", "defaultValue": False}
    rig.org.add_custom_field("Activity", "Velma_Flag__c", checkbox, level="hidden")
    fields_before = len(rig.org.rows("CustomField"))
    assert rig.provision(rig.call_specs[1:2]) == [SchemaAction.CHANGE]
    assert len(rig.org.rows("CustomField")) == fields_before
    assert rig.provision(rig.call_specs[1:2]) == [SchemaAction.LEAVE]


def test_options_are_added_and_the_admins_own_stay(rig: Any) -> None:
    rig.provision(rig.call_specs)
    wider = replace(rig.call_specs[5], choices=("Acme", "Gamma"))
    assert rig.provision([wider]) == [SchemaAction.CHANGE]
    assert rig.connector.fields("Task")["Velma_Rivals__c"].choices == ("Acme", "Be", "Gamma")
    assert rig.provision([wider]) == [SchemaAction.LEAVE]


def test_an_option_of_the_admin_that_differs_in_capitals_is_the_wanted_one(rig: Any) -> None:
    rig.provision(rig.call_specs)
    louder = replace(rig.call_specs[5], choices=("ACME", "Gamma"))
    assert rig.provision([louder]) == [SchemaAction.CHANGE]
    assert rig.connector.fields("Task")["Velma_Rivals__c"].choices == ("Acme", "Be", "Gamma")


def test_an_option_that_the_admin_switched_off_is_switched_on_where_it_stands(rig: Any) -> None:
    rig.provision(rig.call_specs)
    (row,) = (row for row in rig.org.rows("CustomField") if row["DeveloperName"] == "Velma_Rivals")
    values = row["Metadata"]["valueSet"]["valueSetDefinition"]["value"]
    values[0]["isActive"] = False
    author = Author(rig.user_id, rig.now, trusted=True)
    rig.org.custom_fields.change(row["Id"], row["Metadata"], author)
    assert rig.connector.fields("Task")["Velma_Rivals__c"].choices == ("Be",)
    assert rig.provision([replace(rig.call_specs[5], choices=("acme", "Be"))]) == [SchemaAction.CHANGE]
    assert rig.connector.fields("Task")["Velma_Rivals__c"].choices == ("Acme", "Be")


def test_without_the_right_to_customize_the_reason_is_told(rig: Any) -> None:
    rig.org.set_permission(rig.user_id, "CustomizeApplication", False)
    results = rig.connector.create_fields(rig.connector.plan_fields(rig.call_specs[:1]))
    assert [result.ok for result in results] == [False]
    assert results[0].reason


def test_edit_access_that_was_taken_away_is_granted_again_in_place(rig: Any) -> None:
    rig.provision(rig.call_specs[:1])
    granted = rig.org.rows("FieldPermissions")
    for row in granted:
        rig.org.update(row["Id"], {"PermissionsEdit": False})
    assert not rig.connector.fields("Task")["Velma_Status__c"].writable
    assert rig.provision(rig.call_specs[:1]) == [SchemaAction.CHANGE]
    again = rig.org.rows("FieldPermissions")
    assert {row["Id"] for row in again} == {row["Id"] for row in granted}
    assert all(row["PermissionsEdit"] for row in again)
