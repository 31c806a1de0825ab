from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.model import Call, CallRef, Direction, Recording, RecordingSource
from velma_connectors.testing.clock import ManualClock
from velma_sync.ledger import calls, connections, spending
from velma_sync.ledger.calls import Finding, StoredCall
from velma_sync.ledger.database import Ledger, open_ledger
from velma_sync.ledger.leases import LeaseRules
from velma_sync.ledger.schema import metadata
from velma_sync.ledger.states import CallState

SERVER = os.environ.get("VELMA_SYNC_TEST_POSTGRESQL")
"""URL of an empty PostgreSQL database whose tables the tests may drop, to run them there as well."""

ANALYZER = "canned"
CONFIG = AnalysisConfig(analyzer=ANALYZER, conversation_types=(), roles=(), behaviors=())

AddCall = Callable[..., StoredCall]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", "postgresql"] if SERVER else ["sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a ledger that is still empty."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.db")
    assert SERVER is not None
    server = sqlalchemy.create_engine(SERVER)
    with server.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(sqlalchemy.text("DROP TABLE IF EXISTS alembic_version"))
    server.dispose()
    return SERVER


@pytest.fixture
def ledger(where: str, clock: ManualClock) -> Iterator[Ledger]:
    opened = open_ledger(where, clock=clock.now)
    with opened.write() as tx:
        spending.ensure(tx, ANALYZER)
    yield opened
    opened.close()


@pytest.fixture
def rules() -> LeaseRules:
    return LeaseRules(lease_seconds=180, max_in_flight=2, max_resend=1, max_attempts=3)


@pytest.fixture
def config() -> AnalysisConfig:
    return CONFIG


@pytest.fixture
def add_call(ledger: Ledger, clock: ManualClock) -> AddCall:
    """Put a call into the ledger as discovery would; later ones are due later."""

    def add(
        record: str,
        connection: str = "sales",
        state: CallState = CallState.NEW,
        due_at: datetime | None = None,
        fingerprint: str = "recording-1",
    ) -> StoredCall:
        call = Call(
            ref=CallRef(connection, "Call", record),
            title="A call",
            started_at=clock.now() - timedelta(hours=1),
            seconds=300,
            direction=Direction.OUTBOUND,
            owner=None,
            recording=Recording(RecordingSource.CRM, f"file-{record}"),
            deals=(),
            people=(),
            account=None,
            changed_at=clock.now(),
            fingerprint=fingerprint,
        )
        with ledger.write() as tx:
            connections.ensure(tx, connection, clock.now())
            finding = Finding(call, state, due_at or clock.now(), deal=None, stage=None)
            calls.insert_found(tx, [finding, finding])
        clock.advance(1)
        with ledger.read() as tx:
            stored = calls.get(tx, call.ref)
        assert stored is not None
        return stored

    return add
