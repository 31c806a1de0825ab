"""An org that is saved and served again is the same org."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.sandbox.salesforce import ConnectedApp, OrgSwitches, SalesforceOrg
from velma_connectors.sandbox.salesforce.ids import IdSource, canonical_id

from .conftest import START, Clock, Door


def test_everything_but_hooks_and_sessions_outlives_a_restart(
    org: SalesforceOrg, door: Door, task: str, tmp_path: Path, clock: Clock
) -> None:
    org.switches = OrgSwitches(deleted_status=400)
    value_set = {"valueSetDefinition": {"value": [{"fullName": "a", "label": "A"}]}, "restricted": True}
    picklist = {"label": "Step", "type": "Picklist", "valueSet": value_set}
    org.add_custom_field("Activity", "Step__c", picklist, level="read")
    org.add_record_types("Opportunity", {"Renewal": "Renewals"})
    org.set_object_access("Lead", "hidden", door.user_id)
    org.set_permission(door.user_id, "CustomizeApplication", False)
    version = org.attach_file(task, b"\x00sound", "Call", "ogg")
    deleted = org.insert("Task", {"Subject": "Deleted"})
    org.remove(deleted)
    path = tmp_path / "org.json"
    org.save(path)

    again = SalesforceOrg.load(path, clock=clock)
    assert again.records.snapshot() == org.records.snapshot()
    assert (again.id, again.switches, again.apps) == (org.id, org.switches, org.apps)
    assert again.schema.fields("Task") == org.schema.fields("Task")
    assert again.schema.fields("Opportunity") == org.schema.fields("Opportunity")
    assert again.files.contents == {version: b"\x00sound"}
    assert (again.access.objects, again.access.fields) == (org.access.objects, org.access.fields)
    assert again.access.permissions == org.access.permissions
    assert again.insert("Task", {"Subject": "Next"}) == org.insert("Task", {"Subject": "Next"})
    assert [each.name for each in tmp_path.iterdir()] == ["org.json"]


def test_a_file_that_is_no_saved_org_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "org.json"
    path.write_text(json.dumps({"format": 0}))
    with pytest.raises(ValueError, match="no saved org of format"):
        SalesforceOrg.load(path)


def test_seeds_carry_their_author_and_time(org: SalesforceOrg) -> None:
    rep = org.add_user("rep@acme.example", "Ines", "Calder", permissions=())
    at = START - timedelta(days=3)
    account = org.insert("Account", {"Name": "A"}, as_user=rep, at=at)
    org.update(account, {"Name": "B"}, at=at + timedelta(days=1))
    record = org.read(account)
    assert (record["CreatedById"], record["OwnerId"], record["LastModifiedById"]) == (rep, rep, org.admin_id)
    assert record["CreatedDate"] == "2026-02-27T09:00:00.000+0000"
    assert record["SystemModstamp"] == "2026-02-28T09:00:00.000+0000"


def test_seeds_may_set_what_only_the_org_sets(org: SalesforceOrg) -> None:
    stamps = {"CreatedDate": START - timedelta(days=9), "SystemModstamp": START - timedelta(days=2)}
    task = org.read(org.insert("Task", {"Subject": "A", "IsArchived": True, **stamps}))
    assert task["CreatedDate"] == task["LastModifiedDate"] == "2026-02-21T09:00:00.000+0000"
    assert (task["SystemModstamp"], task["IsArchived"]) == ("2026-02-28T09:00:00.000+0000", True)


def test_an_app_never_shows_its_secret() -> None:
    assert "hidden-word" not in repr(ConnectedApp("key", "hidden-word"))


@given(st.integers(0, 10**9))
def test_both_lengths_of_an_id_mean_the_same_record(number: int) -> None:
    made = IdSource({"00T": number}).next("00T")
    assert canonical_id(made) == canonical_id(made[:15]) == made
    swapped = made[:14] + made[14].swapcase() + made[15:]
    assert canonical_id(swapped) in (None, made), "lost case is noticed in the long form"


@given(st.integers(0, 10**6), st.integers(1, 500))
def test_ids_rise_in_the_order_of_creation(number: int, distance: int) -> None:
    earlier, later = (IdSource({"00T": each}).next("00T") for each in (number, number + distance))
    assert earlier[:15] < later[:15]
