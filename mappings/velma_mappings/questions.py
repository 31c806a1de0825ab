"""Does an analysis ask for what the mapping file wants to know? What is not asked for is never known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from velma_connectors.analysis import AnalysisConfig, Side
from velma_connectors.errors import Problem
from velma_mappings.catalogue import entries, nearest
from velma_mappings.entry import Need
from velma_mappings.mapping_file import MappingFile


def check_questions(mapping: MappingFile, configs: Sequence[AnalysisConfig]) -> list[Problem]:
    """What the mapping file maps and none of the analyses (one per pipeline or stage) can tell."""
    return [*_unknown_behaviors(mapping, configs), *_unmet_needs(mapping, configs)]


def _unknown_behaviors(mapping: MappingFile, configs: Sequence[AnalysisConfig]) -> Iterator[Problem]:
    known = sorted({behavior.key for config in configs for behavior in config.behaviors})
    named = [(("behaviors", *loc), key) for loc, key in mapping.behaviors.named()]
    named += [(("thresholds", "behaviors", key), key) for key in mapping.thresholds.behaviors]
    for loc, key in named:
        if key not in known:
            where = ".".join(str(part) for part in loc)
            near = nearest(key, known)
            remedy = "Add it to analysis.yaml, or correct the key."
            message = f"no analysis asks for a behavior '{key}'."
            yield Problem(where, message, f"{remedy} Did you mean '{near}'?" if near else remedy)


def _unmet_needs(mapping: MappingFile, configs: Sequence[AnalysisConfig]) -> Iterator[Problem]:
    sides = {role.side for config in configs for role in config.roles}
    missing = set()
    if not {Side.REP, Side.PROSPECT} <= sides:
        missing.add(Need.ROLES)
    if not any(config.emotions for config in configs):
        missing.add(Need.EMOTIONS)
    remedy = {
        Need.ROLES: "Add a role for the rep and one for the prospect to analysis.yaml.",
        Need.EMOTIONS: "Switch emotions on in analysis.yaml.",
    }
    catalogue = entries(mapping)
    for at, rule in enumerate(mapping.rules):
        for need in sorted(catalogue[rule.value].needs & missing):
            message = f"'{rule.value}' cannot be told without {need.value}."
            yield Problem(f"rules.{at}.value", message, remedy[need])
