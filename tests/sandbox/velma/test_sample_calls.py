"""The emulator tells everything that was planted in the sample calls."""

from __future__ import annotations

import json

import pytest

from velma_connectors.sandbox.samples import SampleCall, load_samples
from velma_connectors.sandbox.velma.answer import answer
from velma_connectors.sandbox.velma.config import parse_config
from velma_connectors.sandbox.velma.modes import VelmaModes

from .conftest import behavior, config

BEHAVIORS = (
    "Rapport Building",
    "Action Plan Created",
    "Unaddressed Question",
    "Off-topic Discussion",
    "Competitor Mention",
    "Talk-track Deviation - Discovery",
    "Talk-track Deviation - Negotiation",
    "Pre-established Professional Relationship",
    "Price Sensitivity",
    "Objection Timing",
    "Objection Trust",
)
SAMPLES = load_samples()
RECORDED = [call for call in SAMPLES.calls.values() if call.sound is not None]

EVERYTHING = parse_config(
    json.dumps(
        config(*(behavior(name) for name in BEHAVIORS), stt={"emotion_signal": True, "pii_phi_tagging": True})
    )
)

PARTS = {
    "duration_ms",
    "clips",
    "behaviors",
    "conversation_type_pick",
    "participant_role_picks",
    "topics",
    "topic_sentiments",
    "summary",
}


@pytest.mark.parametrize("call", RECORDED, ids=lambda call: call.key)
def test_all_that_was_planted_is_told(call: SampleCall) -> None:
    assert call.sound is not None
    spoken = SAMPLES.by_sha256()[call.sound.sha256]
    told = answer(call.sound.sha256, spoken, EVERYTHING, VelmaModes())
    assert set(told) == PARTS
    planted = sorted((signal.behavior, signal.confidence) for signal in spoken.dialogue.signals)
    assert sorted((row["behavior_name"], row["confidence"]) for row in told["behaviors"]) == planted
    assert [clip["text"] for clip in told["clips"]] == [line.says for line in spoken.dialogue.lines]
    assert [clip["emotion"] for clip in told["clips"]] == [line.feels for line in spoken.dialogue.lines]
    labels = {clip["speaker_label"] for clip in told["clips"]}
    assert {pick["speaker_label"] for pick in told["participant_role_picks"]} == labels
    assert len(told["topic_sentiments"]) == len(told["topics"]) * len(labels)
    assert told["summary"] == spoken.dialogue.summary
