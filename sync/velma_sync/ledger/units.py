"""What write-back has to do for a call: one unit for the fields of each record, and one for the note."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, tuple_, update

from velma_connectors.model import DroppedField, RecordRef
from velma_sync.ledger import calls
from velma_sync.ledger.calls import StoredCall
from velma_sync.ledger.codec import dropped_from_text, dropped_to_text
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.moves import move_all
from velma_sync.ledger.schema import call, connection, write_unit
from velma_sync.ledger.states import CallState, UnitState


class UnitKind(StrEnum):
    """What a unit writes."""

    FIELDS = "fields"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class UnitKey:
    """Which unit: a call's fields on one record, or its note (on the call's own record)."""

    call_id: int
    kind: UnitKind
    record: RecordRef


@dataclass(frozen=True, slots=True)
class Unit:
    """How a unit stands. `dropped` names fields that were not written, and why.

    `content` is the hash of the note that is known to be in the CRM.
    """

    key: UnitKey
    state: UnitState
    due_at: datetime
    attempts: int = 0
    reason: str | None = None
    dropped: tuple[DroppedField, ...] = ()
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Spokesman:
    """The newest call that speaks for a record which several calls share; `call` is its record's id."""

    call: str
    started_at: datetime


def claim_batch(
    tx: Transaction, name: str, *, owner: str, limit: int, lease_seconds: float, only: int | None = None
) -> list[StoredCall]:
    """Lease analyzed calls of one connection for write-back; empty while another batch of it is written.

    Two batches of one connection would race for the deals they share.
    """
    tx.run(select(connection.c.name).where(connection.c.name == name).with_for_update())
    writing = select(call.c.id).where(call.c.state == CallState.WRITING, call.c.connection == name)
    if tx.first(writing.limit(1)) is not None:
        return []
    batch = calls.due(tx, name, CallState.ANALYZED, limit, only=only)
    until = tx.now + timedelta(seconds=lease_seconds)
    moves = [{"call_id": each.id, "owner": owner, "lease_until": until} for each in batch]
    move_all(tx, moves, CallState.ANALYZED, CallState.WRITING)
    return batch


def of_calls(tx: Transaction, call_ids: Collection[int]) -> dict[UnitKey, Unit]:
    """The units of these calls that were begun before."""
    statement = select(write_unit).where(write_unit.c.call_id.in_(call_ids)).order_by(write_unit.c.call_id)
    units = {}
    for row in tx.rows(statement):
        key = UnitKey(row.call_id, UnitKind(row.kind), RecordRef(row.object, row.record))
        units[key] = Unit(
            key=key,
            state=UnitState(row.state),
            due_at=row.due_at,
            attempts=row.attempts,
            reason=row.reason,
            dropped=dropped_from_text(row.dropped),
            content=row.content,
        )
    return units


def spokesmen(tx: Transaction, name: str, records: Collection[RecordRef]) -> dict[RecordRef, Spokesman]:
    """Of each of these records, the newest call that ever wrote to it, by start and then by id."""
    statement = (
        select(write_unit.c.object, write_unit.c.record, call.c.record.label("call"), call.c.started_at)
        .join(call, call.c.id == write_unit.c.call_id)
        .where(
            write_unit.c.connection == name,
            tuple_(write_unit.c.object, write_unit.c.record).in_(
                [(each.object, each.id) for each in records]
            ),
            write_unit.c.kind == UnitKind.FIELDS,
            write_unit.c.state != UnitState.SUPERSEDED,
        )
        .order_by(call.c.started_at, call.c.record)
    )
    return {
        RecordRef(row.object, row.record): Spokesman(row.call, row.started_at) for row in tx.rows(statement)
    }


def begin(tx: Transaction, name: str, keys: Sequence[UnitKey]) -> None:
    """These units are about to be sent: one more attempt each."""
    rows = [
        {
            "call_id": key.call_id,
            "kind": key.kind,
            "object": key.record.object,
            "record": key.record.id,
            "connection": name,
            "state": UnitState.PENDING,
            "due_at": tx.now,
            "attempts": 1,
            "at": tx.now,
        }
        for key in keys
    ]
    insert = tx.insert_into(write_unit)
    again = insert.on_conflict_do_update(
        index_elements=["call_id", "kind", "object", "record"],
        set_={"state": UnitState.PENDING, "attempts": write_unit.c.attempts + 1, "at": tx.now},
    )
    tx.run(again, rows)


def reopen(tx: Transaction, call_ids: Collection[int]) -> None:
    """These calls are written again: after another analysis, or by another mapping."""
    again = update(write_unit).where(write_unit.c.call_id.in_(call_ids))
    tx.run(again.values(state=UnitState.PENDING, due_at=tx.now, attempts=0))


def settle(tx: Transaction, name: str, units: Sequence[Unit]) -> None:
    """Record how these units stand now, whether they were begun or had nothing to send."""
    rows = [
        {
            "call_id": each.key.call_id,
            "kind": each.key.kind,
            "object": each.key.record.object,
            "record": each.key.record.id,
            "connection": name,
            "state": each.state,
            "due_at": each.due_at,
            "attempts": each.attempts,
            "reason": each.reason,
            "dropped": dropped_to_text(each.dropped),
            "content": each.content,
            "at": tx.now,
        }
        for each in units
    ]
    insert = tx.insert_into(write_unit)
    changed = ("state", "due_at", "reason", "dropped", "content", "at")
    set_ = {column: insert.excluded[column] for column in changed}
    tx.run(
        insert.on_conflict_do_update(index_elements=["call_id", "kind", "object", "record"], set_=set_), rows
    )
