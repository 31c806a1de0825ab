"""Opening a ledger: its schema, its file, and who may use it."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from velma_sync.ledger import migrate, ticks
from velma_sync.ledger.database import open_ledger
from velma_sync.ledger.lock import LedgerInUse, is_held, only_daemon
from velma_sync.ledger.migrate import LedgerTooNew
from velma_sync.ledger.schema import metadata


def engine_of(where: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(where if "://" in where else f"sqlite:///{where}")


def test_the_migrations_build_exactly_the_tables_of_the_schema(where: str) -> None:
    open_ledger(where).close()
    engine = engine_of(where)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def upgraded_to(where: str, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    engine = engine_of(where)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def test_an_upgrade_keeps_what_a_ledger_holds(where: str) -> None:
    upgraded_to(where, "0001")
    at = "2026-03-02 09:00:00"
    rows = (
        f"INSERT INTO connection (name, start_at, faults) VALUES ('sales', '{at}', 0)",
        "INSERT INTO call (id, connection, object, record, state, due_at, state_at, attempts, resends, looks,"
        " snapshot, seen_at, fingerprint, started_at, failed, discovered_at) VALUES (7, 'sales', 'Call', 'c',"
        f" 'done', '{at}', '{at}', 1, 0, 0, '', '{at}', 'f', '{at}', {false(where)}, '{at}')",
        "INSERT INTO payment (id, call_id, audio_sha256, config_hash, sent_at, outcome)"
        f" VALUES (1, 7, 'a', 'c', '{at}', 'answered')",
    )
    engine = engine_of(where)
    with engine.begin() as connection:
        for row in rows:
            connection.execute(sqlalchemy.text(row))
    engine.dispose()
    ledger = open_ledger(where)
    with ledger.read() as tx:
        assert tx.rows(sqlalchemy.text("SELECT id, state, backfill, rank FROM call")) == [
            (7, "done", None, None)
        ]
        assert tx.rows(sqlalchemy.text("SELECT call_id FROM payment")) == [(7,)]
    ledger.close()


def false(where: str) -> str:
    return "false" if "://" in where else "0"


@pytest.mark.parametrize("name", ["what now?.db", "a#b%20c&d.db", "ledger @ home.db"])
def test_a_path_may_hold_what_an_address_may_not(tmp_path: Path, name: str) -> None:
    open_ledger(tmp_path / name).close()
    assert {each.name.removesuffix(".lock") for each in tmp_path.iterdir()} == {name}


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.NEWEST


def test_a_ledger_that_is_up_to_date_opens_without_the_migration_library(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    open_ledger(path).close()
    script = (
        "import sys; from velma_sync.ledger.database import open_ledger; "
        f"open_ledger({str(path)!r}).close(); print('alembic' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_a_ledger_of_a_newer_release_is_refused(where: str) -> None:
    open_ledger(where).close()
    engine = engine_of(where)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LedgerTooNew, match="schema 9999"):
        open_ledger(where)


def test_the_file_and_its_companions_can_be_read_by_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "somewhere" / "ledger.db"
    path.parent.mkdir()
    path.touch(mode=0o644)
    ledger = open_ledger(path)
    with ledger.write() as tx, only_daemon(path):
        ticks.started(tx, "owner")
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    ledger.close()
    assert modes.keys() >= {"ledger.db", "ledger.db-wal", "ledger.db.lock"}
    assert set(modes.values()) == {0o600}


def test_sqlite_syncs_every_commit_and_lets_readers_in_while_it_writes(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.db")
    with ledger.write() as writing:
        ticks.started(writing, "owner")
        with ledger.read() as reading:
            assert ticks.latest(reading) is None
            pragmas = {
                name: reading.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
    ledger.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.db")

    def interrupted() -> None:
        with ledger.write() as tx:
            ticks.started(tx, "owner")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with ledger.read() as tx:
        assert ticks.latest(tx) is None
    ledger.close()


def test_a_second_daemon_on_the_same_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with only_daemon(path):
        script = (
            "import pathlib; from velma_sync.ledger.lock import only_daemon\n"
            f"with only_daemon(pathlib.Path({str(path)!r})): pass"
        )
        other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "LedgerInUse" in other.stderr
        assert f"process {os.getpid()}" in other.stderr
        with pytest.raises(LedgerInUse), only_daemon(path):
            pytest.fail("two daemons hold one ledger")
    with only_daemon(path):
        pass


def test_looking_for_a_daemon_never_keeps_one_from_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    assert not is_held(path)
    with only_daemon(path):
        assert is_held(path)
    looks = (tmp_path / "ledger.db.lock").open()
    fcntl.flock(looks, fcntl.LOCK_SH)
    flock = fcntl.flock

    def until_it_has_looked(file: TextIO, how: int) -> None:
        try:
            flock(file, how)
        except BlockingIOError:
            looks.close()
            raise

    monkeypatch.setattr("velma_sync.ledger.lock.fcntl.flock", until_it_has_looked)
    with only_daemon(path):
        assert is_held(path)


def test_two_that_start_at_the_same_time_build_the_tables_once(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_of, together = migrate.version_of, threading.Barrier(2, timeout=60)

    def both_find_nothing(engine: sqlalchemy.Engine) -> str | None:
        found = version_of(engine)
        together.wait()
        return found

    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as pool:
        patched.setattr(migrate, "version_of", both_find_nothing)
        for ledger in pool.map(open_ledger, [where, where]):
            ledger.close()
    engine = engine_of(where)
    assert version_of(engine) == migrate.NEWEST
    engine.dispose()


def test_every_thread_has_a_connection_of_its_own(where: str) -> None:
    ledger = open_ledger(where, threads=60)
    with ExitStack() as threads:
        begun = [threads.enter_context(ledger.read()) for _ in range(60)]
        assert len({id(tx.connection) for tx in begun}) == 60
    ledger.close()


def test_a_server_tells_the_time_itself_when_no_clock_is_given(where: str) -> None:
    ledger = open_ledger(where)
    with ledger.write() as tx:
        ticks.started(tx, "owner")
        started = tx.now
    with ledger.read() as tx:
        row = ticks.latest(tx)
        assert row is not None
        assert row.started_at == started
        assert tx.now >= started
    assert ledger.now() >= started
    ledger.close()
