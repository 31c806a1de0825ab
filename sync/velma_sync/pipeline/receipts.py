"""What one run did, as plain data for whoever prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from velma_sync.ledger import connections, counts, spending
from velma_sync.ledger.connections import ConnectionRow
from velma_sync.ledger.counts import Billing, CallCount
from velma_sync.ledger.spending import Spending
from velma_sync.ledger.states import ENDED
from velma_sync.pipeline.engine import Engine

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class RunStart:
    """When a run began, and each connection's requests until then."""

    at: datetime
    requests: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One run. `ended` counts calls that came to an end in it, `left` all that wait for a later one.

    `requests` are the run's requests to each CRM. `price_per_hour` is of audio.
    """

    started_at: datetime
    finished_at: datetime
    discovered: int
    ended: tuple[CallCount, ...]
    left: tuple[CallCount, ...]
    billing: Billing
    requests: Mapping[str, int]
    paused: tuple[ConnectionRow, ...]
    spend_stop: Spending | None
    price_per_hour: float | None
    disk_full: bool
    """Nothing is analyzed until the disk has more room."""
    interrupted: bool = False
    """A signal ended the run before everything that was due was done."""

    @property
    def cost(self) -> float | None:
        """Price of the answers that came; None without a configured price."""
        return self._price(self.billing.answered_seconds)

    @property
    def unknown_cost(self) -> float | None:
        """At most this was billed besides, for requests without an answer."""
        return self._price(self.billing.unknown_seconds)

    def _price(self, seconds: float) -> float | None:
        return None if self.price_per_hour is None else seconds / SECONDS_PER_HOUR * self.price_per_hour


def start_run(engine: Engine) -> RunStart:
    return RunStart(engine.ledger.now(), _requests(engine))


def receipt_of(engine: Engine, start: RunStart) -> Receipt:
    """Account for everything since the start of the run."""
    with engine.ledger.read() as tx:
        changed = counts.by_state(tx, since=start.at)
        everything = counts.by_state(tx)
        gate = spending.get(tx, engine.analyzer.name)
        return Receipt(
            started_at=start.at,
            finished_at=tx.now,
            discovered=counts.discovered(tx, start.at),
            ended=tuple(each for each in changed if each.state in ENDED),
            left=tuple(each for each in everything if each.state not in ENDED),
            billing=counts.billing(tx, since=start.at),
            requests={name: now - start.requests[name] for name, now in _requests(engine).items()},
            paused=tuple(row for row in connections.listed(tx) if row.paused_at is not None),
            spend_stop=gate if gate.stopped else None,
            price_per_hour=engine.settings.price_per_hour,
            disk_full=engine.disk_is_full,
        )


def _requests(engine: Engine) -> dict[str, int]:
    return {name: each.connector.budget().requests for name, each in engine.connections.items()}
