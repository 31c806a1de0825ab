"""What a 200 says: the planted signals, as far as the request asked for them."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import pytest

from velma_connectors.sandbox.velma import VelmaModes

from .conftest import (
    AUDIO,
    DISCOVERY,
    NEGOTIATION,
    PROSPECT_ROLE,
    REP_ROLE,
    Service,
    behavior,
    config,
    conversation_type,
    role,
)

PLAN = behavior("action plan created")
OFF_TOPIC = behavior("Off-topic Discussion")
ABSENT = behavior("Price Sensitivity")


def test_clips_carry_the_lines_with_their_times_and_speakers(service: Service) -> None:
    clips = service.answer(config())["clips"]
    assert [(clip["start_ms"], clip["duration_ms"], clip["speaker_label"]) for clip in clips] == [
        (0, 900, "1"),
        (1200, 1500, "2"),
        (3000, 1200, "1"),
    ]
    assert clips[1]["text"] == "Shall we say Tuesday at ten?"
    assert {uuid.UUID(clip["clip_uuid"]).version for clip in clips} == {4}
    assert len({clip["clip_uuid"] for clip in clips}) == 3


def test_the_same_question_is_answered_alike(service: Service) -> None:
    assert service.answer(config(PLAN)) == service.answer(config(PLAN))


def test_own_behaviors_come_back_with_their_own_name_and_uuid(service: Service) -> None:
    answer = service.answer(config(PLAN, ABSENT))
    (row,) = answer["behaviors"]
    assert row["behavior_uuid"] == PLAN["behavior_uuid"]
    assert row["behavior_name"] == "action plan created"
    assert (row["detected"], row["confidence"], row["speaker_label"]) == (True, 0.93, "1")
    assert row["evidence_clip_uuids"] == [answer["clips"][2]["clip_uuid"], answer["clips"][1]["clip_uuid"]]
    assert row["definitive_clip_uuid"] == answer["clips"][2]["clip_uuid"]
    assert "3.00s" in row["reasoning"]
    assert "skipped" not in row


def test_presets_come_back_with_a_stable_version_5_uuid(service: Service) -> None:
    (row,) = service.answer(config("preset:off_topic_discussion"))["behaviors"]
    assert row["behavior_name"] == "Off-topic Discussion"
    assert uuid.UUID(row["behavior_uuid"]).version == 5
    assert service.answer(config("preset:off_topic_discussion"))["behaviors"] == [row]


def test_without_behaviors_nothing_is_evaluated_and_default_brings_its_own(service: Service) -> None:
    assert service.answer({})["behaviors"] == []
    names = {row["behavior_name"] for row in service.answer("default")["behaviors"]}
    assert names == {"Action Plan Created", "Off-topic Discussion"}
    assert service.answer() == service.answer("default")


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ({"applies_to_conversation_type_uuids": [DISCOVERY]}, True),
        ({"applies_to_conversation_type_uuids": [NEGOTIATION]}, False),
        ({"applies_to_conversation_type_uuids": None}, True),
        ({"applies_to_conversation_type_uuids": []}, False),
        ({"applies_to_participant_role_uuids": [PROSPECT_ROLE]}, True),
        ({"applies_to_participant_role_uuids": [REP_ROLE]}, False),
        ({"applies_to_participant_role_uuids": [REP_ROLE, PROSPECT_ROLE]}, True),
        ({"applies_to_participant_role_uuids": []}, False),
    ],
)
def test_behaviors_out_of_scope_vanish_without_a_word(
    service: Service, scope: dict[str, Any], found: bool
) -> None:
    rows = service.answer(config(PLAN | scope))["behaviors"]
    assert bool(rows) is found, rows


def test_an_empty_scope_can_be_told_to_mean_everything(service: Service) -> None:
    service.emulator.modes = VelmaModes(empty_scope_is_all=True)
    rows = service.answer(config(PLAN | {"applies_to_participant_role_uuids": []}))["behaviors"]
    assert len(rows) == 1


def test_a_signal_of_the_whole_conversation_has_no_speaker_and_needs_no_role(service: Service) -> None:
    asked = behavior("Calendar Trouble")
    (row,) = service.answer(config(asked))["behaviors"]
    assert row["speaker_label"] is None
    scoped = asked | {"applies_to_participant_role_uuids": [REP_ROLE]}
    assert service.answer(config(scoped))["behaviors"] == []


def picks(answer: dict[str, Any]) -> dict[str, tuple[str, str, float]]:
    return {
        pick["speaker_label"]: (pick["name"], pick["selection_source"], pick["confidence"])
        for pick in answer["participant_role_picks"]
    }


def test_roles_are_picked_from_the_config_by_the_words_in_their_names(service: Service) -> None:
    assert picks(service.answer(config())) == {
        "1": ("Prospect", "inferred", 0.91),
        "2": ("Sales Rep", "inferred", 0.97),
    }
    renamed = [role(PROSPECT_ROLE, "Buying Customer"), role(REP_ROLE, "Seller")]
    assert picks(service.answer(config(participant_roles=renamed)))["1"][0] == "Buying Customer"


def test_a_single_role_is_everybodys_role(service: Service) -> None:
    answer = service.answer(config(participant_roles=[role(REP_ROLE, "Sales Rep")]))
    assert {pick[:2] for pick in picks(answer).values()} == {("Sales Rep", "auto_selected_single_option")}


def test_roles_that_fit_nobody_leave_the_default_or_nothing(service: Service) -> None:
    strangers = [role(REP_ROLE, "Moderator"), role(PROSPECT_ROLE, "Interpreter")]
    assert picks(service.answer(config(participant_roles=strangers))) == {}
    default = role("0a6c9a1e-4a53-4f59-8a68-0f7d1f6f2a03", "Someone")
    answer = service.answer(config(participant_roles=strangers, default_participant_role=default))
    assert {pick[:2] for pick in picks(answer).values()} == {("Someone", "default")}
    omitted = {"participant_roles": strangers}
    assert {pick[1] for pick in picks(service.answer(omitted)).values()} == {"default"}


def test_roles_limited_to_another_type_are_no_candidates(service: Service) -> None:
    limited = role(PROSPECT_ROLE, "Prospect", applies_to_conversation_type_uuids=[NEGOTIATION])
    answer = service.answer(config(participant_roles=[role(REP_ROLE, "Sales Rep"), limited]))
    assert {pick[0] for pick in picks(answer).values()} == {"Sales Rep"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("Discovery Call", "auto_selected_single_option")),
        (
            {
                "conversation_types": [
                    conversation_type(NEGOTIATION, "Negotiation"),
                    conversation_type(DISCOVERY, "Sales Discovery"),
                ]
            },
            ("Sales Discovery", "inferred"),
        ),
        ({"conversation_types": []}, None),
        (
            {"conversation_types": [], "default_conversation_type": conversation_type(DISCOVERY, "Any call")},
            ("Any call", "default"),
        ),
    ],
)
def test_the_conversation_type_is_the_only_one_the_fitting_one_or_the_default(
    service: Service, changes: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    pick = service.answer(config(**changes))["conversation_type_pick"]
    assert (pick and (pick["name"], pick["selection_source"])) == expected


def test_personal_data_is_tagged_only_when_asked_and_stays_in_its_tag(service: Service) -> None:
    plain = service.answer(config())
    assert plain["clips"][0]["text"] == "This is Mira."
    assert "<pii" not in plain["summary"]
    tagged = service.answer(config(stt={"pii_phi_tagging": True}))
    assert tagged["clips"][0]["text"] == "This is <pii:firstname>Mira</pii:firstname>."
    assert tagged["summary"].count("<pii:firstname>") == 1
    assert tagged["summary"].count("Mira") == 2, "the summary tags a name once only"


def test_emotions_come_only_when_asked_for(service: Service) -> None:
    assert {clip["emotion"] for clip in service.answer(config())["clips"]} == {None}
    asked = service.answer(config(stt={"emotion_signal": True}))
    assert [clip["emotion"] for clip in asked["clips"]] == ["Calm", "Neutral", "Happy"]


def test_without_diarization_all_speech_has_one_label(service: Service) -> None:
    answer = service.answer(config(PLAN, OFF_TOPIC, stt={"speaker_diarization": False}))
    assert {clip["speaker_label"] for clip in answer["clips"]} == {"1"}
    assert {row["speaker_label"] for row in answer["behaviors"]} == {"1"}
    assert picks(answer) == {"1": ("Prospect", "inferred", 0.91)}, "the one who speaks most"
    assert [row["sentiment_score"] for row in answer["topic_sentiments"]] == [-0.1, 0.125]


def test_sentiments_are_told_topic_by_topic_for_every_speaker(service: Service) -> None:
    answer = service.answer(config())
    assert answer["topics"] == ["Pricing", "Roll-out"]
    assert [tuple(row.values()) for row in answer["topic_sentiments"]] == [
        ("Pricing", "1", -0.5, "very_negative"),
        ("Pricing", "2", 0.3, "positive"),
        ("Roll-out", "1", 0.25, "positive"),
        ("Roll-out", "2", 0.0, "neutral"),
    ]


@pytest.mark.parametrize(
    ("flag", "empty"),
    [
        ("produce_topics", {"topics": [], "topic_sentiments": []}),
        ("produce_topic_sentiments", {"topic_sentiments": []}),
        ("produce_summary", {"summary": None}),
    ],
)
def test_parts_that_were_switched_off_are_not_produced(
    service: Service, flag: str, empty: dict[str, Any]
) -> None:
    full = service.answer(config())
    assert service.answer(config(**{flag: False})) == full | empty


def test_unknown_audio_is_answered_and_says_that_it_is_made_up(service: Service) -> None:
    answer = service.answer(config(PLAN), audio=b"OggS something else")
    assert "made up by the sandbox" in answer["summary"].casefold()
    assert answer["behaviors"] == []
    assert answer["clips"][0]["text"].endswith("made up by the sandbox.")


def test_a_marked_copy_is_answered_like_its_original(service: Service) -> None:
    mark = b"SANDBOX_COPY_OF=" + hashlib.sha256(AUDIO).hexdigest().encode()
    copy = service.answer(config(PLAN), audio=AUDIO + mark + b" 17")
    original = service.answer(config(PLAN))
    assert copy["summary"] == original["summary"]
    assert [clip["text"] for clip in copy["clips"]] == [clip["text"] for clip in original["clips"]]
    assert copy["clips"][0]["clip_uuid"] != original["clips"][0]["clip_uuid"]


def test_the_length_of_unknown_wav_audio_is_read_from_its_header(service: Service) -> None:
    header = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0"
    answer = service.answer(audio=header.ljust(32_000, b"\0"), name="tone.wav")
    assert answer["duration_ms"] == 2000
