"""Bugs in verdicts, secrecy, schemas and accounts. After each stands the sentence that finds it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from velma_connectors.errors import RetryLater, SkipCall
from velma_connectors.model import (
    ApiBudget,
    Call,
    Field,
    FieldSpec,
    FieldUpdate,
    FieldValue,
    Health,
    NoteUpsert,
    RecordRef,
    SchemaAction,
    SchemaResult,
    SchemaStep,
    Window,
    WriteResult,
)
from velma_connectors.testing import ConnectorContract
from velma_connectors.testing.memory import MemoryConnector

Update = FieldUpdate | NoteUpsert


class LibraryErrorEscapes(MemoryConnector):
    """Forgets to translate one exception of its client library."""

    def current(
        self, records: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Mapping[str, FieldValue]]:
        try:
            return super().current(records, fields)
        except RetryLater as error:
            raise ConnectionError("Connection aborted.") from error


class TestLibraryErrorEscapes(ConnectorContract):
    connector = LibraryErrorEscapes
    caught_by = "a read that meets a fault raises its verdict [outage]"


class RepeatsAtOnce(MemoryConnector):
    """Names no time to wait."""

    def count(self, window: Window) -> int:
        try:
            return super().count(window)
        except RetryLater as error:
            raise RetryLater(str(error), after=0.0) from None


class TestRepeatsAtOnce(ConnectorContract):
    connector = RepeatsAtOnce
    caught_by = "a read that meets a fault raises its verdict [rate limit]"


class TellsTheLocator(MemoryConnector):
    """Names the address of the audio that it could not read."""

    def _audio(self, call: Call) -> bytes:
        try:
            return super()._audio(call)
        except SkipCall:
            locator = call.recording.locator if call.recording else ""
            raise SkipCall(f"{locator} was not found.", code="no_recording") from None


class TestTellsTheLocator(ConnectorContract):
    connector = TellsTheLocator
    caught_by = "a recording that is gone is told without its locator"


class LogsRequests(MemoryConnector):
    """Logs what it sends, for whoever debugs it."""

    def _write_one(self, update: Update) -> WriteResult:
        logging.getLogger(__name__).debug(
            "sending %s", update.fields if isinstance(update, FieldUpdate) else ""
        )
        return super()._write_one(update)


class TestLogsRequests(ConnectorContract):
    connector = LogsRequests
    caught_by = "names titles and notes are not logged"


class KeepsFields(MemoryConnector):
    """Asks for the fields of an object once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known: dict[str, Mapping[str, Field]] = {}

    def fields(self, object_name: str) -> Mapping[str, Field]:
        if object_name not in self._known:
            self._known[object_name] = super().fields(object_name)
        return self._known[object_name]


class TestKeepsFields(ConnectorContract):
    connector = KeepsFields
    caught_by = "fields are always told fresh"


class PlanCreates(MemoryConnector):
    """Creates while it plans."""

    def plan_fields(self, specs: Sequence[FieldSpec]) -> list[SchemaStep]:
        steps = super().plan_fields(specs)
        self.create_fields(steps)
        return steps


class TestPlanCreates(ConnectorContract):
    connector = PlanCreates
    caught_by = "planning changes nothing"


class ReplacesOptions(MemoryConnector):
    """Sends the wanted options as the whole list."""

    def create_fields(self, steps: Sequence[SchemaStep]) -> list[SchemaResult]:
        results = super().create_fields(steps)
        for step in steps:
            if step.action is SchemaAction.CHANGE:
                fields = self._crm.fields[step.object]
                fields[step.spec.name] = replace(fields[step.spec.name], choices=step.spec.choices)
        return results


class TestReplacesOptions(ConnectorContract):
    connector = ReplacesOptions
    caught_by = "an option of the admin is never lost"


class FreeOfCharge(MemoryConnector):
    """Never counts its requests."""

    def budget(self) -> ApiBudget:
        return ApiBudget(used=None, allowed=None, requests=0)


class TestFreeOfCharge(ConnectorContract):
    connector = FreeOfCharge
    caught_by = "the budget grows with requests and asking for it costs nothing"


class NewIdentity(MemoryConnector):
    """Takes its own connection for the account."""

    def check(self) -> Health:
        return replace(super().check(), account_id=str(id(self)))


class TestNewIdentity(ConnectorContract):
    connector = NewIdentity
    caught_by = "the identity is stable and survives a restart"


class StopsBeingPolite(MemoryConnector):
    """Uses up the tries of calls while the day's allowance is gone."""

    def count(self, window: Window) -> int:
        try:
            return super().count(window)
        except RetryLater as error:
            raise RetryLater(str(error), after=error.after) from None


class TestStopsBeingPolite(ConnectorContract):
    connector = StopsBeingPolite
    caught_by = "an exhausted day uses up nobodys tries"


class KeepsItsSocket(MemoryConnector):
    """Opens a socket and leaves it to the garbage collector."""

    _socket: socket.socket

    def check(self) -> Health:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self._socket = socket.create_connection(listening.getsockname())
        return super().check()

    def __del__(self) -> None:
        if hasattr(self, "_socket"):
            self._socket.close()


class TestKeepsItsSocket(ConnectorContract):
    connector = KeepsItsSocket
    caught_by = "a closed connection holds no socket"
