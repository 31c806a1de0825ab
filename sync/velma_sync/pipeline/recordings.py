"""How the engine reaches audio, wherever it lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, Protocol

from velma_connectors.errors import SkipCall
from velma_connectors.model import Call, Recording, RecordingSource
from velma_connectors.protocol import Audio, CrmConnector


class Recordings(Protocol):
    """Brings audio to the local disk; it stays there until the block ends.

    Both raise RetryLater and SkipCall; a download that takes longer than `deadline_seconds` is given up.
    """

    def fetch(self, recording: Recording, *, deadline_seconds: float) -> AbstractContextManager[Audio]:
        """Audio behind a link."""
        ...

    def save(
        self, stream: BinaryIO, recording: Recording, *, deadline_seconds: float | None = None
    ) -> AbstractContextManager[Audio]:
        """Audio that the CRM hosts, read from its stream."""
        ...


@contextmanager
def audio_of(
    call: Call, connector: CrmConnector, recordings: Recordings, *, deadline_seconds: float
) -> Iterator[Audio]:
    """The call's audio on the local disk. Raises the verdicts of the connector and of `Recordings`."""
    recording = call.recording
    if recording is None:
        raise SkipCall(f"{call.ref} has no recording.", code="no_recording", report=False)
    if recording.source is RecordingSource.URL:
        with recordings.fetch(recording, deadline_seconds=deadline_seconds) as audio:
            yield audio
        return
    with (
        connector.open_recording(call) as stream,
        recordings.save(stream, recording, deadline_seconds=deadline_seconds) as audio,
    ):
        yield audio
