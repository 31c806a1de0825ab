"""Whatever it is sent, the portal answers in its own envelope and never breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from velma_connectors.sandbox.hubspot import HubSpotEmulator, HubSpotPortal
from velma_connectors.sandbox.server import RunningServer

from .conftest import TOKEN, Clock

KEYS = (
    "inputs", "id", "properties", "filterGroups", "filters", "propertyName", "operator", "value", "values",
    "highValue", "sorts", "direction", "limit", "after", "query", "associations", "to", "types", "from",
    "associationCategory", "associationTypeId", "objectWriteTraceId", "idProperty", "propertiesWithHistory",
    "name", "label", "type", "fieldType", "groupName", "options", "amount", "dealstage", "closedate",
)  # fmt: skip
WORDS = ("1000000000", "999999996", "deals", "amount", "HAS_PROPERTY", "EQ", "BETWEEN", "IN", "ASCENDING",
         "enumeration", "select", "contractsent", "HUBSPOT_DEFINED", "0", "-1", "")  # fmt: skip
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-5, 1000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text()
)
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)
paths = st.sampled_from(
    [
        ("POST", "objects", "deals"),
        ("POST", "objects", "deals/search"),
        ("POST", "objects", "deals/batch/read"),
        ("POST", "objects", "deals/batch/create"),
        ("POST", "objects", "deals/batch/update"),
        ("POST", "objects", "deals/batch/upsert"),
        ("POST", "objects", "deals/batch/archive"),
        ("PATCH", "objects", "deals/999999996"),
        ("PUT", "objects", "deals/999999996/associations/contacts/1"),
        ("POST", "associations", "deals/contacts/batch/read"),
        ("POST", "associations", "deals/contacts/batch/create"),
        ("POST", "associations", "deals/contacts/batch/archive"),
        ("POST", "properties", "deals"),
        ("POST", "properties", "deals/batch/create"),
        ("POST", "properties", "deals/groups"),
        ("PATCH", "properties", "deals/amount"),
    ]
)
filters = st.fixed_dictionaries(
    {
        "propertyName": st.sampled_from(
            ["amount", "dealname", "closedate", "dealstage", "hs_object_id", "x"]
        ),
        "operator": st.sampled_from(["EQ", "NEQ", "LT", "GTE", "BETWEEN", "IN", "NOT_IN", "CONTAINS_TOKEN"]),
    },
    optional={
        "value": st.text(max_size=20) | st.sampled_from(WORDS),
        "highValue": st.text(max_size=20) | st.sampled_from(WORDS),
        "values": st.lists(st.text(max_size=9), max_size=3),
    },
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    portal = HubSpotPortal(clock=Clock())
    portal.switches.burst_limit = portal.switches.search_per_second = 1_000_000
    portal.add_token(TOKEN)
    for amount in ("1", "2.5", None):
        portal.insert("deals", {"amount": amount, "dealname": "Oven line", "dealstage": "contractsent"})
    with RunningServer(HubSpotEmulator(portal)) as server:
        yield server.url


def send(address: str, method: str, family: str, below: str, body: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{address}/crm/{family}/2026-09/{below}"
    return requests.request(method, url, json=body, headers=headers, timeout=10)


@settings(max_examples=150)
@given(path=paths, body=documents)
def test_nonsense_is_refused_in_the_usual_envelope(
    address: str, path: tuple[str, str, str], body: Any
) -> None:
    answer = send(address, *path, body)
    assert answer.status_code < 500, f"{path} broke on {body!r}"
    if answer.status_code >= 400:
        assert answer.json()["status"] == "error"


@settings(max_examples=150)
@given(conditions=st.lists(filters, min_size=1, max_size=3))
def test_odd_filters_are_answered_or_refused(address: str, conditions: list[dict[str, Any]]) -> None:
    body = {"filterGroups": [{"filters": conditions}]}
    answer = send(address, "POST", "objects", "deals/search", body)
    assert answer.status_code in (200, 400), f"search broke on {conditions!r}"


@settings(max_examples=100)
@given(
    name=st.sampled_from(["amount", "closedate", "dealstage", "dealname", "hubspot_owner_id", "pipeline"]),
    value=st.text(max_size=30) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none(),
)
def test_odd_values_are_kept_or_refused(address: str, name: str, value: Any) -> None:
    answer = send(address, "PATCH", "objects", "deals/999999996", {"properties": {name: value}})
    assert answer.status_code in (200, 400), f"{name} broke on {value!r}"
