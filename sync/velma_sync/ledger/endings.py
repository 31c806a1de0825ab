"""How work on a call ends: where it is told to, or at the call's beginning when its recording has changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from velma_sync.ledger import calls, units
from velma_sync.ledger.calls import StoredCall
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.moves import move, move_all
from velma_sync.ledger.states import CallState


def restart(tx: Transaction, stored: StoredCall) -> bool:
    """From the beginning, with all tries, and ahead of the turns of its backfill.

    False when the call has left its state meanwhile.
    """
    units.reopen(tx, [stored.id])
    return move(
        tx,
        stored.id,
        stored.state,
        CallState.NEW,
        due_at=tx.now,
        attempts=0,
        resends=0,
        looks=0,
        rank=None,
        failed=False,
        code=None,
        reason=None,
        trace=None,
    )


def wait_again(tx: Transaction, stored: StoredCall) -> bool:
    """The recording is looked for from now on, as long as at first. False when the call was elsewhere."""
    target = CallState.WAITING_RECORDING
    return move(tx, stored.id, stored.state, target, due_at=tx.now, looks=0, code=None, reason=None)


def end(
    tx: Transaction, call_id: int, source: CallState, target: CallState, *, held_by: str, **values: Any
) -> CallState | None:
    """End the work on a call that `held_by` leases; an outdated one starts over instead.

    Returns the state it is in now, None when it was elsewhere by now. Raises IllegalTransition.
    """
    if not move(tx, call_id, source, target, held_by=held_by, **values):
        return None
    return CallState.NEW if start_over(tx, [call_id], target) else target


def end_all(
    tx: Transaction,
    moves: Sequence[Mapping[str, Any]],
    source: CallState,
    target: CallState,
    *,
    held_by: str,
) -> None:
    """The same for many calls, as in `move_all`."""
    move_all(tx, moves, source, target, held_by=held_by)
    start_over(tx, [each["call_id"] for each in moves], target)


def start_over(tx: Transaction, ids: Collection[int], state: CallState) -> int:
    """Restart the outdated of these calls, when they are in that state; returns how many."""
    return sum(restart(tx, stored) for stored in calls.outdated(tx, ids, state))
