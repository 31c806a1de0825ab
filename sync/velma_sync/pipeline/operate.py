"""What an operator may look at and do by hand. Needs the ledger alone, also while a daemon runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from velma_connectors.errors import VelmaSyncError
from velma_connectors.model import CallRef
from velma_sync.ledger import calls, connections, counts, history, payments, spending, ticks, units
from velma_sync.ledger.backfills import Progress, progress
from velma_sync.ledger.calls import CallFilter, StoredCall
from velma_sync.ledger.connections import ConnectionRow
from velma_sync.ledger.counts import Billing, CallCount
from velma_sync.ledger.database import Ledger
from velma_sync.ledger.endings import restart, wait_again
from velma_sync.ledger.history import WrittenChange
from velma_sync.ledger.spending import Spending
from velma_sync.ledger.states import CallState
from velma_sync.ledger.ticks import DaemonRow, TickRow
from velma_sync.ledger.units import Unit
from velma_sync.pipeline.outcomes import REJECTED
from velma_sync.pipeline.refused_fields import RefusedField, refused_fields

LATEST_CALLS = 1000
"""Calls of a connection from which it is told which fields its CRM refuses."""
RETRYABLE = (
    CallState.HELD,
    CallState.DEAD,
    CallState.SKIPPED,
    CallState.PLANNED,
    CallState.NO_RECORDING,
    CallState.WAITING_RECORDING,
)
_WITHOUT_RECORDING = (CallState.NO_RECORDING, CallState.WAITING_RECORDING)


class UnknownCall(VelmaSyncError):
    """The ledger has never seen this call."""

    def __init__(self, ref: CallRef) -> None:
        super().__init__(f"{ref} is not in the ledger. Those that are: velma-sync calls list")


class NotRetryable(VelmaSyncError):
    """The call is not at an end that a retry could change."""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at a glance. `daemon` is the run that was alive last."""

    at: datetime
    calls: tuple[CallCount, ...]
    billing: Billing
    connections: tuple[ConnectionRow, ...]
    backfills: tuple[Progress, ...]
    analyzers: tuple[Spending, ...]
    daemon: DaemonRow | None
    ticks: tuple[TickRow, ...]
    refused_fields: tuple[RefusedField, ...]


@dataclass(frozen=True, slots=True)
class CallStory:
    """One call with everything that was written because of it."""

    stored: StoredCall
    units: tuple[Unit, ...]
    changes: tuple[WrittenChange, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """How many done calls of a connection are written again."""

    connection: str
    calls: int


def status(ledger: Ledger) -> Status:
    with ledger.read() as tx:
        rows = tuple(connections.listed(tx))
        return Status(
            at=tx.now,
            calls=tuple(counts.by_state(tx)),
            billing=counts.billing(tx),
            connections=rows,
            backfills=progress(tx),
            analyzers=tuple(spending.listed(tx)),
            daemon=ticks.latest(tx),
            ticks=tuple(ticks.listed(tx)),
            refused_fields=tuple(
                refused
                for row in rows
                for refused in refused_fields(row.name, calls.left_out_lately(tx, row.name, LATEST_CALLS))
            ),
        )


def list_calls(ledger: Ledger, wanted: CallFilter) -> list[StoredCall]:
    """Matching calls, the latest call first."""
    with ledger.read() as tx:
        return calls.listed(tx, wanted)


def show(ledger: Ledger, ref: CallRef) -> CallStory:
    """Raises UnknownCall."""
    with ledger.read() as tx:
        stored = calls.get(tx, ref)
        if stored is None:
            raise UnknownCall(ref)
        begun = units.of_calls(tx, [stored.id])
        return CallStory(stored, tuple(begun.values()), tuple(history.of_call(tx, stored.id)))


def retry(ledger: Ledger, ref: CallRef) -> StoredCall:
    """Begin a call that is not done again, with all its tries; a stored answer is used, not paid again.

    A planned call is taken ahead of its backfill. One whose recording is missing is looked at again with the
    next late look, and waits for it as long as at first.

    A done call whose writing the CRM rejected is written again, for whatever refused it may be mended.

    Unknown billing of its recording no longer stands in the way. Raises UnknownCall, NotRetryable.
    """
    with ledger.write() as tx:
        stored = calls.get(tx, ref)
        if stored is None:
            raise UnknownCall(ref)
        if stored.state is CallState.DONE and stored.code == REJECTED:
            units.reopen(tx, [stored.id])
            calls.write_again(tx, [stored.id])
            return calls.by_id(tx, stored.id)
        if stored.state not in RETRYABLE:
            states = ", ".join(RETRYABLE)
            message = f"{ref} is {stored.state}; only calls that are {states} can be retried."
            if stored.state is CallState.DONE:
                message += f" To write it again: velma-sync once --call {ref}"
            raise NotRetryable(message)
        if stored.question is not None:
            payments.accept_unknown(tx, stored.question)
        if stored.state in _WITHOUT_RECORDING and stored.call.recording is None:
            wait_again(tx, stored)
        else:
            restart(tx, stored)
        return calls.by_id(tx, stored.id)


def replayable(
    ledger: Ledger, connections: Iterable[str], *, since: datetime | None = None
) -> tuple[Replay, ...]:
    """What `replay` would take of each connection; changes nothing."""
    with ledger.read() as tx:
        return tuple(Replay(name, len(calls.answered(tx, name, since))) for name in connections)


def replay(ledger: Ledger, connection: str, *, since: datetime | None = None) -> Replay:
    """Let every answered call since then be written again, as the mapping stands now; nothing is paid.

    Values that a person changed stay.
    """
    with ledger.write() as tx:
        ids = calls.answered(tx, connection, since)
        units.reopen(tx, ids)
        calls.write_again(tx, ids)
        return Replay(connection, len(ids))


def write_again(ledger: Ledger, call_id: int) -> None:
    """Let one done call be written again, as the mapping stands now; nothing is paid."""
    with ledger.write() as tx:
        if calls.by_id(tx, call_id).question is not None:
            units.reopen(tx, [call_id])
            calls.write_again(tx, [call_id])
