"""Who is let in, and what those who are not are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from velma_connectors.sandbox.hubspot import HubSpotPortal
from velma_connectors.sandbox.hubspot.tokens import Token

from .conftest import START, TOKEN, Door

UNKNOWN = "pat-eu1-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


@pytest.mark.parametrize("authorization", ["", "Bearer ", f"Basic {TOKEN}", f"Bearer {UNKNOWN}"])
def test_a_request_without_a_known_token_finds_no_credentials(door: Door, authorization: str) -> None:
    answer = door.call("GET", "/account-info/v3/details", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"
    assert "X-HubSpot-RateLimit-Max" not in answer.headers


def test_a_token_that_cannot_be_decoded_seems_to_have_expired_when_1970_began(door: Door) -> None:
    door.token = TOKEN[:10]
    answer = door.call("GET", "/account-info/v3/details")
    days = (START.date() - START.date().replace(1970, 1, 1)).days
    assert answer.status_code == 401
    assert answer.json()["category"] == "EXPIRED_AUTHENTICATION"
    assert answer.json()["message"].endswith(f"expired {days} day(s) ago.")
    assert answer.json()["context"] == {"expire time": ["1970-01-01T00:00:00Z"]}


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=1), "1 second(s)"),
        (timedelta(minutes=3), "3 minute(s)"),
        (timedelta(hours=5), "5 hour(s)"),
        (timedelta(days=2), "2 day(s)"),
    ],
)
def test_an_expired_token_is_told_since_when(
    portal: HubSpotPortal, door: Door, ago: timedelta, words: str
) -> None:
    portal.expire_token(TOKEN, at=START - ago)
    answer = door.call("GET", "/account-info/v3/details")
    assert answer.status_code == 401
    assert answer.json()["category"] == "EXPIRED_AUTHENTICATION"
    assert f"expired {words} ago" in answer.json()["message"]


def test_a_token_lives_until_it_expires(portal: HubSpotPortal, door: Door) -> None:
    portal.expire_token(TOKEN, at=START + timedelta(seconds=1))
    assert door.call("GET", "/account-info/v3/details").status_code == 200


def test_a_revoked_token_finds_no_credentials(portal: HubSpotPortal, door: Door) -> None:
    portal.revoke_token(TOKEN)
    answer = door.call("GET", "/account-info/v3/details")
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


SCOPES: list[tuple[str, str, str, Any, str]] = [
    ("GET", "objects", "calls", None, "crm.objects.contacts.read"),
    ("POST", "objects", "calls/search", {}, "crm.objects.contacts.read"),
    ("GET", "objects", "notes", None, "crm.objects.contacts.read"),
    ("POST", "objects", "notes", {"properties": {}}, "crm.objects.contacts.write"),
    ("GET", "objects", "deals", None, "crm.objects.deals.read"),
    ("POST", "objects", "deals/batch/update", {"inputs": []}, "crm.objects.deals.write"),
    ("GET", "objects", "companies", None, "crm.objects.companies.read"),
    ("GET", "properties", "calls", None, "crm.schemas.calls.read"),
    ("GET", "properties", "notes/groups", None, "crm.schemas.notes.read"),
    ("POST", "properties", "deals", {}, "crm.schemas.deals.write"),
    ("GET", "properties", "contacts", None, "crm.schemas.contacts.read"),
    ("GET", "owners", "", None, "crm.objects.owners.read"),
    ("GET", "pipelines", "deals", None, "crm.objects.deals.read"),
    ("POST", "associations", "calls/deals/batch/read", {"inputs": []}, "crm.objects.contacts.read"),
]


@pytest.mark.parametrize(("method", "family", "below", "body", "scope"), SCOPES)
def test_a_missing_scope_is_named(
    portal: HubSpotPortal, door: Door, method: str, family: str, below: str, body: Any, scope: str
) -> None:
    portal.add_token(TOKEN, ["oauth"])
    status, envelope = door.refusal(method, family, below, body)
    assert (status, envelope["category"]) == (403, "MISSING_SCOPES")
    assert scope in envelope["errors"][0]["context"]["requiredGranularScopes"]
    assert envelope["links"]["scopes"].startswith("https://")


@pytest.mark.parametrize(("method", "family", "below", "body", "scope"), SCOPES)
def test_a_granted_scope_opens_the_door(
    portal: HubSpotPortal, door: Door, method: str, family: str, below: str, body: Any, scope: str
) -> None:
    portal.add_token(TOKEN, [scope])
    answer = door.ask(method, family, below, body)
    needs_both_ends = family == "associations"
    assert (answer.status_code == 403) == needs_both_ends, answer.text


def test_associations_need_the_scopes_of_both_ends(portal: HubSpotPortal, door: Door, call: str) -> None:
    portal.add_token(TOKEN, ["crm.objects.contacts.read"])
    _, envelope = door.refusal("POST", "associations", "calls/deals/batch/read", {"inputs": [{"id": call}]})
    assert envelope["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.deals.read"]
    portal.add_token(TOKEN, ["crm.objects.contacts.read", "crm.objects.deals.read"])
    answer = door.ask("POST", "associations", "calls/deals/batch/read", {"inputs": [{"id": call}]})
    assert answer.status_code == 207


def test_either_scope_of_a_list_opens_activities_where_they_have_their_own(
    portal: HubSpotPortal, door: Door
) -> None:
    portal.switches.activities_have_scopes = True
    portal.add_token(TOKEN, ["crm.objects.calls.read"])
    assert door.ask("GET", "objects", "calls").status_code == 200
    _, envelope = door.refusal("GET", "objects", "notes")
    needed = envelope["errors"][0]["context"]["requiredGranularScopes"]
    assert needed == ["crm.objects.contacts.read", "crm.objects.notes.read"]


def test_properties_of_activities_may_hang_on_those_of_contacts(portal: HubSpotPortal, door: Door) -> None:
    portal.switches.activity_schema_scopes = "contacts"
    portal.add_token(TOKEN, ["crm.schemas.contacts.read"])
    assert door.ask("GET", "properties", "calls").status_code == 200


def test_a_token_never_shows_in_a_repr() -> None:
    assert "pat-secret" not in repr(Token("pat-secret"))
