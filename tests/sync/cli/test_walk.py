"""The admin's first hour on each CRM, as somebody at a terminal sees it: every word is agreed on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
Golden = Callable[[str], str]


class Walk:
    """One terminal: every command with what it prints, logs left aside."""

    def __init__(self, velma_sync: Command, room: Rehearsal, changing: dict[str, str]) -> None:
        self._run = velma_sync
        self._room = room
        self._changing = changing
        self._lines: list[str] = []

    def __call__(self, *arguments: str, typed: str = "", code: ExitCode = ExitCode.FINE) -> str:
        outcome = self._run(*arguments, typed=typed)
        said = [line for line in outcome.err.splitlines() if not line.startswith('{"')]
        shown = "\n".join(part for part in ("\n".join(said).strip("\n"), outcome.out.strip("\n")) if part)
        self._lines += [f"$ velma-sync {' '.join(arguments)}", shown, ""]
        assert outcome.code == code, f"{arguments} ended with {outcome.code}:\n{shown}"
        return shown

    @property
    def billed(self) -> int:
        count: int = self._room.usage()["velma"]["billed"]
        return count

    @property
    def transcript(self) -> str:
        """What was printed, with words in place of what differs from run to run."""
        text = "\n".join(self._lines)
        for found, word in self._changing.items():
            text = text.replace(found, word)
        for pattern, word in (
            (r"\d{4}-\d\d-\d\d \d\d:\d\d(Z| UTC)", "<time>"),
            (r"\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d", "<span>"),
            (r"https?://127\.0\.0\.1:\d+", "<sandbox>"),
            (r"used [\d,]+ of its", "used <some> of its"),
            (r"About \d+ CRM requests", "About <some> CRM requests"),
            (r"about [\d,]+ API requests", "about <some> API requests"),
            (r"; \d+ calls? changed", "; <some> calls changed"),
            (r"in use and supported until \S+", "in use and supported until <day>"),
        ):
            text = re.sub(pattern, word, text)
        return re.sub(r" +\n", "\n", text)


@pytest.fixture(params=["salesforce", "hubspot"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def walk(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, velma_sync: Command) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    with Rehearsal(tmp_path / "sandbox") as room:
        at = room.addresses
        secrets = tmp_path / "secrets"
        secrets.mkdir(mode=0o700)
        for name, secret in (
            ("velma_api_key", at.api_key),
            ("sales_consumer_secret", at.client_secret),
            ("sales_access_token", at.access_token),
        ):
            (secrets / f"velma_sync_{name}").write_text(secret)
            (secrets / f"velma_sync_{name}").chmod(0o600)
        yield Walk(velma_sync, room, {str(tmp_path): "<here>"}), room


def settings(kind: str, room: Rehearsal) -> list[str]:
    at = room.addresses
    own = {
        "salesforce": {"login_url": at.salesforce_url, "consumer_key": at.client_key},
        "hubspot": {"base_url": at.hubspot_url},
    }[kind]
    velma = {"velma.base_url": at.velma_url, "velma.price_per_audio_hour": "60"}
    return [word for name, value in {**own, **velma}.items() for word in ("--set", f"{name}={value}")]


def a_call(kind: str, room: Rehearsal) -> str:
    if kind == "salesforce":
        return f"sales:Task:{room.org_records['harborlight-3-negotiation']}"
    return f"sales:calls:{room.portal_records['brindlemoor-1-first-call']}"


def a_call_about_pricing(kind: str, room: Rehearsal) -> str:
    if kind == "salesforce":
        return a_call(kind, room)
    return f"sales:calls:{room.portal_records['harborlight-3-in-both']}"


def test_the_first_hour(walk: tuple[Walk, Rehearsal], kind: str, golden: Golden) -> None:
    run, room = walk
    run(
        "init",
        "--kind",
        kind,
        "--name",
        "sales",
        *settings(kind, room),
        "--secrets-directory",
        "secrets",
        "--yes",
    )
    run("doctor", code=ExitCode.ATTENTION)
    run("provision")
    run("provision", "--apply", "--yes")
    run("doctor")
    call = a_call(kind, room)
    run("preview", call, typed="n\n", code=ExitCode.ATTENTION)
    assert run.billed == 0, "something was paid for before anybody agreed"
    run("preview", call, "--yes")
    assert run.billed == 1
    run("once", "--call", call)
    assert run.billed == 1, "the answer of the preview was there already"
    run("backfill", "--since", "2020-01-01", "--yes", "--max-cost", "2", code=ExitCode.ATTENTION)
    assert run.billed < 5
    run("backfill", "--yes")
    run("reports", "--run")
    billed = run.billed
    about_pricing = a_call_about_pricing(kind, room)
    change_synonyms_of_pricing("seats of the price list")
    run("once", "--call", about_pricing)
    run("topics")
    change_synonyms_of_pricing("seats of the price list, price per seat")
    run("once", "--call", about_pricing)
    run("status")
    assert run.billed == billed, "a changed mapping costs nothing"
    assert run.transcript == golden(f"walk_{kind}.txt")


def change_synonyms_of_pricing(synonyms: str) -> None:
    path = Path("mapping.yaml")
    text = path.read_text()
    changed = re.sub(r"(name: Pricing\n +synonyms:) \[.*\]", rf"\1 [{synonyms}]", text, count=1)
    assert changed != text
    path.write_text(changed)
