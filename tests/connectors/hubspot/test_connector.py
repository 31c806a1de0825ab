"""The whole connector against the emulated portal: each promise of the contract, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from velma_connectors.hubspot.connector import HubSpotConnector
from velma_connectors.hubspot.options import KIND, HubSpotOptions
from velma_connectors.model import (
    Call,
    CallRef,
    FieldKind,
    FieldSpec,
    FieldUpdate,
    NoteUpsert,
    RecordRef,
    SchemaAction,
    Target,
    Window,
    WriteStatus,
)
from velma_connectors.protocol import CrmConnector
from velma_connectors.sandbox.faults import Fault

STATUS = FieldSpec(Target.CALL, "velma_status", "Status", FieldKind.CHOICE, "", choices=("Analyzed", "No"))
LAST = FieldSpec(Target.DEAL, "velma_last_call_at", "Last call", FieldKind.DATETIME, "")


@pytest.fixture
def call(portal: Any) -> str:
    """A recorded call on a deal."""
    recorded = {"hs_call_status": "COMPLETED", "hs_call_recording_url": "https://audio.example/1.mp3"}
    made = str(portal.insert("calls", {**recorded, "hs_call_duration": "60000"}))
    portal.associate("calls", made, "deals", portal.insert("deals", {"dealname": "Rollout"}))
    return made


def walk(connector: CrmConnector, clock: Any) -> list[Call]:
    window = Window(clock.now() - timedelta(days=1), clock.now())
    calls: list[Call] = []
    page = connector.calls(window, None, limit=1_000)
    while True:
        calls += page.calls
        if page.cursor is None:
            return calls
        page = connector.calls(window, page.cursor, limit=1_000)


def provisioned(connector: CrmConnector) -> None:
    steps = connector.plan_fields([STATUS, LAST])
    assert {step.action for step in steps} == {SchemaAction.CREATE}
    assert all(result.ok for result in connector.create_fields(steps))


def test_a_call_is_found_counted_and_looked_at_again(
    connector: CrmConnector, portal: Any, call: str, clock: Any
) -> None:
    (found,) = walk(connector, clock)
    assert found.ref == CallRef("sales", "calls", call)
    assert found.recording
    assert [deal.name for deal in found.deals] == ["Rollout"]
    assert connector.count(Window(clock.now() - timedelta(days=1), clock.now())) == 1
    assert connector.refresh([found.ref]) == [found]
    assert connector.refresh([CallRef("sales", "calls", "404")]) == []


def test_what_is_provisioned_can_be_written_and_read_back(
    connector: CrmConnector, portal: Any, call: str, clock: Any
) -> None:
    provisioned(connector)
    (found,) = walk(connector, clock)
    (deal,) = found.deals
    at = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    updates: list[FieldUpdate | NoteUpsert] = [
        FieldUpdate(found.ref.record, {"velma_status": "Analyzed"}, (found.ref,)),
        NoteUpsert("key", (found.ref.record, deal.ref), "All agreed.", (found.ref,)),
        FieldUpdate(deal.ref, {"velma_last_call_at": at}, (found.ref,)),
    ]
    assert [result.status for result in connector.write(updates)] == [WriteStatus.OK] * 3
    assert connector.current([found.ref.record, deal.ref], ["velma_status", "velma_last_call_at"]) == {
        found.ref.record: {"velma_status": "Analyzed"},
        deal.ref: {"velma_last_call_at": at},
    }
    assert len(portal.associated("deals", deal.ref.id, "notes")) == 1
    assert connector.fields("calls")["velma_status"].choices == ("Analyzed", "No")


def test_our_own_writes_come_back_unchanged_and_cost_no_associations(
    connector: CrmConnector, portal: Any, call: str, clock: Any
) -> None:
    provisioned(connector)
    (before,) = walk(connector, clock)
    clock.advance(60)
    connector.write([FieldUpdate(before.ref.record, {"velma_status": "Analyzed"}, (before.ref,))])
    clock.advance(60)
    asked = portal.usage.snapshot()["requests"]
    (after,) = walk(connector, clock)
    assert after.fingerprint == before.fingerprint
    assert after.changed_at > before.changed_at
    assert after.deals == before.deals
    assert portal.usage.snapshot()["requests"] == asked + 1, "an echo of our own write was read around"


def test_a_check_reads_the_schema_anew(connector: CrmConnector, portal: Any, call: str) -> None:
    record = RecordRef("calls", call)
    assert connector.current([record], ["velma_status"]) == {record: {}}
    portal.add_property("calls", {"name": "velma_status", "type": "string", "fieldType": "text"})
    assert connector.check().problems == ()
    assert connector.current([record], ["velma_status"]) == {record: {"velma_status": None}}


def test_fields_whose_creation_was_not_answered_are_there(
    connector: CrmConnector, portal: Any, faults: Any
) -> None:
    steps = connector.plan_fields([STATUS])
    faults.add(Fault("POST .*/properties/.*", times=9, cut="after"))
    results = connector.create_fields(steps)
    assert all(result.ok for result in results), [result.reason for result in results]
    assert "velma_status" in connector.fields("calls")


def test_the_kind_opens_this_connector_and_its_secret_stays_hidden(
    options: HubSpotOptions, token: str
) -> None:
    opened = KIND.open("sales", options)
    assert isinstance(opened, HubSpotConnector)
    assert token not in repr(opened)
    assert opened.budget().requests == 0, "opening a connection asked for something"
    opened.close()
    opened.close()


def test_every_target_but_leads_has_an_object_and_calls_take_no_notes(connector: CrmConnector) -> None:
    capabilities = connector.capabilities
    assert [target for target in Target if not capabilities.objects[target]] == [Target.LEAD]
    assert Target.CALL not in capabilities.note_targets
