"""Users, the organization, and the permissions that open fields to users."""

from __future__ import annotations

from velma_connectors.sandbox.salesforce.fields import (
    READ_ONLY,
    field,
    flag,
    long_text,
    lookup,
    picklist,
    system_fields,
    text,
)
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition

MANAGE_SETS = "ManageProfilesPermissionsets"
ALL_PERMISSIONS = frozenset(
    {
        "ApiEnabled",
        "AssignPermissionSets",
        "CreateCustomizeFilters",
        "CreateCustomizeReports",
        "CreateReportFolders",
        "CustomizeApplication",
        MANAGE_SETS,
        "ManagePublicListviews",
        "ModifyAllData",
        "QueryAllFiles",
        "RunReports",
        "ViewAllData",
        "ViewSetup",
    }
)
"""The user permissions that make a difference here, by the names of their columns on PermissionSet."""

USUAL_PERMISSIONS = ALL_PERMISSIONS - {"QueryAllFiles"}

USER = ObjectDefinition(
    name="User",
    label="User",
    plural="People",
    key_prefix="005",
    name_field="Name",
    createable=False,
    updateable=False,
    deletable=False,
    setup=True,
    takes_custom_fields=True,
    fields=(
        *system_fields(deletable=False),
        text("Username", "Username", 80, nillable=False, unique=True),
        text("LastName", "Last Name", 80, nillable=False),
        text("FirstName", "First Name", 40),
        text("Name", "Full Name", 121, nillable=False, defaulted_on_create=True, **READ_ONLY),
        text("Title", "Title", 80),
        text("Department", "Department", 80),
        field("Email", "Email", "email", length=128, nillable=False),
        field("Phone", "Phone", "phone", length=40),
        text("Alias", "Alias", 8, nillable=False, defaulted_on_create=True),
        flag("IsActive", "Active", default=True),
        picklist("UserType", "User Type", ("Standard", "CsnOnly"), restricted=True, **READ_ONLY),
        picklist("TimeZoneSidKey", "Time Zone", ("Etc/UTC",), restricted=True, default="Etc/UTC"),
        lookup("ProfileId", "Profile ID", "Profile", "Profile"),
        lookup("ManagerId", "Manager ID", "Manager", "User"),
    ),
)

PROFILE = ObjectDefinition(
    name="Profile",
    label="Profile",
    plural="Profile",
    key_prefix="00e",
    name_field="Name",
    createable=False,
    updateable=False,
    deletable=False,
    setup=True,
    fields=(
        *system_fields(deletable=False),
        text("Name", "Name", 255, nillable=False),
        long_text("Description", "Description", 255, filterable=True, sortable=True),
        lookup("UserLicenseId", "User License ID", "UserLicense", "UserLicense"),
    ),
)

ORGANIZATION = ObjectDefinition(
    name="Organization",
    label="Organization",
    plural="Organization",
    key_prefix="00D",
    name_field="Name",
    createable=False,
    updateable=False,
    deletable=False,
    setup=True,
    fields=(
        *system_fields(deletable=False),
        text("Name", "Name", 80, nillable=False),
        picklist("OrganizationType", "Edition", ("Developer Edition", "Enterprise Edition"), **READ_ONLY),
        flag("IsSandbox", "Is Sandbox", **READ_ONLY),
        text("InstanceName", "Instance Name", 5, **READ_ONLY),
        text("NamespacePrefix", "Namespace Prefix", 15, **READ_ONLY),
        picklist("LanguageLocaleKey", "Language", ("en_US",), restricted=True),
        picklist("TimeZoneSidKey", "Time Zone", ("Etc/UTC",), restricted=True),
        field("TrialExpirationDate", "Trial Expiration Date", "datetime", **READ_ONLY),
    ),
)

RECORD_TYPE = ObjectDefinition(
    name="RecordType",
    label="Record Type",
    plural="Record Types",
    key_prefix="012",
    name_field="Name",
    createable=False,
    updateable=False,
    deletable=False,
    setup=True,
    fields=(
        *system_fields(deletable=False),
        text("Name", "Name", 80, nillable=False),
        text("DeveloperName", "Record Type Name", 80, nillable=False),
        picklist("SobjectType", "Sobject Type Name", (), nillable=False),
        flag("IsActive", "Active", default=True),
    ),
)

PERMISSION_SET = ObjectDefinition(
    name="PermissionSet",
    label="Permission Set",
    plural="Permission Set",
    key_prefix="0PS",
    name_field="Name",
    setup=True,
    edit_needs=MANAGE_SETS,
    fields=(
        *system_fields(deletable=False),
        text("Name", "Permission Set Name", 80, nillable=False),
        text("Label", "Permission Set Label", 80, nillable=False),
        text("Description", "Description", 255),
        text("NamespacePrefix", "Namespace Prefix", 15, **READ_ONLY),
        flag("IsOwnedByProfile", "Is Owned By Profile", **READ_ONLY),
        flag("IsCustom", "Is Custom", default=True, **READ_ONLY),
        picklist("Type", "Type", ("Regular", "Profile"), restricted=True, default="Regular", **READ_ONLY),
        *(flag(f"Permissions{name}", name) for name in sorted(ALL_PERMISSIONS)),
    ),
)

PERMISSION_SET_ASSIGNMENT = ObjectDefinition(
    name="PermissionSetAssignment",
    label="Permission Set Assignment",
    plural="Permission Set Assignments",
    key_prefix="0Pa",
    setup=True,
    updateable=False,
    edit_needs="AssignPermissionSets",
    fields=(
        *(each for each in system_fields(deletable=False) if each.name in ("Id", "SystemModstamp")),
        lookup(
            "AssigneeId",
            "Assignee ID",
            "Assignee",
            "User",
            child_relationship="PermissionSetAssignments",
            nillable=False,
            updateable=False,
        ),
        lookup(
            "PermissionSetId",
            "PermissionSet ID",
            "PermissionSet",
            "PermissionSet",
            child_relationship="Assignments",
            cascades=True,
            nillable=False,
            updateable=False,
        ),
        flag("IsActive", "Is Active", default=True, **READ_ONLY),
    ),
)

FIELD_PERMISSIONS = ObjectDefinition(
    name="FieldPermissions",
    label="Field Permissions",
    plural="Field Permissions",
    key_prefix="01k",
    setup=True,
    needs="ViewSetup",
    edit_needs=MANAGE_SETS,
    fields=(
        *(each for each in system_fields(deletable=False) if each.name in ("Id", "SystemModstamp")),
        lookup(
            "ParentId",
            "Parent ID",
            "Parent",
            "PermissionSet",
            child_relationship="FieldPerms",
            cascades=True,
            nillable=False,
            updateable=False,
        ),
        picklist("SobjectType", "Sobject Type Name", (), nillable=False, updateable=False),
        picklist("Field", "Field Name", (), nillable=False, updateable=False),
        flag("PermissionsRead", "Read Field"),
        flag("PermissionsEdit", "Edit Field"),
    ),
)
