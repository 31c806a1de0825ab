"""What can be set about the engine, and what one configured connection is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.protocol import CrmConnector
from velma_mappings.mapping_file import MappingFile
from velma_sync.ledger.leases import LeaseRules

MINUTE = 60.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Limits and rhythms. The defaults suit one machine and a live connection."""

    max_in_flight: int = 2
    """Most calls with the analyzer at once, over all connections."""
    max_resend: int = 1
    """How often a paid request is repeated when its outcome is unknown; 0 leaves that to a person."""
    max_attempts: int = 6
    """Tries of an analysis, or of one unit of write-back, before a call is dead."""
    min_seconds: int = 15
    """Shorter calls are skipped."""
    max_seconds: int = 14_400
    """Longer calls are skipped."""
    lease_seconds: float = 180.0
    renew_seconds: float = 30.0
    deadline_seconds: float = 1800.0
    """Most time for one call: download, upload and answer."""
    answer_seconds: float = 900.0
    """The part of the deadline that is kept for upload and answer."""
    linger_seconds: float = 35.0
    """How long an analyzed call may wait for others before it is written."""
    backfill_linger_seconds: float = 600.0
    """The same for history, which nobody waits for."""
    poll_seconds: float = 120.0
    overlap_seconds: float = 900.0
    """How much of the time before is read again: searches lag, stamps come late."""
    page_calls: int = 2_000
    look_seconds: tuple[float, ...] = (2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 6 * HOUR)
    """Waits between looks for a missing recording; the last one repeats."""
    look_for_seconds: float = 72 * HOUR
    snapshot_seconds: float = 300.0
    """A call seen longer ago is looked at again before write-back: its deal may have changed."""
    schema_seconds: float = 300.0
    """How long the CRM's field descriptions are kept."""
    probe_seconds: float = 300.0
    """Wait between looks whether a paused connection works again."""
    sweep_seconds: float = 60.0
    """Rhythm of looking for lapsed leases, late recordings and pauses that may end."""
    min_free_bytes: int = 1_000_000_000
    """Nothing is claimed while the disk of the ledger has less room: a paid answer must be storable."""
    price_per_hour: float | None = None
    """Price of an hour of audio, for receipts."""

    @property
    def lease_rules(self) -> LeaseRules:
        return LeaseRules(self.lease_seconds, self.max_in_flight, self.max_resend, self.max_attempts)


@dataclass(frozen=True, slots=True)
class Connection:
    """One configured CRM account.

    `select` takes the stage and pipeline of the call's deal (None without one) and says what to ask of
    the analyzer; `lateness` takes the same and says how far such a deal has come, 0 when nobody knows.
    `start_at` is where the first run begins; None is the moment of that run.
    """

    name: str
    connector: CrmConnector
    mapping: MappingFile
    select: Callable[[str | None, str | None], AnalysisConfig]
    start_at: datetime | None = None
    lateness: Callable[[str | None, str | None], int] = lambda _stage, _pipeline: 0
