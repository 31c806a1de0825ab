"""The whole engine over a CRM in memory, a canned analyzer and a clock that only the test moves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.model import CallRef, FieldKind, FieldValue, Recording, RecordRef
from velma_connectors.protocol import Audio
from velma_connectors.testing.canned import CannedAnalyzer, canned_answer
from velma_connectors.testing.clock import ManualClock
from velma_connectors.testing.far_side import CALL, DEAL, MemoryCrm, writable
from velma_connectors.testing.memory import MemoryConnector
from velma_mappings.mapping_file import MappingFile
from velma_sync.daemon.tasks import sweep
from velma_sync.ledger import connections, leases, payments, spending
from velma_sync.ledger.calls import CallFilter, StoredCall
from velma_sync.ledger.counts import Billing
from velma_sync.ledger.database import Ledger, open_ledger
from velma_sync.ledger.schema import payment
from velma_sync.ledger.states import CallState
from velma_sync.pipeline.analyze import work_one
from velma_sync.pipeline.discover import discover
from velma_sync.pipeline.engine import Engine, build_engine
from velma_sync.pipeline.health import attempt
from velma_sync.pipeline.late import look_for_recordings
from velma_sync.pipeline.operate import CallStory, list_calls, show, status
from velma_sync.pipeline.settings import Connection, EngineSettings
from velma_sync.pipeline.write_back import flush

MAPPING = MappingFile.model_validate(
    {
        "version": 1,
        "rules": [
            {"value": "status", "on": "call", "field": "status"},
            {"value": "reason", "on": "call", "field": "reason"},
            {"value": "summary", "on": "call", "field": "summary"},
            {"value": "summary", "on": "deal", "field": "last_summary"},
            {"value": "started_at", "on": "deal", "field": "last_call_at", "overwrite": "always"},
        ],
        "notes": {"enabled": True, "on": ["call", "deal"]},
    }
)
FIELDS = {
    CALL: [
        writable("status", FieldKind.TEXT),
        writable("reason", FieldKind.TEXT),
        writable("summary", FieldKind.LONG_TEXT),
    ],
    DEAL: [writable("last_summary", FieldKind.LONG_TEXT), writable("last_call_at", FieldKind.DATETIME)],
}
CONFIG = AnalysisConfig(analyzer="canned", conversation_types=(), roles=(), behaviors=())


def answer(summary: str, *, seconds: int = 300) -> bytes:
    """A heard call with this summary, of this length."""
    clip = {"id": "c1", "text": "Good morning.", "start_ms": 0, "duration_ms": 900, "speaker": "A"}
    return canned_answer(summary=summary, clips=[clip], duration_ms=seconds * 1000)


def sha(audio: bytes) -> str:
    return hashlib.sha256(audio).hexdigest()


class MemoryRecordings:
    """Recordings without a disk: links are looked up in `linked`."""

    def __init__(self) -> None:
        self.linked: dict[str, bytes] = {}
        self.fetched = 0

    def fetch(self, recording: Recording, *, deadline_seconds: float) -> AbstractContextManager[Audio]:
        return self._on_disk(self.linked[recording.locator])

    def save(
        self, stream: BinaryIO, recording: Recording, *, deadline_seconds: float | None = None
    ) -> AbstractContextManager[Audio]:
        return self._on_disk(stream.read())

    @contextmanager
    def _on_disk(self, audio: bytes) -> Iterator[Audio]:
        self.fetched += 1
        yield Audio(Path("nowhere"), sha(audio), len(audio), "audio/wav", "wav")


class Rig:
    """One ledger file, one CRM per connection, and an engine that can be killed and started again."""

    def __init__(
        self,
        path: Path,
        *,
        names: tuple[str, ...] = ("sales",),
        settings: EngineSettings | None = None,
        mapping: MappingFile = MAPPING,
        analyzer: CannedAnalyzer | None = None,
        write_batch: int = 200,
        clock: ManualClock | None = None,
        crm: MemoryCrm | None = None,
    ) -> None:
        self.path = path
        self.clock = clock or ManualClock()
        self.crms = {name: crm or MemoryCrm(self.clock.now, FIELDS) for name in names}
        for name, crm in self.crms.items():
            crm.account_id = f"account of {name}"
        self.analyzer = analyzer or CannedAnalyzer(default=answer("A summary."))
        self.recordings = MemoryRecordings()
        self.settings = settings or EngineSettings()
        self.mapping = mapping
        self.write_batch = write_batch
        self.free_bytes: Callable[[], int] = lambda: 10**12
        self.config: Callable[[str | None, str | None], AnalysisConfig] = lambda stage, pipeline: CONFIG
        self.lateness: Callable[[str | None, str | None], int] = lambda stage, pipeline: 0
        self.ledger: Ledger
        self.engine: Engine
        self.start()

    @property
    def crm(self) -> MemoryCrm:
        """The CRM of the first connection."""
        return next(iter(self.crms.values()))

    @property
    def connection(self) -> Connection:
        return next(iter(self.engine.connections.values()))

    def start(self, ledger: Ledger | None = None) -> None:
        """A new process on the same file, as a daemon begins."""
        self.ledger = ledger or open_ledger(self.path, clock=self.clock.now)
        self.engine = build_engine(
            self.ledger,
            self._connections(),
            self.analyzer,
            self.recordings,
            self.settings,
            clock=self.clock,
            free_bytes=lambda: self.free_bytes(),
            jitter=lambda: 0.0,
        )
        with self.ledger.write() as tx:
            spending.ensure(tx, self.analyzer.name)
            for name in self.crms:
                connections.ensure(tx, name, None)
            leases.expire_all(tx)
            leases.return_expired(tx, self.settings.lease_rules)

    def restart(self, ledger: Ledger | None = None) -> None:
        """The process is gone, whatever it was doing; another one takes over."""
        self.ledger.close()
        self.start(ledger)

    def with_mapping(self, mapping: MappingFile) -> None:
        self.mapping = mapping
        self.restart()

    def _connections(self) -> Mapping[str, Connection]:
        return {
            name: Connection(
                name=name,
                connector=MemoryConnector(name, crm, write_batch=self.write_batch),
                mapping=self.mapping,
                select=lambda stage, pipeline: self.config(stage, pipeline),
                lateness=lambda stage, pipeline: self.lateness(stage, pipeline),
            )
            for name, crm in self.crms.items()
        }

    def poll(self) -> None:
        for connection in self.engine.connections.values():
            attempt(self.engine, connection, "discover", partial(discover, self.engine, connection))

    def look_late(self) -> None:
        for connection in self.engine.connections.values():
            attempt(self.engine, connection, "late", partial(look_for_recordings, self.engine, connection))

    def sweep(self) -> None:
        sweep(self.engine)

    def work(self) -> int:
        """Analyze call after call until none can be claimed."""
        done = 0
        while work_one(self.engine):
            done += 1
        return done

    def write(self) -> int:
        """Write until nothing is ready."""
        written = 0
        for connection in self.engine.connections.values():
            while taken := flush(self.engine, connection):
                written += taken
        return written

    def write_once(self) -> int:
        """One batch of the first connection."""
        return flush(self.engine, self.connection)

    def paused(self) -> str | None:
        """Why the first connection is paused."""
        with self.ledger.read() as tx:
            return connections.get(tx, self.connection.name).paused_reason

    def run(self) -> None:
        """Everything once: find, analyze, write."""
        self.poll()
        self.look_late()
        self.work()
        self.write()

    def calls(self, *states: CallState) -> list[StoredCall]:
        return list_calls(self.ledger, CallFilter(states=states, limit=10_000))

    def call(self, id: str, name: str | None = None) -> StoredCall:
        return self.story(id, name).stored

    def story(self, id: str, name: str | None = None) -> CallStory:
        return show(self.ledger, CallRef(name or next(iter(self.crms)), CALL, id))

    def summary_of(self, stored: StoredCall) -> str:
        """What the analyzer's stored answer says about a call."""
        assert stored.question is not None
        with self.ledger.read() as tx:
            found = payments.answers(tx, [stored.question])[stored.question]
        return str(json.loads(found.answer)["summary"])

    def unknown_audio(self) -> list[str]:
        """Recordings for which a request was ever without an outcome."""
        unknown = select(payment.c.audio_sha256).where(payment.c.outcome == payments.Outcome.UNKNOWN)
        with self.ledger.read() as tx:
            return list(tx.run(unknown).scalars())

    def states(self) -> dict[str, str]:
        return {each.ref.id: each.state.value for each in self.calls()}

    def read(self, object_name: str, id: str) -> dict[str, FieldValue]:
        return self.crm.read(RecordRef(object_name, id))

    def billing(self) -> Billing:
        return status(self.ledger).billing

    def close(self) -> None:
        self.ledger.close()


def spend_row(rig: Rig) -> spending.Spending:
    with rig.ledger.read() as tx:
        return spending.get(tx, rig.analyzer.name)


def claim(rig: Rig) -> leases.Claim:
    """A claim whose worker is still to work on it."""
    with rig.ledger.write() as tx:
        found = leases.claim_call(
            tx,
            analyzer=rig.analyzer.name,
            connections=rig.engine.connections.keys(),
            owner=rig.engine.leases.next_owner(),
            rules=rig.settings.lease_rules,
        )
    assert found is not None
    return found
