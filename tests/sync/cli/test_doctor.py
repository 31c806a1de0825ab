from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from velma_connectors.hubspot.diagnosis import RIGHTS
from velma_connectors.registry import load_kind
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
Golden = Callable[[str], str]
Edit = Callable[[str, str, str], None]
ALWAYS = 10_000


PORTAL = """\
version: 1
connections:
  demo:
    kind: hubspot
    mapping: mapping.yaml
    start_at: 2026-01-01T00:00:00Z
    options:
      base_url: {hubspot_url}
recordings:
  sources:
    - name: sandbox
      hosts: [127.0.0.1]
      ports: [{recordings_port}]
analysis:
  file: analysis.yaml
  velma:
    base_url: {velma_url}
ledger:
  path: ledger.db
secrets_directory: secrets
"""


def here(text: str) -> str:
    """An output without what differs from run to run.

    That is the directory, requests that were counted, and how many of the sandbox's calls, which are told
    at hours of the day, happen to lie in the last 24 hours.
    """
    text = text.replace(f"{Path.cwd()}/", "")
    text = re.sub(r"about [\d,]+ API requests", "about <some> API requests", text)
    text = re.sub(r"[\d,]+ calls? changed in the last day", "<some> calls changed in the last day", text)
    return re.sub(r"has used [\d,]+ of", "has used N of", text)


@pytest.fixture
def portal(room: Rehearsal) -> Rehearsal:
    """The same room, with a configuration for its portal."""
    addresses = room.addresses
    Path("secrets/velma_sync_demo_access_token").write_text(addresses.access_token)
    Path("mapping.yaml").write_text(load_kind("hubspot").default_mapping())
    port = addresses.recordings_url.rpartition(":")[2]
    Path("velma-sync.yaml").write_text(PORTAL.format(recordings_port=port, **asdict(addresses)))
    return room


def test_a_fresh_org_lacks_the_fields(room: Rehearsal, velma_sync: Command, golden: Golden) -> None:
    outcome = velma_sync("doctor")
    assert here(outcome.out) == golden("doctor_salesforce_fresh.txt")
    assert outcome.code == ExitCode.ATTENTION


def test_a_fresh_portal_lacks_the_properties(portal: Rehearsal, velma_sync: Command, golden: Golden) -> None:
    outcome = velma_sync("doctor")
    assert here(outcome.out) == golden("doctor_hubspot_fresh.txt")
    assert outcome.code == ExitCode.ATTENTION


def test_after_provisioning_an_org_is_in_order(room: Rehearsal, velma_sync: Command, golden: Golden) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    outcome = velma_sync("doctor")
    assert here(outcome.out) == golden("doctor_salesforce_ready.txt")
    assert outcome.code == ExitCode.FINE


def test_after_provisioning_a_portal_is_in_order(
    portal: Rehearsal, velma_sync: Command, golden: Golden
) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    outcome = velma_sync("doctor")
    assert here(outcome.out) == golden("doctor_hubspot_ready.txt")
    assert outcome.code == ExitCode.FINE


def spoil_the_files(edit: Edit) -> None:
    """An admin's mistakes, each of which may pass for a valid file."""
    edit("velma-sync.yaml", "hosts: [127.0.0.1]", "hosts: [recordings.example]")
    edit("analysis.yaml", "\nbehaviors:\n", f"\nbehaviors:\n{NEVER_ASKED}")
    (Path("secrets") / "velma_sync_velma_api_key").write_text("wrong")


NEVER_ASKED = """\
  - key: never_asked
    uuid: 3f0c6a52-6c2e-4f7e-9b0a-0d6f1c2b3a44
    name: Never Asked
    short_description: Nobody asks for this.
    detailed_description: The speaker says it properly.
"""


def test_an_org_that_is_broken_in_many_ways_is_told_all_of_them(
    room: Rehearsal, velma_sync: Command, golden: Golden, edit: Edit
) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    spoil_the_files(edit)
    edit("mapping.yaml", "Velma_Reason__c", "Descriptio")
    edit("velma-sync.yaml", "[Call_Recording_URL__c]", "[Call_Recording_Link__c, Call_Recording_URL__c]")
    org = room.org
    (user,) = [row["Id"] for row in org.rows("User") if row["Username"] == room.addresses.username]
    org.set_permission(user, "ViewAllData", False)
    org.set_permission(user, "CustomizeApplication", False)
    org.set_object_access("Opportunity", "read", user)
    for row in org.rows("FieldPermissions"):
        if row["Field"] in ("Task.Velma_Status__c", "Task.Velma_Competitors__c"):
            org.update(row["Id"], {"PermissionsEdit": False})
    org.usage.used_by_others = 110_000
    outcome = velma_sync("doctor")
    assert here(outcome.out) == golden("doctor_salesforce_broken.txt")
    assert outcome.code == ExitCode.REFUSED


def test_a_portal_that_is_broken_in_many_ways_is_told_all_of_them(
    portal: Rehearsal, velma_sync: Command, golden: Golden, edit: Edit
) -> None:
    spoil_the_files(edit)
    scopes = {right.scope for right in RIGHTS} - {"crm.objects.deals.write", "crm.schemas.notes.write"}
    portal.portal.add_token(portal.addresses.access_token, scopes)
    portal.portal.switches.custom_property_limit = 12
    portal.portal.add_property(
        "calls",
        {"name": "velma_status", "label": "S", "type": "number", "fieldType": "number", "groupName": "call"},
    )
    outcome = velma_sync("doctor")
    assert here(outcome.out) == golden("doctor_hubspot_broken.txt")
    assert outcome.code == ExitCode.REFUSED


def test_mistakes_stand_beside_everything_that_does_not_rest_on_them(
    room: Rehearsal, velma_sync: Command, golden: Golden, edit: Edit
) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    edit("mapping.yaml", "deal: only_open", "deal: only_opened")
    edit("analysis.yaml", "conversation_type: negotiation", "conversation_kind: negotiation")
    edit("velma-sync.yaml", "connections:\n", SECOND)
    Path("second.yaml").write_text("version: 1\nrules: [\n")
    outcome = velma_sync("doctor")
    assert here(outcome.out) == golden("doctor_mistakes.txt")
    assert outcome.err == ""
    assert outcome.code == ExitCode.CONFIGURATION


SECOND = """\
connections:
  second:
    kind: salesforce
    mapping: second.yaml
    options: {login_url: http://127.0.0.1:9, consumer_key: key}
"""


def test_checking_pays_for_nothing_and_opens_no_ledger(room: Rehearsal, velma_sync: Command) -> None:
    velma_sync("doctor")
    usage = room.usage()["velma"]
    assert usage["presets_requests"] == 1
    assert usage["billed"] == 0
    assert not Path("ledger.db").exists()


def test_a_field_of_the_wrong_type_is_found_before_a_call_is_paid_for(
    room: Rehearsal, velma_sync: Command, edit: Edit
) -> None:
    velma_sync("provision", "--apply", "--yes")
    edit("mapping.yaml", "Velma_Avg_Sentiment__c", "Velma_Reason__c")
    outcome = velma_sync("doctor")
    assert outcome.code in (ExitCode.ATTENTION, ExitCode.CONFIGURATION)
    assert "Velma_Reason__c" in outcome.out + outcome.err


def test_a_preset_the_account_does_not_have_is_found(
    room: Rehearsal, velma_sync: Command, edit: Edit
) -> None:
    velma_sync("provision", "--apply", "--yes")
    preset = "  - {key: budget, name: Budget, preset: no_such_preset}\n"
    edit("analysis.yaml", "\nbehaviors:\n", f"\nbehaviors:\n{preset}")
    edit("analysis.yaml", "\n      - rapport_building\n", "\n      - rapport_building\n      - budget\n")
    outcome = velma_sync("doctor")
    assert outcome.code == ExitCode.ATTENTION
    assert "is not in the account's catalogue; every request would be refused." in outcome.out


def test_a_field_that_cannot_be_created_keeps_its_likely_name(
    room: Rehearsal, velma_sync: Command, edit: Edit
) -> None:
    velma_sync("provision", "--apply", "--yes")
    edit("mapping.yaml", "Velma_Reason__c", "Descriptio")
    outcome = velma_sync("doctor")
    assert outcome.code == ExitCode.ATTENTION
    assert "Descriptio: the field does not exist" in outcome.out
    assert "Did you mean 'Description'?" in outcome.out


@pytest.mark.parametrize(
    ("secret", "mark"),
    [
        ("velma_sync_demo_consumer_secret", "refused  demo"),
        ("velma_sync_velma_api_key", "refused  velma-2"),
    ],
)
def test_a_refused_credential_does_not_hide_the_rest(
    room: Rehearsal, velma_sync: Command, secret: str, mark: str
) -> None:
    (Path("secrets") / secret).write_text("wrong")
    outcome = velma_sync("doctor")
    assert outcome.code == ExitCode.REFUSED
    assert mark in outcome.out
    others = [line for line in outcome.out.splitlines() if not line.startswith("refused")]
    assert len(others) >= 2


def test_systems_that_cannot_be_reached_are_told_one_by_one(room: Rehearsal, velma_sync: Command) -> None:
    room.close()
    outcome = velma_sync("doctor")
    assert outcome.code == ExitCode.REFUSED
    *facts, _, tally = outcome.out.splitlines()
    assert tally.startswith("2 refused, ")
    assert [line.split()[:2] for line in facts] == [
        ["ok", "velma-sync.yaml"],
        ["ok", "ledger"],
        ["ok", "recordings"],
        ["ok", "disk"],
        ["refused", "demo"],
        ["refused", "velma-2"],
        ["ok", "analysis"],
    ]


def test_facts_come_as_json_too(room: Rehearsal, velma_sync: Command) -> None:
    facts = json.loads(velma_sync("doctor", "--json").out)["facts"]
    assert facts[0]["mark"] == "ok"
    assert facts[0]["about"] == "velma-sync.yaml"


def test_a_wrong_configuration_reaches_no_system(room: Rehearsal, velma_sync: Command, edit: Edit) -> None:
    edit("velma-sync.yaml", "version: 1", "version: one")
    for arguments in (
        ("provision", "--apply", "--yes"),
        ("once",),
        ("run",),
        ("preview", "demo:Task:1"),
    ):
        before = room.usage()
        outcome = velma_sync(*arguments)
        assert outcome.code == ExitCode.CONFIGURATION
        assert outcome.err == "velma-sync.yaml:2:10: 'version' should be 1.\n"
        assert room.usage() == before
    assert not Path("ledger.db").exists()


def test_the_configuration_can_be_named(
    room: Rehearsal, velma_sync: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path.cwd()
    monkeypatch.chdir("/")
    missing = velma_sync("doctor")
    assert missing.code == ExitCode.CONFIGURATION
    assert missing.err == (
        "velma-sync.yaml: there is no such file. "
        "Begin with velma-sync init, or name another with --config or VELMA_SYNC_CONFIG.\n"
    )
    assert velma_sync("doctor", "--config", str(here / "velma-sync.yaml")).code == ExitCode.ATTENTION
    monkeypatch.setenv("VELMA_SYNC_CONFIG", str(here / "velma-sync.yaml"))
    assert velma_sync("doctor").code == ExitCode.ATTENTION


@pytest.fixture
def ticking(room: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    """Both CRMs of the room live a second from one look at their clock to the next."""
    seconds = count()
    start = datetime.now(UTC)

    def clock() -> datetime:
        return start + timedelta(seconds=next(seconds))

    room.org.clock = room.portal.clock = clock
    for crm in ("salesforce", "hubspot"):
        monkeypatch.setattr(f"velma_connectors.{crm}.probing.PAUSE_SECONDS", 0)
    return room


def test_a_probe_is_kept_and_told_by_later_runs(
    ticking: Rehearsal, velma_sync: Command, golden: Golden
) -> None:
    outcome = velma_sync("doctor", "--probe", "--yes")
    assert outcome.err == "Test records will be made in demo and removed again.\n"
    answers = [line for line in outcome.out.splitlines() if "(Probed" in line]
    assert "\n".join(answers) + "\n" == golden("doctor_salesforce_probed.txt")
    assert [line for line in velma_sync("doctor").out.splitlines() if "(Probed" in line] == answers
    left = [row["Subject"] for row in ticking.org.rows("Task") if not row["IsDeleted"]]
    assert not any("probe" in subject for subject in left)


def test_a_portal_is_probed_as_well(
    ticking: Rehearsal, portal: Rehearsal, velma_sync: Command, golden: Golden
) -> None:
    outcome = velma_sync("doctor", "--probe", typed="y\n")
    answers = [line for line in outcome.out.splitlines() if "(Probed" in line]
    assert "\n".join(answers) + "\n" == golden("doctor_hubspot_probed.txt")
    calls = [row for row in portal.portal.rows("calls") if not row["archived"]]
    assert not any("probe" in str(row["properties"]["hs_call_title"]) for row in calls)


@pytest.mark.parametrize("typed", ["", "n\n"])
def test_nothing_is_probed_without_consent(room: Rehearsal, velma_sync: Command, typed: str) -> None:
    before = room.usage()
    outcome = velma_sync("doctor", "--probe", typed=typed)
    assert outcome.code == ExitCode.ATTENTION
    assert outcome.err.endswith("Nothing was probed. To probe without being asked, add --yes.\n")
    assert room.usage() == before
    assert not Path("ledger.db").exists()


def test_a_probe_without_a_connection_that_can_be_probed_says_so(
    room: Rehearsal, velma_sync: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("velma_sync.doctor.probing.probed_connections", lambda _workspace: ())
    outcome = velma_sync("doctor", "--probe", "--yes")
    assert outcome.code == ExitCode.CONFIGURATION
    assert outcome.err == ("--probe: finds no connection whose kind of CRM can be probed. Leave it out.\n")


def test_consent_without_a_probe_is_a_mistake(room: Rehearsal, velma_sync: Command) -> None:
    outcome = velma_sync("doctor", "--yes")
    assert outcome.code == ExitCode.CONFIGURATION
    assert "--yes goes with --probe" in outcome.err


def test_a_probe_of_a_crm_that_is_away_is_told_beside_everything_else(
    room: Rehearsal, velma_sync: Command
) -> None:
    (Path("secrets") / "velma_sync_demo_consumer_secret").write_text("wrong")
    outcome = velma_sync("doctor", "--probe", "--yes")
    assert outcome.code == ExitCode.REFUSED
    assert "ok       velma-2" in outcome.out


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("GET .*/sobjects/Task/describe", "<html>", "Task could not be looked at."),
        ("GET .*/limits|GET .*/query", "[]", "with something else than rows."),
    ],
)
def test_an_org_that_answers_one_question_badly_is_asked_the_others(
    room: Rehearsal, velma_sync: Command, path: str, body: str, named: str
) -> None:
    answer = Response(body, content_type="text/html" if body == "<html>" else "application/json")
    room.faults["salesforce"].add(Fault(path, times=ALWAYS, answer=answer))
    outcome = velma_sync("doctor", "--json")
    assert outcome.code == ExitCode.REFUSED
    facts = [fact for fact in json.loads(outcome.out)["facts"] if fact["about"] == "demo"]
    assert any(named in fact["sentence"] for fact in facts if fact["mark"] == "refused")
    assert {"rights", "version", "requests", "clock"} <= {
        fact["topic"] for fact in facts if fact["mark"] == "ok"
    } | ({"rights"} if body == "[]" else set())
    assert not any("a fault in velma-sync" in fact["sentence"] for fact in facts)


def test_a_portal_that_answers_one_question_badly_is_asked_the_others(
    portal: Rehearsal, velma_sync: Command
) -> None:
    answer = Response("", status=500)
    portal.faults["hubspot"].add(Fault("GET .*/objects/.*calls", times=ALWAYS, answer=answer))
    outcome = velma_sync("doctor", "--json")
    assert outcome.code == ExitCode.REFUSED
    facts = [fact for fact in json.loads(outcome.out)["facts"] if fact["about"] == "demo"]
    refused = [fact["sentence"] for fact in facts if fact["mark"] == "refused"]
    assert any(each.startswith("The scope crm.objects.contacts.read could not be") for each in refused)
    in_order = {fact["topic"] for fact in facts if fact["mark"] == "ok"}
    assert {"rights", "limits", "version", "requests", "clock"} <= in_order
    assert "crm.objects.deals.read" in str([fact for fact in facts if fact["mark"] == "ok"])


def test_a_daemon_that_worked_is_told(room: Rehearsal, velma_sync: Command) -> None:
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    velma_sync("once")
    out = velma_sync("doctor").out
    assert re.search(r"^ok +ledger +has schema \d{4} and \d+\.\d MB\.$", out, re.MULTILINE)
    assert "'discover' last succeeded at" in out
