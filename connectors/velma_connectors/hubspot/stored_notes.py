"""Notes that the portal holds already, found by their keys. Search is never asked: it learns of them late.

A key stands in the property `velma_note_key` and in the mark of the body. The property counts for more: a
person may have copied our text, mark and all, into a note of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.note_links import NOTES, linked, results_of
from velma_connectors.hubspot.notes import mark_in
from velma_connectors.model import RecordRef

KEY_FIELD = "velma_note_key"
BODY_FIELD = "hs_note_body"
MAX_INPUTS = 100

Found = Mapping[str, Sequence["StoredNote"]]
"""Hash of a key -> the notes that carry it."""

Entry = TypeVar("Entry")


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
    for some in _portions(keys, MAX_INPUTS):
        for note in _read(client, some, (BODY_FIELD, KEY_FIELD), id_property=KEY_FIELD):
            found[note.key or ""].append(note)
    return found


def find_by_targets(
    client: HubSpotClient, keys: Collection[str], targets: Collection[RecordRef], *, keyed: bool
) -> Found:
    """Notes that hang on these records and carry one of the keys; `keyed`: the property exists."""
    ids: set[str] = set()
    for name in sorted({target.object for target in targets}):
        same = [target.id for target in targets if target.object == name]
        ids = ids.union(*linked(client, name, NOTES, same).values())
    found: dict[str, list[StoredNote]] = defaultdict(list)
    columns = (BODY_FIELD, KEY_FIELD) if keyed else (BODY_FIELD,)
    for some in _portions(sorted(ids), MAX_INPUTS):
        for note in _read(client, some, columns):
            if note.key is not None and note.key in keys:
                found[note.key].append(note)
    return {key: [note for note in notes if note.by_property] or notes for key, notes in found.items()}


def existing(client: HubSpotClient, records: Collection[RecordRef]) -> set[RecordRef]:
    """Those of the records that are not deleted."""
    there = set()
    for name in sorted({record.object for record in records}):
        for some in _portions(sorted({one.id for one in records if one.object == name}), MAX_INPUTS):
            body = {"inputs": [{"id": one} for one in some], "properties": ["hs_object_id"]}
            for row in results_of(client, paths.objects(name, "batch/read"), body):
                there.add(RecordRef(name, str(row["id"])))
    return there


def _read(
    client: HubSpotClient, ids: Sequence[str], columns: Sequence[str], *, id_property: str | None = None
) -> list[StoredNote]:
    body: dict[str, Any] = {"inputs": [{"id": one} for one in ids], "properties": list(columns)}
    if id_property is not None:
        body["idProperty"] = id_property
    rows = results_of(client, paths.objects(NOTES, "batch/read"), body)
    return [stored_note(row) for row in rows]


def stored_note(row: Mapping[str, Any]) -> StoredNote:
    """A note from its JSON shape."""
    properties = row.get("properties") or {}
    text, key = properties.get(BODY_FIELD) or "", properties.get(KEY_FIELD)
    mark = None if key else mark_in(text)
    return StoredNote(str(row["id"]), text, key or (mark.key if mark else None), by_property=bool(key))


def _portions(entries: Sequence[Entry], size: int) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
