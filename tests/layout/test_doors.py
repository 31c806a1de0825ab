"""Each outside library has one door: the only file that imports it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = [ROOT / "connectors", ROOT / "mappings", ROOT / "sync"]

DOORS = {
    "httpx": "connectors/velma_connectors/http.py",
    "httpcore": "connectors/velma_connectors/http.py",
    "hubspot": "connectors/velma_connectors/hubspot/client.py",
    "simple_salesforce": "connectors/velma_connectors/salesforce/client.py",
}


def imported_packages(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize(("package", "door"), DOORS.items())
def test_an_outside_library_is_imported_by_its_door_alone(package: str, door: str) -> None:
    importers = {
        source.relative_to(ROOT).as_posix()
        for room in ROOMS
        for source in room.rglob("*.py")
        if package in imported_packages(source)
    }
    assert importers == {door}, f"{package} must be imported by {door} alone"


EXAMPLES = ("cli/connectors.py", "cli/init.py", "cli/provision.py", "config/settings.py")
"""Files of the sync room that name a CRM in a help text, as an example."""
DEMO = (
    "cli/demo.py",
    "demo/folder.py",
    "demo/run.py",
    "demo/readers/__init__.py",
    "demo/readers/hubspot.py",
    "demo/readers/salesforce.py",
)
"""The demo shows two CRMs."""


def test_only_the_connector_folders_know_a_vendor_by_name() -> None:
    offenders = {
        source.relative_to(room).as_posix()
        for room in (ROOT / "mappings/velma_mappings", ROOT / "sync/velma_sync")
        for source in room.rglob("*.py")
        if any(word in source.read_text().lower() for word in ("salesforce", "hubspot", "sobject"))
    }
    assert offenders == {*EXAMPLES, *DEMO}, "the engine asks for capabilities, never for a vendor's name"
