"""Lists of flags, signals and objections: what was noticed, and when an empty list may be claimed."""

from __future__ import annotations

from typing import Any

import pytest

from velma_mappings.model import State
from velma_mappings.report import distil
from velma_mappings.signals import Signal, noticed

ALL = ("question", "off_topic", "rapport", "trust")


def told(make: Any, *rows: Any, asked: tuple[str, ...] = ALL, scores: Any = (), **more: Any) -> Any:
    analysis = make.analysis(detections=rows, **make.scores(*scores), **more)
    return distil(make.call(), analysis, make.config(*asked), make.mapping()).values


def test_labels_keep_the_rank_of_the_mapping_file(make: Any) -> None:
    rows = (
        make.row("off_topic", "r", evidence=("c2",)),
        make.row("question", "r", evidence=("c4",), definitive="c4"),
    )
    flags = told(make, *rows)["coaching_flags"]
    assert flags.value == ("Question", "Off-topic")
    assert [place.at for place in flags.evidence] == ["01:00", "00:20"]


def test_a_list_is_told_as_soon_as_one_label_is_noticed(make: Any) -> None:
    flags = told(make, make.row("question", "r"), asked=("question",))["coaching_flags"]
    assert (flags.state, flags.value) == (State.KNOWN, ("Question",))


@pytest.mark.parametrize(
    ("asked", "rows", "state"),
    [
        (("question", "off_topic"), [], State.KNOWN),
        (("question",), [], State.NOT_EVALUATED),
        ((), [], State.NOT_EVALUATED),
        (("question", "off_topic"), [("question", 0.4)], State.KNOWN),
    ],
)
def test_an_empty_list_is_only_claimed_when_every_label_was_evaluated(
    make: Any, asked: tuple[str, ...], rows: list[tuple[str, float]], state: State
) -> None:
    flags = told(make, *(make.row(name, "r", confidence) for name, confidence in rows), asked=asked)
    assert flags["coaching_flags"].state is state
    assert flags["coaching_flags"].value == (() if state is State.KNOWN else None)
    if state is not State.KNOWN:
        assert "Off-topic: it was not asked for" in flags["coaching_flags"].reason


def test_alternatives_under_one_label_are_evaluated_when_one_is(make: Any) -> None:
    behaviors = {**make.document()["behaviors"], "coaching": {"Talk track": ["discovery", "negotiation"]}}
    mapping = make.mapping(behaviors=behaviors)
    values = distil(make.call(), make.analysis(), make.config("discovery"), mapping).values
    assert (values["coaching_flags"].state, values["coaching_flags"].value) == (State.KNOWN, ())


def test_a_mapping_file_that_names_nothing_tells_nothing(make: Any) -> None:
    values = distil(make.call(), make.analysis(), make.config(), make.mapping(behaviors={})).values
    assert values["coaching_flags"].state is State.NOT_EVALUATED
    assert "names nothing" in values["coaching_flags"].reason


@pytest.mark.parametrize(("score", "tags"), [(-0.2, ("Pricing pushback",)), (-0.19, ()), (0.5, ())])
def test_an_unhappy_topic_is_an_objection_from_the_limit_on(
    make: Any, score: float, tags: tuple[str, ...]
) -> None:
    assert told(make, scores=[("price", "p", score)])["objection_tags"].value == tags


def test_objections_come_from_behaviors_and_topics_each_tag_once(make: Any) -> None:
    behaviors = {
        **make.document()["behaviors"],
        "objections": {"Trust": ["trust"], "Pricing pushback": ["price"]},
    }
    analysis = make.analysis(
        detections=(make.row("price", "p", evidence=("c3",)),), **make.scores(("price", "p", -0.6))
    )
    mapping = make.mapping(behaviors=behaviors)
    tags = distil(make.call(), analysis, make.config("trust", "price"), mapping).values["objection_tags"]
    assert tags.value == ("Pricing pushback",)
    assert [place.at for place in tags.evidence] == ["00:40"]


def test_no_objections_are_only_claimed_with_topics_scored_and_behaviors_evaluated(make: Any) -> None:
    assert told(make, scores=[("fishing", "p", 0.1)])["objection_tags"].value == ()
    assert told(make)["objection_tags"].state is State.NOT_EVALUATED
    assert told(make, scores=[("fishing", "p", 0.1)], asked=())["objection_tags"].state is State.NOT_EVALUATED


def test_a_label_noticed_twice_is_shown_where_there_is_a_place(make: Any) -> None:
    clip = make.clip("c", "p")
    signals = [Signal("A", True), Signal("B", False), Signal("A", True, clip=clip), Signal("C", True)]
    assert noticed(signals) == [signals[2], signals[3]]
