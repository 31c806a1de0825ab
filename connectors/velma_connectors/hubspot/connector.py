"""The HubSpot connector: the contract of all CRMs, each method handed to the file that does the job."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import BinaryIO

from velma_connectors.hubspot.calls import CallReader
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.identity import who_we_are
from velma_connectors.hubspot.neighbours import Neighbours
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.provisioning import Provisioner
from velma_connectors.hubspot.recordings import open_recording
from velma_connectors.hubspot.schema import OBJECTS, Planner
from velma_connectors.hubspot.values import read_values
from velma_connectors.hubspot.writing import Writer
from velma_connectors.model import (
    ApiBudget,
    Call,
    CallRef,
    Capabilities,
    Field,
    FieldSpec,
    FieldUpdate,
    FieldValue,
    Health,
    NoteUpsert,
    Page,
    RecordRef,
    SchemaResult,
    SchemaStep,
    Target,
    Window,
    WriteResult,
)

CAPABILITIES = Capabilities(
    write_batch=400,
    batch_requests=30,
    objects=OBJECTS,
    note_targets=(Target.DEAL, Target.CONTACT, Target.ACCOUNT),
)
"""Four hundred updates fill four requests; what is read before writing costs little more than for one."""


def _now() -> datetime:
    return datetime.now(UTC)


class HubSpotConnector:
    """One HubSpot portal. Fulfils `protocol.CrmConnector`.

    `wait` sleeps for seconds, to repeat a request or to keep the pace; `now` gives the present, aware;
    `clock` counts seconds and never goes back.
    """

    def __init__(
        self,
        connection: str,
        options: HubSpotOptions,
        *,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._client = HubSpotClient(options, wait=wait, clock=clock, now=now)
        self._known = KnownFields(self._client)
        neighbours = Neighbours(self._client, deal_candidates=options.deal_candidates, now=now)
        self._reader = CallReader(connection, options, self._client, self._known, neighbours, now)
        self._writer = Writer(self._client, self._known, neighbours.rewritten, now=now)

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def check(self) -> Health:
        self._known.forget()
        return who_we_are(self._client, self._known, self._options)

    def count(self, window: Window) -> int:
        return self._reader.count(window)

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        return self._reader.page(window, cursor, limit)

    def refresh(self, refs: Sequence[CallRef]) -> list[Call]:
        return self._reader.refresh(refs)

    def open_recording(self, call: Call) -> AbstractContextManager[BinaryIO]:
        return open_recording(self._options, call)

    def fields(self, object_name: str) -> Mapping[str, Field]:
        return self._known.read(object_name)

    def current(
        self, records: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Mapping[str, FieldValue]]:
        return read_values(self._client, self._known, records, fields)

    def write(self, updates: Sequence[FieldUpdate | NoteUpsert]) -> list[WriteResult]:
        return self._writer.write(updates)

    def plan_fields(self, specs: Sequence[FieldSpec]) -> list[SchemaStep]:
        return Planner(self._client, OBJECTS).plan(specs)

    def create_fields(self, steps: Sequence[SchemaStep]) -> list[SchemaResult]:
        try:
            return Provisioner(self._client).create(steps)
        finally:
            self._known.forget()

    def budget(self) -> ApiBudget:
        return self._client.budget()

    def close(self) -> None:
        self._client.close()
