"""What `check` and `provision` find out, against a CRM in memory that can be anything."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from velma_connectors.errors import ConfigError, RetryLater, SpendStop, StopConnection
from velma_connectors.model import Capabilities, Field, FieldKind, Health, Target
from velma_connectors.protocol import AnalyzerHealth
from velma_connectors.recordings.options import RecordingOptions
from velma_connectors.registry import ConnectorKind
from velma_connectors.testing.canned import CannedAnalyzer
from velma_connectors.testing.far_side import CALL, DEAL, MemoryCrm, writable
from velma_connectors.testing.faults import Fault
from velma_connectors.testing.memory import MemoryConnector
from velma_connectors.velma.options import VelmaOptions
from velma_connectors.velma.playbook import AnalysisFile
from velma_mappings.mapping_file import MappingFile
from velma_sync.checks import CheckReport, Mark, check_everything
from velma_sync.config.load import Configuration, Connection
from velma_sync.config.settings import LedgerSettings, LimitSettings, ScheduleSettings
from velma_sync.provisioning import create_fields, plan_fields
from velma_sync.workspace import Workspace, engine_settings

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


def crm(fields: dict[str, list[Field]] = FIELDS) -> MemoryCrm:
    return MemoryCrm(lambda: datetime(2026, 3, 2, 9, tzinfo=UTC), fields)


def configured(
    crms: dict[str, MemoryCrm],
    *,
    rules: Sequence[dict[str, str]] = (STATUS, SUMMARY),
    connector: type[MemoryConnector] = MemoryConnector,
) -> Configuration:
    kinds = {
        name: ConnectorKind(
            "memory",
            "Memory",
            NoOptions,
            lambda name, _: connector(name, crms[name]),
            str,
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
        analysis=ANALYSIS,
        velma=VelmaOptions(api_key=SecretStr("key"), price_per_audio_hour=1.5),
        recordings=RecordingOptions(),
        schedule=ScheduleSettings(poll_minutes=7),
        limits=LimitSettings(max_in_flight=9, max_resend=0, min_seconds=3, max_seconds=99),
        ledger=LedgerSettings(path=Path("ledger.db")),
        audio_directory=Path("audio"),
        log_level="info",
    )


def checked(configuration: Configuration, analyzer: CannedAnalyzer | None = None) -> CheckReport:
    with Workspace(configuration) as workspace:
        workspace.analyzer = analyzer or Presets("action_plan_created")
        return check_everything(workspace)


def told(report: CheckReport, mark: Mark) -> list[tuple[str, str]]:
    return [(fact.about, fact.sentence) for fact in report.facts if fact.mark is mark]


def test_when_all_is_well_every_fact_is_ok() -> None:
    report = checked(configured({"a": crm(), "b": crm()}))
    assert {fact.mark for fact in report.facts} == {Mark.OK}
    assert [fact.about for fact in report.facts] == [
        *("velma-sync.yaml", "ledger", "recordings", "a", "a", "b", "b", "canned")
    ]


def test_what_the_crm_says_is_missing_is_a_problem() -> None:
    report = checked(configured({"a": crm()}, connector=TroubledConnector))
    assert told(report, Mark.PROBLEM) == [("a", "The recording field is hidden.")]


def test_a_field_that_cannot_be_written_is_a_problem_of_its_object() -> None:
    fields = {CALL: [writable("status", FieldKind.BOOLEAN)], DEAL: FIELDS[DEAL]}
    report = checked(configured({"a": crm(fields)}))
    ((about, sentence),) = told(report, Mark.PROBLEM)
    assert about == "a"
    assert sentence.startswith(f"{CALL}: status: ")
    assert told(report, Mark.ADVICE) == [("a", "velma-sync provision shows which fields it can create.")]


def test_the_same_problem_of_many_fields_is_told_once() -> None:
    rules = [{"value": "status", "on": "call", "field": f"field_{n}"} for n in range(5)]
    report = checked(configured({"a": crm()}, rules=rules))
    ((_, sentence),) = told(report, Mark.PROBLEM)
    assert sentence.startswith(f"{CALL}: field_0, field_1, field_2 and 2 more: the field does not exist")


def test_a_missing_field_is_created_by_provisioning_where_that_can_look() -> None:
    far = crm({CALL: [], DEAL: FIELDS[DEAL]})
    ((_, sentence),) = told(checked(configured({"a": far})), Mark.PROBLEM)
    assert sentence.endswith("may not see it. velma-sync provision --apply creates it.")
    far.faults.add(Fault("plan_fields", StopConnection("No access to the schema.")))
    ((_, sentence),) = told(checked(configured({"a": far})), Mark.PROBLEM)
    assert sentence.endswith(
        "may not see it. Create it, grant access to it, or correct its name in the mapping file."
    )


def test_a_record_the_crm_does_not_have_is_a_problem() -> None:
    report = checked(configured({"a": crm()}, rules=[STATUS, {**SUMMARY, "on": "lead"}]))
    assert told(report, Mark.PROBLEM) == [("a", "this CRM has no lead; remove the rules on it.")]


def test_a_note_without_a_record_to_hang_on_is_a_problem() -> None:
    report = checked(configured({"a": crm()}, connector=NotelessConnector))
    assert told(report, Mark.PROBLEM) == [
        ("a", "notes.on: this CRM attaches no notes to a call. Possible: deal.")
    ]


@pytest.mark.parametrize("verdict", [StopConnection("Wrong secret."), RetryLater("It is down.")])
def test_one_system_that_refuses_us_does_not_hide_the_others(verdict: StopConnection | RetryLater) -> None:
    broken = crm()
    broken.faults.add(Fault("check", verdict))
    report = checked(configured({"a": broken, "b": crm()}))
    assert told(report, Mark.REFUSED) == [("a", str(verdict))]
    ok = [about for about, _ in told(report, Mark.OK)]
    assert ok == ["velma-sync.yaml", "ledger", "recordings", "b", "b", "canned"]


@pytest.mark.parametrize(
    ("ledger", "audio", "told_of"),
    [
        ("text/ledger.db", "audio", "ledger: {}/text/ledger.db: {}/text is no directory. "),
        ("text", "audio", "ledger: {}/text: is no ledger, and would not be overwritten. "),
        ("open", "audio", "ledger: {}/open: is no file. "),
        ("ledger.db", "text", "recordings: {}/text: {}/text is no directory. "),
        ("ledger.db", "open", "recordings: {}/open: other users can read this directory "),
    ],
)
def test_a_place_that_cannot_be_written_is_a_problem(
    tmp_path: Path, ledger: str, audio: str, told_of: str
) -> None:
    (tmp_path / "text").write_text("This is a text and no database.")
    (tmp_path / "open").mkdir(mode=0o755)
    configuration = replace(
        configured({"a": crm()}),
        ledger=LedgerSettings(path=tmp_path / ledger),
        audio_directory=tmp_path / audio,
    )
    ((about, sentence),) = told(checked(configuration), Mark.PROBLEM)
    assert f"{about}: {sentence}".startswith(told_of.replace("{}", str(tmp_path)))
    assert "name another place" in sentence


def test_places_are_looked_at_and_not_made(tmp_path: Path) -> None:
    configuration = replace(
        configured({"a": crm()}),
        ledger=LedgerSettings(path=tmp_path / "new/ledger.db"),
        audio_directory=tmp_path / "new/audio",
    )
    assert {fact.mark for fact in checked(configuration).facts} == {Mark.OK}
    assert list(tmp_path.iterdir()) == []
    with Workspace(configuration) as workspace:
        _ = workspace.ledger
    assert {fact.mark for fact in checked(configuration).facts} == {Mark.OK}, "it is there now"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_of_another_is_a_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    configuration = replace(configured({"a": crm()}), ledger=LedgerSettings(path=tmp_path / "ledger.db"))
    ((_, sentence),) = told(checked(configuration), Mark.PROBLEM)
    tmp_path.chmod(0o700)
    assert f"this user may not write in {tmp_path}" in sentence


def test_a_refused_key_is_told_and_the_presets_stay_unchecked() -> None:
    analyzer = CannedAnalyzer()
    analyzer.fail(Fault("check", SpendStop("Wrong key.", code="auth")))
    report = checked(configured({"a": crm()}), analyzer)
    assert told(report, Mark.REFUSED) == [("canned", "Wrong key.")]
    assert told(report, Mark.PROBLEM) == []


def test_an_unknown_preset_is_told_once_for_all_connections() -> None:
    report = checked(configured({"a": crm(), "b": crm()}), Presets("something_else"))
    ((about, sentence),) = told(report, Mark.PROBLEM)
    assert about == "analysis"
    assert "preset 'action_plan_created' is not in the account's catalogue" in sentence


def test_provisioning_creates_exactly_what_the_plan_names() -> None:
    far = crm({CALL: [], DEAL: FIELDS[DEAL]})
    with Workspace(configured({"a": far})) as workspace:
        (plan,) = plan_fields(workspace)
        assert [(step.object, step.spec.name) for step in plan.work] == [(CALL, "status")]
        assert far.fields[CALL] == {}, "planning changes nothing"
        result = create_fields(workspace, plan)
        assert result.failed == ()
        assert set(far.fields[CALL]) == {"status"}
        (again,) = plan_fields(workspace)
        assert again.work == ()


def test_what_the_admin_set_reaches_the_engine() -> None:
    settings = engine_settings(configured({"a": crm()}))
    assert (settings.max_in_flight, settings.max_resend) == (9, 0)
    assert (settings.min_seconds, settings.max_seconds) == (3, 99)
    assert settings.poll_seconds == 420
    assert settings.price_per_hour == 1.5


def test_a_workspace_opens_each_connection_once_and_closes_it() -> None:
    closed = []

    class Closing(MemoryConnector):
        def close(self) -> None:
            closed.append(self)

    far = crm()
    configuration = configured({"a": far})
    kind = ConnectorKind("memory", "Memory", NoOptions, lambda name, _: Closing(name, far), str)
    (connection,) = configuration.connections
    closing = replace(configuration, connections=(replace(connection, kind=kind),))
    with Workspace(closing) as workspace:
        assert workspace.connector("a") is workspace.connector("a")
        assert not closed
        with pytest.raises(ConfigError, match=r"connection 'b': is not in the configuration\. Configured: a"):
            workspace.connector("b")
    assert len(closed) == 1


@pytest.mark.parametrize("path", ["file/ledger.db", "file", "."])
def test_a_ledger_that_cannot_be_opened_is_told(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("This is a text and no database. " * 40)
    settings = LedgerSettings(path=tmp_path / path)
    with (
        Workspace(replace(configured({"a": crm()}), ledger=settings)) as workspace,
        pytest.raises(ConfigError, match="the ledger cannot be opened: "),
    ):
        _ = workspace.ledger


def test_a_ledger_server_that_is_away_is_told_without_its_password() -> None:
    url = "postgresql://user@127.0.0.1:9/ledger"
    settings = LedgerSettings(url=url, password=SecretStr("hunter2"))
    with (
        Workspace(replace(configured({"a": crm()}), ledger=settings)) as workspace,
        pytest.raises(RetryLater, match=r"127\.0\.0\.1:9/ledger cannot be reached") as caught,
    ):
        _ = workspace.ledger
    assert "hunter2" not in str(caught.value)


def test_the_engine_has_every_connection_and_a_private_audio_directory(tmp_path: Path) -> None:
    configuration = replace(
        configured({"a": crm(), "b": crm()}),
        ledger=LedgerSettings(path=tmp_path / "ledger.db"),
        audio_directory=tmp_path / "audio",
    )
    with Workspace(configuration) as workspace:
        engine = workspace.engine
        assert set(engine.connections) == {"a", "b"}
        asked = engine.connections["a"].select("Any stage", None)
        assert [behavior.key for behavior in asked.behaviors] == ["plan"]
    assert (tmp_path / "audio").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600
