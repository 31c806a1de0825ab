"""Which side of the table each speaker label sits on.

Labels are opaque and their order means nothing: the only way from a label to a side is the analyzer's
pick, by exact label, and the role's id in our own configuration (reference: Velma, joining speakers).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from velma_connectors.analysis import Analysis, AnalysisConfig, RolePick, Side

LEAST_PROSPECT_SHARE = 0.03
"""Below this share of all speech the prospect's label is not believed."""


@dataclass(frozen=True, slots=True)
class Speakers:
    """The labels that speak in a call.

    With a `doubt` every side is UNKNOWN, so that nothing can be said per side by accident.
    """

    sides: Mapping[str, Side]
    roles: Mapping[str, str]
    """Label -> id of the role it was trusted with."""
    speech_ms: Mapping[str, int]
    doubt: str = ""

    def side(self, label: str | None) -> Side:
        return self.sides.get(label, Side.UNKNOWN) if label is not None else Side.UNKNOWN

    def has(self, side: Side) -> bool:
        return side in self.sides.values()


def join(analysis: Analysis, config: AnalysisConfig, *, least_confidence: float) -> Speakers:
    """Join the speakers to the roles of the configuration they were asked with.

    A label is UNKNOWN without a pick, with a default pick, with a role that is not ours, below
    `least_confidence`, or with two picks that disagree.
    """
    speech = Counter[str]()
    for clip in analysis.clips:
        speech[clip.speaker] += clip.duration_ms
    roles = _trusted_roles(analysis.roles, config, least_confidence)
    side_of = {role.uuid: role.side for role in config.roles}
    sides = {label: side_of[roles[label]] if label in roles else Side.UNKNOWN for label in speech}
    doubt = _doubt(sides, speech)
    if doubt:
        return Speakers(dict.fromkeys(sides, Side.UNKNOWN), {}, speech, doubt)
    return Speakers(sides, {label: roles[label] for label in speech if label in roles}, speech)


def _trusted_roles(
    picks: tuple[RolePick, ...], config: AnalysisConfig, least_confidence: float
) -> dict[str, str]:
    ours = {role.uuid for role in config.roles}
    found: dict[str, set[str]] = {}
    for pick in picks:
        sure = pick.confidence is not None and pick.confidence >= least_confidence
        if pick.role_uuid in ours and sure and not pick.is_default:
            found.setdefault(pick.speaker, set()).add(str(pick.role_uuid))
    return {label: roles.pop() for label, roles in found.items() if len(roles) == 1}


def _doubt(sides: Mapping[str, Side], speech: Counter[str]) -> str:
    if set(sides.values()) == {Side.UNKNOWN}:
        return "no speaker could be given a role"
    if len(set(sides.values())) == 1:
        return "all speakers were given the same side"
    prospect = sum(spoken for label, spoken in speech.items() if sides[label] is Side.PROSPECT)
    if prospect < LEAST_PROSPECT_SHARE * speech.total():
        return f"the prospect has less than {LEAST_PROSPECT_SHARE:.0%} of the speech"
    return ""
