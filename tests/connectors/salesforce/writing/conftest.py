"""Records behind sObject Collections, as the scripted org keeps and refuses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from velma_connectors.model import (
    CallRef,
    FieldUpdate,
    FieldValue,
    NoteUpsert,
    RecordRef,
    WriteResult,
    WriteStatus,
)
from velma_connectors.salesforce.writing import Writer

CALL = CallRef("sales", "Task", "00T000000000001AAA")


class Rows:
    """Takes collection writes row by row and keeps what was stored; `faults` are used up in order.

    A description of None stands for a record that is gone.
    """

    def __init__(self, org: Any, writer: Writer) -> None:
        self._org = org
        self.writer = writer
        self.batches: list[list[dict[str, Any]]] = []
        self.stored: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, list[dict[str, Any]]] = {}
        self.descriptions: dict[str, str | None] = {}
        org.on("PATCH composite/sobjects", self.save)
        org.on("POST composite/sobjects/", self.read)

    def save(self, seen: Any) -> Any:
        records = seen.body["records"]
        self.batches.append(records)
        ids = [record["id"] for record in records]
        assert seen.body["allOrNone"] is False
        assert len(records) <= 200
        assert len(set(ids)) == len(ids), "a record appeared twice in one request"
        types = [record["attributes"]["type"] for record in records]
        assert types == sorted(types), "rows of one type must stand together"
        return [self.answer(record) for record in records]

    def answer(self, record: dict[str, Any]) -> Any:
        record_id = record["id"]
        if self.faults.get(record_id):
            return self.faults[record_id].pop(0)
        fields = {name: value for name, value in record.items() if name not in ("id", "attributes")}
        self.stored.setdefault(record_id, {}).update(fields)
        if "Description" in fields:
            self.descriptions[record_id] = fields["Description"]
        return self._org.saved(record_id)

    def read(self, seen: Any) -> Any:
        assert seen.body["fields"] == ["Id", "Description"]
        return [
            {"Id": record_id, "Description": self.descriptions.get(record_id)}
            if self.descriptions.get(record_id, "") is not None
            else None
            for record_id in seen.body["ids"]
        ]

    def write(self, units: Sequence[FieldUpdate | NoteUpsert]) -> list[WriteResult]:
        return self.writer.write(units)

    @staticmethod
    def task(number: int) -> RecordRef:
        return RecordRef("Task", f"00T{number:012d}AAA")

    @staticmethod
    def deal(number: int) -> RecordRef:
        return RecordRef("Opportunity", f"006{number:012d}AAA")

    @staticmethod
    def update(record: RecordRef, /, **fields: FieldValue) -> FieldUpdate:
        return FieldUpdate(record, fields, (CALL,))

    @staticmethod
    def note(record: RecordRef, body: str = "a summary", key: str = "note-1") -> NoteUpsert:
        return NoteUpsert(key, (record,), body, (CALL,))

    @staticmethod
    def statuses(results: Sequence[WriteResult]) -> list[WriteStatus]:
        return [result.status for result in results]


@pytest.fixture
def rows(org: Any, client: Any, waits: list[float]) -> Rows:
    return Rows(org, Writer(client, waits.append))
