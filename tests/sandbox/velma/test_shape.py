"""Answers keep the published shape, whatever was asked and whichever modes are on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.sandbox.samples import load_samples
from velma_connectors.sandbox.velma.answer import answer
from velma_connectors.sandbox.velma.config import parse_config
from velma_connectors.sandbox.velma.detection import STRAY_CLIP
from velma_connectors.sandbox.velma.modes import VelmaModes
from velma_connectors.sandbox.velma.presets import PRESETS

from .conftest import (
    DISCOVERY,
    NEGOTIATION,
    PROSPECT_ROLE,
    REP_ROLE,
    behavior,
    config,
    conversation_type,
    role,
)

EXAMPLE = json.loads((Path(__file__).parents[2] / "fixtures/velma_example_response.json").read_text())
RECORDINGS = sorted(load_samples().by_sha256().items())
TALK = next(item for item in RECORDINGS if len(item[1].dialogue.signals) == 3)

SWITCHES = (
    "old_shape",
    "null_summary",
    "absent_parts",
    "null_speaker",
    "duplicate_rows",
    "unknown_emotion",
    "stray_evidence",
    "swapped_roles",
    "default_picks",
    "no_clips",
    "empty_scope_is_all",
)


def scopes(*uuids: str) -> st.SearchStrategy[list[str] | None]:
    return st.none() | st.lists(st.sampled_from(uuids), unique=True)


@st.composite
def behaviors(draw: st.DrawFn) -> object:
    if draw(st.booleans()):
        return f"preset:{draw(st.sampled_from(sorted(PRESETS)))}"
    names = ("Action Plan Created", "Price Sensitivity", "Competitor Mention", "Rapport Building")
    return behavior(
        draw(st.sampled_from(names)),
        applies_to_conversation_type_uuids=draw(scopes(DISCOVERY, NEGOTIATION)),
        applies_to_participant_role_uuids=draw(scopes(REP_ROLE, PROSPECT_ROLE)),
    )


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    types = [conversation_type(DISCOVERY, "Discovery Call"), conversation_type(NEGOTIATION, "Negotiation")]
    roles = [role(REP_ROLE, "Sales Rep"), role(PROSPECT_ROLE, "Prospect"), role(DISCOVERY, "Interpreter")]
    full = config(
        *draw(st.lists(behaviors(), max_size=4)),
        conversation_types=draw(st.lists(st.sampled_from(types), unique_by=str)),
        participant_roles=draw(st.lists(st.sampled_from(roles), unique_by=str)),
        stt={
            "speaker_diarization": draw(st.booleans()),
            "emotion_signal": draw(st.booleans()),
            "pii_phi_tagging": draw(st.booleans()),
        },
        produce_topics=draw(st.booleans()),
        produce_summary=draw(st.booleans()),
    )
    kept = draw(st.sets(st.sampled_from(sorted(full))))
    return {key: full[key] for key in kept}


modes = st.builds(
    VelmaModes,
    label_style=st.sampled_from(["1", "Speaker_1"]),
    **{switch: st.booleans() for switch in SWITCHES},
)


@given(st.sampled_from(RECORDINGS), configs(), modes)
def test_an_answer_refers_only_to_itself_and_to_what_was_asked(
    recording: tuple[str, Any], asked: dict[str, Any], mode: VelmaModes
) -> None:
    sha256, spoken = recording
    told = answer(sha256, spoken, parse_config(json.dumps(asked)), mode)
    assert json.loads(json.dumps(told)) == told
    assert {"duration_ms", "clips", "behaviors"} <= set(told)
    clips = {clip["clip_uuid"] for clip in told["clips"]} | ({STRAY_CLIP} if mode.stray_evidence else set())
    labels = {clip["speaker_label"] for clip in told["clips"]}
    wanted = {
        PRESETS[each.removeprefix("preset:")].uuid if isinstance(each, str) else each["behavior_uuid"]
        for each in asked.get("behaviors", [])
    }
    for row in told["behaviors"]:
        assert row["behavior_uuid"] in wanted
        assert set(row["evidence_clip_uuids"]) <= clips
        assert row["definitive_clip_uuid"] in clips | {None}
        assert row["speaker_label"] in labels | {None}
        assert row["detected"] or mode.old_shape
    for pick in told.get("participant_role_picks", []):
        assert pick["speaker_label"] in labels
        assert 0 <= pick["confidence"] <= 1
    for row in told.get("topic_sentiments", []):
        assert row["topic"] in told["topics"]
        assert row["speaker_label"] in labels
        assert -1 <= row["sentiment_score"] <= 1


@pytest.mark.parametrize(
    "part", ["clips", "behaviors", "participant_role_picks", "topic_sentiments", "conversation_type_pick"]
)
def test_every_part_has_the_keys_of_the_reference_answer(part: str) -> None:
    asked = config(*(f"preset:{identifier}" for identifier in PRESETS))
    sha256, spoken = TALK
    told = answer(sha256, spoken, parse_config(json.dumps(asked)), VelmaModes())
    assert keys(told[part]) == keys(EXAMPLE[part])


def test_the_whole_has_the_keys_of_the_reference_answer() -> None:
    sha256, spoken = TALK
    assert set(answer(sha256, spoken, parse_config("default"), VelmaModes())) == set(EXAMPLE)


def keys(part: Any) -> set[str]:
    first = part[0] if isinstance(part, list) else part
    return set(first)
