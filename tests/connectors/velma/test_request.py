"""The configuration that is sent, and what is found wrong with it beforehand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.analysis import AnalysisConfig, Behavior
from velma_connectors.sandbox.velma.config import parse_config
from velma_connectors.velma.request import batch_config, lint, sendable_terms

SCHEMA: Mapping[str, set[str]] = {
    "": {"conversation_types", "participant_roles", "behaviors", "stt"},
    "conversation_types": {
        "conversation_type_uuid",
        "name",
        "short_description",
        "detailed_description",
    },
    "participant_roles": {"participant_role_uuid", "name", "short_description", "detailed_description"},
    "behaviors": {
        "behavior_uuid",
        "name",
        "short_description",
        "detailed_description",
        "applies_to_conversation_type_uuids",
        "applies_to_participant_role_uuids",
    },
}
"""Keys of the published BatchConfig that we use."""


def test_the_document_is_written_out_as_the_published_schema_wants_it(config: AnalysisConfig) -> None:
    assert batch_config(config) == {
        "conversation_types": [
            {
                "conversation_type_uuid": "5d0b4f0e-93c8-4a3b-9f0e-6f2f6c1b7a01",
                "name": "Sales Discovery Call",
                "short_description": "Early.",
                "detailed_description": "Open questions.",
            }
        ],
        "participant_roles": [
            {
                "participant_role_uuid": "0a6c9a1e-4a53-4f59-8a68-0f7d1f6f2a01",
                "name": "Sales Rep",
                "short_description": "Sells.",
                "detailed_description": "Speaks for the vendor.",
            },
            {
                "participant_role_uuid": "0a6c9a1e-4a53-4f59-8a68-0f7d1f6f2a02",
                "name": "Prospect",
                "short_description": "May buy.",
                "detailed_description": "Speaks for the buyer.",
            },
        ],
        "behaviors": [
            {
                "behavior_uuid": "8a5be0c4-3a0c-4f7e-9a3f-3d2a5f4f6b01",
                "name": "Action Plan Created",
                "short_description": "A next step.",
                "detailed_description": "ALL hold: a step, a date, an agreement.",
                "applies_to_participant_role_uuids": ["0a6c9a1e-4a53-4f59-8a68-0f7d1f6f2a02"],
            },
            "preset:rapport_building",
        ],
        "stt": {
            "speaker_diarization": True,
            "emotion_signal": True,
            "accent_signal": False,
            "deepfake_signal": False,
            "pii_phi_tagging": True,
            "custom_terms": ["Acme Platform", "Ledgerline"],
            "language": "en",
        },
    }


def test_what_is_not_wanted_is_left_out_or_off(config: AnalysisConfig) -> None:
    bare = replace(config, terms=(), language=None, emotions=False, tag_personal_data=False)
    assert batch_config(bare)["stt"] == {
        "speaker_diarization": True,
        "emotion_signal": False,
        "accent_signal": False,
        "deepfake_signal": False,
        "pii_phi_tagging": False,
    }


def test_the_emulators_strict_schema_takes_it(config: AnalysisConfig) -> None:
    parsed = parse_config(json.dumps(batch_config(config)))
    assert [str(each.conversation_type_uuid) for each in parsed.conversation_types or []] == [
        config.conversation_types[0].uuid
    ]


TERMS = st.lists(st.text(max_size=60), max_size=1300)


@given(TERMS)
def test_any_terms_keep_to_the_published_limits(terms: list[str]) -> None:
    sent = sendable_terms(terms)
    assert len(sent) <= 1000
    assert len(json.dumps(sent)) < 8000
    assert all(term.strip() for term in sent)
    wanted = [term.strip() for term in terms if term.strip()]
    assert sent == wanted[: len(sent)], "what fits is sent in its order"


def test_as_many_terms_as_fit_are_sent() -> None:
    assert len(sendable_terms(["ab"] * 2000)) == 1000, "by count"
    assert len(json.dumps(sendable_terms(["x" * 98] * 100))) > 7800, "by characters"


@given(
    st.lists(st.sampled_from(["budget", "own", "scoped", "odd-scope"]), unique=True, min_size=1),
    st.booleans(),
    st.none() | st.sampled_from(["en", "de"]),
)
def test_whatever_is_asked_only_keys_of_the_schema_are_sent(
    kinds: list[str], emotions: bool, language: str | None
) -> None:
    behaviors = {
        "budget": Behavior("budget", "Budget Qualification", preset="budget_qualification"),
        "own": Behavior("own", "Own", str(UUID(int=1)), None, "Short.", "Long."),
        "scoped": Behavior("scoped", "Scoped", str(UUID(int=2)), None, "Short.", "Long.", ("t",), ("r",)),
        "odd-scope": Behavior("odd-scope", "Odd", str(UUID(int=3)), None, "Short.", "Long.", (), ("r",)),
    }
    asked = tuple(behaviors[kind] for kind in kinds)
    config = AnalysisConfig("velma-2", (), (), asked, emotions=emotions, language=language)
    document = batch_config(config)
    assert set(document) == SCHEMA[""]
    sent = document["behaviors"]
    assert isinstance(sent, list)
    for behavior in sent:
        if isinstance(behavior, str):
            assert behavior.startswith("preset:")
        else:
            assert set(behavior) <= SCHEMA["behaviors"]
            assert [] not in behavior.values(), "the meaning of an empty scope is not documented"


def lines(config: AnalysisConfig, presets: tuple[str, ...] | None = None) -> list[str]:
    return [str(problem) for problem in lint(config, presets)]


def test_a_sound_configuration_has_no_problems(config: AnalysisConfig) -> None:
    assert lines(config) == []
    assert lines(config, ("rapport_building",)) == []


def test_a_preset_the_account_does_not_have_is_named(config: AnalysisConfig) -> None:
    (line,) = lines(config, ("service_churn",))
    assert line.startswith("behavior 'rapport': preset 'rapport_building' is not in the account's catalogue")


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"roles": ("no-such-role",)}, "can never show: no role it is limited to is sent with it."),
        (
            {"conversation_types": ("x",)},
            "can never show: no conversation type it is limited to is sent with it.",
        ),
        (
            {"roles": ("no-such-role", "0a6c9a1e-4a53-4f59-8a68-0f7d1f6f2a01")},
            "is limited to a role that is not sent with it.",
        ),
    ],
)
def test_a_scope_that_nothing_matches_is_named(
    config: AnalysisConfig, scope: dict[str, tuple[str, ...]], expected: str
) -> None:
    plan = replace(
        config.behaviors[0],
        roles=scope.get("roles", ()),
        conversation_types=scope.get("conversation_types", ()),
    )
    assert lines(replace(config, behaviors=(plan,))) == [f"behavior 'action_plan_created': {expected}"]


def test_one_signal_defined_twice_is_named(config: AnalysisConfig) -> None:
    own = config.behaviors[0]
    preset = Behavior("again", "action plan CREATED", preset="action_plan_created")
    same_uuid = replace(own, key="third", name="Other Name")
    found = lines(replace(config, behaviors=(own, preset, same_uuid)))
    assert [line.partition(":")[0] for line in found] == [
        "behavior 'action_plan_created'",
        "behavior 'again'",
        "behavior 'third'",
    ]


def test_names_that_do_not_fit_are_counted(config: AnalysisConfig) -> None:
    (line,) = lines(replace(config, terms=tuple("x" * 98 + str(n) for n in range(100))))
    assert line.startswith("terms: 23 of 100 names do not fit into a request and are not sent.")
