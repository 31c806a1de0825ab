"""What the ledger tells of itself, of daemons and of their regular tasks. Looks at it without changing it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from velma_connectors.administration import Mark
from velma_connectors.errors import ConfigError, Problem
from velma_sync.access import is_there
from velma_sync.config.settings import LedgerSettings
from velma_sync.doctor.facts import Fact
from velma_sync.doctor.machine import ledger_obstacle
from velma_sync.ledger import arrivals, connections, migrate, ticks
from velma_sync.ledger.lock import is_held
from velma_sync.pipeline.settings import EngineSettings

if TYPE_CHECKING:
    from velma_sync.ledger.database import Ledger, Transaction
    from velma_sync.workspace import Workspace

SILENT = timedelta(days=7)
FEWEST_CALLS = 5
"""A connection that never had many calls is not missed when there are none."""
STALE = timedelta(days=1)
"""A connection that was not read for so long says nothing about new calls."""
PATIENCE = timedelta(minutes=10)
"""How much later than its turn a regular task may be, at the least."""


def can_be_read(workspace: Workspace) -> bool:
    """Whether there is a ledger with a schema of this release, so that looking at it changes nothing."""
    settings = workspace.configuration.ledger
    if settings.url is None and not _is_there(settings.path):
        return False
    return _schema(settings) == migrate.NEWEST


def ledger_facts(workspace: Workspace, settings: EngineSettings, now: datetime) -> Iterator[Fact]:
    """Nothing at all before the first run."""
    where = workspace.configuration.ledger
    if where.url is None and not _is_there(where.path):
        return
    version = _schema(where)
    if version != migrate.NEWEST:
        yield _other_schema(version)
        return
    ledger = workspace.ledger
    yield Fact("ledger", "ledger", Mark.OK, f"has schema {version} and {_size(ledger)}.")
    with ledger.read() as tx:
        running, fact = _daemon(tx, ledger, settings, now)
        yield fact
        for row in connections.listed(tx):
            if row.paused_at is not None:
                sentence = f"has been paused since {_moment(row.paused_at)}: {row.paused_reason}"
                remedy = f"Once that is fixed: velma-sync resume {row.name}"
                yield Fact(row.name, "schedule", Mark.PROBLEM, sentence, remedy)
        yield from _tasks(tx, settings, now, running=running)
        yield from _silence(tx, now)


def _is_there(path: Path) -> bool:
    return not ledger_obstacle(path) and is_there(path) and path.stat().st_size > 0


def _schema(settings: LedgerSettings) -> str | None:
    from sqlalchemy import URL, create_engine, make_url
    from sqlalchemy.exc import SQLAlchemyError

    if settings.url is None:
        query = {"mode": "ro", "uri": "true"}
        url = URL.create("sqlite", database=settings.path.as_uri(), query=query)
    else:
        password = settings.password.get_secret_value() if settings.password else None
        url = make_url(settings.url).set(password=password)
    engine = create_engine(url)
    try:
        return migrate.version_of(engine)
    except SQLAlchemyError as error:
        shown = settings.url or str(settings.path)
        message = f"the ledger cannot be opened ({type(error).__name__})."
        raise ConfigError([Problem(shown, message, "Check its place, its rights and its server.")]) from None
    finally:
        engine.dispose()


def _other_schema(version: str | None) -> Fact:
    if version is None:
        return Fact("ledger", "ledger", Mark.OK, "is empty; the first run makes its tables.")
    if version < migrate.NEWEST:
        sentence = f"has schema {version}, which the next run brings up to {migrate.NEWEST}."
        return Fact("ledger", "ledger", Mark.OK, sentence)
    sentence = f"has schema {version}, but this release knows only up to {migrate.NEWEST}."
    remedy = "Install the release that wrote it, or restore the ledger from before the upgrade."
    return Fact("ledger", "ledger", Mark.PROBLEM, sentence, remedy)


def _size(ledger: Ledger) -> str:
    if ledger.path is None:
        from sqlalchemy import text

        with ledger.read() as tx:
            size = tx.count(text("SELECT pg_database_size(current_database())"))
    else:
        log = ledger.path.with_name(f"{ledger.path.name}-wal")
        size = sum(each.stat().st_size for each in (ledger.path, log) if each.exists())
    return f"{max(size, 100_000) / 1e6:.1f} MB"


def _daemon(tx: Transaction, ledger: Ledger, settings: EngineSettings, now: datetime) -> tuple[bool, Fact]:
    """Whether a daemon works now, and what there is to say of it."""
    latest = ticks.latest(tx)
    start = "Start one with: velma-sync run"
    if latest is None:
        return False, Fact("daemon", "schedule", Mark.OK, "None has run yet.")
    beat, patience = latest.beat_at, max(5 * timedelta(seconds=settings.sweep_seconds), PATIENCE)
    fresh = now - beat <= patience
    if latest.stopped_at is not None:
        sentence = f"None is running; the last one stopped at {_moment(latest.stopped_at)}."
        return False, Fact("daemon", "schedule", Mark.ADVICE, sentence, start)
    if not (fresh if ledger.path is None else is_held(ledger.path)):
        sentence = f"None is running; the last one stopped unexpectedly, after {_moment(beat)}."
        return False, Fact("daemon", "schedule", Mark.ADVICE, sentence, start)
    if not fresh:
        sentence = f"One is running, but has given no sign of life since {_moment(beat)}."
        return True, Fact("daemon", "schedule", Mark.PROBLEM, sentence, "Restart it and look at its log.")
    sentence = f"One has been running since {_moment(latest.started_at)}. Do not start a second one."
    return True, Fact("daemon", "schedule", Mark.OK, sentence)


def _tasks(tx: Transaction, settings: EngineSettings, now: datetime, *, running: bool) -> Iterator[Fact]:
    covered = {row.name: row.covered_until for row in connections.listed(tx)}
    for row in ticks.listed(tx):
        task, _, name = row.name.partition(":")
        seconds = settings.poll_seconds if task == "discover" else settings.sweep_seconds
        about, reach = name or "daemon", covered.get(name)
        if not row.ok:
            upto = f" Everything up to {_moment(reach)} is read." if task == "discover" and reach else ""
            sentence = f"'{task}' failed at {_moment(row.at)}: {row.message}{upto}"
            yield Fact(about, "schedule", Mark.PROBLEM, sentence)
        elif running and now - row.at > max(3 * timedelta(seconds=seconds), PATIENCE):
            sentence = f"'{task}' is overdue: it last ran at {_moment(row.at)}."
            yield Fact(about, "schedule", Mark.PROBLEM, sentence, "Restart the daemon and look at its log.")
        else:
            yield Fact(about, "schedule", Mark.OK, f"'{task}' last succeeded at {_moment(row.at)}.")


def _silence(tx: Transaction, now: datetime) -> Iterator[Fact]:
    """Connections that are read as they should be, and bring nothing any more."""
    covered = {row.name: row.covered_until for row in connections.listed(tx)}
    for each in arrivals.listed(tx):
        reach = covered.get(each.connection)
        is_read = reach is not None and now - reach < STALE
        if is_read and each.calls >= FEWEST_CALLS and now - each.latest > SILENT:
            sentence = f"has brought no new call since {_moment(each.latest)}, after {each.calls} before."
            remedy = "See in the CRM whether calls are still logged, and whether the user still sees them."
            yield Fact(each.connection, "schedule", Mark.ADVICE, sentence, remedy)


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}Z"
