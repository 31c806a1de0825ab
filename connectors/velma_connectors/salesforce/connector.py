"""The Salesforce connector: the contract of all CRMs, each method handed to the file that does the job."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import BinaryIO

from velma_connectors.errors import OutcomeUnknown, RetryLater
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
    Window,
    WriteResult,
)
from velma_connectors.salesforce.calls import CallReader
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import KnownFields
from velma_connectors.salesforce.identity import who_we_are
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.provisioning import Provisioner
from velma_connectors.salesforce.recordings import open_recording
from velma_connectors.salesforce.schema import Planner, objects_behind
from velma_connectors.salesforce.values import read_values
from velma_connectors.salesforce.writing import Writer

WRITE_BATCH = 400
"""Calls whose own records fill two requests; what is read before writing costs no more than for one."""


def _now() -> datetime:
    return datetime.now(UTC)


class SalesforceConnector:
    """One Salesforce org. Fulfils `protocol.CrmConnector`.

    `wait` sleeps for seconds between the retries inside one request, `now` gives the present, aware.
    """

    def __init__(
        self,
        connection: str,
        options: SalesforceOptions,
        *,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._options = options
        self._client = SalesforceClient(options, wait=wait, clock=lambda: now().timestamp())
        self._known = KnownFields(self._client)
        self._reader = CallReader(connection, options, self._client, self._known, now)
        self._writer = Writer(self._client, wait)
        self._capabilities = Capabilities(
            write_batch=WRITE_BATCH,
            objects=objects_behind(options.calls_from),
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def check(self) -> Health:
        self._known.forget()
        problems = self._reader.option_problems()
        return who_we_are(self._client, self._known, self._options, problems)

    def count(self, window: Window) -> int:
        return self._reader.count(window)

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        return self._reader.page(window, cursor, limit)

    def refresh(self, refs: Sequence[CallRef]) -> list[Call]:
        return self._reader.refresh(refs)

    def open_recording(self, call: Call) -> AbstractContextManager[BinaryIO]:
        return open_recording(self._client, call)

    def fields(self, object_name: str) -> Mapping[str, Field]:
        return self._known.read(object_name)

    def current(
        self, records: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Mapping[str, FieldValue]]:
        return read_values(self._client, self._known, records, fields)

    def write(self, updates: Sequence[FieldUpdate | NoteUpsert]) -> list[WriteResult]:
        return self._writer.write(updates)

    def plan_fields(self, specs: Sequence[FieldSpec]) -> list[SchemaStep]:
        return Planner(self._client, self._capabilities.objects).plan(specs)

    def create_fields(self, steps: Sequence[SchemaStep]) -> list[SchemaResult]:
        try:
            return Provisioner(self._client, self._options.permission_set).create(steps)
        except OutcomeUnknown as lost:
            raise RetryLater(f"{lost} Repeat the command; what exists is kept.") from None
        finally:
            self._known.forget()

    def budget(self) -> ApiBudget:
        return self._client.budget()

    def close(self) -> None:
        self._client.close()
