"""Record types: an object has the field RecordTypeId only in orgs that define some for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from velma_connectors.sandbox.salesforce.fields import lookup
from velma_connectors.sandbox.salesforce.incoming import Author
from velma_connectors.sandbox.salesforce.records import Record

if TYPE_CHECKING:
    from velma_connectors.sandbox.salesforce.org import SalesforceOrg


def add_record_types(
    org: SalesforceOrg, object_name: str, names: Mapping[str, str], author: Author
) -> dict[str, str]:
    """Define record types by developer name and label, the first one being the default; ids by name."""
    definition = org.definition("RecordType")
    ids = {
        developer_name: org.writer.create(
            definition,
            {"DeveloperName": developer_name, "Name": label, "SobjectType": object_name},
            author,
        )
        for developer_name, label in names.items()
    }
    show_record_types(org)
    return ids


def show_record_types(org: SalesforceOrg) -> None:
    """Give RecordTypeId to every object that has record types."""
    for object_name in {row["SobjectType"] for row in org.records.all("RecordType")}:
        default = record_types_of(org, object_name)[0]["Id"]
        field = lookup("RecordTypeId", "Record Type ID", "RecordType", "RecordType", default=default)
        org.schema.put_field(object_name, field)


def record_types_of(org: SalesforceOrg, object_name: str) -> list[Record]:
    return [row for row in org.records.all("RecordType") if row["SobjectType"] == object_name]
