"""`velma-sync provision` on two connections: what one CRM refuses hides nothing of the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from werkzeug.wrappers import Response

from velma_connectors.registry import load_kind
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
Edit = Callable[[str, str, str], None]

PORTAL = """\
  portal:
    kind: hubspot
    mapping: portal.yaml
    start_at: 2026-01-01T00:00:00Z
    options:
      base_url: {url}
recordings:
"""
ALWAYS = 10_000
AWAY = Response("[]", status=503, content_type="application/json")
WRONG_KEY = Response(
    json.dumps({"status": "error", "category": "INVALID_AUTHENTICATION", "message": "no"}),
    status=401,
    content_type="application/json",
)


@pytest.fixture
def both(room: Rehearsal, edit: Edit) -> Rehearsal:
    """An org, `demo`, and a portal after it, neither of which has the fields."""
    room.portal.switches.burst_limit = 250
    Path("portal.yaml").write_text(load_kind("hubspot").default_mapping())
    Path("secrets/velma_sync_portal_access_token").write_text(room.addresses.access_token)
    edit("velma-sync.yaml", "recordings:\n", PORTAL.format(url=room.addresses.hubspot_url))
    return room


def by_connection(outcome: Any) -> dict[str, dict[str, Any]]:
    return {each["connection"]: each for each in json.loads(outcome.out)}


def made(document: dict[str, Any]) -> int:
    return sum(each["ok"] and each["step"]["action"] == "create" for each in document["results"])


@pytest.mark.parametrize(("away", "there"), [("demo", "portal"), ("portal", "demo")])
def test_a_crm_that_is_away_keeps_no_other_from_being_planned_and_done(
    both: Rehearsal, velma_sync: Command, away: str, there: str
) -> None:
    crm = {"demo": "salesforce", "portal": "hubspot"}[away]
    both.faults[crm].add(Fault(".", times=ALWAYS, answer=AWAY))
    shown = velma_sync("provision")
    assert shown.code == ExitCode.REFUSED
    assert f"{away}: left out. " in shown.out
    assert f"\n{there}: " in f"\n{shown.out}"
    plans = by_connection(velma_sync("provision", "--json"))
    assert set(plans[away]) == {"connection", "reason"}
    assert plans[there]["steps"]
    applied = velma_sync("provision", "--apply", "--yes", "--json")
    assert applied.code == ExitCode.REFUSED
    results = by_connection(applied)
    assert results[away] == {"connection": away, "results": [], "stopped": plans[away]["reason"]}
    assert made(results[there]) > 10
    assert results[there]["stopped"] == ""


def test_a_plan_in_a_file_is_whole_or_not_at_all(both: Rehearsal, velma_sync: Command) -> None:
    velma_sync("provision", "--out", "plan.json")
    both.faults["hubspot"].add(Fault(".", times=ALWAYS, answer=AWAY))
    for arguments in (("--out", "other.json"), ("--apply", "--plan", "plan.json", "--yes")):
        outcome = velma_sync("provision", *arguments)
        assert (outcome.code, outcome.out) == (ExitCode.REFUSED, "")
        assert outcome.err.startswith("portal: ")
    assert not Path("other.json").exists()
    assert not [row for row in both.org.rows("CustomField") if "Velma_" in row["FullName"]]


def test_what_was_done_before_a_key_was_refused_is_told(both: Rehearsal, velma_sync: Command) -> None:
    both.faults["hubspot"].add(
        Fault("POST .*/properties/.*deals/batch/create", times=ALWAYS, answer=WRONG_KEY)
    )
    applied = velma_sync("provision", "--apply", "--yes", "--json")
    assert applied.code == ExitCode.REFUSED
    results = by_connection(applied)
    assert made(results["demo"]) > 10
    portal = results["portal"]
    assert portal["stopped"]
    done = {each["step"]["object"] for each in portal["results"] if each["ok"]}
    failed = {each["step"]["object"] for each in portal["results"] if not each["ok"]}
    assert done == {"calls"}
    assert "deals" in failed
    assert {each["reason"] for each in portal["results"] if not each["ok"]} == {portal["stopped"]}
    text = velma_sync("provision", "--apply", "--yes")
    assert text.code == ExitCode.REFUSED
    assert text.out.count("stopped early.") == 1
    assert "demo: nothing to do.\n" in text.out
    assert "\nportal: 0 created, 0 changed, " in text.out


def test_what_cannot_be_read_back_is_not_said_to_be_done(both: Rehearsal, velma_sync: Command) -> None:
    def and_then_nothing(*request: Any) -> Any:
        both.faults["salesforce"].add(Fault(".", times=ALWAYS, answer=AWAY))
        return AWAY(*request)

    org = both.faults["salesforce"]
    org.add(Fault("POST .*/tooling/sobjects/CustomField", answer=cast(Response, and_then_nothing)))
    applied = velma_sync("provision", "--apply", "--yes", "--json")
    assert applied.code == ExitCode.REFUSED
    results = by_connection(applied)
    assert "cannot be read now; velma-sync provision tells it later." in results["demo"]["stopped"]
    assert not made(results["demo"])
    assert made(results["portal"]) > 10
