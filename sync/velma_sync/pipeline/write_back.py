"""One batch of analyzed calls into the CRM: read what is there, decide, remember the intent, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection
from velma_connectors.model import WriteResult, WriteStatus
from velma_sync.ledger import calls, connections, history, units
from velma_sync.ledger.calls import StoredCall
from velma_sync.ledger.database import DATABASE_AWAY, Transaction
from velma_sync.ledger.endings import end_all, start_over
from velma_sync.ledger.moves import move_all
from velma_sync.ledger.states import OPEN_UNITS, CallState, UnitState
from velma_sync.ledger.units import Unit, UnitKey
from velma_sync.pipeline import faults, health
from velma_sync.pipeline.drafts import Draft, answers_of, compose, describe, draft_call
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.outcomes import GONE, finish, record_history, unit_after
from velma_sync.pipeline.seen import absorb
from velma_sync.pipeline.settings import Connection
from velma_sync.pipeline.settlement import (
    LATER,
    Sending,
    Settled,
    present_values,
    settle_notes,
    settle_records,
)

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """Calls leased for one write-back, and the units of theirs that were begun before."""

    owner: str
    calls: Sequence[StoredCall]
    begun: Mapping[UnitKey, Unit] = field(default_factory=dict)


def flush(engine: Engine, connection: Connection, *, only: int | None = None) -> int:
    """Write one batch of analyzed calls back; returns how many calls were taken, 0 when there was nothing.

    `only` takes that one call. Verdicts and faults end in the ledger, never in the caller.
    """
    owner = engine.leases.next_owner()
    with engine.ledger.write() as tx:
        taken = units.claim_batch(
            tx,
            connection.name,
            owner=owner,
            limit=connection.connector.capabilities.write_batch,
            lease_seconds=engine.settings.lease_seconds,
            only=only,
        )
    if not taken:
        return 0
    deadline = engine.clock.monotonic() + engine.settings.deadline_seconds
    with engine.leases.holding(owner, deadline):
        _write_safely(engine, connection, Batch(owner, taken))
    return len(taken)


def _write_safely(engine: Engine, connection: Connection, batch: Batch) -> None:
    try:
        _write(engine, connection, batch)
    except RetryLater as later:
        with engine.ledger.write() as tx:
            connections.wait(tx, connection.name, later.after)
            due_at = tx.now + timedelta(seconds=later.after)
            _give_back(tx, batch, due_at)
        log.warning("Write-back rests.", action="resting", connection=connection.name, reason=str(later))
    except StopConnection as stop:
        with engine.ledger.write() as tx:
            health.pause(tx, engine, connection.name, stop)
            _give_back(tx, batch, tx.now)
    except DATABASE_AWAY:
        raise  # the ledger is away: the lease ends by itself, and the batch is written again
    except Exception as error:  # noqa: BLE001  # our own failure: the batch is held with its trace
        _hold(engine, connection, batch.owner, batch.calls, error)


def _give_back(tx: Transaction, batch: Batch, due_at: datetime) -> None:
    rows = [{"call_id": each.id, "due_at": due_at} for each in batch.calls]
    move_all(tx, rows, CallState.WRITING, CallState.ANALYZED, held_by=batch.owner)


def _write(engine: Engine, connection: Connection, batch: Batch) -> None:
    present = _look_again(engine, connection, batch)
    with engine.ledger.read() as tx:
        batch = replace(batch, begun=units.of_calls(tx, [each.id for each in present]))
    drafts = _drafts(engine, connection, batch.owner, present)
    with engine.ledger.read() as tx:
        composed = compose(tx, connection, drafts, batch.begun)
        records = [each.record for each in composed.records]
        own = history.own_values(tx, connection.name, records) if records else {}
        now = tx.now
    settled = settle_records(
        composed.records, present_values(connection.connector, composed.records), own, now
    )
    notes, same_notes = settle_notes(composed.notes, batch.begun, now)
    settled.sendings += notes
    settled.over += same_notes
    settled.over += [Unit(key, UnitState.SUPERSEDED, now, reason=LATER) for key in composed.superseded]
    settled.over += _no_longer_planned(batch, drafts, settled)
    _send(engine, connection, batch, drafts, settled)


def _look_again(engine: Engine, connection: Connection, batch: Batch) -> list[StoredCall]:
    """The calls that still exist, as they are now: the deal may have changed since they were found."""
    oldest = engine.ledger.now() - timedelta(seconds=engine.settings.snapshot_seconds)
    stale = [each for each in batch.calls if each.seen_at < oldest]
    if not stale:
        return list(batch.calls)
    looks = {call.ref: call for call in connection.connector.refresh([each.ref for each in stale])}
    with engine.ledger.write() as tx:
        for each in calls.by_ids(tx, [each.id for each in stale]):
            if each.ref in looks and each.seen_at < oldest:
                absorb(tx, engine, connection, each, looks[each.ref])
        missing = [each.id for each in stale if each.ref not in looks]
        reason = "Its record was deleted in the CRM."
        ended = [{"call_id": call_id, "code": GONE, "reason": reason} for call_id in missing]
        move_all(tx, ended, CallState.WRITING, CallState.DONE, held_by=batch.owner)
        found = calls.by_ids(tx, [each.id for each in batch.calls])
    return [each for each in found if each.state is CallState.WRITING]


def _drafts(engine: Engine, connection: Connection, owner: str, present: Sequence[StoredCall]) -> list[Draft]:
    """Plans of the calls whose recording is still the one that was analyzed; a faulty one is held alone."""
    outdated = [each for each in present if each.is_outdated]
    if outdated:
        with engine.ledger.write() as tx:
            start_over(tx, [each.id for each in outdated], CallState.WRITING)
    current = [each for each in present if not each.is_outdated]
    if not current:
        return []
    answers = answers_of(engine, current)
    fields = describe(engine, connection, [each.call for each in current])
    drafts, now = [], engine.ledger.now()
    for stored in current:
        try:
            drafts.append(draft_call(engine, connection, stored, answers, fields, now))
        except Exception as error:  # noqa: BLE001  # our own failure: this call is held with its trace
            _hold(engine, connection, owner, [stored], error)
    return drafts


def _no_longer_planned(batch: Batch, drafts: Sequence[Draft], settled: Settled) -> list[Unit]:
    """Units begun earlier that the present plan does not hold: another deal, another mapping."""
    planned = {sending.unit for sending in settled.sendings} | {unit.key for unit in settled.over}
    ids = {draft.stored.id for draft in drafts}
    return [
        Unit(key, UnitState.SUPERSEDED, unit.due_at, reason="No longer planned.")
        for key, unit in batch.begun.items()
        if key.call_id in ids and unit.state in OPEN_UNITS and key not in planned
    ]


def _send(
    engine: Engine, connection: Connection, batch: Batch, drafts: Sequence[Draft], settled: Settled
) -> None:
    """The intent first, then one write, then what became of it."""
    results: list[WriteResult] = []
    sent_at = None
    if settled.sendings:
        with engine.ledger.write() as tx:
            sent_at = tx.now
            units.begin(tx, connection.name, [sending.unit for sending in settled.sendings])
            changes = [change for sending in settled.sendings for change in sending.changes]
            if changes:
                history.intend(tx, connection.name, connection.mapping.hash, changes)
        results = _results(connection, settled.sendings)
    sent = list(zip(settled.sendings, results, strict=True))
    with engine.ledger.write() as tx:
        if sent_at is not None:
            record_history(tx, connection.name, sent_at, sent)
        if settled.arrived:
            history.confirm(tx, settled.arrived)
        after = [unit_after(engine, sending, result, batch.begun, tx.now) for sending, result in sent]
        finish(tx, engine, connection, batch.owner, drafts, [*settled.over, *after])
    log.info(
        "Wrote a batch.",
        action="written",
        connection=connection.name,
        calls=len(drafts),
        updates=len(sent),
        not_ok=sum(result.status is not WriteStatus.OK for _, result in sent),
    )


def _results(connection: Connection, sendings: Sequence[Sending]) -> list[WriteResult]:
    """One result per sending. What the connector could not say for each is said for all."""
    try:
        return connection.connector.write([sending.update for sending in sendings])
    except RetryLater as later:
        result = WriteResult(WriteStatus.RETRY, reason=str(later), after=later.after)
    except OutcomeUnknown as lost:
        result = WriteResult(WriteStatus.UNKNOWN, reason=str(lost))
    return [result] * len(sendings)


def _hold(
    engine: Engine, connection: Connection, owner: str, held: Sequence[StoredCall], error: Exception
) -> None:
    values = {"code": faults.CODE, "reason": faults.sentence(error), "trace": faults.trace_of(error)}
    with engine.ledger.write() as tx:
        rows = [{"call_id": each.id, **values} for each in held]
        end_all(tx, rows, CallState.WRITING, CallState.HELD, held_by=owner)
        health.count_fault(tx, connection.name, error)
    for each in held:
        faults.report("A call is held: our own code failed.", error, action="held", call=str(each.ref))
