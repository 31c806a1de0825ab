"""Present values of many records in few requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from velma_connectors.model import FieldValue, RecordRef
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import KnownFields, decode
from velma_connectors.salesforce.soql import is_id

MAX_IDS = 2_000


def read_values(
    client: SalesforceClient, known: KnownFields, records: Sequence[RecordRef], fields: Sequence[str]
) -> dict[RecordRef, dict[str, FieldValue]]:
    """Values by record and field, one request per object and 2,000 records.

    Left out: records that are gone, and fields that their object lacks or hides.
    """
    by_object: dict[str, list[RecordRef]] = defaultdict(list)
    for record in dict.fromkeys(records):
        if is_id(record.id):
            by_object[record.object].append(record)
    values: dict[RecordRef, dict[str, FieldValue]] = {}
    for name, same in by_object.items():
        for start in range(0, len(same), MAX_IDS):
            some = same[start : start + MAX_IDS]
            values.update(known.trusted(partial(_read, client, known, name, some, fields)))
    return values


def _read(
    client: SalesforceClient,
    known: KnownFields,
    name: str,
    records: Sequence[RecordRef],
    fields: Sequence[str],
) -> dict[RecordRef, dict[str, FieldValue]]:
    visible = known.of(name)
    shown = [field for field in dict.fromkeys(fields) if field in visible]
    found = client.retrieve(name, [record.id for record in records], ["Id", *shown])
    return {
        record: {field: decode(row.get(field), visible[field].kind) for field in shown}
        for record, row in zip(records, found, strict=True)
        if row is not None
    }
