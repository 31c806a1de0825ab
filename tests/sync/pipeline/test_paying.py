"""Paying: once for the same audio and questions, within every limit, and never blindly again."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from structlog.testing import capture_logs

from velma_connectors.errors import (
    CallGone,
    OutcomeUnknown,
    RetryLater,
    SkipCall,
)
from velma_connectors.model import Recording, RecordingSource
from velma_connectors.testing.canned import CannedAnalyzer
from velma_connectors.testing.far_side import CALL
from velma_connectors.testing.faults import Fault
from velma_sync.ledger import leases
from velma_sync.ledger.database import Ledger
from velma_sync.ledger.payments import Question
from velma_sync.pipeline import analyze as analyzing
from velma_sync.pipeline.analyze import analyze, work_one
from velma_sync.pipeline.operate import retry
from velma_sync.pipeline.settings import EngineSettings

from .conftest import BuildRig
from .rig import CONFIG, Rig, answer, claim, sha, spend_row


def in_flight(rig: Rig, meanwhile: Callable[[], None]) -> CannedAnalyzer:
    """An analyzer during whose first request something happens."""
    first = iter([meanwhile])
    rig.analyzer = CannedAnalyzer(default=answer("A summary."), during=lambda: next(first, lambda: None)())
    rig.restart()
    return rig.analyzer


def test_the_same_recording_is_paid_once_over_all_connections(build_rig: BuildRig) -> None:
    rig = build_rig(names=("sales", "other"))
    for name, crm in rig.crms.items():
        crm.add_call(f"c-{name}", audio=b"the same")
        crm.add_call(f"d-{name}", audio=b"the same")
    rig.run()
    assert set(rig.states().values()) == {"done"}
    assert list(rig.analyzer.bills.values()) == [1]


def test_other_questions_about_the_same_recording_are_paid(rig: Rig) -> None:
    rig.crm.add_deal("d1", stage="Closing")
    rig.config = lambda stage, pipeline: replace(CONFIG, language=stage)
    rig.crm.add_call("c1", audio=b"the same", deals=["d1"])
    rig.crm.add_call("c2", audio=b"the same")
    rig.run()
    assert sorted(rig.analyzer.bills.values()) == [1, 1]


def test_two_calls_with_the_same_recording_at_the_same_time_pay_once(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"the same")
    rig.crm.add_call("c2", audio=b"the same")
    rig.poll()
    seen: list[dict[str, str]] = []

    def other_worker() -> None:
        assert work_one(rig.engine)
        seen.append(rig.states())

    in_flight(rig, other_worker)
    assert rig.work() == 2, "the waiting call goes on as soon as the answer is there"
    rig.write()
    assert seen == [{"c1": "working", "c2": "new"}]
    assert rig.states() == {"c1": "done", "c2": "done"}
    assert list(rig.analyzer.bills.values()) == [1]
    assert rig.recordings.fetched == 2, "the second recording was hashed before its wait"


def test_a_linked_recording_is_fetched_and_known_again_under_another_link(rig: Rig) -> None:
    for id in ("c1", "c2"):
        rig.crm.add_call(id)
        rig.recordings.linked[f"https://dialer.example/{id}"] = b"the same"
        link = Recording(RecordingSource.URL, f"https://dialer.example/{id}")
        rig.crm.calls[id] = replace(rig.crm.calls[id], recording=link)
    rig.run()
    assert set(rig.states().values()) == {"done"}
    assert list(rig.analyzer.bills.values()) == [1]


def test_a_refusal_for_concurrency_waits_without_using_up_tries_and_lowers_the_limit(
    build_rig: BuildRig,
) -> None:
    rig = build_rig(settings=EngineSettings(max_in_flight=8))
    rig.crm.add_call("c1", audio=b"one")
    rig.analyzer.fail(Fault("analyze", RetryLater("too many", after=5, counts=False), times=20))
    rig.poll()
    for _ in range(20):
        assert rig.work() == 1
        rig.clock.advance(5)
    assert (rig.call("c1").attempts, rig.call("c1").state.value) == (0, "new")
    assert spend_row(rig).limit(8) == 1
    rig.clock.advance(60)
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert spend_row(rig).limit(8) == 2, "an answer raises the limit again"
    assert rig.analyzer.bills.total() == 1


def test_retries_wait_longer_and_longer_and_then_the_call_is_dead(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.fail(Fault("open_recording", RetryLater("the host is down", after=50), times=99))
    rig.poll()
    waits = []
    while rig.states() == {"c1": "new"}:
        rig.work()
        call = rig.call("c1")
        waits.append((call.due_at - rig.clock.now()).total_seconds())
        rig.clock.advance(waits[-1])
    assert waits[:-1] == [50, 120, 480, 1920, 7680]
    call = rig.call("c1")
    assert (call.state.value, call.code, call.attempts) == ("dead", "too_many_attempts", 6)
    assert "the host is down" in (call.reason or "")
    retry(rig.ledger, call.ref)
    rig.crm.faults.clear()
    rig.run()
    assert rig.states() == {"c1": "done"}


@pytest.mark.parametrize("max_resend", [0, 1, 2])
def test_a_lost_answer_is_paid_for_again_at_most_max_resend_times(
    build_rig: BuildRig, max_resend: int
) -> None:
    rig = build_rig(settings=EngineSettings(max_resend=max_resend))
    rig.crm.add_call("c1", audio=b"one")
    rig.analyzer.fail(Fault("analyze", OutcomeUnknown("no answer"), acts=True, times=99))
    rig.poll()
    for _ in range(5):
        rig.work()
        rig.clock.advance(3 * 3600)
    call = rig.call("c1")
    assert (call.state.value, call.code) == ("held", "unknown_billing")
    assert rig.analyzer.bills.total() == rig.billing().unknown == max_resend + 1
    rig.analyzer.faults.clear()
    retry(rig.ledger, call.ref)
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == max_resend + 2


def test_the_limit_of_resends_is_of_the_recording_not_of_the_call(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"the same")
    rig.crm.add_call("c2", audio=b"the same")
    rig.analyzer.fail(Fault("analyze", OutcomeUnknown("no answer"), acts=True, times=99))
    rig.poll()
    for _ in range(6):
        rig.work()
        rig.clock.advance(3 * 3600)
    assert rig.states() == {"c1": "held", "c2": "held"}
    assert rig.analyzer.bills.total() == 2


@pytest.mark.parametrize("report", [True, False])
def test_refused_audio_is_skipped_and_shown_on_the_record_when_worth_it(rig: Rig, report: bool) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.analyzer.fail(Fault("analyze", SkipCall("Not audio at all.", code="not_audio", report=report)))
    rig.run()
    call = rig.call("c1")
    assert (call.state.value, call.code, call.reason) == ("skipped", "not_audio", "Not audio at all.")
    shown = rig.read(CALL, "c1")
    assert (shown["status"], shown["reason"]) == (("Failed", "Not audio at all.") if report else (None, None))
    assert rig.analyzer.bills.total() == 0
    rig.clock.advance(60)
    retry(rig.ledger, call.ref)
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.read(CALL, "c1")["summary"] == "A summary."


def test_a_call_that_is_gone_is_skipped_without_a_report(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.fail(Fault("open_recording", CallGone("It was deleted.")))
    rig.run()
    assert rig.states() == {"c1": "skipped"}
    assert rig.crm.requests["write"] == 0


def test_nothing_is_claimed_without_room_to_store_an_answer_which_is_said_once(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.free_bytes = lambda: rig.settings.min_free_bytes - 1
    with capture_logs() as logs:
        rig.run()
        rig.run()
        assert rig.states() == {"c1": "new"}
        rig.free_bytes = lambda: rig.settings.min_free_bytes
        rig.run()
    told = [(each["log_level"], each["action"]) for each in logs if "disk" in each["action"]]
    assert told == [("error", "disk_full"), ("info", "disk_has_room")]
    assert rig.states() == {"c1": "done"}


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("INSERT", {}, Exception("disk I/O error")),
        InterfaceError("INSERT", {}, Exception("connection already closed")),
        InternalError("INSERT", {}, Exception("cannot execute INSERT in a read-only transaction")),
        NoConnectionFree("QueuePool limit reached"),
    ],
)
def test_a_paid_answer_waits_in_memory_until_the_database_is_back(rig: Rig, error: Exception) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    away = {"left": 3}

    class Away(Ledger):
        def __init__(self, inner: Ledger) -> None:
            self.__dict__.update(inner.__dict__)

        def write(self) -> Any:
            if rig.analyzer.bills and away["left"]:
                away["left"] -= 1
                raise error
            return super().write()

    rig.restart(Away(rig.ledger))
    began = rig.clock.monotonic()
    rig.work()
    assert rig.clock.monotonic() - began == 3 * analyzing.STORE_AGAIN_SECONDS
    rig.write()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == 1


@pytest.mark.parametrize("told", [None, 60])
def test_what_is_paid_for_is_as_long_as_its_answer_says(rig: Rig, told: int | None) -> None:
    rig.crm.add_call("c1", audio=b"one", seconds=told)
    rig.analyzer.answers[sha(b"one")] = answer("Long.", seconds=3600)
    rig.poll()
    rig.work()
    billing = rig.billing()
    assert (billing.answered, billing.answered_seconds, billing.unmeasured) == (1, 3600, 0)


def test_a_request_without_an_answer_is_measured_by_the_next_one(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one", seconds=60)
    rig.analyzer.answers[sha(b"one")] = answer("Long.", seconds=3600)
    rig.analyzer.fail(Fault("analyze", OutcomeUnknown("no answer"), acts=True))
    rig.poll()
    rig.work()
    assert rig.billing().unknown_seconds == 60
    rig.clock.advance(3 * 3600)
    rig.work()
    assert (rig.billing().answered_seconds, rig.billing().unknown_seconds) == (3600, 3600)


@pytest.mark.parametrize("told", [None, 60])
@pytest.mark.parametrize("answered", [b"<html>", answer("Silent.", seconds=0)])
def test_an_answer_that_names_no_length_is_stored_and_leaves_the_length_of_the_crm(
    rig: Rig, told: int | None, answered: bytes
) -> None:
    rig.crm.add_call("c1", audio=b"one", seconds=told)
    rig.analyzer.answers[sha(b"one")] = answered
    rig.poll()
    rig.work()
    billing = rig.billing()
    assert rig.states() == {"c1": "analyzed"}
    assert (billing.answered, billing.answered_seconds) == (1, told or 0)
    assert billing.unmeasured == (1 if told is None else 0)


def test_a_worker_that_lost_its_lease_before_sending_sends_nothing(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    slow = claim(rig)
    rig.clock.advance(rig.settings.lease_seconds + 1)
    taker = claim(rig)
    analyze(rig.engine, slow)
    assert rig.analyzer.bills.total() == 0
    analyze(rig.engine, taker)
    rig.write()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == 1


def test_a_worker_that_lost_its_lease_still_stores_its_answer(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    in_flight(rig, lambda: lapse(rig))
    rig.work()
    rig.write()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == 1, "the call waited, and found the late answer"


def test_a_late_answer_brings_a_held_call_on_its_way(build_rig: BuildRig) -> None:
    rig = build_rig(settings=EngineSettings(max_resend=0))
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    in_flight(rig, lambda: lapse(rig))
    work_one(rig.engine)
    assert rig.states() == {"c1": "new"}
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == 1


def lapse(rig: Rig) -> None:
    rig.clock.advance(rig.settings.lease_seconds + 1)
    with rig.ledger.write() as tx:
        assert leases.return_expired(tx, rig.settings.lease_rules) == 1


def test_a_recording_that_changes_while_it_is_analyzed_is_analyzed_again(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()

    def change() -> None:
        rig.crm.attach("c1", b"two", touches=True)
        rig.poll()

    in_flight(rig, change)
    rig.run()
    assert rig.states() == {"c1": "new"}, "the answer is of the former recording"
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.analyzer.bills.total() == 2


@pytest.mark.parametrize(
    "ending",
    [
        RetryLater("down"),
        SkipCall("not audio", code="not_audio", report=False),
        SkipCall("not audio", code="not_audio"),
        OutcomeUnknown("no answer"),
        KeyError("x"),
    ],
)
def test_a_recording_that_changes_during_the_last_try_is_analyzed_after_all(
    build_rig: BuildRig, ending: Exception
) -> None:
    rig = build_rig(settings=EngineSettings(max_attempts=1, max_resend=0))
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()

    def change() -> None:
        rig.crm.attach("c1", b"two", touches=True)
        rig.poll()

    in_flight(rig, change).fail(Fault("analyze", ending, acts=True))
    rig.work()
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.call("c1").question == Question(sha(b"two"), CONFIG.hash)


def test_a_lapsed_lease_ends_with_the_deadline_of_its_call(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    seen: list[list[str]] = []

    def late() -> None:
        now = rig.clock.monotonic()
        seen.append(rig.engine.leases.renewable(now))
        seen.append(rig.engine.leases.renewable(now + rig.settings.deadline_seconds))

    in_flight(rig, late)
    rig.work()
    assert [len(each) for each in seen] == [1, 0]
    assert rig.engine.leases.renewable(0) == [], "the work is over"


def test_threads_share_the_limit_and_nobody_pays_twice(build_rig: BuildRig) -> None:
    together, arrivals = threading.Barrier(4, timeout=30), itertools.count()

    def during() -> None:
        if next(arrivals) < together.parties:
            together.wait()

    analyzer = CannedAnalyzer(default=answer("A summary."), most_at_once=4, during=during)
    rig = build_rig(settings=EngineSettings(max_in_flight=4), analyzer=analyzer)
    for number in range(40):
        rig.crm.add_call(f"c{number}", audio=str(number).encode())
    rig.poll()
    with ThreadPoolExecutor(8) as pool:
        worked = sum(pool.map(lambda _: rig.work(), range(8)))
    rig.write()
    assert worked == 40, "no request was refused"
    assert set(rig.states().values()) == {"done"}
    assert set(analyzer.bills.values()) == {1}
    assert analyzer.most_in_flight == 4
