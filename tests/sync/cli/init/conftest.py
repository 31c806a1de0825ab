"""A desk at which a connection is set up, with somebody who answers in this process."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from velma_connectors.sandbox.hubspot.catalogue.activities import OUTCOMES
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.main import cli
from velma_sync.cli.outcome import exit_with_outcome


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


class Desk:
    """An empty working directory beside a sandbox with both CRMs, and somebody who types."""

    NEW_FILES: ClassVar = {
        "velma-sync.yaml",
        "mapping.yaml",
        "analysis.yaml",
        "velma-sync.schema.json",
        "mapping.schema.json",
        "analysis.schema.json",
    }

    def __init__(self, room: Rehearsal, person: Person) -> None:
        self.room = room
        self.person = person

    @staticmethod
    def files() -> set[str]:
        """All that is in the working directory."""
        return {str(each) for each in Path().rglob("*") if each.is_file()}

    def add_fields(self, kind: str) -> None:
        """Something for proposals: fields that fit, and in HubSpot an outcome of the portal's own."""
        if kind == "salesforce":
            mood = {"type": "Number", "label": "Pricing Sentiment", "precision": 3, "scale": 2}
            self.room.org.add_custom_field("Opportunity", "Pricing_Sentiment__c", mood)
            done = {"type": "Checkbox", "label": "Action Plan Confirmed?", "defaultValue": False}
            self.room.org.add_custom_field("Activity", "Plan_Confirmed__c", done)
            return
        mood = {"name": "pricing_mood", "label": "Pricing sentiment", "groupName": "dealinformation"}
        self.room.portal.add_property("deals", {**mood, "type": "number", "fieldType": "number"})
        outcomes = [{"value": value, "label": label} for value, label in OUTCOMES.items()]
        own = {"value": "own-1", "label": "Reached mailbox"}
        self.room.portal.change_property("calls", "hs_call_disposition", {"options": [*outcomes, own]})

    def dialogue(self, kind: str) -> tuple[list[str], list[str]]:
        """Arguments and answers of a whole set-up, nonsense and wrong credentials among them."""
        given = self.room.addresses
        if kind == "hubspot":
            login = ["", "pat-na1-wrong", given.access_token, ""]
            arguments = ["init", *self.given_for_hubspot(), "--secrets-directory", "secrets"]
            return arguments, ["h", "", *login, "yes", "yes", given.api_key, "yes", "yes"]
        arguments = ["init", "--set", f"velma.base_url={given.velma_url}", "--secrets-directory", "secrets"]
        beginning = ["zoho", "salesforce", "Sales EU", "sales-eu"]
        options = [given.client_key, "", "wrong", "acme", given.salesforce_url]
        options_again = ["", "", "", given.client_secret]
        settings_and_hosts = ["perhaps", "y", "yes"]
        velma = ["wrong", "", given.api_key]
        fields_and_secrets = ["yes", "no", "yes"]
        answers = [beginning, options, options_again, settings_and_hosts, velma, fields_and_secrets]
        return arguments, [each for part in answers for each in part]

    def given_for_hubspot(self) -> list[str]:
        """Where the sandbox's HubSpot and Velma are."""
        given = self.room.addresses
        return ["--set", f"velma.base_url={given.velma_url}", "--set", f"base_url={given.hubspot_url}"]

    def all_given(self, kind: str, secrets: Path) -> list[str]:
        """A command line that leaves nothing to be asked, with the secrets in a directory."""
        given = self.room.addresses
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
        return [
            "init",
            "--kind",
            kind,
            "--name",
            "sales",
            "--yes",
            "--secrets-directory",
            str(secrets),
            *flags,
        ]


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for name in [name for name in os.environ if name.startswith("VELMA_SYNC_")]:
        monkeypatch.delenv(name)
    with Rehearsal(tmp_path / "sandbox") as room:
        yield Desk(room, Person(monkeypatch, capsys))
