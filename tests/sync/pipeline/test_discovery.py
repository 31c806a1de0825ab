"""Finding calls: every one, once, and only a changed recording is new work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from velma_connectors.errors import RetryLater, StopConnection
from velma_connectors.model import Call, CallRef, RecordRef, WriteResult, WriteStatus
from velma_connectors.testing.far_side import CALL, DEAL
from velma_connectors.testing.faults import Fault, WriteFault
from velma_mappings.deals import DealRule
from velma_sync.ledger import connections
from velma_sync.pipeline.settings import EngineSettings

from .conftest import BuildRig
from .rig import CONFIG, Rig, answer, sha


def test_a_call_is_found_analyzed_once_and_written_to_its_call_and_deal(rig: Rig) -> None:
    deal = rig.crm.add_deal("d1")
    call = rig.crm.add_call("c1", audio=b"one", deals=["d1"])
    rig.analyzer.answers[sha(b"one")] = answer("They agreed on a pilot.")
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.read(CALL, "c1")["summary"] == "They agreed on a pilot."
    assert rig.read(DEAL, "d1")["last_summary"] == "They agreed on a pilot."
    assert len(rig.crm.notes_on(call)) == len(rig.crm.notes_on(deal)) == 1
    assert rig.analyzer.bills.total() == 1
    assert (rig.billing().answered, rig.billing().answered_seconds) == (1, 300.0)


def test_the_first_run_begins_at_the_start_and_leaves_history_alone(rig: Rig, build_rig: BuildRig) -> None:
    rig.crm.add_call("before", audio=b"before")
    rig.clock.advance(1)
    rig = build_rig(crm=rig.crm, clock=rig.clock)
    rig.crm.add_call("after", audio=b"after")
    long_ago = rig.clock.now() - timedelta(days=30)
    rig.crm.add_call("edited", audio=b"edited", started_at=long_ago)
    rig.run()
    assert rig.states() == {"after": "done", "edited": "skipped"}
    assert rig.call("edited").code == "before_start"


def test_calls_with_equal_stamps_are_all_found_over_small_pages(build_rig: BuildRig) -> None:
    rig = build_rig(settings=EngineSettings(page_calls=3))
    for number in range(10):
        rig.crm.add_call(f"c{number}", audio=b"the same recording")
    rig.poll()
    assert len(rig.calls()) == 10
    assert rig.crm.requests["calls"] == 4
    rig.poll()
    assert len(rig.calls()) == 10, "the overlap is read again, and known"


def test_calls_that_become_visible_late_are_found_by_reading_the_last_minutes_again(rig: Rig) -> None:
    rig.crm.add_call("late", audio=b"late", visible_after=600)
    rig.poll()
    rig.clock.advance(120)
    rig.poll()
    assert rig.states() == {}
    rig.clock.advance(480)
    rig.poll()
    assert rig.states() == {"late": "new"}


def test_after_a_clock_that_ran_ahead_everything_since_the_start_is_read_again(rig: Rig) -> None:
    rig.poll()
    rig.clock.advance(300 * 86_400)
    rig.poll()
    rig.clock.advance(-300 * 86_400)
    rig.crm.add_call("meanwhile", audio=b"audio")
    rig.clock.advance(3600)
    rig.poll()
    assert rig.states() == {"meanwhile": "new"}


def test_a_walk_that_breaks_off_keeps_its_pages_and_is_walked_again(build_rig: BuildRig) -> None:
    rig = build_rig(settings=EngineSettings(page_calls=2))
    for number in range(4):
        rig.crm.add_call(f"c{number}", audio=b"audio")
    rig.poll()
    rig.crm.add_call("c5", audio=b"audio")
    rig.crm.add_call("c6", audio=b"audio")
    rig.crm.fail(Fault("calls", RetryLater("busy", after=60), times=1))
    rig.poll()
    with rig.ledger.read() as tx:
        resting = connections.get(tx, "sales")
    assert resting.retry_at is not None
    rig.poll()
    assert "c5" not in rig.states(), "the CRM asked for a rest"
    rig.clock.advance(60)
    rig.poll()
    assert set(rig.states()) >= {"c5", "c6"}


def test_our_own_writes_come_back_as_nothing_new(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    rig.crm.add_call("c1", audio=b"one", deals=["d1"])
    rig.run()
    requests = rig.crm.requests["write"]
    for _ in range(3):
        rig.clock.advance(120)
        rig.run()
    assert rig.states() == {"c1": "done"}
    assert (rig.analyzer.bills.total(), rig.crm.requests["write"]) == (1, requests)


def test_a_changed_recording_of_a_finished_call_is_new_work(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.run()
    rig.clock.advance(60)
    rig.crm.attach("c1", b"two", touches=True)
    rig.analyzer.answers[sha(b"two")] = answer("Another recording.")
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.read(CALL, "c1")["summary"] == "Another recording."
    assert rig.analyzer.bills.total() == 2
    assert len(rig.crm.notes) == 1, "the note is replaced"


def test_a_changed_recording_is_not_taken_for_the_former_one_after_a_failed_try(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.run()
    rig.clock.advance(60)
    rig.crm.attach("c1", b"two", touches=True)
    rig.analyzer.answers[sha(b"two")] = answer("Another recording.")
    rig.crm.fail(Fault("open_recording", RetryLater("the host is down")))
    rig.run()
    rig.clock.advance(60)
    rig.run()
    assert rig.read(CALL, "c1")["summary"] == "Another recording."


def test_a_recording_that_disappears_is_not_forgotten_once_analyzed(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    rig.work()
    rig.crm.calls["c1"] = replace(rig.crm.calls["c1"], recording=None)
    rig.clock.advance(60)
    rig.crm.touch("c1")
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.call("c1").call.recording is not None


@pytest.mark.parametrize(
    ("seconds", "skip_reason", "code"),
    [
        (14, None, "too_short"),
        (14_401, None, "too_long"),
        (60, "voicemail", "filtered"),
    ],
)
def test_calls_that_need_no_analysis_are_skipped_with_their_reason(
    rig: Rig, seconds: int, skip_reason: str | None, code: str
) -> None:
    rig.crm.add_call("c1", audio=b"one", seconds=seconds, skip_reason=skip_reason)
    rig.run()
    assert rig.states() == {"c1": "skipped"}
    assert rig.call("c1").code == code
    assert rig.call("c1").reason
    assert rig.analyzer.bills.total() == 0


@pytest.mark.parametrize("seconds", [15, 14_400, None])
def test_calls_at_the_limits_or_of_unknown_length_are_analyzed(rig: Rig, seconds: int | None) -> None:
    rig.crm.add_call("c1", audio=b"one", seconds=seconds)
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.billing().unmeasured == 0, "the answer names the length"


def test_a_call_marked_as_voicemail_before_its_turn_is_skipped(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    rig.clock.advance(30)
    rig.crm.add_call("c1", audio=b"one", skip_reason="voicemail")
    rig.run()
    assert rig.states() == {"c1": "skipped"}


def test_missing_recordings_are_looked_for_ever_more_rarely_and_then_no_more(rig: Rig) -> None:
    rig.crm.add_call("c1")
    rig.poll()
    assert rig.states() == {"c1": "waiting_recording"}
    looks: list[int] = []
    while rig.states() == {"c1": "waiting_recording"}:
        due_at = rig.call("c1").due_at
        rig.clock.advance((due_at - rig.clock.now()).total_seconds() - 1)
        rig.look_late()
        assert rig.crm.requests["refresh"] == len(looks), "looked before its time"
        rig.clock.advance(1)
        rig.look_late()
        looks.append(round(rig.clock.monotonic() / 60))
    assert looks[:6] == [2, 7, 22, 82, 442, 802]
    assert all(later - sooner == 360 for sooner, later in pairwise(looks[4:]))
    assert looks[-1] >= 72 * 60 > looks[-2]
    assert rig.states() == {"c1": "no_recording"}


def test_a_late_recording_is_analyzed_and_a_deleted_call_is_not_waited_for(rig: Rig) -> None:
    late = rig.crm.add_call("late")
    gone = rig.crm.add_call("gone")
    rig.poll()
    rig.crm.attach("late", b"late")
    rig.crm.delete(gone)
    rig.clock.advance(120)
    rig.run()
    assert rig.states() == {"late": "done", "gone": "skipped"}
    assert rig.call("gone").code == "gone"
    assert rig.crm.notes_on(late)


def test_a_late_look_does_not_undo_what_was_found_meanwhile(rig: Rig) -> None:
    rig.crm.add_call("c1")
    rig.crm.add_call("c2")
    rig.poll()
    rig.clock.advance(120)
    refresh = rig.connection.connector.refresh

    def look_then_poll(refs: Sequence[CallRef]) -> list[Call]:
        looks = refresh(refs)
        rig.crm.attach("c1", b"one", touches=True)
        rig.crm.delete(RecordRef(CALL, "c2"))
        rig.poll()
        return [look for look in looks if look.ref.id == "c1"]

    rig.connection.connector.refresh = look_then_poll  # type: ignore[method-assign]
    rig.look_late()
    assert rig.states() == {"c1": "new", "c2": "skipped"}
    assert rig.call("c1").call.recording is not None
    assert rig.call("c1").due_at == rig.clock.now()


def test_a_waiting_call_that_turns_out_to_be_voicemail_is_skipped(rig: Rig) -> None:
    rig.crm.add_call("c1")
    rig.poll()
    rig.crm.add_call("c1", skip_reason="voicemail")
    rig.clock.advance(120)
    rig.look_late()
    assert rig.states() == {"c1": "skipped"}


def test_a_deal_that_comes_after_write_back_gets_its_values_and_nothing_is_paid(rig: Rig) -> None:
    deal = rig.crm.add_deal("d1", stage="Discovery")
    rig.crm.add_call("c1", audio=b"one")
    rig.run()
    assert rig.call("c1").code == "no_deal"
    asked = rig.call("c1").question
    rig.crm.change_deal("d1", stage="Proposal", at=rig.clock.now() + timedelta(seconds=30))
    rig.clock.advance(60)
    rig.crm.link("c1", "d1")
    rig.crm.touch("c1")
    rig.config = lambda stage, pipeline: replace(CONFIG, terms=(stage or "",))
    rig.run()
    call = rig.call("c1")
    assert (call.state.value, call.code, call.deal, call.stage) == ("done", None, "d1", "Discovery")
    assert rig.read(DEAL, "d1")["last_summary"] == "A summary."
    assert len(rig.crm.notes_on(deal)) == len(rig.crm.notes) == 1, "the note hangs on the deal, too"
    assert (call.question, rig.analyzer.bills.total()) == (asked, 1)


def test_a_late_deal_is_written_to_once(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    rig.crm.add_call("c1", audio=b"one")
    rig.run()
    rig.clock.advance(60)
    rig.crm.link("c1", "d1")
    rig.crm.touch("c1")
    rig.run()
    assert rig.read(DEAL, "d1")["last_summary"] == "A summary."
    requests = rig.crm.requests["write"]
    for _ in range(3):
        rig.clock.advance(120)
        rig.crm.touch("c1")
        rig.run()
    assert rig.crm.requests["write"] == requests
    rig.crm.edit(RecordRef(DEAL, "d1"), "last_summary", "Mine.")
    rig.crm.link("c1")
    rig.crm.touch("c1")
    rig.run()
    rig.crm.link("c1", "d1")
    rig.clock.advance(120)
    rig.crm.touch("c1")
    rig.run()
    assert rig.crm.requests["write"] == requests, "the call has counted for this deal before"


def test_a_deal_that_merely_changes_later_is_no_late_deal(rig: Rig) -> None:
    rig.crm.add_deal("closed", is_open=False)
    rig.crm.add_deal("d1")
    rig.crm.add_deal("d2")
    rig.crm.add_call("c1", audio=b"one", deals=["d1", "d2"])
    rig.crm.add_call("c2", audio=b"two")
    rig.run()
    rig.crm.link("c2", "closed")
    for deal, is_open in (("d1", False), ("closed", True), ("closed", True)):
        rig.clock.advance(60)
        rig.crm.touch("c1")
        rig.crm.touch("c2")
        rig.run()
        rig.crm.change_deal(deal, is_open=is_open)
    rig.run()
    assert {each.deal for each in rig.calls()} == {None}
    assert [rig.read(DEAL, deal)["last_summary"] for deal in rig.crm.deals] == [None] * 3


def test_a_deal_that_comes_during_write_back_gets_its_values(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    rig.work()

    def link_then_describe(object_name: str) -> object:
        rig.crm.link("c1", "d1")
        rig.crm.touch("c1")
        rig.poll()
        return rig.crm.fields[object_name]

    rig.connection.connector.fields = link_then_describe  # type: ignore[method-assign, assignment]
    rig.write()
    assert rig.read(DEAL, "d1")["last_summary"] == "A summary."
    assert rig.states() == {"c1": "done"}


def test_another_recording_of_a_finished_call_that_is_now_filtered_is_no_work(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.run()
    rig.clock.advance(60)
    rig.crm.add_call("c1", audio=b"two", skip_reason="no consent")
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == 1


def test_a_recording_that_comes_after_all_is_taken_when_its_call_is_touched(rig: Rig) -> None:
    rig.crm.add_call("c1")
    rig.poll()
    rig.clock.advance(80 * 3600)
    rig.look_late()
    assert rig.states() == {"c1": "no_recording"}
    rig.crm.attach("c1", b"after all", touches=True)
    rig.run()
    assert rig.states() == {"c1": "done"}


def test_a_recording_that_vanishes_before_its_turn_is_waited_for(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    rig.clock.advance(5)
    rig.crm.add_call("c1")
    rig.poll()
    assert rig.states() == {"c1": "waiting_recording"}


def test_the_stage_at_call_time_decides_what_is_asked(rig: Rig) -> None:
    asked: list[str | None] = []

    def select(stage: str | None, pipeline: str | None) -> object:
        asked.append(stage)
        return CONFIG

    rig.config = select  # type: ignore[assignment]  # a recorder with the same answer
    rig.crm.add_deal("d1", stage="Discovery")
    rig.crm.add_call("c1", audio=b"one", deals=["d1"])
    rig.crm.add_call("c2", audio=b"two")
    rig.poll()
    rig.crm.change_deal("d1", stage="Closed")
    rig.clock.advance(60)
    rig.crm.touch("c1")
    rig.run()
    assert sorted(asked, key=str) == ["Discovery", None]
    assert rig.call("c1").stage == "Discovery"


def test_a_deal_that_is_linked_late_is_picked_up_before_write_back(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    rig.work()
    rig.crm.link("c1", "d1")
    rig.clock.advance(rig.settings.snapshot_seconds + 1)
    rig.write()
    assert rig.read(DEAL, "d1")["last_summary"] == "A summary."
    assert rig.call("c1").deal == "d1"


def test_a_deal_that_comes_between_two_tries_gets_its_note_too(rig: Rig) -> None:
    deal = rig.crm.add_deal("d1")
    call = rig.crm.add_call("c1", audio=b"one")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.RETRY, after=60), record=call))
    rig.run()
    assert rig.states() == {"c1": "analyzed"}
    rig.crm.link("c1", "d1")
    rig.clock.advance(rig.settings.snapshot_seconds + 1)
    rig.write()
    assert rig.read(DEAL, "d1")["last_summary"] == "A summary."
    assert len(rig.crm.notes_on(deal)) == 1


def test_a_call_with_several_open_deals_updates_none_and_says_so(rig: Rig) -> None:
    for deal in ("d1", "d2"):
        rig.crm.add_deal(deal)
    rig.crm.add_call("c1", audio=b"one", deals=["d1", "d2"])
    rig.run()
    call = rig.call("c1")
    assert (call.state.value, call.code) == ("done", "no_deal")
    assert "several" in (call.reason or "")
    assert rig.read(DEAL, "d1")["last_summary"] is None


def test_another_deal_rule_chooses_among_several(build_rig: BuildRig) -> None:
    rig = build_rig()
    rig.with_mapping(rig.mapping.model_copy(update={"deal": DealRule.NEWEST_OPEN}))
    rig.crm.add_deal("older")
    rig.clock.advance(60)
    rig.crm.add_deal("newer")
    rig.crm.add_call("c1", audio=b"one", deals=["older", "newer"])
    rig.run()
    assert rig.read(DEAL, "newer")["last_summary"] == "A summary."
    assert rig.read(DEAL, "older")["last_summary"] is None


def test_a_stopped_connection_is_paused_and_the_others_go_on(build_rig: BuildRig) -> None:
    rig = build_rig(names=("sales", "other"))
    rig.crms["sales"].fail(Fault("calls", StopConnection("Sign in again."), times=9))
    rig.crms["other"].add_call("c1", audio=b"one")
    rig.run()
    rig.run()
    assert rig.crms["sales"].requests["calls"] == 1, "a paused connection is left alone"
    assert rig.states() == {"c1": "done"}
