"""`velma-sync backfill`, on a sandbox whose connections begin today."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli import backfill
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.progress_bar import bar
from velma_sync.ledger.counts import CallCount
from velma_sync.ledger.states import CallState

Command = Callable[..., Any]

SINCE_NEXT = (datetime.now(UTC) - timedelta(days=59)).strftime("%Y-%m-%d")
SINCE = (datetime.now(UTC) - timedelta(days=60)).strftime("%Y-%m-%d")
MIDDLE = (datetime.now(UTC) - timedelta(days=7)).strftime("%Y-%m-%d")


@pytest.fixture(autouse=True)
def begun_today(room: Rehearsal, velma_sync: Command) -> None:
    """Nothing of the sample calls is new, and audio has a price."""
    path = Path("velma-sync.yaml")
    text = re.sub(r"start_at: .*", f"start_at: {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", path.read_text())
    path.write_text(
        re.sub(r"(base_url: \S+)$", r"\1\n    price_per_audio_hour: 60", text, flags=re.MULTILINE)
    )
    assert "price_per_audio_hour" in path.read_text()
    velma_sync("provision", "--apply", "--yes")


def billed(room: Rehearsal) -> int:
    count: int = room.usage()["velma"]["billed"]
    return count


def states(velma_sync: Command) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in json.loads(velma_sync("status", "--json").out)["calls"]:
        found[each["state"]] = found.get(each["state"], 0) + each["calls"]
    return found


def test_a_forecast_is_asked_about_and_no_is_no(room: Rehearsal, velma_sync: Command) -> None:
    outcome = velma_sync("backfill", "--since", SINCE, typed="n\n")
    assert outcome.code != ExitCode.FINE
    assert re.search(r"\d+ calls to analyze\.", outcome.err)
    assert re.search(r"hours of audio.*: about [\d.]+\.", outcome.err)
    assert re.search(r"About \d+ CRM requests, and \d+ minutes if an analysis takes two minutes", outcome.err)
    assert "Nothing was planned or sent." in outcome.err
    assert (billed(room), states(velma_sync)) == (0, {})


def test_a_forecast_is_json_too_whatever_is_answered(room: Rehearsal, velma_sync: Command) -> None:
    asked = velma_sync("backfill", "--since", SINCE, "--json", typed="n\n")
    assert asked.code != ExitCode.FINE
    told = json.loads(asked.out)
    (forecast,) = told["forecast"]
    assert told["left"] == []
    assert forecast["connection"] == "demo"
    assert forecast["calls"] >= 14
    assert forecast["cost"] == pytest.approx(forecast["hours"] * 60)
    assert forecast["left_out"]
    nothing = velma_sync("backfill", "--since", SINCE, "--until", SINCE_NEXT, "--yes", "--json")
    assert nothing.code == ExitCode.FINE
    assert [each["calls"] for each in json.loads(nothing.out)["forecast"]] == [0]
    stopped = velma_sync("backfill", "--since", SINCE, "--yes", "--max-hours", "0.01", "--json")
    (left,) = json.loads(stopped.out)["left"]
    assert left["planned"] > 0
    assert [each["calls"] for each in json.loads(stopped.out)["forecast"]] == [forecast["calls"]]
    going_on = velma_sync("backfill", "--json", typed="n\n")
    assert json.loads(going_on.out) == {"forecast": [], "left": [left]}


def test_the_bar_counts_calls_that_ended_in_whatever_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def counts(**states: int) -> tuple[CallCount, ...]:
        at = datetime.now(UTC)
        return tuple(CallCount("demo", CallState(state), None, calls, at) for state, calls in states.items())

    monkeypatch.setenv("FORCE_COLOR", "1")
    with bar() as watch:
        assert watch is not None
        watch(counts(planned=5, done=7))
        watch(counts(planned=1, new=1, done=8, skipped=1, held=1))
    assert "3/5" in capsys.readouterr().err


@pytest.mark.parametrize("limit", ["--max-cost", "--max-hours"])
@pytest.mark.parametrize("number", ["nan", "inf", "1e400", "-1"])
def test_a_limit_that_would_limit_nothing_is_refused(
    room: Rehearsal, velma_sync: Command, limit: str, number: str
) -> None:
    outcome = velma_sync("backfill", "--since", SINCE, "--yes", limit, number)
    assert outcome.code == ExitCode.CONFIGURATION
    assert f"Invalid value for '{limit}'" in outcome.err
    assert billed(room) == 0


def test_history_is_analyzed_written_and_paid_once(room: Rehearsal, velma_sync: Command) -> None:
    outcome = velma_sync("backfill", "--since", SINCE, "--yes")
    assert outcome.code == ExitCode.FINE
    assert outcome.out == "No planned backfill calls are left.\n"
    assert states(velma_sync)["done"] >= 14
    paid = billed(room)
    assert paid >= 12
    again = velma_sync("backfill", "--since", SINCE, "--yes")
    assert "0 calls to analyze." in again.err
    assert billed(room) == paid


def test_a_cost_stops_it_and_a_higher_one_goes_on(room: Rehearsal, velma_sync: Command) -> None:
    outcome = velma_sync("backfill", "--since", SINCE, "--yes", "--max-cost", "3")
    assert outcome.code == ExitCode.ATTENTION
    assert "Stopped at" in outcome.out
    assert "To go on: velma-sync backfill." in outcome.err
    assert "The next call would pass a cost of 3.00." in outcome.out
    spent = json.loads(velma_sync("status", "--json").out)["billing"]["answered_seconds"] / 60
    assert 0 < spent <= 3
    assert "The next call would pass a cost of 3.00." in velma_sync("status").out
    asked = velma_sync("backfill", typed="n\n")
    assert re.search(r"\d+ planned calls left, [\d.]+ hours of audio: about [\d.]+\.", asked.err)
    assert "There is no limit now; the earlier one no longer applies." in asked.err
    assert json.loads(velma_sync("status", "--json").out)["billing"]["answered_seconds"] / 60 == spent
    within = velma_sync("backfill", "--yes", "--max-cost", "6")
    assert "Within a cost of 6.00, all together and with what was used so far." in within.err
    assert "The next call would pass a cost of 6.00." in within.out
    assert velma_sync("backfill", "--yes").code == ExitCode.FINE
    assert "planned" not in states(velma_sync)


def test_what_is_left_can_be_ended(room: Rehearsal, velma_sync: Command) -> None:
    velma_sync("backfill", "--since", SINCE, "--yes", "--max-hours", "0.01")
    left = states(velma_sync)["planned"]
    outcome = velma_sync("backfill", "--stop")
    assert re.fullmatch(rf"Skipped {left} planned calls?\.\n", outcome.out)
    assert "planned" not in states(velma_sync)
    assert json.loads(velma_sync("backfill", "--stop", "--json").out) == {"skipped": 0}
    missing = velma_sync("backfill")
    assert missing.code == ExitCode.CONFIGURATION
    assert "none is under way. Begin one with --since." in missing.err


@pytest.mark.parametrize(
    ("since", "told"),
    [
        ("2099-01-01", "'--since': is not before the end of the backfill; name a day before --until"),
        ("0001-01-01", "'0001-01-01' is not in the years 2000 to 2100."),
        ("9999-12-31", "'9999-12-31' is not in the years 2000 to 2100."),
        ("yesterday", "'yesterday' is not a day; write it like 2026-01-31."),
    ],
)
def test_a_day_that_cannot_be_meant_is_refused(velma_sync: Command, since: str, told: str) -> None:
    outcome = velma_sync("backfill", "--since", since, "--yes")
    assert outcome.code == ExitCode.CONFIGURATION
    assert told in outcome.err


def test_a_new_span_without_calls_takes_up_nothing_that_was_left(
    room: Rehearsal, velma_sync: Command
) -> None:
    velma_sync("backfill", "--since", SINCE, "--yes", "--max-hours", "0.01")
    before = (billed(room), states(velma_sync))
    outcome = velma_sync("backfill", "--since", SINCE, "--until", SINCE_NEXT, "--yes")
    assert outcome.code == ExitCode.ATTENTION, "what was left is told"
    assert (billed(room), states(velma_sync)) == before


def test_a_cost_needs_a_price(velma_sync: Command) -> None:
    path = Path("velma-sync.yaml")
    path.write_text(path.read_text().replace("    price_per_audio_hour: 60\n", ""))
    outcome = velma_sync("backfill", "--since", SINCE, "--max-cost", "3")
    assert outcome.code == ExitCode.CONFIGURATION
    assert "--max-cost: cannot be kept without a price." in outcome.err


def test_an_unknown_connection_is_refused_before_anything_is_read(
    room: Rehearsal, velma_sync: Command
) -> None:
    outcome = velma_sync("backfill", "--since", SINCE, "--connection", "nobody")
    assert outcome.code == ExitCode.CONFIGURATION
    assert "connection 'nobody': is not in the configuration." in outcome.err


def test_only_what_was_asked_for_is_paid(
    room: Rehearsal, velma_sync: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ended:
        ended.setattr(backfill, "_work", lambda *_: None)
        velma_sync("backfill", "--since", SINCE, "--until", MIDDLE, "--yes")
    left = states(velma_sync)["planned"]
    outcome = velma_sync("backfill", "--since", MIDDLE, "--yes", "--json")
    ((forecast,), (planned,)) = json.loads(outcome.out).values()
    assert outcome.code == ExitCode.ATTENTION, "what was left is told"
    assert planned["planned"] == left > 0
    assert 0 < billed(room) <= forecast["calls"]
    assert velma_sync("backfill", "--yes").code == ExitCode.FINE
    assert "planned" not in states(velma_sync)


def test_a_cost_is_of_all_that_go_on_together(
    room: Rehearsal, velma_sync: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ended:
        ended.setattr(backfill, "_work", lambda *_: None)
        velma_sync("backfill", "--since", SINCE, "--until", MIDDLE, "--yes")
        velma_sync("backfill", "--since", MIDDLE, "--yes")
    outcome = velma_sync("backfill", "--yes", "--max-cost", "3")
    assert "Within a cost of 3.00, all together and with what was used so far." in outcome.err
    assert outcome.out.count("The next call would pass a cost of 3.00.") == 2
    spent = json.loads(velma_sync("status", "--json").out)["billing"]["answered_seconds"] / 60
    assert 0 < spent <= 3


KEEPS_ITS_DAYS = "--until goes with --since; what is under way keeps its days."
STOPS = "--stop ends what is under way; it goes with --connection alone."


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--until", SINCE, "--max-cost", "1"), KEEPS_ITS_DAYS),
        (("--stop", "--since", SINCE), STOPS),
        (("--stop", "--until", SINCE), STOPS),
        (("--stop", "--max-cost", "0"), STOPS),
        (("--stop", "--max-hours", "1"), STOPS),
    ],
)
def test_options_that_contradict_each_other_are_refused_before_anything_is_done(
    velma_sync: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    with monkeypatch.context() as ended:
        ended.setattr(backfill, "_work", lambda *_: None)
        velma_sync("backfill", "--since", SINCE, "--yes")
    before = states(velma_sync)
    outcome = velma_sync("backfill", *arguments, "--yes")
    assert outcome.code == ExitCode.CONFIGURATION
    assert told in outcome.err
    assert states(velma_sync) == before
