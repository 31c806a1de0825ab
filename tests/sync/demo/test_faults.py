"""What a passing fault of a CRM must not leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.ledger import schema

from .conftest import Room

WRITING = {
    "salesforce": r"PATCH .*/composite/sobjects",
    "hubspot": r"POST .*/objects/[^/]+/calls/batch/update",
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Room]:
    with Rehearsal(tmp_path / "sandbox") as sandbox:
        room = Room(tmp_path, sandbox)
        room.provision()
        yield room


def time_passes(room: Room) -> None:
    """Whatever waits for its next try is due now."""
    with room.opened() as workspace, workspace.ledger.write() as tx:
        tx.run(update(schema.call).values(due_at=LONG_AGO))
        tx.run(update(schema.write_unit).values(due_at=LONG_AGO))
        tx.run(update(schema.connection).values(retry_at=None))


def confirmed_and_ticked(room: Room) -> dict[str, list[bool]]:
    """Of each CRM's calls with a confirmed next step, whether the checkbox is ticked."""
    tasks = room.sandbox.org.rows("Task")
    calls = [row["properties"] for row in room.sandbox.portal.rows("calls")]
    return {
        "salesforce": [
            bool(row["Velma_Action_Plan_Confirmed__c"])
            for row in tasks
            if row.get("Velma_Next_Step__c") == "Confirmed"
        ],
        "hubspot": [
            row.get("velma_action_plan_confirmed") == "true"
            for row in calls
            if row.get("velma_next_step") == "Confirmed"
        ],
    }


@pytest.mark.parametrize("crm", WRITING)
@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_checkbox_is_ticked_though_the_first_answer_was_lost(fresh: Room, crm: str, cut: str) -> None:
    fault = fresh.sandbox.faults[crm].add(Fault(WRITING[crm], cut=cut))
    fresh.run()
    assert fault.reached.is_set(), "nothing was written, so nothing was cut"
    time_passes(fresh)
    fresh.run()
    ticked = confirmed_and_ticked(fresh)[crm]
    assert ticked
    assert all(ticked), "our own intent passed for a person"


def test_the_crm_shows_why_a_call_failed_and_not_why_saying_so_did(fresh: Room) -> None:
    fresh.sandbox.faults["salesforce"].add(Fault(WRITING["salesforce"], cut="before"))
    fresh.run()
    time_passes(fresh)
    fresh.run()
    assert "web page" in str(fresh.show("penwick-2-login-page")["Velma_Reason__c"])


def test_a_deal_made_after_a_call_is_not_what_it_was_about(fresh: Room) -> None:
    org, task = fresh.sandbox.org, fresh.show("dunmere-3-logged-twice")
    for row in org.rows("Opportunity"):
        if row.get("AccountId") == task["AccountId"]:
            org.update(row["Id"], {"StageName": "Closed Won"})
    values = {"Name": "Renewal", "AccountId": task["AccountId"], "StageName": "Discovery"}
    renewal = org.insert("Opportunity", {**values, "CloseDate": "2030-01-01"})
    fresh.run()
    assert fresh.show("dunmere-3-logged-twice")["Velma_Status__c"] == "Analyzed"
    assert org.read(renewal).get("Velma_Status__c") is None, "an old call was written to a new deal"
