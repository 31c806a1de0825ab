"""Finds what is said in an upload: by the hash of its bytes, or, for audio nobody knows, made up."""

from __future__ import annotations

from collections.abc import Mapping

from velma_connectors.sandbox.recordings.copies import COPY_COMMENT
from velma_connectors.sandbox.samples.dialogue import Dialogue, Line, Span, Speaker, Spoken, Topic
from velma_connectors.sandbox.velma.duration import audio_ms
from velma_connectors.sandbox.velma.upload import Upload

MADE_UP = "Made up by the sandbox: this recording is none of its samples, so nothing here was heard in it."

_LINES = (
    Line(by="a", says="This sentence was made up by the sandbox."),
    Line(by="b", says="So was this one; the recording is none of the samples."),
)


def find(upload: Upload, known: Mapping[str, Spoken]) -> Spoken:
    """What `known`, by SHA-256, holds for this upload or its original; otherwise an invention."""
    return known.get(upload.sha256) or known.get(_original(upload)) or _made_up(upload)


def _original(upload: Upload) -> str:
    start = upload.head.find(COPY_COMMENT)
    if start < 0:
        return ""
    start += len(COPY_COMMENT)
    return upload.head[start : start + 64].decode("ascii", "replace")


def _made_up(upload: Upload) -> Spoken:
    """A dialogue of two lines and one topic whose score follows from the hash."""
    length = audio_ms(upload)
    score = round(int(upload.sha256[:4], 16) / 0xFFFF * 2 - 1, 2)
    return Spoken(
        Dialogue(
            conversation="made up",
            speakers={
                "a": Speaker(side="rep", voice="none"),
                "b": Speaker(side="prospect", voice="none"),
            },
            lines=_LINES,
            topics=(Topic(name="Made-up topic", sentiment={"b": score}),),
            summary=MADE_UP,
        ),
        (Span(0, length // 2), Span(length // 2, length - length // 2)),
        length,
        made_up=True,
    )
