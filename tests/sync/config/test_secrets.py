from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from velma_sync.config.load import Configuration
from velma_sync.config.secrets import variable_name

Load = Callable[..., Configuration]
Problems = Callable[..., list[str]]

CONNECTION = """\
  {name}:
    kind: salesforce
    options: {{login_url: https://acme.my.salesforce.com, consumer_key: 3MVG9}}
    mapping: mapping.yaml
"""
GOOD = "version: 1\nanalysis: {file: analysis.yaml}\nconnections:\n" + CONNECTION.format(name="sales-eu")
TWILIO = """\
recordings:
  sources:
    - name: Twilio EU
      hosts: [api.twilio.com]
      credential: {type: basic, username: AC1}
"""


def consumer_secret(found: Configuration) -> str:
    value: str = found.connections[0].options.consumer_secret.get_secret_value()  # type: ignore[attr-defined]  # the kind's own
    return value


@pytest.mark.parametrize(
    ("owners", "variable"),
    [
        (("velma", "api_key"), "VELMA_SYNC_VELMA_API_KEY"),
        (("sales-eu", "consumer_secret"), "VELMA_SYNC_SALES_EU_CONSUMER_SECRET"),
        (("recordings", "Twilio EU", "password"), "VELMA_SYNC_RECORDINGS_TWILIO_EU_PASSWORD"),
    ],
)
def test_one_rule_names_every_secret(owners: tuple[str, ...], variable: str) -> None:
    assert variable_name(*owners) == variable


def test_secrets_are_read_from_the_environment(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VELMA_SYNC_RECORDINGS_TWILIO_EU_PASSWORD", "twilio-token")
    found = load(GOOD + TWILIO)
    assert found.velma.api_key.get_secret_value() == "velma-key"
    assert consumer_secret(found) == "consumer-secret"
    assert found.recordings.sources[0].credential.password.get_secret_value() == "twilio-token"  # type: ignore[union-attr]  # basic


def test_secrets_are_read_from_files_without_their_last_line_break(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VELMA_SYNC_SALES_EU_CONSUMER_SECRET")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/velma_sync_sales_eu_consumer_secret").write_text("from-file\n")
    (tmp_path / "secrets/velma_sync_velma_api_key").write_text("also-in-a-file\n")
    found = load(GOOD + "secrets_directory: secrets\n")
    assert consumer_secret(found) == "from-file"
    assert found.velma.api_key.get_secret_value() == "velma-key", "the environment wins"


def test_the_environment_names_another_secrets_directory(
    load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VELMA_SYNC_SALES_EU_CONSUMER_SECRET")
    monkeypatch.setenv("VELMA_SYNC_SECRETS_DIR", str(tmp_path / "credentials"))
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials/velma_sync_sales_eu_consumer_secret").write_text("from-there\n")
    assert consumer_secret(load(GOOD + "secrets_directory: elsewhere\n")) == "from-there"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_secret_is_named_with_where_it_is_read_from(
    problems: Problems, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv("VELMA_SYNC_VELMA_API_KEY")
    else:
        monkeypatch.setenv("VELMA_SYNC_VELMA_API_KEY", value)
    assert problems(GOOD) == [
        "velma-sync.yaml:2:1: 'api_key' is missing. 'api_key' is a secret: set the environment variable "
        "VELMA_SYNC_VELMA_API_KEY or the file velma_sync_velma_api_key of the secrets directory."
    ]


def test_a_secret_that_only_some_logins_need_is_named_too(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VELMA_SYNC_SALES_EU_CONSUMER_SECRET")
    (problem,) = problems(GOOD)
    assert problem.startswith(
        "velma-sync.yaml:6:14: 'options': flow client_credentials also needs consumer_secret."
    )
    assert "VELMA_SYNC_SALES_EU_CONSUMER_SECRET" in problem


def test_only_the_secret_of_the_chosen_login_is_asked_for(problems: Problems) -> None:
    (problem,) = problems(GOOD + TWILIO)
    assert problem.startswith("velma-sync.yaml:12:7: 'password' is missing.")
    assert "VELMA_SYNC_RECORDINGS_TWILIO_EU_PASSWORD" in problem


def test_a_secret_with_impossible_characters_is_named_and_not_shown(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VELMA_SYNC_VELMA_API_KEY", "hunter2 and more")
    (problem,) = problems(GOOD)
    assert problem.startswith(
        "velma-sync.yaml:2:1: 'api_key' is empty or holds characters that no key or token has."
    )
    assert "VELMA_SYNC_VELMA_API_KEY" in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("marked", "option", "variable"),
    [
        (
            GOOD.replace("3MVG9", "3MVG9, ¦consumer_secret: hunter2"),
            "consumer_secret",
            "VELMA_SYNC_SALES_EU_CONSUMER_SECRET",
        ),
        (
            GOOD.replace("analysis: {", "analysis: {velma: {¦api_key: hunter2}, "),
            "api_key",
            "VELMA_SYNC_VELMA_API_KEY",
        ),
        (
            GOOD + TWILIO.replace("AC1", "AC1, ¦password: hunter2"),
            "password",
            "VELMA_SYNC_RECORDINGS_TWILIO_EU_PASSWORD",
        ),
        (
            GOOD + "ledger: {url: 'postgresql://u@h/d', ¦password: hunter2}\n",
            "password",
            "VELMA_SYNC_LEDGER_PASSWORD",
        ),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(
    problems: Problems, marked: str, option: str, variable: str
) -> None:
    before, _, after = marked.partition("¦")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    (problem,) = problems(before + after)
    place = f"velma-sync.yaml:{line}:{column}"
    assert problem.startswith(f"{place}: '{option}' is a secret and does not belong in this file. Move it to")
    assert variable in problem
    assert "hunter2" not in problem


def test_a_password_in_the_address_of_the_ledger_is_refused(problems: Problems) -> None:
    (problem,) = problems(GOOD + "ledger: {url: 'postgresql://u:hunter2@h/d'}\n")
    assert problem.startswith(
        "velma-sync.yaml:8:15: 'url': the password does not belong in the address; leave it out."
    )
    assert "VELMA_SYNC_LEDGER_PASSWORD" in problem
    assert "hunter2" not in problem


def test_two_connections_never_share_a_secret(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VELMA_SYNC_RECORDINGS_A_B_TOKEN", "x")
    sources = "recordings:\n  sources:\n"
    for name, host in (("a-b", "one.example.com"), ("a b", "two.example.com")):
        sources += f"    - name: {name}\n      hosts: [{host}]\n      credential: {{type: bearer}}\n"
    assert problems(GOOD + sources) == [
        "velma-sync.yaml:15:7: the secret 'token' would be read from VELMA_SYNC_RECORDINGS_A_B_TOKEN, like "
        "another one. Rename the connection or the recording source."
    ]


def test_a_secrets_directory_that_is_none_is_told(problems: Problems) -> None:
    found = problems(GOOD + "secrets_directory: nowhere\n")
    assert found == ["nowhere: is no directory, so no secrets can be read from it."], (
        "what the environment sets is not missing"
    )


def _spoil_with_directory(path: Path) -> None:
    path.mkdir()


def _spoil_with_bytes(path: Path) -> None:
    path.write_bytes(b"caf\xe9")


def _spoil_with_loop(path: Path) -> None:
    path.symlink_to(path.name)


NO_PLAIN_FILE = "it is no plain file inside that directory"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_spoil_with_directory, NO_PLAIN_FILE),
        (os.mkfifo, NO_PLAIN_FILE),
        (_spoil_with_loop, NO_PLAIN_FILE),
        (_spoil_with_bytes, "it is not UTF-8 text"),
    ],
)
def test_one_bad_secret_file_is_named_and_the_others_count(
    problems: Problems,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    spoil: Callable[[Path], None],
    reason: str,
) -> None:
    for name in ("VELMA_SYNC_VELMA_API_KEY", "VELMA_SYNC_SALES_EU_CONSUMER_SECRET"):
        monkeypatch.delenv(name)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    spoil(secrets / "velma_sync_velma_api_key")
    (secrets / "velma_sync_sales_eu_consumer_secret").write_text("from-file")
    (problem,) = problems(GOOD + "secrets_directory: secrets\n")
    assert problem == (
        f"secrets/velma_sync_velma_api_key: the secret cannot be read: {reason}. "
        "Write the secret into it anew."
    )


def test_nobody_looks_at_the_file_of_a_secret_that_the_environment_sets(load: Load, tmp_path: Path) -> None:
    (tmp_path / "secrets/velma_sync_velma_api_key").mkdir(parents=True)
    found = load(GOOD + "secrets_directory: secrets\n")
    assert found.velma.api_key.get_secret_value() == "velma-key"


def test_secrets_never_show(load: Load) -> None:
    shown = repr(load(GOOD))
    assert "velma-key" not in shown
    assert "consumer-secret" not in shown
