"""Custom fields of an org: made from metadata, kept as CustomField records, shown by the schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from velma_connectors.sandbox.salesforce.field_metadata import definition_from
from velma_connectors.sandbox.salesforce.fields import FieldDefinition
from velma_connectors.sandbox.salesforce.incoming import Author
from velma_connectors.sandbox.salesforce.objects import ACTIVITY
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import Refusal
from velma_connectors.sandbox.salesforce.stamps import stamp

if TYPE_CHECKING:
    from velma_connectors.sandbox.salesforce.org import SalesforceOrg

ACTIVITY_CAP = 100
OBJECT_CAP = 500
_OWN_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_PACKAGED_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__[A-Za-z](?:_?[A-Za-z0-9])*__c")
_LONGEST_NAME = 40


class CustomFields:
    """Makes and changes custom fields. A packaged name (`rcsfl__Key__c`) is for trusted authors alone."""

    def __init__(self, org: SalesforceOrg) -> None:
        self._org = org

    def create(self, full_name: str, metadata: Mapping[str, Any], author: Author) -> str:
        """Define a field; the id of its CustomField record. Raises Refusal."""
        entity, _, name = full_name.partition(".")
        self._check_name(entity, name, author)
        known = self._org.schema.added.get(entity, {})
        if any(other.lower() == name.lower() for other in known):
            raise Refusal(
                "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {name} on {entity}.", ()
            )
        cap = ACTIVITY_CAP if entity == ACTIVITY else OBJECT_CAP
        if len(known) >= cap:
            raise Refusal("LIMIT_EXCEEDED", f"You have reached the limit of {cap} custom fields.", ())
        definition = definition_from(entity, name, metadata, ())
        field_id = self._org.ids.next("00N")
        now = stamp(author.moment)
        self._org.records.put(
            "CustomField",
            _record(entity, definition, metadata)
            | {"Id": field_id, "IsDeleted": False, "CreatedDate": now, "CreatedById": author.user_id}
            | {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": author.user_id},
        )
        self._org.schema.put_field(entity, definition)
        self._fill_boolean(entity, definition)
        return field_id

    def change(self, field_id: str, metadata: Mapping[str, Any], author: Author) -> None:
        """Replace the metadata of a field. Picklist values that are left out stay as inactive ones."""
        org = self._org
        row = org.records.get(field_id) or {}
        entity, _, name = row["FullName"].partition(".")
        before = org.schema.added[entity][name]
        if metadata.get("type") != row["Metadata"]["type"]:
            raise Refusal(
                "FIELD_INTEGRITY_EXCEPTION", "Cannot change the type of this field here.", ("Type",)
            )
        definition = definition_from(entity, name, metadata, before.choices)
        now = stamp(author.moment)
        changed = {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": author.user_id}
        org.records.put("CustomField", {**row, **_record(entity, definition, metadata), **changed})
        org.schema.put_field(entity, definition)
        self._move_stamps(entity, before, definition, now)

    def remove(self, entity: str, name: str) -> None:
        """Delete a field and every permission on it, as an admin does in Setup. Raises KeyError."""
        org = self._org
        org.schema.remove_field(entity, name)
        shown = {f"{object_name}.{name}" for object_name in org.schema.objects_showing(entity)}
        for row in org.records.all("FieldPermissions"):
            if row["Field"] in shown:
                org.records.discard(row["Id"])
        for row in org.records.all("CustomField"):
            if row["FullName"] == f"{entity}.{name}":
                org.records.discard(row["Id"])

    def restore(self) -> None:
        """Define again what the CustomField records tell, after the records were read from a file."""
        for row in self._org.records.all("CustomField"):
            entity, _, name = row["FullName"].partition(".")
            self._org.schema.put_field(entity, definition_from(entity, name, row["Metadata"], ()))

    def _check_name(self, entity: str, name: str, author: Author) -> None:
        if not self._org.schema.objects_showing(entity):
            raise Refusal(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"Entity Enumeration Or ID: bad value for restricted picklist field: {entity}",
                ("TableEnumOrId",),
            )
        packaged = author.trusted and _PACKAGED_NAME.fullmatch(name)
        if not packaged and not _OWN_NAME.fullmatch(name):
            raise Refusal(
                "FIELD_INTEGRITY_EXCEPTION",
                "The Custom Field Name can only contain underscores and alphanumeric characters. It must "
                "begin with a letter, not include spaces, not end with an underscore, and not contain "
                "two consecutive underscores.",
                ("DeveloperName",),
            )
        if len(name.removesuffix("__c").rpartition("__")[2]) > _LONGEST_NAME:
            raise Refusal(
                "STRING_TOO_LONG",
                f"Field Name: data value too large: {name} (max length={_LONGEST_NAME})",
                ("DeveloperName",),
            )

    def _fill_boolean(self, entity: str, definition: FieldDefinition) -> None:
        """A checkbox is never null: rows that were there before hold false."""
        if definition.type != "boolean":
            return
        for object_name in self._org.schema.objects_showing(entity):
            for row in self._org.records.all(object_name):
                self._org.records.put(object_name, {**row, definition.name: False})

    def _move_stamps(self, entity: str, before: FieldDefinition, after: FieldDefinition, now: str) -> None:
        """A renamed picklist value moves SystemModstamp, and nothing else, of every row of the object."""
        labels = {choice.value: choice.label for choice in before.choices}
        if all(labels.get(choice.value, choice.label) == choice.label for choice in after.choices):
            return
        for object_name in self._org.schema.objects_showing(entity):
            for row in self._org.records.all(object_name):
                self._org.records.put(object_name, {**row, "SystemModstamp": now})


def _record(entity: str, definition: FieldDefinition, metadata: Mapping[str, Any]) -> Record:
    prefix, _, developer_name = definition.name.removesuffix("__c").rpartition("__")
    kept = {key: value for key, value in metadata.items() if value is not None}
    if definition.choices:
        kept["valueSet"] = {
            "restricted": definition.restricted,
            "valueSetDefinition": {
                "sorted": False,
                "value": [
                    {"fullName": each.value, "label": each.label}
                    | {"default": each.default, "isActive": each.active}
                    for each in definition.choices
                ],
            },
        }
    return {
        "DeveloperName": developer_name,
        "NamespacePrefix": prefix or None,
        "ManageableState": "installed" if prefix else "unmanaged",
        "TableEnumOrId": entity,
        "FullName": f"{entity}.{definition.name}",
        "Length": definition.length or None,
        "Precision": definition.precision or None,
        "Scale": definition.scale if definition.precision else None,
        "Description": metadata.get("description"),
        "InlineHelpText": metadata.get("inlineHelpText"),
        "Metadata": kept,
    }
