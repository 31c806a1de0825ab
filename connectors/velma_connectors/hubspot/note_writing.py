"""Summary notes as records of their own: each is looked up by its key first, then created or changed.

Where the portal keeps `velma_note_key` unique, notes are read by it. Elsewhere the notes of the records
they hang on are read. A note that a person has edited is theirs from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from velma_connectors.errors import OutcomeUnknown, RetryLater
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.batches import Batches
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.faults import Fault, described
from velma_connectors.hubspot.fields import KnownFields, encode, is_id
from velma_connectors.hubspot.mending import GONE, RETRY_SECONDS, is_unwritable
from velma_connectors.hubspot.note_links import NOTES, attach, link_types, takes_notes
from velma_connectors.hubspot.notes import digest_of, is_as_written, key_hash, mark_in, note_html
from velma_connectors.hubspot.stored_notes import (
    BODY_FIELD,
    KEY_FIELD,
    Found,
    StoredNote,
    existing,
    find_by_key,
    find_by_targets,
    stored_note,
)
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import DroppedField, NoteUpsert, RecordRef, WriteResult, WriteStatus

MAX_ROUNDS = 4

NO_TARGET = "HubSpot attaches no notes to calls: name deal, contact or account under notes.on"
EDITED = "a person has edited the note; it was left as it is"


@dataclass(slots=True)
class Draft:
    """One note on its way. `outcome` is None as long as something must be sent.

    `stored` is the note that exists, which is changed unless the outcome is known. `taken`: HubSpot says
    that a note with this key exists. `lost_target`: it says that a record to attach the note to does not.
    `keyed`: the property of the key is written.
    """

    key: str
    body: str = field(repr=False)
    targets: tuple[RecordRef, ...]
    keyed: bool = True
    stored: StoredNote | None = None
    taken: bool = False
    lost_target: bool = False
    dropped: tuple[DroppedField, ...] = ()
    outcome: WriteResult | None = None

    @property
    def trace(self) -> str:
        return self.key

    @property
    def is_written(self) -> bool:
        return self.outcome is not None and self.outcome.status is WriteStatus.OK

    def settle(self, status: WriteStatus, reason: str = "", after: float = 0.0) -> None:
        self.outcome = WriteResult(status, self.dropped, reason, after)

    def compare(self, notes: Sequence[StoredNote]) -> None:
        """Take in which notes carry the key: afterwards the draft is settled, a change or a creation."""
        if not notes:
            return
        if len(notes) > 1:
            ids = ", ".join(note.id for note in notes)
            reason = f"several notes carry the same key; delete all but one of {ids}"
            self.settle(WriteStatus.UNCLEAR, reason)
            return
        (self.stored,) = notes
        mark, digest = mark_in(self.stored.body), digest_of(self.body)
        if digest in (digest_of(self.stored.body), mark and mark.digest):
            self.settle(WriteStatus.OK)
        elif not is_as_written(self.stored.body):
            self.dropped = (DroppedField(BODY_FIELD, EDITED),)
            self.settle(WriteStatus.OK)


class NoteWriter:
    """Writes the notes of one connection. `now` gives the time that stands on a new note, aware."""

    def __init__(self, client: HubSpotClient, known: KnownFields, now: Callable[[], datetime]) -> None:
        self._client = client
        self._known = known
        self._now = now

    def write(self, notes: Sequence[NoteUpsert]) -> list[WriteResult]:
        """Results by position. Of two notes with one key the later one counts, on the targets of both."""
        drafts = _gather(notes)
        pending = [draft for draft in drafts.values() if draft.outcome is None]
        try:
            if pending:
                self._write(pending)
        except RequestRefused as refusal:
            for draft in _open(pending):
                draft.settle(WriteStatus.REJECTED, str(refusal))
        except RetryLater as later:
            for draft in _open(pending):
                draft.settle(WriteStatus.RETRY, str(later), later.after)
        outcomes = [drafts[key_hash(note.key)].outcome for note in notes]
        return [outcome or WriteResult(WriteStatus.UNKNOWN) for outcome in outcomes]

    def _write(self, drafts: Sequence[Draft]) -> None:
        found = self._known.trusted(lambda: self._find(drafts))
        for draft in drafts:
            draft.compare(found.get(draft.key, ()))
        changes, creations = _Changes(self._client), _Creations(self._client, self._now())
        for _ in range(MAX_ROUNDS):
            changes.send([draft for draft in _open(drafts) if draft.stored is not None])
            creations.send([draft for draft in _open(drafts) if draft.stored is None])
            self._look_again([draft for draft in _open(drafts) if draft.taken])
            self._let_go_of_lost_targets([draft for draft in _open(drafts) if draft.lost_target])
        for draft in _open(drafts):
            draft.settle(
                WriteStatus.REJECTED, f"HubSpot kept rejecting the note; gave up after {MAX_ROUNDS} rounds"
            )
        self._attach([draft for draft in drafts if draft.stored is not None and draft.is_written])

    def _find(self, drafts: Sequence[Draft]) -> Found:
        definition = self._definition()
        keys = [draft.key for draft in drafts]
        for draft in drafts:
            draft.keyed = definition is not None
        if definition is not None and definition.get("hasUniqueValue"):
            return find_by_key(self._client, keys)
        targets = {target for draft in drafts for target in draft.targets}
        return find_by_targets(self._client, set(keys), targets, keyed=definition is not None)

    def _definition(self) -> Mapping[str, Any] | None:
        try:
            return self._known.definition(NOTES, KEY_FIELD)
        except RequestRefused:
            return None  # without the scope for the properties of notes the marks have to do

    def _attach(self, drafts: Sequence[Draft]) -> None:
        """Notes that existed may lack records that the call got since, such as a deal."""
        targets = {draft.stored.id: draft.targets for draft in drafts if draft.stored}
        try:
            refused = attach(self._client, targets)
        except RequestRefused as refusal:
            refused = dict.fromkeys(targets, str(refusal))
        except (RetryLater, OutcomeUnknown) as failure:
            after = failure.after if isinstance(failure, RetryLater) else RETRY_SECONDS
            for draft in drafts:
                draft.settle(WriteStatus.RETRY, str(failure), after)
            return
        for draft in drafts:
            if draft.stored and draft.stored.id in refused:
                draft.dropped += (DroppedField("associations", refused[draft.stored.id]),)
                draft.settle(WriteStatus.OK)

    def _look_again(self, drafts: Sequence[Draft]) -> None:
        """Notes that HubSpot will not create a second time: somebody has created them since we looked."""
        found = self._find(drafts) if drafts else {}
        for draft in drafts:
            draft.compare(found.get(draft.key, ()))
            if draft.outcome is None and draft.stored is None:
                reason = "a note with the same key exists but cannot be read; it may have been deleted"
                draft.settle(WriteStatus.REJECTED, reason)
            draft.taken = False

    def _let_go_of_lost_targets(self, drafts: Sequence[Draft]) -> None:
        there = existing(self._client, {target for draft in drafts for target in draft.targets})
        for draft in drafts:
            left = tuple(target for target in draft.targets if target in there)
            if not left:
                draft.settle(WriteStatus.GONE, "the records to attach the note to were deleted")
            elif left == draft.targets:
                draft.settle(WriteStatus.REJECTED, "HubSpot does not find a record to attach the note to")
            draft.targets, draft.lost_target = left, False


class _Changes(Batches[Draft]):
    """New bodies of notes that still are as we wrote them."""

    def __init__(self, client: HubSpotClient) -> None:
        super().__init__(client, paths.objects(NOTES, "batch/update"))
        self._keys: dict[str, str] = {}

    def input_of(self, item: Draft) -> dict[str, Any]:
        note_id = item.stored.id if item.stored else ""
        self._keys[note_id] = item.key
        return {"id": note_id, "properties": {BODY_FIELD: item.body}}

    def trace_of(self, result: Mapping[str, Any]) -> str | None:
        return self._keys.get(str(result.get("id")))

    def written(self, item: Draft, result: Mapping[str, Any]) -> None:
        item.settle(WriteStatus.OK)

    def refused(self, item: Draft, faults: Sequence[Fault]) -> None:
        _settle_refused(item, faults[0])


class _Creations(Batches[Draft]):
    """Notes the portal does not have yet, with the records they hang on."""

    def __init__(self, client: HubSpotClient, written_at: datetime) -> None:
        super().__init__(client, paths.objects(NOTES, "batch/create"))
        self._written_at = encode(written_at)

    def input_of(self, item: Draft) -> dict[str, Any]:
        properties = {"hs_timestamp": self._written_at, BODY_FIELD: item.body}
        if item.keyed:
            properties[KEY_FIELD] = item.key
        return {"properties": properties, "associations": [_association(target) for target in item.targets]}

    def trace_of(self, result: Mapping[str, Any]) -> str | None:
        return stored_note(result).key

    def written(self, item: Draft, result: Mapping[str, Any]) -> None:
        item.settle(WriteStatus.OK)

    def refused(self, item: Draft, faults: Sequence[Fault]) -> None:
        fault = faults[0]
        if item.keyed and any(is_unwritable(each) and KEY_FIELD in each.fields for each in faults):
            item.keyed = False
        elif _is_duplicate(fault):
            item.taken = True
        elif fault.code in GONE or "ASSOCIATION" in fault.code:
            item.lost_target = True
        else:
            _settle_refused(item, fault)


def _settle_refused(draft: Draft, fault: Fault) -> None:
    if fault.is_busy or fault.code in GONE:
        draft.settle(WriteStatus.RETRY, f"the note could not be written now ({fault.code})", RETRY_SECONDS)
    else:
        draft.settle(WriteStatus.REJECTED, described(fault))


def _is_duplicate(fault: Fault) -> bool:
    # The usual refusal has no code of its own.
    if "already has that value" in fault.message:
        return True
    return any(word in fault.code for word in ("CONFLICT", "DUPLICATE", "ALREADY_EXISTS", "UNIQUE"))


def _association(target: RecordRef) -> dict[str, Any]:
    return {"to": {"id": target.id}, "types": link_types(target.object)}


def _gather(notes: Sequence[NoteUpsert]) -> dict[str, Draft]:
    drafts: dict[str, Draft] = {}
    for note in notes:
        key = key_hash(note.key)
        targets = [one for one in note.targets if takes_notes(one) and is_id(one.id)]
        before = drafts[key].targets if key in drafts else ()
        draft = Draft(key, note_html(note.key, note.body), tuple(dict.fromkeys([*before, *targets])))
        if not draft.targets:
            draft.settle(WriteStatus.REJECTED, NO_TARGET)
        drafts[key] = draft
    return drafts


def _open(drafts: Sequence[Draft]) -> list[Draft]:
    return [draft for draft in drafts if draft.outcome is None]
