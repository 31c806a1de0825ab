"""Every value an admin can map, with the topics, options and behaviors of one mapping file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING

from velma_mappings import sentiment
from velma_mappings.entry import Entry
from velma_mappings.fixed_entries import FIXED, sentiment_of
from velma_mappings.topics import slug

if TYPE_CHECKING:
    from velma_mappings.mapping_file import MappingFile

ACTION_PLAN_PATHS = ("action_plan_confirmed", "next_step", "next_step_at", "next_step_quote")


def entries(mapping: MappingFile) -> dict[str, Entry]:
    """The catalogue for one mapping file: its topics as paths, its vocabularies as choices."""
    of_topics = [sentiment_of(f"sentiment.{slug(topic.name)}", topic.name) for topic in mapping.topics]
    catalogue = {entry.path: entry for entry in (*FIXED, *of_topics)}
    for path, choices in _vocabularies(mapping).items():
        catalogue[path] = replace(catalogue[path], choices=tuple(dict.fromkeys(choices)))
    for path, keys in _behaviors(mapping).items():
        catalogue[path] = replace(catalogue[path], behaviors=tuple(dict.fromkeys(keys)))
    return catalogue


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a misspelt one was meant to be, or None when none is near."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def _vocabularies(mapping: MappingFile) -> Mapping[str, Iterable[str]]:
    behaviors = mapping.behaviors
    topic_tags = [topic.objection for topic in mapping.topics if topic.objection is not None]
    return {
        "competitors": sorted(rival.name for rival in mapping.competitors),
        "coaching_flags": behaviors.coaching,
        "positive_signals": behaviors.positive,
        "objection_tags": (*behaviors.objections, *topic_tags),
        "sentiment.lowest_topic": (*(topic.name for topic in mapping.topics), sentiment.OTHER),
    }


def _behaviors(mapping: MappingFile) -> Mapping[str, Iterable[str]]:
    behaviors = mapping.behaviors
    competitor_paths = ("competitors", "competitor_status", "raised_by", "deal_intel")
    return {
        **dict.fromkeys(ACTION_PLAN_PATHS, behaviors.action_plan),
        **dict.fromkeys(competitor_paths, behaviors.competitor),
        "coaching_flags": chain.from_iterable(behaviors.coaching.values()),
        "positive_signals": chain.from_iterable(behaviors.positive.values()),
        "objection_tags": chain.from_iterable(behaviors.objections.values()),
    }
