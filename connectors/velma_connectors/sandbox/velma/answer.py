"""The body of a 200: what was planted in a recording, told as far as the request asked for it."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from velma_connectors.sandbox.samples.dialogue import Spoken, untagged
from velma_connectors.sandbox.velma.casting import Cast, cast
from velma_connectors.sandbox.velma.config import BatchConfig
from velma_connectors.sandbox.velma.detection import detections
from velma_connectors.sandbox.velma.modes import VelmaModes

UNKNOWN_EMOTION = "Wistful"

_OPTIONAL = ("topics", "topic_sentiments", "summary", "participant_role_picks", "conversation_type_pick")
_LABELS = ((-0.5, "very_negative"), (-1e-9, "negative"), (1e-9, "neutral"), (0.5, "positive"))


def answer(audio_sha256: str, spoken: Spoken, config: BatchConfig, modes: VelmaModes) -> dict[str, Any]:
    """The same question about the same audio is answered alike, clip ids included."""
    if modes.no_clips or not spoken.dialogue.lines:
        return _silent(spoken, config)
    people = cast(spoken, config, modes)
    clips = _clips(audio_sha256, spoken, people, config, modes)
    by_line = {line.id: clip for line, clip in zip(spoken.dialogue.lines, clips, strict=True) if line.id}
    document = {
        "duration_ms": spoken.duration_ms,
        "clips": clips,
        "conversation_type_pick": people.type.document("conversation_type") if people.type else None,
        "participant_role_picks": [
            {"speaker_label": label} | pick.document("participant_role")
            for label, pick in people.roles.items()
        ],
        "behaviors": detections(spoken.dialogue.signals, by_line, people, config, modes),
        "topics": [topic.name for topic in spoken.dialogue.topics] if config.produce_topics else [],
        "topic_sentiments": _sentiments(spoken, people, config),
        "summary": _summary(spoken, config, modes),
    }
    if modes.absent_parts:
        for key in _OPTIONAL:
            del document[key]
    return document


def _silent(spoken: Spoken, config: BatchConfig) -> dict[str, Any]:
    return {
        "duration_ms": spoken.duration_ms,
        "clips": [],
        "conversation_type_pick": None,
        "participant_role_picks": [],
        "behaviors": [],
        "topics": [],
        "topic_sentiments": [],
        "summary": None,
    }


def _clips(
    audio_sha256: str, spoken: Spoken, people: Cast, config: BatchConfig, modes: VelmaModes
) -> list[dict[str, Any]]:
    language = (config.stt.language or "en").casefold()[:2]
    clips: list[dict[str, Any]] = []
    for line, span in zip(spoken.dialogue.lines, spoken.spans, strict=True):
        digest = hashlib.sha256(f"{audio_sha256} {len(clips)}".encode()).digest()
        emotion = UNKNOWN_EMOTION if modes.unknown_emotion and not len(clips) % 2 else line.feels
        clips.append(
            {
                "clip_uuid": str(uuid.UUID(bytes=digest[:16], version=4)),
                "text": line.says if config.stt.pii_phi_tagging else untagged(line.says),
                "start_ms": span.start_ms,
                "duration_ms": span.duration_ms,
                "speaker_label": people.labels[line.by],
                "language": language,
                "emotion": emotion if config.stt.emotion_signal else None,
                # Live answers carry these two whether they were asked for or not.
                "accent": "British",
                "deepfake_score": round(digest[16] / 255, 4),
            }
        )
    return clips


def _sentiments(spoken: Spoken, people: Cast, config: BatchConfig) -> list[dict[str, Any]]:
    """Every label for every topic, topic by topic. Speakers who share a label are averaged."""
    if not (config.produce_topics and config.produce_topic_sentiments):
        return []
    rows = []
    for topic in spoken.dialogue.topics:
        for label in dict.fromkeys(people.labels.values()):
            scores = [topic.sentiment.get(who, 0.0) for who, its in people.labels.items() if its == label]
            score = round(sum(scores) / len(scores), 4)
            rows.append(
                {
                    "topic": topic.name,
                    "speaker_label": label,
                    "sentiment_score": score,
                    "sentiment_label": next((word for top, word in _LABELS if score <= top), "very_positive"),
                }
            )
    return rows


def _summary(spoken: Spoken, config: BatchConfig, modes: VelmaModes) -> str | None:
    if modes.null_summary or not config.produce_summary or spoken.dialogue.summary is None:
        return None
    summary = spoken.dialogue.summary
    return summary if config.stt.pii_phi_tagging else untagged(summary)
