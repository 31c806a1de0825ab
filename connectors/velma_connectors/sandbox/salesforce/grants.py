"""The rules of permission sets, their field permissions and their assignments."""

from __future__ import annotations

import re

from velma_connectors.sandbox.salesforce.objects import ACTIVITY, Schema
from velma_connectors.sandbox.salesforce.records import Record, RecordTable
from velma_connectors.sandbox.salesforce.refusals import Refusal
from velma_connectors.sandbox.salesforce.switches import OrgSwitches

_DEVELOPER_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")


def check_grant(
    object_name: str, record: Record, schema: Schema, records: RecordTable, switches: OrgSwitches
) -> None:
    """Raise the Refusal that stands against a new or changed row of the permission objects."""
    if object_name == "PermissionSet":
        _check_set(record, records)
    elif object_name == "FieldPermissions":
        _check_field(record, schema, switches)
        _check_single(record, _others(record, "FieldPermissions", records), schema, switches)
    elif object_name == "PermissionSetAssignment":
        for other in _others(record, object_name, records):
            if (other["AssigneeId"], other["PermissionSetId"]) == (
                record["AssigneeId"],
                record["PermissionSetId"],
            ):
                raise _duplicate(other["Id"])


def _others(record: Record, object_name: str, records: RecordTable) -> list[Record]:
    return [row for row in records.all(object_name) if row["Id"] != record["Id"] and not row["IsDeleted"]]


def _duplicate(other_id: str) -> Refusal:
    return Refusal(
        "DUPLICATE_VALUE",
        f"duplicate value found: <unknown> duplicates value on record with id: {other_id}",
        (),
    )


def _check_set(record: Record, records: RecordTable) -> None:
    name = record["Name"]
    if not _DEVELOPER_NAME.fullmatch(name):
        raise Refusal(
            "INVALID_FIELD",
            "The Permission Set Name can only contain underscores and alphanumeric characters, must begin "
            "with a letter, not end with an underscore, and not contain two consecutive underscores.",
            ("Name",),
        )
    if any(other["Name"].lower() == name.lower() for other in _others(record, "PermissionSet", records)):
        raise Refusal("DUPLICATE_DEVELOPER_NAME", f"duplicate permission set name: {name}", ("Name",))


def _check_field(record: Record, schema: Schema, switches: OrgSwitches) -> None:
    definition = schema.find(record["SobjectType"])
    if definition is None or definition.name != record["SobjectType"]:
        raise _bad_choice("Sobject Type Name", "SobjectType", record["SobjectType"])
    object_name, _, field_name = record["Field"].partition(".")
    found = schema.fields(definition.name).get(field_name.lower())
    if object_name != definition.name or found is None or found.name != field_name:
        raise _bad_choice("Field Name", "Field", record["Field"])
    if not found.permissionable and switches.required_field_permissions == "refused":
        raise Refusal(
            "FIELD_INTEGRITY_EXCEPTION",
            f"field permissions cannot be set for the field {record['Field']}",
            ("Field",),
        )
    if record["PermissionsEdit"] and not record["PermissionsRead"]:
        raise Refusal(
            "FIELD_INTEGRITY_EXCEPTION",
            "Permission Edit depends on permission(s): Read",
            ("PermissionsEdit",),
        )
    if record["PermissionsEdit"] and found.calculated:
        raise Refusal("FIELD_INTEGRITY_EXCEPTION", "a formula field takes Read alone", ("PermissionsEdit",))


def _bad_choice(label: str, field_name: str, value: str) -> Refusal:
    return Refusal(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{label}: bad value for restricted picklist field: {value}",
        (field_name,),
    )


def _check_single(record: Record, others: list[Record], schema: Schema, switches: OrgSwitches) -> None:
    """One row per permission set and field; with shared access Task and Event have one between them."""
    name = record["Field"].partition(".")[2]
    same = {record["Field"]}
    activities = schema.objects_showing(ACTIVITY)
    if switches.activity_access == "shared" and record["SobjectType"] in activities:
        same.update(f"{activity}.{name}" for activity in activities)
    for other in others:
        if other["ParentId"] == record["ParentId"] and other["Field"] in same:
            raise _duplicate(other["Id"])
