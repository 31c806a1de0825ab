"""From the JSON of a record to the values that would be stored: columns, rights, types, references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from velma_connectors.sandbox.salesforce.access import VisibleField
from velma_connectors.sandbox.salesforce.fields import FieldDefinition
from velma_connectors.sandbox.salesforce.records import Record, RecordTable
from velma_connectors.sandbox.salesforce.refusals import (
    Refusal,
    UnreadableRecord,
    deleted,
    malformed_id,
    unknown_column,
)
from velma_connectors.sandbox.salesforce.switches import OrgSwitches
from velma_connectors.sandbox.salesforce.values import as_json, stored_value


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, when and through which API version. A trusted author seeds: every field is open to it."""

    user_id: str
    moment: datetime
    version: int = 0
    trusted: bool = False


def read_record(
    object_name: str,
    raw: Mapping[str, Any],
    visible: Mapping[str, VisibleField],
    switches: OrgSwitches,
    *,
    creating: bool,
    trusted: bool,
) -> Record:
    """Values to store by field name. Raises UnreadableRecord and Refusal."""
    found = {}
    for name, value in raw.items():
        if name == "attributes":
            continue
        column = visible.get(name.lower())
        if column is None:
            raise unknown_column(name, object_name)
        found[column] = value
    if not trusted:
        _check_writable(list(found), creating)
    return _stored(
        {column.definition: as_json(value) if trusted else value for column, value in found.items()}, switches
    )


def _check_writable(columns: list[VisibleField], creating: bool) -> None:
    closed = [
        column.definition.name
        for column in columns
        if not column.editable
        or not (column.definition.createable if creating else column.definition.updateable)
    ]
    if closed:
        raise Refusal(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(closed)}. Please check the security settings of "
            "this field and verify that it is read/write for your profile or permission set.",
            closed,
        )


def _stored(values: Mapping[FieldDefinition, Any], switches: OrgSwitches) -> Record:
    record: Record = {}
    misfits: list[Refusal] = []
    for definition, value in values.items():
        try:
            record[definition.name] = stored_value(definition, value, trims=switches.trims_text)
        except UnreadableRecord:
            raise
        except Refusal as misfit:
            misfits.append(misfit)
    if misfits:
        raise Refusal.joined(misfits if switches.reports_all_field_errors else misfits[:1])
    return record


def with_defaults(record: Record, fields: Mapping[str, FieldDefinition], owner_id: str) -> Record:
    """A new record with the values that the org fills in, and None in every other field."""
    complete: Record = {}
    for definition in fields.values():
        value = record.get(definition.name)
        if value is None and definition.type == "boolean":
            value = bool(definition.default)
        elif value is None and definition.name == "OwnerId":
            value = owner_id
        elif value is None:
            value = definition.default
        complete[definition.name] = value
    return complete


def check_required(record: Record, fields: Mapping[str, FieldDefinition]) -> None:
    missing = [
        definition.name
        for definition in fields.values()
        if not definition.nillable and definition.createable and record.get(definition.name) is None
    ]
    if missing:
        raise Refusal(
            "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing
        )


def check_references(
    changed: Mapping[str, Any], fields: Mapping[str, FieldDefinition], records: RecordTable
) -> None:
    """Every id that is set must lead to a living record of an object that the field may name."""
    for name, value in changed.items():
        definition = fields[name.lower()]
        if definition.type != "reference" or value is None:
            continue
        target = records.get(value)
        if target is None:
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
        if records.object_of(value) not in definition.reference_to:
            raise malformed_id(definition.label, value, name)
        if target["IsDeleted"]:
            raise deleted(400)


def check_unique(
    object_name: str,
    record: Record,
    changed: Mapping[str, Any],
    fields: Mapping[str, FieldDefinition],
    records: RecordTable,
) -> None:
    for name, value in changed.items():
        if not fields[name.lower()].unique or value is None:
            continue
        for other in records.all(object_name):
            same = str(other.get(name) or "").lower() == str(value).lower()
            if same and other["Id"] != record["Id"] and not other["IsDeleted"]:
                raise Refusal(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {name} duplicates value on record with id: {other['Id'][:15]}",
                    (),
                )
