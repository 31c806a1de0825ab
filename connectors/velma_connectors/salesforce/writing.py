"""Writing many records in few requests: sObject Collections, results by position, no neighbour harmed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from velma_connectors.errors import OutcomeUnknown, RetryLater
from velma_connectors.model import Field, WriteResult, WriteStatus
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import read_fields
from velma_connectors.salesforce.mending import mend, named_fields
from velma_connectors.salesforce.rows import NOTE_FIELD, Row, Unit, gather, record_of
from velma_connectors.salesforce.verdicts import (
    Action,
    Fault,
    RequestRefused,
    described,
    faults_in,
    object_named,
    rule_for,
)

MAX_ROWS = 200
MAX_RETRIEVED = 2_000
MAX_ROUNDS = 6
TURN_TO_SCHEMA = 2
"""Some refusals name one field at a time. After so many rounds the schema is asked for all of them."""
REFUSED_TOO_OFTEN = (
    f"Salesforce refused the record {MAX_ROUNDS} times, each time for a different field; check which of the "
    "mapped fields the user may edit"
)
MAX_SPLITS = 20
LOCK_RETRIES = ((0.2, 2), (0.3, 10), (0.5, 40))
"""Seconds to wait and requests to spread over, each time some records are being saved by somebody else.

One locked row can fail all rows of its request, so the groups grow smaller and not too many. No longer
than about a second in all: what that somebody saves must be read before it is written to.
"""
LOCKED_SECONDS = 60.0

_ONE_ROWS_FAULT = ("JSON_PARSER_ERROR", "MALFORMED_ID", "INVALID_ID_FIELD", "INVALID_FIELD", "INVALID_TYPE")
"""Refusals of a whole request for which one of its rows may be to blame."""


class Writer:
    """Writes units of one connection. `wait` sleeps for some seconds; each write keeps its own state."""

    def __init__(self, client: SalesforceClient, wait: Callable[[float], None]) -> None:
        self._client = client
        self._wait = wait

    def write(self, units: Sequence[Unit]) -> list[WriteResult]:
        """Results by position. Raises StopConnection alone.

        All that goes to one record is one row; rows are sent 200 at a time, those that could be mended
        once more together. Descriptions are read just before their notes are written into them.
        """
        rows = gather(units)
        run = _Run(self._client)
        run.send_all(list(rows.values()), MAX_ROWS)
        for seconds, groups in LOCK_RETRIES:
            locked = [row for row in rows.values() if row.locked]
            if not locked:
                break
            self._wait(seconds)
            run.send_all(locked, min(MAX_ROWS, math.ceil(len(locked) / groups)))
        for row in rows.values():
            if row.locked:
                row.settle(WriteStatus.RETRY, "the record is being saved by somebody else", LOCKED_SECONDS)
        return [_result(unit, rows) for unit in units]


def _result(unit: Unit, rows: Mapping[Any, Row]) -> WriteResult:
    record = record_of(unit)
    if record is None:
        return WriteResult(WriteStatus.REJECTED, reason="the note names no record")
    return rows[record].result_for(unit)


class _Run:
    """One write: sends rows until each is settled or locked."""

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client
        self._fields: dict[str, Mapping[str, Field]] = {}
        self._splits = 0

    def send_all(self, rows: Sequence[Row], size: int) -> None:
        for row in rows:
            row.locked = False
        pending = [row for row in rows if row.outcome is None]
        try:
            for turn in range(MAX_ROUNDS):
                if turn == TURN_TO_SCHEMA:
                    self._drop_unwritable([row for row in pending if len(row.dropped) > 1])
                pending = self._send_round(pending, size)
                if not pending:
                    return
        except RetryLater as later:
            for row in rows:
                if row.outcome is None:
                    row.settle(WriteStatus.RETRY, str(later), later.after)
            return
        for row in pending:
            row.settle(WriteStatus.REJECTED, REFUSED_TOO_OFTEN)

    def _send_round(self, rows: Sequence[Row], size: int) -> list[Row]:
        """Send each row once; those that were mended are the answer."""
        self._compose_notes([row for row in rows if row.notes])
        filled = []
        for row in rows:
            if row.values:
                filled.append(row)
            elif row.outcome is None:
                row.settle(WriteStatus.OK)
        # Runs of one type: Salesforce takes at most ten runs in a request.
        ready = sorted((row for row in filled if row.outcome is None), key=lambda row: row.record)
        for start in range(0, len(ready), size):
            self._send(ready[start : start + size])
        return [row for row in ready if row.outcome is None and not row.locked]

    def _drop_unwritable(self, rows: Sequence[Row]) -> None:
        for row in rows:
            fields = self._fields_of(row.record.object)
            for name in list(row.fields):
                if name not in fields or not fields[name].writable:
                    row.drop(name, "the field does not exist, is hidden or may not be edited by the user")

    def _compose_notes(self, rows: Sequence[Row]) -> None:
        # Collections know no "unless changed since": what a rep saves between this reading and the write
        # that follows at once would be lost.
        for batch in _batches_of_one_object(rows, MAX_RETRIEVED):
            name = batch[0].record.object
            try:
                found = self._client.retrieve(name, [row.record.id for row in batch], ["Id", NOTE_FIELD])
            except RequestRefused as refusal:
                for row in batch:
                    row.refuse_notes(str(refusal))
                continue
            for row, record in zip(batch, found, strict=True):
                if record is None:
                    row.settle(WriteStatus.GONE, "the record was deleted or is not shared with the user")
                else:
                    row.compose(record.get(NOTE_FIELD))

    def _send(self, batch: Sequence[Row]) -> None:
        body = {"allOrNone": False, "records": [row.payload() for row in batch]}
        try:
            answer = self._client.send("PATCH", "composite/sobjects", body)
        except RequestRefused as refusal:
            self._refused(batch, refusal)
        except OutcomeUnknown as lost:
            for row in batch:
                row.settle(WriteStatus.UNKNOWN, str(lost))
        else:
            self._answered(batch, answer)

    def _answered(self, batch: Sequence[Row], answer: Any) -> None:
        if not isinstance(answer, list) or len(answer) != len(batch):
            for row in batch:
                row.settle(WriteStatus.UNKNOWN, "Salesforce answered without a result for each record")
            return
        refused = []
        for row, item in zip(batch, answer, strict=True):
            if item["success"]:
                row.settle(WriteStatus.OK)
            else:
                refused.append((row, faults_in(item["errors"])))
        # Mending may ask Salesforce and fail; what was written stays settled then.
        for row, faults in refused:
            mend(row, faults, self._fields_of)

    def _refused(self, batch: Sequence[Row], refusal: RequestRefused) -> None:
        """A whole request was refused: find the field or the row to blame, and spare the others."""
        if len(batch) == 1:
            mend(batch[0], refusal.faults, self._fields_of)
        elif _dropped_everywhere(batch, refusal.faults[0]):
            return
        elif refusal.has(*_ONE_ROWS_FAULT) and self._splits < MAX_SPLITS:
            self._splits += 1
            middle = len(batch) // 2
            self._send(batch[:middle])
            self._send(batch[middle:])
        else:
            for row in batch:
                row.settle(WriteStatus.REJECTED, described(refusal.faults[0]))

    def _fields_of(self, object_name: str) -> Mapping[str, Field]:
        if object_name not in self._fields:
            self._fields[object_name] = read_fields(self._client, object_name)
        return self._fields[object_name]


def _dropped_everywhere(batch: Sequence[Row], fault: Fault) -> bool:
    """Leave the field at fault out of every row of its object; False when it is not known which."""
    rule = rule_for(fault)
    objects = {row.record.object for row in batch}
    name = object_named(fault) or (objects.pop() if len(objects) == 1 else None)
    if rule.action is not Action.DROP or name is None:
        return False
    dropped = False
    for row in batch:
        for field in named_fields(row, fault) if row.record.object == name else ():
            row.drop(field, f"{rule.advice} ({fault.code})")
            dropped = True
    return dropped


def _batches_of_one_object(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    for name in sorted({row.record.object for row in rows}):
        same = [row for row in rows if row.record.object == name]
        for start in range(0, len(same), size):
            yield same[start : start + size]
