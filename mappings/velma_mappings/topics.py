"""Free-text topics sorted into the admin's fixed groups.

Topics differ from run to run in case, number and wording. In this order: the same words; all words of a
synonym contained; nearly the same words. What could be two groups is no group: it goes to the admin's
review list, never to a field.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

if TYPE_CHECKING:
    from velma_mappings.mapping_file import Topic

FUZZY_CUTOFF = 88
FUZZY_MARGIN = 5
"""Points by which the best group must lead the next one."""
NEAR = 60
"""Likeness, of 100, from which on a group may be what a topic means that no group takes."""

_TOKEN = re.compile(r"[^\W_]+")
_EMPTY_WORDS = frozenset(
    {"a", "an", "and", "for", "in", "of", "on", "or", "our", "the", "their", "to", "with"}
)

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One topic of the mapping file, ready for comparing."""

    name: str
    slug: str
    synonyms: tuple[Tokens, ...]
    exclude: tuple[Tokens, ...]
    objection: str | None


def groups(topics: Iterable[Topic]) -> tuple[Group, ...]:
    """The mapping file's topics; the name of a topic is its first synonym."""
    return tuple(
        Group(
            name=topic.name,
            slug=slug(topic.name),
            synonyms=tuple(tokens(text) for text in (topic.name, *topic.synonyms)),
            exclude=tuple(tokens(text) for text in topic.exclude),
            objection=topic.objection,
        )
        for topic in topics
    )


def match(topic: str, candidates: Sequence[Group]) -> Group | None:
    """The one group that a free-text topic belongs to, or None."""
    words = tokens(topic)
    left = [group for group in candidates if not any(set(words) >= set(out) for out in group.exclude)]
    for group in left:
        if words in group.synonyms:
            return group
    scores = [(_contained(words, group), group) for group in left]
    if any(score for score, _ in scores):
        return _leader(scores, margin=1)
    return _leader([(_likeness(words, group), group) for group in left], margin=FUZZY_MARGIN)


def tokens(text: str) -> Tokens:
    """Words for comparing: compatible characters, case folded, punctuation gone, singular."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return tuple(_singular(word) for word in _TOKEN.findall(folded))


def speaks_of(words: Tokens, group: Group) -> bool:
    """Do these words hold any synonym of the group as a phrase?"""
    speech = f" {' '.join(words)} "
    return any(f" {' '.join(synonym)} " in speech for synonym in group.synonyms)


def near(words: Tokens, candidates: Sequence[Group]) -> tuple[str, ...]:
    """Names of the groups that may be meant by words that no group takes, the likeliest first."""
    text = " ".join(words)
    scored = [(_resemblance(text, group), group.name) for group in candidates]
    return tuple(name for score, name in sorted(scored, reverse=True) if score >= NEAR)


def slug(name: str) -> str:
    """The name as a part of a value's path: `IT resources` is `it_resources`."""
    return "_".join(_TOKEN.findall(unicodedata.normalize("NFKC", name).casefold()))


def _contained(words: Tokens, group: Group) -> int:
    """Words of the longest synonym that is wholly contained."""
    return max((len(set(synonym)) for synonym in group.synonyms if set(synonym) <= set(words)), default=0)


def _likeness(words: Tokens, group: Group) -> float:
    content = set(words) - _EMPTY_WORDS
    best = 0.0
    for synonym in group.synonyms:
        # A topic that says less than the synonym ("requirements") would score full marks as its part.
        if len(words) >= len(synonym) and content & set(synonym):
            best = max(best, fuzz.token_set_ratio(" ".join(words), " ".join(synonym)))
    return best if best >= FUZZY_CUTOFF else 0.0


def _resemblance(text: str, group: Group) -> float:
    return max((fuzz.token_set_ratio(text, " ".join(synonym)) for synonym in group.synonyms), default=0.0)


def _leader(scores: Sequence[tuple[float, Group]], *, margin: float) -> Group | None:
    ranked = sorted(scores, key=lambda scored: -scored[0])
    if not ranked or ranked[0][0] == 0:
        return None
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < margin:
        return None
    return ranked[0][1]


def _singular(word: str) -> str:
    if len(word) <= 3 or not word.isascii() or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word.removesuffix("s")
