"""What is said of the ledger, of daemons and their tasks, and of connections that fell silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy

from velma_connectors.administration import Mark
from velma_connectors.model import Call, CallRef, Direction
from velma_connectors.testing.clock import ManualClock
from velma_sync.config.load import Configuration
from velma_sync.config.settings import LedgerSettings
from velma_sync.doctor.facts import Fact
from velma_sync.ledger import calls, connections, migrate, ticks
from velma_sync.ledger.calls import Finding
from velma_sync.ledger.database import Ledger, open_ledger
from velma_sync.ledger.lock import only_daemon
from velma_sync.ledger.states import CallState

from .rig import NOW, configured, crm, examined


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a #1 100%" / "ledger.db"


@contextmanager
def written(path: Path, at: datetime = NOW) -> Iterator[tuple[Ledger, ManualClock]]:
    clock = ManualClock(at)
    path.parent.mkdir(exist_ok=True)
    ledger = open_ledger(path, clock=clock.now)
    yield ledger, clock
    ledger.close()


def over(path: Path) -> Configuration:
    return replace(configured({"a": crm()}), ledger=LedgerSettings(path=path))


def facts(path: Path, topic: str, now: datetime = NOW) -> list[tuple[Mark, str, str]]:
    report = examined(over(path), now=now)
    return [_row(fact) for fact in report.facts if fact.topic == topic]


def _row(fact: Fact) -> tuple[Mark, str, str]:
    return fact.mark, fact.about, f"{fact.sentence} {fact.remedy}".strip()


def test_before_the_first_run_there_is_nothing_to_say(path: Path) -> None:
    assert facts(path, "ledger") == []
    assert facts(path, "schedule") == []
    assert not path.exists()


def test_a_ledger_tells_its_schema_and_size(path: Path) -> None:
    with written(path):
        pass
    ((mark, _, sentence),) = facts(path, "ledger")
    assert mark is Mark.OK
    assert sentence.startswith(f"has schema {migrate.NEWEST} and 0.")
    assert sentence.endswith(" MB.")


@pytest.mark.parametrize(
    ("version", "mark", "words"),
    [
        ("0001", Mark.OK, "which the next run brings up to"),
        ("9999", Mark.PROBLEM, "but this release knows only up to"),
    ],
)
def test_a_ledger_of_another_release_is_told_and_left_as_it_is(
    path: Path, version: str, mark: Mark, words: str
) -> None:
    with written(path):
        pass
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"UPDATE alembic_version SET version_num = '{version}'"))
    engine.dispose()
    before = path.read_bytes()
    ((found, _, sentence),) = facts(path, "ledger")
    assert found is mark
    assert f"has schema {version}, {words} {migrate.NEWEST}." in sentence
    assert path.read_bytes() == before


def test_a_damaged_ledger_is_told(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"SQLite format 3\0" + bytes(4000))
    ((mark, about, sentence),) = facts(path, "ledger")
    assert (mark, about) == (Mark.PROBLEM, "ledger")
    assert "the ledger cannot be opened (DatabaseError)" in sentence


def test_a_server_that_is_away_is_told_without_its_password() -> None:
    settings = LedgerSettings.model_validate(
        {"url": "postgresql://user@127.0.0.1:9/ledger", "password": "hunter2"}
    )
    report = examined(replace(configured({"a": crm()}), ledger=settings))
    problems = [fact for fact in report.facts if fact.mark is Mark.PROBLEM]
    assert [fact.about for fact in problems] == ["ledger", "a"]
    assert "127.0.0.1:9/ledger: the ledger cannot be opened (OperationalError)" in problems[0].sentence
    assert "hunter2" not in str(report)


def test_daemons_are_told_by_their_signs_of_life(path: Path) -> None:
    with written(path) as (ledger, clock):
        assert facts(path, "schedule") == [(Mark.OK, "daemon", "None has run yet.")]
        with ledger.write() as tx:
            ticks.started(tx, "one")
        with only_daemon(path):
            (running,) = facts(path, "schedule", NOW + timedelta(minutes=9))
            (hanging,) = facts(path, "schedule", NOW + timedelta(minutes=11))
        (vanished,) = facts(path, "schedule")
        clock.advance(60)
        with ledger.write() as tx:
            ticks.stopped(tx, "one")
        (stopped,) = facts(path, "schedule")
    assert running == (
        Mark.OK,
        "daemon",
        "One has been running since 2026-03-02 09:00Z. Do not start a second one.",
    )
    assert hanging[0] is Mark.PROBLEM
    assert "no sign of life since 2026-03-02 09:00Z. Restart it" in hanging[2]
    assert vanished[0] is Mark.ADVICE
    assert "stopped unexpectedly, after 2026-03-02 09:00Z. Start one with: velma-sync run" in vanished[2]
    assert stopped == (
        Mark.ADVICE,
        "daemon",
        "None is running; the last one stopped at 2026-03-02 09:01Z. Start one with: velma-sync run",
    )


def test_regular_tasks_are_told_with_their_last_run(path: Path) -> None:
    with written(path) as (ledger, _):
        with ledger.write() as tx:
            ticks.started(tx, "one")
            connections.ensure(tx, "a", NOW)
            connections.covered(tx, "a", NOW - timedelta(hours=1))
            ticks.ticked(tx, "late:a")
            ticks.ticked(tx, "discover:a", ok=False, message="The CRM is down.")
        with only_daemon(path):
            on_time = facts(path, "schedule", NOW + timedelta(minutes=10))[1:]
            overdue = facts(path, "schedule", NOW + timedelta(minutes=22))[1:]
    failed = (
        Mark.PROBLEM,
        "a",
        "'discover' failed at 2026-03-02 09:00Z: The CRM is down. Everything up to 2026-03-02 08:00Z is "
        "read.",
    )
    assert on_time == [failed, (Mark.OK, "a", "'late' last succeeded at 2026-03-02 09:00Z.")]
    assert overdue == [
        failed,
        (
            Mark.PROBLEM,
            "a",
            "'late' is overdue: it last ran at 2026-03-02 09:00Z. Restart the daemon and look at its log.",
        ),
    ]


def test_a_pause_is_told_with_the_way_to_end_it(path: Path) -> None:
    with written(path) as (ledger, _), ledger.write() as tx:
        connections.ensure(tx, "a", NOW)
        connections.pause(tx, "a", "The key was revoked.", probe_after=None)
    _, (mark, about, sentence) = facts(path, "schedule")
    assert (mark, about) == (Mark.PROBLEM, "a")
    assert sentence == (
        "has been paused since 2026-03-02 09:00Z: The key was revoked. "
        "Once that is fixed: velma-sync resume a"
    )


@pytest.mark.parametrize(
    ("found", "silent_days", "read_hours_ago", "is_told"),
    [(5, 8, 1, True), (4, 8, 1, False), (5, 6, 1, False), (5, 8, 30, False)],
)
def test_a_connection_that_fell_silent_is_told(
    path: Path, found: int, silent_days: int, read_hours_ago: int, is_told: bool
) -> None:
    with written(path, NOW - timedelta(days=silent_days)) as (ledger, _), ledger.write() as tx:
        connections.ensure(tx, "a", tx.now)
        connections.covered(tx, "a", NOW - timedelta(hours=read_hours_ago))
        calls.insert_found(tx, [_finding(str(number), tx.now) for number in range(found)])
    silent = [row for row in facts(path, "schedule") if "no new call" in row[2]]
    assert bool(silent) == is_told
    assert all(row[:2] == (Mark.ADVICE, "a") and "after 5 before" in row[2] for row in silent)


def _finding(record: str, at: datetime) -> Finding:
    call = Call(
        ref=CallRef("a", "Call", record),
        title="A call",
        started_at=at,
        seconds=60,
        direction=Direction.UNKNOWN,
        owner=None,
        recording=None,
        deals=(),
        people=(),
        account=None,
        changed_at=at,
        fingerprint="",
    )
    return Finding(call, CallState.NEW, at, deal=None, stage=None)
