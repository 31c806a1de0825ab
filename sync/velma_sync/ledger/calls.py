"""Finding, changing and showing calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, update

from velma_connectors.model import Call, CallRef, DroppedField
from velma_sync.ledger.codec import call_from_text, call_to_text, dropped_from_text
from velma_sync.ledger.database import AnyRow, Transaction
from velma_sync.ledger.moves import move_all
from velma_sync.ledger.payments import Question
from velma_sync.ledger.schema import call
from velma_sync.ledger.states import CallState


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call and how it stands. `code` and `reason` say why; columns are explained in `schema`."""

    id: int
    call: Call
    state: CallState
    due_at: datetime
    state_at: datetime
    seen_at: datetime
    discovered_at: datetime
    attempts: int
    resends: int
    looks: int
    deal: str | None
    stage: str | None
    worked_fingerprint: str | None
    question: Question | None
    failed: bool
    code: str | None
    reason: str | None
    trace: str | None
    left_out: tuple[DroppedField, ...]

    @property
    def ref(self) -> CallRef:
        return self.call.ref

    @property
    def is_outdated(self) -> bool:
        """The recording changed after it was claimed for analysis."""
        return self.worked_fingerprint is not None and self.worked_fingerprint != self.call.fingerprint


@dataclass(frozen=True, slots=True)
class Finding:
    """A call as discovery saw it, with the state and the deal it begins with."""

    call: Call
    state: CallState
    due_at: datetime
    deal: str | None
    stage: str | None
    code: str | None = None
    reason: str | None = None
    backfill: int | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls to list; None takes all. `text` is the beginning of a record's id."""

    connection: str | None = None
    states: tuple[CallState, ...] = ()
    code: str | None = None
    record: str | None = None
    since: datetime | None = None
    limit: int = 100


def stored(row: AnyRow) -> StoredCall:
    question = Question(row.audio_sha256, row.config_hash) if row.audio_sha256 and row.config_hash else None
    return StoredCall(
        id=row.id,
        call=call_from_text(row.snapshot),
        state=CallState(row.state),
        due_at=row.due_at,
        state_at=row.state_at,
        seen_at=row.seen_at,
        discovered_at=row.discovered_at,
        attempts=row.attempts,
        resends=row.resends,
        looks=row.looks,
        deal=row.deal,
        stage=row.stage,
        worked_fingerprint=row.worked_fingerprint,
        question=question,
        failed=row.failed,
        code=row.code,
        reason=row.reason,
        trace=row.trace,
        left_out=dropped_from_text(row.left_out),
    )


def find(tx: Transaction, refs: Iterable[CallRef]) -> dict[CallRef, StoredCall]:
    """Those of these calls that the ledger knows."""
    wanted = set(refs)
    records = {(ref.connection, ref.object, ref.id) for ref in wanted}
    found: dict[CallRef, StoredCall] = {}
    for name, object_name in {(ref.connection, ref.object) for ref in wanted}:
        ids = [record for one, other, record in records if (one, other) == (name, object_name)]
        statement = select(call).where(
            call.c.connection == name, call.c.object == object_name, call.c.record.in_(ids)
        )
        found |= {each.ref: each for each in map(stored, tx.rows(statement))}
    return found


def get(tx: Transaction, ref: CallRef) -> StoredCall | None:
    return find(tx, [ref]).get(ref)


def by_id(tx: Transaction, call_id: int) -> StoredCall:
    return stored(tx.run(select(call).where(call.c.id == call_id)).one())


def insert_found(tx: Transaction, findings: Sequence[Finding]) -> None:
    """Add calls that the ledger does not know yet; the others stay as they are."""
    rows = [
        {
            "connection": each.call.ref.connection,
            "object": each.call.ref.object,
            "record": each.call.ref.id,
            "state": each.state,
            "due_at": each.due_at,
            "state_at": tx.now,
            "snapshot": call_to_text(each.call),
            "seen_at": tx.now,
            "fingerprint": each.call.fingerprint,
            "started_at": each.call.started_at,
            "deal": each.deal,
            "stage": each.stage,
            "code": each.code,
            "reason": each.reason,
            "discovered_at": tx.now,
            "backfill": each.backfill,
            "rank": each.rank,
        }
        for each in findings
    ]
    if rows:
        tx.insert_if_absent(call, rows)


def keep_snapshot(
    tx: Transaction, known: StoredCall, seen: Call, *, deal: str | None, stage: str | None
) -> None:
    """The CRM told us more about a call; its state stays. One that is in another by now is left alone."""
    values = {
        "snapshot": call_to_text(seen),
        "seen_at": tx.now,
        "fingerprint": seen.fingerprint,
        "started_at": seen.started_at,
        "deal": deal,
        "stage": stage,
    }
    tx.run(update(call).where(call.c.id == known.id, call.c.state == known.state).values(values))


def looked_again(tx: Transaction, call_id: int, *, due_at: datetime) -> None:
    """A missing recording was looked for in vain, unless the call no longer waits for it."""
    values = {"looks": call.c.looks + 1, "due_at": due_at}
    waiting = update(call).where(call.c.id == call_id, call.c.state == CallState.WAITING_RECORDING)
    tx.run(waiting.values(values))


def unchanged(tx: Transaction, known: Sequence[StoredCall]) -> list[StoredCall]:
    """Those of these calls that still are as they were read: nobody has looked at them since."""
    now = {each.id: each for each in by_ids(tx, [each.id for each in known])}
    return [each for each in known if now.get(each.id) == each]


def by_ids(tx: Transaction, ids: Collection[int]) -> list[StoredCall]:
    statement = select(call).where(call.c.id.in_(ids)).order_by(call.c.id)
    return [stored(row) for row in tx.rows(statement)]


def outdated(tx: Transaction, ids: Collection[int], state: CallState) -> list[StoredCall]:
    """Those of these calls in a state whose recording changed after it was claimed for analysis."""
    changed = call.c.worked_fingerprint != call.c.fingerprint
    statement = select(call).where(call.c.id.in_(ids), call.c.state == state, changed)
    return [stored(row) for row in tx.rows(statement)]


def due(
    tx: Transaction, connection: str, state: CallState, limit: int, *, only: int | None = None
) -> list[StoredCall]:
    """The calls in a state whose time has come, oldest first; `only` that one, due or not."""
    which = call.c.due_at <= tx.now if only is None else call.c.id == only
    statement = (
        select(call)
        .where(call.c.state == state, call.c.connection == connection, which)
        .order_by(call.c.due_at, call.c.id)
        .limit(limit)
    )
    return [stored(row) for row in tx.rows(statement)]


def left_out_lately(
    tx: Transaction, name: str, limit: int
) -> list[tuple[datetime, tuple[DroppedField, ...]]]:
    """What was not written of the calls of one connection that were done last, the latest first."""
    statement = (
        select(call.c.state_at, call.c.left_out)
        .where(call.c.connection == name, call.c.state == CallState.DONE, call.c.failed.is_(False))
        .order_by(call.c.state_at.desc(), call.c.id.desc())
        .limit(limit)
    )
    return [(row.state_at, dropped_from_text(row.left_out)) for row in tx.rows(statement)]


def listed(tx: Transaction, wanted: CallFilter) -> list[StoredCall]:
    """Matching calls, the latest call first."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.connection is not None:
        conditions.append(call.c.connection == wanted.connection)
    if wanted.states:
        conditions.append(call.c.state.in_(wanted.states))
    if wanted.code is not None:
        conditions.append(call.c.code == wanted.code)
    if wanted.record is not None:
        conditions.append(or_(call.c.record == wanted.record, call.c.deal == wanted.record))
    if wanted.since is not None:
        conditions.append(call.c.started_at >= wanted.since)
    statement = select(call).where(*conditions).order_by(call.c.started_at.desc(), call.c.id.desc())
    return [stored(row) for row in tx.rows(statement.limit(wanted.limit))]


def answered(tx: Transaction, connection: str, since: datetime | None) -> list[int]:
    """Calls that are done and have an answer, those that took place since then."""
    conditions = [call.c.state == CallState.DONE, call.c.connection == connection]
    conditions.append(call.c.config_hash.is_not(None))
    if since is not None:
        conditions.append(call.c.started_at >= since)
    return list(tx.run(select(call.c.id).where(*conditions)).scalars())


def write_again(tx: Transaction, ids: Sequence[int]) -> None:
    """Back to write-back, from the stored answers."""
    rows = [{"call_id": call_id, "due_at": tx.now} for call_id in ids]
    move_all(tx, rows, CallState.DONE, CallState.ANALYZED)
