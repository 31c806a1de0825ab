"""Changes of a call's state. No other statement sets the column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, update

from velma_sync.ledger.database import Transaction
from velma_sync.ledger.schema import call
from velma_sync.ledger.states import CallState, check

FREE = {"owner": None, "lease_until": None, "sent_at": None}


def move(
    tx: Transaction,
    call_id: int,
    source: CallState,
    target: CallState,
    *,
    held_by: str | None = None,
    **values: Any,
) -> bool:
    """Move one call that is still in `source` (and leased by `held_by`, when given).

    Its lease ends unless `values` name a new one. Returns False when the call was elsewhere by now.
    Raises IllegalTransition.
    """
    check(source, target)
    statement = update(call).where(call.c.id == call_id, call.c.state == source)
    if held_by is not None:
        statement = statement.where(call.c.owner == held_by)
    return tx.run(statement.values({"state": target, "state_at": tx.now, **FREE, **values})).rowcount == 1


def move_all(
    tx: Transaction,
    moves: Sequence[Mapping[str, Any]],
    source: CallState,
    target: CallState,
    *,
    held_by: str | None = None,
) -> None:
    """Move many calls at once. Each mapping holds `call_id`, and the same columns as the others.

    Calls that are elsewhere by now, or leased by another, stay there. Raises IllegalTransition.
    """
    check(source, target)
    if not moves:
        return
    columns: dict[str, Any] = {name: bindparam(name) for name in moves[0] if name != "call_id"}
    statement = update(call).where(call.c.id == bindparam("call_id"), call.c.state == source)
    if held_by is not None:
        statement = statement.where(call.c.owner == held_by)
    values = {"state": target, "state_at": tx.now, **FREE, **columns}
    tx.run(statement.values(values), [dict(each) for each in moves])
