"""The crash matrix: a process that dies at any durable step loses no call and pays as little as can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy.exc import OperationalError

from velma_connectors.model import RecordRef
from velma_connectors.testing.far_side import CALL, DEAL
from velma_connectors.testing.faults import Fault
from velma_sync.ledger.database import Ledger, Transaction
from velma_sync.pipeline.operate import retry
from velma_sync.pipeline.settings import EngineSettings

from .conftest import BuildRig
from .rig import Rig, answer, sha

DEAL_1 = RecordRef(DEAL, "d1")
MOST_STEPS = 40


class Killed(BaseException):
    """Stands for kill -9: nothing in our code may catch it."""


class DyingLedger(Ledger):
    """Fails at a transaction, `left` from now: before it is committed, or right after."""

    def __init__(self, inner: Ledger, error: BaseException, *, committed: bool) -> None:
        self.__dict__.update(inner.__dict__)
        self.left = 0
        self.error = error
        self.committed = committed

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self.left -= 1
        with super().write() as tx:
            yield tx
            if self.left == 0 and not self.committed:
                raise self.error
        if self.left == 0:
            raise self.error


def one_call(rig: Rig) -> None:
    rig.crm.add_deal("d1")
    rig.crm.add_call("c1", audio=b"one", deals=["d1"])


def live_on(rig: Rig) -> None:
    """Another process takes over and works for some hours."""
    rig.restart()
    for _ in range(4):
        rig.run()
        rig.clock.advance(3600)


def assert_all_is_well(rig: Rig) -> None:
    assert rig.states() == {"c1": "done"}
    assert rig.read(CALL, "c1")["summary"] == "A summary."
    assert rig.read(DEAL, "d1")["last_summary"] == "A summary."
    assert len(rig.crm.notes) == 1
    # Nothing of what we wrote before the end is taken for a person's word.
    rig.analyzer.answers[sha(b"two")] = answer("The next call.")
    rig.crm.add_call("c2", audio=b"two", deals=["d1"])
    rig.run()
    assert rig.read(DEAL, "d1")["last_summary"] == "The next call."


@pytest.mark.parametrize("committed", [False, True])
def test_a_process_may_end_at_any_transaction(build_rig: BuildRig, committed: bool) -> None:
    bills = []
    for step in range(1, MOST_STEPS):
        rig = build_rig()
        one_call(rig)
        dying = DyingLedger(rig.ledger, Killed(), committed=committed)
        rig.restart(dying)
        dying.left = step
        try:
            rig.run()
        except Killed:
            live_on(rig)
            bills.append(rig.analyzer.bills.total())
            assert_all_is_well(rig)
        else:
            break
    else:
        pytest.fail("the run has more steps than are tried")
    assert len(bills) >= 9, "every transaction of the walk is tried"
    assert set(bills) <= {1, 2}
    assert bills.count(2) == (0 if committed else 1), "only between the answer and its storing"


@pytest.mark.parametrize("committed", [False, True])
def test_the_ledger_may_be_away_at_any_transaction(build_rig: BuildRig, committed: bool) -> None:
    for step in range(1, MOST_STEPS):
        rig = build_rig()
        one_call(rig)
        error = OperationalError("COMMIT", {}, Exception("server closed the connection"))
        away = DyingLedger(rig.ledger, error, committed=committed)
        rig.restart(away)
        away.left = step
        for _ in range(4):
            with suppress(OperationalError):
                rig.run()
            rig.clock.advance(3600)
            with suppress(OperationalError):
                rig.sweep()
        if away.left > 0:
            return
        assert_all_is_well(rig)
        assert rig.analyzer.bills.total() == 2, "each of the two calls once"
    pytest.fail("the run has more steps than are tried")


@pytest.mark.parametrize(
    ("method", "acts", "bills", "writes"),
    [
        ("calls", True, 1, 1),
        ("open_recording", True, 1, 1),
        ("fields", True, 1, 1),
        ("current", True, 1, 1),
        ("write", False, 1, 2),
        ("write", True, 1, 2),
    ],
)
def test_a_process_may_end_inside_the_crm(rig: Rig, method: str, acts: bool, bills: int, writes: int) -> None:
    one_call(rig)
    rig.crm.fail(Fault(method, Killed(), acts=acts))
    with pytest.raises(Killed):
        rig.run()
    live_on(rig)
    assert (rig.analyzer.bills.total(), rig.crm.requests["write"]) == (bills, writes)
    assert_all_is_well(rig)


@pytest.mark.parametrize(("acts", "bills"), [(False, 1), (True, 2)])
def test_a_process_may_end_inside_the_analyzer(rig: Rig, acts: bool, bills: int) -> None:
    one_call(rig)
    rig.analyzer.fail(Fault("analyze", Killed(), acts=acts))
    with pytest.raises(Killed):
        rig.run()
    live_on(rig)
    assert rig.analyzer.bills.total() == bills
    assert (rig.billing().unknown, rig.billing().answered) == (1, 1)
    assert_all_is_well(rig)


@pytest.mark.parametrize(("acts", "bills"), [(False, 0), (True, 1)])
def test_without_resends_a_person_decides(build_rig: BuildRig, acts: bool, bills: int) -> None:
    rig = build_rig(settings=EngineSettings(max_resend=0))
    one_call(rig)
    rig.analyzer.fail(Fault("analyze", Killed(), acts=acts))
    with pytest.raises(Killed):
        rig.run()
    live_on(rig)
    assert rig.states() == {"c1": "held"}
    assert rig.analyzer.bills.total() == bills
    retry(rig.ledger, rig.call("c1").ref)
    rig.run()
    assert_all_is_well(rig)


def test_a_persons_edit_after_a_crash_is_still_a_persons(rig: Rig) -> None:
    one_call(rig)
    rig.crm.fail(Fault("write", Killed(), acts=True))
    with pytest.raises(Killed):
        rig.run()
    rig.crm.edit(DEAL_1, "last_summary", "Mine.")
    live_on(rig)
    assert rig.states() == {"c1": "done"}
    assert rig.read(DEAL, "d1")["last_summary"] == "Mine."


def test_a_crashed_worker_on_another_machine_is_taken_over_after_its_lease(rig: Rig) -> None:
    one_call(rig)
    rig.crm.fail(Fault("open_recording", Killed()))
    with pytest.raises(Killed):
        rig.run()
    rig.run()
    assert rig.states() == {"c1": "working"}, "nobody knows yet that its worker is gone"
    rig.clock.advance(rig.settings.lease_seconds)
    rig.run()
    assert_all_is_well(rig)
