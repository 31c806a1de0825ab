"""Which records notes hang on: reading the links of many records, and adding those that are missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import RecordRef

NOTES = "notes"
MAX_INPUTS = 1_000
"""Records, or links, of one association request."""

_TYPES: Mapping[str, int] = {"deals": 214, "contacts": 202, "companies": 190}
"""Note to record, all HUBSPOT_DEFINED (developers.hubspot.com/docs, associations guide). None to a call."""


def takes_notes(record: RecordRef) -> bool:
    """Whether HubSpot knows links between a note and records of this object."""
    return record.object in _TYPES


def link_types(object_name: str) -> list[dict[str, Any]]:
    """The kind of link from a note to a record, as HubSpot takes it."""
    return [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TYPES[object_name]}]


def linked(
    client: HubSpotClient, from_object: str, to_object: str, ids: Collection[str]
) -> dict[str, set[str]]:
    """Ids of the linked records, by the ids of those that have any; 1,000 records to a request."""
    found: dict[str, set[str]] = defaultdict(set)
    inputs: list[dict[str, str]] = [{"id": one} for one in dict.fromkeys(ids)]
    path = paths.associations(from_object, to_object, "batch/read")
    while inputs:
        some, inputs = inputs[:MAX_INPUTS], inputs[MAX_INPUTS:]
        for row in results_of(client, path, {"inputs": some}):
            one = str(row["from"]["id"])
            found[one].update(str(link["toObjectId"]) for link in row["to"])
            after = ((row.get("paging") or {}).get("next") or {}).get("after")
            if after:
                inputs.append({"id": one, "after": after})
    return found


def attach(client: HubSpotClient, notes: Mapping[str, Sequence[RecordRef]]) -> None:
    """Hang notes, by their ids, on those of the records that they do not hang on yet.

    A record that does not exist any more is passed over. Raises OutcomeUnknown and what a read raises.
    """
    for name in sorted({target.object for targets in notes.values() for target in targets}):
        wanted = {
            note: [target.id for target in targets if target.object == name]
            for note, targets in notes.items()
        }
        present = linked(client, NOTES, name, [note for note, ids in wanted.items() if ids])
        missing = [
            {"from": {"id": note}, "to": {"id": one}, "types": link_types(name)}
            for note, ids in wanted.items()
            for one in ids
            if one not in present.get(note, ())
        ]
        for start in range(0, len(missing), MAX_INPUTS):
            body = {"inputs": missing[start : start + MAX_INPUTS]}
            client.send("POST", paths.associations(NOTES, name, "batch/create"), body)


def results_of(client: HubSpotClient, path: str, body: object) -> list[dict[str, Any]]:
    """Results of a batch that reads; none when none of its inputs was found."""
    try:
        results: list[dict[str, Any]] = client.read(path, body).get("results") or []
    except RequestRefused as refusal:
        if refusal.status != 404:
            raise
        return []
    return results
