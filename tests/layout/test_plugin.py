"""A connector that comes as a distribution of its own, built, installed and used as by its users."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.grades import ContractReport
from velma_connectors.sandbox.samples import load_samples
from velma_connectors.sandbox.server import RunningServer
from velma_connectors.sandbox.velma import Account, VelmaEmulator

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests/plugin"
README = ROOT / "connectors/README.md"

STEP = re.compile(r"^### \d+\. (?P<heading>.*?)$(?P<body>.*?)(?=^##)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
CARDS = """
from pathlib import Path
from rig import CardfileRig

file = CardfileRig(Path.cwd())
call = file.add_call(audio=Path("recording.ogg").read_bytes())
file.link(call, file.add_deal())
file.close()
"""
"""A card file with one recorded call and its deal, made by the example's own rig."""

CONFIGURATION = """
version: 1
connections:
  drawer:
    kind: cardfile
    mapping: mapping.yaml
    start_at: 2026-01-01T00:00:00Z
    options: {{path: {cards}}}
analysis: {{file: analysis.yaml, velma: {{base_url: '{velma}'}}}}
secrets_directory: secrets
"""

LEFT_OUT = re.compile(r"^\.\.\.\n", re.MULTILINE)
STEPS = {step["heading"]: step["body"] for step in STEP.finditer(README.read_text(encoding="utf-8"))}

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
    """Installed packages that processes see ahead of our sources, and a directory to work in."""

    packages: Path
    directory: Path

    def run(
        self, *arguments: str | Path, cwd: Path | None = None, ahead: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program. Modules in `ahead` hide those that are installed."""
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(str(path) for path in (ahead, self.packages) if path),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        cwd = cwd or self.directory
        return subprocess.run(
            arguments, cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )

    def kit(
        self, example: Path, *options: str | Path, ahead: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the tests of the example as its author does."""
        pytest_here = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
        return self.run(*pytest_here, *options, cwd=example, ahead=ahead)

    def velma_sync(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.packages / "bin/velma-sync", *arguments)


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
    files = site.run(sys.executable, "-c", script).stdout.split()
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


def outcomes(report: ContractReport) -> dict[str, str]:
    """What became of each sentence of the contract that did not fail."""
    return {**dict.fromkeys(report.passed, "passed"), **report.skipped}


def test_the_installed_plug_in_keeps_the_contract_and_its_report_is_true(site: Site) -> None:
    path = site.directory / "contract.json"
    done = site.kit(EXAMPLE, "-p", "velma_connectors.testing.plugin", "--contract-report", path)
    assert done.returncode == 0, done.stdout
    shown = ContractReport.parse(path.read_text())
    shipped = ContractReport.parse((site.packages / "velma_sync_cardfile/contract.json").read_text())
    assert (shown.failed, shown.distribution) == ((), "velma-sync-cardfile")
    assert replace(shipped, passed=(), skipped={}) == replace(shown, passed=(), skipped={})
    now, told = outcomes(shown), outcomes(shipped)
    assert {name: now[name] for name in told.keys() & now} == {name: told[name] for name in told.keys() & now}
    assert len(told) > 100


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
    done = site.run(sys.executable, "-m", "mypy", *options, *what)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_daemon_works_on_a_plug_in_as_on_any_other_crm(site: Site, tmp_path: Path) -> None:
    """Fields are provisioned, the call is analyzed once, and the card shows what was heard."""
    samples = load_samples()
    recording = samples.org.calls["harborlight-3-negotiation"].audio
    assert recording is not None
    shutil.copy(recording, tmp_path / "recording.ogg")
    here = replace(site, directory=tmp_path)
    made = here.run(sys.executable, "-c", CARDS, ahead=EXAMPLE / "tests")
    assert made.returncode == 0, made.stderr
    velma = VelmaEmulator(samples.by_sha256(), (Account("velma-key"),))
    with RunningServer(velma) as server:
        configure(tmp_path, server.url)
        for arguments in (("provision", "--apply", "--yes"), ("doctor",), ("once",), ("once",)):
            done = here.velma_sync(*arguments)
            assert done.returncode == 0, done.stdout + done.stderr
    with closing(sqlite3.connect(tmp_path / "cards.db")) as file:
        card = {name: json.loads(fields) for name, fields in file.execute("SELECT object, fields FROM card")}
    assert card["Call"]["velma_status"] == "Analyzed"
    assert card["Call"]["velma_sentiment_pricing"] == -0.55
    assert card["Deal"]["velma_next_step"] == "Confirmed"
    assert "drawer: takes calls" in here.velma_sync("status").stdout
    assert velma.usage.billed == 1


def configure(directory: Path, velma_url: str) -> None:
    """What an admin writes to use the card file in this directory."""
    shipped = {
        "mapping.yaml": EXAMPLE / "src/velma_sync_cardfile/mapping.yaml",
        "analysis.yaml": ROOT / "connectors/velma_connectors/velma/analysis.yaml",
    }
    for name, source in shipped.items():
        shutil.copy(source, directory / name)
    (directory / "secrets").mkdir()
    (directory / "secrets/velma_sync_drawer_key").write_text("brass-drawer-key-7261")
    (directory / "secrets/velma_sync_velma_api_key").write_text("velma-key")
    text = CONFIGURATION.format(cards=directory / "cards.db", velma=velma_url)
    (directory / "velma-sync.yaml").write_text(text)


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


def path_of(heading: str) -> str | None:
    """The file of the example that a step of the README is about."""
    named = re.search(r"`(\S+)`$", heading)
    return named[1] if named else None


def blocks(body: str, *languages: str) -> list[str]:
    return [block["text"] for block in BLOCK.finditer(body) if block["language"] in languages]


def assert_quoted(quote: str, text: str) -> None:
    """Every piece of a quote stands in the text, in that order."""
    start = 0
    for piece in LEFT_OUT.split(quote):
        found = text.find(piece, start)
        assert found >= 0, f"this is quoted, but not there or in another order:\n{piece}"
        start = found + len(piece)


@pytest.mark.parametrize("heading", [heading for heading in STEPS if path_of(heading)])
def test_what_the_readme_quotes_stands_in_the_file(heading: str) -> None:
    path = path_of(heading)
    assert path is not None
    text = (EXAMPLE / path).read_text(encoding="utf-8")
    quotes = blocks(STEPS[heading], "python", "toml", "yaml")
    assert quotes or path.endswith(".json")
    for quote in quotes:
        assert_quoted(quote, text)


def test_every_file_of_the_example_has_its_step() -> None:
    files = {path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*") if path.is_file()}
    kept = {path for path in files if "cache" not in path and not path.endswith(("__init__.py", "py.typed"))}
    assert kept == set(filter(None, map(path_of, STEPS)))


def test_the_readme_shows_what_is_printed_about_the_example(site: Site) -> None:
    (quote,) = blocks(STEPS["What an admin sets: `src/velma_sync_cardfile/options.py`"], "console")
    assert_quoted(quote, site.velma_sync("connectors", "cardfile").stdout)


def test_the_readme_shows_what_the_kit_says_of_a_mistake(site: Site, tmp_path: Path) -> None:
    (quote,) = blocks(STEPS["When something is wrong"], "console")
    copy = tmp_path / "example"
    shutil.copytree(EXAMPLE, copy)
    client = copy / "src/velma_sync_cardfile/client.py"
    door = "except sqlite3.DatabaseError as error:"
    assert door in client.read_text()
    client.write_text(client.read_text().replace(door, "except ZeroDivisionError as error:"))
    done = site.kit(copy, "--tb=line", "-k", "raises_its_verdict", ahead=copy / "src")
    assert done.returncode == 1, done.stdout
    assert_quoted(quote, done.stdout)
