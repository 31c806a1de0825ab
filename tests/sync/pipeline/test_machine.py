"""Whatever users, dialers, networks and operators do, in whatever order: the promises hold."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from velma_connectors.errors import OutcomeUnknown, RetryLater, SkipCall, SpendStop, StopConnection
from velma_connectors.model import RecordRef, WriteResult, WriteStatus
from velma_connectors.testing.far_side import CALL, DEAL
from velma_connectors.testing.faults import Fault, WriteFault
from velma_sync.ledger.calls import StoredCall
from velma_sync.ledger.states import ENDED, CallState, UnitState
from velma_sync.ledger.units import UnitKind
from velma_sync.pipeline.health import probe
from velma_sync.pipeline.outcomes import UNCLEAR
from velma_sync.pipeline.settings import EngineSettings

from .rig import MAPPING, Rig, answer, sha

NAMES = ("sales", "other")
AUDIO = [f"recording {number}".encode() for number in range(3)]
DEAL_1 = "d1"
IN_CRM = {UnitState.WRITTEN, UnitState.SAME}
NIGHTS_TO_SETTLE = 8
# Without the date of the last call the ledger alone knows which call is a deal's newest.
MAPPING_WITHOUT_DATE = MAPPING.model_copy(update={"rules": MAPPING.rules[:4]})


def is_told(stored: StoredCall) -> bool:
    """All that could be written of its answer is in the CRM."""
    return stored.state is CallState.DONE or (stored.state is CallState.HELD and stored.code == UNCLEAR)


class Killed(BaseException):
    """Stands for kill -9."""


ENDINGS = {
    "calls": (Killed, RetryLater, StopConnection),
    "refresh": (Killed, RetryLater),
    "open_recording": (Killed, RetryLater, StopConnection),
    "fields": (RetryLater,),
    "current": (Killed, RetryLater, StopConnection),
    "write": (Killed, RetryLater, OutcomeUnknown, StopConnection),
}
FAULTS = [(method, error) for method, errors in ENDINGS.items() for error in errors]

names = st.sampled_from(NAMES)
audio = st.sampled_from(AUDIO)
pick = st.integers(0, 1_000_000)


class Life(RuleBasedStateMachine):
    """Two connections, a few shared recordings and deals, and a far side that misbehaves."""

    def __init__(self, empty_ledger: Path) -> None:
        super().__init__()
        self.room = tempfile.TemporaryDirectory()
        path = Path(self.room.name) / "ledger.db"
        shutil.copy(empty_ledger, path)
        self.rig = Rig(
            path,
            names=NAMES,
            settings=EngineSettings(page_calls=2),
            write_batch=3,
            mapping=MAPPING_WITHOUT_DATE,
        )
        self.calls: list[tuple[str, str]] = []
        self.edited: dict[tuple[str, RecordRef], str] = {}
        self.deleted: set[tuple[str, str]] = set()
        self.rig.clock.advance(60)
        for crm in self.rig.crms.values():
            crm.add_deal(DEAL_1)
        for each in AUDIO:
            self.rig.analyzer.answers[sha(each)] = answer(f"Summary of {each.decode()}.")

    @rule(
        name=names,
        recording=st.none() | audio | audio,
        linked=st.sampled_from([True, True, True, False]),
        hours=st.integers(0, 9),
        visible_after=st.sampled_from([0, 0, 0, 840]),
    )
    def a_call_is_logged(
        self, name: str, recording: bytes | None, linked: bool, hours: int, visible_after: int
    ) -> None:
        id = f"c{len(self.calls):03}"
        self.calls.append((name, id))
        self.rig.crms[name].add_call(
            id,
            audio=recording,
            deals=[DEAL_1] if linked else [],
            started_at=self.rig.clock.now() - timedelta(hours=hours),
            visible_after=visible_after,
        )

    def some_call(self, number: int) -> tuple[str, str] | None:
        living = [each for each in self.calls if each not in self.deleted]
        return living[number % len(living)] if living else None

    @precondition(lambda self: self.some_call(0))
    @rule(number=pick, recording=audio, touches=st.booleans())
    def a_recording_arrives_or_changes(self, number: int, recording: bytes, touches: bool) -> None:
        name, id = self.some_call(number) or ("", "")
        had_none = self.rig.crms[name].calls[id].recording is None
        # A change that no stamp shows cannot be found; only an expected recording is looked for.
        self.rig.crms[name].attach(id, recording, touches=touches or not had_none)

    @precondition(lambda self: self.without_deal())
    @rule(number=pick)
    def a_deal_is_linked_late(self, number: int) -> None:
        waiting = self.without_deal()
        name, id = waiting[number % len(waiting)]
        self.rig.crms[name].link(id, DEAL_1)
        self.rig.crms[name].touch(id)

    def without_deal(self) -> list[tuple[str, str]]:
        living = [each for each in self.calls if each not in self.deleted]
        return [(name, id) for name, id in living if not self.rig.crms[name].calls[id].deals]

    @precondition(lambda self: self.some_call(0))
    @rule(number=pick)
    def a_person_writes_into_a_call(self, number: int) -> None:
        name, id = self.some_call(number) or ("", "")
        self.edit(name, RecordRef(CALL, id), "summary")

    @precondition(lambda self: len(self.calls) > 8)
    @rule(name=names)
    def a_person_writes_into_a_deal(self, name: str) -> None:
        self.edit(name, RecordRef(DEAL, DEAL_1), "last_summary")

    def edit(self, name: str, record: RecordRef, field: str) -> None:
        word = f"Mine {len(self.edited)}."
        self.rig.crms[name].edit(record, field, word)
        self.edited[name, record] = word

    @precondition(lambda self: len(self.calls) > 4 and self.some_call(0))
    @rule(number=pick)
    def a_call_is_deleted(self, number: int) -> None:
        name, id = self.some_call(number) or ("", "")
        self.rig.crms[name].delete(RecordRef(CALL, id))
        self.deleted.add((name, id))

    @precondition(lambda self: self.some_call(0))
    @rule(number=pick)
    def a_stamp_moves(self, number: int) -> None:
        name, id = self.some_call(number) or ("", "")
        self.rig.crms[name].touch(id)

    @rule(name=names, fault=st.sampled_from(FAULTS), acts=st.booleans(), times=st.integers(1, 3))
    def the_crm_misbehaves(
        self, name: str, fault: tuple[str, type[BaseException]], acts: bool, times: int
    ) -> None:
        method, error = fault
        once = error is Killed
        self.rig.crms[name].fail(Fault(method, error("planned"), acts=acts, times=1 if once else times))

    @rule(
        name=names,
        status=st.sampled_from(list(WriteStatus)),
        acts=st.booleans(),
        times=st.integers(1, 4),
    )
    def a_write_goes_wrong(self, name: str, status: WriteStatus, acts: bool, times: int) -> None:
        arrives = status is WriteStatus.OK or (status is WriteStatus.UNKNOWN and acts)
        self.rig.crms[name].fail(WriteFault(WriteResult(status), acts=arrives, times=times))

    @rule(
        error=st.sampled_from(
            [
                RetryLater("busy", after=5, counts=False),
                RetryLater("down", after=20),
                SkipCall("not audio", code="not_audio"),
                SpendStop("no credits", code="credits", retry_after=900),
            ]
        ),
        times=st.integers(1, 3),
    )
    def the_analyzer_refuses(self, error: Exception, times: int) -> None:
        self.rig.analyzer.fail(Fault("analyze", error, times=times))

    @rule(acts=st.booleans(), dies=st.booleans(), times=st.integers(1, 3))
    def an_answer_is_lost(self, acts: bool, dies: bool, times: int) -> None:
        error = Killed() if dies else OutcomeUnknown("no answer")
        self.rig.analyzer.fail(Fault("analyze", error, acts=acts, times=times))

    @rule(seconds=st.sampled_from([5, 60, 200, 900, 4000]))
    def time_goes_by(self, seconds: int) -> None:
        self.rig.clock.advance(seconds)

    @rule(seconds=st.sampled_from([5, 200, 4000]))
    def the_daemon_runs(self, seconds: int) -> None:
        self.live(self.rig.run)
        self.rig.clock.advance(seconds)

    @rule(name=names, recordings=st.lists(audio, min_size=1, max_size=4), hours=st.integers(0, 9))
    def several_calls_are_logged_and_the_daemon_runs(
        self, name: str, recordings: list[bytes], hours: int
    ) -> None:
        for number, recording in enumerate(recordings):
            self.a_call_is_logged(name, recording, True, (hours + 3 * number) % 10, 0)
        self.the_daemon_runs(200)

    @rule()
    def the_daemon_polls(self) -> None:
        self.live(self.rig.poll)

    @rule()
    def the_daemon_looks_for_late_recordings(self) -> None:
        self.live(self.rig.look_late)

    @rule()
    def the_daemon_analyses(self) -> None:
        self.live(self.rig.work)

    @rule()
    def the_daemon_writes(self) -> None:
        self.live(self.rig.write)

    @rule()
    def the_daemon_sweeps(self) -> None:
        self.live(self.rig.sweep)

    @rule()
    def the_daemon_is_restarted(self) -> None:
        self.rig.restart()

    def live(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Killed:
            self.rig.restart()

    @invariant()
    def a_persons_word_stands(self) -> None:
        for (name, record), word in self.edited.items():
            if (name, record.id) not in self.deleted:
                field = "summary" if record.object == CALL else "last_summary"
                assert self.rig.crms[name].read(record)[field] == word

    @invariant()
    def no_recording_is_billed_too_often(self) -> None:
        most = 1 + self.rig.settings.max_resend
        assert all(count <= most for count in self.rig.analyzer.bills.values())

    def teardown(self) -> None:
        try:
            self.settle()
            self.every_call_is_accounted_for()
            self.without_lost_answers_everything_is_billed_once()
            self.records_show_what_was_heard()
        finally:
            self.rig.close()
            self.room.cleanup()

    def settle(self) -> None:
        """The far side behaves again, and some nights go by."""
        self.rig.analyzer.faults.clear()
        for crm in self.rig.crms.values():
            crm.faults.clear()
        self.rig.restart()
        for night in range(NIGHTS_TO_SETTLE):
            probe(self.rig.engine)
            self.rig.run()
            if night > 0 and set(self.rig.states().values()) <= ENDED:
                return
            self.rig.clock.advance(8 * 3600)

    def every_call_is_accounted_for(self) -> None:
        known = {(each.ref.connection, each.ref.id): each for each in self.rig.calls()}
        lost = [each for each in self.calls if each not in known and each not in self.deleted]
        assert not lost, f"never seen: {lost}"
        for each in known.values():
            waits = each.state is CallState.WAITING_RECORDING and each.call.recording is None
            assert each.state in ENDED or waits, f"{each.ref} is left {each.state}: {each.reason}"
            if each.state is CallState.HELD:
                assert each.code in ("unknown_billing", UNCLEAR), each.trace

    def without_lost_answers_everything_is_billed_once(self) -> None:
        unknown = set(self.rig.unknown_audio())
        for (audio_sha256, _), count in self.rig.analyzer.bills.items():
            if audio_sha256 not in unknown:
                assert count == 1

    def records_show_what_was_heard(self) -> None:
        for name in NAMES:
            told = [each for each in self.rig.calls() if each.ref.connection == name and is_told(each)]
            for each in told:
                if (name, each.ref.id) not in self.deleted:
                    self.the_call_shows_its_answer(name, each)
                    self.the_call_counts_for_its_deal(name, each)
            self.the_deal_shows_its_newest_call(name, [each for each in told if each.deal is not None])

    def the_call_shows_its_answer(self, name: str, stored: StoredCall) -> None:
        heard, record = self.rig.summary_of(stored), stored.ref.record
        recording = self.rig.crms[name].calls[stored.ref.id].recording
        assert recording is not None
        assert stored.question is not None
        assert sha(self.rig.crms[name].files[recording.locator]) == stored.question.audio_sha256
        shown = self.shown(name, stored)
        if (UnitKind.FIELDS, CALL) in shown and (name, record) not in self.edited:
            assert self.rig.crms[name].read(record)["summary"] == heard
        if (UnitKind.NOTE, CALL) in shown:
            assert [heard in body for body in self.rig.crms[name].notes_on(record)] == [True]

    def the_call_counts_for_its_deal(self, name: str, stored: StoredCall) -> None:
        if stored.state is CallState.DONE and DEAL_1 in self.rig.crms[name].calls[stored.ref.id].deals:
            assert stored.deal == DEAL_1
            units = self.rig.story(stored.ref.id, name).units
            assert (UnitKind.FIELDS, DEAL) in {(unit.key.kind, unit.key.record.object) for unit in units}

    def the_deal_shows_its_newest_call(self, name: str, told: list[StoredCall]) -> None:
        deal = RecordRef(DEAL, DEAL_1)
        newest = max(told, key=lambda each: (each.call.started_at, each.ref.id), default=None)
        if newest is None or (name, deal) in self.edited:
            return
        if (UnitKind.FIELDS, DEAL) in self.shown(name, newest):
            assert self.rig.crms[name].read(deal)["last_summary"] == self.rig.summary_of(newest)

    def shown(self, name: str, stored: StoredCall) -> set[tuple[UnitKind, str]]:
        """What of a call is in the CRM for sure."""
        story = self.rig.story(stored.ref.id, name)
        return {(unit.key.kind, unit.key.record.object) for unit in story.units if unit.state in IN_CRM}


def test_the_promises_hold_in_any_life(empty_ledger: Path) -> None:
    run_state_machine_as_test(
        lambda: Life(empty_ledger),  # type: ignore[arg-type]  # any factory will do
        settings=settings(
            max_examples=30,
            stateful_step_count=50,
            suppress_health_check=list(HealthCheck),
        ),
    )
