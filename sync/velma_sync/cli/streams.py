"""The doors through which every command prints, and what stands in for a standard stream that is closed.

Printing ends no command: what a closed pipe or a full disk does not take goes nowhere, and the work goes on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO, cast

from velma_sync.visible import encodable, visible

_NOWHERE = Path(os.devnull)


class Door:
    """A standard stream that never fails. Nobody else's text steers the terminal behind it."""

    errors = "strict"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self.failure: OSError | None = None
        """Why the stream took no more; everything since then went nowhere."""

    def write(self, text: str) -> int:
        self.write_exactly(visible(text))
        return len(text)

    def write_exactly(self, text: str) -> None:
        """For what steers the terminal itself, or is no text to look at."""
        with self._unfailing():
            self._stream.write(encodable(text, self.encoding))

    def flush(self) -> None:
        with self._unfailing():
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @contextmanager
    def _unfailing(self) -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            self.failure = self.failure or failure
            # What is still in its buffer would fail once more, at the latest when Python ends.
            with suppress(OSError), _NOWHERE.open("w") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())


class ExactDoor:
    """The same door for those who draw: they take care of their texts themselves."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.encoding, self.errors = door.encoding, door.errors
        self.flush, self.isatty, self.fileno = door.flush, door.isatty, door.fileno

    def write(self, text: str) -> int:
        self._door.write_exactly(text)
        return len(text)


def exact(stream: TextIO) -> TextIO:
    """A standard stream of now, for drawing and for patches."""
    return cast(TextIO, ExactDoor(stream)) if isinstance(stream, Door) else stream


@contextmanager
def standard_streams() -> Iterator[Door]:
    """Doors in place of stdout and stderr; the first is given. A closed stream leads nowhere."""
    before = sys.stdin, sys.stdout, sys.stderr
    with ExitStack() as opened:
        # In this order: each takes the number that belongs to it, so that no file of ours gets it.
        sys.stdin = before[0] or opened.enter_context(_NOWHERE.open())
        stdout = Door(before[1] or opened.enter_context(_NOWHERE.open("w")))
        stderr = Door(before[2] or opened.enter_context(_NOWHERE.open("w")))
        sys.stdout, sys.stderr = cast(TextIO, stdout), cast(TextIO, stderr)
        try:
            yield stdout
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
