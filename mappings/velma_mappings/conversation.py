"""Who talked how much, and how the talk went to and fro. Presented, never graded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from velma_connectors.analysis import Analysis, Clip, Side
from velma_mappings.evidence import places
from velma_mappings.masking import Mask
from velma_mappings.model import State, Value
from velma_mappings.roles import Speakers

LONGEST_PAUSE_MS = 2_000
"""A longer pause ends a monologue."""


@dataclass(frozen=True, slots=True)
class Monologue:
    """Clips of one speaker in a row, nobody between, with short pauses only."""

    clips: tuple[Clip, ...]

    @property
    def milliseconds(self) -> int:
        return max(clip.end_ms for clip in self.clips) - self.clips[0].start_ms


def speech_ms(speakers: Speakers, side: Side) -> int:
    """Speech of one side. Clips include short pauses, and overlapping clips count twice."""
    return sum(spoken for label, spoken in speakers.speech_ms.items() if speakers.side(label) is side)


def monologues(clips: Sequence[Clip]) -> list[Monologue]:
    """All clips, in the order of the call, joined to stretches of one speaker."""
    runs: list[list[Clip]] = []
    for clip in sorted(clips, key=lambda clip: clip.start_ms):
        last = runs[-1][-1] if runs else None
        if last and last.speaker == clip.speaker and clip.start_ms - last.end_ms <= LONGEST_PAUSE_MS:
            runs[-1].append(clip)
        else:
            runs.append([clip])
    return [Monologue(tuple(run)) for run in runs]


def switches(clips: Sequence[Clip]) -> int:
    """How often the word passed from one speaker to another."""
    ordered = sorted(clips, key=lambda clip: clip.start_ms)
    return sum(before.speaker != after.speaker for before, after in pairwise(ordered))


def values(analysis: Analysis, speakers: Speakers, mask: Mask) -> dict[str, Value]:
    """Talk ratio, monologues, switches and questions."""
    questions = sum(
        clip.text.count("?") for clip in analysis.clips if speakers.side(clip.speaker) is Side.REP
    )
    return {
        "talk_ratio_rep": _talk_ratio(speakers),
        "longest_monologue_seconds": _longest(analysis, speakers, Side.REP, mask),
        "longest_monologue_prospect_seconds": _longest(analysis, speakers, Side.PROSPECT, mask),
        "speaker_switches": Value(switches(analysis.clips), State.KNOWN),
        "rep_questions": Value(questions, State.KNOWN)
        if speakers.has(Side.REP)
        else _absent(speakers, "rep"),
    }


def _talk_ratio(speakers: Speakers) -> Value:
    rep, prospect = speech_ms(speakers, Side.REP), speech_ms(speakers, Side.PROSPECT)
    if not rep or not prospect:
        return _absent(speakers, "prospect" if rep else "rep")
    return Value(round(100 * rep / (rep + prospect), 1), State.KNOWN)


def _longest(analysis: Analysis, speakers: Speakers, side: Side, mask: Mask) -> Value:
    theirs = [run for run in monologues(analysis.clips) if speakers.side(run.clips[0].speaker) is side]
    if not theirs:
        return _absent(speakers, side.value)
    longest = max(theirs, key=lambda run: run.milliseconds)
    return Value(round(longest.milliseconds / 1000), State.KNOWN, places(longest.clips[:1], speakers, mask))


def _absent(speakers: Speakers, side: str) -> Value:
    return Value(None, State.UNAVAILABLE, reason=speakers.doubt or f"no {side} was heard")
