from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
import structlog

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.main import cli
from velma_sync.cli.outcome import exit_with_outcome
from velma_sync.demo.folder import write_files

GOLDEN = Path(__file__).parent / "golden"


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


@pytest.fixture(autouse=True)
def no_configuration_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VELMA_SYNC_CONFIG", "VELMA_SYNC_SECRETS_DIR", "VELMA_SYNC_VELMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


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
        write_files(tmp_path, asdict(rehearsal.addresses))
        yield rehearsal


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
