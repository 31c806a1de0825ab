"""Three ways to run the engine: once, forever, and for one call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial

import structlog

from velma_connectors.errors import RetryLater
from velma_connectors.model import CallRef
from velma_sync.daemon.dispatcher import Dispatcher
from velma_sync.daemon.renewal import renewing
from velma_sync.daemon.signals import polite_end
from velma_sync.daemon.tasks import look_late, poll, sweep
from velma_sync.ledger import backfills, connections, counts, leases, spending, ticks
from velma_sync.ledger.counts import CallCount
from velma_sync.ledger.lock import only_daemon
from velma_sync.ledger.states import CallState
from velma_sync.pipeline.analyze import analyze
from velma_sync.pipeline.backfill import feed
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.health import greet, probe
from velma_sync.pipeline.late import look_up
from velma_sync.pipeline.operate import RETRYABLE, CallStory, retry, show, write_again
from velma_sync.pipeline.receipts import Receipt, receipt_of, start_run
from velma_sync.pipeline.write_back import flush

log = structlog.stdlib.get_logger(__name__)

Progress = Callable[[tuple[CallCount, ...]], None]
"""Told now and then how many calls are in which state: those that have come into it since the run began,
or all that belong to the backfills that are worked on.
"""


class _PoliteEnd:
    """Stops a dispatcher when it is called, says so, and remembers it."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self.asked = False

    def __call__(self) -> None:
        self.asked = True
        log.warning("Finishing what is in flight; a second signal ends at once.", action="stopping")
        self._dispatcher.stop()


def run_once(engine: Engine, *, progress: Progress | None = None) -> Receipt:
    """Find everything new, work until nothing is due, write it back, and account for it.

    What is due later stays in the ledger and is counted. Raises LedgerInUse.
    """
    with _alive(engine):
        start = start_run(engine)

        def show_progress() -> None:
            if progress is not None:
                with engine.ledger.read() as tx:
                    progress(tuple(counts.by_state(tx, since=start.at)))

        sweep(engine)
        for connection in engine.connections.values():
            greet(engine, connection)
            poll(engine, connection)
            look_late(engine, connection)
        dispatcher = Dispatcher(engine, on_look=show_progress)
        end = _PoliteEnd(dispatcher)
        with polite_end(end):
            dispatcher.run(until_idle=True)
        return replace(receipt_of(engine, start), interrupted=end.asked)


def run_forever(engine: Engine) -> None:
    """Work until SIGTERM or SIGINT; then finish what is in flight, write it back and return.

    Raises LedgerInUse.
    """
    with _alive(engine):
        _serve(engine, Dispatcher(engine, feed=partial(feed, engine)), until_idle=False)
    log.info("The daemon has stopped.", action="stopped")


def run_backfills(engine: Engine, wanted: Collection[int], *, progress: Progress | None = None) -> bool:
    """Be the daemon until nothing of these is planned any more; False when a signal ended it before.

    Calls of today are found and go first; other backfills stay as they are. Raises LedgerInUse when a
    daemon runs: it works off all of them.
    """

    def show_progress() -> None:
        if progress is not None:
            with engine.ledger.read() as tx:
                progress(tuple(counts.by_state(tx, backfills=wanted)))

    with _alive(engine):
        dispatcher = Dispatcher(engine, feed=partial(feed, engine, wanted), on_look=show_progress)
        return not _serve(engine, dispatcher, until_idle=True).asked


def _serve(engine: Engine, dispatcher: Dispatcher, *, until_idle: bool) -> _PoliteEnd:
    """Work with the regular tasks around it; says whether somebody asked for the end."""
    from velma_sync.daemon.schedule import scheduler_of

    end = _PoliteEnd(dispatcher)
    with polite_end(end):
        for connection in engine.connections.values():
            greet(engine, connection)
        scheduler = scheduler_of(engine, dispatcher.wake)
        scheduler.start()
        log.info("The daemon runs.", action="started", connections=list(engine.connections))
        try:
            dispatcher.run(until_idle=until_idle)
        finally:
            scheduler.shutdown()
    return end


def analyze_one(engine: Engine, ref: CallRef) -> CallStory:
    """Take one call through now, ahead of all others, whatever its length or age.

    A call at an end is retried; one that is done is written again as the mapping stands now, which pays for
    nothing; one without a recording goes on waiting for it. Raises LedgerInUse, NotInCrm, RetryLater when
    it cannot be claimed now, and KeyError for a connection that is not configured.
    """
    connection = engine.connections[ref.connection]
    with _alive(engine):
        stored = look_up(engine, connection, ref)
        if stored.state in RETRYABLE:
            stored = retry(engine.ledger, ref)
        if stored.state is CallState.NEW:
            with engine.ledger.write() as tx:
                claim = leases.claim_this(
                    tx,
                    stored.id,
                    analyzer=engine.analyzer.name,
                    owner=engine.leases.next_owner(),
                    rules=engine.settings.lease_rules,
                )
            if claim is None:
                raise RetryLater(f"{ref} cannot be analyzed now: see `status` for a stop or other calls.")
            with renewing(engine):
                analyze(engine, claim)
        elif stored.state is CallState.DONE:
            write_again(engine.ledger, stored.id)
        flush(engine, connection, only=stored.id)
        return show(engine.ledger, ref)


@contextmanager
def _alive(engine: Engine) -> Iterator[None]:
    """This process is the daemon of its ledger: what a former one left half done is taken up."""
    path = engine.ledger.path
    with only_daemon(path) if path is not None else nullcontext():
        with engine.ledger.write() as tx:
            spending.ensure(tx, engine.analyzer.name)
            for connection in engine.connections.values():
                connections.ensure(tx, connection.name, connection.start_at)
            ticks.started(tx, engine.process)
            if path is not None:
                leases.expire_all(tx)
                leases.return_expired(tx, engine.settings.lease_rules)
                backfills.put_back(tx)
        try:
            probe(engine, at_start=True)
            yield
        finally:
            with engine.ledger.write() as tx:
                if path is not None:
                    backfills.put_back(tx)
                ticks.stopped(tx, engine.process)
