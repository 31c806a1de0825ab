"""What the prospect's tone of voice says: when it turned negative, and for how much of the time.

Emotion is weak evidence, so single negative clips are ignored on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from velma_connectors.analysis import Analysis, AnalysisConfig, Clip, Side
from velma_connectors.model import FieldValue
from velma_mappings.evidence import clock, places
from velma_mappings.masking import Mask
from velma_mappings.model import State, Value
from velma_mappings.plain_text import one_line
from velma_mappings.roles import Speakers
from velma_mappings.sentiment import Sentiments
from velma_mappings.topics import speaks_of, tokens

NEGATIVE = frozenset(
    {
        "afraid",
        "angry",
        "anxious",
        "concerned",
        "contemptuous",
        "disappointed",
        "disgusted",
        "frustrated",
        "sad",
        "stressed",
    }
)
LEAST_CLIPS = 3
LEAST_SPEECH_MS = 20_000
LONGEST_GAP_MS = 60_000
TOPIC_REACH_MS = 90_000
"""How long before a spike its topic may have come up."""
MOST_UNLABELLED = 0.30
"""Share of the prospect's clips that may lack an emotion."""
THIRDS = ("first_third", "middle_third", "last_third")


@dataclass(frozen=True, slots=True)
class Spike:
    """Negative clips of the prospect in a row; the other side may speak between them."""

    clips: tuple[Clip, ...]

    @property
    def speech_ms(self) -> int:
        return sum(clip.duration_ms for clip in self.clips)

    @property
    def start_ms(self) -> int:
        return self.clips[0].start_ms

    @property
    def end_ms(self) -> int:
        return self.clips[-1].end_ms


def prospect_clips(analysis: Analysis, speakers: Speakers) -> list[Clip]:
    theirs = [clip for clip in analysis.clips if speakers.side(clip.speaker) is Side.PROSPECT]
    return sorted(theirs, key=lambda clip: clip.start_ms)


def spike(clips: Sequence[Clip]) -> Spike | None:
    """The longest negative stretch of the prospect's clips, by speech; None if there is none."""
    runs: list[list[Clip]] = [[]]
    for clip in clips:
        if not _is_negative(clip):
            runs.append([])
        elif runs[-1] and clip.start_ms - runs[-1][-1].end_ms > LONGEST_GAP_MS:
            runs.append([clip])
        else:
            runs[-1].append(clip)
    spikes = [Spike(tuple(run)) for run in runs if len(run) >= LEAST_CLIPS]
    return max(
        (found for found in spikes if found.speech_ms >= LEAST_SPEECH_MS),
        key=lambda found: found.speech_ms,
        default=None,
    )


def topic_of(found: Spike, analysis: Analysis, sentiments: Sentiments) -> str | None:
    """What was being talked about: of the groups in the air then, the topic the prospect liked least."""
    near = [
        tokens(clip.text)
        for clip in analysis.clips
        if clip.end_ms >= found.start_ms - TOPIC_REACH_MS and clip.start_ms < found.end_ms
    ]
    spoken = {group.name: group for group in sentiments.taken.values()}.values()
    lowest = [
        sentiments.lowest_of_group(group)
        for group in spoken
        if any(speaks_of(words, group) for words in near)
    ]
    return min((scored for scored in lowest if scored is not None), default=(0.0, None))[1]


def gap(clips: Sequence[Clip], config: AnalysisConfig, speakers: Speakers) -> str:
    """Why the prospect's emotions cannot be told; empty when they can. `clips` are the prospect's."""
    if not config.emotions:
        return "emotions were not asked for"
    if not clips:
        return speakers.doubt or "no prospect was heard"
    if sum(clip.emotion is None for clip in clips) > MOST_UNLABELLED * len(clips):
        return "too many of the prospect's clips have no emotion"
    return ""


def values(
    analysis: Analysis,
    config: AnalysisConfig,
    speakers: Speakers,
    sentiments: Sentiments,
    mask: Mask,
) -> dict[str, Value]:
    """The `negative_spike` and `negative_share` paths and `prospect_emotions`."""
    clips = prospect_clips(analysis, speakers)
    reason = gap(clips, config, speakers)
    if reason:
        paths = ("negative_spike", "negative_spike_at", "negative_spike_seconds", "prospect_emotions")
        shares = ("negative_share", *(f"negative_share.{third}" for third in THIRDS))
        state = State.UNAVAILABLE if config.emotions else State.NOT_EVALUATED
        return dict.fromkeys((*paths, *shares), Value(None, state, reason=reason))
    return {
        **_spike_values(analysis, speakers, sentiments, mask, spike(clips)),
        **_shares(clips, analysis.duration_ms),
        "prospect_emotions": Value(_mix(clips), State.KNOWN),
    }


def _spike_values(
    analysis: Analysis,
    speakers: Speakers,
    sentiments: Sentiments,
    mask: Mask,
    found: Spike | None,
) -> dict[str, Value]:
    if found is None:
        none: dict[str, FieldValue] = {
            "negative_spike": None,
            "negative_spike_at": None,
            "negative_spike_seconds": 0,
        }
        return {path: Value(value, State.KNOWN) for path, value in none.items()}
    text = f"{clock(found.start_ms)}-{clock(found.end_ms)}"
    topic = topic_of(found, analysis, sentiments)
    if topic is not None:
        text += f" after {one_line(mask(topic))}"
    return {
        "negative_spike": Value(text, State.KNOWN, places(found.clips, speakers, mask)),
        "negative_spike_at": Value(clock(found.start_ms), State.KNOWN),
        "negative_spike_seconds": Value(round(found.speech_ms / 1000), State.KNOWN),
    }


def _shares(clips: Sequence[Clip], duration_ms: int) -> dict[str, Value]:
    third = duration_ms / 3
    shares = {"negative_share": _share(clips)}
    for place, name in enumerate(THIRDS):
        part = [clip for clip in clips if place == min(2, int(clip.start_ms // third) if third else 0)]
        shares[f"negative_share.{name}"] = _share(part)
    return shares


def _share(clips: Sequence[Clip]) -> Value:
    """Per cent of the speech that is negative."""
    spoken = sum(clip.duration_ms for clip in clips)
    if not spoken:
        return Value(None, State.UNAVAILABLE, reason="the prospect did not speak then")
    negative = sum(clip.duration_ms for clip in clips if _is_negative(clip))
    return Value(round(100 * negative / spoken, 1), State.KNOWN)


def _mix(clips: Sequence[Clip]) -> str:
    spoken = Counter[str]()
    for clip in clips:
        if clip.emotion is not None:
            spoken[clip.emotion.capitalize()] += clip.duration_ms
    total = spoken.total() or 1
    return ", ".join(f"{emotion} {100 * part / total:.0f}%" for emotion, part in spoken.most_common())


def _is_negative(clip: Clip) -> bool:
    return clip.emotion is not None and clip.emotion.casefold() in NEGATIVE
