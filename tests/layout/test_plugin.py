"""A connector that comes as a distribution of its own, built, installed and used as by its users."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.grades import ContractReport

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests/plugin"
README = ROOT / "connectors/README.md"

ATTIC = {
    "pyproject.toml": """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "velma-sync-attic"
version = "0.3"

[project.entry-points."velma_sync.connectors"]
attic = "velma_sync_attic.options:KIND"
""",
    "velma_sync_attic/__init__.py": "",
    "velma_sync_attic/options.py": "import attic_client\n",
}
"""A plug-in whose client library was not installed with it."""


@dataclass(frozen=True, slots=True)
class Site:
    """Installed packages that processes see ahead of the sources, and a directory to work in."""

    packages: Path
    directory: Path

    def run(self, *arguments: str | Path, python: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VELMA_")}
        environment |= {"PYTHONPATH": str(self.packages), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "80"}
        return subprocess.run(
            [sys.executable, *arguments] if python else arguments,
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def velma_sync(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.packages / "bin/velma-sync", *arguments, python=False)


def finished(*arguments: str | Path, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of velma-sync, of the example and of a broken plug-in."""
    folder = tmp_path_factory.mktemp("wheels")
    attic = tmp_path_factory.mktemp("attic")
    for name, text in ATTIC.items():
        (attic / name).parent.mkdir(exist_ok=True)
        (attic / name).write_text(text)
    for project in (ROOT, EXAMPLE, attic):
        finished("hatchling", "build", "-t", "wheel", "-d", folder, cwd=project)
    return folder


@pytest.fixture(scope="module")
def site(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """velma-sync and the example, installed side by side without an index."""
    return installed(wheels, "velma_sync-*", "velma_sync_cardfile-*", at=tmp_path_factory.mktemp("site"))


def installed(wheels: Path, *names: str, at: Path) -> Site:
    found = [wheel for name in names for wheel in wheels.glob(f"{name}.whl")]
    packages, directory = at / "packages", at / "work"
    directory.mkdir()
    options = ("--quiet", "--no-deps", "--no-index", "--no-compile", "--target", packages)
    finished("pip", "install", *options, *found, cwd=directory)
    return Site(packages, directory)


def kinds(site: Site) -> tuple[int, Mapping[str, dict[str, Any]]]:
    done = site.velma_sync("connectors", "--json")
    return done.returncode, {row["kind"]: row for row in json.loads(done.stdout)}


def test_the_wheels_are_what_runs(site: Site) -> None:
    script = "import velma_connectors, velma_sync_cardfile as c; print(velma_connectors.__file__, c.__file__)"
    files = site.run("-c", script).stdout.split()
    assert [Path(file).parents[1] for file in files] == [site.packages] * 2


def test_an_installed_plug_in_is_listed_beside_the_shipped_kinds(site: Site) -> None:
    code, rows = kinds(site)
    assert {"cardfile", "hubspot", "salesforce"} <= set(rows)
    row = rows["cardfile"]
    assert (row["title"], row["distribution"], row["version"]) == (
        "Card file",
        "velma-sync-cardfile",
        "0.1.0",
    )
    assert (row["state"], row["reason"], row["grade"]) == ("ready", "", "bronze")
    assert code == 0


def test_the_installed_plug_in_keeps_the_contract_and_its_report_is_true(site: Site) -> None:
    report = site.directory / "contract.json"
    done = site.run(
        *("-m", "pytest", EXAMPLE / "tests", "-c", EXAMPLE / "pyproject.toml", "-p", "no:cacheprovider"),
        *("-p", "velma_connectors.testing.plugin", "--contract-report", report),
    )
    assert done.returncode == 0, done.stdout
    shown = ContractReport.parse(report.read_text())
    assert (shown.failed, shown.distribution) == ((), "velma-sync-cardfile")
    shipped = ContractReport.parse((site.packages / "velma_sync_cardfile/contract.json").read_text())
    assert shown == shipped, "the example's contract.json is of another run; write it anew, see its README"


@pytest.mark.parametrize(
    "what",
    [("-p", "velma_sync_cardfile"), (EXAMPLE / "tests/rig.py", EXAMPLE / "tests/test_contract.py")],
    ids=["package", "tests"],
)
def test_the_example_is_typed_against_the_published_types(
    site: Site, what: tuple[str | Path, ...], request: pytest.FixtureRequest
) -> None:
    cache = request.config.cache
    assert cache is not None
    options = ("--config-file", EXAMPLE / "pyproject.toml", "--cache-dir", cache.mkdir("plugin-mypy"))
    done = site.run("-m", "mypy", *options, *what)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_broken_plug_in_is_a_row_and_the_others_go_on(wheels: Path, tmp_path: Path) -> None:
    site = installed(wheels, "*", at=tmp_path)
    code, rows = kinds(site)
    assert (rows["attic"]["state"], rows["attic"]["distribution"]) == ("broken", "velma-sync-attic")
    assert rows["attic"]["reason"] == (
        "could not be loaded: ModuleNotFoundError: No module named 'attic_client'."
    )
    assert {name for name, row in rows.items() if row["state"] == "ready"} >= {"cardfile", "salesforce"}
    assert code == 1
    assert site.velma_sync("connectors", "cardfile").returncode == 0
