"""`velma-sync init`: whole dialogues at a real terminal, and every way in which one can end early."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velma_connectors.registry import load_kind
from velma_connectors.sandbox.hubspot.catalogue.activities import OUTCOMES
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.main import cli
from velma_sync.cli.outcome import ExitCode, exit_with_outcome
from velma_sync.config.load import load_configuration
from velma_sync.setup.files import shipped_mapping

Command = Callable[..., Any]
Golden = Callable[[str], str]

PATIENCE_SECONDS = 60
PROGRAM = "from velma_sync.cli.main import main; main()"
FILES = {
    "velma-sync.yaml",
    "mapping.yaml",
    "analysis.yaml",
    "velma-sync.schema.json",
    "mapping.schema.json",
    "analysis.schema.json",
}
CTRL_C, CTRL_D = "\x03", "\x04"


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    """Both CRMs and Velma; the working directory is empty."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for name in [name for name in os.environ if name.startswith("VELMA_SYNC_")]:
        monkeypatch.delenv(name)
    with Rehearsal(tmp_path / "sandbox") as room:
        yield room


def files() -> set[str]:
    return {str(each) for each in Path().rglob("*") if each.is_file()}


def at_a_terminal(arguments: Sequence[str], answers: Sequence[str]) -> tuple[str, int]:
    """Run the command at a terminal of its own; all that is to be seen there, and its exit code.

    An answer is typed when something is asked: when a line that is not ended ends with a colon.
    """
    child, terminal = pty.fork()
    if child == 0:
        environment = {**os.environ, "TERM": "dumb", "COLUMNS": "80"}
        os.execve(sys.executable, [sys.executable, "-c", PROGRAM, *arguments], environment)
    seen, question, left, key = b"", b"", list(answers), b""
    while True:
        if key and not select.select([terminal], [], [], 1)[0]:
            # Python may have missed it between printing a question and waiting for the answer.
            os.write(terminal, key)
        ready, _, _ = select.select([terminal], [], [], PATIENCE_SECONDS)
        assert ready, f"nothing more came after: {seen.decode()}"
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when nobody holds the other end any more.
            break
        if not piece:
            break
        seen, question = seen + piece, question + piece
        if question.endswith(b": "):
            assert left, f"asked more than expected: {seen.decode()}"
            answer, question = left.pop(0), b""
            key = answer.encode() if answer in (CTRL_C, CTRL_D) else b""
            os.write(terminal, key or f"{answer}\n".encode())
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert not left, f"never asked for {left}"
    return seen.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)


def agreed(transcript: str) -> str:
    """What is the same in every run."""
    without_ports = re.sub(r"(127\.0\.0\.1):\d+", r"\1:PORT", transcript)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "NOW", without_ports)


def add_fields_to_the_org(room: Rehearsal) -> None:
    mood = {"type": "Number", "label": "Pricing Sentiment", "precision": 3, "scale": 2}
    room.org.add_custom_field("Opportunity", "Pricing_Sentiment__c", mood)
    done = {"type": "Checkbox", "label": "Action Plan Confirmed?", "defaultValue": False}
    room.org.add_custom_field("Activity", "Plan_Confirmed__c", done)


def add_properties_to_the_portal(room: Rehearsal) -> None:
    mood = {"name": "pricing_mood", "label": "Pricing sentiment", "type": "number", "fieldType": "number"}
    room.portal.add_property("deals", {**mood, "groupName": "dealinformation"})
    outcomes = [{"value": value, "label": label} for value, label in OUTCOMES.items()]
    own = {"value": "own-1", "label": "Reached mailbox"}
    room.portal.change_property("calls", "hs_call_disposition", {"options": [*outcomes, own]})


def salesforce_dialogue(room: Rehearsal) -> tuple[list[str], list[str]]:
    """Arguments and answers; nonsense, a wrong login and a wrong key are among them."""
    given = room.addresses
    arguments = ["init", "--set", f"velma.base_url={given.velma_url}", "--secrets-directory", "secrets"]
    beginning = ["zoho", "salesforce", "Sales EU", "sales-eu"]
    options = [given.client_key, "", "wrong", "acme", given.salesforce_url]
    options_again = ["", "", "", given.client_secret]
    settings_and_hosts = ["", "perhaps", "y", "yes"]
    velma = ["wrong", "", given.api_key]
    fields_and_secrets = ["yes", "no", "yes"]
    answers = [beginning, options, options_again, settings_and_hosts, velma, fields_and_secrets]
    return arguments, [each for part in answers for each in part]


def hubspot_dialogue(room: Rehearsal) -> tuple[list[str], list[str]]:
    given = room.addresses
    addresses = ["--set", f"velma.base_url={given.velma_url}", "--set", f"base_url={given.hubspot_url}"]
    arguments = ["init", *addresses, "--secrets-directory", "secrets"]
    login = ["", "pat-na1-wrong", given.access_token, ""]
    return arguments, ["h", "", *login, "yes", "yes", given.api_key, "yes", "yes"]


DIALOGUES = {"salesforce": salesforce_dialogue, "hubspot": hubspot_dialogue}


@pytest.mark.parametrize("kind", ["salesforce", "hubspot"])
def test_a_whole_dialogue_reads_as_agreed_and_leads_to_trusted_fields(
    kind: str, sandbox: Rehearsal, golden: Golden, velma_sync: Command
) -> None:
    if kind == "salesforce":
        add_fields_to_the_org(sandbox)
    else:
        add_properties_to_the_portal(sandbox)
    arguments, answers = DIALOGUES[kind](sandbox)
    transcript, code = at_a_terminal(arguments, answers)
    assert agreed(transcript) == golden(f"init_{kind}.txt")
    assert code == ExitCode.FINE
    secrets = [sandbox.addresses.client_secret, sandbox.addresses.access_token, sandbox.addresses.api_key]
    assert not any(secret in transcript for secret in secrets)
    assert sandbox.usage()["velma"]["billed"] == 0

    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    outcome = velma_sync("doctor")
    assert outcome.code == ExitCode.FINE, outcome.out


class Terminal(io.StringIO):
    """A standard input at which somebody sits; what is typed comes through `Person`."""

    def isatty(self) -> bool:
        return True


class Person:
    """Types answers in this process; an exception among them is what happens in place of an answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._answers: list[str | type[BaseException]] = []
        self.asked = 0
        self.meanwhile: Callable[[str], None] = lambda _answer: None
        """What happens elsewhere while an answer is typed."""

    def answer(self, _question: str = "") -> str:
        self.asked += 1
        answer = self._answers.pop(0) if self._answers else EOFError
        if not isinstance(answer, str):
            raise answer
        self.meanwhile(answer)
        return answer

    def run(self, *arguments: str, answers: Sequence[str | type[BaseException]]) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        self._answers, self.asked = list(answers), 0
        for function in ("visible_prompt_func", "hidden_prompt_func"):
            self._monkeypatch.setattr(f"click.termui.{function}", self.answer)
        self._monkeypatch.setattr("sys.stdin", Terminal())
        self._capsys.readouterr()
        code = exit_with_outcome(
            lambda: cli.main(["init", *arguments], prog_name="velma-sync", standalone_mode=False)
        )
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Person:
    return Person(monkeypatch, capsys)


def given_for_hubspot(room: Rehearsal) -> list[str]:
    given = room.addresses
    return ["--set", f"velma.base_url={given.velma_url}", "--set", f"base_url={given.hubspot_url}"]


def test_at_every_question_one_can_leave_and_nothing_is_left_behind(
    sandbox: Rehearsal, person: Person
) -> None:
    add_fields_to_the_org(sandbox)
    arguments, answers = salesforce_dialogue(sandbox)
    for place in range(len(answers)):
        end = (EOFError, KeyboardInterrupt)[place % 2]
        code, out, err = person.run(*arguments[1:], answers=[*answers[:place], end])
        assert person.asked == place + 1
        assert (code, out) == (ExitCode.INTERRUPTED, "")
        assert err.endswith("velma-sync: interrupted.\n")
        assert files() == set()
        assert not Path("secrets").exists()
    assert person.run(*arguments[1:], answers=answers)[0] == ExitCode.FINE


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_the_keys_that_end_a_command_end_it(key: str, sandbox: Rehearsal) -> None:
    for before in ([], ["hubspot", "sales"]):
        transcript, code = at_a_terminal(["init"], [*before, key])
        assert transcript.endswith("velma-sync: interrupted.\n")
        assert code == ExitCode.INTERRUPTED
        assert files() == set()


def test_nonsense_that_is_no_text_at_all_is_asked_again(sandbox: Rehearsal, person: Person) -> None:
    class NoText(UnicodeDecodeError):
        def __init__(self) -> None:
            super().__init__("utf-8", b"\xff", 0, 1, "invalid start byte")

    code, _, err = person.run("--offline", answers=[NoText, "hubspot", NoText, "", "pat-x", "key"])
    assert code == ExitCode.FINE
    assert err.count("That was no text.") == 2


NONSENSE = st.text().map(str.strip).filter(lambda text: not re.fullmatch("[a-z][a-z0-9-]*|", text))
SOME = st.lists(NONSENSE, max_size=3)
MANY_DIALOGUES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@MANY_DIALOGUES
@given(
    kinds=st.lists(NONSENSE, max_size=3),
    names=st.lists(NONSENSE, max_size=3),
    urls=st.lists(NONSENSE, max_size=3),
)
def test_whatever_nonsense_comes_first_the_right_answers_decide(
    kinds: list[str], names: list[str], urls: list[str], sandbox: Rehearsal, person: Person
) -> None:
    folder = Path(f"try-{sum(1 for _ in Path().iterdir())}")
    folder.mkdir()
    flow = [*urls, "client_credentials"]
    rest = ["key", *flow, "the-secret", *urls, "https://acme.my.salesforce.com", "velma-key"]
    code, _, err = person.run(
        *("--offline", "--config", str(folder / "velma-sync.yaml")),
        answers=[*kinds, "salesforce", *names, "sales", *rest],
    )
    assert code == ExitCode.FINE, err
    written = (folder / "velma-sync.yaml").read_text()
    assert "login_url: https://acme.my.salesforce.com\n" in written
    assert "\n  sales:\n    kind: salesforce\n" in written
    assert "the-secret" not in written


def test_a_lost_connection_can_be_skipped_with_the_defaults(sandbox: Rehearsal, person: Person) -> None:
    arguments = given_for_hubspot(sandbox)
    sandbox.close()
    code, _, err = person.run(
        *arguments, answers=["hubspot", "", "pat-na1-x", "again", "what", "skip", "key", "skip"]
    )
    assert code == ExitCode.FINE, err
    assert err.count("HubSpot could not be reached") == 2
    assert files() == FILES


def test_what_goes_away_in_the_middle_can_be_skipped_too(sandbox: Rehearsal, person: Person) -> None:
    add_properties_to_the_portal(sandbox)
    person.meanwhile = lambda answer: sandbox.close() if answer == "yes" else None
    answers = ["hubspot", "", sandbox.addresses.access_token, "yes", "skip", "key", "skip"]
    code, _, err = person.run(*given_for_hubspot(sandbox), answers=answers)
    assert code == ExitCode.FINE, err
    assert "Reached mailbox" in Path("velma-sync.yaml").read_text()


def test_offline_asks_nobody_and_writes_the_defaults(sandbox: Rehearsal, person: Person) -> None:
    code, _, _ = person.run("--offline", *given_for_hubspot(sandbox), answers=["hubspot", "", "pat-x", "key"])
    assert code == ExitCode.FINE
    assert sandbox.usage()["hubspot"]["requests"] == 0
    assert sandbox.usage()["velma"]["presets_requests"] == 0
    assert Path("mapping.yaml").read_text().partition("\n")[2] == load_kind("hubspot").default_mapping()


def all_given(room: Rehearsal, kind: str, secrets: Path) -> list[str]:
    """A command line that leaves nothing to be asked, with the secrets in a directory."""
    given = room.addresses
    addresses = {"velma.base_url": given.velma_url}
    values = {"velma_sync_velma_api_key": given.api_key}
    if kind == "salesforce":
        addresses |= {"login_url": given.salesforce_url, "consumer_key": given.client_key}
        values["velma_sync_sales_consumer_secret"] = given.client_secret
    else:
        addresses |= {"base_url": given.hubspot_url}
        values["velma_sync_sales_access_token"] = given.access_token
    secrets.mkdir(exist_ok=True)
    for name, value in values.items():
        (secrets / name).write_text(value)
    flags = [word for name, value in addresses.items() for word in ("--set", f"{name}={value}")]
    return ["init", "--kind", kind, "--name", "sales", "--yes", "--secrets-directory", str(secrets), *flags]


@pytest.mark.parametrize("kind", ["salesforce", "hubspot"])
def test_without_a_terminal_everything_can_be_given(
    kind: str, sandbox: Rehearsal, velma_sync: Command
) -> None:
    outcome = velma_sync(*all_given(sandbox, kind, Path("secrets")), "--json")
    assert outcome.code == ExitCode.FINE, outcome.err
    told = json.loads(outcome.out)
    assert set(told["files"]) == FILES
    assert {each["state"] for each in told["secrets"]} == {"set"}
    assert told["next_commands"] == ["velma-sync doctor", "velma-sync provision", "velma-sync run"]
    found = load_configuration(Path("velma-sync.yaml"))
    assert found.connections[0].start_at is not None
    assert found.connections[0].start_at.isoformat() == told["start_at"]
    assert found.recordings.sources[0].hosts == ("127.0.0.1",)
    if kind == "salesforce":
        options: Any = found.connections[0].options
        assert options.recording_fields == ("Call_Recording_URL__c",)


def test_without_a_terminal_all_that_is_missing_is_told_at_once(
    sandbox: Rehearsal, velma_sync: Command
) -> None:
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
    assert files() == set()


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"--set login_url": "acme"}, ExitCode.CONFIGURATION, "'login_url' is not a web address"),
        ({"--set colour": "red"}, ExitCode.CONFIGURATION, "--set colour: is not a setting here. Allowed:"),
        ({"--set consumer_secret": "s"}, ExitCode.CONFIGURATION, "--set consumer_secret: is a secret, and"),
        ({"--set recordings.zoom.token": "x"}, ExitCode.CONFIGURATION, "has nothing to belong to."),
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
    change: Mapping[str, str], code: ExitCode, sentence: str, sandbox: Rehearsal, velma_sync: Command
) -> None:
    arguments = all_given(sandbox, "salesforce", Path("../secrets"))
    for name, value in change.items():
        flag, _, setting = name.partition(" ")
        arguments += [flag, f"{setting}={value}" if setting else value]
    outcome = velma_sync(*arguments)
    assert outcome.code == code, outcome.err
    assert sentence in outcome.err
    assert files() == set()


@pytest.mark.parametrize("name", sorted(FILES - {"velma-sync.yaml"}))
def test_no_file_is_overwritten_and_nothing_is_asked_in_vain(
    name: str, sandbox: Rehearsal, person: Person
) -> None:
    Path(name).write_text("ours")
    code, _, err = person.run(answers=[])
    assert (code, person.asked) == (ExitCode.CONFIGURATION, 0)
    assert (
        err == f"{name}: is there already and is never overwritten. Move it away, or name another folder.\n"
    )
    assert Path(name).read_text() == "ours"
    assert files() == {name}


def test_a_second_connection_is_offered_and_the_file_stays_the_admins(
    sandbox: Rehearsal, velma_sync: Command, person: Person
) -> None:
    assert velma_sync(*all_given(sandbox, "salesforce", Path("secrets"))).code == ExitCode.FINE
    path = Path("velma-sync.yaml")
    ours = path.read_text().replace("connections:\n", "connections:\n  # Kim looks after this one.\n")
    path.write_text(ours)
    arguments = ["--set", f"base_url={sandbox.addresses.hubspot_url}"]
    assert person.run(*arguments, answers=["no"])[0] == ExitCode.ATTENTION
    assert path.read_text() == ours
    answers = ["yes", "hubspot", "sales", "hub", sandbox.addresses.access_token, "yes"]
    code, _, err = person.run(*arguments, answers=answers)
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


def test_a_provider_that_wants_a_login_is_asked_about_with_its_own_words(
    sandbox: Rehearsal, person: Person
) -> None:
    call = {"hs_call_status": "COMPLETED", "hs_call_recording_url": "https://api.twilio.com/x/RE1.mp3"}
    # HubSpot's search finds a call some time after it was made.
    sandbox.portal.insert("calls", call, at=datetime.now(UTC) - timedelta(hours=1))
    token, key = sandbox.addresses.access_token, sandbox.addresses.api_key
    answers = ["hubspot", "sales", token, "yes", "yes", "yes", "AC:1", "AC1", "auth-token", key, "yes"]
    code, out, err = person.run(*given_for_hubspot(sandbox), "--secrets-directory", "s", answers=answers)
    assert code == ExitCode.FINE, err
    assert "1 have their recording at api.twilio.com." in err
    assert "Twilio: the account SID and its auth token" in err
    assert "written  VELMA_SYNC_RECORDINGS_TWILIO_PASSWORD" in out
    source = load_configuration(Path("velma-sync.yaml")).recordings.sources[1]
    assert (source.name, source.credential.type) == ("twilio", "basic")
    assert "/x/RE1" not in err + out


def test_secrets_that_are_not_written_are_told_where_they_belong(
    sandbox: Rehearsal, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VELMA_SYNC_VELMA_API_KEY", sandbox.addresses.api_key)
    code, out, _ = person.run(
        *given_for_hubspot(sandbox), "--yes", answers=["hubspot", "sales", sandbox.addresses.access_token]
    )
    assert code == ExitCode.FINE
    assert "set        VELMA_SYNC_VELMA_API_KEY" in out
    assert "to be set  VELMA_SYNC_SALES_ACCESS_TOKEN  velma_sync_sales_access_token" in out
    assert files() == FILES
    assert "secrets_directory" not in Path("velma-sync.yaml").read_text()


def test_a_secret_that_is_refused_is_not_overwritten_where_it_lies(
    sandbox: Rehearsal, person: Person
) -> None:
    wrong = Path("s") / "velma_sync_sales_access_token"
    wrong.parent.mkdir()
    wrong.write_text("wrong")
    token, key = sandbox.addresses.access_token, sandbox.addresses.api_key
    answers = ["hubspot", "sales", token, "", "yes", key, "yes"]
    code, out, err = person.run(*given_for_hubspot(sandbox), "--secrets-directory", "s", answers=answers)
    assert code == ExitCode.FINE, err
    assert "to be replaced  VELMA_SYNC_SALES_ACCESS_TOKEN" in out
    assert wrong.read_text() == "wrong"
    assert (Path("s") / "velma_sync_velma_api_key").read_text() == f"{key}\n"


def test_the_shipped_mapping_of_every_kind_can_be_begun_with() -> None:
    assert all(shipped_mapping(load_kind(kind)).rules for kind in ("salesforce", "hubspot"))
