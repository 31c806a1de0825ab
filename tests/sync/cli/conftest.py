from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from velma_connectors.registry import load_kind
from velma_connectors.sandbox.rehearsal import Addresses, Rehearsal
from velma_connectors.velma.playbook import shipped_text
from velma_sync.cli.main import cli
from velma_sync.cli.outcome import exit_with_outcome

GOLDEN = Path(__file__).parent / "golden"

CONFIGURATION = """\
# The sandbox's own org, Velma and recordings.
version: 1
connections:
  demo:
    kind: salesforce
    mapping: mapping.yaml
    start_at: {start_at}
    options:
      login_url: {salesforce_url}
      consumer_key: {client_key}
      recording_fields: [Call_Recording_URL__c]
recordings:
  sources:
    - name: sandbox
      hosts: [127.0.0.1]
      ports: [{recordings_port}]
analysis:
  file: analysis.yaml
  velma:
    base_url: {velma_url}
limits:
  max_in_flight: 4
ledger:
  path: ledger.db
secrets_directory: secrets
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What somebody at a terminal gets from a command."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """Commands configure the process's log."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def velma_sync(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs one command line, with `typed` on its standard input."""

    def run(*arguments: str, typed: str = "") -> Outcome:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        structlog.reset_defaults()
        capsys.readouterr()
        code = exit_with_outcome(
            lambda: cli.main(list(arguments), prog_name="velma-sync", standalone_mode=False)
        )
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    """A fresh sandbox with sample calls; the working directory holds a configuration for it."""
    monkeypatch.chdir(tmp_path)
    with Rehearsal(tmp_path / "sandbox") as rehearsal:
        configure(tmp_path, rehearsal.addresses)
        yield rehearsal


def configure(directory: Path, addresses: Addresses) -> None:
    """A configuration for the sandbox's org alone, with the files and secrets that it needs."""
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "velma_sync_velma_api_key").write_text(addresses.api_key)
    (secrets / "velma_sync_demo_consumer_secret").write_text(addresses.client_secret)
    (directory / "mapping.yaml").write_text(load_kind("salesforce").default_mapping())
    (directory / "analysis.yaml").write_text(shipped_text())
    text = CONFIGURATION.format(
        start_at=(datetime.now(UTC) - timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        recordings_port=addresses.recordings_url.rpartition(":")[2],
        **asdict(addresses),
    )
    (directory / "velma-sync.yaml").write_text(text)


@pytest.fixture
def golden() -> Callable[[str], str]:
    """The agreed text of an output, by file name."""
    return lambda name: (GOLDEN / name).read_text(encoding="utf-8")


@pytest.fixture
def edit() -> Callable[[str, str, str], None]:
    """Changes a file as an admin would: path, old text (which must be there), new text."""

    def change(path: str, old: str, new: str) -> None:
        text = Path(path).read_text(encoding="utf-8")
        assert old in text, f"{path} does not hold {old!r}"
        Path(path).write_text(text.replace(old, new), encoding="utf-8")

    return change
