"""Sorting free-text topics into groups."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_mappings.mapping_file import MappingFile
from velma_mappings.topics import groups, match, slug, speaks_of, tokens


def taker(topic: str, mapping: MappingFile) -> str | None:
    group = match(topic, groups(mapping.topics))
    return group.name if group else None


@pytest.mark.parametrize(
    ("topic", "group"),
    [
        ("pricing", "Pricing"),
        ("PRICING!", "Pricing"),
        ("Ｐｒｉｃｉｎｇ", "Pricing"),
        ("License costs", "Pricing"),
        ("Price per seat", "Pricing"),
        ("Budget", "Pricing"),
        ("Implementation timelines", "Implementation"),
        ("Roll-out schedule", "Implementation"),
        ("Rollout risks", "Implementation"),
        ("Go-live date", "Implementation"),
        ("implementation timeframe", "Implementation"),
        ("IT resource requirements", "IT resources"),
        ("workload of the IT team", "IT resources"),
        ("ERP integration", "Integration"),
        ("Integrations", "Integration"),
        ("Security review", "Security"),
        ("Access control", "Security"),
        ("security compliance", "Security"),
        ("compliance reporting", "Compliance"),
        ("Audit trails", "Compliance"),
        ("Support response times", "Support"),
        ("Customer support", "Support"),
        ("Renewal terms", "Contract"),
        ("Contract terms", "Contract"),
    ],
)
def test_the_default_groups_take_what_sales_calls_are_about(
    default_mapping: MappingFile, topic: str, group: str
) -> None:
    assert taker(topic, default_mapping) == group


@pytest.mark.parametrize(
    ("topic", "why"),
    [
        ("Night shift stories", "it is about nothing of ours"),
        ("requirements", "it says less than 'IT resource requirements'"),
        ("IT", "it says less than any synonym"),
        ("time", "a word of a synonym is not the synonym"),
        ("pricng", "a slip without a word in common is left to a person"),
        ("America", "likeness without a word in common is chance"),
        ("implementation support", "it could be two groups"),
        ("credit team reorganization", "letters in common are no words in common"),
        ("", "there is nothing to read"),
        ("?!", "there is nothing to read"),
    ],
)
def test_a_topic_in_doubt_is_taken_by_no_group(default_mapping: MappingFile, topic: str, why: str) -> None:
    assert taker(topic, default_mapping) is None, why


def test_nearly_the_same_words_are_taken_with_a_clear_lead(make: Any) -> None:
    topics = [{"name": "implementation timeline"}]
    assert taker("implementation timelime", make.mapping(topics=topics)) == "implementation timeline"
    rival = [*topics, {"name": "implementation timelines plan"}]
    assert taker("implementation timelime", make.mapping(topics=rival)) == "implementation timeline"
    close = [*topics, {"name": "implementation timelise"}]
    assert taker("implementation timelime", make.mapping(topics=close)) is None


@pytest.mark.parametrize(
    ("names", "group"),
    [
        (["implementation xyzdefghij"], 0),  # 88
        (["implementation wxyzefghij"], None),  # 84
        (["implementation xbcdefghij", "implementation wxyzefghij"], 0),  # 96 and 84
        (["implementation xbcdefghij", "implementation xycdefghij"], None),  # 96 and 92
    ],
)
def test_likeness_counts_from_88_of_100(make: Any, names: list[str], group: int | None) -> None:
    mapping = make.mapping(topics=[{"name": name} for name in names])
    assert taker("implementation abcdefghij", mapping) == (None if group is None else names[group])


def test_a_lead_of_5_is_enough(make: Any) -> None:
    names = ["timeline xbcdefghijk", "timeline xycdefghijk"]  # 95 and 90
    mapping = make.mapping(topics=[{"name": name} for name in names])
    assert taker("timeline abcdefghijk", mapping) == names[0]


def test_the_same_words_win_over_any_likeness(make: Any) -> None:
    topics = [{"name": "data security"}, {"name": "security"}]
    assert taker("data security", make.mapping(topics=topics)) == "data security"
    assert taker("the data security of it", make.mapping(topics=topics)) == "data security"


def test_an_excluded_word_shows_that_another_topic_is_meant(make: Any) -> None:
    topics = [{"name": "Support", "exclude": ["life support", "child"]}]
    mapping = make.mapping(topics=topics)
    assert taker("support desk", mapping) == "Support"
    assert taker("child support", mapping) is None
    assert taker("Life Support", mapping) is None
    assert taker("support for life", mapping) is None
    assert taker("support of a lifetime", mapping) == "Support"


def test_without_groups_nothing_is_taken() -> None:
    assert match("pricing", ()) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Policies", ("policy",)),
        ("boxes, dishes & batches", ("box", "dish", "batch")),
        ("process analysis status bus", ("process", "analysis", "status", "bus")),
        ("classes", ("class",)),
        ("gas fees", ("gas", "fee")),
        ("Größen", ("grössen",)),
        ("naïves", ("naïves",)),
        ("snake_case", ("snake", "case")),
    ],
)
def test_words_are_compared_in_the_singular(text: str, words: tuple[str, ...]) -> None:
    assert tokens(text) == words


def test_a_clip_speaks_of_a_group_only_in_its_phrases(default_mapping: MappingFile) -> None:
    group = next(group for group in groups(default_mapping.topics) if group.slug == "implementation")
    assert speaks_of(tokens("So we go-live in May."), group)
    assert speaks_of(tokens("IMPLEMENTATIONS are hard"), group)
    assert not speaks_of(tokens("we live and go on"), group)


def test_a_name_becomes_a_part_of_a_path() -> None:
    assert slug("IT resources") == "it_resources"
    assert slug(" Q&A / Demo! ") == "q_a_demo"
    assert slug("Цена") == "цена"


WORDS = st.lists(
    st.sampled_from(["price", "cost", "timeline", "roll", "out", "night", "shift", "of", "the"]), max_size=6
)


@given(WORDS, st.sampled_from([str.upper, str.title, str.lower]), st.sampled_from([" ", "-", ", ", " / "]))
def test_case_and_punctuation_never_change_the_group(
    make: Any, words: list[str], case: Any, separator: str
) -> None:
    mapping = make.mapping()
    assert taker(case(separator.join(words)), mapping) == taker(" ".join(words), mapping)


@given(st.text(max_size=60))
def test_any_topic_gets_one_group_or_none(make: Any, topic: str) -> None:
    mapping = make.mapping()
    found = groups(mapping.topics)
    assert match(topic, found) in (*found, None)
    assert match(topic, found) == match(topic, tuple(reversed(found))), "the order of groups matters"
