"""A connection to an emulated org: who it is, how long it lasts, what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from velma_connectors.errors import StopConnection
from velma_connectors.model import (
    FieldUpdate,
    NoteUpsert,
    RecordRef,
    Target,
    WriteStatus,
)
from velma_connectors.protocol import CrmConnector
from velma_connectors.sandbox.salesforce import ConnectedApp


def test_it_fulfils_the_contract_of_all_connectors(rig: Any) -> None:
    connector: CrmConnector = rig.connector
    assert connector.capabilities.objects[Target.CALL] == ("Task",)


def test_the_check_tells_who_we_are(rig: Any) -> None:
    health = rig.connector.check()
    assert health.account_id == rig.org.id
    assert (health.account_name, health.user, health.api_version) == ("Acme", "sync@acme.example", "66.0")
    assert health.problems == ()


def test_the_check_names_a_recording_field_that_cannot_be_seen(rig: Any) -> None:
    rig.org.set_field_access("Task", rig.link, "hidden")
    (problem,) = rig.connector.check().problems
    assert f"Task.{rig.link}" in problem


def test_the_check_says_when_deals_cannot_be_read(rig: Any) -> None:
    rig.org.set_object_access("Opportunity", "hidden")
    (problem,) = rig.connector.check().problems
    assert problem == (
        "Opportunity: the user may not read it; grant read access in a permission set. Until then calls are "
        "found without their deals, and nothing is written to deals."
    )


def test_the_check_says_when_contact_roles_cannot_be_read(rig: Any) -> None:
    rig.org.set_object_access("OpportunityContactRole", "hidden")
    (problem,) = rig.connector.check().problems
    assert problem.startswith("OpportunityContactRole: the user may not read it; grant read access")
    assert problem.endswith("Until then calls are found without the open deals of their contacts.")
    assert rig.connect(deal_candidates=False).check().problems == ()


def test_the_check_names_a_start_field_that_is_no_time(rig: Any) -> None:
    rig.org.add_custom_field("Activity", "Called__c", {"type": "Date", "label": "Called"})
    (problem,) = rig.connect(start_field="Called__c").check().problems
    assert problem == (
        "Task.Called__c is no Date/Time field, so the start of a call is derived from when it was saved; "
        "have start_field name a Date/Time field, or leave it out."
    )


def test_a_signed_login_works_without_a_shared_secret(rig: Any) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    public = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    user = "sync@acme.example"
    rig.org.add_app(ConnectedApp("jwt", "", public_key=public.decode(), approved=frozenset({user})))
    pem = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain).decode()
    connector = rig.connect(
        flow="jwt", consumer_key="jwt", consumer_secret=None, username=user, private_key=pem
    )
    assert connector.check().user == user


def test_a_session_that_ends_in_between_goes_unnoticed(rig: Any) -> None:
    task = rig.task(rig.hours_before(1))
    rig.walk(rig.last_day)
    rig.org.sessions.end_all()
    assert [call.ref.id for call in rig.walk(rig.last_day)] == [task]
    rig.org.sessions.end_all()
    update = FieldUpdate(RecordRef("Task", task), {"Subject": "written"}, ())
    assert rig.connector.write([update])[0].status is WriteStatus.OK
    assert rig.org.usage.kinds["token"] == 3


def test_a_user_without_the_api_permission_stops_the_connection(rig: Any) -> None:
    rig.org.set_permission(rig.user_id, "ApiEnabled", False)
    with pytest.raises(StopConnection):
        rig.connector.check()


def test_the_budget_is_the_orgs(rig: Any) -> None:
    assert rig.connector.budget().used is None
    rig.org.usage.used_by_others = 700
    rig.connector.check()
    budget = rig.connector.budget()
    assert budget.allowed == 15_000
    assert budget.used == 700 + budget.requests


def test_a_backlog_of_a_thousand_calls_costs_about_thirty_requests(rig: Any) -> None:
    org = rig.org
    rig.provision()
    account = org.insert("Account", {"Name": "A"})
    deals = [
        org.insert(
            "Opportunity",
            {"Name": f"O{n}", "StageName": "Prospecting", "CloseDate": "2026-12-31", "AccountId": account},
            at=rig.hours_before(30),
        )
        for n in range(250)
    ]
    for n in range(1000):
        rig.task(rig.hours_before(20), WhatId=deals[n % 250], **{rig.link: f"https://dialer.example/{n}"})
    for deal in deals:
        org.update(deal, {"StageName": "Qualification"}, at=rig.hours_before(1))
    before = rig.requests()

    calls = rig.walk(rig.last_day, limit=1000)
    assert {deal.stage for call in calls for deal in call.deals} == {"Prospecting"}
    for start in range(0, 1000, 200):
        batch = calls[start : start + 200]
        records = [call.ref.record for call in batch]
        deal_records = sorted({call.deals[0].ref for call in batch})
        rig.connector.current([*records, *deal_records], [*rig.values, "Velma_Day__c"])
        updates: list[FieldUpdate | NoteUpsert] = [FieldUpdate(record, rig.values, ()) for record in records]
        updates += [NoteUpsert(f"note-{record.id}", (record,), "summary", ()) for record in records]
        updates += [FieldUpdate(deal, {"Velma_Day__c": "2026-06-01"}, ()) for deal in deal_records]
        results = rig.connector.write(updates)
        assert {result.status for result in results} == {WriteStatus.OK}

    assert len(calls) == 1000
    assert rig.requests() - before <= 31, org.usage.snapshot()
