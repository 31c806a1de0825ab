"""The sample calls of both CRMs, run once through the real daemon code over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_connectors.sandbox.samples import load_samples
from velma_sync.config.load import load_configuration
from velma_sync.daemon import run_once
from velma_sync.demo.folder import configuration_of, write_files
from velma_sync.pipeline.receipts import Receipt
from velma_sync.provisioning import create_fields, plan_connection
from velma_sync.workspace import Workspace


class Room:
    """A sandbox and the configuration that points at it."""

    def __init__(self, directory: Path, sandbox: Rehearsal) -> None:
        self.directory = directory
        self.sandbox = sandbox
        write_files(directory, asdict(sandbox.addresses))

    def provision(self) -> None:
        with self.opened() as workspace:
            for connection in workspace.configuration.connections:
                failed = create_fields(workspace, plan_connection(workspace, connection)).failed
                assert not failed, f"fields were not created: {failed}"

    def run(self) -> Receipt:
        with self.opened() as workspace:
            return run_once(workspace.engine)

    def opened(self) -> Workspace:
        return Workspace(load_configuration(configuration_of(self.directory)))

    def show(self, key: str) -> Mapping[str, object]:
        """The record of a sample call or deal, as the org holds it."""
        return self.sandbox.org.read(self.sandbox.org_records[key])

    def show_in_portal(self, key: str) -> Mapping[str, str | None]:
        """The record of a sample call or deal, as the portal holds it."""
        kind = "calls" if key in load_samples().portal.calls else "deals"
        return self.sandbox.portal.read(kind, self.sandbox.portal_records[key])

    def everything(self) -> dict[tuple[str, str], Mapping[str, object]]:
        """Every record of both CRMs that a run may have written to."""
        org, portal = self.sandbox.org, self.sandbox.portal
        tasks = {("org", each): org.read(each) for each in self.sandbox.org_records.values()}
        names = ("calls", "deals", "contacts", "companies", "notes")
        rows = {(name, row["id"]): row["properties"] for name in names for row in portal.rows(name)}
        return {**tasks, **rows}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    directory = tmp_path_factory.mktemp("demo")
    with Rehearsal(directory / "sandbox") as sandbox:
        room = Room(directory, sandbox)
        room.provision()
        yield room


@pytest.fixture(scope="module")
def receipt(room: Room) -> Receipt:
    """Of the first run; later ones find nothing new."""
    return room.run()
