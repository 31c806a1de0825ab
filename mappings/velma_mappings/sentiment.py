"""How the prospect felt about each topic, from -1 to 1.

The analyzer scores every speaker on every topic, also on those a speaker hardly touched. Only the
prospect's side counts; several prospects weigh by how much they spoke. Averages are over topics, since
no sentiment is told per minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from velma_connectors.analysis import Analysis, Side
from velma_mappings.masking import Mask
from velma_mappings.model import State, Value
from velma_mappings.plain_text import one_line
from velma_mappings.roles import Speakers
from velma_mappings.topics import Group, match, near, tokens

OTHER = "Other"
"""Stands for any topic that no group took."""
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Sentiments:
    """The prospect's score of each topic, and the group that took it."""

    scores: Mapping[str, float | None]
    """Topic as the analyzer worded it -> score; None when the prospect has none."""
    taken: Mapping[str, Group]
    """Topic -> group; those that no group took are left out."""
    reason: str = ""
    """Why there is no score at all."""

    def of_group(self, group: Group) -> float | None:
        """Mean over the group's scored topics."""
        scores = [self.scores[topic] for topic, taker in self.taken.items() if taker == group]
        return _mean([score for score in scores if score is not None])

    def lowest_of_group(self, group: Group) -> tuple[float, str] | None:
        """The lowest score among the group's topics, with the topic."""
        scored = [(self.scores[topic], topic) for topic, taker in self.taken.items() if taker == group]
        return min([(score, topic) for score, topic in scored if score is not None], default=None)

    def unmatched(self) -> tuple[tuple[str, float | None], ...]:
        return tuple((topic, score) for topic, score in self.scores.items() if topic not in self.taken)


def weigh(analysis: Analysis, speakers: Speakers, groups: Sequence[Group]) -> Sentiments:
    """Score and sort every topic of an analysis."""
    rows: dict[str, dict[str, float]] = {}
    for row in analysis.topic_sentiments:
        if speakers.side(row.speaker) is Side.PROSPECT and -1 <= row.score <= 1:
            rows.setdefault(row.topic, {})[row.speaker] = row.score
    heard = dict.fromkeys((*analysis.topics, *(row.topic for row in analysis.topic_sentiments)))
    scores = {topic: _weighted(rows.get(topic, {}), speakers.speech_ms) for topic in heard}
    taken = {topic: group for topic in heard if (group := match(topic, groups)) is not None}
    return Sentiments(scores, taken, _why_none(scores, speakers))


def values(sentiments: Sentiments, groups: Sequence[Group], mask: Mask) -> dict[str, Value]:
    """The `sentiment` paths and `other_topics`."""
    none = Value(None, State.UNAVAILABLE, reason=sentiments.reason)
    found = {}
    for group in groups:
        score = sentiments.of_group(group)
        reason = sentiments.reason or _why_silent(sentiments, group, groups)
        silent = Value(None, State.UNAVAILABLE, reason=reason)
        found[f"sentiment.{group.slug}"] = silent if score is None else Value(score, State.KNOWN)
    scored = [(score, topic) for topic, score in sentiments.scores.items() if score is not None]
    average = _mean([score for score, _ in scored])
    lowest, topic = min(scored, default=(None, ""))
    name = sentiments.taken[topic].name if topic in sentiments.taken else OTHER
    found["sentiment.average"] = none if average is None else Value(average, State.KNOWN)
    found["sentiment.lowest"] = none if lowest is None else Value(round(lowest, DIGITS), State.KNOWN)
    found["sentiment.lowest_topic"] = none if lowest is None else Value(name, State.KNOWN)
    found["other_topics"] = _others(sentiments, mask)
    return found


def _weighted(scores: Mapping[str, float], speech_ms: Mapping[str, int]) -> float | None:
    spoken = sum(speech_ms[speaker] for speaker in scores)
    if not spoken:
        return _mean(list(scores.values()))
    return round(sum(score * speech_ms[speaker] for speaker, score in scores.items()) / spoken, DIGITS)


def _mean(scores: Sequence[float]) -> float | None:
    return round(fmean(scores), DIGITS) if scores else None


def _why_none(scores: Mapping[str, float | None], speakers: Speakers) -> str:
    if any(score is not None for score in scores.values()):
        return ""
    if not scores:
        return "the analyzer named no topics"
    return speakers.doubt or "the prospect has no score on any topic"


def _why_silent(sentiments: Sentiments, group: Group, groups: Sequence[Group]) -> str:
    """Why a group has no score though others have one."""
    if group in sentiments.taken.values():
        return "the prospect has no score on the topic"
    meant = [name for topic, _ in sentiments.unmatched() for name in near(tokens(topic), groups)]
    if group.name in meant:
        return "the call has a topic that may mean this, but no synonym covers it; see velma-sync topics"
    return "the topic was not discussed"


def _others(sentiments: Sentiments, mask: Mask) -> Value:
    if not sentiments.scores:
        return Value(None, State.UNAVAILABLE, reason=sentiments.reason)
    texts = [
        one_line(mask(topic)) if score is None else f"{one_line(mask(topic))}: {score:+.2f}"
        for topic, score in sentiments.unmatched()
    ]
    return Value("; ".join(texts) or None, State.KNOWN)
