"""What provisioning would create, as files for a team's own way of deploying."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from velma_connectors.administration import ExportedFile
from velma_connectors.errors import ConfigError, Problem
from velma_mappings.fields import wanted_fields

if TYPE_CHECKING:
    from velma_sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: paths in the directory, by connection. `without` are connections that write none."""

    directory: Path
    files: Mapping[str, tuple[str, ...]]
    without: tuple[str, ...]


def export_fields(workspace: Workspace, directory: Path) -> Export:
    """Write one directory per connection, all or nothing; asks no CRM.

    Raises ConfigError unless the directory is new or empty and can be written.
    """
    _refuse_filled(directory)
    exported: dict[str, list[ExportedFile]] = {}
    without = []
    for connection in workspace.configuration.connections:
        administration = workspace.administration(connection.name)
        if administration is None:
            without.append(connection.name)
        else:
            exported[connection.name] = administration.export_fields(wanted_fields(connection.mapping))
    texts = {
        f"{connection}/{file.path}": file.text for connection, files in exported.items() for file in files
    }
    if texts:
        _write(directory, texts)
    paths = {
        connection: tuple(f"{connection}/{file.path}" for file in files)
        for connection, files in exported.items()
    }
    return Export(directory, paths, tuple(without))


def _refuse_filled(directory: Path) -> None:
    try:
        filled = directory.exists() and any(directory.iterdir())
    except OSError as error:
        raise ConfigError([_problem(directory, error)]) from error
    if filled:
        remedy = "Name a new or an empty directory."
        raise ConfigError([Problem(str(directory), "holds files, and none is overwritten.", remedy)])


def _write(directory: Path, texts: Mapping[str, str]) -> None:
    """Everything goes to a place of its own inside first; what fails on the way is undone."""
    with ExitStack() as undo:
        try:
            if not directory.exists():
                directory.mkdir()
                undo.callback(directory.rmdir)
            staging = Path(tempfile.mkdtemp(prefix=".velma-sync-", dir=directory))
            undo.callback(shutil.rmtree, staging)
            for path, text in texts.items():
                _write_one(staging, path, text)
            for part in sorted(staging.iterdir()):
                part.rename(directory / part.name)
                undo.callback(shutil.rmtree, directory / part.name)
        except OSError as error:
            raise ConfigError([_problem(directory, error)]) from error
        undo.pop_all()
    staging.rmdir()


def _write_one(root: Path, path: str, text: str) -> None:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"an exported file would lie outside of its directory: {path}")
    target = root / parts
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _problem(directory: Path, error: OSError) -> Problem:
    return Problem(str(directory), f"cannot be written: {error.strerror}.", "Name another directory.")
