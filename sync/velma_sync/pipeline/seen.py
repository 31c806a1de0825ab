"""What a look at a call in the CRM changes in the ledger.

Only a changed recording is analyzed anew; only a deal that comes late is written again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from velma_connectors.errors import CallGone
from velma_connectors.model import Call, CallRef, Deal
from velma_mappings.deals import choose_deal
from velma_sync.ledger import calls, units
from velma_sync.ledger.calls import Finding, StoredCall
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.endings import restart
from velma_sync.ledger.moves import move
from velma_sync.ledger.states import ENDED, LEASED, CallState
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.settings import Connection

TOO_SHORT = "too_short"
TOO_LONG = "too_long"
FILTERED = "filtered"
BEFORE_START = "before_start"

DAY = timedelta(days=1)


class NotInCrm(CallGone):
    """The CRM shows no such call."""

    def __init__(self, ref: CallRef) -> None:
        super().__init__(f"{ref} does not exist in the CRM, or this connection may not see it.")


def deal_of(connection: Connection, call: Call) -> Deal | None:
    return choose_deal(call, connection.mapping.deal).deal


def first_finding(
    tx: Transaction, engine: Engine, connection: Connection, call: Call, *, start_at: datetime | None
) -> Finding:
    """How a call begins: skipped with its reason, waiting for its recording, or new.

    `start_at` None leaves history out of account: somebody asked for this very call.
    """
    deal = deal_of(connection, call)
    found = Finding(
        call=call,
        state=CallState.NEW,
        due_at=tx.now,
        deal=deal.ref.id if deal else None,
        stage=deal.stage if deal else None,
    )
    # Some CRMs know only the day of a call, hence the day's grace.
    if start_at is not None and call.started_at + DAY < start_at:
        reason = f"It took place before {start_at:%Y-%m-%d}, where this connection starts."
        return _skipped(found, BEFORE_START, reason)
    if call.skip_reason is not None:
        return _skipped(found, FILTERED, call.skip_reason)
    if call.seconds is not None and call.seconds < engine.settings.min_seconds:
        return _skipped(found, TOO_SHORT, f"Shorter than {engine.settings.min_seconds} seconds.")
    if call.seconds is not None and call.seconds > engine.settings.max_seconds:
        return _skipped(found, TOO_LONG, f"Longer than {engine.settings.max_seconds} seconds.")
    if call.recording is None:
        due_at = tx.now + timedelta(seconds=engine.settings.look_seconds[0])
        return replace(found, state=CallState.WAITING_RECORDING, due_at=due_at)
    return found


def _skipped(found: Finding, code: str, reason: str) -> Finding:
    return replace(found, state=CallState.SKIPPED, code=code, reason=reason)


def absorb(
    tx: Transaction, engine: Engine, connection: Connection, stored: StoredCall, look: Call
) -> CallState:
    """Take over what a new look at a known call shows; returns the state the call is in now.

    Our own writes come back as changes of the record: they change nothing here.
    """
    call = merged(stored, look)
    if call == stored.call:
        return stored.state
    is_new_input = call.recording is not None and (
        call.fingerprint != stored.call.fingerprint or stored.call.recording is None
    )
    if not is_new_input and stored.state is CallState.DONE:
        return _with_late_deal(tx, connection, stored, call)
    if not is_new_input and stored.state in ENDED:
        return stored.state
    found = first_finding(tx, engine, connection, call, start_at=None)
    calls.keep_snapshot(tx, stored, call, deal=found.deal, stage=found.stage)
    if stored.state in _TO_WRITE and found.deal and deal_of(connection, stored.call) is None:
        units.reopen(tx, [stored.id])
    if stored.state in (*LEASED, CallState.PLANNED) or not (is_new_input or stored.state in _WAITING):
        return stored.state
    before = first_finding(tx, engine, connection, stored.call, start_at=None)
    return _route(tx, stored, found, before)


def _with_late_deal(tx: Transaction, connection: Connection, stored: StoredCall, call: Call) -> CallState:
    """A done call that counted for no deal and now counts for one is written again, to the deal as well.

    Deals that it does not count for are kept as they are at first sight, so that one which merely changes
    its stage later is nothing new.
    """
    if deal_of(connection, stored.call) is not None:
        return stored.state
    deal = deal_of(connection, call)
    stage = deal.stage if deal else None
    calls.keep_snapshot(tx, stored, call, deal=deal.ref.id if deal else None, stage=stage)
    if deal is None or stored.question is None:
        return stored.state
    units.reopen(tx, [stored.id])
    calls.write_again(tx, [stored.id])
    return CallState.ANALYZED


_TO_WRITE = (CallState.ANALYZED, CallState.WRITING)
_WAITING = (CallState.NEW, CallState.WAITING_RECORDING)


def _route(tx: Transaction, stored: StoredCall, found: Finding, before: Finding) -> CallState:
    if found.state is stored.state or (stored.state is CallState.NEW and found.state is before.state):
        return stored.state
    if found.state is CallState.NEW:
        restart(tx, stored)
        return CallState.NEW
    if stored.state in _WAITING:
        move(
            tx,
            stored.id,
            stored.state,
            found.state,
            due_at=found.due_at,
            code=found.code,
            reason=found.reason,
        )
        return found.state
    return stored.state


def merged(stored: StoredCall, look: Call) -> Call:
    """The new look, with deals as they were when we first saw them with the call.

    A recording that was there once is not forgotten when a later look finds none, unless it is still to
    be fetched.
    """
    known = {deal.ref: deal for deal in stored.call.deals}
    deals = tuple(_frozen(known[deal.ref], deal) if deal.ref in known else deal for deal in look.deals)
    merged = replace(look, deals=deals, changed_at=stored.call.changed_at)
    if look.recording is None and stored.state not in _WAITING:
        return replace(merged, recording=stored.call.recording, fingerprint=stored.call.fingerprint)
    return merged


def _frozen(then: Deal, now: Deal) -> Deal:
    return replace(now, stage=then.stage, pipeline=then.pipeline, is_open=then.is_open, amount=then.amount)
