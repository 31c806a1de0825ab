"""Reading and changing which records are associated."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.sandbox.hubspot import HubSpotPortal, Refusal

from .conftest import Clock, Door


def read(*ids: str, **more: Any) -> dict[str, Any]:
    return {"inputs": [{"id": each, **more} for each in ids]}


@pytest.mark.parametrize(
    ("one", "other", "type_id", "reverse"),
    [
        ("calls", "contacts", 194, 193),
        ("calls", "companies", 182, 181),
        ("calls", "deals", 206, 205),
        ("notes", "contacts", 202, 201),
        ("notes", "companies", 190, 189),
        ("notes", "deals", 214, 213),
        ("contacts", "companies", 279, 280),
        ("deals", "companies", 341, 342),
        ("deals", "contacts", 3, 4),
    ],
)
def test_links_carry_the_type_of_their_direction(
    door: Door, portal: HubSpotPortal, one: str, other: str, type_id: int, reverse: int
) -> None:
    ends = portal.insert(one, {}), portal.insert(other, {})
    portal.associate(one, ends[0], other, ends[1])
    for from_object, to_object, from_id, to_id, number in (
        (one, other, *ends, type_id),
        (other, one, *ends[::-1], reverse),
    ):
        answer = door.good("POST", "associations", f"{from_object}/{to_object}/batch/read", read(from_id))
        kind = {"category": "HUBSPOT_DEFINED", "typeId": number, "label": None}
        assert answer["results"] == [
            {"from": {"id": from_id}, "to": [{"toObjectId": int(to_id), "associationTypes": [kind]}]}
        ]


def test_records_without_links_are_errors_of_a_207(
    door: Door, portal: HubSpotPortal, call: str, deal: str
) -> None:
    linked = portal.insert("calls", {})
    portal.associate("calls", linked, "deals", deal)
    answer = door.good("POST", "associations", "calls/deals/batch/read", read(call, linked), status=207)
    assert [each["from"]["id"] for each in answer["results"]] == [linked]
    assert answer["numErrors"] == 1
    assert answer["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
            "message": f"No deal is associated with call {call}.",
            "context": {"fromObjectId": [call], "fromObjectType": ["call"], "toObjectType": ["deal"]},
        }
    ]


def test_results_do_not_keep_the_order_of_the_inputs(door: Door, portal: HubSpotPortal, deal: str) -> None:
    calls = [portal.insert("calls", {}) for _ in range(6)]
    for each in calls:
        portal.associate("calls", each, "deals", deal)
    answer = door.good("POST", "associations", "calls/deals/batch/read", read(*calls))
    told = [each["from"]["id"] for each in answer["results"]]
    assert sorted(told) == sorted(calls)
    assert told != calls


def test_a_batch_without_any_link_may_be_404(door: Door, portal: HubSpotPortal, call: str) -> None:
    portal.switches.no_associations_status = 404
    status, envelope = door.refusal("POST", "associations", "calls/deals/batch/read", read(call))
    assert (status, envelope["subCategory"]) == (404, "crm.associations.NO_ASSOCIATIONS_FOUND")


def test_many_links_page_per_input(door: Door, portal: HubSpotPortal, deal: str) -> None:
    portal.switches.association_page_size = 2
    calls = [portal.insert("calls", {}) for _ in range(5)]
    for each in reversed(calls):
        portal.associate("calls", each, "deals", deal)
    seen: list[int] = []
    more: dict[str, Any] = {}
    for _ in range(3):
        answer = door.good("POST", "associations", "deals/calls/batch/read", read(deal, **more))
        result = answer["results"][0]
        seen += [link["toObjectId"] for link in result["to"]]
        more = result.get("paging", {}).get("next", {})
    assert (seen, more) == ([int(each) for each in calls], {})


def test_a_batch_reads_a_thousand_inputs_and_no_more(door: Door, call: str) -> None:
    ids = [str(number) for number in range(1, 1001)]
    answer = door.good("POST", "associations", "calls/deals/batch/read", read(*ids), status=207)
    assert answer["numErrors"] == 1000
    assert door.refusal("POST", "associations", "calls/deals/batch/read", read(*ids, call))[0] == 400
    assert door.refusal("POST", "associations", "calls/deals/batch/read", read())[0] == 400


@pytest.mark.parametrize(("one", "other"), [("notes", "calls"), ("calls", "notes"), ("calls", "calls")])
def test_activities_are_not_associated_with_each_other(
    door: Door, portal: HubSpotPortal, one: str, other: str
) -> None:
    ends = portal.insert(one, {}), portal.insert(other, {})
    assert door.refusal("POST", "associations", f"{one}/{other}/batch/read", read(ends[0]))[0] == 400
    link = f"{one}/{ends[0]}/associations/default/{other}/{ends[1]}"
    assert door.refusal("PUT", "objects", link)[0] == 400
    with pytest.raises(Refusal, match="not a supported association"):
        portal.associate(one, ends[0], other, ends[1])


def test_links_to_archived_records_are_not_seen(
    door: Door, portal: HubSpotPortal, call: str, deal: str
) -> None:
    portal.associate("calls", call, "deals", deal)
    portal.archive("deals", deal)
    answer = door.good("POST", "associations", "calls/deals/batch/read", read(call), status=207)
    assert answer["results"] == []


def test_a_record_has_one_primary_company(door: Door, portal: HubSpotPortal, deal: str) -> None:
    first, second = (portal.insert("companies", {"name": name}) for name in ("Birch & Rye", "Millhouse"))
    portal.associate("deals", deal, "companies", first, 5)
    portal.associate("deals", deal, "companies", second, 5)
    answer = door.good("POST", "associations", "deals/companies/batch/read", read(deal))
    labels = {
        link["toObjectId"]: [(each["typeId"], each["label"]) for each in link["associationTypes"]]
        for link in answer["results"][0]["to"]
    }
    assert labels == {int(first): [(341, None)], int(second): [(5, "Primary"), (341, None)]}
    portal.associate("companies", first, "deals", deal, 6)
    page = door.good("GET", "objects", f"companies/{second}/associations/deals")
    assert [each["typeId"] for each in page["results"][0]["associationTypes"]] == [342]


def test_labels_are_listed_with_those_that_admins_add(door: Door, portal: HubSpotPortal) -> None:
    number = portal.add_label("calls", "companies", "Primary", by_hubspot=True)
    own = portal.add_label("calls", "companies", "Partner")
    listed = door.good("GET", "associations", "calls/companies/labels")["results"]
    assert listed == [
        {"category": "HUBSPOT_DEFINED", "typeId": 182, "label": None},
        {"category": "HUBSPOT_DEFINED", "typeId": number, "label": "Primary"},
        {"category": "USER_DEFINED", "typeId": own, "label": "Partner"},
    ]
    with pytest.raises(KeyError):
        portal.add_label("calls", "notes", "Summary")


def link(from_id: str, to_id: str, *type_ids: int) -> dict[str, Any]:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": each} for each in type_ids]
    return {"from": {"id": from_id}, "to": {"id": to_id}, "types": types}


def test_links_are_created_in_batches(door: Door, portal: HubSpotPortal, call: str, deal: str) -> None:
    body = {"inputs": [link(call, deal, 206)]}
    answer = door.good("POST", "associations", "calls/deals/batch/create", body, status=201)
    assert answer["results"] == [
        {
            "fromObjectTypeId": "0-48",
            "fromObjectId": int(call),
            "toObjectTypeId": "0-3",
            "toObjectId": int(deal),
            "labels": [],
        }
    ]
    assert portal.associated("calls", call, "deals") == [deal]
    body["inputs"].append(link(call, "77", 206))
    assert door.good("POST", "associations", "calls/deals/batch/create", body, status=207)["numErrors"] == 1


def test_a_wrong_type_fails_the_whole_batch(door: Door, portal: HubSpotPortal, call: str, deal: str) -> None:
    other = portal.insert("calls", {})
    for wrong in ([link(other, deal, 205)], [link(other, deal)]):
        body = {"inputs": [link(call, deal, 206), *wrong]}
        assert door.refusal("POST", "associations", "calls/deals/batch/create", body)[0] == 400
    assert portal.associated("calls", call, "deals") == []


def test_links_are_archived_in_batches(door: Door, portal: HubSpotPortal, call: str, deal: str) -> None:
    portal.associate("calls", call, "deals", deal)
    body = {"inputs": [{"from": {"id": call}, "to": [{"id": deal}]}]}
    assert door.ask("POST", "associations", "calls/deals/batch/archive", body).status_code == 204
    assert portal.associated("deals", deal, "calls") == []


def test_a_default_link_keeps_labels_and_a_put_replaces_them(
    door: Door, portal: HubSpotPortal, deal: str
) -> None:
    company = portal.insert("companies", {"name": "Millhouse"})
    portal.associate("deals", deal, "companies", company, 5)
    path = f"deals/{deal}/associations"
    answer = door.good("PUT", "objects", f"{path}/default/companies/{company}")
    assert answer["results"][0]["labels"] == ["Primary"]
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}]
    answer = door.good("PUT", "objects", f"{path}/companies/{company}", types, status=201)
    assert (answer["labels"], portal.associated("deals", deal, "companies")) == ([], [company])
    wrong = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 342}]
    assert door.refusal("PUT", "objects", f"{path}/companies/{company}", wrong)[0] == 400
    assert portal.associated("deals", deal, "companies") == [company], "a refused change changes nothing"
    assert door.refusal("PUT", "objects", f"{path}/companies/{company}", {"types": types})[0] == 400
    assert door.refusal("PUT", "objects", f"{path}/default/companies/77")[0] == 404
    assert door.ask("DELETE", "objects", f"{path}/companies/{company}").status_code == 204
    assert portal.associated("deals", deal, "companies") == []


def test_default_links_are_created_in_batches(
    door: Door, portal: HubSpotPortal, call: str, deal: str
) -> None:
    body = {"inputs": [{"from": {"id": call}, "to": {"id": deal}}]}
    door.good("POST", "associations", "calls/deals/batch/associate/default", body)
    assert portal.associated("deals", deal, "calls") == [call]


def test_a_limit_of_links_is_kept(door: Door, portal: HubSpotPortal, call: str, deal: str) -> None:
    portal.switches.association_limit = 1
    portal.associate("calls", call, "deals", deal)
    other = portal.insert("deals", {})
    assert door.refusal("PUT", "objects", f"calls/{call}/associations/default/deals/{other}")[0] == 400
    door.good("PUT", "objects", f"calls/{call}/associations/default/deals/{deal}")


def test_logging_an_activity_moves_the_stamps_of_its_records(
    portal: HubSpotPortal, clock: Clock, call: str, deal: str
) -> None:
    before = portal.read("calls", call)["hs_lastmodifieddate"]
    clock.advance(minutes=1)
    portal.associate("calls", call, "deals", deal)
    assert portal.read("deals", deal)["hs_lastmodifieddate"] == "2026-03-02T09:01:00Z"
    assert portal.read("calls", call)["hs_lastmodifieddate"] == before
    portal.switches.activities_move_stamps = False
    clock.advance(minutes=1)
    portal.associate("calls", portal.insert("calls", {}), "deals", deal)
    assert portal.read("deals", deal)["hs_lastmodifieddate"] == "2026-03-02T09:01:00Z"


def test_a_dissociated_record_is_gone_from_both_ends(portal: HubSpotPortal, call: str, deal: str) -> None:
    portal.associate("calls", call, "deals", deal)
    portal.dissociate("deals", deal, "calls", call)
    assert portal.associated("calls", call, "deals") == portal.associated("deals", deal, "calls") == []
    with pytest.raises(KeyError):
        portal.associate("calls", call, "deals", deal, 205)
