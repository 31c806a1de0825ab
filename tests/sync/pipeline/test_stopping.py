"""Stopping: all spending, or one connection, when going on would pay for nothing; and going on again."""

from __future__ import annotations

from structlog.testing import capture_logs

from velma_connectors.errors import (
    RetryLater,
    SpendStop,
    StopConnection,
)
from velma_connectors.testing.faults import Fault
from velma_sync.ledger import connections
from velma_sync.pipeline.analyze import analyze, work_one
from velma_sync.pipeline.health import greet, probe, resume_connection, resume_spending

from .rig import Rig, claim, sha, spend_row


def connection_row(rig: Rig, name: str = "sales") -> connections.ConnectionRow:
    with rig.ledger.read() as tx:
        return connections.get(tx, name)


def test_nothing_is_paid_while_the_breaker_is_open(rig: Rig) -> None:
    for id in ("c1", "c2", "c3"):
        rig.crm.add_call(id, audio=id.encode())
    rig.analyzer.fail(Fault("analyze", SpendStop("No credits.", code="credits", retry_after=900)))
    with capture_logs() as logs:
        rig.run()
    assert [each["code"] for each in logs if each.get("action") == "spending_stopped"] == ["credits"]
    assert set(rig.states().values()) == {"new"}
    assert rig.analyzer.bills.total() == 0
    probe(rig.engine)
    assert rig.analyzer.checks == 0, "not before its time"
    rig.clock.advance(900)
    rig.analyzer.fail(Fault("check", SpendStop("Still none.", code="credits", retry_after=900)))
    probe(rig.engine)
    assert spend_row(rig).stop_reason == "Still none."
    rig.clock.advance(900)
    rig.analyzer.fail(Fault("check", RetryLater("down", after=60)))
    probe(rig.engine)
    assert rig.work() == 0
    rig.clock.advance(60)
    probe(rig.engine)
    rig.run()
    assert set(rig.states().values()) == {"done"}
    assert all(each.attempts == 0 for each in rig.calls())


def test_a_breaker_without_an_end_waits_for_a_person(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.analyzer.fail(Fault("analyze", SpendStop("Bad questions.", code="config")))
    rig.run()
    rig.clock.advance(30 * 24 * 3600)
    probe(rig.engine, at_start=True)
    assert rig.work() == 0
    assert rig.analyzer.checks == 0
    assert resume_spending(rig.ledger, rig.analyzer.name)
    assert not resume_spending(rig.ledger, rig.analyzer.name)
    assert rig.work() == 1


def test_a_changed_key_is_tried_at_the_next_start(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.analyzer.fail(Fault("analyze", SpendStop("The key is refused.", code="auth")))
    rig.run()
    probe(rig.engine)
    assert rig.analyzer.checks == 0
    probe(rig.engine, at_start=True)
    rig.run()
    assert rig.states() == {"c1": "done"}


def test_a_breaker_that_opens_during_a_download_stops_the_request(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.add_call("c2", audio=b"two")
    rig.poll()
    second = claim(rig)
    rig.analyzer.fail(Fault("analyze", SpendStop("No credits.", code="credits", retry_after=900)))
    assert work_one(rig.engine)
    analyze(rig.engine, second)
    assert rig.analyzer.bills.total() == 0
    assert set(rig.states().values()) == {"new"}


def test_a_stopped_connection_is_said_once_looked_at_and_recovers_once(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.add_call("c2", audio=b"two")
    rig.poll()
    rig.crm.fail(Fault("open_recording", StopConnection("Sign in again.")))
    with capture_logs() as logs:
        rig.work()
        rig.crm.fail(Fault("check", StopConnection("Sign in again.")))
        rig.clock.advance(rig.settings.probe_seconds)
        probe(rig.engine)
        assert connection_row(rig).paused_reason == "Sign in again."
        probe(rig.engine)
        rig.clock.advance(rig.settings.probe_seconds)
        probe(rig.engine)
    actions = [each["action"] for each in logs]
    assert (actions.count("paused"), actions.count("recovered")) == (1, 1)
    rig.run()
    assert rig.states() == {"c1": "done", "c2": "done"}
    assert all(each.attempts == 0 for each in rig.calls())


def test_what_the_crm_lacks_is_said(rig: Rig) -> None:
    rig.crm.problems = ("Field Amount is hidden.",)
    with capture_logs() as logs:
        greet(rig.engine, rig.connection)
    assert [each["problem"] for each in logs] == ["Field Amount is hidden."]


def test_fields_that_may_not_be_read_pause_the_connection_before_anything_is_paid(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.fail(Fault("fields", StopConnection("Grant the key the scope of deals."), times=2))
    greet(rig.engine, rig.connection)
    rig.run()
    assert rig.paused() == "Grant the key the scope of deals."
    rig.clock.advance(rig.settings.probe_seconds)
    probe(rig.engine)
    assert rig.paused() is not None, "a check that asks for less than the work ended the pause"
    assert rig.billing().answered == 0
    rig.clock.advance(rig.settings.probe_seconds)
    probe(rig.engine)
    rig.run()
    assert rig.states() == {"c1": "done"}


def test_a_connection_that_reaches_another_account_is_paused(rig: Rig) -> None:
    assert greet(rig.engine, rig.connection) is not None
    assert greet(rig.engine, rig.connection) is not None
    rig.crm.account_id = "another account"
    assert greet(rig.engine, rig.connection) is None
    assert "another account" in (connection_row(rig).paused_reason or "")


def test_a_fault_of_ours_holds_the_call_with_its_trace_and_without_its_message(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.crm.fail(Fault("open_recording", KeyError("Jane Doe")))
    rig.run()
    call = rig.call("c1")
    assert (call.state.value, call.code) == ("held", "fault")
    assert call.trace is not None
    assert "builtins.KeyError" in call.trace
    assert "open_recording" in call.trace
    assert "Jane Doe" not in call.trace + (call.reason or "")
    rig.clock.advance(24 * 3600)
    rig.run()
    assert rig.states() == {"c1": "held"}, "never blindly tried again"


def test_a_fault_after_the_intent_counts_as_unknown_billing(rig: Rig) -> None:
    rig.crm.add_call("c1", audio=b"one")
    rig.analyzer.fail(Fault("analyze", ValueError("surprise"), acts=True))
    rig.run()
    assert rig.states() == {"c1": "held"}
    assert rig.billing().unknown == 1


def test_three_faults_in_a_row_pause_the_connection_until_a_person_resumes_it(rig: Rig) -> None:
    for number in range(6):
        rig.crm.add_call(f"c{number}", audio=str(number).encode())
    rig.poll()
    rig.crm.fail(Fault("open_recording", KeyError("x"), times=2))
    rig.work()
    rig.poll()
    assert connection_row(rig).faults == 2, "neither an answer nor a poll shows that calls get done again"
    rig.write()
    assert connection_row(rig).faults == 0, "a call that is done ends the row"
    rig.crm.add_call("d1", audio=b"d1")
    rig.crm.add_call("d2", audio=b"d2")
    rig.crm.add_call("d3", audio=b"d3")
    rig.crm.add_call("d4", audio=b"d4")
    rig.poll()
    rig.crm.fail(Fault("open_recording", KeyError("x"), times=9))
    assert rig.work() == 3
    assert connection_row(rig).paused_at is not None
    rig.clock.advance(24 * 3600)
    probe(rig.engine)
    assert connection_row(rig).paused_at is not None
    rig.crm.faults.clear()
    assert resume_connection(rig.ledger, "sales")
    assert not resume_connection(rig.ledger, "sales")
    assert rig.work() == 1


def test_faults_of_discovery_count_and_a_good_one_ends_their_row(rig: Rig) -> None:
    for times in (2, 3):
        rig.crm.fail(Fault("calls", KeyError("x"), times=times))
        for _ in range(times):
            rig.poll()
        assert (connection_row(rig).paused_at is None) == (times == 2)
        rig.poll()


def test_what_can_never_be_written_is_not_paid_for_on_and_on(rig: Rig) -> None:
    for number in range(9):
        audio = str(number).encode()
        rig.analyzer.answers[sha(audio)] = b"not an answer"
        rig.crm.add_call(f"c{number}", audio=audio)
        rig.run()
        rig.clock.advance(60)
    assert connection_row(rig).paused_at is not None
    assert rig.analyzer.bills.total() == 3


def test_each_task_counts_its_own_faults(rig: Rig) -> None:
    rig.crm.add_call("waits")
    rig.poll()
    rig.crm.fail(Fault("refresh", KeyError("x"), times=3))
    for number in range(3):
        assert connection_row(rig).paused_at is None, number
        rig.clock.advance(3600)
        rig.poll()
        rig.look_late()
    assert "KeyError" in (connection_row(rig).paused_reason or "")
