"""What was found of each behavior that was asked for.

Rows are grouped by behavior, never counted: there is one per speaker. An analyzer that only reports what
it detected says nothing by a missing row, so "not detected" is claimed only where the question could
have been answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from velma_connectors.analysis import Analysis, AnalysisConfig, Behavior, Clip, Detection
from velma_mappings.roles import Speakers

if TYPE_CHECKING:
    from velma_mappings.mapping_file import Thresholds

UNSTATED_CONFIDENCE = 0.5
"""What a detection without a confidence counts as."""


class Outcome(StrEnum):
    """What can be said of a behavior, strongest first."""

    DETECTED = "detected"
    BELOW_THRESHOLD = "below_threshold"
    NOT_DETECTED = "not_detected"
    NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True, slots=True)
class Finding:
    """One behavior in one call, all its rows together."""

    outcome: Outcome
    reason: str = ""
    confidence: float | None = None
    rows: tuple[Detection, ...] = ()
    """The rows that say detected, whatever their confidence."""
    clips: tuple[Clip, ...] = ()
    """All evidence in the order of the call."""
    definitive: Clip | None = None
    """The clip to show first."""
    scoped: bool = False
    """The behavior was limited to certain roles."""

    @property
    def evaluated(self) -> bool:
        return self.outcome is not Outcome.NOT_EVALUATED


NOT_ASKED = Finding(Outcome.NOT_EVALUATED, "it was not asked for")


def find(
    analysis: Analysis, config: AnalysisConfig, speakers: Speakers, thresholds: Thresholds
) -> dict[str, Finding]:
    """Every behavior of the configuration, by its key."""
    clips = {clip.id: clip for clip in analysis.clips}
    findings = {}
    for behavior in config.behaviors:
        rows = tuple(row for row in analysis.detections if _is_about(row, behavior))
        detected = tuple(row for row in rows if row.detected and row.not_evaluated is None)
        if detected:
            findings[behavior.key] = _detected(behavior, detected, clips, thresholds)
        else:
            reason = _not_looked(behavior, rows, analysis, speakers)
            outcome = Outcome.NOT_EVALUATED if reason else Outcome.NOT_DETECTED
            findings[behavior.key] = Finding(outcome, reason, scoped=bool(behavior.roles))
    return findings


def best(findings: Mapping[str, Finding], keys: Sequence[str]) -> Finding:
    """The strongest finding among behaviors that stand for one thing."""
    ranks = list(Outcome)
    candidates = [findings.get(key, NOT_ASKED) for key in keys]
    return min(candidates, key=lambda finding: ranks.index(finding.outcome), default=NOT_ASKED)


def confidence_of(row: Detection) -> float:
    return UNSTATED_CONFIDENCE if row.confidence is None else row.confidence


def _is_about(row: Detection, behavior: Behavior) -> bool:
    if behavior.uuid is not None:
        return row.behavior_uuid == behavior.uuid
    # The catalogue gives no ids before a call, so its behaviors are known by name only.
    return row.behavior_name.casefold() == behavior.name.casefold()


def _detected(
    behavior: Behavior, rows: tuple[Detection, ...], clips: Mapping[str, Clip], thresholds: Thresholds
) -> Finding:
    strongest = max(rows, key=confidence_of)
    confidence = confidence_of(strongest)
    evidence = {id_: clips[id_] for row in rows for id_ in row.evidence if id_ in clips}
    shown = (strongest.definitive or "", *strongest.evidence, *evidence)
    first = [clips[id_] for id_ in shown if id_ in clips]
    least = thresholds.listing(behavior.key)
    enough = confidence >= least
    reason = "" if enough else f"its confidence {confidence:.2f} is below {least:.2f}"
    if strongest.confidence is None:
        reason = f"{reason or 'its confidence'} (not stated, counted as {UNSTATED_CONFIDENCE:.2f})"
    return Finding(
        outcome=Outcome.DETECTED if enough else Outcome.BELOW_THRESHOLD,
        reason=reason,
        confidence=strongest.confidence,
        rows=rows,
        clips=tuple(sorted(evidence.values(), key=lambda clip: clip.start_ms)),
        definitive=first[0] if first else None,
        scoped=bool(behavior.roles),
    )


def _not_looked(
    behavior: Behavior, rows: tuple[Detection, ...], analysis: Analysis, speakers: Speakers
) -> str:
    """Why a missing detection says nothing; empty when it says "not detected"."""
    if any(row.not_evaluated is not None for row in rows):
        return "the analyzer left it out"
    pick = analysis.conversation_type
    if behavior.conversation_types and (pick is None or pick.uuid not in behavior.conversation_types):
        return "the conversation is of another type"
    if behavior.roles and not set(behavior.roles) & set(speakers.roles.values()):
        return "nobody was given the role it is limited to"
    return ""
