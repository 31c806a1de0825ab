"""Whatever the far side does, the connector gives the verdict that says what to do next."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from velma_connectors.errors import RetryLater, SkipCall, StopConnection, Verdict
from velma_connectors.model import FieldUpdate, SchemaAction, WriteStatus
from velma_connectors.testing.contract.driving import (
    call_of,
    current,
    lately,
    object_of,
    put_note,
    require,
    text_place,
    text_record,
    times_in,
    verdict_of,
    write,
)
from velma_connectors.testing.contract.recordings import read_recording
from velma_connectors.testing.rig import FaultKind, Rig

AUDIO = b"RIFF audio"
DAILY_SECONDS = 60.0

READ_VERDICTS: dict[FaultKind, tuple[type[Verdict], ...]] = {
    FaultKind.REFUSED_TOKEN: (StopConnection,),
    FaultKind.MISSING_RIGHT: (StopConnection,),
    FaultKind.RATE_LIMIT: (RetryLater,),
    FaultKind.DAILY_LIMIT: (RetryLater,),
    FaultKind.OUTAGE: (RetryLater,),
    FaultKind.CUT: (RetryLater,),
    FaultKind.TRUNCATED: (RetryLater,),
    FaultKind.WEB_PAGE: (RetryLater, StopConnection),
}
"""What a read raises. A web page can be a maintenance notice or a wrong address."""

MORE_VERDICTS: dict[tuple[str, FaultKind], tuple[type[Verdict], ...]] = {
    ("open_recording", FaultKind.REFUSED_TOKEN): (RetryLater,),
    ("open_recording", FaultKind.MISSING_RIGHT): (RetryLater, SkipCall),
    ("open_recording", FaultKind.WEB_PAGE): (SkipCall,),
}
"""Audio often lies on a server of its own, whose refusals cannot be told from those of one call."""

HONEST_ANSWERS: dict[tuple[str, FaultKind], Callable[[Any], bool]] = {
    ("check", FaultKind.MISSING_RIGHT): lambda health: bool(health.problems),
    ("plan_fields", FaultKind.MISSING_RIGHT): lambda steps: all(
        step.action is SchemaAction.CANNOT and step.reason for step in steps
    ),
    ("open_recording", FaultKind.RATE_LIMIT): lambda audio: audio == AUDIO,
    ("open_recording", FaultKind.DAILY_LIMIT): lambda audio: audio == AUDIO,
}
"""Reads that may answer in spite of a fault: by telling it, or because it does not count there."""

_NOT_NOW = (WriteStatus.RETRY,)
_PERHAPS = (WriteStatus.RETRY, WriteStatus.UNKNOWN)

WRITE_STATUSES: dict[FaultKind, tuple[WriteStatus, ...]] = {
    FaultKind.REFUSED_TOKEN: (),
    FaultKind.MISSING_RIGHT: (WriteStatus.REJECTED,),
    FaultKind.RATE_LIMIT: _NOT_NOW,
    FaultKind.DAILY_LIMIT: _NOT_NOW,
    FaultKind.OUTAGE: _PERHAPS,
    FaultKind.CUT: _PERHAPS,
    FaultKind.WEB_PAGE: _PERHAPS,
    FaultKind.LOST_ANSWER: (WriteStatus.UNKNOWN,),
}
"""What a write results in; for the first two and a web page it may raise StopConnection instead."""

MAY_STOP = (FaultKind.REFUSED_TOKEN, FaultKind.MISSING_RIGHT, FaultKind.WEB_PAGE)


class FaultContract:
    """The verdicts. Each fault is shown to a warm connection, and to every request."""

    @pytest.mark.parametrize("kind", READ_VERDICTS)
    def test_a_read_that_meets_a_fault_raises_its_verdict(self, rig: Rig, kind: FaultKind) -> None:
        require(rig, kind)
        for what, ask in self._reads(rig).items():
            answers: list[Any] = []
            with rig.fault(kind):
                verdict = verdict_of(rig, what, partial(self._keep_answer, ask, answers))
            if verdict is None and (what, kind) in HONEST_ANSWERS:
                assert HONEST_ANSWERS[what, kind](answers[0]), f"{what} met '{kind}' and hid it"
                continue
            expected = READ_VERDICTS[kind] + MORE_VERDICTS.get((what, kind), ())
            assert isinstance(verdict, expected), f"{what} met '{kind}' and gave {verdict!r}"
            assert str(verdict), f"{what} met '{kind}' and said nothing"
            if isinstance(verdict, RetryLater):
                assert verdict.after > 0, f"{what} met '{kind}' and is to be repeated at once"

    @pytest.mark.parametrize("kind", WRITE_STATUSES)
    def test_a_write_that_meets_a_fault_results_in_its_verdict(self, rig: Rig, kind: FaultKind) -> None:
        require(rig, kind)
        name, records = text_place(rig).name, [text_record(rig), text_record(rig)]
        rig.connector.check()
        updates = [FieldUpdate(record, {name: "in vain"}, ()) for record in records]
        results: list[Any] = []
        with rig.fault(kind):
            verdict = verdict_of(rig, "write", lambda: results.extend(rig.connector.write(updates)))
        if verdict is not None:
            assert kind in MAY_STOP, f"write met '{kind}' and raised {verdict!r}"
            assert isinstance(verdict, StopConnection)
            return
        assert len(results) == len(updates)
        for result in results:
            assert result.status in WRITE_STATUSES[kind], f"write met '{kind}' and gave {result!r}"
            assert result.reason, f"write met '{kind}' and said nothing"
            again = result.status is WriteStatus.RETRY
            assert not again or result.after > 0, f"write met '{kind}' and is to be repeated at once"

    def test_an_exhausted_day_uses_up_nobodys_tries(self, rig: Rig) -> None:
        require(rig, FaultKind.DAILY_LIMIT)
        rig.connector.check()
        with rig.fault(FaultKind.DAILY_LIMIT):
            verdict = verdict_of(rig, "count", lambda: rig.connector.count(lately(rig)))
        assert isinstance(verdict, RetryLater)
        assert not verdict.counts, "the limit of a day is a RetryLater with counts=False"
        assert verdict.after >= DAILY_SECONDS, "the limit of a day is not over within a minute"

    @pytest.mark.parametrize("kind", [*READ_VERDICTS, FaultKind.LOST_ANSWER])
    def test_a_connection_works_again_when_the_fault_is_over(self, rig: Rig, kind: FaultKind) -> None:
        require(rig, kind)
        record, name = text_record(rig), text_place(rig).name
        rig.connector.check()
        with rig.fault(kind):
            verdict_of(rig, "count", lambda: rig.connector.count(lately(rig)))
            verdict_of(rig, "write", lambda: write(rig, record, {name: "during"}))
        assert rig.connector.check().account_id
        assert write(rig, record, {name: "after"}).status is WriteStatus.OK
        assert rig.read(record, name) == "after"

    def test_an_unknown_outcome_is_read_back_and_safely_repeated(self, rig: Rig) -> None:
        require(rig, FaultKind.LOST_ANSWER)
        record, name = text_record(rig), text_place(rig).name
        rig.connector.check()
        with rig.fault(FaultKind.LOST_ANSWER):
            outcome = write(rig, record, {name: "arrived"}).status
        assert outcome is WriteStatus.UNKNOWN, "a lost answer may have been written"
        assert current(rig, record, name) == "arrived"
        assert write(rig, record, {name: "arrived"}).status is WriteStatus.OK
        assert rig.read(record, name) == "arrived"

    def test_a_cut_connection_has_written_nothing_and_a_repetition_writes_once(self, rig: Rig) -> None:
        require(rig, FaultKind.CUT)
        record, name, targets = text_record(rig), text_place(rig).name, rig.note_targets()
        rig.connector.check()
        with rig.fault(FaultKind.CUT):
            write(rig, record, {name: "cut off"})
            put_note(rig.connector, "cut", targets, "The line went dead.")
        assert rig.read(record, name) is None
        assert write(rig, record, {name: "cut off"}).status is WriteStatus.OK
        assert put_note(rig.connector, "cut", targets, "The line went dead.").status is WriteStatus.OK
        assert times_in(rig.notes(targets), "The line went dead.") == 1

    def test_a_locked_record_waits_alone(self, rig: Rig) -> None:
        require(rig, FaultKind.LOCKED_RECORD)
        name, records = text_place(rig).name, [text_record(rig) for _ in range(3)]
        updates = [FieldUpdate(record, {name: "patience"}, ()) for record in records]
        with rig.fault(FaultKind.LOCKED_RECORD, records[1]):
            results = rig.connector.write(updates)
        assert [result.status for result in results] == [WriteStatus.OK, WriteStatus.RETRY, WriteStatus.OK]
        assert results[1].after > 0, "a locked record is to be repeated at once"
        assert [rig.read(record, name) for record in records] == ["patience", None, "patience"]
        assert write(rig, records[1], {name: "patience"}).status is WriteStatus.OK

    @staticmethod
    def _keep_answer(ask: Callable[[], object], answers: list[Any]) -> None:
        answers.append(ask())

    @staticmethod
    def _reads(rig: Rig) -> dict[str, Callable[[], object]]:
        """Every read of a connector, each on a warm connection."""
        connector, window = rig.connector, lately(rig)
        record, name = text_record(rig), text_place(rig).name
        call = call_of(rig, rig.add_call(audio=AUDIO))
        connector.check()
        reads: dict[str, Callable[[], object]] = {
            "check": connector.check,
            "count": lambda: connector.count(window),
            "calls": lambda: connector.calls(window, None, limit=10),
            "refresh": lambda: connector.refresh([call.ref]),
            "fields": lambda: connector.fields(object_of(rig, text_place(rig).target)),
            "current": lambda: connector.current([record], [name]),
            "plan_fields": lambda: connector.plan_fields(rig.new_specs()),
        }
        if connector.capabilities.hosted_recordings:
            reads["open_recording"] = lambda: read_recording(rig, call)
        return reads
