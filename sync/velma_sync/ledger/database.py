"""Opens the ledger, brings its schema up to date and starts its transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy
from sqlalchemy import URL, CursorResult, Executable, Row, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from velma_sync.ledger import migrate
from velma_sync.ledger.lock import create_private

BUSY_SECONDS = 30.0
THREADS = 32
"""May use a ledger at the same time, unless somebody says how many there will be."""

DATABASE_AWAY = (OperationalError, InterfaceError, InternalError, NoConnectionFree)
"""Nobody's fault here, and it will pass: no answer, no room, no free connection, or, as an InternalError, a
server that takes no writes while it changes its role.
"""

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
Values: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction, and the one time that everything in it happens at."""

    connection: sqlalchemy.Connection
    now: datetime

    def run(self, statement: Executable, values: Values | None = None) -> CursorResult[*tuple[Any, ...]]:
        """Execute with one set of values, or with many at once; the list must not be empty."""
        return self.connection.execute(statement, values)

    def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> AnyRow | None:
        return self.run(statement, values).first()

    def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[AnyRow]:
        return self.run(statement, values).all()

    def count(self, statement: Executable, values: Mapping[str, Any] | None = None) -> int:
        """The number that a `SELECT count(...)` answers."""
        return int(self.run(statement, values).scalar_one())

    def insert_into(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that can name what happens when the key is there already."""
        on_server = self.connection.dialect.name == "postgresql"
        return postgresql.insert(table) if on_server else sqlite.insert(table)

    def insert_if_absent(self, table: Table, values: Values) -> None:
        """Insert rows whose key is not there yet; the first writer wins."""
        self.run(self.insert_into(table).on_conflict_do_nothing(), values)


class Ledger:
    """A ledger that is open and up to date. Safe to use from several threads.

    `clock` tells the time of SQLite transactions; PostgreSQL uses its own unless a clock is given.
    """

    def __init__(self, engine: sqlalchemy.Engine, clock: Callable[[], datetime] | None) -> None:
        self._engine = engine
        self._clock = clock
        self._one_writer = threading.Lock()
        self._in_file = engine.dialect.name == "sqlite"

    @property
    def path(self) -> Path | None:
        """The file, or None on a server."""
        return Path(str(self._engine.url.database)) if self._in_file else None

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that may change rows. Committed at the end, rolled back on any exception."""
        if not self._in_file:
            with self._engine.begin() as connection:
                yield self._transaction(connection)
            return
        # Threads of one process queue here, in order, instead of polling for SQLite's file lock.
        with self._one_writer, self._engine.connect() as connection:
            immediate = connection.execution_options(velma_write=True)
            with immediate.begin():
                yield self._transaction(immediate)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view for reading."""
        with self._engine.connect() as connection, connection.begin():
            yield self._transaction(connection)

    def now(self) -> datetime:
        """The time that a transaction starting now would carry."""
        if self._clock is not None:
            return self._clock()
        with self.read() as tx:
            return tx.now

    def close(self) -> None:
        self._engine.dispose()

    def _transaction(self, connection: sqlalchemy.Connection) -> Transaction:
        if self._clock is not None:
            return Transaction(connection, self._clock())
        now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return Transaction(connection, now.astimezone(UTC))


def open_ledger(
    where: str | Path | URL,
    *,
    clock: Callable[[], datetime] | None = None,
    threads: int = THREADS,
) -> Ledger:
    """Open a SQLite file by path, or any ledger by SQLAlchemy URL, creating and migrating it.

    `threads` is how many may use it at the same time: each has a connection of its own. Raises LedgerTooNew
    when a newer release has already migrated it.
    """
    url = _url_of(where)
    if url.get_backend_name() == "sqlite":
        create_private(Path(str(url.database)))
        engine = _sqlite(url, threads)
        clock = clock or _system_time
    else:
        engine = create_engine(url, pool_size=threads, pool_pre_ping=True)
    try:
        migrate.to_newest(engine)
    except BaseException:
        engine.dispose()
        raise
    return Ledger(engine, clock)


def _url_of(where: str | Path | URL) -> URL:
    if isinstance(where, URL):
        return where
    if isinstance(where, Path) or "://" not in where:
        # Not by parsing a text: a path may hold what ends one there, such as a question mark.
        return URL.create("sqlite", database=str(where))
    return make_url(where)


def _system_time() -> datetime:
    return datetime.now(UTC)


def _sqlite(url: sqlalchemy.URL, threads: int) -> sqlalchemy.Engine:
    engine = create_engine(
        url, pool_size=threads, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sqlalchemy.Connection) -> None:
    """Take the write lock at once: a transaction that reads first and writes later could not be retried."""
    writes = connection.get_execution_options().get("velma_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
