"""Advice on how a behavior is worded, after the vendor's rules for definitions that are found reliably.

It is advice: a definition that breaks a rule works, but is less often right. The rules are those of
Modulate's pages on custom behaviors and best practices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from velma_connectors.errors import Problem
from velma_connectors.velma.playbook import AnalysisFile, BehaviorEntry

MOST_NAME_WORDS = 4
MOST_BEHAVIORS = 12
"""In one request; how many more Velma would take, and at what loss, is not published."""

_QUANTIFIER = re.compile(r"\b(ALL|ANY)\b")
_EXCLUSION = re.compile(r"\bNot present if\b")
_QUOTES = re.compile(r"[\"“”„«»]")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_JUDGEMENTS = re.compile(
    r"\b(good|bad|poor|poorly|great|excellent|nice|rude|proper|properly|effective|effectively)\b",
    re.IGNORECASE,
)


def advise(file: AnalysisFile) -> list[Problem]:
    """What could be worded better in own definitions; presets have their wording from the catalogue."""
    return [
        *(
            Problem(f"behavior '{entry.key}'", advice)
            for entry in file.behaviors
            if entry.uuid is not None
            for advice in _advice(entry)
        ),
        *(
            Problem(f"stages entry {position}", f"asks for more than {MOST_BEHAVIORS} behaviors at once.")
            for position, stage in enumerate(file.stages, 1)
            if len(stage.behaviors) > MOST_BEHAVIORS
        ),
    ]


def _advice(entry: BehaviorEntry) -> Iterator[str]:
    detailed = entry.detailed_description
    if len(entry.name.split()) > MOST_NAME_WORDS:
        yield f"name has more than {MOST_NAME_WORDS} words."
    if len(_SENTENCE_END.findall(entry.short_description)) != 1:
        yield "short_description is not one sentence; if it needs two, split the behavior."
    if not _QUANTIFIER.search(detailed):
        yield "detailed_description does not say whether ALL or ANY of its conditions must hold."
    if not _EXCLUSION.search(detailed):
        yield "detailed_description has no exclusion; end it with 'Not present if ...'."
    if entry.name.casefold() in detailed.casefold():
        yield "detailed_description repeats the name; describe what can be heard."
    if _QUOTES.search(detailed):
        yield "detailed_description quotes examples; describe the form of the words."
    if word := _JUDGEMENTS.search(detailed):
        yield f"detailed_description judges ('{word[0]}'); describe what can be heard."
