"""Creates, changes, archives and merges records, with the checks that HubSpot makes of each value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from velma_connectors.sandbox.hubspot.associations import End
from velma_connectors.sandbox.hubspot.definitions import Definition
from velma_connectors.sandbox.hubspot.derivation import derived
from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.records import Record, Version
from velma_connectors.sandbox.hubspot.refusals import (
    CONFLICT,
    VALIDATION,
    PropertyFault,
    Refusal,
    invalid,
    invalid_values,
)
from velma_connectors.sandbox.hubspot.stamps import iso, read_moment
from velma_connectors.sandbox.hubspot.values import BadValue, stored

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal

Incoming = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes when, epoch milliseconds. A trusted author seeds: past rules, options and read-only marks.

    `enforces_admin_rules`: the API version checks conditionally required properties.
    """

    at: int
    source: str = "CRM_UI"
    source_id: str = "userId:1001"
    trusted: bool = False
    enforces_admin_rules: bool = False


class RecordWriter:
    """Writes the records of one portal. Raises Refusal for what HubSpot does not take."""

    def __init__(self, portal: HubSpotPortal) -> None:
        self._portal = portal

    def create(self, kind: ObjectKind, incoming: Incoming, author: Author) -> Record:
        values = self._checked(kind, incoming, None, author)
        created_at = author.at
        if author.trusted and (given := values.pop(kind.created, "")):
            created_at = read_moment(given)
        if missing := [name for name in kind.required if not values.get(name)]:
            raise invalid(
                f"Error creating {kind.singular.upper()}. Some required properties were not set.",
                context={"properties": missing},
            )
        self._check_unique(kind, values, None)
        record = Record(kind.name, self._portal.records.next_id(kind.name), created_at, author.at, {})
        own = {
            "hs_object_id": record.id,
            kind.created: iso(created_at),
            "hs_object_source": author.source,
            "hs_object_source_id": author.source_id,
        }
        return self._write(kind, record, own | values, author)

    def update(self, kind: ObjectKind, record: Record, incoming: Incoming, author: Author) -> Record:
        values = self._checked(kind, incoming, record, author)
        self._check_unique(kind, values, record)
        changed = {name: value for name, value in values.items() if value != (record.value(name) or "")}
        if not changed and not self._portal.switches.unchanged_values_move_stamp:
            return record
        return self._write(kind, record, changed, author)

    def touch(self, object_name: str, record_id: str, at: int) -> None:
        """Move the modification date alone."""
        kind = self._portal.kind(object_name)
        record = self._portal.records.get(object_name, record_id)
        if record is not None:
            self._write(kind, record, {}, Author(at, trusted=True))

    def archive(self, record: Record, at: int) -> None:
        self._portal.records.put(replace(record, archived_at=at, updated_at=max(at, record.updated_at)))

    def merge(self, kind: ObjectKind, winner: Record, loser: Record, author: Author) -> None:
        """Let `winner` take over the links and the id of `loser`, which is gone afterwards."""
        records = self._portal.records
        self._portal.links.move_all(End(kind.name, loser.id), End(kind.name, winner.id))
        records.discard(loser)
        records.merged[kind.name, loser.id] = winner.id
        ids = [*filter(None, (winner.value("hs_merged_object_ids") or "").split(";")), loser.id]
        self._write(kind, winner, {"hs_merged_object_ids": ";".join(ids)}, author)

    def _write(self, kind: ObjectKind, record: Record, values: Mapping[str, str], author: Author) -> Record:
        """Add versions of the given values, of what follows from them, and of the modification date."""
        whole = {**values, **derived(self._portal, kind, values, author.at)}
        if author.enforces_admin_rules:
            self._check_conditions(kind, record, whole)
        for name in whole if author.trusted else ():
            past = record.history.get(name)
            if past and past[-1].at > author.at:
                raise ValueError(f"{kind.name} {record.id} has a later value of {name} already")
        modified = max(author.at, record.updated_at)
        versions = {
            name: Version(value, author.at, author.source, author.source_id) for name, value in whole.items()
        }
        versions[kind.modified] = Version(iso(modified), modified, author.source, author.source_id)
        saved = record.with_versions(versions, modified)
        self._portal.records.put(saved)
        return saved

    def _checked(
        self, kind: ObjectKind, incoming: Incoming, record: Record | None, author: Author
    ) -> dict[str, str]:
        """The stored forms of all values. Reports every bad property at once."""
        values: dict[str, str] = {}
        faults: list[PropertyFault] = []
        for name, given in incoming.items():
            try:
                value = self._value(kind, name, given, record, author)
            except BadValue as bad:
                faults.append(bad.fault(name))
            else:
                if value is not None:
                    values[name] = value
        if faults:
            raise invalid_values(faults)
        self._check_stage(kind, values, record, author)
        return values

    def _value(
        self, kind: ObjectKind, name: str, given: object, record: Record | None, author: Author
    ) -> str | None:
        """The stored form of one value; None when it is left out."""
        switches = self._portal.switches
        definition = self._portal.properties.living(kind.name, name)
        if definition is None:
            if switches.unknown_property == "ignored" and not author.trusted:
                return None
            raise BadValue("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        if (definition.read_only or definition.calculated) and not author.trusted:
            if switches.read_only_property == "ignored":
                return None
            raise BadValue("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
        before = (record.value(name) if record else None) or ""
        value = stored(definition, self._text(given), before, self._choices(definition, author))
        if not author.trusted:
            self._check_rules(kind, name, value)
        return value

    def _text(self, given: object) -> str:
        match given:
            case bool():
                return str(given).lower()
            case str() | int() | float():
                return str(given)
            case None if self._portal.switches.null_value == "clears":
                return ""
            case _:
                raise BadValue("INVALID_TYPE", "A value must be a string.")

    def _choices(self, definition: Definition, author: Author) -> Collection[str] | None:
        if author.trusted:
            return None
        if definition.name == "hubspot_owner_id":
            return [owner.id for owner in self._portal.owners.values() if not owner.archived]
        return None if definition.outside_options else [option.value for option in definition.options]

    def _check_rules(self, kind: ObjectKind, name: str, value: str) -> None:
        for rule in self._portal.rules.get((kind.name, name), ()) if value else ():
            if not rule.allows(value):
                raise BadValue(rule.code, f"{name} does not satisfy the rule {rule.type} {rule.arguments}")
        if name == "hs_call_recording_url" and value and not value.startswith("https://"):
            raise BadValue("INVALID_URL", "Recording URLs must begin with https://")

    def _check_stage(
        self, kind: ObjectKind, values: dict[str, str], record: Record | None, author: Author
    ) -> None:
        """A deal's stage belongs to its pipeline, which is the default one when a new deal names none."""
        if kind.name != "deals":
            return
        found = self._portal.pipelines.stage(values.get("dealstage"))
        if author.trusted:
            if found and not values.get("pipeline"):
                values["pipeline"] = found[0].id
            return
        if record is None:
            values.setdefault("pipeline", "default")
        pipeline_id = values.get("pipeline") or (record.value("pipeline") if record else None)
        if found and found[0].id != pipeline_id:
            message = f"{found[1].id} is no stage of pipeline {pipeline_id}"
            raise invalid_values([PropertyFault("INVALID_OPTION", message, "dealstage")])

    def _check_unique(self, kind: ObjectKind, values: Mapping[str, str], record: Record | None) -> None:
        for name, value in values.items():
            definition = self._portal.properties.living(kind.name, name)
            if not value or definition is None or not definition.unique:
                continue
            holder = self._portal.records.holder(kind.name, name, value)
            if holder is None or (record is not None and holder.id == record.id):
                continue
            if (kind.name, name) == ("contacts", "email"):
                raise Refusal(CONFLICT, f"Contact already exists. Existing ID: {holder.id}", status=409)
            status = self._portal.switches.duplicate_value_status
            raise Refusal(
                VALIDATION if status == 400 else CONFLICT,
                f"Cannot set PropertyValueCoordinates{{portalId={self._portal.id}, "
                f"objectTypeId={kind.type_id}, propertyName={name}, value={value}}} on "
                f"{record.id if record else 'a new record'}. {holder.id} already has that value.",
                status=status,
            )

    def _check_conditions(self, kind: ObjectKind, record: Record, values: Mapping[str, str]) -> None:
        """What an admin requires when another property has a certain value."""
        present = {**record.values(), **values}
        conditions = self._portal.switches.conditional_required.get(kind.name, {})
        missing = [
            needed
            for name, by_value in conditions.items()
            for needed in by_value.get(present.get(name, ""), ())
            if not present.get(needed)
        ]
        if missing:
            raise invalid_values(
                [PropertyFault("REQUIRED_PROPERTY", f"{name} is required", name) for name in missing]
            )
