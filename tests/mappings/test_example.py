"""The whole example against everything that is known to be planted in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.analysis import Analysis, AnalysisConfig, Side
from velma_connectors.model import FieldValue
from velma_mappings import conversation, emotions, sentiment
from velma_mappings.behaviors import find
from velma_mappings.mapping_file import MappingFile
from velma_mappings.model import CallReport, State, Status
from velma_mappings.report import distil
from velma_mappings.roles import join
from velma_mappings.topics import groups

GOLDEN_NOTE = Path(__file__).with_name("example_note.txt")

EXPECTED: Mapping[str, FieldValue] = {
    "status": "Analyzed",
    "reason": None,
    "duration_minutes": 28.4,
    "coaching_flags": ("Unaddressed Question", "Off-topic Discussion"),
    "positive_signals": ("Rapport Building", "Action Plan Created"),
    "deal_intel": ("Competitor Mention",),
    "competitors": ("Acme Platform",),
    "competitor_status": "Confirmed",
    "competitor_first_mention": "11:39",
    "raised_by": "Both",
    "action_plan_confirmed": True,
    "next_step": "Confirmed",
    "next_step_at": "26:49",
    "sentiment.compliance": 0.81,
    "sentiment.implementation": -0.64,
    "sentiment.it_resources": -0.47,
    "sentiment.pricing": -0.12,
    "sentiment.average": -0.105,
    "sentiment.lowest": -0.64,
    "sentiment.lowest_topic": "Implementation",
    "objection_tags": ("Timeline concern", "IT resource concern"),
    "other_topics": None,
    "talk_ratio_rep": 53.7,
    "longest_monologue_seconds": 67,
    "longest_monologue_prospect_seconds": 23,
    "negative_spike": "17:00-20:38 after implementation timeline",
    "negative_spike_at": "17:00",
    "negative_spike_seconds": 132,
    "negative_share": 25.7,
    "speaker_switches": 120,
    "rep_questions": 33,
}
EXPECTED_PLACES = {
    "coaching_flags": ["21:02", "14:58"],
    "positive_signals": ["03:12", "26:49"],
    "competitors": ["11:39", "11:50", "11:58", "12:18", "23:15"],
    "next_step": ["26:49", "27:15"],
    "longest_monologue_seconds": ["15:52"],
    "longest_monologue_prospect_seconds": ["01:40"],
}
UNDISCUSSED = ["sentiment.integration", "sentiment.security", "sentiment.support", "sentiment.contract"]


@pytest.fixture(scope="module")
def report(
    make: Any, example: Analysis, example_config: AnalysisConfig, default_mapping: MappingFile
) -> CallReport:
    call = make.call(people=(make.person("003", "Dana Whitcombe"),), owner=make.person("005", "Marcus", None))
    return distil(call, example, example_config, default_mapping)


@pytest.mark.parametrize(("path", "value"), EXPECTED.items())
def test_a_planted_value_is_found(report: CallReport, path: str, value: FieldValue) -> None:
    found = report.values[path]
    assert (found.state, found.value) == (State.KNOWN, value)


@pytest.mark.parametrize(("path", "places"), EXPECTED_PLACES.items())
def test_a_planted_value_is_shown_where_it_was_said(report: CallReport, path: str, places: list[str]) -> None:
    assert [place.at for place in report.values[path].evidence] == places


@pytest.mark.parametrize("path", UNDISCUSSED)
def test_a_topic_that_was_not_discussed_has_no_sentiment(report: CallReport, path: str) -> None:
    assert (report.values[path].state, report.values[path].value) == (State.UNAVAILABLE, None)


def test_the_whole_answer_leaves_nothing_open(report: CallReport) -> None:
    assert (report.status, report.reasons, report.unmatched_topics) == (Status.ANALYZED, (), ())


def test_talk_shares_and_monologues_are_measured_to_the_millisecond(
    example: Analysis, example_config: AnalysisConfig
) -> None:
    speakers = join(example, example_config, least_confidence=0.6)
    rep, prospect = (conversation.speech_ms(speakers, side) for side in (Side.REP, Side.PROSPECT))
    assert (rep, prospect) == (776_610, 670_320)
    assert round(100 * prospect / (rep + prospect), 1) == 46.3
    assert round(100 * sum(speakers.speech_ms.values()) / example.duration_ms, 1) == 84.9
    runs = conversation.monologues(example.clips)
    longest = {
        side: max(
            (run for run in runs if speakers.side(run.clips[0].speaker) is side),
            key=lambda run: run.milliseconds,
        )
        for side in (Side.REP, Side.PROSPECT)
    }
    assert longest[Side.REP].milliseconds == 66_990
    assert len(longest[Side.REP].clips) == 3
    assert longest[Side.PROSPECT].milliseconds == 22_560


def test_the_negative_spike_is_measured_clip_by_clip(
    example: Analysis, example_config: AnalysisConfig
) -> None:
    speakers = join(example, example_config, least_confidence=0.6)
    spike = emotions.spike(emotions.prospect_clips(example, speakers))
    assert spike is not None
    assert len(spike.clips) == 9
    assert round(spike.speech_ms / 1000, 1) == 132.1
    assert (spike.start_ms // 1000, spike.end_ms // 1000) == (17 * 60, 20 * 60 + 38)


def test_a_competitor_noticed_on_two_speakers_is_one_finding(
    example: Analysis, example_config: AnalysisConfig, default_mapping: MappingFile
) -> None:
    speakers = join(example, example_config, least_confidence=0.6)
    finding = find(example, example_config, speakers, default_mapping.thresholds)["competitor_mention"]
    assert {row.speaker for row in finding.rows} == {"1", "2"}
    assert finding.confidence == pytest.approx(0.9784, abs=1e-4)
    assert len(finding.clips) == 5


def test_joining_by_order_or_by_label_would_tell_the_reps_feelings(
    example: Analysis, example_config: AnalysisConfig, default_mapping: MappingFile
) -> None:
    naive = {row.topic: row.score for row in example.topic_sentiments if row.speaker != "Sales Rep"}
    assert naive["implementation timeline"] == 0.18, "the trap is gone: the last row is not the rep's"
    speakers = join(example, example_config, least_confidence=0.6)
    scores = sentiment.weigh(example, speakers, groups(default_mapping.topics)).scores
    assert scores == {
        "compliance reporting": 0.81,
        "implementation timeline": -0.64,
        "IT resource requirements": -0.47,
        "pricing": -0.12,
    }
    assert not set(scores.items()) & set(naive.items())


def test_labels_mean_nothing_so_renaming_them_changes_nothing(
    make: Any,
    report: CallReport,
    example_document: dict[str, Any],
    example_config: AnalysisConfig,
    default_mapping: MappingFile,
    read: Any,
) -> None:
    text = json.dumps(example_document)
    for label, other in (("1", "x"), ("2", "1"), ("x", "2")):
        text = text.replace(f'"speaker_label": "{label}"', f'"speaker_label": "{other}"')
    renamed = read(json.loads(text), example_config)
    assert renamed.clips[0].speaker == "2"
    call = make.call(people=(make.person("003", "Dana Whitcombe"),), owner=make.person("005", "Marcus", None))
    again = distil(call, renamed, example_config, default_mapping)
    assert again.values == report.values
    assert again.note == report.note


def test_exchanged_roles_exchange_everything_told_per_side(
    make: Any,
    example_document: dict[str, Any],
    example_config: AnalysisConfig,
    default_mapping: MappingFile,
    read: Any,
) -> None:
    document = json.loads(json.dumps(example_document))
    first, second = document["participant_role_picks"]
    first["participant_role_uuid"], second["participant_role_uuid"] = make.REP_ROLE, make.PROSPECT_ROLE
    values = distil(make.call(), read(document, example_config), example_config, default_mapping).values
    assert values["sentiment.implementation"].value == 0.18
    assert values["sentiment.average"].value == pytest.approx((0.62 + 0.18 + 0.12 + 0.21) / 4, abs=1e-4)
    assert values["talk_ratio_rep"].value == 46.3
    assert values["objection_tags"].value == ()


def test_the_note_reads_as_agreed(report: CallReport) -> None:
    assert report.note == GOLDEN_NOTE.read_text(encoding="utf-8").rstrip("\n")


def test_people_on_the_record_keep_their_names_in_the_note_and_nowhere_else(report: CallReport) -> None:
    assert "Dana" in report.note
    told = [str(value.value) for value in report.values.values()]
    told += [place.quote for value in report.values.values() for place in value.evidence]
    for name in ("Dana", "Marcus", "Priya", "Tom", "Elena", "<pii", "pii:"):
        assert not [text for text in told if name in text], f"{name} is told outside of the note"


def test_people_who_are_not_on_the_record_are_masked_in_the_note_too(report: CallReport) -> None:
    for name in ("Priya", "Elena", "<pii"):
        assert name not in report.note
