"""What the CRM's results mean for the units of a batch, and those for its calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from velma_connectors.model import RecordRef, Target, WriteResult, WriteStatus
from velma_sync.ledger import calls, connections, history, units
from velma_sync.ledger.codec import dropped_to_text
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.endings import end_all
from velma_sync.ledger.history import Arrival
from velma_sync.ledger.leases import TOO_MANY_ATTEMPTS
from velma_sync.ledger.states import OPEN_UNITS, CallState, UnitState
from velma_sync.ledger.units import Unit, UnitKey
from velma_sync.pipeline.backoff import wait_seconds
from velma_sync.pipeline.drafts import Draft
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.settings import Connection
from velma_sync.pipeline.settlement import PASSED, Sending

NO_DEAL = "no_deal"
REJECTED = "rejected"
GONE = "gone"
SUPERSEDED = "superseded"
UNCLEAR = "unclear"

_UNIT_STATES = {
    WriteStatus.OK: UnitState.WRITTEN,
    WriteStatus.REJECTED: UnitState.REJECTED,
    WriteStatus.RETRY: UnitState.RETRY,
    WriteStatus.GONE: UnitState.GONE,
    WriteStatus.UNKNOWN: UnitState.UNKNOWN,
    WriteStatus.UNCLEAR: UnitState.UNCLEAR,
}
_WRITTEN = (CallState.DONE, CallState.ANALYZED)
_ARRIVALS = {
    WriteStatus.OK: Arrival.WRITTEN,
    WriteStatus.REJECTED: Arrival.REFUSED,
    WriteStatus.GONE: Arrival.REFUSED,
}
"""Any other write stays an intent: its value may stand in the CRM."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call leaves its batch."""

    state: CallState
    values: Mapping[str, Any]


def unit_after(
    engine: Engine, sending: Sending, result: WriteResult, begun: Mapping[UnitKey, Unit], now: datetime
) -> Unit:
    """How a unit stands after its result."""
    before = begun.get(sending.unit)
    attempts = (before.attempts if before else 0) + 1
    state, due_at = _UNIT_STATES[result.status], now
    if state in OPEN_UNITS:
        due_at += timedelta(seconds=wait_seconds(attempts, after=result.after, jitter=engine.jitter()))
    arrived = result.status is WriteStatus.OK
    return Unit(
        key=sending.unit,
        state=state,
        due_at=due_at,
        attempts=attempts,
        reason=result.reason or None,
        dropped=(*sending.kept, *result.dropped),
        content=sending.content if arrived else None,
    )


def record_history(
    tx: Transaction, name: str, sent_at: datetime, sent: Iterable[tuple[Sending, WriteResult]]
) -> None:
    """Whether the intended values of that request arrived."""
    arrivals: dict[RecordRef, Arrival] = {}
    dropped: list[tuple[RecordRef, str]] = []
    for sending, result in sent:
        if sending.changes and result.status in _ARRIVALS:
            record = sending.unit.record
            arrivals[record] = _ARRIVALS[result.status]
            dropped += [(record, each.field) for each in result.dropped]
    if dropped:
        history.refuse_fields(tx, name, sent_at, dropped)
    if arrivals:
        history.close(tx, name, sent_at, arrivals)


def finish(
    tx: Transaction,
    engine: Engine,
    connection: Connection,
    owner: str,
    drafts: Sequence[Draft],
    now_units: Sequence[Unit],
) -> None:
    """Every unit is recorded; calls whose units are all over are done, the others wait for their next try."""
    if now_units:
        units.settle(tx, connection.name, now_units)
    ids = [draft.stored.id for draft in drafts]
    by_call: dict[int, list[Unit]] = {call_id: [] for call_id in ids}
    for unit in units.of_calls(tx, ids).values():
        by_call[unit.key.call_id].append(unit)
    moves: dict[CallState, list[dict[str, Any]]] = {}
    for draft in drafts:
        ending = _ending(engine, connection, draft, by_call[draft.stored.id])
        row = {"call_id": draft.stored.id, "left_out": dropped_to_text(draft.left_out), **ending.values}
        moves.setdefault(ending.state, []).append(row)
    for state, rows in moves.items():
        end_all(tx, rows, CallState.WRITING, state, held_by=owner)
    if CallState.DONE in moves:
        connections.forget_faults(tx, connection.name)
    _write_to_late_deals(tx, drafts)


def _write_to_late_deals(tx: Transaction, drafts: Sequence[Draft]) -> None:
    """Calls that came to their deal while they were written without one are written again."""
    without = [draft.stored.id for draft in drafts if draft.choice.deal is None]
    found = calls.by_ids(tx, without) if without else []
    late = [each.id for each in found if each.deal is not None and each.state in _WRITTEN]
    if late:
        units.reopen(tx, late)
        calls.write_again(tx, late)


def _ending(engine: Engine, connection: Connection, draft: Draft, own: Sequence[Unit]) -> Ending:
    waiting = [unit for unit in own if unit.state in OPEN_UNITS]
    stored = draft.stored
    if waiting:
        ending = _waits(engine, waiting)
        if stored.failed:
            # The CRM shows why the call failed, not why saying so did.
            return replace(ending, values={**ending.values, "code": stored.code, "reason": stored.reason})
        return ending
    if stored.failed:
        return Ending(CallState.SKIPPED, {"code": stored.code, "reason": stored.reason})
    for unit in own:
        if unit.state is UnitState.UNCLEAR:
            what = f"{unit.key.kind.value} of {unit.key.record}: {unit.reason}"
            values = {"code": UNCLEAR, "reason": f"{what}. Then retry the call."}
            return Ending(CallState.HELD, values)
    code, reason = _remark(connection, draft, own)
    return Ending(CallState.DONE, {"code": code, "reason": reason})


def _waits(engine: Engine, waiting: Sequence[Unit]) -> Ending:
    worst = max(waiting, key=lambda unit: unit.attempts)
    reason = f"{worst.key.kind.value} of {worst.key.record}: {worst.reason or 'no answer'}"
    if worst.attempts >= engine.settings.max_attempts:
        reason = f"Written {worst.attempts} times without success. {reason}"
        return Ending(CallState.DEAD, {"code": TOO_MANY_ATTEMPTS, "reason": reason})
    due_at = min(unit.due_at for unit in waiting)
    return Ending(CallState.ANALYZED, {"code": worst.state.value, "reason": reason, "due_at": due_at})


def _remark(connection: Connection, draft: Draft, own: Sequence[Unit]) -> tuple[str | None, str | None]:
    """What an admin should know of a call that is done: the gravest of it."""
    for state, code in ((UnitState.GONE, GONE), (UnitState.REJECTED, REJECTED)):
        for unit in own:
            if unit.state is state:
                return code, f"{unit.key.record}: {unit.reason or state.value}"
    for unit in own:
        if unit.state is UnitState.SUPERSEDED and unit.reason == PASSED:
            return SUPERSEDED, f"{unit.key.record}: {PASSED}"
    writes_deals = any(rule.on is Target.DEAL for rule in connection.mapping.rules)
    if writes_deals and draft.choice.deal is None:
        return NO_DEAL, f"No deal was updated: {draft.choice.reason}."
    return None, None
