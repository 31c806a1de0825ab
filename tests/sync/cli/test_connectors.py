"""What `connectors` tells of installed kinds, from package metadata that the test lays out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import EntryPoints, distributions
from pathlib import Path
from typing import Any

import pytest

from velma_connectors import registry
from velma_connectors.grades import KIT_VERSION, Against, ContractReport
from velma_sync.cli.outcome import ExitCode
from velma_sync.ledger import connections
from velma_sync.ledger.database import open_ledger

Command = Callable[..., Any]
Golden = Callable[[str], str]
Install = Callable[..., None]

OPTIONS = """
from enum import StrEnum

from pydantic import BaseModel, Field, SecretStr

from velma_connectors.registry import ConnectorKind


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"


class Lock(BaseModel):
    number: int = Field(title="Number", description="Stands on the lock.")
    code: SecretStr | None = Field(default=None, title="Code", description="What opens it.")


class Options(BaseModel):
    '''One chest of drawers.'''

    place: str = Field(title="Place", description="Where it stands.", examples=["hall", "attic"])
    key: SecretStr = Field(title="Key", description="Goes with the chest.")
    drawers: tuple[str, ...] = Field(default=("top", "middle"), description="Drawers to look into.")
    side: Side = Field(default=Side.LEFT, description="Where it opens.")
    lock: Lock | None = Field(default=None, description="A lock on top of it.")


def open_it(connection, options):
    raise NotImplementedError


def default_mapping():
    return MAPPING


MAPPING = "version: 1\\nrules: []\\n"
KIND = ConnectorKind("NAME", "Chest of drawers", Options, open_it, default_mapping)
"""

CONFIGURATION = """version: 1
connections:
  hall: {kind: drawer, mapping: mapping.yaml}
  attic: {kind: drawer, mapping: mapping.yaml}
  cellar: {kind: drawer, mapping: mapping.yaml}
  shop: {kind: till, mapping: mapping.yaml}
analysis: {file: analysis.yaml}
ledger: {path: ledger.db}
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package with one kind on an otherwise empty shelf. The working directory is empty too."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.syspath_prepend(shelf)
    monkeypatch.chdir(tmp_path)

    def on_the_shelf(**wanted: Any) -> EntryPoints:
        found = [entry for each in distributions(path=[str(shelf)]) for entry in each.entry_points]
        return EntryPoints(found).select(**wanted)

    monkeypatch.setattr(registry, "entry_points", on_the_shelf)

    def put(name: str = "drawer", source: str = OPTIONS, report: ContractReport | None = None) -> None:
        package = shelf / f"velma_sync_{name}"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "options.py").write_text(source.replace("NAME", name))
        if report is not None:
            (package / "contract.json").write_text(report.to_json())
        metadata = shelf / f"velma_sync_{name}-1.2.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: velma-sync-{name}\nVersion: 1.2\n")
        (metadata / "entry_points.txt").write_text(
            f"[{registry.GROUP}]\n{name} = velma_sync_{name}.options:KIND\n"
        )

    before = set(sys.modules)
    yield put
    for module in set(sys.modules) - before:
        if module.startswith("velma_sync_"):
            del sys.modules[module]


def proven(kind: str) -> ContractReport:
    return ContractReport(
        kind, KIT_VERSION, Against.EMULATOR, f"velma-sync-{kind}", "1.2", ("a call is a call",), {}, ()
    )


@pytest.fixture
def configured(install: Install) -> None:
    """Three connections of one kind, one of them paused and one never opened; and one of no known kind."""
    Path("velma-sync.yaml").write_text(CONFIGURATION)
    with closing(open_ledger(Path("ledger.db"))) as ledger, ledger.write() as tx:
        for name in ("hall", "attic"):
            connections.ensure(tx, name, None)
        connections.pause(tx, "attic", "The key is refused; ask for a new one.", probe_after=None)


def listed(velma_sync: Command, *arguments: str) -> dict[str, Any]:
    return {row["kind"]: row for row in json.loads(velma_sync("connectors", "--json", *arguments).out)}


def test_kinds_and_the_connections_that_use_them_are_listed_as_agreed(
    install: Install, configured: None, velma_sync: Command, golden: Golden
) -> None:
    install(report=proven("drawer"))
    install("chest", "import no_such_library\n")
    outcome = velma_sync("connectors")
    assert outcome.out == golden("connectors.txt")
    assert (outcome.code, outcome.err) == (ExitCode.REFUSED, "")


def test_the_options_of_one_kind_are_told_as_agreed(
    install: Install, configured: None, velma_sync: Command, golden: Golden
) -> None:
    install(report=proven("drawer"))
    outcome = velma_sync("connectors", "drawer")
    assert outcome.out == golden("connectors_drawer.txt")
    assert outcome.code == ExitCode.FINE


def test_without_a_configuration_the_kinds_are_told_alone(install: Install, velma_sync: Command) -> None:
    install(report=proven("drawer"))
    outcome = velma_sync("connectors")
    assert outcome.out.splitlines()[1:] == ["drawer  Chest of drawers  velma-sync-drawer 1.2  bronze  ready"]
    assert outcome.code == ExitCode.FINE
    assert list(Path.cwd().iterdir()) == [Path.cwd() / "shelf"], "looking made a file"


def test_a_secret_of_a_connection_still_to_be_named_shows_where_its_name_belongs(
    install: Install, velma_sync: Command
) -> None:
    install()
    outcome = velma_sync("connectors", "drawer", "--json")
    options = {option["name"]: option for option in json.loads(outcome.out)["options"]}
    assert list(options) == ["place", "key", "drawers", "side", "lock", "lock.number", "lock.code"]
    assert options["key"]["secret"] == [
        {
            "connection": "<connection>",
            "variable": "VELMA_SYNC_<CONNECTION>_KEY",
            "file": "velma_sync_<connection>_key",
        }
    ]
    assert options["drawers"] == {
        "name": "drawers",
        "title": "",
        "description": "Drawers to look into.",
        "required": False,
        "default": ["top", "middle"],
        "examples": [],
        "secret": [],
    }
    assert options["lock.code"]["secret"][0]["variable"] == "VELMA_SYNC_<CONNECTION>_CODE"
    assert outcome.code == ExitCode.FINE


def test_where_a_secret_is_read_from_is_where_the_configuration_looks(
    install: Install, velma_sync: Command
) -> None:
    from velma_connectors.registry import load_kind
    from velma_sync.config.parts import connection_parts, load_kinds, secrets_of
    from velma_sync.config.yaml_file import read_yaml

    install()
    Path("velma-sync.yaml").write_text(CONFIGURATION)
    outcome = velma_sync("connectors", "drawer", "--json")
    told = [
        source["variable"] for option in json.loads(outcome.out)["options"] for source in option["secret"]
    ]
    file = read_yaml(Path("velma-sync.yaml"))
    kinds = load_kinds(file)[0]
    assert set(kinds.values()) == {load_kind("drawer")}
    read = [option.variable for option in secrets_of(file, list(connection_parts(kinds)))]
    assert sorted(told) == sorted(read)
    assert len(read) == 6


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ("version: 1\\nrules: {", "mapping.yaml:2:9: is not valid YAML: "),
        ("rules: []", "mapping.yaml:1:1: 'version' is missing."),
        (
            "version: 1\\nrules:\\n  - {value: mood, on: call, field: mood}",
            "mapping.yaml:3:13: 'value' names no known value: 'mood'",
        ),
    ],
)
def test_a_default_mapping_that_cannot_be_read_is_told_with_its_place(
    install: Install, velma_sync: Command, mapping: str, reason: str
) -> None:
    install(source=OPTIONS.replace("version: 1\\nrules: []\\n", mapping))
    install("chest")
    rows = listed(velma_sync)
    assert rows["drawer"]["state"] == "broken"
    assert rows["drawer"]["reason"].startswith(f"has a default mapping that cannot be read: {reason}")
    assert rows["chest"]["state"] == "ready"
    assert velma_sync("connectors").code == ExitCode.ATTENTION


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("return MAPPING", "return None", "has a default mapping that is no text."),
        (
            "return MAPPING",
            "raise FileNotFoundError(2, 'x')",
            "cannot tell its options and its mapping: FileNotFoundError.",
        ),
        (
            "default=Side.LEFT",
            "default_factory=lambda: 1 / 0",
            "cannot tell its options and its mapping: ZeroDivisionError.",
        ),
        (
            "lock: Lock | None",
            "lock: __import__('typing').Callable[[], int] | None",
            "cannot tell its options and its mapping: PydanticInvalidForJsonSchema.",
        ),
    ],
)
def test_a_kind_that_fails_when_it_is_asked_is_told(
    install: Install, velma_sync: Command, old: str, new: str, reason: str
) -> None:
    install(source=OPTIONS.replace(old, new))
    install("chest")
    rows = listed(velma_sync)
    assert (rows["drawer"]["state"], rows["drawer"]["reason"]) == ("broken", reason)
    assert rows["chest"]["state"] == "ready"


def test_a_kind_that_nobody_brings_but_a_connection_asks_for_is_told(
    install: Install, configured: None, velma_sync: Command
) -> None:
    install()
    row = listed(velma_sync)["till"]
    assert (row["state"], row["distribution"]) == ("broken", None)
    assert row["reason"] == "is asked for by a connection, but not installed."
    assert row["uses"] == [{"connection": "shop", "state": "new", "reason": ""}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("till",), "connector 'till': is not installed. Installed: chest, drawer.\n"),
        (
            ("chest",),
            "connector 'chest': could not be loaded: "
            "ModuleNotFoundError: No module named 'no_such_library'.\n",
        ),
        (
            ("--config", "nowhere.yaml"),
            "nowhere.yaml: cannot be read: No such file or directory. "
            "Correct the path, or let this user read the file.\n",
        ),
    ],
)
def test_what_cannot_be_told_is_explained_and_is_code_2(
    install: Install, velma_sync: Command, arguments: tuple[str, ...], message: str
) -> None:
    install()
    install("chest", "import no_such_library\n")
    outcome = velma_sync("connectors", *arguments)
    assert (outcome.code, outcome.out, outcome.err) == (ExitCode.CONFIGURATION, "", message)


def test_the_shipped_kinds_explain_every_option(velma_sync: Command, tmp_path: Path) -> None:
    for name in ("hubspot", "salesforce"):
        guide = json.loads(velma_sync("connectors", name, "--json").out)
        assert guide["about"]
        for option in guide["options"]:
            assert option["title"], f"{name}: {option['name']} lacks a title"
            assert option["description"], f"{name}: {option['name']} lacks a description"
