"""Whatever comes back is read: it was paid for."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from velma_connectors.analysis import Analysis, TypePick
from velma_connectors.velma.response import NO_VERDICT, heard_seconds, parse_answer

EXAMPLE = json.loads((Path(__file__).parents[2] / "fixtures/velma_example_response.json").read_text())
NOON = datetime(2026, 6, 4, 12, tzinfo=UTC)


def parse(document: Any) -> Analysis:
    answer = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_answer(
        answer, analyzer="velma-2", audio_sha256="a" * 64, config_hash="c" * 64, analyzed_at=NOON
    )


def answer(**parts: Any) -> dict[str, Any]:
    return {"duration_ms": 60_000, "clips": [], "behaviors": [], **parts}


def clip(**parts: Any) -> dict[str, Any]:
    return {
        "clip_uuid": "clip-1",
        "text": "Yes.",
        "start_ms": 30,
        "duration_ms": 900,
        "speaker_label": "1",
        "language": "en",
        **parts,
    }


def row(**parts: Any) -> dict[str, Any]:
    return {
        "behavior_uuid": "AAAA",
        "behavior_name": "Action Plan Created",
        "speaker_label": "1",
        "detected": True,
        **parts,
    }


def test_a_live_like_answer_is_read_whole() -> None:
    analysis = parse(EXAMPLE)
    assert (analysis.duration_ms, len(analysis.clips)) == (1_704_090, 129)
    assert {each.speaker: each.role_uuid for each in analysis.roles} == {
        "1": "22222222-2222-4222-8222-222222222017",
        "2": "22222222-2222-4222-8222-222222222013",
    }
    assert analysis.conversation_type == TypePick(
        "11111111-1111-4111-8111-111111111034", "Sales Discovery Call", 1.0, False
    )
    rows = [(each.behavior_name, each.speaker) for each in analysis.detections]
    assert rows == [(each["behavior_name"], each["speaker_label"]) for each in EXAMPLE["behaviors"]]
    assert [name for name, _ in rows].count("Competitor Mention") == 2, "one row per speaker is kept"
    assert len(analysis.topics) == 4
    scores = {(each.topic, each.speaker): each.score for each in analysis.topic_sentiments}
    assert scores["compliance reporting", "1"] == 0.81
    assert analysis.summary == EXAMPLE["summary"]
    assert json.loads(analysis.raw) == EXAMPLE
    assert (analysis.analyzer, analysis.analyzed_at, analysis.config_hash) == ("velma-2", NOON, "c" * 64)


def test_accents_and_deepfake_scores_are_not_kept() -> None:
    shown = repr([(each, each.text) for each in parse(EXAMPLE).clips])
    assert "American" not in shown
    assert "0.2405" not in shown


def test_the_smallest_answer_is_a_call_without_speech() -> None:
    analysis = parse(answer())
    assert not any((analysis.clips, analysis.detections, analysis.topics, analysis.topic_sentiments))
    assert (analysis.conversation_type, analysis.summary) == (None, None)


def test_evidence_that_is_no_clip_is_dropped_and_the_detection_kept() -> None:
    detection = parse(
        answer(
            clips=[clip()],
            behaviors=[row(evidence_clip_uuids=["clip-1", "gone", None], definitive_clip_uuid="gone")],
        )
    ).detections[0]
    assert (detection.detected, detection.evidence, detection.definitive) == (True, ("clip-1",), None)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, None),
        ({"detected": False}, None),
        ({"skipped": False, "skip_reason": None, "error_reason": None}, None),
        ({"detected": False, "skipped": True, "skip_reason": "wrong type"}, "wrong type"),
        ({"detected": False, "skipped": True}, "the analyzer skipped it"),
        ({"detected": False, "error_reason": "model failed"}, "model failed"),
        ({"detected": None}, NO_VERDICT),
        ({"detected": "perhaps"}, NO_VERDICT),
    ],
)
def test_a_row_of_the_older_shape_says_when_it_was_not_evaluated(
    parts: dict[str, Any], expected: str | None
) -> None:
    detection = parse(answer(behaviors=[row(**parts)])).detections[0]
    assert detection.not_evaluated == expected
    assert detection.detected is (parts.get("detected", True) is True)


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [(0.93, 0.93), (None, None), (1.5, None), (-0.1, None), ("high", None), (1, 1.0)],
)
def test_a_confidence_outside_of_its_range_counts_as_not_stated(
    confidence: Any, expected: float | None
) -> None:
    assert parse(answer(behaviors=[row(confidence=confidence)])).detections[0].confidence == expected


def test_unknown_emotions_are_kept_and_labels_stay_opaque() -> None:
    first = parse(answer(clips=[clip(emotion="Wistful", speaker_label=3)])).clips[0]
    assert (first.emotion, first.speaker) == ("Wistful", "3")


def test_a_clip_without_its_optional_parts_is_kept() -> None:
    bare = parse(answer(clips=[{"clip_uuid": "c", "start_ms": 12.0}])).clips[0]
    assert (bare.start_ms, bare.duration_ms, bare.speaker, bare.text) == (12, 0, "", "")


def test_identifiers_are_compared_in_lower_case() -> None:
    assert parse(answer(behaviors=[row()])).detections[0].behavior_uuid == "aaaa"


@pytest.mark.parametrize(("source", "is_default"), [("default", True), ("inferred", False), (None, False)])
def test_a_pick_says_whether_it_is_only_the_default(source: str | None, is_default: bool) -> None:
    picks = {
        "conversation_type_pick": {"name": "Sales Call", "selection_source": source},
        "participant_role_picks": [{"speaker_label": "1", "selection_source": source}],
    }
    analysis = parse(answer(**picks))
    assert analysis.conversation_type is not None
    assert analysis.conversation_type.is_default is analysis.roles[0].is_default is is_default


def test_a_missing_duration_is_that_of_the_last_clip() -> None:
    assert parse({"clips": [clip()]}).duration_ms == 930


def test_halves_of_characters_become_storable() -> None:
    raw = json.dumps(answer(summary="\ud83d", clips=[clip(text="a\udc00b")])).encode()
    analysis = parse(raw)
    assert (analysis.summary, analysis.clips[0].text) == ("?", "a?b")


def test_bytes_that_are_no_utf8_do_not_lose_the_rest() -> None:
    raw = json.dumps(answer(summary="before MARK after")).encode().replace(b"MARK", b"\xff\xfe")
    assert parse(raw).summary == "before \ufffd\ufffd after"


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"null", b"[]", b'"text"', b"{}", b'{"detail": "odd"}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_answer_at_all_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(raw)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just("\ud800"),
    st.builds(dict),
    st.builds(list),
    st.builds(lambda: [None, 1, "x", {}, []]),
    st.builds(lambda: {"odd": {"odd": []}}),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of the document with one of its keys or positions."""
    found: list[tuple[Any, Any]] = []
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found.append((value, key))
        found += places(value[key])
    return found


def small_example() -> Any:
    """All kinds of rows, few of each, so that a change hits every kind often."""
    rows_cut = {key: value[:2] if isinstance(value, list) else value for key, value in EXAMPLE.items()}
    return copy.deepcopy(rows_cut)


@settings(max_examples=300)
@given(st.data())
def test_no_damaged_answer_is_unreadable_and_what_is_read_is_sound(data: st.DataObject) -> None:
    document = small_example()
    for _ in range(data.draw(st.integers(1, 6))):
        there = places(document)
        assume(there)
        container, key = there[data.draw(st.integers(0, len(there) - 1))]
        if data.draw(st.booleans()):
            container[key] = data.draw(JUNK)
        else:
            del container[key]
    assume(document.keys() & {"duration_ms", "clips", "behaviors"})

    analysis = parse(document)

    ids = {each.id for each in analysis.clips}
    assert analysis.duration_ms >= 0
    assert all(each.start_ms >= 0 and each.duration_ms >= 0 for each in analysis.clips)
    for detection in analysis.detections:
        assert set(detection.evidence) <= ids
        assert detection.definitive is None or detection.definitive in ids
        assert detection.confidence is None or 0 <= detection.confidence <= 1
    assert all(-1 <= each.score <= 1 for each in analysis.topic_sentiments)
    texts = [analysis.summary or "", *analysis.topics, *(each.text for each in analysis.clips)]
    assert all(each.encode("utf-8", "replace").decode() == each for each in texts), "some cannot be stored"


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (b'{"clips": [], "duration_ms": 61500}', 61.5),
        (b'{"clips": [], "duration_ms": 0}', None),
        (b'{"clips": [], "duration_ms": -1}', None),
        (b'{"clips": [], "duration_ms": Infinity}', None),
        (b'{"clips": [], "duration_ms": NaN}', None),
        (b'{"clips": [], "duration_ms": true}', None),
        (b'{"clips": [], "duration_ms": "61500"}', None),
        (b'{"clips": []}', None),
        (b'{"duration_ms": 61500}', None),
        (b"[]", None),
        (b"[" * 100_000, None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_what_was_heard_is_what_the_answer_names(answer: bytes, seconds: float | None) -> None:
    assert heard_seconds(answer) == seconds
