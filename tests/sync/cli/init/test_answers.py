"""Answers that are wrong, late or never given: nothing half done is left behind."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velma_connectors.registry import load_kind
from velma_sync.cli.outcome import ExitCode
from velma_sync.config.load import load_configuration


def test_at_every_question_one_can_leave_and_nothing_is_left_behind(desk: Any) -> None:
    desk.add_fields("salesforce")
    arguments, answers = desk.dialogue("salesforce")
    for place in range(len(answers)):
        end = (EOFError, KeyboardInterrupt)[place % 2]
        code, out, err = desk.person.run(*arguments[1:], answers=[*answers[:place], end])
        assert desk.person.asked == place + 1
        assert (code, out) == (ExitCode.INTERRUPTED, "")
        assert err.endswith("velma-sync: interrupted.\n")
        assert desk.files() == set()
        assert not Path("secrets").exists()
    assert desk.person.run(*arguments[1:], answers=answers)[0] == ExitCode.FINE


def test_nonsense_that_is_no_text_at_all_is_asked_again(desk: Any) -> None:
    class NoText(UnicodeDecodeError):
        def __init__(self) -> None:
            super().__init__("utf-8", b"\xff", 0, 1, "invalid start byte")

    code, _, err = desk.person.run("--offline", answers=[NoText, "hubspot", NoText, "", "pat-x", "key"])
    assert code == ExitCode.FINE
    assert err.count("That was no text.") == 2


NONSENSE = st.text().map(str.strip).filter(lambda text: not re.fullmatch("[a-z][a-z0-9-]*|", text))
SOME = st.lists(NONSENSE, max_size=3)
MANY_DIALOGUES = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY_DIALOGUES
@given(
    kinds=st.lists(NONSENSE, max_size=3),
    names=st.lists(NONSENSE, max_size=3),
    urls=st.lists(NONSENSE, max_size=3),
)
def test_whatever_nonsense_comes_first_the_right_answers_decide(
    kinds: list[str], names: list[str], urls: list[str], desk: Any
) -> None:
    folder = Path(f"try-{sum(1 for _ in Path().iterdir())}")
    folder.mkdir()
    flow = [*urls, "client_credentials"]
    rest = ["key", *flow, "the-secret", *urls, "https://acme.my.salesforce.com", "velma-key"]
    code, _, err = desk.person.run(
        *("--offline", "--config", str(folder / "velma-sync.yaml")),
        answers=[*kinds, "salesforce", *names, "sales", *rest],
    )
    assert code == ExitCode.FINE, err
    written = (folder / "velma-sync.yaml").read_text()
    assert "login_url: https://acme.my.salesforce.com\n" in written
    assert "\n  sales:\n    kind: salesforce\n" in written
    assert "the-secret" not in written


def test_a_lost_connection_can_be_skipped_with_the_defaults(desk: Any) -> None:
    arguments = desk.given_for_hubspot()
    desk.room.close()
    code, _, err = desk.person.run(
        *arguments, answers=["hubspot", "", "pat-na1-x", "again", "what", "skip", "key", "skip"]
    )
    assert code == ExitCode.FINE, err
    assert err.count("HubSpot could not be reached") == 2
    assert desk.files() == desk.NEW_FILES


def test_a_mistyped_address_can_be_changed_on_the_spot(desk: Any) -> None:
    given = desk.room.addresses
    nowhere = "http://127.0.0.1:1"
    options = [given.client_key, "", given.client_secret, nowhere]
    options_again = ["", given.salesforce_url, "", ""]
    velma = [given.api_key, "change", given.velma_url, ""]
    code, _, err = desk.person.run(
        *("--set", f"velma.base_url={nowhere}"),
        answers=["salesforce", "sales", *options, "change", *options_again, "yes", "yes", *velma],
    )
    assert code == ExitCode.FINE, err
    assert err.count("could not be reached") == 1
    written = Path("velma-sync.yaml").read_text()
    assert nowhere not in written
    assert given.salesforce_url in written
    assert given.velma_url in written


def test_what_goes_away_in_the_middle_can_be_skipped_too(desk: Any) -> None:
    desk.add_fields("hubspot")
    desk.person.meanwhile = lambda answer: desk.room.close() if answer == "yes" else None
    answers = ["hubspot", "", desk.room.addresses.access_token, "yes", "skip", "key", "skip"]
    code, _, err = desk.person.run(*desk.given_for_hubspot(), answers=answers)
    assert code == ExitCode.FINE, err
    assert "Reached mailbox" in Path("velma-sync.yaml").read_text()


def test_offline_asks_nobody_and_writes_the_defaults(desk: Any) -> None:
    code, _, _ = desk.person.run(
        "--offline", *desk.given_for_hubspot(), answers=["hubspot", "", "pat-x", "key"]
    )
    assert code == ExitCode.FINE
    assert desk.room.usage()["hubspot"]["requests"] == 0
    assert desk.room.usage()["velma"]["presets_requests"] == 0
    assert Path("mapping.yaml").read_text().partition("\n")[2] == load_kind("hubspot").default_mapping()


def test_a_provider_that_wants_a_login_is_asked_about_with_its_own_words(desk: Any) -> None:
    call = {"hs_call_status": "COMPLETED", "hs_call_recording_url": "https://api.twilio.com/x/RE1.mp3"}
    # HubSpot's search finds a call some time after it was made.
    desk.room.portal.insert("calls", call, at=datetime.now(UTC) - timedelta(hours=1))
    token, key = desk.room.addresses.access_token, desk.room.addresses.api_key
    answers = ["hubspot", "sales", token, "yes", "yes", "yes", "AC:1", "AC1", "auth-token", key, "yes"]
    code, out, err = desk.person.run(*desk.given_for_hubspot(), "--secrets-directory", "s", answers=answers)
    assert code == ExitCode.FINE, err
    assert "1 have their recording at api.twilio.com." in err
    assert "Twilio: the account SID and its auth token" in err
    assert "written  VELMA_SYNC_RECORDINGS_TWILIO_PASSWORD" in out
    source = load_configuration(Path("velma-sync.yaml")).recordings.sources[1]
    assert (source.name, source.credential.type) == ("twilio", "basic")
    assert "/x/RE1" not in err + out


def test_secrets_that_are_not_written_are_told_where_they_belong(
    monkeypatch: pytest.MonkeyPatch, desk: Any
) -> None:
    monkeypatch.setenv("VELMA_SYNC_VELMA_API_KEY", desk.room.addresses.api_key)
    code, out, _ = desk.person.run(
        *desk.given_for_hubspot(), "--yes", answers=["hubspot", "sales", desk.room.addresses.access_token]
    )
    assert code == ExitCode.FINE
    assert "set        VELMA_SYNC_VELMA_API_KEY" in out
    assert "to be set  VELMA_SYNC_SALES_ACCESS_TOKEN  velma_sync_sales_access_token" in out
    assert desk.files() == desk.NEW_FILES
    assert "secrets_directory" not in Path("velma-sync.yaml").read_text()


def test_a_secret_that_is_refused_is_not_overwritten_where_it_lies(desk: Any) -> None:
    wrong = Path("s") / "velma_sync_sales_access_token"
    wrong.parent.mkdir()
    wrong.write_text("wrong")
    token, key = desk.room.addresses.access_token, desk.room.addresses.api_key
    answers = ["hubspot", "sales", token, "", "yes", key, "yes"]
    code, out, err = desk.person.run(*desk.given_for_hubspot(), "--secrets-directory", "s", answers=answers)
    assert code == ExitCode.FINE, err
    assert "to be replaced  VELMA_SYNC_SALES_ACCESS_TOKEN" in out
    assert wrong.read_text() == "wrong"
    assert (Path("s") / "velma_sync_velma_api_key").read_text() == f"{key}\n"
