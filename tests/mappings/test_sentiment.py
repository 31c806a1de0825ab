"""The prospect's sentiment per topic."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.analysis import RolePick
from velma_mappings.model import CallReport, State
from velma_mappings.report import distil


def report(make: Any, *scores: tuple[str, str, float], **more: Any) -> CallReport:
    analysis = make.analysis(**{**make.scores(*scores), **more})
    return distil(make.call(), analysis, make.config(), make.mapping())


def test_a_group_has_the_mean_of_its_topics(make: Any) -> None:
    found = report(make, ("price", "p", 0.5), ("cost", "p", -0.1), ("price", "r", -1.0))
    assert found.values["sentiment.pricing"].value == 0.2
    assert found.values["sentiment.average"].value == 0.2
    assert found.values["sentiment.lowest"].value == -0.1
    assert found.values["sentiment.lowest_topic"].value == "Pricing"


def test_means_are_told_with_four_decimals(make: Any) -> None:
    found = report(make, ("price", "p", 0.1), ("cost", "p", 0.1), ("the cost", "p", 0.2))
    assert found.values["sentiment.pricing"].value == 0.1333
    assert found.values["sentiment.average"].value == 0.1333


def test_several_prospects_weigh_by_their_speech(make: Any) -> None:
    clips = (
        make.clip("1", "p", seconds=30),
        make.clip("2", "q", at=40, seconds=10),
        make.clip("3", "r", at=60, seconds=40),
    )
    picks = (*make.picks(), RolePick("q", make.PROSPECT_ROLE, 0.9, False))
    found = report(make, ("price", "p", 1.0), ("price", "q", -1.0), clips=clips, roles=picks)
    assert found.values["sentiment.pricing"].value == 0.5


def test_prospects_without_measured_speech_weigh_alike(make: Any) -> None:
    clips = (make.clip("1", "p", seconds=0), make.clip("2", "q", seconds=0), make.clip("3", "r", seconds=0))
    picks = (*make.picks(), RolePick("q", make.PROSPECT_ROLE, 0.9, False))
    found = report(make, ("price", "p", 1.0), ("price", "q", 0.0), clips=clips, roles=picks)
    assert found.values["sentiment.pricing"].value == 0.5


def test_the_average_counts_each_topic_once_whatever_its_group(make: Any) -> None:
    found = report(make, ("price", "p", 0.9), ("cost", "p", 0.9), ("fishing", "p", -0.6))
    assert found.values["sentiment.average"].value == 0.4
    assert found.values["sentiment.lowest_topic"].value == "Other"


def test_a_topic_without_a_group_goes_to_the_review_list(make: Any) -> None:
    found = report(
        make,
        ("fishing", "p", -0.25),
        ("boats", "r", 0.5),
        ("price", "p", 0.1),
        summary="About <pii>Kim</pii>.",
    )
    assert found.unmatched_topics == (("fishing", -0.25), ("boats", None))
    assert found.values["other_topics"].value == "fishing: -0.25; boats"


def test_topics_are_masked_before_they_are_told(make: Any) -> None:
    found = report(make, ("holiday of <pii:name>Kim Otter</pii:name>", "p", 0.5))
    assert found.values["other_topics"].value == "holiday of [NAME]: +0.50"
    assert found.unmatched_topics == (("holiday of [NAME]", 0.5),)


def test_a_topic_without_a_score_is_no_sentiment(make: Any) -> None:
    found = report(make, ("price", "r", 0.4), ("roll-out", "p", 0.4))
    assert found.values["sentiment.pricing"].state is State.UNAVAILABLE
    assert found.values["sentiment.implementation"].value == 0.4


@pytest.mark.parametrize("score", [1.5, -2.0, float("nan"), float("inf")])
def test_a_score_outside_the_scale_is_not_believed(make: Any, score: float) -> None:
    found = report(make, ("price", "p", score), ("roll-out", "p", 0.4))
    assert found.values["sentiment.pricing"].state is State.UNAVAILABLE
    assert found.values["sentiment.average"].value == 0.4


def test_the_last_score_of_a_speaker_wins(make: Any) -> None:
    assert report(make, ("price", "p", 0.9), ("price", "p", 0.1)).values["sentiment.pricing"].value == 0.1


@pytest.mark.parametrize(
    ("scores", "more", "reason"),
    [
        ([], {}, "no topics"),
        ([("price", "r", 0.4)], {}, "no score"),
        ([("price", "p", 0.4)], {"roles": ()}, "no speaker could be given a role"),
    ],
)
def test_without_the_prospects_scores_nothing_is_told(
    make: Any, scores: list[tuple[str, str, float]], more: dict[str, Any], reason: str
) -> None:
    found = report(make, *scores, **more)
    for path in ("sentiment.pricing", "sentiment.average", "sentiment.lowest", "sentiment.lowest_topic"):
        assert found.values[path].state is State.UNAVAILABLE
        assert reason in found.values[path].reason


def test_topics_are_listed_even_if_nobody_knows_who_felt_what(make: Any) -> None:
    found = report(make, ("fishing", "p", 0.4), roles=())
    assert found.values["other_topics"].value == "fishing"


def test_a_topic_that_has_only_a_sentiment_row_counts(make: Any) -> None:
    assert report(make, ("price", "p", 0.3), topics=()).values["sentiment.pricing"].value == 0.3


def test_no_topics_at_all_leave_the_other_topics_open(make: Any) -> None:
    assert report(make).values["other_topics"].state is State.UNAVAILABLE
    assert report(make, ("price", "p", 0.3)).values["other_topics"].value is None


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([("price", "r", 0.4)], "the prospect has no score on the topic"),
        ([("license terms", "p", 0.4)], "velma-sync topics"),
        ([("the weather", "p", 0.4)], "the topic was not discussed"),
    ],
)
def test_a_group_without_a_score_says_what_keeps_it_from_one(
    make: Any, scores: list[tuple[str, str, float]], reason: str
) -> None:
    topics = [
        {"name": "Pricing", "synonyms": ["license cost", "price"]},
        {"name": "Rollout", "synonyms": ["timeline"]},
    ]
    analysis = make.analysis(**make.scores(*scores, ("timeline", "p", 0.1)))
    found = distil(make.call(), analysis, make.config(), make.mapping(topics=topics))
    assert reason in found.values["sentiment.pricing"].reason
