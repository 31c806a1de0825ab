"""Versions, objects and addresses."""

from __future__ import annotations

import pytest

from velma_connectors.sandbox.hubspot import HubSpotPortal

from .conftest import Door


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/calls/{call}",
        "/crm/objects/2026-03/calls/{call}",
        "/crm/objects/2026-09/calls/{call}",
        "/crm/objects/2026-03/0-48/{call}",
        "/crm/objects/2026-03/call/{call}",
        "/crm/v3/properties/calls",
        "/crm/properties/2026-03/calls/hs_call_title",
        "/crm/properties/2026-09/calls/groups",
        "/crm/v3/owners/",
        "/crm/owners/2026-03",
        "/crm/v3/pipelines/deals",
        "/crm/pipelines/2026-09/deals",
        "/crm/v3/limits/custom-properties",
        "/crm/limits/2026-03/custom-properties",
        "/crm/v3/property-validations/0-3",
        "/crm/property-validations/2026-03/0-3",
        "/account-info/v3/details",
        "/account-info/2026-03/details",
        "/account-info/2026-09/api-usage/daily/private-apps",
        "/crm/v4/associations/calls/deals/labels",
        "/crm/associations/2026-03/calls/deals/labels",
        "/crm/v4/objects/calls/{call}/associations/deals",
        "/crm/objects/2026-03/calls/{call}/associations/deals",
        "/calling/v1/dispositions",
    ],
)
def test_every_family_answers_in_all_its_versions(door: Door, call: str, path: str) -> None:
    answer = door.call("GET", path.format(call=call))
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-HubSpot-Correlation-Id"]


@pytest.mark.parametrize(
    "path",
    [
        "/crm/2026-03/objects/calls",
        "/crm/objects/2025-03/calls",
        "/crm/objects/v3/calls",
        "/crm/v4/objects/calls",
        "/crm/v3/associations/calls/deals/labels",
        "/crm/v3/tickets",
        "/account-info/details",
        "/",
    ],
)
def test_an_address_that_is_none_is_not_found(door: Door, path: str) -> None:
    answer = door.call("GET", path)
    assert answer.status_code == 404
    assert answer.json()["message"] == "resource not found"


def test_a_method_that_a_path_does_not_take_is_refused(door: Door) -> None:
    assert door.call("PUT", "/crm/objects/2026-03/calls").status_code == 405


def test_an_unknown_object_is_told(door: Door) -> None:
    status, envelope = door.refusal("GET", "objects", "voyages")
    assert (status, envelope["message"]) == (400, "Unable to infer object type from: voyages")


def test_two_hundred_property_names_fit_an_address_and_much_more_does_not(door: Door) -> None:
    names = ",".join(f"property_number_{number:06d}" for number in range(200))
    assert door.ask("GET", "objects", f"calls?properties={names}").status_code == 200
    assert door.ask("GET", "objects", f"calls?properties={names},{names}").status_code == 414


def test_usage_counts_every_request_once(portal: HubSpotPortal, door: Door, call: str) -> None:
    door.ask("GET", "objects", f"calls/{call}")
    door.ask("GET", "objects", "calls/1")
    door.ask("PATCH", "objects", f"calls/{call}", {"properties": {"hs_call_title": "Renamed"}})
    door.call("GET", "/nowhere")
    door.call("GET", "/account-info/v3/details", headers={"Authorization": ""})
    assert door.call("GET", "/_sandbox/usage").json() == portal.usage.snapshot()
    assert portal.usage.snapshot() == {
        "requests": 5,
        "kinds": {"read": 2, "unauthorized": 1, "unknown": 1, "update": 1},
        "statuses": {"200": 2, "401": 1, "404": 2},
        "rows_written": {"calls": 1},
    }
