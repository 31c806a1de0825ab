"""What a mapping file does not know yet, gathered over many calls, and how it would be adopted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from velma_mappings.competitors import spelled
from velma_mappings.mapping_file import MappingFile
from velma_mappings.model import CallReport
from velma_mappings.topics import Tokens, groups, near, tokens

MOST_NEAR = 3


@dataclass(frozen=True, slots=True)
class UnmatchedTopic:
    """A wording that no topic of the file takes, or that several could. `wording` is its usual spelling.

    `sentiment` is the mean of the prospects' scores, None where they have none. `near` are topics of the
    file that may be meant, the likeliest first.
    """

    wording: str
    calls: int
    sentiment: float | None
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnlistedName:
    """What may be a competitor that the file does not list."""

    name: str
    calls: int


def unmatched_topics(reports: Iterable[CallReport], mapping: MappingFile) -> list[UnmatchedTopic]:
    """One entry per wording, whatever its case, plural and punctuation; most calls first."""
    spellings: dict[Tokens, Counter[str]] = {}
    scores: dict[Tokens, list[float]] = {}
    for report in reports:
        for key, (wording, score) in _once_per_call(report):
            spellings.setdefault(key, Counter())[wording] += 1
            scores.setdefault(key, []).extend(() if score is None else (score,))
    candidates = groups(mapping.topics)
    found = [
        UnmatchedTopic(
            wording=counts.most_common(1)[0][0],
            calls=counts.total(),
            sentiment=round(mean(scores[key]), 2) if scores[key] else None,
            near=near(key, candidates)[:MOST_NEAR],
        )
        for key, counts in spellings.items()
    ]
    return sorted(found, key=lambda topic: (-topic.calls, topic.wording))


def unlisted_names(reports: Iterable[CallReport]) -> list[UnlistedName]:
    """One entry per name, whatever its spelling; most calls first."""
    spellings: dict[str, Counter[str]] = {}
    for report in reports:
        for key, name in {spelled(name): name for name in report.unlisted_names}.items():
            spellings.setdefault(key, Counter())[name] += 1
    found = [UnlistedName(counts.most_common(1)[0][0], counts.total()) for counts in spellings.values()]
    return sorted(found, key=lambda each: (-each.calls, each.name))


def new_synonyms(topics: Sequence[UnmatchedTopic]) -> Mapping[str, list[str]]:
    """Topic of the file -> wordings to adopt, where only one topic can be meant."""
    adopted: dict[str, list[str]] = {}
    for topic in topics:
        if len(topic.near) == 1:
            adopted.setdefault(topic.near[0], []).append(topic.wording)
    return adopted


def _once_per_call(report: CallReport) -> Iterator[tuple[Tokens, tuple[str, float | None]]]:
    by_key = {tokens(wording): (wording, score) for wording, score in report.unmatched_topics}
    return ((key, said) for key, said in by_key.items() if key)
