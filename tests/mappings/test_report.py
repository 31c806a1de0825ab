"""The report as a whole: every value of the catalogue, known or not, and why the analysis is not whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.analysis import Analysis, AnalysisConfig, RolePick, Side
from velma_connectors.model import FieldKind, FieldValue
from velma_mappings.catalogue import entries
from velma_mappings.entry import Need
from velma_mappings.mapping_file import MappingFile
from velma_mappings.model import CallReport, State, Status
from velma_mappings.report import distil, failed

PYTHON_TYPES: dict[FieldKind, tuple[type, ...]] = {
    FieldKind.BOOLEAN: (bool,),
    FieldKind.NUMBER: (int, float),
    FieldKind.TEXT: (str,),
    FieldKind.LONG_TEXT: (str,),
    FieldKind.CHOICE: (str,),
    FieldKind.MULTI_CHOICE: (tuple,),
}


def check(report: CallReport, mapping: MappingFile) -> None:
    """What holds for every report of every call."""
    catalogue = entries(mapping)
    assert set(report.values) == set(catalogue)
    for path, value in report.values.items():
        entry = catalogue[path]
        if value.state is not State.KNOWN:
            assert value.value is None, f"{path} has a value although it is not known"
            assert value.reason, f"{path} does not say why it is not known"
        elif value.value is not None and entry.kind in PYTHON_TYPES:
            assert isinstance(value.value, PYTHON_TYPES[entry.kind]), path
            assert isinstance(value.value, bool) == (entry.kind is FieldKind.BOOLEAN), path
        if entry.kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE):
            chosen = value.value if isinstance(value.value, tuple) else (value.value,)
            assert set(chosen) <= {*entry.choices, None}, f"{path} holds what is not among its choices"
        if entry.scale is not None and isinstance(value.value, int | float):
            assert entry.precision is not None
            assert abs(value.value) < 10 ** (entry.precision - entry.scale), path


def told(report: CallReport, path: str) -> FieldValue:
    assert report.values[path].state is State.KNOWN
    return report.values[path].value


def test_a_failed_call_tells_its_reason_and_nothing_else(make: Any) -> None:
    mapping, later = make.mapping(), make.NOON + timedelta(hours=1)
    report = failed(
        make.call(), mapping, reason="it is not audio", analyzer="velma-2", config_hash="c", at=later
    )
    check(report, mapping)
    known = {path: value.value for path, value in report.values.items() if value.state is State.KNOWN}
    assert known == {
        "status": "Failed",
        "reason": "it is not audio",
        "analyzed_at": later,
        "started_at": make.NOON,
    }
    assert (report.status, report.reasons, report.note) == (Status.FAILED, ("it is not audio",), "")
    assert (report.analyzer, report.config_hash, report.analyzed_at) == ("velma-2", "c", later)


def test_a_failure_without_a_reason_clears_the_reason(make: Any) -> None:
    report = failed(make.call(), make.mapping(), reason="", analyzer="velma-2", config_hash="c", at=make.NOON)
    assert (told(report, "reason"), report.reasons) == (None, ())


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_a_call_without_speech_claims_nothing_about_behaviors(make: Any, text: str | None) -> None:
    clips = () if text is None else (make.clip("c1", "p", text),)
    config, mapping = make.config("question", "off_topic", "plan", "rival"), make.mapping()
    report = distil(make.call(), make.analysis(clips=clips, summary="Music."), config, mapping)
    check(report, mapping)
    assert report.status is Status.NO_SPEECH
    assert report.note == ""
    assert told(report, "status") == "No speech"
    assert told(report, "next_step") == "Unknown"
    assert told(report, "duration_minutes") == 1.2
    known = {path for path, value in report.values.items() if value.state is State.KNOWN}
    assert known == {"status", "reason", "analyzed_at", "started_at", "duration_minutes", "next_step"}


WHOLE = {"topics": ("price",)}


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        ({}, []),
        ({"summary": None}, ["the analyzer gave no summary"]),
        ({"summary": " "}, ["the analyzer gave no summary"]),
        ({"topics": ()}, ["the analyzer named no topics"]),
        ({"roles": ()}, ["the speakers' roles are uncertain: no speaker could be given a role"]),
        (
            {"summary": None, "topics": ()},
            ["the analyzer gave no summary", "the analyzer named no topics"],
        ),
    ],
)
def test_what_could_not_be_told_makes_the_analysis_partial(
    make: Any, more: dict[str, Any], reasons: list[str]
) -> None:
    report = distil(make.call(), make.analysis(**{**WHOLE, **more}), make.config(), make.mapping())
    assert list(report.reasons) == reasons
    assert report.status is (Status.PARTIAL if reasons else Status.ANALYZED)
    assert told(report, "reason") == ("; ".join(reasons) or None)
    assert told(report, "status") == report.status.value


def test_behaviors_that_were_left_out_make_it_partial(make: Any) -> None:
    rows = (make.row("question", "r", detected=False, not_evaluated="no time"),)
    report = distil(make.call(), make.analysis(**WHOLE, detections=rows), make.config(), make.mapping())
    assert report.reasons == ("the analyzer left out some behaviors",)


@pytest.mark.parametrize(("asked", "reasons"), [(True, 1), (False, 0)])
def test_missing_emotions_make_it_partial_when_they_were_asked_for(
    make: Any, asked: bool, reasons: int
) -> None:
    clips = tuple(make.clip(label, label, emotion=None) for label in "pr")
    analysis = make.analysis(**WHOLE, clips=clips)
    report = distil(make.call(), analysis, make.config(emotions=asked), make.mapping())
    assert len(report.reasons) == reasons


def test_a_missing_summary_is_put_together_and_says_so(make: Any) -> None:
    analysis = make.analysis(
        summary=None,
        topics=("price", "plans of <pii>Kim</pii>"),
        detections=(make.row("question", "r"), make.row("plan", "p")),
    )
    report = distil(make.call(), analysis, make.config("question", "rapport", "plan"), make.mapping())
    assert told(report, "summary") == (
        "Topics: price, plans of [PII]. Coaching: Question. Next step: Confirmed. "
        "(The analyzer gave no summary; this one was put together from its findings.)"
    )


def test_a_report_names_what_it_was_made_from(make: Any) -> None:
    report = distil(make.call(), make.analysis(), make.config(), make.mapping())
    assert report.call == make.call().ref
    assert (report.config_hash, report.analyzer, report.analyzed_at) == ("c" * 64, "velma-2", make.NOON)
    assert told(report, "started_at") == told(report, "analyzed_at") == make.NOON


def test_a_name_in_one_text_is_masked_in_all_of_them(make: Any) -> None:
    clips = (make.clip("c1", "p", "Ottilie speaking."), *make.conversation()[1:])
    row = make.row("plan", "p", evidence=("c1",), reasoning="<pii:name>Ottilie</pii:name> agrees.")
    analysis = make.analysis(clips=clips, detections=(row,), summary="Ottilie agreed.")
    report = distil(make.call(), analysis, make.config("plan"), make.mapping())
    assert told(report, "summary") == "[NAME] agreed."
    assert told(report, "next_step_quote") == "[NAME] speaking."
    assert "Ottilie" not in report.note


def test_transcripts_stay_out_of_a_repr(make: Any) -> None:
    row = make.row("plan", "p", evidence=("c3",))
    report = distil(make.call(), make.analysis(detections=(row,)), make.config("plan"), make.mapping())
    places = [place for value in report.values.values() for place in value.evidence]
    assert places
    assert "Friday" not in repr(places)
    assert report.note
    assert report.note not in repr(report)


@pytest.mark.parametrize(
    ("need", "more", "config"),
    [
        (Need.ROLES, {"roles": ()}, {}),
        (Need.TOPICS, {"topics": (), "topic_sentiments": ()}, {}),
        (Need.EMOTIONS, {}, {"emotions": False}),
        (Need.BEHAVIORS, {"detections": ()}, {"behaviors": ()}),
    ],
)
def test_the_catalogue_says_truly_what_each_value_needs(
    example: Analysis,
    example_config: AnalysisConfig,
    default_mapping: MappingFile,
    make: Any,
    need: Need,
    more: dict[str, Any],
    config: dict[str, Any],
) -> None:
    whole = distil(make.call(), example, example_config, default_mapping)
    without = distil(
        make.call(), replace(example, **more), replace(example_config, **config), default_mapping
    )
    check(without, default_mapping)
    known = {path for path, value in without.values.items() if value.state is State.KNOWN}
    lost = {path for path, value in whole.values.items() if value.state is State.KNOWN} - known
    needing = {path for path, entry in entries(default_mapping).items() if need in entry.needs}
    assert not known & needing, "these do not need it"
    assert lost - needing <= {"objection_tags"}, "these need it, but the catalogue does not say so"


LABELS = st.sampled_from(["p", "r", "q"])
CLIPS = st.lists(
    st.tuples(
        LABELS,
        st.integers(0, 300),
        st.integers(0, 60),
        st.sampled_from(["Yes.", "Acme!", "<pii:name>Kim", "the price?", "", "\ud800"]),
        st.sampled_from(["Sad", "Angry", "Calm", None, "??"]),
    ),
    max_size=8,
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["question", "rapport", "trust", "rival", "plan", "other"]),
        st.one_of(st.none(), LABELS),
        st.one_of(st.none(), st.floats(0, 1)),
        st.booleans(),
        st.sampled_from([None, "0", "1", "gone"]),
        st.sampled_from([None, "", "skipped"]),
    ),
    max_size=6,
)
SCORES = st.lists(
    st.tuples(st.sampled_from(["price", "roll-out", "fishing", ""]), LABELS, st.floats(-1.2, 1.2)), max_size=5
)
PICKS = st.lists(
    st.tuples(
        LABELS,
        st.sampled_from([Side.REP, Side.PROSPECT, Side.UNKNOWN]),
        st.one_of(st.none(), st.floats(0, 1)),
        st.booleans(),
    ),
    max_size=4,
)


@given(CLIPS, ROWS, SCORES, PICKS, st.booleans(), st.one_of(st.none(), st.text(max_size=20)))
def test_any_answer_gives_a_whole_report(
    make: Any,
    clips: list[Any],
    rows: list[Any],
    scores: list[Any],
    picks: list[Any],
    emotions: bool,
    summary: str | None,
) -> None:
    roles = {Side.REP: make.REP_ROLE, Side.PROSPECT: make.PROSPECT_ROLE, Side.UNKNOWN: None}
    analysis = make.analysis(
        clips=tuple(
            make.clip(str(place), label, text, at=at, seconds=seconds, emotion=emotion)
            for place, (label, at, seconds, text, emotion) in enumerate(clips)
        ),
        detections=tuple(
            make.row(
                name, label, confidence, detected=found, definitive=clip, evidence=("0",), not_evaluated=out
            )
            for name, label, confidence, found, clip, out in rows
        ),
        roles=tuple(
            RolePick(label, roles[side], confidence, default) for label, side, confidence, default in picks
        ),
        summary=summary,
        **make.scores(*scores),
    )
    mapping = make.mapping()
    config = make.config("question", "rapport", "rival", "plan", emotions=emotions)
    report = distil(make.call(), analysis, config, mapping)
    check(report, mapping)
    assert (report.note == "") == (report.status is Status.NO_SPEECH)
    report.note.encode()
