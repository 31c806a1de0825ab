"""A permission set that shows fields to this connection's user, made once and completed when repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.soql import quoted, select
from velma_connectors.salesforce.verdicts import described, faults_in

LABEL = "Velma Sync"
MAX_ROWS = 200
_TYPE = {"attributes": {"type": "FieldPermissions"}}
_RIGHTS = {"PermissionsRead": True, "PermissionsEdit": True}


class Permissions:
    """Grants read and edit access to fields through one permission set, and assigns it to ourselves."""

    def __init__(self, client: SalesforceClient, name: str) -> None:
        self._client = client
        self._name = name

    def grant(self, fields: Sequence[str]) -> dict[str, str]:
        """Grant `Object.Field` names and assign the set; the reasons of those that were refused."""
        set_id = self._permission_set()
        present = self._present(set_id)
        new = {
            field: {
                **_TYPE,
                **_RIGHTS,
                "ParentId": set_id,
                "SobjectType": field.split(".")[0],
                "Field": field,
            }
            for field in fields
            if field not in present
        }
        weak = {
            field: {**_TYPE, **_RIGHTS, "id": present[field]["Id"]}
            for field in fields
            if field in present and not present[field]["PermissionsEdit"]
        }
        reasons = self._save("POST", new) | self._save("PATCH", weak)
        self._assign(set_id)
        return reasons

    def _permission_set(self) -> str:
        rows = self._client.query(select(("Id",), "PermissionSet", f"Name = {quoted(self._name)}"))
        if rows:
            return str(rows[0]["Id"])
        made = self._client.send("POST", "sobjects/PermissionSet", {"Name": self._name, "Label": LABEL})
        return str(made["id"])

    def _present(self, set_id: str) -> dict[str, dict[str, Any]]:
        columns = ("Id", "Field", "PermissionsEdit")
        rows = self._client.query(select(columns, "FieldPermissions", f"ParentId = {quoted(set_id)}"))
        return {row["Field"]: row for row in rows}

    def _save(self, method: str, rows: dict[str, dict[str, Any]]) -> dict[str, str]:
        reasons = {}
        fields = list(rows)
        for start in range(0, len(fields), MAX_ROWS):
            some = fields[start : start + MAX_ROWS]
            body = {"allOrNone": False, "records": [rows[field] for field in some]}
            answer = self._client.send(method, "composite/sobjects", body)
            for field, item in zip(some, answer, strict=True):
                if not item["success"]:
                    faults = faults_in(item["errors"])
                    reasons[field] = described(faults[0]) if faults else "access was not granted"
        return reasons

    def _assign(self, set_id: str) -> None:
        user_id = self._client.user_id
        where = f"PermissionSetId = {quoted(set_id)} AND AssigneeId = {quoted(user_id)}"
        if not self._client.query(select(("Id",), "PermissionSetAssignment", where)):
            body = {"PermissionSetId": set_id, "AssigneeId": user_id}
            self._client.send("POST", "sobjects/PermissionSetAssignment", body)
