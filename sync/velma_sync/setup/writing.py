"""Writes planned files: all of them or none, and never over something else."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from velma_connectors.errors import ConfigError, Problem
from velma_sync.replacing import keep_ownership
from velma_sync.setup.files import PlannedFile

PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700
ORDINARY_FILE = 0o666
ORDINARY_DIRECTORY = 0o777
HELD_BACK = (signal.SIGTERM, signal.SIGHUP)


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


def write_files(files: Sequence[PlannedFile], secrets_directory: Path | None = None) -> None:
    """Write all under other names first, then give each its own, in order.

    `secrets_directory` is made as well, also when no secret is among the files. Whatever keeps one from being
    written, Ctrl-C included, takes back those before it; other signals wait. Raises ConfigError.
    """
    refuse_existing([each.path for each in files if each.replaces is None])
    # What undoes a step is registered before the step: an interruption may come right after it.
    with _held_back(), ExitStack() as directories, ExitStack() as asides, ExitStack() as names:
        try:
            if secrets_directory is not None:
                _make_directory(secrets_directory, directories, private=True)
            for each in files:
                _make_directory(each.path.parent, directories, private=each.is_secret)
            written = [_write_aside(each, asides) for each in files]
            for each, aside in zip(files, written, strict=True):
                _put_in_place(each, aside, names)
        except OSError as error:
            where = str(error.filename or files[-1].path)
            reason = error.strerror or type(error).__name__
            message = f"cannot be written: {reason}. Nothing was written."
            raise ConfigError([Problem(where, message)]) from error
        names.pop_all()
        directories.pop_all()


@contextmanager
def _held_back() -> Iterator[None]:
    """What would end the process at once does so when all is written, or all is taken back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before = {each: signal.signal(each, lambda number, _: arrived.append(number)) for each in HELD_BACK}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in arrived:
            signal.raise_signal(number)


def _make_directory(directory: Path, undo: ExitStack, *, private: bool) -> None:
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        undo.callback(_remove_directory, each)
        each.mkdir(PRIVATE_DIRECTORY if private and each == directory else ORDINARY_DIRECTORY)


def _remove_directory(directory: Path) -> None:
    if directory.exists():
        directory.rmdir()


def _write_aside(file: PlannedFile, asides: ExitStack) -> Path:
    """The content under another name in the same directory, until the end."""
    target = _target(file)
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    asides.callback(_remove_aside, aside)
    mode = _mode(file)
    # Nobody else may read a secret even before its file has its name.
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(file.text.encode("utf-8"))
        stream.flush()
        os.fsync(stream.fileno())
    if file.replaces is not None:
        keep_ownership(aside, target)
    return aside


def _target(file: PlannedFile) -> Path:
    """The file itself: a link that is there stays one, and what it leads to is replaced."""
    return file.path if file.replaces is None else file.path.resolve()


def _remove_aside(aside: Path) -> None:
    if os.path.lexists(aside):
        aside.unlink()


def _put_in_place(file: PlannedFile, aside: Path, undo: ExitStack) -> None:
    """Give the content its name. A second link, unlike a rename, never takes a name that is in use."""
    if file.replaces is None:
        undo.callback(_remove_link, file.path, aside)
        try:
            os.link(aside, file.path)
        except FileExistsError:
            refuse_existing([file.path])
        return
    before = file.replaces.encode("utf-8")
    target = _target(file)
    if target.read_bytes() != before:
        message = "was changed meanwhile. Nothing was written."
        raise ConfigError([Problem(str(file.path), message, "Repeat the command.")])
    undo.callback(target.write_bytes, before)
    aside.replace(target)


def _remove_link(path: Path, aside: Path) -> None:
    """Only if it is ours: somebody else's file of that name is what may have stopped us."""
    if path.exists() and path.samefile(aside):
        path.unlink()


def _mode(file: PlannedFile) -> int:
    """Of a replaced file its own; of others what the user's umask leaves of it."""
    if file.is_secret:
        return PRIVATE_FILE
    return ORDINARY_FILE if file.replaces is None else file.path.stat().st_mode & 0o777
