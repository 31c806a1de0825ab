"""When a next step is confirmed, when it is not, and when nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.analysis import RolePick
from velma_mappings.model import State
from velma_mappings.report import distil

TRUE = (True, State.KNOWN, "Confirmed")
FALSE = (False, State.KNOWN, "Not confirmed")


def unknown(state: State) -> tuple[None, State, str]:
    return (None, state, "Unknown")


def told(make: Any, analysis: Any, config: Any, **mapping: Any) -> Any:
    return distil(make.call(), analysis, config, make.mapping(**mapping)).values


PROSPECT_ONLY = "prospect only"
BOTH_ROLES = "both roles"
OTHER_TYPE = "another type"
UNSCOPED = "unscoped"


@pytest.mark.parametrize(
    ("scope", "speaker", "confidence", "expected"),
    [
        (PROSPECT_ONLY, "p", 0.9, TRUE),
        (PROSPECT_ONLY, "p", 0.75, TRUE),
        (PROSPECT_ONLY, "p", 0.74, unknown(State.BELOW_THRESHOLD)),
        (PROSPECT_ONLY, "p", None, unknown(State.BELOW_THRESHOLD)),
        (BOTH_ROLES, "p", 0.9, TRUE),
        (BOTH_ROLES, None, 0.9, TRUE),
        (BOTH_ROLES, "r", 0.9, unknown(State.UNAVAILABLE)),
        (UNSCOPED, "r", 0.9, TRUE),
        (UNSCOPED, "r", 0.5, unknown(State.BELOW_THRESHOLD)),
        (OTHER_TYPE, "p", 0.9, TRUE),
    ],
)
def test_a_detection_confirms_only_as_the_prospects_own_word(
    make: Any, scope: str, speaker: str | None, confidence: float | None, expected: tuple[Any, State, str]
) -> None:
    config = make.config(_plan(make, scope))
    values = told(make, make.analysis(detections=(make.row("plan", speaker, confidence),)), config)
    assert _answer(values) == expected


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("all conditions hold", FALSE),
        ("the analyzer says not detected", FALSE),
        ("nothing was asked", unknown(State.NOT_EVALUATED)),
        ("another type", unknown(State.NOT_EVALUATED)),
        ("no type", unknown(State.NOT_EVALUATED)),
        ("the analyzer left it out", unknown(State.NOT_EVALUATED)),
        ("no prospect was trusted", unknown(State.UNAVAILABLE)),
        ("only one speaker", unknown(State.UNAVAILABLE)),
    ],
)
def test_not_confirmed_needs_every_condition(make: Any, case: str, expected: tuple[Any, State, str]) -> None:
    scopes = {"another type": OTHER_TYPE, "no type": OTHER_TYPE}
    config = make.config(_plan(make, scopes.get(case, UNSCOPED)))
    cases: dict[str, dict[str, Any]] = {
        "the analyzer says not detected": {"detections": (make.row("plan", "p", detected=False),)},
        "no type": {"conversation_type": None},
        "the analyzer left it out": {
            "detections": (make.row("plan", "p", detected=False, not_evaluated="skipped"),)
        },
        "no prospect was trusted": {
            "roles": (RolePick("p", make.PROSPECT_ROLE, 0.59, False), make.picks()[1])
        },
        "only one speaker": {"clips": make.conversation()[::2]},
    }
    if case == "nothing was asked":
        config = make.config("something_else")
    assert _answer(told(make, make.analysis(**cases.get(case, {})), config)) == expected


def test_no_speaker_of_the_prospects_role_means_it_was_not_evaluated(make: Any) -> None:
    analysis = make.analysis(roles=make.picks()[1:])
    values = told(make, analysis, make.config(_plan(make, PROSPECT_ONLY)))
    assert _answer(values) == unknown(State.NOT_EVALUATED)


def test_one_of_several_behaviors_is_enough_to_confirm_but_all_must_say_no(make: Any) -> None:
    behaviors = {**make.document()["behaviors"], "action_plan": ["plan", "meeting"]}
    config = make.config("plan", "meeting")
    agreed = make.analysis(detections=(make.row("meeting", "p"),))
    assert _answer(told(make, agreed, config, behaviors=behaviors)) == TRUE
    assert _answer(told(make, make.analysis(), config, behaviors=behaviors)) == FALSE
    half = told(make, make.analysis(), make.config("plan"), behaviors=behaviors)
    assert _answer(half) == unknown(State.NOT_EVALUATED)


def test_a_mapping_file_without_a_behavior_for_it_never_tells(make: Any) -> None:
    behaviors = {**make.document()["behaviors"], "action_plan": []}
    values = told(make, make.analysis(), make.config("plan"), behaviors=behaviors)
    assert _answer(values) == unknown(State.NOT_EVALUATED)


def test_the_agreement_is_quoted_with_its_place(make: Any) -> None:
    row = make.row("plan", "p", evidence=("c2", "c3"), definitive="c3")
    values = told(make, make.analysis(detections=(row,)), make.config("plan"))
    assert values["next_step_at"].value == "00:40"
    assert values["next_step_quote"].value == "Let us meet on Friday."
    assert [place.at for place in values["next_step"].evidence] == ["00:40", "00:20"]


def test_an_agreement_without_a_place_is_confirmed_without_a_quote(make: Any) -> None:
    values = told(make, make.analysis(detections=(make.row("plan", "p"),)), make.config("plan"))
    assert _answer(values) == TRUE
    assert values["next_step_at"].state is State.UNAVAILABLE
    assert values["next_step_quote"].value is None


def test_without_an_agreement_the_quote_is_cleared_and_unknown_leaves_it(make: Any) -> None:
    no = told(make, make.analysis(), make.config("plan"))
    assert (no["next_step_quote"].state, no["next_step_quote"].value) == (State.KNOWN, None)
    unclear = told(make, make.analysis(), make.config("other"))
    assert unclear["next_step_quote"].state is State.NOT_EVALUATED


def _plan(make: Any, scope: str) -> Any:
    scopes: dict[str, dict[str, Any]] = {
        PROSPECT_ONLY: {"roles": (make.PROSPECT_ROLE,)},
        BOTH_ROLES: {"roles": (make.PROSPECT_ROLE, make.REP_ROLE)},
        OTHER_TYPE: {"conversation_types": ("another-type",)},
        UNSCOPED: {},
    }
    return make.behavior("plan", **scopes[scope])


def _answer(values: Any) -> tuple[Any, State, str]:
    confirmed = values["action_plan_confirmed"]
    assert values["next_step"].state is State.KNOWN
    return confirmed.value, confirmed.state, values["next_step"].value
