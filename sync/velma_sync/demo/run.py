"""Runs the real daemon code once over the demo's two CRMs, then asks them what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from velma_connectors.errors import ConfigError, Problem
from velma_sync.config.load import Configuration, Connection, load_configuration
from velma_sync.daemon import run_once
from velma_sync.daemon.run import Progress
from velma_sync.demo.folder import configuration_of, served
from velma_sync.demo.leader import LeaderView, read_leader_view
from velma_sync.demo.readers import open_reader
from velma_sync.demo.savings import shared_recordings
from velma_sync.pipeline.receipts import Receipt
from velma_sync.provisioning import create_fields, plan_connection
from velma_sync.workspace import Workspace

_PLACES = {"salesforce": ("login_url", "instance_url"), "hubspot": ("base_url",)}
"""Options, by kind of connection, that say where its requests go."""


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """What the demo did: fields created per CRM, the run's receipt, and the leader's view after it.

    `crms` are the names of the CRMs by connection; `shared_recordings` were in several CRMs and paid once.
    """

    directory: Path
    crms: Mapping[str, str]
    created_fields: Mapping[str, int]
    receipt: Receipt
    shared_recordings: int
    view: LeaderView


def run_demo(directory: Path, *, progress: Progress) -> DemoOutcome:
    """Serve the folder's sandbox, create the fields it lacks, run once, look.

    Raises ConfigError when the folder or its sandbox cannot be used, and LedgerInUse.
    """
    with served(directory) as addresses:
        configuration = load_configuration(configuration_of(directory))
        _refuse_other_systems(configuration, addresses)
        with Workspace(configuration) as workspace:
            created = {}
            for connection in configuration.connections:
                plan = plan_connection(workspace, connection)
                results = create_fields(workspace, plan).results if plan.work else ()
                created[plan.connection] = sum(each.ok for each in results)
            receipt = run_once(workspace.engine, progress=progress)
            with workspace.ledger.read() as tx:
                shared = shared_recordings(tx)
        crms = {connection.name: connection.kind.title for connection in configuration.connections}
        return DemoOutcome(directory, crms, created, receipt, shared, _look(configuration))


def _refuse_other_systems(configuration: Configuration, addresses: Mapping[str, str]) -> None:
    """The demo creates fields and pays without asking, so it goes to its own sandbox alone."""
    stays = (_stays_in(connection, addresses) for connection in configuration.connections)
    if all(stays) and configuration.velma.base_url == addresses["velma_url"]:
        return
    message = "leads to other systems than the demo's own sandbox, so the demo does not run."
    remedy = "Use the other commands with it, or remove the folder to start anew."
    raise ConfigError([Problem(str(configuration.path), message, remedy)])


def _stays_in(connection: Connection, addresses: Mapping[str, str]) -> bool:
    """Whether all requests of a connection go to the sandbox's server for its kind of CRM."""
    kind = connection.kind.name
    named = [getattr(connection.options, option) for option in _PLACES.get(kind, ())]
    places = {place for place in named if place is not None}
    return places == {addresses.get(f"{kind}_url")}


def _look(configuration: Configuration) -> LeaderView:
    """Ask every CRM with a session of its own, as a report would."""
    with ExitStack() as opened:
        return read_leader_view(
            [opened.enter_context(open_reader(connection)) for connection in configuration.connections]
        )
