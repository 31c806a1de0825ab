"""What can be wrong with a mapping file as a whole, said so that an admin can mend it.

Messages continue a sentence that starts with the name of the key: "'value' names no known value: ...".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from velma_mappings.catalogue import ACTION_PLAN_PATHS, entries, nearest
from velma_mappings.competitors import spelled
from velma_mappings.entry import Entry
from velma_mappings.topics import slug, tokens
from velma_mappings.transforms import TRANSFORMS, misfit

if TYPE_CHECKING:
    from velma_mappings.mapping_file import MappingFile, Rule

RESERVED_SLUGS = frozenset({"average", "lowest", "lowest_topic"})
"""Parts of paths that mean something else than a topic."""

OPTION_LENGTH = 255
"""Characters; the smallest limit among CRMs."""
SEPARATOR = ";"
"""Between the options of a multi-choice value, in every CRM."""
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""Control characters, ends of lines, and what XML cannot hold."""

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Misfit:
    """One problem, at the key to change."""

    loc: Loc
    input: object
    message: str

    def error(self) -> PydanticCustomError:
        return PydanticCustomError("mapping", "{message}", {"message": self.message})


@dataclass(frozen=True, slots=True)
class Spelling:
    """One wording in the file, and the topic or competitor it stands for."""

    loc: Loc
    text: str
    owner: str


def problems(mapping: MappingFile) -> list[Misfit]:
    """Every problem of the file, in the order of its sections; then names that no option can have."""
    return [
        *_rule_problems(mapping),
        *_topic_problems(mapping),
        *_competitor_problems(mapping),
        *_option_problems(mapping),
    ]


def _option_problems(mapping: MappingFile) -> Iterator[Misfit]:
    """Names that become options of a field, which not every text can be, and texts of the field itself."""
    for loc, name in _options(mapping):
        if SEPARATOR in name:
            message = "holds a semicolon, which is what separates the options of a field; leave it out"
            yield Misfit(loc, name, message)
        if len(name) > OPTION_LENGTH:
            message = f"has {len(name)} characters, more than the {OPTION_LENGTH} of an option; shorten it"
            yield Misfit(loc, name, message)
        yield from _not_shown(loc, name)
    for at, rule in enumerate(mapping.rules):
        yield from _not_shown(("rules", at, "label"), rule.label or "")
        yield from _not_shown(("rules", at, "help"), (rule.help or "").replace("\n", " "))


def _options(mapping: MappingFile) -> Iterator[tuple[Loc, str]]:
    for at, topic in enumerate(mapping.topics):
        yield ("topics", at, "name"), topic.name
        yield ("topics", at, "objection"), topic.objection or ""
    for at, rival in enumerate(mapping.competitors):
        yield ("competitors", at, "name"), rival.name
    behaviors = mapping.behaviors
    groups = {
        "coaching": behaviors.coaching,
        "positive": behaviors.positive,
        "objections": behaviors.objections,
    }
    for group, labels in groups.items():
        for label in labels:
            yield ("behaviors", group, label, "[key]"), label


def _not_shown(loc: Loc, text: str) -> Iterator[Misfit]:
    if _NOT_SHOWN.search(text):
        yield Misfit(loc, text, "holds a control character or an end of line; write it on one line without")


def _rule_problems(mapping: MappingFile) -> Iterator[Misfit]:
    catalogue, unfed = entries(mapping), _unfed(mapping)
    filled: dict[tuple[str, str], int] = {}
    for at, rule in enumerate(mapping.rules):
        loc: Loc = ("rules", at)
        first = filled.setdefault((rule.on, rule.field.casefold()), at)
        if first != at:
            message = (
                f"names {rule.field} on the {rule.on}, which rule {first + 1} already fills "
                f"(value: {mapping.rules[first].value}); remove one of the two"
            )
            yield Misfit((*loc, "field"), rule.field, message)
        yield from _value_problems(rule, loc, catalogue, unfed)


def _value_problems(
    rule: Rule, loc: Loc, catalogue: Mapping[str, Entry], unfed: Mapping[str, str]
) -> Iterator[Misfit]:
    if rule.value not in catalogue:
        hint = _hint(rule.value, catalogue, "mappings/README.md lists all values")
        yield Misfit((*loc, "value"), rule.value, f"names no known value: '{rule.value}' ({hint})")
    elif rule.value in unfed:
        remedy = f"fill {unfed[rule.value]}, or remove the rule"
        message = f"names '{rule.value}', which has nothing to come from; {remedy}"
        yield Misfit((*loc, "value"), rule.value, message)
    unknown = [name for name in rule.transform if name not in TRANSFORMS]
    for name in unknown:
        hint = _hint(name, TRANSFORMS, f"there are {', '.join(TRANSFORMS)}")
        yield Misfit((*loc, "transform"), name, f"names no known transform: '{name}' ({hint})")
    if rule.value in catalogue and not unknown:
        fault = misfit(rule.transform, catalogue[rule.value])
        if fault:
            yield Misfit((*loc, "transform"), rule.transform, f"cannot be used here: {fault}")


def _unfed(mapping: MappingFile) -> dict[str, str]:
    """Values that this file gives no source, and the section that would."""
    behaviors = mapping.behaviors
    objections = behaviors.objections or [topic for topic in mapping.topics if topic.objection]
    sources = (
        ("behaviors.coaching", behaviors.coaching, ["coaching_flags"]),
        ("behaviors.positive", behaviors.positive, ["positive_signals"]),
        ("behaviors.objections or the topics' objection", objections, ["objection_tags"]),
        ("behaviors.competitor", behaviors.competitor, ["deal_intel"]),
        ("competitors", mapping.competitors, ["competitors"]),
        ("behaviors.action_plan", behaviors.action_plan, ACTION_PLAN_PATHS),
    )
    return {path: section for section, filled, paths in sources if not filled for path in paths}


def _topic_problems(mapping: MappingFile) -> Iterator[Misfit]:
    spellings: list[Spelling] = []
    for at, topic in enumerate(mapping.topics):
        loc: Loc = ("topics", at)
        if slug(topic.name) in RESERVED_SLUGS:
            message = (
                f"would be sentiment.{slug(topic.name)}, which means something else; choose another name"
            )
            yield Misfit((*loc, "name"), topic.name, message)
        spellings.append(Spelling((*loc, "name"), topic.name, topic.name))
        for n, text in enumerate(topic.synonyms):
            spellings.append(Spelling((*loc, "synonyms", n), text, topic.name))
        for n, text in enumerate(topic.exclude):
            yield from _wordless(Spelling((*loc, "exclude", n), text, topic.name))
    yield from _repeats(spellings, tokens)


def _competitor_problems(mapping: MappingFile) -> Iterator[Misfit]:
    spellings = [Spelling(("own_names", n), text, "own_names") for n, text in enumerate(mapping.own_names)]
    for at, rival in enumerate(mapping.competitors):
        loc: Loc = ("competitors", at)
        spellings.append(Spelling((*loc, "name"), rival.name, rival.name))
        spellings += [
            Spelling((*loc, "aliases", n), text, rival.name) for n, text in enumerate(rival.aliases)
        ]
        spellings += [Spelling((*loc, "ignore", n), text, rival.name) for n, text in enumerate(rival.ignore)]
    yield from _repeats(spellings, spelled)


def _repeats(spellings: Iterable[Spelling], key: Callable[[str], object]) -> Iterator[Misfit]:
    taken: dict[object, Spelling] = {}
    for spelling in spellings:
        yield from _wordless(spelling)
        first = taken.setdefault(key(spelling.text), spelling)
        if first is not spelling and spelled(spelling.text):
            message = f"is '{spelling.text}', already a wording of '{first.owner}'; remove one of the two"
            yield Misfit(spelling.loc, spelling.text, message)


def _wordless(spelling: Spelling) -> Iterator[Misfit]:
    if not spelled(spelling.text):
        yield Misfit(spelling.loc, spelling.text, "has no letter or digit to look for")


def _hint(word: str, known: Iterable[str], otherwise: str) -> str:
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else otherwise
