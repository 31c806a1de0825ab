"""Creating, changing and deleting records, with everything an org does around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from velma_connectors.sandbox.salesforce.access import VisibleField
from velma_connectors.sandbox.salesforce.derivation import derive
from velma_connectors.sandbox.salesforce.grants import check_grant
from velma_connectors.sandbox.salesforce.incoming import (
    Author,
    check_references,
    check_required,
    check_unique,
    read_record,
    with_defaults,
)
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import Refusal, deleted
from velma_connectors.sandbox.salesforce.stamps import stamp

if TYPE_CHECKING:
    from velma_connectors.sandbox.salesforce.org import SalesforceOrg

_TRACKED = ("StageName", "Amount", "CloseDate", "Probability", "ExpectedRevenue", "ForecastCategory")


class RecordWriter:
    """Writes to one org. Every method raises Refusal and then has changed nothing."""

    def __init__(self, org: SalesforceOrg) -> None:
        self._org = org

    def create(self, definition: ObjectDefinition, raw: Mapping[str, Any], author: Author) -> str:
        """Store a new record and return its id."""
        org = self._org
        if not author.trusted:
            self._check_access(definition, definition.createable, author)
        given = self._read(definition, raw, author, creating=True)
        fields = org.schema.fields(definition.name)
        record = with_defaults(given, fields, author.user_id)
        record["Id"] = given.get("Id") or org.ids.next(definition.key_prefix)
        record["IsDeleted"] = False
        created = given.get("CreatedDate") or stamp(author.moment)
        record.update(dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), created))
        record.update(dict.fromkeys(("CreatedById", "LastModifiedById"), author.user_id))
        record.update(given)
        self._complete(definition, record, None, given, author)
        self._store(definition, record, None, given, author)
        return str(record["Id"])

    def update(
        self, definition: ObjectDefinition, record_id: str, raw: Mapping[str, Any], author: Author
    ) -> None:
        org = self._org
        before = self._living(definition, record_id)
        if not author.trusted:
            self._check_access(definition, definition.updateable, author)
        given = self._read(definition, raw, author, creating=False)
        if not author.trusted:
            org.rules.meet_refusal(record_id)
        record = {**before, **given}
        if record == before and not org.switches.same_values_move_stamps:
            return
        now = stamp(author.moment)
        system = {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": author.user_id}
        record.update({name: value for name, value in system.items() if name not in given})
        self._complete(definition, record, before, given, author)
        self._store(definition, record, before, given, author)

    def delete(self, definition: ObjectDefinition, record_id: str, author: Author) -> None:
        """Move a record, and what hangs on it, to the recycle bin; setup records are gone at once."""
        org = self._org
        before = self._living(definition, record_id)
        if not author.trusted:
            self._check_access(definition, definition.deletable, author)
            org.rules.meet_refusal(record_id)
        for relationship in list(org.schema.children(definition.name)):
            if not relationship.field.cascades:
                continue
            for row in org.records.all(relationship.child):
                if row.get(relationship.field.name) == record_id and not row["IsDeleted"]:
                    self.delete(org.schema.standard[relationship.child], row["Id"], _trusted(author))
        if definition.setup:
            org.records.discard(record_id)
            return
        now = stamp(author.moment)
        org.records.put(
            definition.name,
            {
                **before,
                "IsDeleted": True,
                "LastModifiedDate": now,
                "SystemModstamp": now,
                "LastModifiedById": author.user_id,
            },
        )

    def _living(self, definition: ObjectDefinition, record_id: str) -> Record:
        record = self._org.records.get(record_id)
        if record is None or self._org.records.object_of(record_id) != definition.name:
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
        if record["IsDeleted"]:
            raise deleted(self._org.switches.deleted_status)
        return record

    def _check_access(self, definition: ObjectDefinition, possible: bool, author: Author) -> None:
        if not possible:
            raise Refusal(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
                f"entity type does not take this operation: {definition.label}",
                (),
            )
        if self._org.access.object_level(author.user_id, definition) != "edit":
            raise Refusal(
                "INSUFFICIENT_ACCESS_OR_READONLY",
                "insufficient access rights on object id",
                (),
                status=self._org.switches.access_status,
            )

    def _read(
        self, definition: ObjectDefinition, raw: Mapping[str, Any], author: Author, *, creating: bool
    ) -> Record:
        org = self._org
        if author.trusted:
            visible = {
                folded: VisibleField(field, editable=True)
                for folded, field in org.schema.fields(definition.name).items()
            }
        else:
            visible = org.access.visible(author.user_id, definition.name, author.version, org.switches)
        return read_record(
            definition.name, raw, visible, org.switches, creating=creating, trusted=author.trusted
        )

    def _complete(
        self,
        definition: ObjectDefinition,
        record: Record,
        before: Record | None,
        given: Record,
        author: Author,
    ) -> None:
        """Check the record as a whole and fill in what follows from it; `record` is changed."""
        org = self._org
        fields = org.schema.fields(definition.name)
        check_required(record, fields)
        check_references(given, fields, org.records)
        derived = derive(definition.name, record, before, org.records, author.moment)
        record.update(
            {name: value for name, value in derived.items() if not author.trusted or name not in given}
        )
        check_unique(definition.name, record, given, fields, org.records)
        check_grant(definition.name, record, org.schema, org.records, org.switches)
        if not author.trusted:
            org.rules.check(definition.name, record)

    def _store(
        self,
        definition: ObjectDefinition,
        record: Record,
        before: Record | None,
        given: Record,
        author: Author,
    ) -> None:
        org = self._org
        if definition.name == "FieldPermissions" and not record["PermissionsRead"]:
            if before is not None:
                org.records.discard(record["Id"])
            return
        if not author.trusted:
            record = org.rules.after_save(definition.name, record)
        org.records.put(definition.name, record)
        if definition.name == "Opportunity":
            self._remember_stage(record, before, given, author)
        if definition.name == "OpportunityContactRole" and record["IsPrimary"]:
            self._make_only_primary(record)

    def _remember_stage(self, record: Record, before: Record | None, given: Record, author: Author) -> None:
        """Add a row of history for a new deal and for every move of stage, amount or date."""
        if before is not None and all(record[name] == before[name] for name in _TRACKED):
            return
        org = self._org
        created = given.get("CreatedDate") if before is None else given.get("LastModifiedDate")
        history = {
            "OpportunityId": record["Id"],
            "CreatedDate": created or stamp(author.moment),
            **{name: record[name] for name in _TRACKED},
        }
        self.create(org.schema.standard["OpportunityHistory"], history, _trusted(author))

    def _make_only_primary(self, record: Record) -> None:
        org = self._org
        for other in org.records.all("OpportunityContactRole"):
            same_deal = other["OpportunityId"] == record["OpportunityId"]
            if same_deal and other["IsPrimary"] and other["Id"] != record["Id"]:
                stamps = dict.fromkeys(("LastModifiedDate", "SystemModstamp"), record["SystemModstamp"])
                org.records.put("OpportunityContactRole", {**other, "IsPrimary": False, **stamps})


def _trusted(author: Author) -> Author:
    return Author(author.user_id, author.moment, author.version, trusted=True)
