"""Running: once, forever, for one call; in threads, with an orderly end."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from velma_connectors.errors import CallGone, RetryLater, SpendStop, StopConnection
from velma_connectors.model import CallRef, WriteResult, WriteStatus
from velma_connectors.testing.canned import CannedAnalyzer
from velma_connectors.testing.far_side import CALL, DEAL
from velma_connectors.testing.faults import Fault, WriteFault
from velma_sync.daemon import analyze_one, run_once
from velma_sync.daemon.dispatcher import Dispatcher
from velma_sync.daemon.schedule import scheduler_of
from velma_sync.ledger import leases, spending, units
from velma_sync.ledger.counts import CallCount
from velma_sync.ledger.lock import LedgerInUse, only_daemon
from velma_sync.ledger.states import CallState
from velma_sync.pipeline.operate import status
from velma_sync.pipeline.settings import EngineSettings

from .conftest import BuildRig
from .rig import Rig, answer, sha

PATIENCE = 60.0


def test_a_run_takes_everything_through_and_accounts_for_it(build_rig: BuildRig) -> None:
    rig = build_rig(names=("sales", "other"), settings=EngineSettings(max_in_flight=4, price_per_hour=6.0))
    for crm in rig.crms.values():
        crm.add_deal("d1")
        for number in range(10):
            crm.add_call(f"c{number}", audio=str(number).encode(), deals=["d1"])
        crm.add_call("waits")
        crm.add_call("short", audio=b"x", seconds=3)
    told: list[tuple[CallCount, ...]] = []
    receipt = run_once(rig.engine, progress=told.append)
    assert receipt.discovered == 24
    ended = {(each.connection, each.state, each.code): each.calls for each in receipt.ended}
    assert ended == {
        (name, state, code): calls
        for name in ("sales", "other")
        for state, code, calls in ((CallState.DONE, None, 10), (CallState.SKIPPED, "too_short", 1))
    }
    assert [(each.state, each.calls) for each in receipt.left] == [(CallState.WAITING_RECORDING, 1)] * 2
    assert receipt.billing.answered == rig.analyzer.bills.total() == 10, "both connections share recordings"
    assert receipt.cost == pytest.approx(10 * 300 / 3600 * 6)
    assert receipt.unknown_cost == 0.0
    assert receipt.requests == {name: crm.requests.total() for name, crm in rig.crms.items()}
    assert (receipt.paused, receipt.spend_stop) == ((), None)
    assert told
    rig.clock.advance(1)
    again = run_once(rig.engine)
    assert (again.discovered, again.ended, again.billing.answered) == (0, (), 0)


def test_a_run_leaves_what_is_due_later_and_says_what_stands_in_the_way(rig: Rig) -> None:
    rig.crm.add_call("busy", audio=b"busy")
    rig.crm.fail(Fault("open_recording", RetryLater("the host is down", after=50)))
    receipt = run_once(rig.engine)
    assert [(each.state, each.code, each.calls) for each in receipt.left] == [(CallState.NEW, "retrying", 1)]
    rig.analyzer.fail(Fault("analyze", SpendStop("No credits.", code="credits", retry_after=900)))
    rig.clock.advance(60)
    receipt = run_once(rig.engine)
    assert receipt.spend_stop is not None
    assert receipt.spend_stop.stop_reason == "No credits."
    assert receipt.cost is None
    rig.crm.fail(Fault("check", StopConnection("Sign in again.")))
    assert [row.paused_reason for row in run_once(rig.engine).paused] == ["Sign in again."]


def test_a_run_says_that_the_disk_is_full(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.free_bytes = lambda: rig.settings.min_free_bytes - 1
    receipt = run_once(rig.engine)
    assert receipt.disk_full
    assert [(each.state, each.calls) for each in receipt.left] == [(CallState.NEW, 1)]
    rig.free_bytes = lambda: rig.settings.min_free_bytes
    assert not run_once(rig.engine).disk_full


def test_a_run_waits_for_a_call_that_is_due_in_a_moment(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.analyzer.fail(Fault("analyze", RetryLater("too many", after=5, counts=False)))
    run_once(rig.engine)
    assert rig.states() == {"c1": "done"}


def test_calls_with_the_same_recording_are_done_in_one_run(build_rig: BuildRig) -> None:
    rig = build_rig(settings=EngineSettings(max_in_flight=4))
    for number in range(12):
        rig.crm.add_call(f"c{number:02}", audio=b"the same")
    run_once(rig.engine)
    assert set(rig.states().values()) == {"done"}
    assert rig.analyzer.bills.total() == 1


def test_a_run_takes_up_what_a_killed_one_left(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    with rig.ledger.write() as tx:
        leases.claim_call(
            tx, analyzer="canned", connections=["sales"], owner="killed", rules=rig.settings.lease_rules
        )
    run_once(rig.engine)
    assert rig.states() == {"c1": "done"}


def test_only_one_daemon_runs_on_a_ledger(rig: Rig) -> None:
    with only_daemon(rig.path), pytest.raises(LedgerInUse, match="another daemon"):
        run_once(rig.engine)


def test_a_daemon_leaves_signs_of_life(rig: Rig) -> None:
    run_once(rig.engine)
    shown = status(rig.ledger)
    assert shown.daemon is not None
    assert (shown.daemon.owner, shown.daemon.stopped_at) == (rig.engine.process, rig.clock.now())
    assert {tick.name for tick in shown.ticks} == {"check:sales", "discover:sales", "late:sales"}
    assert all(tick.ok for tick in shown.ticks)


def test_a_daemon_that_fails_at_its_start_does_not_pass_for_one_that_runs(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    monkeypatch.setattr("velma_sync.daemon.run.probe", fail)
    with pytest.raises(OperationalError):
        run_once(rig.engine)
    daemon = status(rig.ledger).daemon
    assert daemon is not None
    assert daemon.stopped_at == rig.clock.now()


class Threaded:
    """A dispatcher at work in a thread of its own."""

    def __init__(self, rig: Rig) -> None:
        self.dispatcher = Dispatcher(rig.engine)
        self.thread = threading.Thread(target=self.dispatcher.run, kwargs={"until_idle": False})

    def __enter__(self) -> Dispatcher:
        self.thread.start()
        return self.dispatcher

    def __exit__(self, *_: object) -> None:
        self.dispatcher.stop()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


def test_a_stopped_dispatcher_finishes_and_writes_what_is_in_flight(build_rig: BuildRig) -> None:
    sent, may_answer = threading.Barrier(3), threading.Event()

    def during() -> None:
        sent.wait(PATIENCE)
        may_answer.wait(PATIENCE)

    analyzer = CannedAnalyzer(default=answer("A summary."), during=during)
    rig = build_rig(analyzer=analyzer)
    for number in range(6):
        rig.crm.add_call(f"c{number}", audio=str(number).encode())
    rig.poll()
    with Threaded(rig) as dispatcher:
        sent.wait(PATIENCE)
        dispatcher.stop()
        may_answer.set()
    assert sorted(rig.states().values()) == ["done", "done", "new", "new", "new", "new"]
    assert analyzer.bills.total() == 2


def test_a_full_batch_is_written_while_others_are_in_flight(build_rig: BuildRig) -> None:
    hold, written = threading.Event(), threading.Event()

    def during() -> None:
        if rig.analyzer.bills.total() == 3:
            hold.wait(PATIENCE)

    rig = build_rig(
        write_batch=2,
        settings=EngineSettings(max_in_flight=1),
        analyzer=CannedAnalyzer(default=answer("A summary."), during=during),
    )
    write = rig.connection.connector.write

    def observed(updates: object) -> object:
        results = write(updates)  # type: ignore[arg-type]  # passed through
        written.set()
        return results

    rig.connection.connector.write = observed  # type: ignore[method-assign, assignment]  # a spy
    for number in range(4):
        rig.crm.add_call(f"c{number}", audio=str(number).encode())
    rig.poll()
    with Threaded(rig):
        assert written.wait(PATIENCE), "two calls are analyzed, the third is in flight"
        hold.set()
    assert sorted(rig.states().values())[:3] == ["done"] * 3


def test_a_worker_that_fails_is_followed_by_another(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    broken = iter([True] * rig.settings.max_in_flight)

    def free_bytes() -> int:
        if next(broken, False):
            raise OSError("no such disk")
        return 10**12

    rig.poll()
    rig.free_bytes = free_bytes
    run_once(rig.engine)
    run_once(rig.engine)
    assert rig.states() == {"c1": "done"}


def test_a_writer_that_fails_is_tried_again_after_its_lease(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.crm.add_call("c1", audio=b"one")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("surprise")

    with monkeypatch.context() as patched:
        patched.setattr("velma_sync.pipeline.write_back._write_safely", fail)
        run_once(rig.engine)
    assert rig.states() == {"c1": "writing"}
    run_once(rig.engine)
    assert rig.states() == {"c1": "done"}


def test_a_ledger_that_is_away_for_a_while_is_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    away = iter([True, True])
    read = rig.ledger.read

    def sometimes_away() -> object:
        if next(away, False):
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))
        return read()

    monkeypatch.setattr(rig.ledger, "read", sometimes_away)
    Dispatcher(rig.engine).run(until_idle=True)
    assert rig.states() == {"c1": "done"}


def test_a_dispatcher_can_be_stopped_while_the_ledger_is_away(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> object:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(rig.ledger, "read", away)
    dispatcher = Dispatcher(rig.engine)
    dispatcher.stop()
    dispatcher.run(until_idle=False)
    with pytest.raises(OperationalError):
        rig.ledger.read()


def test_leases_are_renewed_while_an_analysis_takes_long(build_rig: BuildRig) -> None:
    renewed = threading.Event()
    rig = build_rig(
        analyzer=CannedAnalyzer(default=answer("A summary."), during=lambda: renewed.wait(PATIENCE))
    )
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()

    def look() -> None:
        call = rig.call("c1")
        if call.state is CallState.WORKING and rig.clock.monotonic() > 3 * rig.settings.lease_seconds:
            renewed.set()

    Dispatcher(rig.engine, on_look=look).run(until_idle=True)
    assert rig.states() == {"c1": "done"}
    assert rig.call("c1").attempts == 0
    assert rig.analyzer.bills.total() == 1


def test_a_renewal_that_the_ledger_does_not_take_is_tried_again(
    build_rig: BuildRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    analyzer = CannedAnalyzer(default=answer("A summary."), during=lambda: go_on.wait(PATIENCE))
    rig = build_rig(analyzer=analyzer)
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    tried: list[int] = []

    def away(*_: object) -> None:
        tried.append(1)
        if len(tried) == 2:
            go_on.set()
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr("velma_sync.ledger.leases.renew", away)
    Dispatcher(rig.engine).run(until_idle=True)
    assert len(tried) >= 2
    assert rig.states() == {"c1": "done"}


def test_a_sweep_takes_over_what_is_left_by_workers_elsewhere(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.poll()
    with rig.ledger.write() as tx:
        leases.claim_call(
            tx, analyzer="canned", connections=["sales"], owner="elsewhere", rules=rig.settings.lease_rules
        )
    rig.clock.advance(rig.settings.lease_seconds)
    with capture_logs() as logs:
        rig.sweep()
    assert [each["calls"] for each in logs if each["action"] == "taken_over"] == [1]
    assert rig.states() == {"c1": "new"}


def test_regular_tasks_find_calls_sweep_and_wake_the_dispatcher(rig: Rig) -> None:
    woken = threading.Event()
    rig.crm.add_call("c1", audio=b"one")
    scheduler = scheduler_of(rig.engine, woken.set)
    rhythms = [job.trigger.interval.total_seconds() for job in scheduler.get_jobs()]
    assert rhythms == [rig.settings.poll_seconds, rig.settings.sweep_seconds, rig.settings.sweep_seconds]
    scheduler.start()
    try:
        assert woken.wait(PATIENCE)
    finally:
        scheduler.shutdown()
    assert rig.states() == {"c1": "new"}


def test_a_task_that_fails_is_reported_and_the_dispatcher_woken(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken = threading.Event()

    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    monkeypatch.setattr("velma_sync.daemon.schedule.poll", fail)
    scheduler = scheduler_of(rig.engine, woken.set)
    scheduler.start()
    try:
        assert woken.wait(PATIENCE)
    finally:
        scheduler.shutdown()


def test_one_call_is_taken_through_ahead_of_all_others(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.add_call("wanted", audio=b"wanted", seconds=3, deals=["d1"])
    rig.analyzer.answers[sha(b"wanted")] = answer("The wanted one.")
    story = analyze_one(rig.engine, CallRef("sales", CALL, "wanted"))
    assert story.stored.state is CallState.DONE
    assert rig.states() == {"wanted": "done"}
    assert rig.read(DEAL, "d1")["last_summary"] == "The wanted one."
    rig.poll()
    again = analyze_one(rig.engine, CallRef("sales", CALL, "wanted"))
    assert again.stored.state is CallState.DONE
    assert rig.analyzer.bills.total() == 1
    assert rig.states() == {"wanted": "done", "c1": "new"}


def test_the_lease_of_one_call_is_renewed_while_its_analysis_takes_long(
    build_rig: BuildRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew, renewed = leases.renew, threading.Event()

    def observed(*given: Any) -> int:
        held = renew(*given)
        if rig.clock.monotonic() > 3 * rig.settings.lease_seconds:
            renewed.set()
        return held

    def daemon_elsewhere() -> None:
        assert renewed.wait(PATIENCE)
        with rig.ledger.write() as tx:
            assert leases.return_expired(tx, rig.settings.lease_rules) == 0

    monkeypatch.setattr("velma_sync.ledger.leases.renew", observed)
    rig = build_rig(analyzer=CannedAnalyzer(default=answer("A summary."), during=daemon_elsewhere))
    rig.crm.add_call("c1", audio=b"one")
    assert analyze_one(rig.engine, CallRef("sales", CALL, "c1")).stored.state is CallState.DONE
    assert rig.analyzer.bills.total() == 1


def test_one_call_is_looked_at_anew_when_somebody_asks_for_it(rig: Rig) -> None:
    ref = CallRef("sales", CALL, "c1")
    rig.crm.add_call("c1")
    rig.poll()
    rig.clock.advance(80 * 3600)
    rig.look_late()
    assert rig.states() == {"c1": "no_recording"}
    assert analyze_one(rig.engine, ref).stored.state is CallState.WAITING_RECORDING
    rig.crm.add_call("c1", audio=b"one", seconds=3)
    assert analyze_one(rig.engine, ref).stored.state is CallState.DONE
    rig.crm.attach("c1", b"two")
    assert analyze_one(rig.engine, ref).stored.state is CallState.DONE
    assert rig.analyzer.bills.total() == 2


def test_one_call_that_cannot_be_taken_now_says_why(rig: Rig) -> None:
    with pytest.raises(CallGone):
        analyze_one(rig.engine, CallRef("sales", CALL, "nobody"))
    rig.crm.add_call("c1", audio=b"one")
    with rig.ledger.write() as tx:
        spending.stop(tx, "canned", "credits", "No credits.", probe_after=None)
    with pytest.raises(RetryLater):
        analyze_one(rig.engine, CallRef("sales", CALL, "c1"))
    rig.crm.add_call("c2")
    assert analyze_one(rig.engine, CallRef("sales", CALL, "c2")).stored.state is CallState.WAITING_RECORDING


def test_a_batch_that_waits_for_company_is_written_after_its_linger(build_rig: BuildRig) -> None:
    hold = threading.Event()

    def during() -> None:
        if rig.analyzer.bills.total() == 2:
            hold.wait(PATIENCE)

    rig = build_rig(
        settings=EngineSettings(max_in_flight=1),
        analyzer=CannedAnalyzer(default=answer("A summary."), during=during),
    )
    rig.crm.add_call("c1", audio=b"one")
    rig.clock.advance(1)
    rig.crm.add_call("c2", audio=b"two")
    rig.poll()
    waited: list[float] = []

    def look() -> None:
        call = rig.call("c1")
        if call.state is CallState.DONE and not hold.is_set():
            waited.append((rig.clock.now() - call.discovered_at).total_seconds())
            hold.set()

    Dispatcher(rig.engine, on_look=look).run(until_idle=True)
    assert rig.states() == {"c1": "done", "c2": "done"}
    assert waited[0] >= rig.settings.linger_seconds


def test_a_connection_that_another_process_writes_to_is_left_to_it(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.add_call("c2", audio=b"two")
    rig.poll()
    rig.work()
    with rig.ledger.write() as tx:
        taken = units.claim_batch(
            tx, "sales", owner="other", limit=1, lease_seconds=rig.settings.lease_seconds
        )
    assert len(taken) == 1
    Dispatcher(rig.engine).run(until_idle=True)
    assert rig.states() == {"c1": "writing", "c2": "analyzed"}


def test_a_rejected_write_does_not_keep_a_run_from_ending(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.fail(WriteFault(WriteResult(WriteStatus.RETRY, reason="locked"), times=99))
    receipt = run_once(rig.engine)
    assert [(each.state, each.code) for each in receipt.left] == [(CallState.ANALYZED, "retry")]
