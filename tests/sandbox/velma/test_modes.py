"""The oddities that live answers have shown, each behind its switch."""

from __future__ import annotations

import pytest

from velma_connectors.sandbox.velma import VelmaModes

from .conftest import NEGOTIATION, Service, behavior, config

PLAN = behavior("Action Plan Created")
ABSENT = behavior("Price Sensitivity")
ELSEWHERE = behavior("Off-topic Discussion", applies_to_conversation_type_uuids=[NEGOTIATION])


def test_labels_can_be_words(service: Service) -> None:
    service.emulator.modes = VelmaModes(label_style="Speaker_1")
    answer = service.answer(config(PLAN))
    assert [clip["speaker_label"] for clip in answer["clips"]] == ["Speaker_1", "Speaker_2", "Speaker_1"]
    assert answer["behaviors"][0]["speaker_label"] == "Speaker_1"
    assert {pick["speaker_label"] for pick in answer["participant_role_picks"]} == {"Speaker_1", "Speaker_2"}


def test_the_old_shape_has_a_row_for_every_behavior(service: Service) -> None:
    service.emulator.modes = VelmaModes(old_shape=True)
    rows = service.answer(config(PLAN, ABSENT, ELSEWHERE))["behaviors"]
    assert [(row["behavior_name"], row["detected"], row["skipped"]) for row in rows] == [
        ("Action Plan Created", True, False),
        ("Price Sensitivity", False, False),
        ("Off-topic Discussion", False, True),
    ]
    assert rows[2]["skip_reason"]
    assert all("error_reason" in row for row in rows)


def test_the_summary_can_be_null(service: Service) -> None:
    service.emulator.modes = VelmaModes(null_summary=True)
    assert service.answer(config())["summary"] is None


def test_only_the_required_parts_can_be_left(service: Service) -> None:
    service.emulator.modes = VelmaModes(absent_parts=True)
    assert set(service.answer(config())) == {"duration_ms", "clips", "behaviors"}


def test_detections_can_be_about_the_whole_conversation(service: Service) -> None:
    service.emulator.modes = VelmaModes(null_speaker=True)
    assert service.answer(config(PLAN))["behaviors"][0]["speaker_label"] is None


def test_detections_can_come_twice(service: Service) -> None:
    service.emulator.modes = VelmaModes(duplicate_rows=True)
    first, second = service.answer(config(PLAN))["behaviors"]
    assert first["behavior_uuid"] == second["behavior_uuid"]
    assert first["confidence"] > second["confidence"]


def test_an_emotion_can_be_unheard_of(service: Service) -> None:
    service.emulator.modes = VelmaModes(unknown_emotion=True)
    answer = service.answer(config(stt={"emotion_signal": True}))
    assert [clip["emotion"] for clip in answer["clips"]] == ["Wistful", "Neutral", "Wistful"]


def test_evidence_can_name_a_clip_that_is_not_there(service: Service) -> None:
    service.emulator.modes = VelmaModes(stray_evidence=True)
    answer = service.answer(config(PLAN))
    clips = {clip["clip_uuid"] for clip in answer["clips"]}
    assert [uuid in clips for uuid in answer["behaviors"][0]["evidence_clip_uuids"]] == [True, True, False]


def test_roles_can_be_swapped(service: Service) -> None:
    service.emulator.modes = VelmaModes(swapped_roles=True)
    picks = service.answer(config())["participant_role_picks"]
    assert [(pick["speaker_label"], pick["name"]) for pick in picks] == [
        ("1", "Sales Rep"),
        ("2", "Prospect"),
    ]


def test_all_picks_can_be_the_default(service: Service) -> None:
    service.emulator.modes = VelmaModes(default_picks=True)
    picks = service.answer({"behaviors": []})["participant_role_picks"]
    assert [pick["selection_source"] for pick in picks] == ["default", "default"]
    assert service.answer(config())["participant_role_picks"] == [], "a null default picks nobody"


def test_nobody_may_have_spoken(service: Service) -> None:
    service.emulator.modes = VelmaModes(no_clips=True)
    answer = service.answer(config(PLAN))
    assert answer["duration_ms"] == 4500
    assert (answer["clips"], answer["behaviors"], answer["topics"]) == ([], [], [])
    assert answer["summary"] is None


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_a_body_that_trickles_is_the_same_body(service: Service, seconds: float) -> None:
    whole = service.post(config(PLAN)).content
    service.emulator.modes = VelmaModes(trickle_seconds=seconds)
    assert service.post(config(PLAN)).content == whole
