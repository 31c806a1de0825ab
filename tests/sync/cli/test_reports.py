"""`velma-sync reports` on an org and a portal: guides, answers, reports made and removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import velma_connectors
from velma_connectors.reporting import ReportChange
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_mappings.fields import wanted_fields
from velma_sync.cli.options import opened
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
Edit = Callable[[str, str, str], None]

PORTAL = """\
  portal:
    kind: hubspot
    mapping: portal.yaml
    start_at: {start_at}
    options:
      base_url: {hubspot_url}
recordings:
"""
MAPPING = """\
version: 1
rules:
  - {{value: next_step, on: call, field: {next_step}}}
  - {{value: sentiment.pricing, on: call, field: {pricing}}}
  - {{value: next_step, on: deal, field: {next_step}, transform: known_only, when_missing: clear}}
  - {{value: competitors, on: deal, field: {competitors}, when_missing: clear}}
  - {{value: coaching_flags, on: deal, field: {coaching}, when_missing: clear}}
  - {{value: started_at, on: deal, field: {last_call}}}
topics:
  - {{name: Pricing, synonyms: [price, cost, license cost, licensing, budget, quote, discount]}}
competitors:
  - {{name: Acme Platform, aliases: [Acme]}}
  - {{name: Bluestile}}
behaviors:
  coaching: {{Unaddressed Question: [unaddressed_question]}}
  competitor: [competitor_mention]
  action_plan: [action_plan_created]
notes: {{enabled: false}}
"""
CONNECTORS = Path(velma_connectors.__file__).parent
QUESTIONS = {"next_step.call", "sentiment.pricing.call", "next_step.deal", "competitors.deal"} | {
    "coaching_flags.deal"
}


@pytest.fixture
def org(room: Rehearsal) -> Rehearsal:
    """The sandbox with its org alone, and a mapping of few rules."""
    fields = ("Velma_Next_Step__c", "Velma_Sentiment_Pricing__c", "Velma_Competitors__c")
    more = ("Velma_Coaching_Flags__c", "Velma_Last_Call_At__c")
    names = ("next_step", "pricing", "competitors", "coaching", "last_call")
    Path("mapping.yaml").write_text(MAPPING.format(**dict(zip(names, fields + more, strict=True))))
    return room


@pytest.fixture
def both(org: Rehearsal, edit: Edit) -> Rehearsal:
    """An org and a portal."""
    fields = ("velma_next_step", "velma_sentiment_pricing", "velma_competitors", "velma_coaching_flags")
    names = ("next_step", "pricing", "competitors", "coaching", "last_call")
    known = dict(zip(names, (*fields, "velma_last_call_at"), strict=True))
    Path("portal.yaml").write_text(MAPPING.format(**known))
    Path("secrets/velma_sync_portal_access_token").write_text(org.addresses.access_token)
    (line,) = [row for row in Path("velma-sync.yaml").read_text().splitlines() if "start_at:" in row]
    section = PORTAL.format(start_at=line.split(": ")[1], hubspot_url=org.addresses.hubspot_url)
    edit("velma-sync.yaml", "recordings:\n", section)
    return org


@pytest.fixture
def provisioned(both: Rehearsal) -> Rehearsal:
    """Both have the fields that their mappings fill."""
    provision()
    return both


def provision() -> None:
    """Create what the mappings of all connections lack."""
    with opened(None) as workspace:
        for connection in workspace.configuration.connections:
            connector = workspace.connector(connection.name)
            steps = connector.plan_fields(wanted_fields(connection.mapping))
            results = connector.create_fields(steps)
            assert all(result.ok for result in results), [result.reason for result in results]


def documents(velma_sync: Command, *arguments: str) -> dict[str, dict[str, Any]]:
    """What `--json` says, by connection."""
    found: list[dict[str, Any]] = json.loads(velma_sync("reports", *arguments, "--json").out)
    return {each["connection"]: each for each in found}


def changes(document: dict[str, Any]) -> set[str]:
    return {result["change"] for result in document["results"]}


def test_each_question_shows_its_query_and_its_clicks(
    provisioned: Rehearsal, velma_sync: Command, golden: Callable[[str], str]
) -> None:
    outcome = velma_sync("reports")
    assert outcome.out == golden("reports.txt")
    assert outcome.code == ExitCode.FINE


def test_two_crms_with_the_mappings_to_begin_with_take_three_screens(
    both: Rehearsal, velma_sync: Command, golden: Callable[[str], str]
) -> None:
    for name, kind in (("mapping.yaml", "salesforce"), ("portal.yaml", "hubspot")):
        Path(name).write_text((CONNECTORS / kind / "mapping.yaml").read_text())
    provision()
    outcome = velma_sync("reports")
    assert outcome.out == golden("reports_default.txt")
    assert len(outcome.out.splitlines()) < 130


def test_a_field_that_is_missing_is_told_per_question_with_the_remedy(
    org: Rehearsal, velma_sync: Command, golden: Callable[[str], str]
) -> None:
    outcome = velma_sync("reports")
    assert outcome.out == golden("reports_unprovisioned.txt")
    assert outcome.code == ExitCode.ATTENTION


def test_the_answers_are_those_of_the_crms(
    provisioned: Rehearsal, velma_sync: Command, golden: Callable[[str], str]
) -> None:
    velma_sync("once")
    before = provisioned.usage()["velma"]
    outcome = velma_sync("reports", "--run")
    assert outcome.out == golden("reports_run.txt")
    assert outcome.code == ExitCode.FINE
    assert provisioned.usage()["velma"] == before


def test_applied_kept_and_removed_again(
    provisioned: Rehearsal, velma_sync: Command, golden: Callable[[str], str]
) -> None:
    provisioned.portal.switches.segments_of_activities = True
    outcome = velma_sync("reports", "--apply")
    assert outcome.out == golden("reports_apply.txt")
    assert outcome.code == ExitCode.FINE
    again = documents(velma_sync, "--apply")
    assert {name: changes(each) for name, each in again.items()} == {"demo": {"kept"}, "portal": {"kept"}}
    removed = velma_sync("reports", "--remove")
    assert removed.out == golden("reports_remove.txt")
    assert removed.code == ExitCode.FINE
    assert velma_sync("reports", "--remove").out.count("Nothing to do.") == 2
    assert provisioned.portal.segments.living() == []
    assert provisioned.org.rows("Folder") == []


def test_showing_and_asking_change_nothing(provisioned: Rehearsal, velma_sync: Command) -> None:
    velma_sync("reports")
    velma_sync("reports", "--run")
    assert provisioned.portal.segments.all == {}
    assert provisioned.org.rows("Report") == provisioned.org.rows("Folder") == []


def test_what_the_api_cannot_make_is_told_and_needs_attention(
    provisioned: Rehearsal, velma_sync: Command
) -> None:
    outcome = velma_sync("reports", "--apply")
    assert outcome.code == ExitCode.ATTENTION
    refused = [line for line in outcome.out.splitlines() if line.startswith(ReportChange.CANNOT)]
    assert len(refused) == 2
    assert all("Calls" in line for line in refused)
    assert "save a view instead" in refused[0]
    assert refused[1].endswith("for the same reason"), "a long reason is told once"


def test_json_holds_the_questions_by_their_lasting_keys(provisioned: Rehearsal, velma_sync: Command) -> None:
    for document in documents(velma_sync).values():
        assert {guide["filter"]["key"] for guide in document["guides"]} == QUESTIONS
        assert all(guide["query"] and guide["clicks"] for guide in document["guides"])
    asked = documents(velma_sync, "--run")["portal"]["answers"]
    assert {each["guide"]["filter"]["key"]: each["answer"]["found"] for each in asked} == dict.fromkeys(
        QUESTIONS, 0
    )


def test_a_crm_that_is_out_of_reach_keeps_the_other_from_nothing(
    provisioned: Rehearsal, velma_sync: Command
) -> None:
    provisioned.portal.revoke_token(provisioned.addresses.access_token)
    outcome = velma_sync("reports")
    assert "portal: left out. HubSpot " in outcome.out
    assert "demo (Salesforce)\n\nCalls without a confirmed next step\n  SELECT Id" in outcome.out
    assert outcome.code == ExitCode.REFUSED


def test_a_lost_answer_is_told_and_repeating_mends_it(provisioned: Rehearsal, velma_sync: Command) -> None:
    provisioned.faults["salesforce"].add(Fault("POST .*/analytics/reports", cut="after"))
    outcome = velma_sync("reports", "--apply")
    assert "demo: left out. " in outcome.out
    assert "Repeat the command; what exists is kept." in outcome.out
    assert outcome.code == ExitCode.REFUSED
    assert changes(documents(velma_sync, "--apply")["demo"]) == {"kept", "created"}


def test_a_mapping_without_such_fields_says_so(org: Rehearsal, velma_sync: Command) -> None:
    Path("mapping.yaml").write_text("version: 1\nrules:\n  - {value: status, on: call, field: S__c}\n")
    outcome = velma_sync("reports")
    assert "fills no field that answers a question of the playbook" in outcome.out
    assert outcome.code == ExitCode.FINE


@pytest.mark.parametrize("flags", [("--run", "--apply"), ("--apply", "--remove"), ("--run", "--remove")])
def test_one_thing_is_done_at_a_time(org: Rehearsal, velma_sync: Command, flags: tuple[str, str]) -> None:
    outcome = velma_sync("reports", *flags)
    assert outcome.code == ExitCode.CONFIGURATION
    assert "Use one of --run, --apply and --remove at a time." in outcome.err
    assert org.org.rows("Report") == []


def test_a_kind_without_reports_says_so_and_the_others_go_on(
    provisioned: Rehearsal, velma_sync: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from velma_sync.workspace import Workspace

    known = Workspace.administration
    monkeypatch.setattr(
        Workspace, "administration", lambda self, name: None if name == "demo" else known(self, name)
    )
    outcome = velma_sync("reports")
    assert outcome.out.startswith(
        "demo: left out. Salesforce connections have no reports that velma-sync knows of.\n"
    )
    assert "portal (HubSpot)\n\nCalls without" in outcome.out
    assert outcome.code == ExitCode.FINE
