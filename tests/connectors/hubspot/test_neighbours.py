"""What is around calls: read in batches, whole, and not again because of our own changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from velma_connectors.hubspot.activities import PROPERTIES, Activity, Surroundings
from velma_connectors.hubspot.associations import Link, read_links
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.connector import HubSpotConnector
from velma_connectors.hubspot.lru_cache import LruCache
from velma_connectors.hubspot.neighbours import Neighbours
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.records import read_records
from velma_connectors.model import FieldUpdate, RecordRef, Target, Window, WriteStatus
from velma_connectors.sandbox.hubspot import HubSpotPortal
from velma_connectors.testing.clock import ManualClock


class Village:
    """A portal, and what is read of the surroundings of its calls."""

    def __init__(
        self, portal: HubSpotPortal, client: HubSpotClient, options: HubSpotOptions, clock: ManualClock
    ) -> None:
        self.portal = portal
        self.client = client
        self.options = options
        self.clock = clock
        self.neighbours = Neighbours(client, deal_candidates=True, now=clock.now)

    def activities(self, call_ids: Sequence[str]) -> list[Activity]:
        rows = read_records(self.client, "calls", call_ids, PROPERTIES)
        return [Activity("sales", row, self.options) for row in rows.values()]

    def of(self, call_id: str) -> Surroundings:
        return self.neighbours.of(self.activities([call_id]))[call_id]

    def company(self, call: str, type_id: int | None = None) -> str:
        company: str = self.portal.insert("companies", {"name": "A company"})
        self.portal.associate("calls", call, "companies", company, type_id)
        return company

    def association_requests(self) -> int:
        kinds: dict[str, int] = self.portal.usage.snapshot()["kinds"]
        return kinds.get("association read", 0)


@pytest.fixture
def village(
    portal: HubSpotPortal, client: HubSpotClient, options: HubSpotOptions, clock: ManualClock
) -> Village:
    return Village(portal, client, options, clock)


# Associations


@pytest.mark.parametrize("status", [207, 404])
def test_calls_without_associations_are_nothing_out_of_the_ordinary(village: Village, status: Any) -> None:
    village.portal.switches.no_associations_status = status
    calls = [village.portal.insert("calls", {}) for _ in range(3)]
    found = village.neighbours.of(village.activities(calls))
    assert found == dict.fromkeys(calls, Surroundings())


def test_linked_and_unlinked_calls_are_told_apart_whatever_their_order(village: Village) -> None:
    calls = [village.portal.insert("calls", {}) for _ in range(6)]
    companies = {call: village.company(call) for call in calls[::2]}
    links = read_links(village.client, "calls", "companies", list(reversed(calls)))
    assert links == {call: (Link(company, ()),) for call, company in companies.items()}


def test_long_lists_of_one_call_are_read_to_their_end(village: Village) -> None:
    village.portal.switches.association_page_size = 2
    calls = [village.portal.insert("calls", {}) for _ in range(3)]
    expected = {}
    for call, count in zip(calls, (5, 2, 1), strict=True):
        expected[call] = [village.company(call) for _ in range(count)]
    links = read_links(village.client, "calls", "companies", calls)
    assert {call: [link.id for link in found] for call, found in links.items()} == expected
    assert village.association_requests() == 3


def test_a_thousand_calls_take_one_request_and_one_more_call_a_second(village: Village) -> None:
    calls = [village.portal.insert("calls", {}) for _ in range(1_001)]
    village.company(calls[-1])
    assert list(read_links(village.client, "calls", "companies", calls)) == [calls[-1]]
    assert village.association_requests() == 2
    assert read_links(village.client, "calls", "companies", []) == {}
    assert village.association_requests() == 2


# People and companies


def test_contacts_come_with_their_names_and_those_that_are_gone_are_left_out(village: Village) -> None:
    call = village.portal.insert("calls", {})
    names: Sequence[dict[str, str]] = (
        {"firstname": "Paul", "lastname": "Prospect"},
        {"lastname": "Buyer"},
        {},
        {"lastname": "Gone"},
    )
    contacts = [village.portal.insert("contacts", name) for name in names]
    for contact in contacts:
        village.portal.associate("calls", call, "contacts", contact)
    village.portal.archive("contacts", contacts[3])
    people = village.of(call).people
    assert [person.name for person in people] == ["Paul Prospect", "Buyer", ""]
    assert [person.ref for person in people] == [RecordRef("contacts", each) for each in contacts[:3]]
    assert {person.target for person in people} == {Target.CONTACT}


def test_names_are_read_once_an_hour(village: Village) -> None:
    contact = village.portal.insert("contacts", {"lastname": "Before"})
    calls = [village.portal.insert("calls", {}) for _ in range(3)]
    for call in calls:
        village.portal.associate("calls", call, "contacts", contact)
    names = [village.of(calls[0]).people[0].name]
    village.portal.update("contacts", contact, {"lastname": "After"})
    names.append(village.of(calls[1]).people[0].name)
    village.clock.advance(3_600)
    names.append(village.of(calls[2]).people[0].name)
    assert names == ["Before", "Before", "After"]


def test_the_primary_company_is_the_account_wherever_it_stands_in_the_list(village: Village) -> None:
    primary = village.portal.add_label("calls", "companies", "Primary", by_hubspot=True)
    call = village.portal.insert("calls", {})
    village.company(call)
    account = village.company(call, primary)
    village.company(call)
    assert village.of(call).account == RecordRef("companies", account)


def test_an_only_company_is_the_account_and_of_several_equal_ones_none(village: Village) -> None:
    label = village.portal.add_label("calls", "companies", "Partner")
    call = village.portal.insert("calls", {})
    company = village.company(call, label)
    (activity,) = village.activities([call])
    assert village.neighbours.read([activity])[call].account == RecordRef("companies", company)
    village.company(call)
    assert village.neighbours.read([activity])[call].account is None


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (["deals", "companies"], (1, 1)),
        (["deals"], (1, 0)),
        (["companies"], (0, 1)),
        ([], (0, 0)),
    ],
)
def test_what_the_key_may_not_read_is_missing_and_nothing_else(
    village: Village, token: str, scopes: list[str], expected: tuple[int, int]
) -> None:
    call = village.portal.insert("calls", {})
    contact = village.portal.insert("contacts", {"lastname": "Prospect"})
    deal = village.portal.insert("deals", {"dealname": "A deal", "dealstage": "contractsent"})
    village.portal.associate("calls", call, "contacts", contact)
    village.portal.associate("calls", call, "deals", deal)
    village.company(call)
    village.portal.add_token(token, [f"crm.objects.{name}.read" for name in ["contacts", *scopes]])
    found = village.of(call)
    assert (len(found.deals), 1 if found.account else 0) == expected
    assert [person.name for person in found.people] == ["Prospect"]


# The cache


def test_a_call_that_nobody_changed_costs_no_second_look(village: Village) -> None:
    calls = [village.portal.insert("calls", {}) for _ in range(2)]
    village.company(calls[0])
    first = village.neighbours.of(village.activities(calls))
    requests = village.association_requests()
    assert village.neighbours.of(village.activities(calls)) == first
    assert village.association_requests() == requests


def test_a_call_that_somebody_changed_is_looked_at_again(village: Village) -> None:
    call = village.portal.insert("calls", {})
    assert village.of(call).account is None
    village.clock.advance(1)
    company = village.company(call)
    village.portal.update("calls", call, {"hs_call_title": "linked"})
    assert village.of(call).account == RecordRef("companies", company)


def test_looking_again_on_purpose_asks_always_and_is_remembered(village: Village) -> None:
    call = village.portal.insert("calls", {})
    village.of(call)
    company = village.company(call)
    (activity,) = village.activities([call])
    assert village.neighbours.read([activity])[call].account == RecordRef("companies", company)
    requests = village.association_requests()
    assert village.of(call).account == RecordRef("companies", company)
    assert village.association_requests() == requests


def test_a_stamp_of_ours_never_takes_a_later_one_back(village: Village) -> None:
    call = village.portal.insert("calls", {})
    village.of(call)
    village.clock.advance(5)
    village.portal.update("calls", call, {"hs_call_title": "ours"})
    stamp = village.clock.now()
    village.neighbours.rewritten(call, stamp)
    village.neighbours.rewritten(call, stamp.replace(year=2020))
    village.neighbours.rewritten("404", stamp)
    requests = village.association_requests()
    village.of(call)
    assert village.association_requests() == requests


def test_echoes_of_our_own_writes_cost_one_search_and_nothing_else(
    portal: HubSpotPortal, options: HubSpotOptions, clock: ManualClock
) -> None:
    portal.add_property("calls", {"name": "velma_reason", "type": "string", "fieldType": "text"})
    for number in range(150):
        contact = portal.insert("contacts", {"lastname": f"Contact {number}"})
        portal.associate("calls", portal.insert("calls", {}), "contacts", contact)
    connector = HubSpotConnector("sales", options, wait=clock.advance, now=clock.now, clock=clock.monotonic)
    window = Window(clock.now(), clock.now().replace(hour=23))
    calls = connector.calls(window, None, limit=1_000).calls
    clock.advance(60)
    updates = [FieldUpdate(call.ref.record, {"velma_reason": "ours"}, (call.ref,)) for call in calls]
    assert {result.status for result in connector.write(updates)} == {WriteStatus.OK}
    before: dict[str, int] = portal.usage.snapshot()["kinds"]

    echoes = connector.calls(window, None, limit=1_000).calls

    assert len(echoes) == 150
    assert {call.changed_at for call in echoes} == {clock.now()}
    assert [call.people for call in echoes] == [call.people for call in calls]
    assert portal.usage.snapshot()["kinds"] == {**before, "search": before["search"] + 1}
    connector.close()


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    cache: LruCache[str, int] = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    cache.revise("a", lambda value: value + 10)
    cache.revise("b", lambda value: value + 10)
    assert [cache.get(key) for key in "abc"] == [11, None, 3]
