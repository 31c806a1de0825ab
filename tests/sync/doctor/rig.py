"""Configurations over CRMs in memory that can be anything, and their examination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from pydantic import BaseModel, SecretStr

from velma_connectors.administration import CrmAdministration, Diagnosis, Mark, ProbeAnswer
from velma_connectors.errors import Verdict
from velma_connectors.model import Capabilities, Field, FieldKind, FieldSpec, Health, Target
from velma_connectors.protocol import AnalyzerHealth
from velma_connectors.recordings.options import RecordingOptions
from velma_connectors.registry import ConnectorKind
from velma_connectors.testing.canned import CannedAnalyzer
from velma_connectors.testing.far_side import CALL, DEAL, MemoryCrm, writable
from velma_connectors.testing.memory import MemoryConnector
from velma_connectors.velma.options import VelmaOptions
from velma_connectors.velma.playbook import AnalysisFile
from velma_mappings.mapping_file import MappingFile
from velma_sync.config.load import Configuration, Connection
from velma_sync.config.settings import LedgerSettings, LimitSettings, ScheduleSettings
from velma_sync.doctor.examination import examine
from velma_sync.doctor.facts import DoctorReport
from velma_sync.workspace import Workspace

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOUND = b"OggS" + bytes(60)
SPEAKER = {"short_description": "Takes part.", "detailed_description": "Speaks in the call."}
ANALYSIS = AnalysisFile.model_validate(
    {
        "version": 1,
        "conversation_types": [
            {"key": "call", "uuid": "6d1c5f0e-6d7b-4a3e-9a53-0c8a2f7f1a11", "name": "Call", **SPEAKER}
        ],
        "roles": [
            {"key": side, "uuid": uuid, "name": side.title(), "side": side, **SPEAKER}
            for side, uuid in (
                ("rep", "0a3d1f52-8a0e-4b7c-8d1f-3f5b0a6e2b22"),
                ("prospect", "5e9b7c3a-2f4d-4c1e-b8a6-7d2c9e0f3c33"),
            )
        ],
        "behaviors": [{"key": "plan", "name": "Action Plan Created", "preset": "action_plan_created"}],
        "stages": [{"conversation_type": "call", "behaviors": ["plan"]}],
    }
)
STATUS = {"value": "status", "on": "call", "field": "status"}
SUMMARY = {"value": "summary", "on": "deal", "field": "last_summary"}
FIELDS = {
    CALL: [writable("status", FieldKind.TEXT)],
    DEAL: [writable("last_summary", FieldKind.LONG_TEXT)],
}


class NoOptions(BaseModel):
    """A CRM in memory needs none."""


class Presets(CannedAnalyzer):
    """Offers these presets."""

    def __init__(self, *presets: str) -> None:
        super().__init__()
        self.offered = presets

    def check(self) -> AnalyzerHealth:
        super().check()
        return AnalyzerHealth(self.offered)


class TroubledConnector(MemoryConnector):
    """Works, but its CRM is not as it should be."""

    def check(self) -> Health:
        return Health("account-1", "Example", "sync@example.com", "1", ("The recording field is hidden.",))


class NotelessConnector(MemoryConnector):
    """Its CRM has notes on deals alone."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, note_targets=(Target.DEAL,))


class FakeAdministration:
    """Tells what it is told to tell; the rest of the contract is nobody's business here."""

    def __init__(
        self, diagnoses: Sequence[Diagnosis] = (), answers: Sequence[ProbeAnswer] | Verdict = ()
    ) -> None:
        self.diagnoses = list(diagnoses)
        self.answers = answers
        self.specs: Sequence[FieldSpec] = ()

    def diagnose(self, specs: Sequence[FieldSpec]) -> list[Diagnosis]:
        self.specs = specs
        return self.diagnoses

    def probe(self) -> list[ProbeAnswer]:
        if isinstance(self.answers, Verdict):
            raise self.answers
        return list(self.answers)

    def close(self) -> None:
        """Nothing is held open."""


def crm(fields: dict[str, list[Field]] = FIELDS, *, audio: bytes | None = SOUND) -> MemoryCrm:
    """A CRM with a recorded call."""
    far = MemoryCrm(lambda: NOW, fields)
    far.add_call("c1", audio=audio, saved_at=NOW - timedelta(hours=2))
    return far


def configured(
    crms: dict[str, MemoryCrm],
    *,
    rules: Sequence[dict[str, str]] = (STATUS, SUMMARY),
    connector: type[MemoryConnector] = MemoryConnector,
    administration: FakeAdministration | None = None,
    analysis: AnalysisFile = ANALYSIS,
) -> Configuration:
    kinds = {
        name: ConnectorKind(
            "memory",
            "Memory",
            NoOptions,
            lambda name, _: connector(name, crms[name]),
            str,
            None
            if administration is None
            else lambda _name, _options: cast("CrmAdministration", administration),
        )
        for name in crms
    }
    mapping = MappingFile.model_validate({"version": 1, "rules": list(rules)})
    return Configuration(
        path=Path("velma-sync.yaml"),
        connections=tuple(
            Connection(name, kind, NoOptions(), mapping, Path("mapping.yaml"), None)
            for name, kind in kinds.items()
        ),
        analysis=analysis,
        velma=VelmaOptions(api_key=SecretStr("key"), price_per_audio_hour=1.5),
        recordings=RecordingOptions(),
        schedule=ScheduleSettings(poll_minutes=7),
        limits=LimitSettings(max_in_flight=9, max_resend=0, min_seconds=3, max_seconds=99),
        ledger=LedgerSettings(path=Path("ledger.db")),
        audio_directory=Path("audio"),
        log_level="info",
    )


def examined(
    configuration: Configuration,
    analyzer: CannedAnalyzer | None = None,
    *,
    free: int = 10**12,
    now: datetime = NOW,
) -> DoctorReport:
    with Workspace(configuration) as workspace:
        workspace.analyzer = analyzer or Presets("action_plan_created")
        return examine(workspace, now=lambda: now, free_bytes=lambda _: free)


def told(report: DoctorReport, mark: Mark) -> list[tuple[str, str]]:
    return [
        (fact.about, f"{fact.sentence} {fact.remedy}".strip()) for fact in report.facts if fact.mark is mark
    ]
