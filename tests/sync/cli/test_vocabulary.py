"""`velma-sync topics` and `velma-sync competitors`, on a sandbox that has analyzed its calls."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
Edit = Callable[[str, str, str], None]

PRICING = "[price, cost, license cost, licensing, budget, quote, discount, fee, total cost of ownership]"


@pytest.fixture(autouse=True)
def analyzed(room: Rehearsal, velma_sync: Command) -> None:
    velma_sync("provision", "--apply", "--yes")
    velma_sync("once")


def reviews(velma_sync: Command, command: str) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = json.loads(velma_sync(command, "--json").out)
    return documents


def apply(patch: str) -> None:
    done = subprocess.run(["git", "apply", "-p0"], input=patch, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_no_topic_takes_is_listed_with_what_it_may_mean(
    velma_sync: Command, edit: Edit, room: Rehearsal
) -> None:
    for mapping in Path().glob("*mapping*.yaml"):
        edit(str(mapping), PRICING, "[seats of the price list]")
    billed = room.usage()["velma"]["billed"]
    outcome = velma_sync("topics")
    assert outcome.code == ExitCode.FINE
    assert "CALLS  SENTIMENT  WORDING" in outcome.out
    lines = [line.split(maxsplit=2) for line in outcome.out.splitlines() if "  Pricing" in line]
    assert lines, outcome.out
    assert all(int(calls) >= 1 and sentiment != "" for calls, sentiment, _ in lines)
    assert room.usage()["velma"]["billed"] == billed


def test_the_patch_adopts_them_and_then_there_is_less_to_adopt(velma_sync: Command, edit: Edit) -> None:
    for mapping in Path().glob("*mapping*.yaml"):
        edit(str(mapping), PRICING, "[seats of the price list]")
    patch = velma_sync("topics", "--patch").out
    before = {topic["wording"] for each in reviews(velma_sync, "topics") for topic in each["topics"]}
    apply(patch)
    after = {topic["wording"] for each in reviews(velma_sync, "topics") for topic in each["topics"]}
    assert after < before
    nothing = velma_sync("topics", "--patch")
    assert nothing.out == ""
    assert nothing.err.startswith("The patch is empty: nothing can be adopted as it is.")


def test_a_rival_that_nobody_listed_is_found_and_adopted(velma_sync: Command, edit: Edit) -> None:
    for mapping in Path().glob("*mapping*.yaml"):
        edit(str(mapping), "  - {name: Quorvane}\n", "")
    outcome = velma_sync("competitors")
    assert "Quorvane" in outcome.out
    apply(velma_sync("competitors", "--patch").out)
    assert "  - {name: Quorvane}\n" in "".join(path.read_text() for path in Path().glob("*mapping*.yaml"))
    names = {name["name"] for each in reviews(velma_sync, "competitors") for name in each["names"]}
    assert "Quorvane" not in names


def test_from_another_directory_it_tells_where_the_patch_applies(
    velma_sync: Command, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("mapping.yaml", "  - {name: Quorvane}\n", "")
    home, elsewhere = Path.cwd(), Path("elsewhere")
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    outcome = velma_sync("competitors", "--patch", "--config", "../velma-sync.yaml")
    assert outcome.err == f"To apply it from here: git -C {home} apply -p0, or patch -d {home} -p0\n"
    command = ["git", "-C", str(home), "apply", "-p0"]
    subprocess.run(command, input=outcome.out, text=True, check=True)
    assert "  - {name: Quorvane}\n" in (home / "mapping.yaml").read_text()


def test_calls_before_a_day_are_left_out(velma_sync: Command) -> None:
    outcome = velma_sync("competitors", "--since", "2100-01-01")
    assert ": 0 analyzed calls read.\nWherever a competitor was noticed" in outcome.out
