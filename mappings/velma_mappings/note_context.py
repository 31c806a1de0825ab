"""What the summary note may say of a call, as texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from velma_mappings.evidence import places
from velma_mappings.masking import Mask
from velma_mappings.model import Evidence, Value
from velma_mappings.note import Moment, NoteContext, TopicLine, mood
from velma_mappings.plain_text import one_line
from velma_mappings.roles import Speakers
from velma_mappings.sentiment import Sentiments
from velma_mappings.signals import Signal, noticed
from velma_mappings.topics import Group


def context(
    told: Mapping[str, Value],
    lists: Mapping[str, Sequence[Signal]],
    lines: list[TopicLine],
    speakers: Speakers,
    mask: Mask,
) -> NoteContext:
    """Everything a template may name. `lists` are the signals behind `flags`, `positives`, `objections`."""
    rivals = told["competitors"].value
    first = told["competitor_first_mention"].evidence
    return {
        "status": _text(told["status"]),
        "reason": _text(told["reason"]),
        "summary": _text(told["summary"]),
        "minutes": _text(told["duration_minutes"]),
        "next_step": _moment(_text(told["next_step"]), told["next_step"].evidence),
        "flags": _moments(lists["flags"], speakers, mask),
        "positives": _moments(lists["positives"], speakers, mask),
        "objections": _moments(lists["objections"], speakers, mask),
        "sentiments": lines,
        "average": _score(told["sentiment.average"].value),
        "competitors": list(rivals) if isinstance(rivals, tuple) else [],
        "competitor_status": _text(told["competitor_status"]),
        "raised_by": _text(told["raised_by"]),
        "first_mention": _moment("", first),
        "negative_spike": _text(told["negative_spike"]),
    }


def topic_lines(sentiments: Sentiments, groups: Sequence[Group], mask: Mask) -> list[TopicLine]:
    """The groups in the order of the mapping file, then the topics that no group took."""
    scored = [(group.name, sentiments.of_group(group)) for group in groups]
    scored += [(one_line(mask(topic)), score) for topic, score in sentiments.unmatched()]
    return [
        {"topic": topic, "score": _score(score), "mood": mood(score)}
        for topic, score in scored
        if score is not None
    ]


def _moments(signals: Sequence[Signal], speakers: Speakers, mask: Mask) -> list[Moment]:
    return [
        _moment(signal.label, places([signal.clip] if signal.clip else [], speakers, mask))
        for signal in noticed(signals)
    ]


def _moment(label: str, evidence: Sequence[Evidence]) -> Moment:
    if not evidence:
        return {"label": label, "at": "", "quote": ""}
    return {"label": label, "at": evidence[0].at, "quote": evidence[0].quote}


def _score(value: object) -> str:
    return f"{value:+.2f}" if isinstance(value, int | float) else ""


def _text(value: Value) -> str:
    return "" if value.value is None else str(value.value)
