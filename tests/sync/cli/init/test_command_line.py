"""Everything from the command line, without a terminal; and files that are there already."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from velma_sync.cli.outcome import ExitCode
from velma_sync.config.load import load_configuration

Command = Callable[..., Any]


@pytest.mark.parametrize("kind", ["salesforce", "hubspot"])
def test_without_a_terminal_everything_can_be_given(kind: str, velma_sync: Command, desk: Any) -> None:
    outcome = velma_sync(*desk.all_given(kind, Path("secrets")), "--json")
    assert outcome.code == ExitCode.FINE, outcome.err
    told = json.loads(outcome.out)
    assert set(told["files"]) == desk.NEW_FILES
    assert {each["state"] for each in told["secrets"]} == {"set"}
    assert told["next_commands"] == ["velma-sync doctor", "velma-sync provision", "velma-sync run"]
    found = load_configuration(Path("velma-sync.yaml"))
    assert found.connections[0].start_at is not None
    assert found.connections[0].start_at.isoformat() == told["start_at"]
    assert found.recordings.sources[0].hosts == ("127.0.0.1",)
    if kind == "salesforce":
        options: Any = found.connections[0].options
        assert options.recording_fields == ("Call_Recording_URL__c",)


def test_without_a_terminal_all_that_is_missing_is_told_at_once(velma_sync: Command, desk: Any) -> None:
    outcome = velma_sync("init", "--kind", "salesforce")
    assert outcome.code == ExitCode.CONFIGURATION
    assert outcome.err.splitlines() == [
        "--name: is missing, and there is no terminal to ask at.",
        "--yes: is missing, and there is no terminal to ask at.",
        "--set consumer_key=VALUE: is missing. Consumer key (client id) of the External Client App.",
        "consumer_secret: is missing. Set VELMA_SYNC_NAME_CONSUMER_SECRET, or put it into the file "
        "velma_sync_name_consumer_secret of --secrets-directory.",
        "NAME: 'options': flow client_credentials needs login_url to be your My Domain address, like "
        "https://acme.my.salesforce.com.",
        "api_key: is missing. Set VELMA_SYNC_VELMA_API_KEY, or put it into the file "
        "velma_sync_velma_api_key of --secrets-directory.",
    ]
    assert desk.files() == set()


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"--set login_url": "acme"}, ExitCode.CONFIGURATION, "'login_url' is not a web address"),
        ({"--set colour": "red"}, ExitCode.CONFIGURATION, "--set colour: is not a setting here. Allowed:"),
        ({"--set consumer_secret": "s"}, ExitCode.CONFIGURATION, "--set consumer_secret: is a secret, and"),
        ({"--set recordings.zoom.token": "x"}, ExitCode.CONFIGURATION, "matches no recording source."),
        ({"--kind": "zoho"}, ExitCode.CONFIGURATION, "connector 'zoho': is not installed."),
        ({"--name": "No name"}, ExitCode.CONFIGURATION, "is no name for a connection"),
        ({"--set consumer_key": "unknown"}, ExitCode.REFUSED, "consumer_key is unknown"),
        ({"--set velma.base_url": "http://127.0.0.1:9"}, ExitCode.REFUSED, "Velma"),
        (
            {"--set login_url": "http://127.0.0.1:9"},
            ExitCode.REFUSED,
            "The Salesforce login could not be reached",
        ),
    ],
)
def test_without_a_terminal_a_wrong_answer_ends_it_with_nothing_written(
    change: Mapping[str, str], code: ExitCode, sentence: str, velma_sync: Command, desk: Any
) -> None:
    arguments = desk.all_given("salesforce", Path("../secrets"))
    for name, value in change.items():
        flag, _, setting = name.partition(" ")
        arguments += [flag, f"{setting}={value}" if setting else value]
    outcome = velma_sync(*arguments)
    assert outcome.code == code, outcome.err
    assert sentence in outcome.err
    assert desk.files() == set()


@pytest.mark.parametrize(
    "name", ["mapping.yaml", "analysis.yaml", "velma-sync.schema.json", "mapping.schema.json"]
)
def test_no_file_is_overwritten_and_nothing_is_asked_in_vain(name: str, desk: Any) -> None:
    Path(name).write_text("ours")
    code, _, err = desk.person.run(answers=[])
    assert (code, desk.person.asked) == (ExitCode.CONFIGURATION, 0)
    assert (
        err == f"{name}: is there already and is never overwritten. Move it away, or name another folder.\n"
    )
    assert Path(name).read_text() == "ours"
    assert desk.files() == {name}


def test_a_second_connection_is_offered_and_the_file_stays_the_admins(velma_sync: Command, desk: Any) -> None:
    assert velma_sync(*desk.all_given("salesforce", Path("secrets"))).code == ExitCode.FINE
    path = Path("velma-sync.yaml")
    ours = path.read_text().replace("connections:\n", "connections:\n  # Kim looks after this one.\n")
    path.write_text(ours)
    arguments = ["--set", f"base_url={desk.room.addresses.hubspot_url}"]
    assert desk.person.run(*arguments, answers=["no"])[0] == ExitCode.ATTENTION
    assert path.read_text() == ours
    answers = ["yes", "hubspot", "sales", "hub", desk.room.addresses.access_token, "yes"]
    code, _, err = desk.person.run(*arguments, answers=answers)
    assert code == ExitCode.FINE, err
    assert "'name' sales is taken by another connection." in err
    after = path.read_text()
    lines = iter(after.splitlines())
    assert all(line in lines for line in ours.splitlines()), "a line is gone, or in another place"
    found = load_configuration(path)
    assert [(each.name, each.mapping_path.name) for each in found.connections] == [
        ("sales", "mapping.yaml"),
        ("hub", "hub-mapping.yaml"),
    ]
    assert len(found.recordings.sources) == 1, "the host was listed already"


@pytest.mark.parametrize("username", ["AC1", None])
def test_a_providers_login_can_be_given_as_well(username: str | None, velma_sync: Command, desk: Any) -> None:
    call = {"hs_call_status": "COMPLETED", "hs_call_recording_url": "https://api.twilio.com/x/RE1.mp3"}
    desk.room.portal.insert("calls", call, at=datetime.now(UTC) - timedelta(hours=1))
    arguments = desk.all_given("hubspot", Path("secrets"))
    if username:
        Path("secrets/velma_sync_recordings_twilio_password").write_text("p")
        arguments += ["--set", f"recordings.twilio.username={username}"]
    assert velma_sync(*arguments).code == ExitCode.FINE
    source = load_configuration(Path("velma-sync.yaml")).recordings.sources[1]
    assert (source.name, source.credential.type) == ("twilio", "basic" if username else "none")
