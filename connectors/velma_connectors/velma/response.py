"""Velma's answer, read leniently: it was paid for, so nothing in it may make it unreadable.

Rows that lack what they are about are left out; other odd values become None. Accents and deepfake
scores are not read at all: they come without being asked for and must not colour a view of a person.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection
from datetime import datetime
from math import inf
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WrapValidator,
)
from pydantic import ValidatorFunctionWrapHandler as Handler

from velma_connectors.analysis import Analysis, Clip, Detection, RolePick, TopicSentiment, TypePick

NO_VERDICT = "the analyzer gave no verdict"
"""The reason when a row says neither that a behavior was detected nor that it was not."""

MOST_TEXT = 8_000
"""Characters of a clip or summary that are read; the longest clips seen hold some hundred."""

_REQUIRED = ("duration_ms", "clips", "behaviors")


def _clean(value: object) -> object:
    """JSON can spell halves of characters that no encoding can store."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _whole(value: object) -> object:
    return round(value) if isinstance(value, float) and math.isfinite(value) else value


def _or_none(value: object, validate: Handler) -> object:
    try:
        return validate(value)
    except ValidationError:
        return None


def _valid_rows(row: Any) -> Callable[[object], tuple[Any, ...]]:
    adapter: TypeAdapter[Any] = TypeAdapter(row)

    def keep(value: object) -> tuple[Any, ...]:
        rows = []
        for each in value if isinstance(value, list) else ():
            try:
                rows.append(adapter.validate_python(each))
            except ValidationError:
                continue
        return tuple(rows)

    return keep


_Lenient = WrapValidator(_or_none)
_Text = Annotated[str, BeforeValidator(_clean)]
_Word = Annotated[_Text, Field(min_length=1)]
_OptionalText = Annotated[_Text | None, _Lenient]
_Milliseconds = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
_OptionalMilliseconds = Annotated[_Milliseconds | None, _Lenient]
_Confidence = Annotated[Annotated[float, Field(ge=0, le=1)] | None, _Lenient]
_OptionalBool = Annotated[bool | None, _Lenient]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class _ClipRow(_Part):
    clip_uuid: _Word
    start_ms: _Milliseconds
    duration_ms: _OptionalMilliseconds = None
    text: _OptionalText = None
    speaker_label: _OptionalText = None
    language: _OptionalText = None
    emotion: _OptionalText = None


class _BehaviorRow(_Part):
    behavior_name: _Word
    behavior_uuid: _OptionalText = None
    speaker_label: _OptionalText = None
    detected: _OptionalBool = None
    confidence: _Confidence = None
    evidence_clip_uuids: Annotated[tuple[str, ...], BeforeValidator(_valid_rows(_Word))] = ()
    definitive_clip_uuid: _OptionalText = None
    reasoning: _OptionalText = None
    skipped: _OptionalBool = None
    skip_reason: _OptionalText = None
    error_reason: _OptionalText = None


class _RoleRow(_Part):
    speaker_label: _Word
    participant_role_uuid: _OptionalText = None
    confidence: _Confidence = None
    selection_source: _OptionalText = None


class _TypeRow(_Part):
    conversation_type_uuid: _OptionalText = None
    name: _OptionalText = None
    confidence: _Confidence = None
    selection_source: _OptionalText = None


class _SentimentRow(_Part):
    topic: _Word
    speaker_label: _Word
    sentiment_score: Annotated[float, Field(ge=-1, le=1)]


class _BatchResponse(_Part):
    duration_ms: _OptionalMilliseconds = None
    clips: Annotated[tuple[_ClipRow, ...], BeforeValidator(_valid_rows(_ClipRow))] = ()
    conversation_type_pick: Annotated[_TypeRow | None, _Lenient] = None
    participant_role_picks: Annotated[tuple[_RoleRow, ...], BeforeValidator(_valid_rows(_RoleRow))] = ()
    behaviors: Annotated[tuple[_BehaviorRow, ...], BeforeValidator(_valid_rows(_BehaviorRow))] = ()
    topics: Annotated[tuple[str, ...], BeforeValidator(_valid_rows(_Word))] = ()
    topic_sentiments: Annotated[tuple[_SentimentRow, ...], BeforeValidator(_valid_rows(_SentimentRow))] = ()
    summary: _OptionalText = None


def read_json(answer: bytes) -> Any:
    """The JSON value of an answer. Raises ValueError when it is none."""
    try:
        return json.loads(answer.decode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def is_answer(document: Any) -> bool:
    """Whether a JSON value has what every analysis has, silent recordings included."""
    if not isinstance(document, dict) or not isinstance(document.get("clips"), list):
        return False
    duration_ms = document.get("duration_ms")
    return isinstance(duration_ms, int | float) and not isinstance(duration_ms, bool)


def heard_seconds(answer: bytes) -> float | None:
    """Seconds of audio that an answer names; None when it names none, or cannot be read."""
    try:
        document = read_json(answer)
    except ValueError:
        return None
    milliseconds = document.get("duration_ms") if is_answer(document) else None
    return milliseconds / 1000 if milliseconds and 0 < milliseconds < inf else None


def parse_answer(
    answer: bytes, *, analyzer: str, audio_sha256: str, config_hash: str, analyzed_at: datetime
) -> Analysis:
    """The stored bytes of one answer as an Analysis. Raises ValueError when they are no answer at all."""
    document = read_json(answer)
    if not isinstance(document, dict) or not any(key in document for key in _REQUIRED):
        raise ValueError("is not the answer of an analysis")
    response = _BatchResponse.model_validate(document)
    clips = tuple(map(_clip, response.clips))
    known = {clip.id for clip in clips}
    duration_ms = response.duration_ms
    return Analysis(
        analyzer=analyzer,
        analyzed_at=analyzed_at,
        audio_sha256=audio_sha256,
        config_hash=config_hash,
        duration_ms=max((clip.end_ms for clip in clips), default=0) if duration_ms is None else duration_ms,
        clips=clips,
        conversation_type=_type_pick(response.conversation_type_pick),
        roles=tuple(map(_role_pick, response.participant_role_picks)),
        detections=tuple(_detection(row, known) for row in response.behaviors),
        topics=response.topics,
        topic_sentiments=tuple(
            TopicSentiment(row.topic, row.speaker_label, row.sentiment_score)
            for row in response.topic_sentiments
        ),
        summary=(response.summary or "")[:MOST_TEXT] or None,
        raw=answer,
    )


def _clip(row: _ClipRow) -> Clip:
    return Clip(
        id=row.clip_uuid,
        text=(row.text or "")[:MOST_TEXT],
        start_ms=row.start_ms,
        duration_ms=row.duration_ms or 0,
        speaker=row.speaker_label or "",
        language=row.language,
        emotion=row.emotion,
    )


def _type_pick(row: _TypeRow | None) -> TypePick | None:
    if row is None:
        return None
    return TypePick(
        uuid=_uuid(row.conversation_type_uuid),
        name=row.name or "",
        confidence=row.confidence,
        is_default=row.selection_source == "default",
    )


def _role_pick(row: _RoleRow) -> RolePick:
    return RolePick(
        speaker=row.speaker_label,
        role_uuid=_uuid(row.participant_role_uuid),
        confidence=row.confidence,
        is_default=row.selection_source == "default",
    )


def _detection(row: _BehaviorRow, clips: Collection[str]) -> Detection:
    return Detection(
        behavior_uuid=_uuid(row.behavior_uuid),
        behavior_name=row.behavior_name,
        speaker=row.speaker_label,
        detected=bool(row.detected),
        confidence=row.confidence,
        evidence=tuple(each for each in row.evidence_clip_uuids if each in clips),
        definitive=row.definitive_clip_uuid if row.definitive_clip_uuid in clips else None,
        reasoning=row.reasoning,
        not_evaluated=_not_evaluated(row),
    )


def _not_evaluated(row: _BehaviorRow) -> str | None:
    """Older answers name behaviors that were skipped or failed; newer ones leave such rows out."""
    if row.skipped or row.error_reason:
        return row.skip_reason or row.error_reason or "the analyzer skipped it"
    return NO_VERDICT if row.detected is None else None


def _uuid(text: str | None) -> str | None:
    return text.lower() if text else None
