"""Which records notes hang on, and adding those that are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from velma_connectors.errors import RetryLater
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.associations import MAX_INPUTS, read_links
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.faults import described, faults_in
from velma_connectors.hubspot.mending import GONE, RETRY_SECONDS
from velma_connectors.model import RecordRef

NOTES = "notes"

_TYPES: Mapping[str, int] = {"deals": 214, "contacts": 202, "companies": 190}
"""Note to record, all HUBSPOT_DEFINED (developers.hubspot.com/docs, associations guide). None to a call."""


def takes_notes(record: RecordRef) -> bool:
    """Whether HubSpot knows links between a note and records of this object."""
    return record.object in _TYPES


def link_types(object_name: str) -> list[dict[str, Any]]:
    """The kind of link from a note to a record, as HubSpot takes it."""
    return [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TYPES[object_name]}]


def attach(client: HubSpotClient, notes: Mapping[str, Sequence[RecordRef]]) -> dict[str, str]:
    """Hang notes, by their ids, on those of the records that they do not hang on yet.

    A record that does not exist any more is passed over. Returns, by note, why HubSpot refused a link.
    Raises OutcomeUnknown and what a read raises.
    """
    refused: dict[str, str] = {}
    for name in sorted({target.object for targets in notes.values() for target in targets}):
        wanted = {
            note: [target.id for target in targets if target.object == name]
            for note, targets in notes.items()
        }
        links = read_links(client, NOTES, name, [note for note, ids in wanted.items() if ids])
        present = {note: {link.id for link in found} for note, found in links.items()}
        missing = [
            {"from": {"id": note}, "to": {"id": one}, "types": link_types(name)}
            for note, ids in wanted.items()
            for one in ids
            if one not in present.get(note, ())
        ]
        for start in range(0, len(missing), MAX_INPUTS):
            some = missing[start : start + MAX_INPUTS]
            answer = client.send("POST", paths.associations(NOTES, name, "batch/create"), {"inputs": some})
            refused |= _refused(some, answer)
    return refused


def _refused(inputs: Sequence[Mapping[str, Any]], answer: Mapping[str, Any]) -> dict[str, str]:
    """By note: the reason, where a link is not among the results. Raises RetryLater while HubSpot is busy."""
    faults = [fault for fault in faults_in(answer.get("errors")) if fault.code not in GONE]
    if not faults:
        return {}
    reason = described(faults[0])
    if any(fault.is_busy for fault in faults):
        raise RetryLater(f"HubSpot could not link a note for the moment: {reason}.", after=RETRY_SECONDS)
    linked = {(str(row.get("fromObjectId")), str(row.get("toObjectId"))) for row in answer.get("results", ())}
    return {
        each["from"]["id"]: reason for each in inputs if (each["from"]["id"], each["to"]["id"]) not in linked
    }
