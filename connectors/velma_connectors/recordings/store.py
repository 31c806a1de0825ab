"""The directory in which audio lies while it is needed, and not a moment longer."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from velma_connectors.errors import ConfigError, Problem, RetryLater

PREFIX = "velma-sync-"
SUFFIX = ".audio"
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_DISK_FULL_SECONDS = 300.0


class AudioStore:
    """Hands out temporary files that only this user can read.

    A file in use is locked by the process that made it, so that a sweep after a crash, also by another
    process on the same directory, removes exactly the files nobody holds any more.
    """

    def __init__(self, directory: Path) -> None:
        """Creates the directory. Raises ConfigError when it cannot, or when others may read it."""
        self._directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            reason = f"cannot be made a directory of recordings ({error.strerror})."
            raise ConfigError([Problem(str(directory), reason)]) from error
        if directory.stat().st_mode & 0o077:
            problem = Problem(
                str(directory), "other users can read this directory of recordings.", "Run: chmod 700 on it."
            )
            raise ConfigError([problem])

    @contextmanager
    def file(self) -> Iterator[tuple[Path, BinaryIO]]:
        """An empty file of mode 0600, open for writing; removed at the end, whatever happens.

        Raises RetryLater when the disk is full.
        """
        path, descriptor = self._create()
        stream = os.fdopen(descriptor, "wb")
        try:
            yield path, stream
        finally:
            path.unlink(missing_ok=True)
            # Closing writes what a full disk did not take before; nobody needs it any more.
            with suppress(OSError):
                stream.close()

    def sweep(self) -> int:
        """Remove what crashed processes left behind, and say how many files that were."""
        return sum(_remove_if_abandoned(path) for path in self._directory.glob(f"{PREFIX}*{SUFFIX}"))

    def _create(self) -> tuple[Path, int]:
        while True:
            with room_on_disk():
                descriptor, name = tempfile.mkstemp(SUFFIX, PREFIX, self._directory)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # A sweep may have come between the two lines above; then the name is gone already.
            if Path(name).exists():
                return Path(name), descriptor
            os.close(descriptor)


@contextmanager
def room_on_disk() -> Iterator[None]:
    """Raises RetryLater where the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        raise RetryLater(
            "The disk that holds recordings is full. Free some space or move the directory.",
            after=_DISK_FULL_SECONDS,
            counts=False,
        ) from error


def _remove_if_abandoned(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return True
        return False
    finally:
        os.close(descriptor)
