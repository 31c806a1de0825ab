"""New and changed calls of one connection, by a walk over a closed window of change stamps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from velma_connectors.model import Call, Window
from velma_sync.ledger import calls, connections
from velma_sync.ledger.calls import Finding
from velma_sync.ledger.connections import ConnectionRow
from velma_sync.ledger.database import Transaction
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.seen import absorb, first_finding
from velma_sync.pipeline.settings import Connection

log = structlog.stdlib.get_logger(__name__)


def discover(engine: Engine, connection: Connection) -> int:
    """Read everything that changed since the last time; returns how many calls were not known before.

    Does nothing while the connection is paused or the CRM asked for a rest. Raises the connector's
    verdicts; what was read by then is kept, and the window is read again next time.
    """
    with engine.ledger.write() as tx:
        row = connections.ensure(tx, connection.name, connection.start_at)
        window = _window(engine, row, tx.now)
        if connections.rests(row, tx.now):
            return 0
    found, cursor = 0, None
    while True:
        page = connection.connector.calls(window, cursor, limit=engine.settings.page_calls)
        cursor = page.cursor
        with engine.ledger.write() as tx:
            found += _take(tx, engine, connection, row, page.calls)
            if cursor is None:
                connections.covered(tx, connection.name, window.end)
                break
    if found:
        log.info("Discovered calls.", action="discovered", connection=connection.name, calls=found)
    return found


def _window(engine: Engine, row: ConnectionRow, now: datetime) -> Window:
    overlap = timedelta(seconds=engine.settings.overlap_seconds)
    # Covered up to a time that is still to come: the clock was wrong, and nobody knows what was read.
    if row.covered_until is None or row.covered_until - overlap > now:
        return Window(row.start_at, now)
    return Window(max(row.start_at, row.covered_until - overlap), now)


def _take(
    tx: Transaction, engine: Engine, connection: Connection, row: ConnectionRow, page: Sequence[Call]
) -> int:
    looks = {call.ref: call for call in page}
    known = calls.find(tx, looks)
    findings: list[Finding] = []
    for ref, look in looks.items():
        if ref in known:
            absorb(tx, engine, connection, known[ref], look)
        else:
            findings.append(first_finding(tx, engine, connection, look, start_at=row.start_at))
    calls.insert_found(tx, findings)
    return len(findings)
