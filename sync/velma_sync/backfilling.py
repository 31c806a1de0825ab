"""What bringing in a history would take, said before anything is paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING

from velma_sync.ledger import backfills, counts
from velma_sync.ledger.backfills import Progress
from velma_sync.pipeline.backfill import History, known_seconds, look_back

if TYPE_CHECKING:
    from velma_sync.workspace import Workspace

SECONDS_PER_HOUR = 3600.0
ANSWER_SECONDS = 120.0
"""What an analysis takes while nobody has measured it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What bringing in a history would take. Hours are of audio, `cost` is None without a configured price.

    `requests` to the CRM include those that found the history. `seconds` is how long the work would take
    with nothing else to do; `is_measured` says that it rests on earlier answers.
    """

    history: History
    calls: int
    hours: float
    cost: float | None
    requests: int
    seconds: float
    is_measured: bool


def forecast(
    workspace: Workspace, names: Sequence[str], since: datetime, until: datetime
) -> tuple[Forecast, ...]:
    """Look back on these connections. Pays for nothing and changes nothing. Raises verdicts, ConfigError."""
    return tuple(_forecast(workspace, name, since, until) for name in names)


def _forecast(workspace: Workspace, name: str, since: datetime, until: datetime) -> Forecast:
    engine = workspace.engine
    connection = engine.connections[name]
    history = look_back(engine, connection, since, until)
    with engine.ledger.read() as tx:
        measured = counts.mean_answer_seconds(tx)
    calls, hours = len(history.candidates), history.seconds / SECONDS_PER_HOUR
    price = engine.settings.price_per_hour
    batch = connection.connector.capabilities.write_batch
    each = ANSWER_SECONDS if measured is None else measured
    return Forecast(
        history=history,
        calls=calls,
        hours=hours,
        cost=None if price is None else hours * price,
        requests=history.requests + ceil(calls / batch) * connection.connector.capabilities.batch_requests,
        seconds=calls * each / max(1, engine.settings.max_in_flight - 1),
        is_measured=measured is not None,
    )


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a backfill. Hours are of audio, `cost` is None without a configured price."""

    progress: Progress
    hours: float
    cost: float | None


def rest(workspace: Workspace, names: Sequence[str]) -> tuple[Rest, ...]:
    """Every backfill of these connections that has calls left."""
    price = workspace.configuration.velma.price_per_audio_hour
    found = []
    with workspace.ledger.read() as tx:
        for each in backfills.progress(tx):
            if each.backfill.connection in names:
                planned = backfills.planned(tx, each.backfill.id, each.planned)
                hours = sum(known_seconds(stored.call) for stored in planned) / SECONDS_PER_HOUR
                found.append(Rest(each, hours, None if price is None else hours * price))
    return tuple(found)
