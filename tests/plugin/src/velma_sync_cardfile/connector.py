"""A connection to one card file."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO

from velma_connectors.errors import CallGone, RetryLater, SkipCall
from velma_connectors.model import (
    ApiBudget,
    Call,
    CallRef,
    Capabilities,
    DroppedField,
    Field,
    FieldSpec,
    FieldUpdate,
    FieldValue,
    Health,
    NoteUpsert,
    Page,
    RecordRef,
    SchemaAction,
    SchemaResult,
    SchemaStep,
    Target,
    Window,
    WriteResult,
    WriteStatus,
)
from velma_sync_cardfile.cards import CALL, DEAL, NOTE, DealCard, call_of, deal_ids, moment
from velma_sync_cardfile.client import CardfileClient, Session
from velma_sync_cardfile.fields import accepted, field_of, read, step_for, stored
from velma_sync_cardfile.options import CardfileOptions

SAVE_FIELD = "INSERT OR REPLACE INTO field VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
SAVE_NOTE = "INSERT OR REPLACE INTO card (object, id, changed_at, facts) VALUES (?, ?, ?, ?)"
IN_WINDOW = "FROM card WHERE object = ? AND changed_at BETWEEN ? AND ?"


class CardfileConnector:
    """Fulfils `CrmConnector`. Cards of calls hold their recordings; notes are cards of their own."""

    capabilities = Capabilities(
        write_batch=100,
        objects={Target.CALL: (CALL,), Target.DEAL: (DEAL,)},
        note_targets=(Target.CALL, Target.DEAL),
    )

    def __init__(self, connection: str, options: CardfileOptions) -> None:
        self._connection = connection
        self._client = CardfileClient(options)

    def check(self) -> Health:
        with self._client.session() as session:
            account = session.account
        return Health(account["file_id"], account["file_name"], account["user"], api_version="1")

    def count(self, window: Window) -> int:
        with self._client.session() as session:
            ends = moment(window.start), moment(window.end)
            return int(session.run(f"SELECT count(*) AS calls {IN_WINDOW}", CALL, *ends)[0]["calls"])

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        """By id, so that a call that is edited during the walk moves no other one out of its page."""
        more = f"SELECT * {IN_WINDOW} AND id > ? ORDER BY id LIMIT ?"
        with self._client.session() as session:
            ends = moment(window.start), moment(window.end)
            rows = session.run(more, CALL, *ends, cursor or "", limit + 1)
            page = self._calls(session, rows[:limit])
        return Page(tuple(page), page[-1].ref.id if len(rows) > limit else None)

    def refresh(self, refs: Sequence[CallRef]) -> list[Call]:
        with self._client.session() as session:
            rows = [_card(session, ref.record) for ref in refs]
            return self._calls(session, [row for row in rows if row is not None])

    @contextmanager
    def open_recording(self, call: Call) -> Iterator[BinaryIO]:
        with self._client.session() as session:
            if _card(session, call.ref.record) is None:
                raise CallGone(f"{call.ref} no longer exists.")
            locator = call.recording.locator if call.recording else ""
            rows = session.run("SELECT content FROM audio WHERE id = ?", locator)
        if not rows:
            raise SkipCall(f"{call.ref} has no recording in the card file.", code="no_recording")
        yield io.BytesIO(rows[0]["content"])

    def fields(self, object_name: str) -> Mapping[str, Field]:
        with self._client.session() as session:
            return _fields(session, object_name)

    def current(
        self, records: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Mapping[str, FieldValue]]:
        with self._client.session() as session:
            found = {record: _values(session, record, fields) for record in records}
        return {record: values for record, values in found.items() if values is not None}

    def write(self, updates: Sequence[FieldUpdate | NoteUpsert]) -> list[WriteResult]:
        """All in one transaction; a file that is in use now takes none of them."""
        try:
            with self._client.session() as session:
                return [_write(session, update) for update in updates]
        except RetryLater as verdict:
            return [_retry(str(verdict), verdict.after) for _ in updates]

    def plan_fields(self, specs: Sequence[FieldSpec]) -> list[SchemaStep]:
        with self._client.session() as session:
            return [_step(session, spec) for spec in specs if spec.target in self.capabilities.objects]

    def create_fields(self, steps: Sequence[SchemaStep]) -> list[SchemaResult]:
        with self._client.session() as session:
            return [_create(session, step) for step in steps]

    def budget(self) -> ApiBudget:
        return ApiBudget(used=None, allowed=None, requests=self._client.requests)

    def close(self) -> None:
        """Nothing is held open."""

    def _calls(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> list[Call]:
        ids = {id for row in rows for id in deal_ids(row)}
        found = {id: _card(session, RecordRef(DEAL, id)) for id in ids}
        deals = {id: DealCard.model_validate_json(row["facts"]) for id, row in found.items() if row}
        return [call_of(self._connection, row, deals) for row in rows]


def _card(session: Session, record: RecordRef) -> Mapping[str, Any] | None:
    rows = session.run("SELECT * FROM card WHERE object = ? AND id = ?", record.object, record.id)
    return rows[0] if rows else None


def _fields(session: Session, object_name: str) -> dict[str, Field]:
    rows = session.run("SELECT * FROM field WHERE object = ? ORDER BY name", object_name)
    return {row["name"]: field_of(row) for row in rows}


def _values(session: Session, record: RecordRef, names: Sequence[str]) -> dict[str, FieldValue] | None:
    """Values of one card, None when it is gone."""
    row, known = _card(session, record), _fields(session, record.object)
    if row is None:
        return None
    held = json.loads(row["fields"])
    return {name: read(known[name], held.get(name)) for name in names if name in known}


def _write(session: Session, update: FieldUpdate | NoteUpsert) -> WriteResult:
    return _write_note(session, update) if isinstance(update, NoteUpsert) else _write_fields(session, update)


def _write_fields(session: Session, update: FieldUpdate) -> WriteResult:
    row = _card(session, update.record)
    if row is None:
        return WriteResult(WriteStatus.GONE, reason=f"{update.record} no longer exists.")
    if row["in_use"]:
        return _retry(f"Somebody has the card {update.record} in hand.", 60.0)
    known, held, dropped = _fields(session, update.record.object), json.loads(row["fields"]), []
    for name, value in update.fields.items():
        kept, reason = accepted(known.get(name), value)
        if reason:
            dropped.append(DroppedField(name, reason))
        if kept is not None or not reason:
            held[name] = stored(kept)
    sql = "UPDATE card SET fields = ?, changed_at = ? WHERE object = ? AND id = ?"
    session.run(sql, json.dumps(held), moment(datetime.now(UTC)), update.record.object, update.record.id)
    return WriteResult(WriteStatus.OK, tuple(dropped))


def _write_note(session: Session, note: NoteUpsert) -> WriteResult:
    """The key is the id of the note's card, so that writing it twice cannot make two."""
    there = [str(target) for target in note.targets if _card(session, target) is not None]
    if not there:
        return WriteResult(WriteStatus.GONE, reason=f"{note.targets[0]} no longer exists.")
    facts = json.dumps({"on": there, "body": note.body})
    session.run(SAVE_NOTE, NOTE, note.key, moment(datetime.now(UTC)), facts)
    return WriteResult(WriteStatus.OK)


def _retry(reason: str, after: float) -> WriteResult:
    return WriteResult(WriteStatus.RETRY, reason=reason, after=after)


def _step(session: Session, spec: FieldSpec) -> SchemaStep:
    (object_name,) = CardfileConnector.capabilities.objects[spec.target]
    return step_for(object_name, spec, _fields(session, object_name).get(spec.name))


def _create(session: Session, planned: SchemaStep) -> SchemaResult:
    """Carry out one step on the fields of now, which may have changed since the plan."""
    step, spec = _step(session, planned.spec), planned.spec
    if SchemaAction.CANNOT in (planned.action, step.action):
        return SchemaResult(planned, ok=False, reason=planned.reason or step.reason)
    if step.action is not SchemaAction.LEAVE:
        held = _fields(session, step.object).get(spec.name)
        choices = list(dict.fromkeys([*(held.choices if held else ()), *spec.choices]))
        field = step.object, spec.name, spec.label, spec.kind, True, spec.max_length, spec.scale
        session.run(SAVE_FIELD, *field, json.dumps(choices))
    return SchemaResult(planned, ok=True)
