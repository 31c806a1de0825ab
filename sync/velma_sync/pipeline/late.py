"""Later looks at calls: for recordings that were not there at first, ever more rarely, and by hand."""

from __future__ import annotations

from datetime import timedelta

import structlog

from velma_connectors.model import CallRef
from velma_sync.ledger import calls, connections
from velma_sync.ledger.calls import StoredCall
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.endings import start_over
from velma_sync.ledger.moves import move
from velma_sync.ledger.states import CallState
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.seen import NotInCrm, absorb, first_finding
from velma_sync.pipeline.settings import Connection

log = structlog.stdlib.get_logger(__name__)

GONE = "gone"


def look_for_recordings(engine: Engine, connection: Connection) -> int:
    """Look again at the calls whose time has come; returns how many have their recording now.

    Does nothing while the connection is paused or the CRM asked for a rest. Raises the connector's
    verdicts; nothing is lost by them.
    """
    limit = connection.connector.capabilities.write_batch
    with engine.ledger.read() as tx:
        if connections.rests(connections.get(tx, connection.name), tx.now):
            return 0
        waiting = calls.due(tx, connection.name, CallState.WAITING_RECORDING, limit)
    if not waiting:
        return 0
    looks = {call.ref: call for call in connection.connector.refresh([each.ref for each in waiting])}
    appeared = 0
    with engine.ledger.write() as tx:
        for stored in calls.unchanged(tx, waiting):
            look = looks.get(stored.ref)
            if look is None:
                _gone(tx, stored)
                continue
            state = absorb(tx, engine, connection, stored, look)
            appeared += state is CallState.NEW
            if state is CallState.WAITING_RECORDING:
                _wait_on(tx, engine, stored)
    log.info(
        "Looked for late recordings.",
        action="looked_for_recordings",
        connection=connection.name,
        calls=len(waiting),
        appeared=appeared,
    )
    return appeared


def look_up(engine: Engine, connection: Connection, ref: CallRef) -> StoredCall:
    """One call as the ledger knows it, after a look at it in the CRM, because somebody asked for it.

    Another recording is new work here, whatever its length. Raises NotInCrm, and the connector's verdicts.
    """
    looks = connection.connector.refresh([ref])
    if not looks:
        raise NotInCrm(ref)
    with engine.ledger.write() as tx:
        stored = calls.get(tx, ref)
        if stored is None:
            calls.insert_found(tx, [first_finding(tx, engine, connection, looks[0], start_at=None)])
        else:
            absorb(tx, engine, connection, stored, looks[0])
            start_over(tx, [stored.id], CallState.DONE)
        return calls.find(tx, [ref])[ref]


def _wait_on(tx: Transaction, engine: Engine, stored: StoredCall) -> None:
    settings = engine.settings
    if tx.now - stored.state_at >= timedelta(seconds=settings.look_for_seconds):
        hours = round(settings.look_for_seconds / 3600)
        reason = f"No recording appeared within {hours} hours."
        move(
            tx,
            stored.id,
            CallState.WAITING_RECORDING,
            CallState.NO_RECORDING,
            code="no_recording",
            reason=reason,
        )
        return
    step = min(stored.looks + 1, len(settings.look_seconds) - 1)
    due_at = tx.now + timedelta(seconds=settings.look_seconds[step])
    calls.looked_again(tx, stored.id, due_at=due_at)


def _gone(tx: Transaction, stored: StoredCall) -> None:
    reason = "Its record was deleted in the CRM."
    move(tx, stored.id, CallState.WAITING_RECORDING, CallState.SKIPPED, code=GONE, reason=reason)
