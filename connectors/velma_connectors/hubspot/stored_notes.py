"""Notes that the portal holds already, found by their keys. Search is never asked: it learns of them late.

A key stands in the property `velma_note_key` and in the mark of the body. The property counts for more: a
person may have copied our text, mark and all, into a note of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.associations import read_links
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.note_links import NOTES
from velma_connectors.hubspot.notes import mark_in
from velma_connectors.hubspot.records import MAX_INPUTS, Row, batch_results, read_records
from velma_connectors.model import RecordRef

KEY_FIELD = "velma_note_key"
BODY_FIELD = "hs_note_body"

Found = Mapping[str, Sequence["StoredNote"]]
"""Hash of a key -> the notes that carry it."""


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A note as the portal holds it. `key` is None for a note that is none of ours."""

    id: str
    body: str = field(repr=False)
    key: str | None
    by_property: bool


def find_by_key(client: HubSpotClient, keys: Sequence[str]) -> Found:
    """Notes by their unique property, one request per 100 keys."""
    found: dict[str, list[StoredNote]] = defaultdict(list)
    for start in range(0, len(keys), MAX_INPUTS):
        body = {
            "inputs": [{"id": key} for key in keys[start : start + MAX_INPUTS]],
            "idProperty": KEY_FIELD,
            "properties": [BODY_FIELD, KEY_FIELD],
            "propertiesWithHistory": [],
        }
        for row in batch_results(client, paths.objects(NOTES, "batch/read"), body):
            note = stored_note(row)
            found[note.key or ""].append(note)
    return found


def find_by_targets(
    client: HubSpotClient, keys: Collection[str], targets: Collection[RecordRef], *, keyed: bool
) -> Found:
    """Notes that hang on these records and carry one of the keys; `keyed`: the property exists."""
    ids: set[str] = set()
    for name in sorted({target.object for target in targets}):
        same = [target.id for target in targets if target.object == name]
        links = read_links(client, name, NOTES, same)
        ids |= {link.id for found_links in links.values() for link in found_links}
    found: dict[str, list[StoredNote]] = defaultdict(list)
    columns = (BODY_FIELD, KEY_FIELD) if keyed else (BODY_FIELD,)
    for row in read_records(client, NOTES, sorted(ids), columns).values():
        note = stored_note(row)
        if note.key is not None and note.key in keys:
            found[note.key].append(note)
    return {key: [note for note in notes if note.by_property] or notes for key, notes in found.items()}


def existing(client: HubSpotClient, records: Collection[RecordRef]) -> set[RecordRef]:
    """Those of the records that are not deleted."""
    there = set()
    for name in sorted({record.object for record in records}):
        ids = [record.id for record in records if record.object == name]
        there |= {RecordRef(name, one) for one in read_records(client, name, ids, ["hs_object_id"])}
    return there


def stored_note(row: Row) -> StoredNote:
    """A note from its JSON shape."""
    properties = row.get("properties") or {}
    text, key = properties.get(BODY_FIELD) or "", properties.get(KEY_FIELD)
    mark = None if key else mark_in(text)
    return StoredNote(str(row["id"]), text, key or (mark.key if mark else None), by_property=bool(key))
