"""The real client against the emulator, which was built from the published facts and not from the client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from ruamel.yaml import YAML

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.errors import OutcomeUnknown, RetryLater, SkipCall, SpendStop
from velma_connectors.protocol import Audio
from velma_connectors.sandbox.faults import Fault, FaultInjector
from velma_connectors.sandbox.samples.library import SampleCall, load_samples
from velma_connectors.sandbox.server import RunningServer
from velma_connectors.sandbox.velma import Account, VelmaEmulator, VelmaModes
from velma_connectors.velma.analyzer import VelmaAnalyzer
from velma_connectors.velma.options import VelmaOptions
from velma_connectors.velma.playbook import AnalysisFile, select, shipped_text
from velma_connectors.velma.request import lint

KEY = "sandbox-key"
NOON = datetime(2026, 6, 4, 12, tzinfo=UTC)
FILE = AnalysisFile.model_validate(YAML(typ="safe").load(shipped_text()))
HEARD = [
    call
    for call in load_samples().calls.values()
    if call.audio is not None and call.script.same_audio_as is None
]


@dataclass
class Rig:
    """An emulator, the faults before it, and an analyzer that only knows its address."""

    emulator: VelmaEmulator
    faults: FaultInjector
    url: str

    def analyzer(self, key: str = KEY) -> VelmaAnalyzer:
        return VelmaAnalyzer(VelmaOptions.model_validate({"base_url": self.url, "api_key": key}))

    def change(self, **changes: Any) -> None:
        self.emulator.account(KEY).change(**changes)

    def modes(self, **modes: Any) -> None:
        self.emulator.modes = VelmaModes(**modes)


@pytest.fixture
def rig() -> Iterator[Rig]:
    emulator = VelmaEmulator(load_samples().by_sha256(), (Account(KEY, concurrency=2),))
    faults = FaultInjector(emulator)
    with RunningServer(faults) as server:
        yield Rig(emulator, faults, server.url)
        faults.clear()
        emulator.close()


def audio_of(call: SampleCall) -> Audio:
    assert call.audio is not None
    assert call.sound is not None
    return Audio(call.audio, call.sound.sha256, call.audio.stat().st_size, "audio/ogg", "ogg")


def question(call: SampleCall) -> AnalysisConfig:
    return select(FILE, stage=call.script.crm.stage, pipeline=None, terms=["Acme Platform"])


CALL = next(call for call in HEARD if call.script.dialogue and call.script.dialogue.signals)


def ask(rig: Rig, seconds: float = 20) -> bytes:
    return rig.analyzer().analyze(audio_of(CALL), question(CALL), deadline_seconds=seconds)


@pytest.mark.parametrize("call", HEARD, ids=[call.key for call in HEARD])
def test_the_shipped_questions_hear_what_was_planted(rig: Rig, call: SampleCall) -> None:
    config, audio, analyzer = question(call), audio_of(call), rig.analyzer()
    answer = analyzer.analyze(audio, config, deadline_seconds=60)
    analysis = analyzer.parse(answer, audio_sha256=audio.sha256, config=config, analyzed_at=NOON)

    dialogue = call.script.dialogue
    planted = {signal.behavior for signal in dialogue.signals} if dialogue else set()
    assert {row.behavior_name for row in analysis.detections if row.detected} == planted
    assert all(row.evidence and row.not_evaluated is None for row in analysis.detections)
    assert len(analysis.clips) == (len(dialogue.lines) if dialogue else 0)
    sides = {role.uuid: role.side for role in config.roles}
    assert {sides.get(pick.role_uuid or "") for pick in analysis.roles} <= set(sides.values())
    assert (analysis.raw, analysis.config_hash) == (answer, config.hash)


def test_the_sent_configuration_is_the_one_that_was_asked_for(rig: Rig) -> None:
    ask(rig)
    (sent,) = rig.emulator.usage.configs
    assert sent["conversation_types"][0]["name"] == question(CALL).conversation_types[0].name
    assert len(sent["behaviors"]) == len(question(CALL).behaviors)
    assert sent["stt"]["custom_terms"] == ["Acme Platform"]


SHAPES: dict[str, object] = {
    "label_style": "Speaker_1",
    "old_shape": True,
    "null_summary": True,
    "absent_parts": True,
    "null_speaker": True,
    "duplicate_rows": True,
    "unknown_emotion": True,
    "stray_evidence": True,
    "swapped_roles": True,
    "default_picks": True,
    "no_clips": True,
}


@pytest.mark.parametrize("mode", SHAPES)
def test_every_shape_of_answer_is_read(rig: Rig, mode: str) -> None:
    rig.modes(**{mode: SHAPES[mode]})
    answer = ask(rig)
    analysis = rig.analyzer().parse(answer, audio_sha256="a", config=question(CALL), analyzed_at=NOON)
    ids = {clip.id for clip in analysis.clips}
    assert all(set(row.evidence) <= ids for row in analysis.detections)
    assert any(row.detected for row in analysis.detections) is (mode != "no_clips")
    assert all(row.not_evaluated is None for row in analysis.detections)


def test_the_probe_lists_the_catalogue_and_unknown_presets_are_found_before_paying(rig: Rig) -> None:
    presets = rig.analyzer().check().presets
    assert "rapport_building" in presets
    config = question(CALL)
    wrong = replace(config.behaviors[0], uuid=None, preset="service-churn")
    asked = replace(config, behaviors=(wrong,))
    (problem,) = lint(asked, presets)
    assert "service-churn" in problem.message
    with pytest.raises(SpendStop, match="does not know a preset") as raised:
        rig.analyzer().analyze(audio_of(CALL), asked, deadline_seconds=20)
    assert raised.value.code == "config"
    assert rig.emulator.usage.billed == 0


@pytest.mark.parametrize(
    ("modes", "code"),
    [({"bad_key_status": 403}, "auth"), ({"bad_key_status": 401}, "auth")],
)
def test_a_wrong_key_stops_spending(rig: Rig, modes: dict[str, Any], code: str) -> None:
    rig.modes(**modes)
    with pytest.raises(SpendStop) as raised:
        rig.analyzer("another-key").analyze(audio_of(CALL), question(CALL), deadline_seconds=20)
    assert raised.value.code == code
    with pytest.raises(SpendStop):
        rig.analyzer("another-key").check()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"credit_ms": 0}, "credits"),
        ({"monthly_limit_ms": 0}, "quota"),
        ({"model_enabled": False}, "auth"),
    ],
)
def test_an_account_without_means_stops_spending(rig: Rig, change: dict[str, Any], code: str) -> None:
    rig.change(**change)
    with pytest.raises(SpendStop) as raised:
        ask(rig)
    assert raised.value.code == code
    assert rig.emulator.usage.billed == 0


def test_the_concurrency_limit_only_waits(rig: Rig) -> None:
    rig.change(concurrency=1)
    rig.modes(latency_seconds=30)
    paid = threading.Thread(target=ask, args=(rig, 60))
    paid.start()
    while not rig.emulator.usage.billed:
        assert paid.is_alive(), "the first request ended before it was billed"
        paid.join(0.01)
    with pytest.raises(RetryLater) as raised:
        ask(rig)
    assert not raised.value.counts
    rig.emulator.close()
    paid.join(30)
    assert not paid.is_alive()


def test_bytes_that_are_no_audio_skip_the_call(rig: Rig, audio: Audio) -> None:
    with pytest.raises(SkipCall) as raised:
        rig.analyzer().analyze(
            replace(audio, extension="wav", media_type="audio/wav"), question(CALL), deadline_seconds=20
        )
    assert raised.value.code == "audio_rejected"


@pytest.mark.parametrize(("status", "code"), [(413, "audio_too_large"), (400, "audio_rejected")])
def test_an_upload_above_the_limit_skips_the_call(rig: Rig, status: int, code: str) -> None:
    rig.modes(max_upload_bytes=10, too_large_status=status)
    with pytest.raises(SkipCall) as raised:
        ask(rig)
    assert raised.value.code == code


def test_a_lost_answer_is_never_asked_for_again_by_itself(rig: Rig) -> None:
    rig.faults.add(Fault("POST .*velma-2-batch", cut="after"))
    with pytest.raises(OutcomeUnknown, match="may have been billed"):
        ask(rig)
    assert (rig.emulator.usage.requests, rig.emulator.usage.billed) == (1, 1)


def test_the_processing_limit_may_have_been_billed(rig: Rig) -> None:
    rig.modes(latency_seconds=5, processing_limit_seconds=0.01)
    with pytest.raises(OutcomeUnknown):
        ask(rig)
    assert rig.emulator.usage.billed == 1


def test_the_deadline_ends_a_slow_answer(rig: Rig) -> None:
    rig.modes(trickle_seconds=60)
    with pytest.raises(OutcomeUnknown):
        ask(rig, seconds=0.5)
