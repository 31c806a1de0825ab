"""Writes planned files: all of them or none, and never over something else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from velma_connectors.errors import ConfigError, Problem
from velma_sync.setup.files import PlannedFile

PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700
ORDINARY_FILE = 0o666
ORDINARY_DIRECTORY = 0o777


def refuse_existing(paths: Sequence[Path]) -> None:
    """Raises ConfigError naming every path at which there is something already."""
    problems = [
        Problem(
            str(path), "is there already and is never overwritten.", "Move it away, or name another folder."
        )
        for path in paths
        if os.path.lexists(path)
    ]
    if problems:
        raise ConfigError(problems)


def write_files(files: Sequence[PlannedFile]) -> None:
    """Write all under other names first, then give each its own, in order.

    Whatever keeps one from being written, Ctrl-C included, takes back those before it. Raises ConfigError.
    """
    refuse_existing([each.path for each in files if each.replaces is None])
    with ExitStack() as undo:
        try:
            for each in files:
                _make_directory(each.path.parent, undo, private=each.is_secret)
            partial = [_write_aside(each, undo) for each in files]
            for each, aside in zip(files, partial, strict=True):
                _put_in_place(each, aside, undo)
        except OSError as error:
            where = str(error.filename or files[-1].path)
            reason = error.strerror or type(error).__name__
            message = f"cannot be written: {reason}. Nothing was written."
            raise ConfigError([Problem(where, message)]) from error
        undo.pop_all()


def _make_directory(directory: Path, undo: ExitStack, *, private: bool) -> None:
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(PRIVATE_DIRECTORY if private and each == directory else ORDINARY_DIRECTORY)
        undo.callback(each.rmdir)


def _write_aside(file: PlannedFile, undo: ExitStack) -> Path:
    """The content under another name in the same directory."""
    handle, name = tempfile.mkstemp(prefix=f".{file.path.name}.", suffix=".partial", dir=file.path.parent)
    aside = Path(name)
    undo.callback(aside.unlink, missing_ok=True)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(file.text)
        stream.flush()
        os.fsync(stream.fileno())
    aside.chmod(_mode(file))
    return aside


def _put_in_place(file: PlannedFile, aside: Path, undo: ExitStack) -> None:
    """Give the content its name, which is reserved first so that nobody else's file is replaced."""
    if file.replaces is None:
        try:
            file.path.open("x").close()
        except FileExistsError:
            refuse_existing([file.path])
        undo.callback(file.path.unlink, missing_ok=True)
    else:
        before = file.replaces.encode("utf-8")
        if file.path.read_bytes() != before:
            message = "was changed meanwhile. Nothing was written."
            raise ConfigError([Problem(str(file.path), message, "Repeat the command.")])
        undo.callback(file.path.write_bytes, before)
    aside.replace(file.path)


def _mode(file: PlannedFile) -> int:
    """Of a replaced file its own; else what the user's umask allows."""
    if file.is_secret:
        return PRIVATE_FILE
    if file.replaces is not None:
        return file.path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return ORDINARY_FILE & ~mask
