"""Probes of live accounts, whose answers are kept in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
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

    Makes records of our own in the CRMs and removes them. Opens the ledger, which brings it up to date:
    raises ConfigError, RetryLater and LedgerTooNew for that.
    """
    ledger = workspace.ledger
    refused = []
    for name in names:
        administration = workspace.administration(name)
        try:
            answers = administration.probe() if administration else []
        except Verdict as verdict:
            refused.append(Fact(name, "probe", Mark.REFUSED, str(verdict)))
            continue
        with ledger.write() as tx:
            probes.store(tx, name, answers)
    return refused
