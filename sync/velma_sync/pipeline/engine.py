"""Everything a step of the pipeline needs, handed from step to step."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.model import Field
from velma_connectors.protocol import Analyzer
from velma_sync.ledger.database import Ledger
from velma_sync.pipeline.clock import Clock, SystemClock
from velma_sync.pipeline.recordings import Recordings
from velma_sync.pipeline.settings import Connection, EngineSettings

Fields = Mapping[str, Mapping[str, Field]]
"""Object name to field name to what the CRM says of it."""


class HeldLeases:
    """The leases of this process, each with the moment its work must be over."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def next_owner(self) -> str:
        """A name for one lease; no two leases ever share one."""
        return f"{self._process}/{next(self._numbers)}"

    @contextmanager
    def holding(self, owner: str, until: float) -> Iterator[None]:
        """The work under this lease goes on; it is renewed until it ends, or until that moment."""
        with self._lock:
            self._until[owner] = until
        try:
            yield
        finally:
            with self._lock:
                del self._until[owner]

    def renewable(self, now: float) -> list[str]:
        with self._lock:
            return [owner for owner, until in self._until.items() if until > now]


class Turns:
    """Whether something is the case; of several threads that see it change one alone is told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_so = False

    def turned(self, is_so: bool) -> bool:
        """Whether that is news."""
        with self._lock:
            was_so, self._is_so = self._is_so, is_so
            return was_so != is_so


@dataclass(slots=True)
class Remembered:
    """What is cheap to keep between calls: configurations by hash, field descriptions for a while, how often
    in a row our own code failed at which regular task, and whether the disk was full.
    """

    configs: dict[str, AnalysisConfig] = field(default_factory=dict)
    hashes: dict[AnalysisConfig, str] = field(default_factory=dict)
    fields: dict[tuple[str, str], tuple[float, Mapping[str, Field]]] = field(default_factory=dict)
    disk_full: Turns = field(default_factory=Turns)
    faults: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Engine:
    """The parts that work together. Built by `build_engine`."""

    ledger: Ledger
    connections: Mapping[str, Connection]
    analyzer: Analyzer
    recordings: Recordings
    settings: EngineSettings
    clock: Clock
    process: str
    leases: HeldLeases
    free_bytes: Callable[[], int]
    jitter: Callable[[], float]
    """A number from 0 to 1, so that retries do not march in step."""
    remembered: Remembered = field(default_factory=Remembered)

    @property
    def disk_is_full(self) -> bool:
        """Whether an answer that was paid for might find no room."""
        return self.free_bytes() < self.settings.min_free_bytes

    def config_hash(self, config: AnalysisConfig) -> str:
        """The configuration's hash, computed once: its canonical JSON is long."""
        known = self.remembered.hashes.get(config)
        if known is None:
            known = self.remembered.hashes[config] = config.hash
        return known

    def fields(self, connection: Connection, object_name: str) -> Mapping[str, Field]:
        """The CRM's description of an object, at most `schema_seconds` old."""
        key, now = (connection.name, object_name), self.clock.monotonic()
        held = self.remembered.fields.get(key)
        if held is None or now - held[0] > self.settings.schema_seconds:
            held = self.remembered.fields[key] = (now, connection.connector.fields(object_name))
        return held[1]


def build_engine(
    ledger: Ledger,
    connections: Mapping[str, Connection],
    analyzer: Analyzer,
    recordings: Recordings,
    settings: EngineSettings,
    *,
    clock: Clock | None = None,
    free_bytes: Callable[[], int] | None = None,
    jitter: Callable[[], float] | None = None,
) -> Engine:
    """Put the parts together for this process. Opens nothing and asks nobody."""
    process = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    room = ledger.path.parent if ledger.path is not None else Path.cwd()
    return Engine(
        ledger=ledger,
        connections=connections,
        analyzer=analyzer,
        recordings=recordings,
        settings=settings,
        clock=clock or SystemClock(),
        process=process,
        leases=HeldLeases(process),
        free_bytes=free_bytes or (lambda: shutil.disk_usage(room).free),
        jitter=jitter or secrets.SystemRandom().random,
    )
