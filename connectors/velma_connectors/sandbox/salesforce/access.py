"""Who may see and change what: user permissions, objects, and fields down to each user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from velma_connectors.sandbox.salesforce.fields import FieldDefinition
from velma_connectors.sandbox.salesforce.objects import ACTIVITY, ObjectDefinition, Schema
from velma_connectors.sandbox.salesforce.records import RecordTable
from velma_connectors.sandbox.salesforce.switches import OrgSwitches

Level = Literal["hidden", "read", "edit"]
EVERYBODY = ""
_RANKS: dict[Level, int] = {"hidden": 0, "read": 1, "edit": 2}


@dataclass(frozen=True, slots=True)
class VisibleField:
    """A field a user may read, and whether the user may also write it."""

    definition: FieldDefinition
    editable: bool


@dataclass(slots=True)
class Access:
    """Grants of profiles (set from outside) joined with those of permission sets (records of the org)."""

    schema: Schema
    records: RecordTable
    permissions: dict[str, set[str]] = field(default_factory=dict)
    objects: dict[tuple[str, str], Level] = field(default_factory=dict)
    """Level by object and user; EVERYBODY for the profile all users share."""
    fields: dict[tuple[str, str, str], Level] = field(default_factory=dict)
    """Level by object, field and user, in place of the usual one. Change it with `set_field_level`."""
    revision: int = 0
    _seen: tuple[tuple[int, int, int], datetime] | None = None
    _known: dict[tuple[str, str, int], tuple[object, dict[str, VisibleField]]] = field(default_factory=dict)

    def may(self, user_id: str, permission: str) -> bool:
        if permission in self.permissions.get(user_id, ()):
            return True
        column = f"Permissions{permission}"
        return any((self.records.get(set_id) or {}).get(column) is True for set_id in self._assigned(user_id))

    def set_field_level(self, object_name: str, field_name: str, level: Level, user_id: str) -> None:
        self.fields[object_name, field_name, user_id] = level
        self.revision += 1
        self._known.clear()

    def changed_at(self, moment: datetime) -> datetime:
        """When objects, fields or rights on them last changed, as far as was asked before."""
        changes = self.records.changes
        state = (self.schema.revision, self.revision, changes["FieldPermissions"])
        if self._seen is None or self._seen[0] != state:
            self._seen = (state, moment)
        return self._seen[1]

    def object_level(self, user_id: str, definition: ObjectDefinition) -> Level:
        """What the user may do with the records of an object at all."""
        if definition.needs and not self.may(user_id, definition.needs):
            return "hidden"
        if definition.edit_needs and not self.may(user_id, definition.edit_needs):
            return "read"
        everybody = self.objects.get((definition.name, EVERYBODY), "edit")
        return self.objects.get((definition.name, user_id), everybody)

    def visible(
        self, user_id: str, object_name: str, version: int, switches: OrgSwitches
    ) -> dict[str, VisibleField]:
        """Fields of an object that the user may read, by folded name."""
        changes = self.records.changes
        state = (
            changes["FieldPermissions"],
            changes["PermissionSetAssignment"],
            self.schema.revision,
            switches.activity_access,
        )
        key = (user_id, object_name, version)
        if key not in self._known or self._known[key][0] != state:
            self._known[key] = (state, self._visible(user_id, object_name, version, switches))
        return self._known[key][1]

    def _visible(
        self, user_id: str, object_name: str, version: int, switches: OrgSwitches
    ) -> dict[str, VisibleField]:
        granted = self._granted(user_id, object_name, switches)
        visible = {}
        for folded, definition in self.schema.fields(object_name).items():
            level = max(
                self._profile_level(user_id, object_name, definition),
                granted.get(definition.name, "hidden"),
                key=_RANKS.__getitem__,
            )
            if level != "hidden" and definition.since <= version:
                visible[folded] = VisibleField(definition, level == "edit")
        return visible

    def _profile_level(self, user_id: str, object_name: str, definition: FieldDefinition) -> Level:
        usual: Level = "hidden" if definition.custom else "edit"
        everybody = self.fields.get((object_name, definition.name, EVERYBODY), usual)
        return self.fields.get((object_name, definition.name, user_id), everybody)

    def _assigned(self, user_id: str) -> list[str]:
        return [
            row["PermissionSetId"]
            for row in self.records.all("PermissionSetAssignment")
            if row["AssigneeId"] == user_id and not row["IsDeleted"]
        ]

    def _granted(self, user_id: str, object_name: str, switches: OrgSwitches) -> Mapping[str, Level]:
        """Levels that assigned permission sets give, by field name."""
        sources = {object_name}
        if switches.activity_access == "shared" and object_name in self.schema.objects_showing(ACTIVITY):
            sources.update(self.schema.objects_showing(ACTIVITY))
        assigned = set(self._assigned(user_id))
        granted: dict[str, Level] = {}
        for row in self.records.all("FieldPermissions"):
            if row["ParentId"] not in assigned or row["IsDeleted"] or row["SobjectType"] not in sources:
                continue
            name = row["Field"].partition(".")[2]
            level: Level = "edit" if row["PermissionsEdit"] else "read"
            granted[name] = max(granted.get(name, "hidden"), level, key=_RANKS.__getitem__)
        return granted
