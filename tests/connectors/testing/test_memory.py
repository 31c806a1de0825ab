"""The connector in memory keeps the contract that the engine's tests rely on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.errors import CallGone, RetryLater
from velma_connectors.model import (
    Call,
    CallRef,
    FieldKind,
    FieldSpec,
    FieldUpdate,
    NoteUpsert,
    RecordRef,
    SchemaAction,
    Target,
    Window,
    WriteResult,
    WriteStatus,
)
from velma_connectors.protocol import Analyzer, CrmConnector
from velma_connectors.testing.canned import CannedAnalyzer, canned_answer
from velma_connectors.testing.clock import ManualClock
from velma_connectors.testing.far_side import CALL, DEAL, MemoryCrm, writable
from velma_connectors.testing.faults import Fault, WriteFault
from velma_connectors.testing.memory import MemoryConnector

C1, D1 = RecordRef(CALL, "c1"), RecordRef(DEAL, "d1")


@pytest.fixture
def crm() -> MemoryCrm:
    return MemoryCrm(
        ManualClock().now,
        {
            CALL: [writable("summary", FieldKind.LONG_TEXT, max_length=5)],
            DEAL: [writable("score", FieldKind.NUMBER, scale=1)],
        },
    )


@pytest.fixture
def connector(crm: MemoryCrm) -> CrmConnector:
    return MemoryConnector("sales", crm)


def found(connector: CrmConnector, crm: MemoryCrm) -> list[Call]:
    return list(connector.calls(Window(crm.clock(), crm.clock()), None, limit=10).calls)


def test_a_walk_and_a_count_agree(connector: CrmConnector, crm: MemoryCrm) -> None:
    for number in range(5):
        crm.add_call(f"c{number}", audio=b"audio")
    walked: list[Call] = []
    window, cursor = Window(crm.clock(), crm.clock()), None
    for _ in range(3):
        page = connector.calls(window, cursor, limit=2)
        walked += page.calls
        cursor = page.cursor
    assert cursor is None
    assert len(walked) == connector.count(window) == 5
    assert connector.budget().requests == 4
    connector.close()


def test_audio_comes_whole_and_not_at_all_from_a_deleted_call(
    connector: CrmConnector, crm: MemoryCrm
) -> None:
    crm.add_call("c1", audio=b"audio")
    (call,) = found(connector, crm)
    with connector.open_recording(call) as stream:
        assert stream.read() == b"audio"
    crm.delete(C1)
    with pytest.raises(CallGone), connector.open_recording(call) as stream:
        stream.read()
    assert connector.refresh([call.ref, CallRef("sales", CALL, "c2")]) == []


def test_fields_that_cannot_be_written_are_dropped_alone(connector: CrmConnector, crm: MemoryCrm) -> None:
    crm.add_call("c1", audio=b"audio")
    crm.add_deal("d1")
    results = connector.write(
        [
            FieldUpdate(C1, {"summary": "short", "unknown": 1}, ()),
            FieldUpdate(C1, {"summary": "too long"}, ()),
            FieldUpdate(RecordRef(CALL, "c9"), {"summary": "x"}, ()),
            FieldUpdate(D1, {"score": 0.5}, ()),
        ]
    )
    assert [each.status for each in results] == [
        WriteStatus.OK,
        WriteStatus.OK,
        WriteStatus.GONE,
        WriteStatus.OK,
    ]
    assert [[drop.field for drop in each.dropped] for each in results] == [["unknown"], ["summary"], [], []]
    assert connector.current([C1, D1, RecordRef(DEAL, "d9")], ["summary", "score"]) == {
        C1: {"summary": "short"},
        D1: {"score": 0.5},
    }


def test_a_note_written_twice_is_one_note(connector: CrmConnector, crm: MemoryCrm) -> None:
    crm.add_call("c1", audio=b"audio")
    for body in ("first", "second"):
        connector.write([NoteUpsert("key", (C1,), body, ())])
    assert crm.notes_on(C1) == ["second"]


def test_fields_are_planned_and_created(connector: CrmConnector) -> None:
    spec = FieldSpec(Target.CALL, "stage", "Stage", FieldKind.CHOICE, "help", choices=("a", "b"))
    known = FieldSpec(Target.CALL, "summary", "Summary", FieldKind.LONG_TEXT, "help")
    steps = connector.plan_fields([spec, known])
    assert [step.action for step in steps] == [SchemaAction.CREATE, SchemaAction.LEAVE]
    assert all(result.ok for result in connector.create_fields(steps))
    assert connector.fields(CALL)["stage"].choices == ("a", "b")


def test_options_of_a_restricted_field_are_kept_to(connector: CrmConnector, crm: MemoryCrm) -> None:
    choices = replace(writable("stage", FieldKind.CHOICE), choices=("a",), restricted=True)
    crm.fields[CALL]["stage"] = choices
    crm.add_call("c1", audio=b"audio")
    good, bad = connector.write([FieldUpdate(C1, {"stage": "a"}, ()), FieldUpdate(C1, {"stage": "z"}, ())])
    assert (good.dropped, [drop.field for drop in bad.dropped]) == ((), ["stage"])


def test_faults_are_shown_once_and_a_lost_answer_has_acted(connector: CrmConnector, crm: MemoryCrm) -> None:
    crm.add_call("c1", audio=b"audio")
    crm.fail(Fault("write", RetryLater("busy"), acts=True))
    crm.fail(WriteFault(WriteResult(WriteStatus.UNKNOWN), C1))
    update = FieldUpdate(C1, {"summary": "one"}, ())
    with pytest.raises(RetryLater):
        connector.write([update])
    assert crm.read(C1)["summary"] is None, "the write itself was planned to be lost"
    assert connector.write([update])[0].status is WriteStatus.OK
    assert crm.read(C1)["summary"] == "one"


def test_a_canned_answer_is_read_leniently_and_nothing_else_is() -> None:
    analyzer: Analyzer = CannedAnalyzer()
    config = AnalysisConfig(analyzer="canned", conversation_types=(), roles=(), behaviors=())
    now = ManualClock().now()
    analysis = analyzer.parse(canned_answer(summary="Yes."), audio_sha256="a", config=config, analyzed_at=now)
    assert (analysis.summary, analysis.clips, analysis.config_hash) == ("Yes.", (), config.hash)
    with pytest.raises(ValueError, match="Expecting value"):
        analyzer.parse(b"<html>", audio_sha256="a", config=config, analyzed_at=now)
    analyzer.close()
