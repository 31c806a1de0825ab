"""Joining speaker labels to sides."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.analysis import RolePick, Side
from velma_mappings.roles import join


def test_sides_come_from_the_picks_and_the_configurations_roles(make: Any) -> None:
    speakers = join(make.analysis(), make.config(), least_confidence=0.6)
    assert (speakers.side("p"), speakers.side("r")) == (Side.PROSPECT, Side.REP)
    assert speakers.roles == {"p": make.PROSPECT_ROLE, "r": make.REP_ROLE}
    assert speakers.speech_ms == {"p": 30_000, "r": 30_000}
    assert not speakers.doubt


@pytest.mark.parametrize(
    ("role", "confidence", "is_default", "why"),
    [
        ("other", 0.9, False, "a role that is not in the configuration"),
        (None, 0.9, False, "no role"),
        ("ours", 0.59, False, "too little confidence"),
        ("ours", None, False, "no confidence"),
        ("ours", 0.9, True, "a default pick"),
    ],
)
def test_a_pick_that_cannot_be_trusted_leaves_the_side_unknown(
    make: Any, role: str | None, confidence: float | None, is_default: bool, why: str
) -> None:
    role_uuid = make.REP_ROLE if role == "ours" else role
    picks = (make.picks()[0], RolePick("r", role_uuid, confidence, is_default))
    speakers = join(make.analysis(roles=picks), make.config(), least_confidence=0.6)
    assert speakers.side("r") is Side.UNKNOWN, why
    assert speakers.side("p") is Side.PROSPECT
    assert "r" not in speakers.roles


def test_the_least_confidence_is_enough(make: Any) -> None:
    speakers = join(make.analysis(roles=make.picks(0.6)), make.config(), least_confidence=0.6)
    assert speakers.side("r") is Side.REP


def test_two_picks_that_disagree_leave_the_side_unknown(make: Any) -> None:
    picks = (*make.picks(), RolePick("r", make.PROSPECT_ROLE, 0.9, False))
    speakers = join(make.analysis(roles=picks), make.config(), least_confidence=0.6)
    assert speakers.side("r") is Side.UNKNOWN


def test_labels_without_a_pick_and_no_label_at_all_are_unknown(make: Any) -> None:
    speakers = join(make.analysis(roles=make.picks()[:1]), make.config(), least_confidence=0.6)
    assert [speakers.side(label) for label in ("r", "nobody", None)] == [Side.UNKNOWN] * 3


def test_a_pick_for_a_label_that_never_speaks_changes_nothing(make: Any) -> None:
    picks = (*make.picks(), RolePick("ghost", make.REP_ROLE, 0.9, False))
    speakers = join(make.analysis(roles=picks), make.config(), least_confidence=0.6)
    assert set(speakers.sides) == set(speakers.roles) == {"p", "r"}


@pytest.mark.parametrize(
    ("sides", "seconds", "doubt"),
    [
        (("prospect", "prospect"), (30, 30), "same side"),
        (("rep", "rep"), (30, 30), "same side"),
        ((None, None), (30, 30), "no speaker"),
        (("prospect", "rep"), (2, 98), "less than 3%"),
        (("prospect", "rep"), (3, 97), ""),
        ((None, "rep"), (50, 50), "less than 3%"),
        (("prospect", None), (50, 50), ""),
    ],
)
def test_doubtful_roles_leave_nobody_on_any_side(
    make: Any, sides: tuple[str | None, str | None], seconds: tuple[int, int], doubt: str
) -> None:
    role = {"prospect": make.PROSPECT_ROLE, "rep": make.REP_ROLE}
    picks = tuple(
        RolePick(label, role[side], 0.9, False)
        for label, side in zip("ab", sides, strict=True)
        if side is not None
    )
    clips = tuple(
        make.clip(label, label, seconds=spoken) for label, spoken in zip("ab", seconds, strict=True)
    )
    speakers = join(make.analysis(clips=clips, roles=picks), make.config(), least_confidence=0.6)
    assert doubt in speakers.doubt
    assert bool(speakers.doubt) == bool(doubt)
    if doubt:
        assert set(speakers.sides.values()) == {Side.UNKNOWN}
        assert not speakers.roles
        assert not speakers.has(Side.PROSPECT)
