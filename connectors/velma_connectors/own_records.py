"""Records of our own in a live account: removed again, or named, however the work with them ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from velma_connectors.errors import StopConnection

INTERRUPTIONS = (KeyboardInterrupt, SystemExit)


@contextmanager
def named_if_interrupted(sentence: str) -> Iterator[None]:
    """Whoever interrupts the block is told this sentence, as a note of the exception."""
    try:
        yield
    except INTERRUPTIONS as interruption:
        interruption.add_note(sentence)
        raise


@contextmanager
def removed_again(remove: Callable[[], None]) -> Iterator[None]:
    """Remove a record after the block. `remove` raises StopConnection, naming it, when it has to stay.

    An interruption of the block stays one and carries that sentence as a note.
    """
    try:
        yield
    except INTERRUPTIONS as interruption:
        try:
            remove()
        except StopConnection as left:
            interruption.add_note(str(left))
        raise
    except BaseException:
        remove()
        raise
    remove()
