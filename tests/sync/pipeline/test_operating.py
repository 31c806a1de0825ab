"""What an operator sees and does by hand: status, stories, retries, previews."""

from __future__ import annotations

from datetime import timedelta

import pytest

from velma_connectors.errors import CallGone, OutcomeUnknown, RetryLater, SkipCall, SpendStop
from velma_connectors.model import CallRef, RecordRef
from velma_connectors.testing.far_side import CALL, DEAL
from velma_connectors.testing.faults import Fault
from velma_sync.ledger import connections, spending
from velma_sync.ledger.calls import CallFilter
from velma_sync.ledger.states import CallState
from velma_sync.pipeline.backoff import LONGEST_SECONDS, wait_seconds
from velma_sync.pipeline.clock import SystemClock
from velma_sync.pipeline.engine import build_engine
from velma_sync.pipeline.operate import NotRetryable, UnknownCall, list_calls, retry, show, status
from velma_sync.pipeline.preview import Fate, PaymentNeeded, Preview, preview
from velma_sync.pipeline.settings import EngineSettings

from .rig import CONFIG, Rig, answer, sha

C1 = CallRef("sales", CALL, "c1")
DEAL_1 = RecordRef(DEAL, "d1")


def fates(shown: Preview) -> dict[str, Fate]:
    return {f"{each.record.object}.{each.field}": each.fate for each in shown.fields}


def test_status_counts_what_there_is(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.add_call("c2", audio=b"two", seconds=3)
    rig.run()
    shown = status(rig.ledger)
    assert {(each.connection, each.state, each.code, each.calls) for each in shown.calls} == {
        ("sales", CallState.DONE, "no_deal", 1),
        ("sales", CallState.SKIPPED, "too_short", 1),
    }
    assert shown.billing.answered_seconds == 300
    assert [row.name for row in shown.connections] == ["sales"]
    assert [row.name for row in shown.analyzers] == ["canned"]
    assert shown.daemon is None
    assert shown.at == rig.clock.now()


def test_a_story_tells_what_was_written_and_what_was_left_out(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.run()
    story = show(rig.ledger, C1)
    assert {change.field for change in story.changes} == {"status", "reason", "summary"}
    assert len(story.units) == 2
    assert {drop.field for drop in story.stored.left_out} >= {"last_summary", "last_call_at"}
    assert [each.ref for each in list_calls(rig.ledger, CallFilter())] == [C1]


def test_only_ends_that_a_retry_can_change_are_retried(rig: Rig) -> None:
    with pytest.raises(UnknownCall):
        show(rig.ledger, C1)
    with pytest.raises(UnknownCall):
        retry(rig.ledger, C1)
    rig.crm.add_call("c1", audio=b"one")
    rig.run()
    with pytest.raises(NotRetryable, match="is done"):
        retry(rig.ledger, C1)


def test_a_retried_filter_is_not_applied_again(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    rig.crm.add_call("c1", audio=b"one", seconds=3)
    rig.run()
    assert retry(rig.ledger, C1).state is CallState.NEW
    rig.crm.link("c1", "d1")
    rig.run()
    assert rig.states() == {"c1": "done"}


@pytest.mark.parametrize("hours", [1, 80])
def test_a_missing_recording_is_looked_for_again_when_somebody_asks(rig: Rig, hours: int) -> None:
    rig.crm.add_call("c1")
    rig.poll()
    rig.clock.advance(hours * 3600)
    rig.look_late()
    assert rig.states() == {"c1": "waiting_recording" if hours == 1 else "no_recording"}
    assert retry(rig.ledger, C1).state is CallState.WAITING_RECORDING
    rig.look_late()
    assert rig.states() == {"c1": "waiting_recording"}, "as long as at first"
    rig.crm.attach("c1", b"one")
    retry(rig.ledger, C1)
    rig.look_late()
    assert rig.states() == {"c1": "new"}


def test_a_preview_shows_everything_and_writes_nothing(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    rig.crm.add_call("c1", audio=b"one", deals=["d1"])
    rig.poll()
    with pytest.raises(PaymentNeeded):
        preview(rig.engine, C1)
    shown = preview(rig.engine, C1, pay=True)
    assert shown.paid
    assert shown.report.values["summary"].value == "A summary."
    assert set(fates(shown).values()) == {Fate.WRITE}
    assert [each.present for each in shown.fields] == [None] * len(shown.fields)
    assert shown.choice.deal is not None
    assert shown.note_targets == (RecordRef(CALL, "c1"), DEAL_1)
    assert rig.crm.requests["write"] == 0
    assert rig.states() == {"c1": "new"}, "the call's own way is untouched"
    assert not preview(rig.engine, C1, pay=True).paid
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == 1, "the daemon uses the answer that the preview paid for"
    assert set(fates(preview(rig.engine, C1)).values()) == {Fate.SAME}


@pytest.mark.parametrize("told", [None, 60])
def test_a_preview_is_paid_for_as_long_as_its_answer_says(rig: Rig, told: int | None) -> None:
    rig.crm.add_call("c1", audio=b"one", seconds=told)
    rig.analyzer.answers[sha(b"one")] = answer("Long.", seconds=3600)
    preview(rig.engine, C1, pay=True)
    assert (rig.billing().answered_seconds, rig.billing().unmeasured) == (3600, 0)


def test_a_preview_tells_the_fate_of_every_field(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    now = rig.clock.now()
    rig.crm.add_call("c1", audio=b"one", deals=["d1"])
    rig.run()
    rig.crm.edit(RecordRef(CALL, "c1"), "summary", "Mine.")
    rig.crm.edit(RecordRef(CALL, "c1"), "status", None)
    shown = {each.field: each for each in preview(rig.engine, C1).fields}
    assert (shown["summary"].fate, shown["summary"].present) == (Fate.KEPT, "Mine.")
    assert shown["summary"].reason == "changed by a person"
    assert shown["status"].fate is Fate.WRITE
    assert shown["reason"].fate is Fate.SAME
    rig.crm.edit(RecordRef(CALL, "c1"), "status", "Mine.")
    assert fates(preview(rig.engine, C1))["Call.status"] is Fate.KEPT
    rig.clock.advance(60)
    rig.crm.add_call("c2", audio=b"two", deals=["d1"], started_at=now)
    rig.analyzer.answers[sha(b"two")] = answer("Newer.")
    rig.run()
    assert fates(preview(rig.engine, C1))["Deal.last_summary"] is Fate.SUPERSEDED
    rig.crm.edit(DEAL_1, "last_call_at", rig.clock.now() + timedelta(hours=1))
    rig.clock.advance(7200)
    assert fates(preview(rig.engine, CallRef("sales", CALL, "c2")))["Deal.last_summary"] is Fate.SUPERSEDED


def test_a_preview_of_an_unknown_or_deleted_call(rig: Rig) -> None:
    with pytest.raises(CallGone):
        preview(rig.engine, C1)
    rig.crm.add_deal("d1")
    rig.crm.add_call("c1", audio=b"one", deals=["d1"])
    assert preview(rig.engine, C1, pay=True).paid
    assert rig.states() == {}
    deal = rig.crm.deals["d1"]
    rig.crm.delete(DEAL_1)
    rig.crm.deals["d1"] = deal
    assert fates(preview(rig.engine, C1))["Deal.last_summary"] is Fate.GONE


def test_a_preview_of_a_call_without_recording_says_so(rig: Rig) -> None:
    rig.crm.add_call("c1")
    with pytest.raises(SkipCall, match="no recording"):
        preview(rig.engine, C1)


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (RetryLater("busy"), 0),
        (SpendStop("No credits.", code="credits"), 0),
        (OutcomeUnknown("no answer"), 1),
        (ValueError("surprise"), 1),
    ],
)
def test_a_preview_that_fails_to_pay_is_accounted_for(rig: Rig, error: Exception, unknown: int) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.analyzer.fail(Fault("analyze", error, acts=bool(unknown)))
    with pytest.raises(type(error)):
        preview(rig.engine, C1, pay=True)
    assert rig.billing().unknown == unknown
    with rig.ledger.read() as tx:
        assert spending.get(tx, "canned").stopped == isinstance(error, SpendStop)
    if isinstance(error, SpendStop):
        with pytest.raises(RetryLater, match="stopped"):
            preview(rig.engine, C1, pay=True)


def test_a_preview_asks_what_a_changed_recording_needs(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.run()
    rig.crm.attach("c1", b"two")
    with pytest.raises(PaymentNeeded):
        preview(rig.engine, C1)


def test_waits_grow_up_to_a_limit_and_are_spread() -> None:
    grown = [wait_seconds(attempt, after=0, jitter=0) for attempt in range(1, 8)]
    assert grown == [30, 120, 480, 1920, 7680, LONGEST_SECONDS, LONGEST_SECONDS]
    assert wait_seconds(1, after=100, jitter=1.0) == 125


def test_an_engine_for_real_use_knows_its_disk_and_its_dice(rig: Rig) -> None:
    engine = build_engine(
        rig.ledger,
        rig.engine.connections,
        rig.analyzer,
        rig.recordings,
        EngineSettings(),
        clock=SystemClock(),
    )
    assert engine.free_bytes() > 0
    assert 0 <= engine.jitter() <= 1
    assert engine.config_hash(CONFIG) == engine.config_hash(CONFIG) == CONFIG.hash


def test_connections_that_are_no_longer_configured_are_left_alone(rig: Rig) -> None:
    with rig.ledger.write() as tx:
        connections.ensure(tx, "former", tx.now)
        connections.pause(tx, "former", "signed out", probe_after=0)
    rig.sweep()
    assert rig.crm.requests["check"] == 0
