"""Runs the real daemon code once over the demo's org, then asks the org what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from velma_connectors.errors import ConfigError, Problem
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.options import SalesforceOptions
from velma_mappings.mapping_file import MappingFile
from velma_mappings.topics import slug
from velma_sync.config.load import Configuration, load_configuration
from velma_sync.daemon import run_once
from velma_sync.daemon.run import Progress
from velma_sync.demo.folder import configuration_of, served
from velma_sync.demo.leader import LeaderView, read_leader_view
from velma_sync.pipeline.receipts import Receipt
from velma_sync.provisioning import create_fields, plan_fields
from velma_sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """What the demo did: fields created in the org, the run's receipt, and the leader's view after it."""

    directory: Path
    created_fields: int
    receipt: Receipt
    view: LeaderView


def run_demo(directory: Path, *, progress: Progress) -> DemoOutcome:
    """Serve the folder's sandbox, create the fields it lacks, run once, look.

    Raises ConfigError when the folder or its sandbox cannot be used, and LedgerInUse.
    """
    with served(directory) as addresses:
        configuration = load_configuration(configuration_of(directory))
        _refuse_other_systems(configuration, addresses)
        with Workspace(configuration) as workspace:
            created = 0
            for plan in plan_fields(workspace):
                created += sum(each.ok for each in create_fields(workspace, plan).results if plan.work)
            receipt = run_once(workspace.engine, progress=progress)
        return DemoOutcome(directory, created, receipt, _look(configuration))


def _refuse_other_systems(configuration: Configuration, addresses: Mapping[str, str]) -> None:
    """The demo creates fields and pays without asking, so it goes to its own sandbox alone."""
    orgs = [getattr(connection.options, "login_url", None) for connection in configuration.connections]
    if orgs == [addresses["salesforce_url"]] and configuration.velma.base_url == addresses["velma_url"]:
        return
    message = "leads to other systems than the demo's own sandbox, so the demo does not run."
    remedy = "Use the other commands with it, or remove the folder to start anew."
    raise ConfigError([Problem(str(configuration.path), message, remedy)])


def _look(configuration: Configuration) -> LeaderView:
    """Ask the org with a session of its own, as a report would."""
    (connection,) = configuration.connections
    options = connection.options
    if not isinstance(options, SalesforceOptions):
        raise TypeError("the demo's connection is a Salesforce org")
    client = SalesforceClient(options)
    try:
        return read_leader_view(client.query, sentiment_fields(connection.mapping))
    finally:
        client.close()


def sentiment_fields(mapping: MappingFile) -> dict[str, str]:
    """Name of a topic to the field that calls and deals hold its sentiment in."""
    by_path = {rule.value: rule.field for rule in mapping.rules}
    paths = {topic.name: f"sentiment.{slug(topic.name)}" for topic in mapping.topics}
    return {name: by_path[path] for name, path in paths.items() if path in by_path}
