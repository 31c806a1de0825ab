"""What a user is told of its own permissions and licenses."""

from __future__ import annotations

from typing import Any

ASK = "SELECT PermissionsViewAllData, PermissionsApiEnabled FROM UserPermissionAccess"


def test_a_user_is_told_of_its_own_permissions_and_of_no_others(door: Any) -> None:
    (row,) = door.query(ASK)
    assert row == {"PermissionsViewAllData": True, "PermissionsApiEnabled": True}
    door.org.set_permission(door.user_id, "ViewAllData", False)
    (row,) = door.query(ASK)
    assert row == {"PermissionsViewAllData": False, "PermissionsApiEnabled": True}
    other = door.org.open_session(door.org.admin_id)
    door.token = other.token
    (row,) = door.query(ASK)
    assert row["PermissionsViewAllData"], "the admin still has it"


def test_a_permission_set_counts_as_well(door: Any) -> None:
    door.org.set_permission(door.user_id, "ViewAllData", False)
    made = door.org.insert("PermissionSet", {"Name": "Wide", "Label": "Wide", "PermissionsViewAllData": True})
    door.org.insert("PermissionSetAssignment", {"AssigneeId": door.user_id, "PermissionSetId": made})
    (row,) = door.query(ASK)
    assert row["PermissionsViewAllData"]


def test_permissions_are_read_and_never_written(door: Any) -> None:
    door.query(ASK)
    status, code, _ = door.refusal("POST", "/sobjects/UserPermissionAccess", json={})
    assert (status, code) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")


def test_licenses_are_told_by_the_users_profile_and_its_assignments(door: Any) -> None:
    license = door.org.insert("UserLicense", {"Name": "Salesforce Integration"})
    door.org.update(door.org.profile_id, {"UserLicenseId": license})
    held = door.org.insert("PermissionSetLicense", {"DeveloperName": "SalesforceAPIIntegrationPsl"})
    door.org.insert(
        "PermissionSetLicenseAssign", {"AssigneeId": door.user_id, "PermissionSetLicenseId": held}
    )
    (user,) = door.query(f"SELECT Profile.UserLicense.Name FROM User WHERE Id = '{door.user_id}'")
    assert user["Profile"]["UserLicense"]["Name"] == "Salesforce Integration"
    (row,) = door.query(
        "SELECT PermissionSetLicense.DeveloperName FROM PermissionSetLicenseAssign "
        f"WHERE AssigneeId = '{door.user_id}'"
    )
    assert row["PermissionSetLicense"]["DeveloperName"] == "SalesforceAPIIntegrationPsl"
