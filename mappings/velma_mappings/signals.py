"""Lists of what was noticed: coaching flags, positive signals, objections.

A label of the mapping file stands for one or more behaviors; it is noticed when one of them is, and
evaluated when one of them was. An empty list is only claimed when every label was evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from velma_connectors.analysis import Clip
from velma_mappings.behaviors import Finding, Outcome, best
from velma_mappings.evidence import places
from velma_mappings.masking import Mask
from velma_mappings.model import State, Value
from velma_mappings.roles import Speakers
from velma_mappings.sentiment import Sentiments
from velma_mappings.topics import Group

OBJECTION_SCORE = -0.20
"""The prospect's score on a topic group at or below which it counts as an objection."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One label in one call: noticed, not noticed, or (None) not to be told, and why not."""

    label: str
    noticed: bool | None
    reason: str = ""
    clip: Clip | None = None


def of_behaviors(labels: Mapping[str, Sequence[str]], findings: Mapping[str, Finding]) -> list[Signal]:
    """One signal per label of the mapping file, in its order, from the behaviors behind it."""
    signals = []
    for label, keys in labels.items():
        finding = best(findings, keys)
        if not finding.evaluated:
            signals.append(Signal(label, None, finding.reason))
        elif finding.outcome is Outcome.DETECTED:
            signals.append(Signal(label, True, clip=finding.definitive))
        else:
            signals.append(Signal(label, False, finding.reason))
    return signals


def of_topics(sentiments: Sentiments, groups: Iterable[Group]) -> list[Signal]:
    """One signal per topic group with an objection tag."""
    signals = []
    for group in groups:
        if group.objection is None:
            continue
        score = sentiments.of_group(group)
        if sentiments.reason:
            signals.append(Signal(group.objection, None, sentiments.reason))
        else:
            signals.append(Signal(group.objection, score is not None and score <= OBJECTION_SCORE))
    return signals


def noticed(signals: Sequence[Signal]) -> list[Signal]:
    """Those that were noticed; one per label, the one with a place in the call first."""
    ranked = sorted((signal for signal in signals if signal.noticed), key=lambda signal: signal.clip is None)
    unique = {signal.label: signal for signal in reversed(ranked)}
    return [unique[label] for label in dict.fromkeys(signal.label for signal in signals) if label in unique]


def value(signals: Sequence[Signal], speakers: Speakers, mask: Mask) -> Value:
    """The labels that were noticed, as one value."""
    found = noticed(signals)
    unknown = [f"{signal.label}: {signal.reason}" for signal in signals if signal.noticed is None]
    if not signals:
        return Value(None, State.NOT_EVALUATED, reason="the mapping file names nothing to look for")
    if unknown and not found:
        return Value(None, State.NOT_EVALUATED, reason="; ".join(unknown))
    clips = [signal.clip for signal in found if signal.clip is not None]
    return Value(tuple(signal.label for signal in found), State.KNOWN, places(clips, speakers, mask))
