"""Negative stretches in the prospect's voice."""

from __future__ import annotations

from typing import Any

import pytest

from velma_mappings import emotions
from velma_mappings.model import State
from velma_mappings.report import distil


def run(make: Any, *clips: tuple[float, float, str | None], speaker: str = "p") -> tuple[Any, ...]:
    """Clips of one speaker from (start, seconds, emotion)."""
    return tuple(
        make.clip(f"{speaker}{at}", speaker, at=at, seconds=seconds, emotion=emotion)
        for at, seconds, emotion in clips
    )


@pytest.mark.parametrize(
    ("clips", "found"),
    [
        ([(0, 10, "Angry"), (20, 10, "Sad"), (40, 10, "afraid")], (0, 50, 30)),
        ([(0, 10, "Angry"), (20, 10, "Sad")], None),
        ([(0, 5, "Angry"), (20, 5, "Sad"), (40, 9.9, "Sad")], None),
        ([(0, 5, "Angry"), (20, 5, "Sad"), (40, 10, "Sad")], (0, 50, 20)),
        ([(0, 10, "Angry"), (20, 10, "Calm"), (40, 10, "Sad"), (60, 10, "Sad")], None),
        ([(0, 10, "Angry"), (20, 10, None), (40, 10, "Sad"), (60, 10, "Sad")], None),
        ([(0, 10, "Angry"), (70, 10, "Sad"), (140, 10, "Sad")], (0, 150, 30)),
        ([(0, 10, "Angry"), (70.001, 10, "Sad"), (140, 10, "Sad")], None),
        ([(0, 10, "Angry"), (20, 10, "Unheard-of"), (40, 10, "Sad")], None),
        ([(at, 10, "Sad") for at in (0, 20, 40, 200, 220, 240, 260)], (200, 270, 40)),
        ([(at, 10, "Sad") for at in (0, 20, 40, 200, 220, 240)], (0, 50, 30)),
        ([], None),
    ],
)
def test_a_spike_is_the_longest_run_of_enough_negative_clips(
    make: Any, clips: list[tuple[float, float, str | None]], found: tuple[int, int, int] | None
) -> None:
    spike = emotions.spike(run(make, *clips))
    seconds = (spike.start_ms, spike.end_ms, spike.speech_ms) if spike else None
    assert seconds == (tuple(1000 * part for part in found) if found else None)


SAD = [(100, 10, "Sad"), (120, 10, "Sad"), (140, 10, "Sad")]


def told(make: Any, *others: Any, sad: Any = SAD, **more: Any) -> Any:
    clips = tuple(sorted((*run(make, *sad), *others), key=lambda clip: clip.start_ms))
    values = {"clips": clips, "duration_ms": 300_000, **more}
    return distil(make.call(), make.analysis(**values), make.config(), make.mapping()).values


def test_the_other_side_may_speak_within_a_spike(make: Any) -> None:
    between = run(make, (111, 5, "Happy"), (131, 5, "Angry"), speaker="r")
    values = told(make, *between)
    assert values["negative_spike"].value == "01:40-02:30"
    assert values["negative_spike_seconds"].value == 30
    assert len(values["negative_spike"].evidence) == 3


BOTH_TOPICS = [("the price", "p", -0.2), ("roll-out", "p", -0.7)]


@pytest.mark.parametrize(
    ("spoken", "scores", "topic"),
    [
        ([("r", 50, "Our price is fair.")], BOTH_TOPICS, " after the price"),
        ([("r", 50, "Our price is fair."), ("r", 111, "The roll-out!")], BOTH_TOPICS, " after roll-out"),
        ([("r", 0, "Our price is fair.")], BOTH_TOPICS, ""),
        ([("r", 4, "Our price is fair.")], BOTH_TOPICS, " after the price"),
        ([("r", 150, "Our price is fair.")], BOTH_TOPICS, ""),
        ([("r", 50, "Our price is fair.")], [("roll-out", "p", -0.7)], ""),
        ([("r", 50, "Our price is fair.")], [("price", "r", -0.7)], ""),
        ([("r", 50, "Our fish is fresh.")], BOTH_TOPICS, ""),
    ],
)
def test_a_spike_follows_the_least_liked_topic_in_the_air(
    make: Any, spoken: list[tuple[str, int, str]], scores: Any, topic: str
) -> None:
    others = [make.clip(f"x{at}", label, text, at=at, seconds=6) for label, at, text in spoken]
    assert told(make, *others, **make.scores(*scores))["negative_spike"].value == f"01:40-02:30{topic}"


def test_no_spike_is_known_to_be_none(make: Any) -> None:
    values = told(make, *run(make, (0, 10, "Happy"), speaker="r"), sad=[(20, 10, "Happy")])
    paths = ("negative_spike", "negative_spike_at", "negative_spike_seconds")
    assert [values[path].value for path in paths] == [None, None, 0]
    assert {values[path].state for path in paths} == {State.KNOWN}


def test_the_negative_share_is_told_for_the_call_and_its_thirds(make: Any) -> None:
    clips = [(0, 10, "Happy"), (90, 10, "Sad"), (120, 30, "Sad"), (299, 50, "Calm")]
    values = told(make, *run(make, (10, 10, "Calm"), speaker="r"), sad=clips)
    paths = ["", ".first_third", ".middle_third", ".last_third"]
    assert [values[f"negative_share{path}"].value for path in paths] == [40.0, 50.0, 100.0, 0.0]
    assert values["prospect_emotions"].value == "Calm 50%, Sad 40%, Happy 10%"


def test_a_third_without_the_prospects_voice_is_not_told(make: Any) -> None:
    values = told(make, *run(make, (10, 10, "Calm"), speaker="r"))
    assert values["negative_share.first_third"].state is State.UNAVAILABLE
    assert values["negative_share.middle_third"].value == 100.0


def test_a_call_of_unknown_length_is_one_first_third(make: Any) -> None:
    values = told(make, *run(make, (10, 10, "Calm"), speaker="r"), duration_ms=0)
    assert values["negative_share.first_third"].value == 100.0
    assert values["negative_share.last_third"].state is State.UNAVAILABLE


PATHS = ("negative_spike", "negative_spike_seconds", "negative_share", "prospect_emotions")


@pytest.mark.parametrize(("labeled", "state"), [(7, State.KNOWN), (6, State.UNAVAILABLE)])
def test_too_many_clips_without_an_emotion_tell_nothing(make: Any, labeled: int, state: State) -> None:
    clips = [(20 * at, 10, "Sad" if at < labeled else None) for at in range(10)]
    values = told(make, *run(make, (500, 10, None), speaker="r"), sad=clips)
    assert {values[path].state for path in PATHS} == {state}


def test_emotions_that_were_not_asked_for_are_not_evaluated(make: Any) -> None:
    analysis = make.analysis()
    values = distil(make.call(), analysis, make.config(emotions=False), make.mapping()).values
    assert {values[path].state for path in PATHS} == {State.NOT_EVALUATED}


def test_without_a_prospect_nothing_is_told_of_the_voice(make: Any) -> None:
    values = told(make, roles=())
    assert {values[path].state for path in PATHS} == {State.UNAVAILABLE}
    assert values["negative_spike"].reason == "no speaker could be given a role"
