"""Licenses of users, and what a user may do by all profiles and permission sets together."""

from __future__ import annotations

from velma_connectors.sandbox.salesforce.catalogue.setup import ALL_PERMISSIONS
from velma_connectors.sandbox.salesforce.fields import (
    READ_ONLY,
    FieldDefinition,
    flag,
    lookup,
    system_fields,
    text,
)
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition

_ID: tuple[FieldDefinition, ...] = tuple(
    each for each in system_fields(deletable=False) if each.name in ("Id", "SystemModstamp")
)


def _read_only(name: str, label: str, key_prefix: str, *fields: FieldDefinition) -> ObjectDefinition:
    return ObjectDefinition(
        name=name,
        label=label,
        plural=label,
        key_prefix=key_prefix,
        createable=False,
        updateable=False,
        deletable=False,
        setup=True,
        fields=(*_ID, *fields),
    )


USER_LICENSE = _read_only(
    "UserLicense", "User License", "100", text("Name", "Name", 40), text("MasterLabel", "Label", 40)
)
PERMISSION_SET_LICENSE = _read_only(
    "PermissionSetLicense",
    "Permission Set License",
    "0PL",
    text("DeveloperName", "Developer Name", 80),
    text("MasterLabel", "Label", 80),
)
PERMISSION_SET_LICENSE_ASSIGN = _read_only(
    "PermissionSetLicenseAssign",
    "Permission Set License Assignment",
    "2LA",
    lookup("AssigneeId", "Assignee ID", "Assignee", "User"),
    lookup(
        "PermissionSetLicenseId",
        "Permission Set License ID",
        "PermissionSetLicense",
        "PermissionSetLicense",
    ),
)
USER_PERMISSION_ACCESS = _read_only(
    "UserPermissionAccess",
    "User Permission Access",
    "000",
    *(flag(f"Permissions{name}", name, **READ_ONLY) for name in sorted(ALL_PERMISSIONS)),
)
"""Of the user who asks, and of nobody else; one row (Salesforce Object Reference)."""
