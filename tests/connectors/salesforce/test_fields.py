"""Fields in the words of all connectors, and present values typed by them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from velma_connectors.model import Field, FieldKind, RecordRef
from velma_connectors.salesforce.fields import KnownFields, field_of
from velma_connectors.salesforce.values import read_values
from velma_connectors.salesforce.verdicts import RequestRefused


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("boolean", {}, FieldKind.BOOLEAN),
        ("double", {}, FieldKind.NUMBER),
        ("int", {}, FieldKind.NUMBER),
        ("percent", {}, FieldKind.NUMBER),
        ("currency", {}, FieldKind.NUMBER),
        ("string", {}, FieldKind.TEXT),
        ("combobox", {}, FieldKind.TEXT),
        ("url", {}, FieldKind.TEXT),
        ("phone", {}, FieldKind.TEXT),
        ("email", {}, FieldKind.TEXT),
        ("textarea", {"length": 255}, FieldKind.TEXT),
        ("textarea", {"length": 32000}, FieldKind.LONG_TEXT),
        ("picklist", {}, FieldKind.CHOICE),
        ("multipicklist", {}, FieldKind.MULTI_CHOICE),
        ("date", {}, FieldKind.DATE),
        ("datetime", {}, FieldKind.DATETIME),
        ("reference", {}, FieldKind.OTHER),
        ("id", {}, FieldKind.OTHER),
        ("base64", {}, FieldKind.OTHER),
        ("a type of next year", {}, FieldKind.OTHER),
    ],
)
def test_every_type_of_salesforce_has_a_kind(
    org: Any, kind: str, more: dict[str, Any], expected: FieldKind
) -> None:
    field = field_of(org.field_entry("X__c", kind, **more))
    assert field.kind is expected
    assert field.can_be_blank is (expected is not FieldKind.BOOLEAN)


def test_limits_and_options_are_those_of_the_describe(org: Any) -> None:
    number = field_of(org.field_entry("N__c", "double", precision=3, scale=2, length=0))
    assert (number.precision, number.scale, number.max_length) == (3, 2, None)
    options = [
        {"value": "A", "label": "Letter A", "active": True},
        {"value": "B", "label": "Letter B", "active": False},
    ]
    choice = field_of(org.field_entry("C__c", "picklist", picklistValues=options, restrictedPicklist=True))
    assert choice == Field(
        "C__c", "C  c", FieldKind.CHOICE, writable=True, filterable=True, choices=("A",), restricted=True
    )
    assert field_of(org.field_entry("T__c", length=80)).max_length == 80


@pytest.mark.parametrize("changes", [{"updateable": False}, {"calculated": True}])
def test_formulas_and_read_only_fields_are_not_writable(org: Any, changes: dict[str, Any]) -> None:
    assert not field_of(org.field_entry("X__c", **changes)).writable


def test_fields_are_read_anew_when_asked_and_known_ones_once(org: Any, client: Any) -> None:
    one, two = [org.field_entry("X__c")], [org.field_entry("X__c"), org.field_entry("Y__c")]
    org.on("GET sobjects/Task/describe", {"fields": one}, {"fields": two})
    known = KnownFields(client)
    assert list(known.of("Task")) == list(known.of("Task")) == ["X__c"]
    assert len(org.seen) == 1
    assert list(known.read("Task")) == ["X__c", "Y__c"]
    assert list(known.of("Task")) == ["X__c", "Y__c"]
    assert len(org.seen) == 2


def test_values_are_read_by_object_and_typed(org: Any, client: Any) -> None:
    kinds = {
        "Flag__c": "boolean",
        "Number__c": "double",
        "Text__c": "string",
        "Many__c": "multipicklist",
        "At__c": "datetime",
        "Day__c": "date",
        "Empty__c": "multipicklist",
    }
    entries = [org.field_entry(name, kind) for name, kind in kinds.items()]
    org.on("GET sobjects/Task/describe", {"fields": entries})
    org.on("GET sobjects/Opportunity/describe", {"fields": entries[:1]})
    stored = {
        "Id": org.id("00T", 1),
        "Flag__c": False,
        "Number__c": -0.25,
        "Text__c": "words",
        "Many__c": "B;A",
        "At__c": "2026-03-02T09:00:00.000+0000",
        "Day__c": "2026-03-02",
        "Empty__c": None,
    }
    org.on("POST composite/sobjects/Task", [stored, None])
    org.on("POST composite/sobjects/Opportunity", [{"Id": org.id("006", 1), "Flag__c": True}])
    task, gone, deal = (
        RecordRef("Task", org.id("00T", 1)),
        RecordRef("Task", org.id("00T", 2)),
        RecordRef("Opportunity", org.id("006", 1)),
    )
    values = read_values(client, KnownFields(client), [task, deal, gone, task], [*kinds, "Hidden__c"])
    assert values == {
        task: {
            "Flag__c": False,
            "Number__c": -0.25,
            "Text__c": "words",
            "Many__c": ("A", "B"),
            "At__c": datetime(2026, 3, 2, 9, tzinfo=UTC),
            "Day__c": "2026-03-02",
            "Empty__c": None,
        },
        deal: {"Flag__c": True},
    }
    (sent,) = org.requests("POST composite/sobjects/Task")
    assert sent.body["ids"] == [task.id, gone.id]
    assert "Hidden__c" not in sent.body["fields"]


def test_two_thousand_records_are_one_request(org: Any, client: Any) -> None:
    org.on("GET sobjects/Task/describe", {"fields": [org.field_entry("X__c")]})
    org.on("POST composite/sobjects/Task", lambda seen: [None] * len(seen.body["ids"]))
    records = [RecordRef("Task", org.id("00T", n)) for n in range(2001)]
    assert read_values(client, KnownFields(client), records, ["X__c"]) == {}
    assert [len(seen.body["ids"]) for seen in org.requests("POST")] == [2000, 1]


def test_a_field_hidden_since_it_was_described_is_left_out(org: Any, client: Any) -> None:
    both, one = [org.field_entry("X__c"), org.field_entry("Y__c")], [org.field_entry("Y__c")]
    org.on("GET sobjects/Task/describe", {"fields": both}, {"fields": one})
    stored = [{"Id": org.id("00T", 1), "Y__c": "y"}]
    org.on("POST composite/sobjects/Task", org.error(400, "INVALID_FIELD", "No such column 'X__c'"), stored)
    record = RecordRef("Task", org.id("00T", 1))
    values = read_values(client, KnownFields(client), [record], ["X__c", "Y__c"])
    assert values == {record: {"Y__c": "y"}}


def test_a_refusal_that_stays_is_told(org: Any, client: Any) -> None:
    org.on("GET sobjects/Task/describe", {"fields": []})
    org.on("POST composite/sobjects/Task", org.error(400, "INVALID_TYPE", ""))
    with pytest.raises(RequestRefused):
        read_values(client, KnownFields(client), [RecordRef("Task", org.id("00T", 1))], [])
