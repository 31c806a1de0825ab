"""Present values of many records in few requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields, decode, is_id
from velma_connectors.hubspot.records import read_records
from velma_connectors.model import FieldValue, RecordRef


def read_values(
    client: HubSpotClient, known: KnownFields, records: Sequence[RecordRef], fields: Sequence[str]
) -> dict[RecordRef, dict[str, FieldValue]]:
    """Values by record and property, one request per object and 100 records.

    Left out: records that are gone, and properties that their object lacks or hides.
    """
    by_object: dict[str, list[RecordRef]] = defaultdict(list)
    for record in dict.fromkeys(records):
        if is_id(record.id):
            by_object[record.object].append(record)
    values: dict[RecordRef, dict[str, FieldValue]] = {}
    for name, same in by_object.items():
        values.update(known.trusted(partial(_read, client, known, name, same, fields)))
    return values


def _read(
    client: HubSpotClient,
    known: KnownFields,
    name: str,
    records: Sequence[RecordRef],
    fields: Sequence[str],
) -> dict[RecordRef, dict[str, FieldValue]]:
    visible = known.of(name)
    shown = [field for field in dict.fromkeys(fields) if field in visible]
    rows = read_records(client, name, [record.id for record in records], shown or ["hs_object_id"])
    return {
        record: {
            field: decode(rows[record.id]["properties"].get(field), visible[field].kind) for field in shown
        }
        for record in records
        if record.id in rows
    }
