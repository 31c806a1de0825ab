"""Was a next step agreed? True, False, or honestly unknown.

True needs the prospect's own agreement above the confirming threshold. False is claimed only when the
behavior was asked for, could be seen (type and roles in scope), a prospect was heard, and no row says
otherwise; an absent row alone means nothing. The date of the step is quoted, never parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from velma_connectors.analysis import Clip, Side
from velma_mappings.behaviors import NOT_ASKED, Finding, Outcome, confidence_of
from velma_mappings.evidence import places
from velma_mappings.masking import Mask
from velma_mappings.model import Evidence, State, Value
from velma_mappings.roles import Speakers

if TYPE_CHECKING:
    from velma_mappings.mapping_file import MappingFile

CONFIRMED, NOT_CONFIRMED, UNKNOWN = NEXT_STEPS = ("Confirmed", "Not confirmed", "Unknown")


def values(
    findings: Mapping[str, Finding], speakers: Speakers, mapping: MappingFile, mask: Mask
) -> dict[str, Value]:
    """`action_plan_confirmed` and the `next_step` paths."""
    verdict = _verdict(findings, speakers, mapping, mask)
    if verdict.state is not State.KNOWN:
        step = Value(UNKNOWN, State.KNOWN, reason=verdict.reason)
        at = quote = replace(verdict, evidence=())
    elif verdict.value is False:
        step = Value(NOT_CONFIRMED, State.KNOWN)
        at = quote = Value(None, State.KNOWN)
    else:
        step = replace(verdict, value=CONFIRMED)
        first = verdict.evidence[0] if verdict.evidence else None
        at = _of_place(first, first.at if first else None)
        quote = _of_place(first, first.quote if first else None)
    return {
        "action_plan_confirmed": verdict,
        "next_step": step,
        "next_step_at": at,
        "next_step_quote": quote,
    }


def _of_place(place: Evidence | None, text: str | None) -> Value:
    if place is None:
        return Value(None, State.UNAVAILABLE, reason="the analyzer named no place in the call")
    return Value(text, State.KNOWN, (place,))


def _verdict(findings: Mapping[str, Finding], speakers: Speakers, mapping: MappingFile, mask: Mask) -> Value:
    keys = mapping.behaviors.action_plan
    verdicts = [
        _of_behavior(findings.get(key, NOT_ASKED), speakers, mapping.thresholds.confirming(key), mask)
        for key in keys
    ]
    unknown = [verdict for verdict in verdicts if verdict.state is not State.KNOWN]
    for verdict in verdicts:
        if verdict.value is True:
            return verdict
    if unknown:
        return unknown[0]
    return verdicts[0] if verdicts else Value(None, State.NOT_EVALUATED, reason=NOT_ASKED.reason)


def _of_behavior(finding: Finding, speakers: Speakers, least_confidence: float, mask: Mask) -> Value:
    if finding.outcome is Outcome.NOT_EVALUATED:
        return Value(None, State.NOT_EVALUATED, reason=finding.reason)
    if finding.outcome is Outcome.NOT_DETECTED:
        if speakers.has(Side.PROSPECT):
            return Value(False, State.KNOWN)
        return Value(None, State.UNAVAILABLE, reason=speakers.doubt or "no prospect was heard")
    theirs = [
        row
        for row in finding.rows
        if row.speaker is None or not finding.scoped or speakers.side(row.speaker) is Side.PROSPECT
    ]
    if not theirs:
        return Value(None, State.UNAVAILABLE, reason="the prospect's own agreement was not heard")
    strongest = max(theirs, key=confidence_of)
    evidence = places(_in_order(finding), speakers, mask)
    if confidence_of(strongest) < least_confidence:
        reason = f"its confidence {confidence_of(strongest):.2f} is below {least_confidence:.2f}"
        return Value(None, State.BELOW_THRESHOLD, evidence, strongest.confidence, reason)
    return Value(True, State.KNOWN, evidence, strongest.confidence)


def _in_order(finding: Finding) -> tuple[Clip, ...]:
    if finding.definitive is None:
        return finding.clips
    return (finding.definitive, *(clip for clip in finding.clips if clip.id != finding.definitive.id))
