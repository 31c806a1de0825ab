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


def test_only_the_connector_folders_know_a_vendor_by_name() -> None:
    vendor_free = [ROOT / "mappings", ROOT / "sync/velma_sync/pipeline", ROOT / "sync/velma_sync/ledger"]
    offenders = [
        source.relative_to(ROOT).as_posix()
        for room in vendor_free
        for source in room.rglob("*.py")
        if any(word in source.read_text().lower() for word in ("salesforce", "hubspot", "sobject"))
    ]
    assert not offenders, "the engine asks for capabilities, never for a vendor's name"
