"""Units, history and the spelling of values: what was written, and what stood there before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from velma_connectors.model import DroppedField, FieldValue, RecordRef
from velma_connectors.testing.clock import ManualClock
from velma_sync.ledger import calls, counts, history, moves, ticks, units
from velma_sync.ledger.calls import CallFilter, StoredCall
from velma_sync.ledger.codec import call_from_text, call_to_text, value_from_text, value_to_text
from velma_sync.ledger.database import Ledger
from velma_sync.ledger.history import Arrival, Change
from velma_sync.ledger.schema import Moment
from velma_sync.ledger.states import CallState, UnitState
from velma_sync.ledger.units import Unit, UnitKey, UnitKind

AddCall = Callable[..., StoredCall]
DEAL = RecordRef("Deal", "d1")
HASH = "m" * 64

field_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.text(), max_size=4).map(tuple),
)


@given(field_values)
def test_every_field_value_survives_the_ledger(value: FieldValue) -> None:
    again = value_from_text(value_to_text(value))
    assert again == value
    assert type(again) is type(value)


def test_a_call_survives_the_ledger(add_call: AddCall) -> None:
    call = add_call("c1").call
    assert call_from_text(call_to_text(call)) == call


def test_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        Moment().process_bind_param(datetime(2026, 1, 1), sqlite.dialect())  # noqa: DTZ001  # what is refused


def analyzed(ledger: Ledger, call: StoredCall) -> None:
    with ledger.write() as tx:
        moves.move(tx, call.id, CallState.NEW, CallState.WORKING)
        moves.move(tx, call.id, CallState.WORKING, CallState.ANALYZED, due_at=tx.now)


def test_one_batch_of_a_connection_is_written_at_a_time(ledger: Ledger, add_call: AddCall) -> None:
    batch = [add_call(record) for record in ("c1", "c2", "c3")]
    for call in batch:
        analyzed(ledger, call)
    with ledger.write() as tx:
        assert counts.ready_to_write(tx)["sales"].calls == 3
        first = units.claim_batch(tx, "sales", owner="w", limit=2, lease_seconds=180)
        assert [each.ref.id for each in first] == ["c1", "c2"]
        assert units.claim_batch(tx, "sales", owner="x", limit=2, lease_seconds=180) == []
        ended = [{"call_id": each.id} for each in first]
        moves.move_all(tx, ended, CallState.WRITING, CallState.DONE)
        moves.move_all(tx, [], CallState.WRITING, CallState.DONE)
        assert [
            each.ref.id for each in units.claim_batch(tx, "sales", owner="x", limit=2, lease_seconds=9)
        ] == ["c3"]


def test_a_unit_counts_its_attempts_and_keeps_its_result(ledger: Ledger, add_call: AddCall) -> None:
    call = add_call("c1")
    key = UnitKey(call.id, UnitKind.FIELDS, DEAL)
    with ledger.write() as tx:
        units.begin(tx, "sales", [key])
        units.begin(tx, "sales", [key])
        dropped = (DroppedField("amount", "read only"),)
        result = Unit(key, UnitState.WRITTEN, tx.now, attempts=0, dropped=dropped, content="n" * 64)
        units.settle(tx, "sales", [result])
        found = units.of_calls(tx, [call.id])[key]
    assert (found.state, found.attempts, found.dropped) == (UnitState.WRITTEN, 2, dropped)


def test_the_newest_call_speaks_for_a_shared_record(
    ledger: Ledger, add_call: AddCall, clock: ManualClock
) -> None:
    older, newer, newest = add_call("c1"), add_call("c2"), add_call("c3")
    with ledger.write() as tx:
        units.begin(tx, "sales", [UnitKey(each.id, UnitKind.FIELDS, DEAL) for each in (newer, older)])
        passed = Unit(UnitKey(newest.id, UnitKind.FIELDS, DEAL), UnitState.SUPERSEDED, tx.now)
        units.settle(tx, "sales", [passed])
        speaks = units.spokesmen(tx, "sales", [DEAL, RecordRef("Deal", "d2")])
    assert {record: each.call for record, each in speaks.items()} == {DEAL: newer.ref.id}


def write(ledger: Ledger, call: StoredCall, value: FieldValue, arrival: Arrival | None) -> datetime:
    with ledger.write() as tx:
        change = Change(call.id, DEAL, "stage_note", before=None, value=value, config_hash=None)
        other = Change(call.id, DEAL, "score", before=1, value=2, config_hash=None)
        history.intend(tx, "sales", HASH, [change, other])
        sent_at = tx.now
    if arrival is not None:
        with ledger.write() as tx:
            history.close(tx, "sales", sent_at, {DEAL: arrival})
    return sent_at


def test_our_values_are_the_last_that_arrived_and_those_that_may_have(
    ledger: Ledger, add_call: AddCall, clock: ManualClock
) -> None:
    call = add_call("c1")
    for value, arrival in (
        ("first", Arrival.WRITTEN),
        ("second", Arrival.WRITTEN),
        ("refused", Arrival.REFUSED),
        ("lost", None),
    ):
        write(ledger, call, value, arrival)
        clock.advance(1)
    with ledger.write() as tx:
        mine = history.own_values(tx, "sales", [DEAL])[DEAL, "stage_note"]
        assert [(each.value, each.arrival) for each in mine] == [
            ("lost", Arrival.INTENDED),
            ("second", Arrival.WRITTEN),
        ]
        history.confirm(tx, [mine[0].id])
    write(ledger, call, "never arrived", None)
    clock.advance(1)
    write(ledger, call, "last", Arrival.WRITTEN)
    with ledger.read() as tx:
        assert [each.value for each in history.own_values(tx, "sales", [DEAL])[DEAL, "stage_note"]] == [
            "last"
        ]


def test_a_field_the_crm_left_out_was_not_written(ledger: Ledger, add_call: AddCall) -> None:
    call = add_call("c1")
    sent_at = write(ledger, call, "text", None)
    with ledger.write() as tx:
        history.refuse_fields(tx, "sales", sent_at, [(DEAL, "score")])
        history.close(tx, "sales", sent_at, {DEAL: Arrival.WRITTEN})
        rows = history.of_call(tx, call.id)
    assert [(row.field, row.before, row.value, row.arrival) for row in rows] == [
        ("stage_note", None, "text", Arrival.WRITTEN),
        ("score", 1, 2, Arrival.REFUSED),
    ]


def test_calls_can_be_listed_by_what_an_admin_asks_for(ledger: Ledger, add_call: AddCall) -> None:
    first = add_call("c1")
    second = add_call("c2", connection="other", state=CallState.SKIPPED)
    with ledger.read() as tx:
        assert [each.ref.id for each in calls.listed(tx, CallFilter())] == ["c2", "c1"]
        assert [each.ref for each in calls.listed(tx, CallFilter(connection="sales"))] == [first.ref]
        assert [each.ref for each in calls.listed(tx, CallFilter(states=(CallState.SKIPPED,)))] == [
            second.ref
        ]
        assert [each.ref for each in calls.listed(tx, CallFilter(record="c2"))] == [second.ref]
        assert calls.listed(tx, CallFilter(code="too_short")) == []
        late = second.call.started_at + timedelta(seconds=1)
        assert calls.listed(tx, CallFilter(since=late)) == []
        assert len(calls.listed(tx, CallFilter(limit=1))) == 1


def test_the_latest_daemon_and_its_ticks_are_shown(ledger: Ledger, clock: ManualClock) -> None:
    with ledger.write() as tx:
        ticks.started(tx, "first")
        ticks.ticked(tx, "discover:sales")
    clock.advance(30)
    with ledger.write() as tx:
        ticks.started(tx, "second")
        ticks.beat(tx, "first")
        ticks.ticked(tx, "discover:sales", ok=False, message="signed out")
    clock.advance(30)
    with ledger.write() as tx:
        ticks.stopped(tx, "second")
        latest = ticks.latest(tx)
        (tick,) = ticks.listed(tx)
    assert latest is not None
    assert (latest.owner, latest.stopped_at) == ("second", clock.now())
    assert (tick.name, tick.ok, tick.message) == ("discover:sales", False, "signed out")
