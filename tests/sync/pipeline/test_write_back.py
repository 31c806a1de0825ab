"""Write-back: in few requests, never over a person's word, and deals show their newest call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection
from velma_connectors.model import (
    DroppedField,
    FieldKind,
    FieldUpdate,
    NoteUpsert,
    RecordRef,
    WriteResult,
    WriteStatus,
)
from velma_connectors.testing.far_side import CALL, DEAL, writable
from velma_connectors.testing.faults import Fault, WriteFault
from velma_sync.ledger.history import Arrival
from velma_sync.ledger.states import CallState, UnitState
from velma_sync.ledger.units import UnitKind
from velma_sync.pipeline.operate import replay, retry
from velma_sync.pipeline.settings import EngineSettings

from .conftest import BuildRig
from .rig import MAPPING, Rig, answer, sha

DEAL_1 = RecordRef(DEAL, "d1")
CALL_1 = RecordRef(CALL, "c1")


def ready(rig: Rig, *ids: str, deals: tuple[str, ...] = ("d1",)) -> None:
    """Calls that are analyzed, each a minute after the one before, with a summary of its own."""
    for deal in deals:
        if deal not in rig.crm.deals:
            rig.crm.add_deal(deal)
    for id in ids:
        rig.clock.advance(60)
        rig.crm.add_call(id, audio=id.encode(), deals=deals)
        rig.analyzer.answers[sha(id.encode())] = answer(f"Summary of {id}.")
    rig.poll()
    rig.work()


def unit_states(rig: Rig, id: str) -> dict[tuple[UnitKind, str], UnitState]:
    return {(unit.key.kind, unit.key.record.object): unit.state for unit in rig.story(id).units}


def test_a_batch_is_one_reading_and_one_write(rig: Rig) -> None:
    ready(rig, *(f"c{number:03}" for number in range(150)))
    rig.crm.requests.clear()
    rig.write()
    assert set(rig.states().values()) == {"done"}
    assert dict(rig.crm.requests) == {"fields": 2, "current": 1, "write": 1}
    assert len(rig.crm.notes) == 150


def test_nothing_is_asked_to_be_written_when_nothing_changed(rig: Rig) -> None:
    ready(rig, "c1")
    rig.write()
    written = rig.crm.requests["write"]
    assert replay(rig.ledger, "sales").calls == 1
    rig.write()
    assert rig.crm.requests["write"] == written
    assert set(unit_states(rig, "c1").values()) == {UnitState.SAME}


def test_every_write_is_remembered_with_what_stood_there_before(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.edit(CALL_1, "status", " ")
    rig.write()
    changes = {(change.record, change.field): change for change in rig.story("c1").changes}
    status = changes[CALL_1, "status"]
    assert (status.before, status.value, status.arrival) == (" ", "Partial", Arrival.WRITTEN)
    assert status.mapping_hash == MAPPING.hash
    assert status.config_hash is not None
    assert changes[DEAL_1, "last_summary"].value == "Summary of c1."


def test_a_deal_shows_its_newest_call_whatever_the_order(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    now = rig.clock.now()
    for id, age in (("newest", 1), ("older", 5), ("newer", 3)):
        rig.crm.add_call(id, audio=id.encode(), deals=["d1"], started_at=now - timedelta(hours=age))
        rig.analyzer.answers[sha(id.encode())] = answer(f"Summary of {id}.")
        rig.run()
        rig.clock.advance(60)
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of newest."
    assert rig.read(CALL, "older")["summary"] == "Summary of older."
    assert unit_states(rig, "older")[UnitKind.FIELDS, DEAL] is UnitState.SUPERSEDED


def test_calls_that_began_together_are_ordered_by_id(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    began = rig.clock.now() - timedelta(hours=1)
    for id in ("b", "c", "a"):
        rig.crm.add_call(id, audio=id.encode(), deals=["d1"], started_at=began)
        rig.analyzer.answers[sha(id.encode())] = answer(f"Summary of {id}.")
        rig.run()
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of c."


def test_one_batch_updates_a_shared_deal_once(rig: Rig) -> None:
    ready(rig, "c1", "c2", "c3")
    rig.write()
    changed = [change for id in ("c1", "c2", "c3") for change in rig.story(id).changes]
    assert [change.value for change in changed if change.field == "last_summary"] == ["Summary of c3."]


def test_a_fresh_ledger_does_not_take_a_deal_back_to_an_older_call(build_rig: BuildRig, rig: Rig) -> None:
    ready(rig, "c1", "c2")
    rig.write()
    rig.clock.advance(60)
    again = build_rig(crm=rig.crm, clock=rig.clock, analyzer=rig.analyzer)
    rig.crm.touch("c1")
    again.run()
    assert again.states() == {"c1": "done"}
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of c2."


@pytest.mark.parametrize(
    ("held", "is_older"), [("2026-03-03", True), ("2026-03-01", False), ("some day", False)]
)
def test_a_last_call_date_is_compared_in_date_fields_too(rig: Rig, held: str, is_older: bool) -> None:
    rig.crm.fields[DEAL]["last_call_at"] = writable("last_call_at", FieldKind.DATE)
    ready(rig, "c1")
    rig.clock.advance(2 * 86_400)
    rig.crm.edit(DEAL_1, "last_call_at", held)
    rig.write()
    assert (rig.read(DEAL, "d1")["last_summary"] is None) == is_older


def test_a_deal_that_shows_a_later_call_is_left_to_it_and_the_call_says_so(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.edit(DEAL_1, "last_call_at", rig.clock.now())
    rig.write()
    call = rig.call("c1")
    assert (call.state.value, call.code) == ("done", "superseded")
    assert call.reason == "Deal:d1: The record already shows a later call."


def test_a_last_call_that_is_still_to_come_is_a_slip_and_holds_nothing_up(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.edit(DEAL_1, "last_call_at", datetime(2099, 3, 1, tzinfo=UTC))
    rig.write()
    assert rig.call("c1").code is None
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of c1."
    assert rig.read(DEAL, "d1")["last_call_at"] == rig.call("c1").call.started_at


def test_what_only_a_person_can_clear_up_holds_the_call_until_it_is_retried(rig: Rig) -> None:
    ready(rig, "c1")
    reason = "several notes carry the same key; delete all but one of 1, 2"
    rig.connection.connector.write = unclear_notes(rig, reason)  # type: ignore[method-assign]
    rig.write()
    call = rig.call("c1")
    assert (call.state, call.code) == (CallState.HELD, "unclear")
    assert call.reason == f"note of Call:c1: {reason}. Then retry the call."
    assert rig.read(CALL, "c1")["summary"] == "Summary of c1.", "the rest is written"
    rig.restart()
    retry(rig.ledger, call.ref)
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert len(rig.crm.notes) == rig.analyzer.bills.total() == 1


def unclear_notes(rig: Rig, reason: str) -> Callable[[Sequence[FieldUpdate | NoteUpsert]], list[WriteResult]]:
    write = rig.connection.connector.write

    def answer_notes(updates: Sequence[FieldUpdate | NoteUpsert]) -> list[WriteResult]:
        unclear = WriteResult(WriteStatus.UNCLEAR, reason=reason)
        return [unclear if isinstance(each, NoteUpsert) else write([each])[0] for each in updates]

    return answer_notes


def test_a_persons_word_stays(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.edit(DEAL_1, "last_summary", "Mine.")
    rig.write()
    assert rig.read(DEAL, "d1")["last_summary"] == "Mine."
    rig.crm.edit(CALL_1, "summary", "Corrected.")
    ready(rig, "c2")
    replay(rig.ledger, "sales")
    rig.write()
    assert rig.read(CALL, "c1")["summary"] == "Corrected."
    assert rig.read(DEAL, "d1")["last_summary"] == "Mine."
    kept = {drop.field: drop.reason for unit in rig.story("c2").units for drop in unit.dropped}
    assert kept == {"last_summary": "filled by a person"}


def test_a_value_of_ours_is_renewed_by_the_next_call(rig: Rig) -> None:
    ready(rig, "c1")
    rig.write()
    ready(rig, "c2")
    rig.write()
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of c2."


def test_a_field_the_crm_drops_is_shown_and_the_rest_is_written(rig: Rig) -> None:
    rig.crm.fields[CALL]["summary"] = writable("summary", FieldKind.LONG_TEXT)
    ready(rig, "c1")
    result = WriteResult(WriteStatus.OK, (DroppedField("summary", "read-only"),))
    rig.crm.fail(WriteFault(result, CALL_1, acts=True))
    rig.write()
    assert rig.states() == {"c1": "done"}
    story = rig.story("c1")
    assert [drop.field for unit in story.units for drop in unit.dropped] == ["summary"]
    arrivals = {change.field: change.arrival for change in story.changes if change.record == CALL_1}
    assert arrivals["summary"] is Arrival.REFUSED
    assert arrivals["status"] is Arrival.WRITTEN


def test_a_rejected_record_harms_no_neighbour_and_is_shown_on_its_call(rig: Rig) -> None:
    ready(rig, "c1", "c2")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.REJECTED, reason="A rule says no."), CALL_1, times=2))
    rig.write()
    assert rig.states() == {"c1": "done", "c2": "done"}
    call = rig.call("c1")
    assert (call.code, call.reason) == ("rejected", "Call:c1: A rule says no.")
    assert rig.read(CALL, "c2")["summary"] == "Summary of c2."


def test_a_record_that_is_gone_ends_its_unit_alone(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.GONE, reason="deleted"), CALL_1))
    rig.write()
    assert (rig.call("c1").state, rig.call("c1").code) == (CallState.DONE, "gone")
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of c1."


def test_a_deal_that_was_deleted_is_not_written_to(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.delete(DEAL_1)
    rig.write()
    assert rig.states() == {"c1": "done"}
    assert unit_states(rig, "c1")[UnitKind.FIELDS, DEAL] is UnitState.GONE
    assert rig.call("c1").code == "gone"


def test_a_call_that_was_deleted_before_write_back_is_done_and_marked(rig: Rig) -> None:
    ready(rig, "c1", "c2")
    rig.crm.delete(CALL_1)
    rig.clock.advance(rig.settings.snapshot_seconds + 1)
    rig.write()
    assert rig.states() == {"c1": "done", "c2": "done"}
    assert rig.call("c1").code == "gone"


def test_a_write_that_should_be_tried_again_waits_and_the_rest_is_not_repeated(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.RETRY, reason="locked", after=90), DEAL_1))
    rig.write()
    call = rig.call("c1")
    assert (call.state, call.code) == (CallState.ANALYZED, "retry")
    assert (call.due_at - rig.clock.now()).total_seconds() == 90
    rig.crm.edit(CALL_1, "summary", None)
    rig.clock.advance(90)
    rig.write()
    assert rig.states() == {"c1": "done"}
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of c1."
    assert rig.read(CALL, "c1")["summary"] is None, "a unit that was written is not touched again"


def test_a_write_that_never_succeeds_ends_dead_and_can_be_retried_without_paying(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.RETRY, reason="locked"), DEAL_1, times=99))
    for _ in range(10):
        rig.write()
        rig.clock.advance(6 * 3600)
    call = rig.call("c1")
    assert (call.state, call.code) == (CallState.DEAD, "too_many_attempts")
    assert "locked" in (call.reason or "")
    rig.crm.faults.clear()
    retry(rig.ledger, call.ref)
    fetched = rig.recordings.fetched
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == 1
    assert rig.recordings.fetched == fetched, "its recording was hashed before"


@pytest.mark.parametrize("acts", [True, False])
def test_a_write_without_an_answer_is_read_back_before_it_is_repeated(rig: Rig, acts: bool) -> None:
    ready(rig, "c1")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.UNKNOWN), times=9, acts=acts))
    rig.write()
    assert (rig.call("c1").state, rig.call("c1").code) == (CallState.ANALYZED, "unknown")
    rig.crm.faults.clear()
    rig.clock.advance(60)
    rig.write()
    assert rig.states() == {"c1": "done"}
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of c1."
    assert len(rig.crm.notes) == 1
    arrivals = [change.arrival for change in rig.story("c1").changes if change.field == "last_summary"]
    assert arrivals == ([Arrival.WRITTEN] if acts else [Arrival.INTENDED, Arrival.WRITTEN])


def test_a_value_that_arrived_unseen_is_known_as_ours(rig: Rig) -> None:
    ready(rig, "c1")
    rig.write()
    ready(rig, "c2")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.UNKNOWN), DEAL_1, acts=True))
    rig.write()
    ready(rig, "c3")
    rig.clock.advance(60)
    rig.write()
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of c3."
    assert set(rig.states().values()) == {"done"}


@pytest.mark.parametrize("acts", [True, False])
def test_a_lost_value_does_not_hide_the_one_before_it(rig: Rig, acts: bool) -> None:
    ready(rig, "c1")
    rig.write()
    ready(rig, "c2")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.UNKNOWN), DEAL_1, acts=acts))
    rig.write()
    if acts:
        rig.crm.edit(DEAL_1, "last_summary", "Mine.")
    rig.clock.advance(60)
    rig.write()
    assert rig.read(DEAL, "d1")["last_summary"] == ("Mine." if acts else "Summary of c2.")


@pytest.mark.parametrize("method", ["fields", "current", "refresh"])
def test_a_busy_crm_lets_the_whole_batch_wait_without_counting(rig: Rig, method: str) -> None:
    ready(rig, "c1", "c2")
    rig.clock.advance(rig.settings.snapshot_seconds + 1)
    rig.crm.fail(Fault(method, RetryLater("busy", after=120)))
    rig.write()
    assert rig.states() == {"c1": "analyzed", "c2": "analyzed"}
    rig.clock.advance(120)
    rig.write()
    assert rig.states() == {"c1": "done", "c2": "done"}


def test_a_stop_during_write_back_pauses_the_connection_and_keeps_the_batch(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.fail(Fault("write", StopConnection("No access any more.")))
    rig.write_once()
    assert rig.states() == {"c1": "analyzed"}
    assert rig.paused() == "No access any more."


@pytest.mark.parametrize(
    ("error", "code"), [(RetryLater("busy", after=60), "retry"), (OutcomeUnknown("no answer"), "unknown")]
)
def test_verdicts_on_a_whole_write_are_those_of_each_update(rig: Rig, error: Exception, code: str) -> None:
    ready(rig, "c1")
    rig.crm.fail(Fault("write", error, acts=True))
    rig.write()
    assert (rig.call("c1").state, rig.call("c1").code) == (CallState.ANALYZED, code)
    rig.clock.advance(60)
    rig.write()
    assert rig.states() == {"c1": "done"}
    assert len(rig.crm.notes) == 1


def test_a_fault_in_planning_holds_that_call_alone(rig: Rig) -> None:
    ready(rig, "c1", "c2")
    rig.analyzer.answers.clear()
    rig.crm.add_call("c3", audio=b"c3")
    rig.analyzer.answers[sha(b"c3")] = b"not an answer"
    rig.poll()
    rig.work()
    rig.write()
    assert rig.states() == {"c1": "done", "c2": "done", "c3": "held"}
    assert "JSONDecodeError" in (rig.call("c3").trace or "")


def test_a_fault_in_writing_holds_its_batch(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.fail(Fault("write", KeyError("x"), acts=True))
    rig.write()
    assert (rig.call("c1").state, rig.call("c1").code) == (CallState.HELD, "fault")
    retry(rig.ledger, rig.call("c1").ref)
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert len(rig.crm.notes) == 1
    assert rig.analyzer.bills.total() == 1


def test_a_changed_mapping_is_replayed_over_history_without_paying(rig: Rig) -> None:
    ready(rig, "c1", "c2")
    rig.write()
    rules = [*MAPPING.model_dump()["rules"], {"value": "duration_minutes", "on": "deal", "field": "minutes"}]
    rig.crm.fields[DEAL]["minutes"] = writable("minutes", FieldKind.NUMBER, scale=1)
    for values in rig.crm.values.values():
        values.setdefault("minutes", None)
    rig.with_mapping(MAPPING.model_validate(MAPPING.model_dump() | {"rules": rules}))
    rig.run()
    assert rig.read(DEAL, "d1")["minutes"] is None, "only a replay looks back"
    assert replay(rig.ledger, "sales").calls == 2
    rig.write()
    assert rig.read(DEAL, "d1")["minutes"] == 5.0
    assert rig.analyzer.bills.total() == 2
    assert len(rig.crm.notes) == 2


def test_a_replay_can_be_limited_to_recent_calls(rig: Rig) -> None:
    ready(rig, "c1", "c2")
    rig.write()
    assert replay(rig.ledger, "sales", since=rig.call("c2").call.started_at).calls == 1


def test_a_unit_that_is_no_longer_planned_does_not_keep_its_call_waiting(rig: Rig) -> None:
    ready(rig, "c1")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.RETRY, reason="locked"), DEAL_1))
    rig.write()
    rig.with_mapping(MAPPING.model_copy(update={"rules": MAPPING.rules[:3]}))
    rig.clock.advance(60)
    rig.write()
    assert rig.states() == {"c1": "done"}
    assert unit_states(rig, "c1")[UnitKind.FIELDS, DEAL] is UnitState.SUPERSEDED


def test_a_recording_that_changes_while_its_batch_is_written_begins_again(rig: Rig) -> None:
    ready(rig, "c1")

    def change_then_describe(object_name: str) -> object:
        rig.crm.attach("c1", b"two", touches=True)
        rig.poll()
        return rig.crm.fields[object_name]

    rig.connection.connector.fields = change_then_describe  # type: ignore[method-assign, assignment]
    rig.write()
    assert rig.states() == {"c1": "new"}
    rig.analyzer.answers[sha(b"two")] = answer("Of the other recording.")
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.read(CALL, "c1")["summary"] == "Of the other recording."


@pytest.mark.parametrize("error", [KeyError("x"), OutcomeUnknown("no answer")])
def test_a_recording_that_changes_during_the_last_write_begins_again(
    build_rig: BuildRig, error: Exception
) -> None:
    rig = build_rig(settings=EngineSettings(max_attempts=1))
    ready(rig, "c1")
    write = rig.connection.connector.write

    def change_then_fail(updates: Sequence[FieldUpdate | NoteUpsert]) -> list[WriteResult]:
        rig.crm.attach("c1", b"two", touches=True)
        rig.poll()
        raise error

    rig.connection.connector.write = change_then_fail  # type: ignore[method-assign]
    rig.write()
    assert rig.states() == {"c1": "new"}
    rig.connection.connector.write = write  # type: ignore[method-assign]
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == 2


def test_a_batch_takes_as_many_calls_as_the_connector_says(build_rig: BuildRig) -> None:
    rig = build_rig(write_batch=2, settings=EngineSettings())
    ready(rig, "c1", "c2", "c3")
    rig.write_once()
    assert sorted(rig.states().values()) == ["analyzed", "done", "done"]
    rig.write()
    assert rig.read(DEAL, "d1")["last_summary"] == "Summary of c3."


def test_field_descriptions_are_kept_for_some_minutes(rig: Rig) -> None:
    ready(rig, "c1")
    rig.write()
    ready(rig, "c2")
    rig.write()
    assert rig.crm.requests["fields"] == 2, "one for each object"
    rig.clock.advance(rig.settings.schema_seconds + 1)
    ready(rig, "c3")
    rig.write()
    assert rig.crm.requests["fields"] == 4
