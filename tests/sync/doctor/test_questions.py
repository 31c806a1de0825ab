"""What is said of the questions: those that can never show, those worded badly, and where they stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.administration import Mark
from velma_connectors.velma.playbook import AnalysisFile

from .rig import ANALYSIS, configured, crm, examined, told

UUIDS = ("1b6f3c52-0d7b-4a3e-9a53-0c8a2f7f1a44", "2c6f3c52-0d7b-4a3e-9a53-0c8a2f7f1a55")
GOOD = {
    "short_description": "Asks for a reference.",
    "detailed_description": "ALL of these: asks for a customer, and for a date. Not present if declined.",
}


def analysis(**more: list[dict[str, Any]]) -> AnalysisFile:
    """The usual file with entries added to its sections."""
    document = ANALYSIS.model_dump(mode="json", exclude_defaults=True)
    document["version"] = 1
    for section, entries in more.items():
        document[section] = [*document[section], *entries]
    return AnalysisFile.model_validate(document)


def asked(file: AnalysisFile, mark: Mark) -> list[str]:
    report = examined(configured({"a": crm()}, analysis=file))
    return [sentence for about, sentence in told(report, mark) if about == "analysis"]


def test_a_behavior_that_no_stage_asks_for_can_never_show() -> None:
    idle = {"key": "idle", "name": "Reference Asked", "uuid": UUIDS[0], **GOOD}
    assert asked(analysis(behaviors=[idle]), Mark.ADVICE) == [
        "behavior 'idle': can never show: no stage asks for it. Add it to a stage, or remove it "
        "(analysis.yaml)."
    ]


def test_a_behavior_for_a_type_that_no_stage_asks_with_can_never_show() -> None:
    other = {"key": "other", "name": "Other", "uuid": UUIDS[1], **GOOD}
    idle = {"key": "idle", "name": "Idle", "uuid": UUIDS[0], "conversation_types": ["other"], **GOOD}
    first, second = asked(analysis(behaviors=[idle], conversation_types=[other]), Mark.ADVICE)
    assert "it is limited to other, which no stage asks with." in first
    assert second.startswith("conversation type 'other': no stage asks with it.")


def test_what_is_asked_and_can_show_is_counted() -> None:
    assert asked(ANALYSIS, Mark.OK) == ["All 1 behaviors that are asked for can show."]


def test_a_badly_worded_definition_is_told_at_its_place(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "velma-sync.yaml").write_text("analysis: {file: asked.yaml}\n")
    (tmp_path / "asked.yaml").write_text(
        "version: 1\nbehaviors:\n  - {key: plan}\n  - key: idle\n    name: Asks for one more reference\n"
    )
    idle = {"key": "idle", "name": "Asks for one more reference", "uuid": UUIDS[0], **GOOD}
    configuration = configured({"a": crm()}, analysis=analysis(behaviors=[idle]))
    configuration = replace(configuration, path=tmp_path / "velma-sync.yaml")
    found = [
        sentence for about, sentence in told(examined(configuration), Mark.ADVICE) if about == "analysis"
    ]
    assert found == [
        "behavior 'idle': can never show: no stage asks for it. Add it to a stage, or remove it "
        "(asked.yaml:4:5).",
        "behavior 'idle': name has more than 4 words. Reword it (asked.yaml:5:5).",
    ]


@pytest.mark.parametrize(
    ("free", "mark", "words"),
    [
        (10**12, Mark.OK, "There is room for 9 recordings at a time, and for the answers."),
        (1_900_000_000, Mark.ADVICE, "has 1.9 GB free of 1.0 GB"),
        (950_000_000, Mark.PROBLEM, "has 0.9 GB free of 1.0 GB: nothing is analyzed below that."),
        (800_000_000, Mark.PROBLEM, "has 0.8 GB free of 0.9 GB: as much as may be under way."),
    ],
)
def test_the_room_on_the_disks_is_told_when_it_gets_short(free: int, mark: Mark, words: str) -> None:
    report = examined(configured({"a": crm()}), free=free)
    marks = {fact.mark for fact in report.facts if fact.topic == "disk"}
    assert mark in marks
    assert any(words in fact.sentence for fact in report.facts if fact.topic == "disk")
