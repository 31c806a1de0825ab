"""Who talked how much."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.analysis import RolePick
from velma_mappings.conversation import monologues, switches
from velma_mappings.model import State
from velma_mappings.report import distil


@pytest.mark.parametrize(
    ("clips", "lengths"),
    [
        ([("a", 0, 10), ("a", 12, 10)], [22]),
        ([("a", 0, 10), ("a", 12.001, 10)], [10, 10]),
        ([("a", 0, 10), ("b", 10, 1), ("a", 11, 10)], [10, 1, 10]),
        ([("a", 11, 10), ("a", 0, 10)], [21]),
        ([("a", 0, 30), ("a", 5, 10)], [30]),
        ([], []),
    ],
)
def test_clips_of_one_speaker_are_joined_over_short_pauses(
    make: Any, clips: list[tuple[str, float, float]], lengths: list[float]
) -> None:
    made = [make.clip(str(n), label, at=at, seconds=length) for n, (label, at, length) in enumerate(clips)]
    assert [run.milliseconds for run in monologues(made)] == [1000 * length for length in lengths]


def test_switches_are_changes_between_neighbours(make: Any) -> None:
    assert switches(make.conversation()) == 3
    assert switches(make.conversation()[::2]) == 0
    assert switches(()) == 0


def told(make: Any, **more: Any) -> Any:
    return distil(make.call(), make.analysis(**more), make.config(), make.mapping()).values


def test_shares_leave_unknown_speakers_out(make: Any) -> None:
    clips = (*make.conversation(), make.clip("x", "guest", "And me?", at=80, seconds=60))
    values = told(make, clips=clips)
    assert values["talk_ratio_rep"].value == 50.0
    assert values["rep_questions"].value == 1
    assert values["longest_monologue_seconds"].value == 15
    assert values["longest_monologue_seconds"].evidence[0].at == "00:20"


def test_uncertain_roles_leave_only_what_needs_none(make: Any) -> None:
    values = told(make, roles=())
    per_side = (
        "talk_ratio_rep",
        "longest_monologue_seconds",
        "longest_monologue_prospect_seconds",
        "rep_questions",
    )
    assert {values[path].state for path in per_side} == {State.UNAVAILABLE}
    assert values["speaker_switches"].value == 3


@pytest.mark.parametrize(
    ("kept", "missing"), [("p", "no rep was heard"), ("r", "the prospect has less than 3%")]
)
def test_a_missing_side_is_named(make: Any, kept: str, missing: str) -> None:
    picks = [pick for pick in make.picks() if pick.speaker == kept]
    values = told(make, roles=(*picks, RolePick("x", None, 0.9, False)))
    assert values["talk_ratio_rep"].state is State.UNAVAILABLE
    assert missing in values["talk_ratio_rep"].reason


def test_a_prospect_without_measured_speech_has_no_share(make: Any) -> None:
    clips = (make.clip("1", "p", seconds=0), make.clip("2", "r", seconds=0))
    values = told(make, clips=clips)
    assert values["talk_ratio_rep"].state is State.UNAVAILABLE
