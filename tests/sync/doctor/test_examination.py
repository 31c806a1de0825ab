"""What an examination finds out, against a CRM in memory that can be anything."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from velma_connectors.administration import Mark
from velma_connectors.errors import ConfigError, RetryLater, SpendStop, StopConnection
from velma_connectors.model import FieldKind
from velma_connectors.registry import ConnectorKind
from velma_connectors.testing.canned import CannedAnalyzer
from velma_connectors.testing.far_side import CALL, DEAL, writable
from velma_connectors.testing.faults import Fault
from velma_connectors.testing.memory import MemoryConnector
from velma_sync.config.settings import LedgerSettings
from velma_sync.workspace import Workspace, engine_settings

from .rig import (
    FIELDS,
    STATUS,
    SUMMARY,
    NoOptions,
    NotelessConnector,
    Presets,
    TroubledConnector,
    configured,
    crm,
    examined,
    told,
)


def test_when_all_is_well_every_fact_is_ok() -> None:
    report = examined(configured({"a": crm(), "b": crm()}))
    assert {fact.mark for fact in report.facts} == {Mark.OK}
    assert [(fact.about, fact.topic) for fact in report.facts] == [
        ("velma-sync.yaml", "files"),
        ("ledger", "files"),
        ("recordings", "files"),
        ("disk", "disk"),
        *((name, topic) for name in "ab" for topic in ACCOUNT),
        ("canned", "login"),
        ("analysis", "behaviors"),
    ]


ACCOUNT = ("login", "rights", "fields", "requests", "recordings")


def test_what_the_crm_says_is_missing_is_a_problem() -> None:
    report = examined(configured({"a": crm()}, connector=TroubledConnector))
    assert told(report, Mark.PROBLEM) == [("a", "The recording field is hidden.")]


def test_a_field_that_cannot_be_written_is_a_problem_of_its_object() -> None:
    fields = {CALL: [writable("status", FieldKind.BOOLEAN)], DEAL: FIELDS[DEAL]}
    report = examined(configured({"a": crm(fields)}))
    ((about, sentence),) = told(report, Mark.PROBLEM)
    assert about == "a"
    assert sentence.startswith(f"{CALL}: status: ")
    assert sentence.endswith("(mapping.yaml)")


def test_the_same_problem_of_many_fields_is_told_once() -> None:
    rules = [{"value": "status", "on": "call", "field": f"field_{n}"} for n in range(5)]
    report = examined(configured({"a": crm()}, rules=rules))
    ((_, sentence),) = told(report, Mark.PROBLEM)
    assert sentence.startswith(f"{CALL}: field_0, field_1, field_2 and 2 more: the field does not exist")


def test_a_missing_field_is_created_by_provisioning_where_that_can_look() -> None:
    far = crm({CALL: [], DEAL: FIELDS[DEAL]})
    ((_, sentence),) = told(examined(configured({"a": far})), Mark.PROBLEM)
    assert sentence.endswith("may not see it. velma-sync provision --apply creates it.")
    far.faults.add(Fault("plan_fields", StopConnection("No access to the schema.")))
    ((_, sentence),) = told(examined(configured({"a": far})), Mark.PROBLEM)
    assert sentence.endswith(
        "may not see it. Create it, grant access to it, or correct its name in the mapping file. "
        "(mapping.yaml)"
    )


def test_a_record_the_crm_does_not_have_is_a_problem() -> None:
    report = examined(configured({"a": crm()}, rules=[STATUS, {**SUMMARY, "on": "lead"}]))
    assert told(report, Mark.PROBLEM) == [
        ("a", "This CRM has no lead. Remove the rules on it (mapping.yaml).")
    ]


def test_a_note_without_a_record_to_hang_on_is_a_problem() -> None:
    report = examined(configured({"a": crm()}, connector=NotelessConnector))
    assert told(report, Mark.PROBLEM) == [
        ("a", "notes.on: this CRM attaches no notes to a call. Possible: deal (mapping.yaml).")
    ]


@pytest.mark.parametrize("verdict", [StopConnection("Wrong secret."), RetryLater("It is down.")])
def test_one_system_that_refuses_us_does_not_hide_the_others(verdict: StopConnection | RetryLater) -> None:
    broken = crm()
    broken.faults.add(Fault("check", verdict))
    report = examined(configured({"a": broken, "b": crm()}))
    assert told(report, Mark.REFUSED) == [("a", str(verdict))]
    assert [about for about, _ in told(report, Mark.OK)].count("b") == len(ACCOUNT)


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
    ((about, sentence),) = told(examined(configuration), Mark.PROBLEM)
    assert f"{about}: {sentence}".startswith(told_of.replace("{}", str(tmp_path)))
    assert "name another place" in sentence


def test_places_are_looked_at_and_not_made(tmp_path: Path) -> None:
    configuration = replace(
        configured({"a": crm()}),
        ledger=LedgerSettings(path=tmp_path / "new/ledger.db"),
        audio_directory=tmp_path / "new/audio",
    )
    assert {fact.mark for fact in examined(configuration).facts} == {Mark.OK}
    assert list(tmp_path.iterdir()) == []
    with Workspace(configuration) as workspace:
        _ = workspace.ledger
    assert {fact.mark for fact in examined(configuration).facts} == {Mark.OK}, "it is there now"


def test_a_directory_of_another_is_a_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    configuration = replace(configured({"a": crm()}), ledger=LedgerSettings(path=tmp_path / "ledger.db"))
    ((_, sentence),) = told(examined(configuration), Mark.PROBLEM)
    tmp_path.chmod(0o700)
    assert f"this user may not write in {tmp_path}" in sentence


def test_a_ledger_that_cannot_be_entered_is_one_problem(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    if os.access(closed, os.X_OK):
        pytest.skip("this user may enter every directory")
    configuration = replace(configured({"a": crm()}), ledger=LedgerSettings(path=closed / "in" / "ledger.db"))
    ((_, sentence),) = told(examined(configuration), Mark.PROBLEM)
    assert f"this user may not write in {closed}" in sentence


def test_a_refused_key_is_told_and_the_presets_stay_unchecked() -> None:
    analyzer = CannedAnalyzer()
    analyzer.fail(Fault("check", SpendStop("Wrong key.", code="auth")))
    report = examined(configured({"a": crm()}), analyzer)
    assert told(report, Mark.REFUSED) == [
        (
            "canned",
            "Wrong key. Copy the key anew from your account at Modulate; it is the secret "
            "VELMA_SYNC_VELMA_API_KEY.",
        )
    ]
    assert told(report, Mark.PROBLEM) == []


def test_an_unknown_preset_is_told_once_for_all_connections() -> None:
    report = examined(configured({"a": crm(), "b": crm()}), Presets("something_else"))
    ((about, sentence),) = told(report, Mark.PROBLEM)
    assert about == "analysis"
    assert "preset 'action_plan_created' is not in the account's catalogue" in sentence


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
