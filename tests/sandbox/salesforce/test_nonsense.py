"""Whatever is sent, the emulator answers it: with a refusal, never with a fault of its own."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from velma_connectors.sandbox.salesforce import SalesforceEmulator, SalesforceOrg

NAMES = """
Id id attributes type records allOrNone ids fields Subject WhatId Task Account FullName Metadata label
valueSet valueSetDefinition value sorted restricted fullName default compositeRequest method url
referenceId body httpHeaders GET POST PATCH Activity.New__c Picklist Text length Field SobjectType
ParentId Task.Status Key__c Name StartDateTime 2026-03-02T10:00:00Z 00T000000000001 precision scale
/services/data/v66.0/query /services/data/v66.0/composite/sobjects @{a.b} @{a[0].id} a
"""
SOQL = """
SELECT Id Subject FROM Task WHERE AND OR NOT ( ) , = != < LIKE IN INCLUDES 'a' '\\_' 5 null true 2026-01-01
2026-01-01T00:00:00Z LAST_N_DAYS:3 TODAY ORDER BY DESC NULLS LAST LIMIT OFFSET COUNT() TYPEOF What What.Type
Who.Name WHEN Opportunity THEN Name ELSE END Account Account.Owner.Name IsClosed WhatId ContentDocumentLink
OpportunityHistories Description CreatedDate . '
"""
WORDS = st.sampled_from(NAMES.split())
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)
BODIES = st.dictionaries(WORDS, JSON, max_size=6)
REQUESTS = st.sampled_from(
    [
        ("POST", "/sobjects/Task"),
        ("POST", "/sobjects/Event"),
        ("POST", "/sobjects/FieldPermissions"),
        ("POST", "/sobjects/PermissionSet"),
        ("PATCH", "/sobjects/Account/Key__c/x"),
        ("PATCH", "/sobjects/Task/00T000000000001"),
        ("POST", "/composite/sobjects"),
        ("PATCH", "/composite/sobjects"),
        ("PATCH", "/composite/sobjects/Account/Key__c"),
        ("POST", "/composite/sobjects/Task"),
        ("POST", "/composite"),
        ("POST", "/tooling/sobjects/CustomField"),
    ]
)
SOQL_PARTS = st.sampled_from(SOQL.split())

ORG = SalesforceOrg()
ORG.add_custom_field(
    "Account", "Key__c", {"label": "Key", "type": "Text", "length": 20, "externalId": True, "unique": True}
)
ORG.insert("Task", {"Subject": "Call"})
CLIENT = Client(SalesforceEmulator(ORG))
HEADERS = {"Authorization": f"Bearer {ORG.open_session(ORG.admin_id).token}"}


def status(method: str, path: str, **kwargs: Any) -> int:
    """The status of an answer; an error within the emulator is raised here."""
    ORG.usage.used_by_others = -ORG.usage.used(ORG.now)
    return CLIENT.open(f"/services/data/v66.0{path}", method=method, headers=HEADERS, **kwargs).status_code


@settings(max_examples=100)
@given(REQUESTS, BODIES)
def test_any_body_is_answered(request: tuple[str, str], body: dict[str, Any]) -> None:
    assert status(*request, json=body) < 500


@settings(max_examples=100)
@given(st.sampled_from(["PATCH", "POST"]), st.lists(st.dictionaries(WORDS, JSON, max_size=5), max_size=3))
def test_any_collection_is_answered(method: str, records: list[dict[str, Any]]) -> None:
    typed = [{"attributes": {"type": "Task"}, **record} for record in records]
    assert status(method, "/composite/sobjects", json={"records": typed}) < 500


@settings(max_examples=100)
@given(BODIES)
def test_any_metadata_is_answered(metadata: dict[str, Any]) -> None:
    body = {"FullName": "Account.Other__c", "Metadata": {"label": "A", "type": "Picklist", **metadata}}
    assert status("POST", "/tooling/sobjects/CustomField", json=body) < 500


@settings(max_examples=150)
@given(st.lists(SOQL_PARTS, max_size=14), st.text(max_size=5))
def test_any_query_is_answered(parts: list[str], noise: str) -> None:
    for soql in (" ".join(parts), f"SELECT Id FROM Task WHERE {' '.join(parts)}", noise):
        assert status("GET", "/queryAll", query_string={"q": soql}) < 500
