"""Audio: whole, or an honest no."""

from __future__ import annotations

import random

import pytest

from velma_connectors.errors import RetryLater, SkipCall
from velma_connectors.model import Call, RecordingSource
from velma_connectors.testing.contract.driving import call_of, require, verdict_of
from velma_connectors.testing.rig import Ability, FaultKind, Rig

AUDIO = b"OggS" + random.Random(7).randbytes(3 * 1024 * 1024)  # noqa: S311 - bytes in no order


def read_recording(rig: Rig, call: Call, piece: int = -1) -> bytes:
    """All that the stream of a call's recording gives, read in pieces of at most that size."""
    parts = []
    with rig.connector.open_recording(call) as stream:
        while part := stream.read(piece):
            parts.append(part)
            if piece < 0:
                break
    return b"".join(parts)


def require_hosting(rig: Rig) -> None:
    if not rig.connector.capabilities.hosted_recordings:
        pytest.skip("this CRM holds no recordings")


class RecordingContract:
    """`open_recording` and `Call.recording`."""

    @pytest.mark.parametrize("piece", [-1, 65_536])
    def test_audio_of_several_megabytes_comes_whole(self, rig: Rig, piece: int) -> None:
        require_hosting(rig)
        call = call_of(rig, rig.add_call(audio=AUDIO))
        assert call.recording is not None
        assert call.recording.source is RecordingSource.CRM
        assert call.recording.size in (None, len(AUDIO))
        assert read_recording(rig, call, piece) == AUDIO

    def test_a_call_without_audio_has_no_recording(self, rig: Rig) -> None:
        assert call_of(rig, rig.add_call()).recording is None

    def test_opening_a_recording_that_is_not_there_skips_the_call(self, rig: Rig) -> None:
        require_hosting(rig)
        call = call_of(rig, rig.add_call())
        verdict = verdict_of(rig, "open_recording", lambda: read_recording(rig, call))
        assert isinstance(verdict, SkipCall), f"a call without audio gave {verdict!r}"
        assert verdict.code

    def test_audio_that_is_gone_is_never_taken_for_silence(self, rig: Rig) -> None:
        require_hosting(rig)
        require(rig, Ability.REMOVE_RECORDING)
        record = rig.add_call(audio=AUDIO)
        call = call_of(rig, record)
        rig.remove_recording(record)
        verdict = verdict_of(rig, "open_recording", lambda: read_recording(rig, call))
        # Some CRMs answer alike for audio that is gone and audio that is late.
        assert isinstance(verdict, SkipCall | RetryLater), f"audio that is gone gave {verdict!r}"

    def test_half_of_the_audio_is_never_taken_for_all_of_it(self, rig: Rig) -> None:
        require_hosting(rig)
        require(rig, FaultKind.TRUNCATED)
        call = call_of(rig, rig.add_call(audio=AUDIO))
        with rig.fault(FaultKind.TRUNCATED):
            verdict = verdict_of(rig, "open_recording", lambda: read_recording(rig, call))
        assert isinstance(verdict, RetryLater), f"half of the audio gave {verdict!r}"
        assert read_recording(rig, call) == AUDIO
