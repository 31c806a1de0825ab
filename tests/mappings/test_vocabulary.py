"""What the mapping file does not know, offered for adoption."""

from __future__ import annotations

from typing import Any

import pytest

from velma_mappings.model import CallReport
from velma_mappings.report import distil
from velma_mappings.vocabulary import (
    UnlistedName,
    UnmatchedTopic,
    new_synonyms,
    unlisted_names,
    unmatched_topics,
)

TOPICS = [
    {"name": "Pricing", "synonyms": ["license cost"]},
    {"name": "Integration", "synonyms": ["ERP integration"]},
    {"name": "IT resources", "synonyms": ["IT staffing"]},
]


def report(make: Any, *scores: tuple[str, str, float], said: str = "", **more: Any) -> CallReport:
    analysis = make.analysis(**make.scores(*scores)) if scores else make.analysis()
    if said:
        clip = make.clip("e1", "p", said, at=60)
        row = make.row("competitor_mention", "p", evidence=("e1",))
        analysis = make.analysis(clips=(clip,), detections=(row,))
    mapping = make.mapping(topics=TOPICS, behaviors={"competitor": ["competitor_mention"]}, **more)
    return distil(make.call(), analysis, make.config("competitor_mention"), mapping)


def test_wordings_are_counted_by_calls_whatever_their_spelling(make: Any) -> None:
    reports = [
        report(make, ("Data Residency", "p", -0.4), ("data residencies", "p", 0.0)),
        report(make, ("data residency", "p", 0.2)),
        report(make, ("data residency", "p", 0.2), ("fishing", "p", 0.5)),
        report(make, ("license cost", "p", 0.5)),
    ]
    found = unmatched_topics(reports, make.mapping(topics=TOPICS))
    assert found == [
        UnmatchedTopic("data residency", 3, 0.13, ()),
        UnmatchedTopic("fishing", 1, 0.5, ()),
    ]


def test_a_wording_without_a_prospects_score_has_no_sentiment(make: Any) -> None:
    found = unmatched_topics([report(make, ("boats", "r", 0.5))], make.mapping(topics=TOPICS))
    assert [(topic.wording, topic.sentiment) for topic in found] == [("boats", None)]


@pytest.mark.parametrize(
    ("wording", "near"),
    [
        ("license terms", ("Pricing",)),
        ("staffing", ("IT resources",)),
        ("the weather", ()),
    ],
)
def test_the_topics_that_may_be_meant_are_named(make: Any, wording: str, near: tuple[str, ...]) -> None:
    mapping = make.mapping(topics=TOPICS)
    (found,) = unmatched_topics([report(make, (wording, "p", 0.1))], mapping)
    assert found.near == near


def test_only_what_can_mean_one_topic_alone_is_adopted() -> None:
    topics = [
        UnmatchedTopic("license costs", 3, None, ("Pricing",)),
        UnmatchedTopic("costs of staff", 2, None, ("Pricing", "IT resources")),
        UnmatchedTopic("fees", 1, None, ("Pricing",)),
        UnmatchedTopic("fishing", 1, None, ()),
    ]
    assert new_synonyms(topics) == {"Pricing": ["license costs", "fees"]}


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("We also look at Marlbury Data and at Zennor.", ("Marlbury Data", "Zennor")),
        ("Today we have Zennor's tool.", ("Zennor",)),
        ("The Zennor people called.", ("Zennor",)),
        ("Zennor called. Yes. Nothing else.", ()),
        ("It runs on our ERP, by Monday, in English.", ()),
        ("They also showed us Bluestile.", ()),
        ("They showed Bluestile and Zennor.", ()),
        ("Our Ledgerline reports are late.", ()),
        ("I asked <pii:name>Wren Adair</pii:name> about it.", ()),
        ("nothing with a name", ()),
    ],
)
def test_what_looks_like_an_unlisted_rival_is_offered(make: Any, said: str, names: tuple[str, ...]) -> None:
    found = report(make, said=said, competitors=[{"name": "Bluestile"}], own_names=["Ledgerline"])
    assert found.unlisted_names == names


def test_names_are_looked_for_only_where_a_competitor_was_noticed(make: Any) -> None:
    analysis = make.analysis(clips=(make.clip("e1", "p", "We also look at Zennor.", at=60),))
    mapping = make.mapping(behaviors={"competitor": ["competitor_mention"]})
    found = distil(make.call(), analysis, make.config("competitor_mention"), mapping)
    assert found.unlisted_names == ()


def test_names_are_counted_by_calls_whatever_their_spelling(make: Any) -> None:
    said = ["We look at Zennor and at Marlbury.", "They have ZenNor.", "We had Zennor. And Zennor too."]
    reports = [report(make, said=each) for each in said]
    assert unlisted_names(reports) == [UnlistedName("Zennor", 3), UnlistedName("Marlbury", 1)]
