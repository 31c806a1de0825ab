"""Recording from emulated accounts: everything is kept, scrubbed and taken back, or nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import recording
from click.testing import CliRunner, Result
from crms import STAGES
from leaks import leaks_in
from pydantic import SecretStr
from record import main
from recording import NotRecorded, golden, record, replay, restored
from scenes import SCENES
from scrubbing import Scrubber
from stages import CONFIGURED, SANDBOX, Setting, Stage
from tape import Exchange, read_cassette

from velma_connectors.errors import StopConnection
from velma_connectors.model import FieldUpdate, WriteResult, WriteStatus
from velma_connectors.registry import load_kind


@dataclass(frozen=True)
class Account:
    """An emulated account that is open, and the values of the records that scenes write to."""

    stage: Stage
    setting: Setting

    def values(self) -> Mapping[Any, Any]:
        cast = self.stage.cast(self.setting.call, self.setting.deal, self.setting.hosted, self.setting.window)
        with closing(self.stage.connect(self.setting.options, self.setting.now)) as crm:
            return crm.current([cast.call, cast.deal], [*cast.call_fields, *cast.deal_values])


@pytest.fixture(params=STAGES)
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    stage = STAGES[request.param]
    with stage.sandbox() as setting:
        yield Account(stage, setting)


def scenes_of(stage: Stage) -> set[str]:
    return {scene.name for scene in SCENES if stage.downloads or not scene.needs_hosted}


def test_every_scene_is_recorded_plays_again_and_leaves_the_records_as_they_were(
    account: Account, tmp_path: Path
) -> None:
    before = account.values()
    paths = record(account.stage, account.setting, tmp_path)
    assert {path.stem for path in paths} == scenes_of(account.stage)
    for path in paths:
        assert read_cassette(path)["metadata"]["recorded from"] == SANDBOX
        assert replay(account.stage, path) == json.loads(golden(path).read_text())
    assert account.values() == before, "what the scenes wrote was not taken back"


def test_values_are_taken_back_also_when_a_scene_breaks_off(account: Account) -> None:
    setting, before = account.setting, account.values()
    cast = account.stage.cast(setting.call, setting.deal, setting.hosted, setting.window)
    written = next(scene for scene in SCENES if scene.name == "fields_written")

    def break_off() -> None:
        with restored(account.stage, setting, cast):
            with closing(account.stage.connect(setting.options, setting.now)) as crm:
                written.outcome(crm, cast)
            assert account.values() != before
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert account.values() == before


@pytest.mark.parametrize("refusal", ["of the fields", "of the connection"])
def test_a_record_that_cannot_be_restored_is_told(
    account: Account, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    setting = account.setting
    cast = account.stage.cast(setting.call, setting.deal, setting.hosted, setting.window)

    def refuse(_crm: object, updates: list[FieldUpdate]) -> list[WriteResult]:
        if refusal == "of the connection":
            raise StopConnection("revoked")
        return [WriteResult(WriteStatus.REJECTED) for _ in updates]

    with closing(account.stage.connect(setting.options, setting.now)) as crm:
        monkeypatch.setattr(type(crm), "write", refuse)
    both = f"{cast.call} could not be restored.* {cast.deal} could not be restored"
    with pytest.raises(NotRecorded, match=both), restored(account.stage, setting, cast):
        pass


class _Leaking(Scrubber):
    """Lets one address of a person through, where nobody reads it."""

    def exchange(self, exchange: Exchange) -> Exchange:
        return replace(super().exchange(exchange), response_headers={"x-owner": "mara@ledgerline.de"})


class _Lossy(Scrubber):
    """Takes out too much: whose fields they are."""

    def exchange(self, exchange: Exchange) -> Exchange:
        clean = super().exchange(exchange)
        return replace(
            clean, response_body=clean.response_body.replace(b"Velma_", b"X_").replace(b"velma_", b"x_")
        )


class _Idle(Scrubber):
    """Takes out nothing at all."""

    def exchange(self, exchange: Exchange) -> Exchange:
        return exchange


@pytest.mark.parametrize(
    ("scrubber", "told"),
    [
        (_Leaking, "still holds an e-mail address: mar"),
        (_Lossy, "gives something else once it is scrubbed"),
        (_Idle, "cannot be played once it is scrubbed"),
    ],
)
def test_what_is_scrubbed_too_little_or_too_much_is_not_written(
    account: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scrubber: type[Scrubber],
    told: str,
) -> None:
    monkeypatch.setattr(recording, "Scrubber", scrubber)
    with pytest.raises(NotRecorded, match=told):
        record(account.stage, account.setting, tmp_path / "out")
    if scrubber is not _Lossy:
        assert not (tmp_path / "out").exists()


@pytest.fixture
def configuration(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ordinary configuration whose one connection leads to the account."""
    options = {}
    for name, value in account.setting.options:
        if isinstance(value, SecretStr):
            monkeypatch.setenv(f"VELMA_SYNC_SALES_{name.upper()}", value.get_secret_value())
        elif name in account.setting.options.model_fields_set:
            options[name] = value
    monkeypatch.setenv("VELMA_SYNC_VELMA_API_KEY", "invented")
    kind = account.stage.name
    connection = {"kind": kind, "mapping": "mapping.yaml", "options": options}
    document = {"version": 1, "connections": {"sales": connection}, "analysis": {"file": "analysis.yaml"}}
    (tmp_path / "mapping.yaml").write_text(load_kind(kind).default_mapping())
    analysis = resources.files("velma_connectors.velma").joinpath("analysis.yaml")
    (tmp_path / "analysis.yaml").write_text(analysis.read_text())
    path = tmp_path / "velma-sync.yaml"
    path.write_text(json.dumps(document))
    return path


def _run(account: Account, configuration: Path, reply: str, *more: str) -> Result:
    arguments = [account.stage.name, "--config", str(configuration), "--connection", "sales"]
    arguments += ["--call", account.setting.call.id, "--to", str(configuration.parent / "out"), *more]
    return CliRunner().invoke(main, arguments, input=reply)


def test_a_configured_account_is_recorded_after_a_yes_and_restored(
    account: Account, configuration: Path
) -> None:
    before = account.values()
    result = _run(account, configuration, "y\n")
    assert result.exit_code == 0, result.output
    written = sorted((configuration.parent / "out" / account.stage.name).iterdir())
    needing_audio = {scene.name for scene in SCENES if scene.needs_hosted}
    cassettes = [path for path in written if path.suffix == ".yaml"]
    assert {path.stem for path in cassettes} == scenes_of(account.stage) - needing_audio
    assert {read_cassette(path)["metadata"]["recorded from"] for path in cassettes} == {CONFIGURED}
    assert [leaks_in(path.read_text()) for path in written] == [[]] * len(written)
    assert account.values() == before


def test_it_says_first_what_it_will_write_and_a_no_writes_nothing(
    account: Account, configuration: Path
) -> None:
    before = account.values()
    result = _run(account, configuration, "n\n")
    assert result.exit_code == 1
    for word in (str(account.setting.call), str(account.setting.deal), "Restored afterwards", "Go on?"):
        assert word in result.output
    assert not (configuration.parent / "out").exists()
    assert account.values() == before


def test_a_call_or_connection_that_does_not_exist_is_told(account: Account, configuration: Path) -> None:
    no_call = account.setting.deal.id
    assert "sales has no call" in _run(account, configuration, "", "--call", no_call).output
    assert "has no connection 'other'" in _run(account, configuration, "", "--connection", "other").output
    assert "not with --sandbox" in _run(account, configuration, "", "--sandbox").output
