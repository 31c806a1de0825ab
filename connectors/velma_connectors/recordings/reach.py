"""Whether a recording could be fetched: its first bytes, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from velma_connectors.http import Answer, Deadline, Resolve, resolve_name
from velma_connectors.model import Recording
from velma_connectors.recordings.audio import HEAD_BYTES, identify
from velma_connectors.recordings.following import LinkFollower
from velma_connectors.recordings.options import RecordingSourceOptions

REACH_SECONDS = 30.0


class RecordingReach:
    """Asks the hosts of recordings as a download would, by the same list and with the same logins."""

    def __init__(self, sources: Sequence[RecordingSourceOptions], *, resolve: Resolve = resolve_name) -> None:
        self._links = LinkFollower(sources, idle_seconds=REACH_SECONDS, resolve=resolve)

    def check(self, recording: Recording) -> None:
        """Return when the link leads to audio. Raises RetryLater and SkipCall as a download would."""
        deadline = Deadline(REACH_SECONDS)
        with self._links.follow(recording.locator, deadline, first_bytes=HEAD_BYTES) as reached:
            identify(_head(reached.answer))


def _head(answer: Answer) -> bytes:
    head = bytearray()
    for piece in answer.pieces():
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    return bytes(head[:HEAD_BYTES])
