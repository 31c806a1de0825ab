"""What is kept of a configuration in which something is wrong, for those who only examine it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from velma_connectors.errors import ConfigError
from velma_connectors.registry import ConnectorKind
from velma_sync.config import parts
from velma_sync.config.load import Configuration, Draft, load_configuration, read_draft
from velma_sync.config.mistakes import NO_ANALYSIS, NO_MISTAKES, NO_RULES, NO_VELMA

from .conftest import CONFIG

Load = Callable[..., Configuration]
PATH = Path("velma-sync.yaml")


@pytest.fixture
def draft(load: Load) -> Callable[..., Draft]:
    """The same for files with mistakes in them: what is kept, after they were refused as a whole."""

    def draft(config: str = CONFIG, **named: str) -> Draft:
        with pytest.raises(ConfigError) as caught:
            load(config, **named)
        found = read_draft(PATH)
        assert found.mistakes.problems == caught.value.problems
        return found

    return draft


Drafted = Callable[..., Draft]


def names(configuration: Configuration | None) -> list[str]:
    assert configuration is not None
    return [connection.name for connection in configuration.connections]


def test_of_sound_files_everything_is_kept(load: Load) -> None:
    found = load()
    assert read_draft(PATH).mistakes == NO_MISTAKES
    assert read_draft(PATH).configuration == found == load_configuration(PATH)


def test_a_wrong_mapping_keeps_its_connection_without_rules(draft: Drafted) -> None:
    found = draft(mapping="version: 1\n")
    assert found.mistakes.absent == {("connections", "sales-eu", "mapping")}
    assert found.configuration is not None
    assert found.configuration.connections[0].mapping is NO_RULES


def test_a_mapping_that_asks_for_what_is_not_analyzed_is_kept(draft: Drafted, analysis_text: str) -> None:
    found = draft(analysis=analysis_text.replace("action_plan_created", "other"))
    assert found.mistakes.absent == frozenset()
    assert found.configuration is not None
    assert found.configuration.connections[0].mapping.rules


def test_a_wrong_analysis_file_is_absent_alone(draft: Drafted) -> None:
    found = draft(analysis="version: 1\n")
    assert found.mistakes.absent == {("analysis", "file")}
    assert found.configuration is not None
    assert found.configuration.analysis is NO_ANALYSIS
    assert names(found.configuration) == ["sales-eu"]


def test_a_missing_key_is_absent_alone(draft: Drafted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VELMA_SYNC_VELMA_API_KEY")
    found = draft()
    assert found.mistakes.absent == {("analysis", "velma")}
    assert found.configuration is not None
    assert found.configuration.velma is NO_VELMA
    assert names(found.configuration) == ["sales-eu"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("consumer_key: 3MVG9", "consumer_key: 3MVG9\n      colour: red"),
        ("consumer_key: 3MVG9", "consumer_key: 3MVG9\n      consumer_secret: in-the-file"),
        ("https://acme.my.salesforce.com", "http://acme.my.salesforce.com"),
        ("kind: salesforce", "kind: sailsforce"),
    ],
)
def test_a_connection_with_wrong_options_is_left_out(draft: Drafted, old: str, new: str) -> None:
    found = draft(CONFIG.replace(old, new))
    assert names(found.configuration) == []
    assert found.mistakes.absent == frozenset()


def test_a_connection_that_would_send_over_plain_http_is_left_out(
    draft: Drafted, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lax(BaseModel):
        login_url: str
        consumer_key: str

    kind = ConnectorKind("salesforce", "Lax", Lax, lambda *_: pytest.fail("a connection was opened"), str)
    monkeypatch.setattr(parts, "load_kind", lambda name: kind)
    found = draft(CONFIG.replace("https://acme", "http://acme"))
    assert names(found.configuration) == []


@pytest.mark.parametrize(
    "config",
    [
        CONFIG.replace("version: 1", "version: one"),
        CONFIG.replace("connections:", "connections: ["),
        "",
        "- a list\n",
    ],
)
def test_of_wrong_settings_nothing_is_kept(draft: Drafted, config: str) -> None:
    assert draft(config).configuration is None


@pytest.mark.parametrize(
    ("ledger", "absent"),
    [
        ("path: ledger.db", {("analysis", "velma")}),
        ("url: postgresql://u@h/d", {("analysis", "velma"), ("ledger",)}),
    ],
)
def test_what_lacks_a_secret_that_cannot_be_read_is_absent(
    draft: Drafted,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    ledger: str,
    absent: set[tuple[str, ...]],
) -> None:
    for name in ("velma_sync_velma_api_key", "velma_sync_ledger_password"):
        monkeypatch.delenv(name.upper(), raising=False)
        (tmp_path / "secrets" / name).mkdir(parents=True)
    found = draft(f"{CONFIG}ledger: {{{ledger}}}\nsecrets_directory: secrets\n")
    assert found.mistakes.absent == absent
    assert names(found.configuration) == ["sales-eu"]


def test_of_secrets_that_may_be_each_others_nothing_is_kept(
    draft: Drafted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VELMA_SYNC_RECORDINGS_A_B_TOKEN", "whose")
    source = "    - {name: %s, hosts: [x.example.com], credential: {type: bearer}}\n"
    found = draft(f"{CONFIG}recordings:\n  sources:\n{source % 'a-b'}{source % 'a_b'}")
    assert found.configuration is None
