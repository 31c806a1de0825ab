"""Present values of many records: batched, typed, and without what is gone or hidden."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.values import read_values
from velma_connectors.model import RecordRef


@pytest.fixture
def known(portal: Any, client: Any) -> KnownFields:
    for name, kind, form in (
        ("velma_reason", "string", "text"),
        ("velma_avg_sentiment", "number", "number"),
        ("velma_analyzed_at", "datetime", "date"),
        ("velma_confirmed", "bool", "booleancheckbox"),
    ):
        portal.add_property("deals", {"name": name, "type": kind, "fieldType": form})
    return KnownFields(client)


def requests(portal: Any) -> int:
    count: int = portal.usage.snapshot()["requests"]
    return count


def test_values_come_in_their_kinds(portal: Any, client: Any, known: KnownFields) -> None:
    deal = portal.insert(
        "deals",
        {
            "velma_reason": "ä😀",
            "velma_avg_sentiment": "-0.25",
            "velma_analyzed_at": "2026-01-31T23:04:05Z",
            "velma_confirmed": "false",
        },
    )
    record = RecordRef("deals", deal)
    fields = ["velma_reason", "velma_avg_sentiment", "velma_analyzed_at", "velma_confirmed", "dealname"]
    assert read_values(client, known, [record], fields) == {
        record: {
            "velma_reason": "ä😀",
            "velma_avg_sentiment": -0.25,
            "velma_analyzed_at": datetime(2026, 1, 31, 23, 4, 5, tzinfo=UTC),
            "velma_confirmed": False,
            "dealname": None,
        }
    }


@pytest.mark.parametrize("empty", ["null", "omitted"])
def test_an_empty_property_is_none_however_it_is_told(
    portal: Any, client: Any, known: KnownFields, empty: str
) -> None:
    portal.switches.empty_properties = empty
    record = RecordRef("deals", portal.insert("deals", {"dealname": "Rollout"}))
    assert read_values(client, known, [record], ["velma_reason"]) == {record: {"velma_reason": None}}


def test_records_that_are_gone_and_properties_that_are_hidden_are_left_out(
    portal: Any, client: Any, known: KnownFields
) -> None:
    there, archived = (portal.insert("deals", {"velma_reason": "x"}) for _ in range(2))
    portal.archive("deals", archived)
    records = [RecordRef("deals", one) for one in (there, archived, "999999999", "00T000000000001AAA")]
    values = read_values(client, known, records, ["velma_reason", "velma_unheard_of"])
    assert values == {RecordRef("deals", there): {"velma_reason": "x"}}


def test_a_record_without_any_of_the_properties_is_still_there(
    portal: Any, client: Any, known: KnownFields
) -> None:
    record = RecordRef("deals", portal.insert("deals", {}))
    assert read_values(client, known, [record], ["velma_unheard_of"]) == {record: {}}


def test_a_hundred_records_of_one_object_cost_one_request(
    portal: Any, client: Any, known: KnownFields
) -> None:
    deals = [RecordRef("deals", portal.insert("deals", {"dealname": str(n)})) for n in range(201)]
    contacts = [RecordRef("contacts", portal.insert("contacts", {"lastname": str(n)})) for n in range(3)]
    for name in ("deals", "contacts"):
        known.of(name)
    before = requests(portal)
    values = read_values(client, known, [*deals, *contacts, *deals], ["dealname", "lastname"])
    assert requests(portal) - before == 4
    assert [values[deal]["dealname"] for deal in deals] == [str(n) for n in range(201)]
    assert [values[contact]["lastname"] for contact in contacts] == ["0", "1", "2"]


def test_nothing_to_read_asks_nothing(portal: Any, client: Any, known: KnownFields) -> None:
    before = requests(portal)
    assert read_values(client, known, [], ["dealname"]) == {}
    assert read_values(client, known, [RecordRef("deals", "006000000000001AAA")], ["dealname"]) == {}
    assert requests(portal) == before


def test_a_property_deleted_since_it_was_known_is_none(portal: Any, client: Any, known: KnownFields) -> None:
    record = RecordRef("deals", portal.insert("deals", {"velma_reason": "x", "dealname": "Rollout"}))
    known.of("deals")
    portal.delete_property("deals", "velma_reason")
    values = read_values(client, known, [record], ["velma_reason", "dealname"])
    assert values[record]["dealname"] == "Rollout"
    assert not values[record].get("velma_reason")
