"""The official client library, by the paths that it makes itself and by dated ones."""

from __future__ import annotations

from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.objects import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
)
from hubspot.crm.properties import PropertyCreate

from velma_connectors.sandbox.hubspot import HubSpotPortal

from .conftest import TOKEN, Door, where

SECONDS = (5, 10)


@pytest.fixture
def client(door: Door) -> Any:
    return HubSpot(access_token=TOKEN, host=door.url, retry=False)


def test_the_library_reads_and_writes_single_records(client: Any, portal: HubSpotPortal, deal: str) -> None:
    api = client.crm.objects.basic_api
    page = api.get_page(
        "deals", limit=5, archived=False, properties=["amount", "dealname"], _request_timeout=SECONDS
    )
    assert [(row.id, row.properties["amount"]) for row in page.results] == [(deal, "1200.50")]
    changed = api.update(
        "deals", deal, simple_public_object_input=SimplePublicObjectInput(properties={"amount": "5"}),
        _request_timeout=SECONDS,
    )  # fmt: skip
    assert (changed.id, portal.read("deals", deal)["amount"]) == (deal, "5")
    with pytest.raises(ApiException) as refused:
        api.get_by_id("deals", "77", _request_timeout=SECONDS)
    assert refused.value.status == 404


def test_the_library_searches(client: Any, call: str) -> None:
    request = PublicObjectSearchRequest(
        filter_groups=[{"filters": [where("hs_object_id", "GTE", value=call)]}],
        sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        properties=["hs_call_title"],
        limit=200,
    )
    found = client.crm.objects.search_api.do_search(
        "calls", public_object_search_request=request, _request_timeout=SECONDS
    )
    assert (found.total, found.results[0].properties["hs_call_title"]) == (1, "First talk")


def test_the_library_updates_in_batches(client: Any, portal: HubSpotPortal, deal: str) -> None:
    inputs = [
        {"id": deal, "properties": {"amount": "5"}, "objectWriteTraceId": "a"},
        {"id": "77", "properties": {"amount": "6"}, "objectWriteTraceId": "b"},
    ]
    answer = client.crm.objects.batch_api.update(
        "deals",
        batch_input_simple_public_object_batch_input=BatchInputSimplePublicObjectBatchInput(inputs=inputs),
        _request_timeout=SECONDS,
    )
    assert (answer.num_errors, answer.errors[0].context["objectWriteTraceId"]) == (1, ["b"])
    assert portal.read("deals", deal)["amount"] == "5"


def test_the_library_reads_associations(client: Any, portal: HubSpotPortal, call: str, deal: str) -> None:
    portal.associate("calls", call, "deals", deal)
    body = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": call}])
    answer = client.crm.associations.v4.batch_api.get_page(
        "calls", "deals", batch_input_public_fetch_associations_batch_request=body, _request_timeout=SECONDS
    )
    assert [str(link.to_object_id) for link in answer.results[0].to] == [deal]


def test_the_library_creates_properties(client: Any, portal: HubSpotPortal) -> None:
    body = PropertyCreate(
        name="velma_x", label="X", type="string", field_type="text", group_name="dealinformation"
    )
    made = client.crm.properties.core_api.create("deals", property_create=body, _request_timeout=SECONDS)
    assert made.modification_metadata.read_only_value is False
    assert portal.properties.find("deals", "velma_x").label == "X"


def test_the_library_reads_owners_and_pipelines(client: Any, portal: HubSpotPortal) -> None:
    owner = portal.add_owner("ines@ledgerline.example", "Ines", "Calder")
    owners = client.crm.owners.owners_api.get_page(_request_timeout=SECONDS)
    assert [each.id for each in owners.results] == [owner]
    pipelines = client.crm.pipelines.pipelines_api.get_all("deals", _request_timeout=SECONDS)
    assert pipelines.results[0].stages[-1].metadata["isClosed"] == "true"
