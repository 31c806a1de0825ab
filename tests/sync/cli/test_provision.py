"""`velma-sync provision`: the plan that is shown is what is done, kept, refused, or written as files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from velma_connectors.administration import ExportedFile
from velma_connectors.registry import load_kind
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode
from velma_sync.config.load import Configuration, load_configuration
from velma_sync.provisioning import export_fields
from velma_sync.workspace import Workspace

Command = Callable[..., Any]
Golden = Callable[[str], str]
Edit = Callable[[str, str, str], None]

PORTAL = """\
version: 1
connections:
  demo:
    kind: hubspot
    mapping: mapping.yaml
    start_at: {start_at}
    options:
      base_url: {url}
analysis:
  file: analysis.yaml
  velma:
    base_url: {velma_url}
ledger:
  path: ledger.db
secrets_directory: secrets
"""
STATUS = {"salesforce": "Velma_Status__c", "hubspot": "velma_status"}
COMPETITORS = {"salesforce": "Velma_Competitors__c", "hubspot": "velma_competitors"}
DEALS = {"salesforce": "Opportunity", "hubspot": "deals"}


@pytest.fixture(params=["salesforce", "hubspot"])
def crm(request: pytest.FixtureRequest, room: Rehearsal) -> str:
    """The connection `demo` is one to this kind of CRM."""
    kind: str = request.param
    if kind == "hubspot":
        # Several commands within seconds: what a portal with raised limits allows without waiting.
        room.portal.switches.burst_limit = 250
        Path("mapping.yaml").write_text(load_kind(kind).default_mapping())
        Path("secrets/velma_sync_demo_access_token").write_text(room.addresses.access_token)
        text = PORTAL.format(
            start_at=(datetime.now(UTC) - timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            url=room.addresses.hubspot_url,
            velma_url=room.addresses.velma_url,
        )
        Path("velma-sync.yaml").write_text(text)
    return kind


def make_field(room: Rehearsal, crm: str, name: str, kind: str, *options: str) -> None:
    """The admin makes a field on deals: `text` or `list`."""
    if crm == "hubspot":
        form = {"text": ("string", "text"), "list": ("enumeration", "checkbox")}[kind]
        named = [{"label": each, "value": each, "displayOrder": n} for n, each in enumerate(options)]
        document = {"name": name, "label": "By hand", "type": form[0], "fieldType": form[1]}
        room.portal.add_property("deals", {**document, **({"options": named} if options else {})})
        return
    values = [{"fullName": each, "label": each, "default": False} for each in options]
    metadata: dict[str, Any] = {"label": "By hand", "type": "Text", "length": 80}
    if kind == "list":
        value_set = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}
        metadata = {
            "label": "By hand",
            "type": "MultiselectPicklist",
            "visibleLines": 4,
            "valueSet": value_set,
        }
    room.org.add_custom_field("Opportunity", name, metadata)


def fields_made(room: Rehearsal, crm: str) -> set[str]:
    """Our fields on deals, as the CRM holds them."""
    if crm == "hubspot":
        return {
            each.name
            for each in room.portal.properties.of("deals", archived=False)
            if each.name.startswith("velma_")
        }
    rows = room.org.rows("CustomField")
    return {row["FullName"] for row in rows if row["FullName"].startswith("Opportunity.Velma_")}


def test_the_plan_of_a_fresh_account(room: Rehearsal, crm: str, velma_sync: Command, golden: Golden) -> None:
    outcome = velma_sync("provision")
    assert outcome.out == golden(f"provision_fresh_{crm}.txt")
    assert outcome.code == ExitCode.FINE
    assert velma_sync("provision").out == outcome.out
    assert not fields_made(room, crm), "a plan changes nothing"


def test_what_was_done_is_not_done_again(
    room: Rehearsal, crm: str, velma_sync: Command, golden: Golden
) -> None:
    plan = velma_sync("provision").out
    applied = velma_sync("provision", "--apply", "--yes")
    assert applied.code == ExitCode.FINE
    shown, _, done = applied.out.rpartition(".\ndemo: ")
    assert plan.startswith(shown)
    assert done == golden(f"provision_done_{crm}.txt").removeprefix("demo: ")
    ready = velma_sync("provision")
    assert ready.out == golden(f"provision_ready_{crm}.txt")
    assert ready.code == ExitCode.FINE
    again = velma_sync("provision", "--apply")
    assert (again.code, again.err) == (ExitCode.FINE, "")
    assert again.out.endswith("demo: nothing to do.\n")


def test_nobody_who_says_no_or_is_not_there_changes_anything(
    room: Rehearsal, crm: str, velma_sync: Command
) -> None:
    for typed in ("n\n", "", "perhaps\n"):
        outcome = velma_sync("provision", "--apply", typed=typed)
        assert outcome.code == ExitCode.ATTENTION
        assert outcome.err.endswith("Nothing was changed. To go on without being asked, add --yes.\n")
        assert not fields_made(room, crm)
    assert velma_sync("provision", "--apply", typed="y\n").code == ExitCode.FINE
    assert fields_made(room, crm)


def test_what_cannot_be_done_and_what_is_kept_is_told(
    room: Rehearsal, crm: str, velma_sync: Command, golden: Golden
) -> None:
    velma_sync("provision", "--apply", "--yes")
    made = {
        "salesforce": ("Hand_Made__c", "Rivals__c", "Velma_Rival__c"),
        "hubspot": ("hand_made", "rivals", "velma_rival"),
    }[crm]
    make_field(room, crm, made[0], "text")
    make_field(room, crm, made[1], "list", "Zeta", "Bluestile")
    new = f"""rules:
  - {{value: sentiment.lowest_topic, on: deal, field: {made[0]}}}
  - {{value: positive_signals, on: deal, field: No such name}}
  - {{value: competitor_status, on: lead, field: {made[2]}}}
"""
    rules = Path("mapping.yaml").read_text().replace("rules:\n", new, 1)
    rules = rules.replace("name: Tallyforge", "name: Pennvale", 1)
    deal = f"- {{value: competitors, on: deal, field: {COMPETITORS[crm]}"
    Path("mapping.yaml").write_text(rules.replace(deal, deal.replace(COMPETITORS[crm], made[1])))
    outcome = velma_sync("provision")
    assert outcome.out == golden(f"provision_impossible_{crm}.txt")
    assert outcome.code == ExitCode.ATTENTION
    applied = velma_sync("provision", "--apply", "--yes")
    assert applied.code == ExitCode.ATTENTION
    again = velma_sync("provision").out
    assert "+ 0 to create, ~ 0 to change" in again
    assert "no longer written, or your own, and kept: Tallyforge" in again
    assert "no longer written, or your own, and kept: Zeta" in again
    assert velma_sync("provision").out.endswith("Nothing can be done until what is marked ! is fixed.\n")


def test_the_options_of_the_admin_keep_their_place(room: Rehearsal, crm: str, velma_sync: Command) -> None:
    make_field(room, crm, COMPETITORS[crm], "list", "Zeta", "quorvane", "Alpha")
    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    expected = ["Zeta", "quorvane", "Alpha", "Acme Platform", "Bluestile", "Tallyforge"]
    if crm == "hubspot":
        (held,) = (
            each
            for each in room.portal.properties.of("deals", archived=False)
            if each.name == COMPETITORS[crm]
        )
        options = sorted(held.options, key=lambda option: option.display_order)
        assert [option.value for option in options] == expected
        return
    (row,) = (
        row for row in room.org.rows("CustomField") if row["FullName"] == f"Opportunity.{COMPETITORS[crm]}"
    )
    values = row["Metadata"]["valueSet"]["valueSetDefinition"]["value"]
    assert [each["fullName"] for each in values] == expected


def test_a_kept_plan_is_done_as_it_was_kept(room: Rehearsal, crm: str, velma_sync: Command) -> None:
    kept = velma_sync("provision", "--out", "plan.json")
    assert kept.out.endswith("to do it: velma-sync provision --apply --plan plan.json\n")
    shown = velma_sync("provision", "--plan", "plan.json")
    assert shown.out == kept.out
    assert not fields_made(room, crm)
    assert velma_sync("provision", "--apply", "--plan", "plan.json", "--yes").code == ExitCode.FINE
    assert fields_made(room, crm)
    done = velma_sync("provision", "--apply", "--plan", "plan.json", "--yes")
    assert done.code == ExitCode.CONFIGURATION
    assert "have changed since this plan was made" in done.err


def refused(velma_sync: Command) -> str:
    outcome = velma_sync("provision", "--apply", "--plan", "plan.json", "--yes")
    assert outcome.code == ExitCode.CONFIGURATION
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, "one sentence"
    error: str = outcome.err
    when = json.loads(Path("plan.json").read_text())["made_at"]
    return error.replace(f"{datetime.fromisoformat(when):%Y-%m-%d %H:%M}Z", "TIME")


def test_a_plan_older_than_the_schema_is_refused(
    room: Rehearsal, crm: str, velma_sync: Command, golden: Golden
) -> None:
    velma_sync("provision", "--out", "plan.json")
    make_field(room, crm, STATUS[crm], "text")
    before = fields_made(room, crm)
    assert refused(velma_sync) == golden(f"provision_stale_{crm}.txt")
    assert fields_made(room, crm) == before
    velma_sync("provision", "--out", "plan.json")
    assert velma_sync("provision", "--plan", "plan.json").code == ExitCode.ATTENTION


def test_a_plan_of_another_configuration_is_refused(
    room: Rehearsal, crm: str, velma_sync: Command, edit: Edit
) -> None:
    velma_sync("provision", "--out", "plan.json")
    edit("mapping.yaml", "name: Tallyforge", "name: Pennvale")
    assert "the mapping file of demo has changed since this plan was made (TIME)" in refused(velma_sync)
    edit("mapping.yaml", "name: Pennvale", "name: Tallyforge")
    assert velma_sync("provision", "--plan", "plan.json").code == ExitCode.FINE
    edit("velma-sync.yaml", "    options:\n", "    options:\n      deal_candidates: false\n")
    assert "the settings of demo have changed since" in refused(velma_sync)
    edit("velma-sync.yaml", "  demo:\n", "  other:\n")
    secrets = Path("secrets")
    for secret in list(secrets.iterdir()):
        (secrets / secret.name.replace("demo", "other")).write_text(secret.read_text())
    assert "the configuration had the connections demo, not other, when" in refused(velma_sync)
    assert not fields_made(room, crm)


def test_a_plan_of_another_account_or_that_was_edited_is_refused(
    room: Rehearsal, crm: str, velma_sync: Command, edit: Edit
) -> None:
    velma_sync("provision", "--out", "plan.json")
    before = Path("plan.json").read_text()
    document = json.loads(before)
    document["plans"][0]["basis"]["account_id"] = "another"
    Path("plan.json").write_text(json.dumps(document))
    assert "demo was another account when this plan was made" in refused(velma_sync)
    Path("plan.json").write_text(before.replace("State of the call", "Condition of the call"))
    assert "demo needs other steps now than when this plan was made" in refused(velma_sync)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": 2}', "\x00"])
def test_what_is_no_plan_is_neither_done_nor_overwritten(
    room: Rehearsal, velma_sync: Command, text: str
) -> None:
    Path("plan.json").write_text(text)
    outcome = velma_sync("provision", "--apply", "--plan", "plan.json", "--yes")
    assert outcome.code == ExitCode.CONFIGURATION
    assert outcome.err.startswith("plan.json: is no plan that this version of velma-sync has kept.")
    kept = velma_sync("provision", "--out", "plan.json")
    assert kept.code == ExitCode.CONFIGURATION
    assert kept.err == "plan.json: is no plan, and is not overwritten. Name another file.\n"
    assert Path("plan.json").read_text() == text
    assert not Path("plan.json.partial").exists()


def test_a_plan_that_is_not_there_or_cannot_be_kept_is_told(room: Rehearsal, velma_sync: Command) -> None:
    missing = velma_sync("provision", "--plan", "none.json")
    assert missing.err == "none.json: cannot be read: No such file or directory.\n"
    lost = velma_sync("provision", "--out", "none/plan.json")
    assert lost.err == "none/plan.json: cannot be written: No such file or directory.\n"
    assert {missing.code, lost.code} == {ExitCode.CONFIGURATION}


def test_plans_and_results_come_as_json_with_their_help_texts(
    room: Rehearsal, crm: str, velma_sync: Command
) -> None:
    (plan,) = json.loads(velma_sync("provision", "--json").out)
    assert {step["action"] for step in plan["steps"]} == {"create"}
    assert plan["steps"][0]["spec"]["help"].startswith("State of the call's analysis.")
    applied = velma_sync("provision", "--apply", "--yes", "--json")
    (result,) = json.loads(applied.out)
    assert all(each["ok"] for each in result["results"])
    assert "+ Velma_Status__c" in applied.err or "+ velma_status" in applied.err


def test_a_field_that_the_crm_refuses_is_told_with_its_reason(room: Rehearsal, velma_sync: Command) -> None:
    answer = '[{"errorCode":"LIMIT_EXCEEDED","message":"no","fields":[]}]'
    refusal = Response(answer, status=400, mimetype="application/json")
    room.faults["salesforce"].add(Fault("POST .*/tooling/sobjects/CustomField", answer=refusal))
    outcome = velma_sync("provision", "--apply", "--yes")
    assert outcome.code == ExitCode.ATTENTION
    assert "failed  Task.Velma_Status__c  " in outcome.out
    assert outcome.out.endswith("demo: 40 created, 0 changed, 1 failed.\n")


def test_the_fields_are_written_as_files_without_asking_the_crm(
    room: Rehearsal, crm: str, velma_sync: Command
) -> None:
    before = room.usage()
    outcome = velma_sync("provision", "--export", "fields")
    assert outcome.code == ExitCode.FINE
    assert outcome.out.startswith("demo: ")
    assert outcome.out.endswith(" files. Read first: fields/demo/README.md\n")
    assert room.usage() == before
    there = {str(path.relative_to("fields")) for path in Path("fields").rglob("*") if path.is_file()}
    expected = {
        "salesforce": {
            "demo/sfdx-project.json",
            "demo/force-app/main/default/objects/Activity/fields/Velma_Status__c.field-meta.xml",
            "demo/force-app/main/default/objects/Opportunity/fields/Velma_Last_Call_At__c.field-meta.xml",
            "demo/force-app/main/default/permissionsets/Velma_Sync.permissionset-meta.xml",
        },
        "hubspot": {"demo/group.json", "demo/calls.json", "demo/deals.json", "demo/notes.json"},
    }
    assert there >= expected[crm]
    Path("again").mkdir()
    told = json.loads(velma_sync("provision", "--export", "again", "--json").out)
    assert set(told["files"]["demo"]) == there


def test_files_are_never_written_over_others(room: Rehearsal, velma_sync: Command) -> None:
    mine = Path("fields/mine.txt")
    mine.parent.mkdir()
    mine.write_text("mine")
    outcome = velma_sync("provision", "--export", "fields")
    assert outcome.code == ExitCode.CONFIGURATION
    assert outcome.err == (
        "fields: holds files, and none is overwritten. Name a new or an empty directory.\n"
    )
    assert [path.name for path in Path("fields").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("act", "good"), [("write_text", 5), ("rename", 0)])
@pytest.mark.parametrize("is_there", [False, True])
def test_files_are_written_all_or_none(
    room: Rehearsal,
    velma_sync: Command,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    good: int,
    is_there: bool,
) -> None:
    done, acted = getattr(Path, act), []

    def full_disk(path: Path, *args: Any, **more: Any) -> Any:
        acted.append(path)
        if len(acted) > good:
            raise OSError(28, "No space left on device")
        return done(path, *args, **more)

    if is_there:
        Path("fields").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(Path, act, full_disk)
        outcome = velma_sync("provision", "--export", "fields")
    assert outcome.code == ExitCode.CONFIGURATION
    assert outcome.err == "fields: cannot be written: No space left on device. Name another directory.\n"
    assert len(acted) == good + 1
    assert Path("fields").exists() is is_there
    assert not list(Path("fields").glob("*"))


def changed(administer: Any) -> Configuration:
    """The configuration, its kind of CRM with another administration."""
    configuration = load_configuration(Path("velma-sync.yaml"))
    (connection,) = configuration.connections
    kind = replace(connection.kind, administer=administer)
    return replace(configuration, connections=(replace(connection, kind=kind),))


def test_a_kind_of_crm_that_writes_no_files_is_named(room: Rehearsal) -> None:
    with Workspace(changed(None)) as workspace:
        export = export_fields(workspace, Path("fields"))
    assert (export.files, export.without) == ({}, ("demo",))
    assert not Path("fields").exists()


def test_a_file_outside_of_its_directory_is_never_written(room: Rehearsal) -> None:
    class Straying:
        def export_fields(self, _: object) -> list[ExportedFile]:
            return [ExportedFile("inside.txt", ""), ExportedFile("../../outside.txt", "")]

        def close(self) -> None:
            """Holds nothing."""

    straying = changed(lambda *_: Straying())
    with Workspace(straying) as workspace, pytest.raises(ValueError, match=r"\.\./\.\./outside\.txt"):
        export_fields(workspace, Path("fields"))
    assert not Path("fields").exists()
    assert not Path("outside.txt").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--export", "d", "--apply"),
        ("--export", "d", "--plan", "p"),
        ("--export", "d", "--out", "p"),
        ("--out", "p", "--apply"),
        ("--out", "p", "--plan", "p"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    velma_sync: Command, arguments: tuple[str, ...]
) -> None:
    outcome = velma_sync("provision", *arguments)
    assert outcome.code == ExitCode.CONFIGURATION
    assert arguments[0] in outcome.err
