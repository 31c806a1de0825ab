"""Paths that this user may not enter: told in a sentence by every command that needs them."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from velma_sync.access import REMEDY
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]

CONFIGURATION = """\
version: 1
connections:
  sales:
    kind: hubspot
    mapping: mapping.yaml
analysis:
  file: analysis.yaml
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def closed(here: Path) -> Iterator[Path]:
    """A directory that nobody may enter; it holds a ledger and secrets."""
    directory = here / "closed"
    (directory / "secrets").mkdir(parents=True)
    (directory / "ledger.db").touch()
    directory.chmod(0)
    try:
        if os.access(directory, os.X_OK):
            pytest.skip("this user may enter every directory")
        yield directory
    finally:
        directory.chmod(0o700)


def enters_not(directory: Path, path: Path) -> str:
    name = pwd.getpwuid(os.geteuid()).pw_name
    return f"{path}: the user {name} may not enter {directory}. {REMEDY}\n"


@pytest.mark.parametrize(
    "command", [("status",), ("calls", "list"), ("retry", "sales:call:1"), ("connectors",)]
)
def test_a_ledger_that_cannot_be_entered_is_told(
    velma_sync: Command, here: Path, closed: Path, command: tuple[str, ...]
) -> None:
    (here / "velma-sync.yaml").write_text(CONFIGURATION + "ledger: {path: closed/ledger.db}\n")
    outcome = velma_sync(*command)
    assert outcome.err == enters_not(closed, closed / "ledger.db")
    assert outcome.code == ExitCode.CONFIGURATION


def test_a_configuration_that_cannot_be_entered_is_told(velma_sync: Command, closed: Path) -> None:
    outcome = velma_sync("status", "--config", str(closed / "velma-sync.yaml"))
    assert outcome.err == enters_not(closed, closed / "velma-sync.yaml")


def test_secrets_that_cannot_be_entered_are_told_and_not_called_missing(
    velma_sync: Command, here: Path, closed: Path
) -> None:
    (here / "velma-sync.yaml").write_text(CONFIGURATION + "secrets_directory: closed\n")
    outcome = velma_sync("doctor")
    assert outcome.code == ExitCode.CONFIGURATION
    assert "may not open it" in outcome.out
    assert "is missing" not in outcome.out + outcome.err


def test_init_tells_of_secrets_that_cannot_be_entered(velma_sync: Command, closed: Path) -> None:
    secrets = closed / "secrets"
    outcome = velma_sync(
        "init", "--kind", "hubspot", "--name", "sales", "--offline", "--secrets-directory", str(secrets)
    )
    assert enters_not(closed, secrets) in outcome.err
    assert outcome.code == ExitCode.CONFIGURATION
