"""Grouping rows by behavior, and the four things that can be said of one."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.analysis import Behavior, Detection, TypePick
from velma_mappings.behaviors import NOT_ASKED, Finding, Outcome, best, find
from velma_mappings.mapping_file import Thresholds
from velma_mappings.roles import join


def found(make: Any, behavior: Behavior, *rows: Detection, **more: Any) -> Finding:
    thresholds = more.pop("thresholds", Thresholds())
    analysis, config = make.analysis(detections=rows, **more), make.config(behavior)
    speakers = join(analysis, config, least_confidence=0.6)
    return find(analysis, config, speakers, thresholds)[behavior.key]


@pytest.mark.parametrize(
    ("confidence", "outcome", "reason"),
    [
        (0.95, Outcome.DETECTED, ""),
        (0.60, Outcome.DETECTED, ""),
        (0.59, Outcome.BELOW_THRESHOLD, "its confidence 0.59 is below 0.60"),
        (
            None,
            Outcome.BELOW_THRESHOLD,
            "its confidence 0.50 is below 0.60 (not stated, counted as 0.50)",
        ),
    ],
)
def test_a_detection_counts_from_the_threshold_on(
    make: Any, confidence: float | None, outcome: Outcome, reason: str
) -> None:
    finding = found(make, make.behavior("b"), make.row("b", "r", confidence))
    assert (finding.outcome, finding.reason) == (outcome, reason)


def test_an_unstated_confidence_counts_as_a_half_and_is_marked(make: Any) -> None:
    thresholds = Thresholds.model_validate({"behaviors": {"b": {"list": 0.5}}})
    finding = found(make, make.behavior("b"), make.row("b", "r", None), thresholds=thresholds)
    assert finding.outcome is Outcome.DETECTED
    assert finding.confidence is None
    assert finding.reason == "its confidence (not stated, counted as 0.50)"


def test_a_threshold_of_its_own_holds_for_one_behavior_only(make: Any) -> None:
    thresholds = Thresholds.model_validate({"behaviors": {"b": {"list": 0.9}, "x": {"confirm": 0.1}}})
    assert found(make, make.behavior("b"), make.row("b", "r", 0.85), thresholds=thresholds).outcome is (
        Outcome.BELOW_THRESHOLD
    )
    assert found(make, make.behavior("x"), make.row("x", "r", 0.85), thresholds=thresholds).outcome is (
        Outcome.DETECTED
    )


SCOPED = {"type": {"conversation_types": ("other",)}, "role": {"roles": ("other",)}, "none": {}}


@pytest.mark.parametrize(
    ("scope", "rows", "more", "outcome"),
    [
        ("none", [], {}, Outcome.NOT_DETECTED),
        ("none", [{"detected": False}], {}, Outcome.NOT_DETECTED),
        ("none", [{"detected": False, "not_evaluated": "role"}], {}, Outcome.NOT_EVALUATED),
        ("none", [{"detected": True, "not_evaluated": "role"}], {}, Outcome.NOT_EVALUATED),
        ("type", [], {}, Outcome.NOT_EVALUATED),
        ("type", [], {"conversation_type": None}, Outcome.NOT_EVALUATED),
        ("type", [], {"conversation_type": TypePick("other", "Other", 1.0, False)}, Outcome.NOT_DETECTED),
        ("role", [], {}, Outcome.NOT_EVALUATED),
    ],
)
def test_a_missing_detection_says_no_only_where_the_question_could_be_answered(
    make: Any, scope: str, rows: list[dict[str, Any]], more: dict[str, Any], outcome: Outcome
) -> None:
    behavior = make.behavior("b", **SCOPED[scope])
    finding = found(make, behavior, *(make.row("b", "r", **row) for row in rows), **more)
    assert finding.outcome is outcome
    assert bool(finding.reason) == (outcome is Outcome.NOT_EVALUATED)


def test_a_role_that_somebody_has_makes_silence_an_answer(make: Any) -> None:
    finding = found(make, make.behavior("b", roles=(make.REP_ROLE,)))
    assert (finding.outcome, finding.scoped) == (Outcome.NOT_DETECTED, True)


def test_rows_of_one_behavior_are_one_finding(make: Any) -> None:
    rows = (
        make.row("b", "p", 0.7, evidence=("c3", "gone")),
        make.row("b", "r", 0.9, evidence=("c2",), definitive="c2"),
        make.row("b", None, 0.8, evidence=("c1", "c3")),
        make.row("another", "p"),
    )
    finding = found(make, make.behavior("b"), *rows)
    assert finding.confidence == 0.9
    assert finding.rows == rows[:3]
    assert [clip.id for clip in finding.clips] == ["c1", "c2", "c3"]
    assert finding.definitive is not None
    assert finding.definitive.id == "c2"


@pytest.mark.parametrize(
    ("evidence", "definitive", "shown"),
    [
        (("c3",), "c1", "c1"),
        (("c3", "c1"), "gone", "c3"),
        (("c3",), None, "c3"),
        (("gone",), None, None),
        ((), None, None),
    ],
)
def test_evidence_that_is_not_in_the_clips_is_dropped_but_the_detection_stays(
    make: Any, evidence: tuple[str, ...], definitive: str | None, shown: str | None
) -> None:
    finding = found(make, make.behavior("b"), make.row("b", "r", evidence=evidence, definitive=definitive))
    assert finding.outcome is Outcome.DETECTED
    assert (finding.definitive.id if finding.definitive else None) == shown


def test_own_definitions_are_known_by_id_and_catalogue_ones_by_name(make: Any) -> None:
    preset = make.behavior("b", name="Monologuing", uuid=None, preset="monologuing")
    by_name = Detection("v5-id", "MONOLOGUING", "r", True, 0.9)
    assert found(make, preset, by_name).outcome is Outcome.DETECTED
    own = make.behavior("b", name="Monologuing")
    assert found(make, own, by_name).outcome is Outcome.NOT_DETECTED


def test_the_strongest_of_several_behaviors_stands_for_them() -> None:
    detected, below = Finding(Outcome.DETECTED), Finding(Outcome.BELOW_THRESHOLD)
    absent, unseen = Finding(Outcome.NOT_DETECTED), Finding(Outcome.NOT_EVALUATED)
    findings = {"d": detected, "b": below, "a": absent, "u": unseen}
    assert best(findings, ["u", "a", "b", "d"]) is detected
    assert best(findings, ["u", "a", "b"]) is below
    assert best(findings, ["u", "a"]) is absent
    assert best(findings, ["unasked"]) is NOT_ASKED
    assert best(findings, []) is NOT_ASKED
