"""Probes of live accounts, whose answers are kept in the ledger."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from velma_connectors.administration import Mark
from velma_connectors.errors import Verdict
from velma_sync.doctor.facts import Fact
from velma_sync.ledger import probes

if TYPE_CHECKING:
    from velma_sync.workspace import Workspace


def probed_connections(workspace: Workspace) -> tuple[str, ...]:
    """Names of the connections whose kind of CRM can be probed."""
    return tuple(each.name for each in workspace.configuration.connections if each.kind.administer)


def probe(workspace: Workspace, names: Sequence[str]) -> list[Fact]:
    """Probe these accounts and keep what they answer; the facts are those that kept us from it.

    Makes records of our own in the CRMs and removes them, also when Ctrl-C, SIGTERM or the end of the
    terminal interrupts it: then KeyboardInterrupt carries as notes what has to be removed by hand. Opens
    the ledger, which brings it up to date: raises ConfigError, RetryLater and LedgerTooNew for that.
    """
    ledger = workspace.ledger
    refused = []
    for name in names:
        administration = workspace.administration(name)
        try:
            with _interruptible():
                answers = administration.probe() if administration else []
        except Verdict as verdict:
            refused.append(Fact(name, "probe", Mark.REFUSED, str(verdict)))
            continue
        with ledger.write() as tx:
            probes.store(tx, name, answers)
    return refused


@contextmanager
def _interruptible() -> Iterator[None]:
    """What would end the process where it stands is as Ctrl-C; in other threads, signals are not ours."""
    ours = threading.current_thread() is threading.main_thread()
    ending = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]
    for each in ending if ours else ():
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each in ending if ours else ():
            signal.signal(each, signal.SIG_DFL)
