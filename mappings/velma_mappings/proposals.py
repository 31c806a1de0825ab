"""Which fields that a CRM has already could take the values of a mapping file, in place of new ones.

Only proposed: somebody who knows the fields has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from velma_connectors.model import Field, FieldKind, Target
from velma_mappings.catalogue import entries
from velma_mappings.entry import Entry
from velma_mappings.mapping_file import MappingFile, Rule
from velma_mappings.plan import unusable
from velma_mappings.transforms import shaped

SIMILAR = 90.0
"""Least likeness of two labels, from 0 to 100: an s more, or a word in another place."""
EMPTY_WORDS = frozenset({"a", "call", "calls", "of", "on", "score", "the", "velma"})
"""Words of labels that tell nothing of what a field holds."""
_TEXTS = frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT})
_WORD = re.compile(r"[^\W_]+")

Fields = Mapping[Target, Sequence[Mapping[str, Field]]]
"""Target -> for each object behind it, field name -> what the CRM says of the field."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`rules[rule]` of the mapping file could write to `field`. `label` is that field's own."""

    rule: int
    value: str
    on: Target
    field: str
    label: str


def propose(mapping: MappingFile, fields: Fields) -> list[Proposal]:
    """At most one field per rule and one rule per field, for rules whose own field does not exist.

    A field fits when its label says the same in other words, and it can hold every value: it is of that
    type, can be written, and offers the options. Where two fields fit alike, none is proposed.
    """
    catalogue = entries(mapping)
    found: list[tuple[float, Proposal]] = []
    for at, rule in enumerate(mapping.rules):
        objects = fields.get(rule.on, ())
        if not objects or all(rule.field in each for each in objects):
            continue
        entry = shaped(rule.transform, catalogue[rule.value])
        named = {each.field for each in mapping.rules if each.on is rule.on}
        found += [
            (score, Proposal(at, rule.value, rule.on, field.name, field.label))
            for score, field in _best(_candidates(rule, entry, objects, named))
        ]
    return sorted(_undisputed(found), key=lambda each: each.rule)


def missing_fields(mapping: MappingFile, fields: Fields) -> list[Rule]:
    """The rules whose field some object behind their target does not have yet."""
    return [rule for rule in mapping.rules if any(rule.field not in each for each in fields.get(rule.on, ()))]


def _candidates(
    rule: Rule, entry: Entry, objects: Sequence[Mapping[str, Field]], named: Collection[str]
) -> Iterator[tuple[float, Field]]:
    """Fields of all objects that can hold the value and are called like it, with how much so."""
    wanted = [words for words in (_words(entry.label), _words(rule.label or "")) if words]
    for name, field in objects[0].items():
        everywhere = [each[name] for each in objects if name in each]
        if name in named or len(everywhere) < len(objects):
            continue
        words = _words(field.label)
        score = max((fuzz.ratio(words, each) for each in wanted), default=0.0)
        if words and score >= SIMILAR and all(_holds(each, entry) for each in everywhere):
            yield score, field


def _best(candidates: Iterator[tuple[float, Field]]) -> list[tuple[float, Field]]:
    """The one that fits better than all others, if there is one."""
    ranked = sorted(candidates, key=lambda each: each[0], reverse=True)
    return ranked[:1] if len(ranked) == 1 or (ranked and ranked[0][0] > ranked[1][0]) else []


def _undisputed(found: Sequence[tuple[float, Proposal]]) -> Iterator[Proposal]:
    """Those whose field no other rule claims as well or better."""
    for score, each in found:
        rivals = [
            other_score
            for other_score, other in found
            if other is not each and (other.on, other.field) == (each.on, each.field)
        ]
        if all(score > rival for rival in rivals):
            yield each


def _holds(field: Field, entry: Entry) -> bool:
    same_kind = field.kind is entry.kind or {field.kind, entry.kind} <= _TEXTS
    if not same_kind or unusable(field, entry):
        return False
    if field.kind in _TEXTS:
        return field.max_length is None or field.max_length >= (entry.max_length or 0)
    if field.kind is FieldKind.NUMBER:
        return field.scale is None or field.scale >= (entry.scale or 0)
    if field.kind is FieldKind.CHOICE or field.restricted:
        # A single choice that offers other words means something else, also where it would take ours.
        return {one.casefold() for one in entry.choices} <= {one.casefold() for one in field.choices}
    return True


def _words(label: str) -> str:
    """The telling words of a label, small and in alphabetical order."""
    return " ".join(sorted(word for word in _WORD.findall(label.casefold()) if word not in EMPTY_WORDS))
