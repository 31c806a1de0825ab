"""Deliberate bugs in the connector in memory, one class each, and the sentence that has to find each.

This file is not collected by itself: `test_planted_bugs.py` runs it and looks at what failed.
"""

from __future__ import annotations

import io
import logging
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any, BinaryIO, ClassVar

import pytest

from velma_connectors.errors import RetryLater, SkipCall
from velma_connectors.model import (
    ApiBudget,
    Call,
    CallRef,
    Field,
    FieldSpec,
    FieldUpdate,
    FieldValue,
    Health,
    NoteUpsert,
    Page,
    RecordRef,
    SchemaAction,
    SchemaResult,
    SchemaStep,
    Window,
    WriteResult,
    WriteStatus,
)
from velma_connectors.protocol import CrmConnector
from velma_connectors.testing import ConnectorContract
from velma_connectors.testing.clock import TURN_SECONDS
from velma_connectors.testing.far_side import FarCall, FarNote
from velma_connectors.testing.memory import MemoryConnector
from velma_connectors.testing.memory_rig import MemoryRig

Update = FieldUpdate | NoteUpsert


class Planted(ConnectorContract):
    """The contract, run with a connector that has a bug. `caught_by` is the sentence that must fail."""

    connector: ClassVar[type[MemoryConnector]]
    caught_by: ClassVar[str]

    @pytest.fixture
    def rig(self) -> MemoryRig:
        bug = self.connector

        class Rig(MemoryRig):
            def reopen(self) -> CrmConnector:
                return bug(self.connection, self.crm)

        return Rig()


class EndLeftOut(MemoryConnector):
    """Reads windows as half open."""

    def _changed(self, window: Window) -> list[FarCall]:
        return [call for call in super()._changed(window) if call.changed_at < window.end]


class TestEndLeftOut(Planted):
    connector = EndLeftOut
    caught_by = "both ends of the window belong to it"


class PagesByStamp(MemoryConnector):
    """Goes on after the last stamp it has seen."""

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        found = sorted(self._changed(window), key=lambda call: call.changed_at)
        rest = [call for call in found if cursor is None or call.changed_at.isoformat() > cursor]
        part = rest[:limit]
        more = len(part) < len(rest)
        return Page(tuple(map(self._call, part)), part[-1].changed_at.isoformat() if more else None)


class TestPagesByStamp(Planted):
    connector = PagesByStamp
    caught_by = "calls with equal stamps are all found over pages [2]"


class PagesByOffset(MemoryConnector):
    """Counts how many it has seen, while edited calls leave the window."""

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        found = self._ask("calls", lambda: self._changed(window))
        start = int(cursor or 0)
        part = found[start : start + limit]
        more = start + limit < len(found)
        return Page(tuple(map(self._call, part)), str(start + limit) if more else None)


class TestPagesByOffset(Planted):
    connector = PagesByOffset
    caught_by = "nothing is lost when calls are edited during the walk"


class CountsByWalking(MemoryConnector):
    """Counts the first page."""

    def count(self, window: Window) -> int:
        return len(super().calls(window, None, limit=1).calls)


class TestCountsByWalking(Planted):
    connector = CountsByWalking
    caught_by = "the count agrees with the walk"


class LocalTimes(MemoryConnector):
    """Tells times as the clock on the wall of its office."""

    def _call(self, far: FarCall) -> Call:
        call = super()._call(far)
        return replace(call, started_at=call.started_at.astimezone(timezone(timedelta(hours=2))))


class TestLocalTimes(Planted):
    connector = LocalTimes
    caught_by = "times are aware and in utc"


class StageOfToday(MemoryConnector):
    """Tells the stage a deal has now."""

    def _call(self, far: FarCall) -> Call:
        call = super()._call(far)
        return replace(call, deals=tuple(self._crm.deals[deal.ref.id] for deal in call.deals))


class TestStageOfToday(Planted):
    connector = StageOfToday
    caught_by = "a deal has the stage it had when the call took place"


class FingerprintOfFields(MemoryConnector):
    """Takes every changed field for a change of the recording."""

    def _call(self, far: FarCall) -> Call:
        return replace(super()._call(far), fingerprint=f"{far.recording} {self._crm.values[_record(far)]}")


def _record(far: FarCall) -> RecordRef:
    return RecordRef("Call", far.id)


class TestFingerprintOfFields(Planted):
    connector = FingerprintOfFields
    caught_by = "our own writes leave the fingerprint as it is"


class SilenceForLostAudio(MemoryConnector):
    """Answers with no bytes where a file is missing."""

    def open_recording(self, call: Call) -> AbstractContextManager[BinaryIO]:
        try:
            with super().open_recording(call) as stream:
                return nullcontext(stream)
        except SkipCall:
            return nullcontext(io.BytesIO())


class TestSilenceForLostAudio(Planted):
    connector = SilenceForLostAudio
    caught_by = "audio that is gone is never taken for silence"


class FirstMegabyte(MemoryConnector):
    """Reads audio once, into a buffer of fixed size."""

    def _audio(self, call: Call) -> bytes:
        return super()._audio(call)[:1_048_576]


class TestFirstMegabyte(Planted):
    connector = FirstMegabyte
    caught_by = "audio of several megabytes comes whole [-1]"


class ClearsTheRest(MemoryConnector):
    """Saves a record as a whole: fields that are not named become empty."""

    def _carry_out(self, update: Update, record: RecordRef) -> WriteResult:
        if isinstance(update, FieldUpdate) and record in self._crm.values:
            self._crm.values[record] = dict.fromkeys(self._crm.fields[record.object])
        return super()._carry_out(update, record)


class TestClearsTheRest(Planted):
    connector = ClearsTheRest
    caught_by = "fields that are not named stay as they are"


class NoneIsNothing(MemoryConnector):
    """Leaves out empty values, as many JSON encoders do."""

    def write(self, updates: Sequence[Update]) -> list[WriteResult]:
        return super().write([_without_none(update) for update in updates])


def _without_none(update: Update) -> Update:
    if isinstance(update, NoteUpsert):
        return update
    return replace(update, fields={name: value for name, value in update.fields.items() if value is not None})


class TestNoneIsNothing(Planted):
    connector = NoneIsNothing
    caught_by = "none clears a field that can be blank [text]"


class CutsInSilence(MemoryConnector):
    """Cuts long texts and says that all is well."""

    def write(self, updates: Sequence[Update]) -> list[WriteResult]:
        return super().write([self._cut(update) for update in updates])

    def _cut(self, update: Update) -> Update:
        if isinstance(update, NoteUpsert):
            return update
        limits = {name: field.max_length for name, field in self._crm.fields[update.record.object].items()}
        fields = {
            name: value[: limits.get(name)] if isinstance(value, str) else value
            for name, value in update.fields.items()
        }
        return replace(update, fields=fields)


class TestCutsInSilence(Planted):
    connector = CutsInSilence
    caught_by = "text that is too long is named and never cut in silence"


class AllOrNothing(MemoryConnector):
    """Refuses a record as a whole for one of its fields."""

    def _carry_out(self, update: Update, record: RecordRef) -> WriteResult:
        known = self._crm.fields[record.object]
        if isinstance(update, FieldUpdate) and not set(update.fields) <= set(known):
            return WriteResult(WriteStatus.REJECTED, reason="unknown field")
        return super()._carry_out(update, record)


class TestAllOrNothing(Planted):
    connector = AllOrNothing
    caught_by = "a field that does not exist is named and the rest is written"


class AddsOptions(MemoryConnector):
    """Adds every option it is given to the field."""

    def _carry_out(self, update: Update, record: RecordRef) -> WriteResult:
        for name, value in update.fields.items() if isinstance(update, FieldUpdate) else ():
            field = self._crm.fields[record.object].get(name)
            if isinstance(value, tuple) and field is not None:
                choices = tuple(dict.fromkeys((*field.choices, *value)))
                self._crm.fields[record.object][name] = replace(field, choices=choices)
        return super()._carry_out(update, record)


class TestAddsOptions(Planted):
    connector = AddsOptions
    caught_by = "an option the field lacks is left out and listed"


class StopsAtTheFirst(MemoryConnector):
    """Gives up a batch at its first bad record."""

    def write(self, updates: Sequence[Update]) -> list[WriteResult]:
        results: list[WriteResult] = []
        for update in updates:
            failed = any(result.status is not WriteStatus.OK for result in results)
            skipped = WriteResult(WriteStatus.RETRY, reason="a neighbour failed", after=1.0)
            results += [skipped] if failed else super().write([update])
        return results


class TestStopsAtTheFirst(Planted):
    connector = StopsAtTheFirst
    caught_by = "one bad record never harms its neighbours"


class ResultsByRecord(MemoryConnector):
    """Answers in the order of the records, not of the updates."""

    def write(self, updates: Sequence[Update]) -> list[WriteResult]:
        return super().write(sorted(updates, key=lambda update: str(_target(update))))


def _target(update: Update) -> RecordRef:
    return update.record if isinstance(update, FieldUpdate) else update.targets[0]


class TestResultsByRecord(Planted):
    connector = ResultsByRecord
    caught_by = "results stand at the position of their update"


class NoteKeysInMemory(MemoryConnector):
    """Knows which notes it has written only as long as it runs."""

    def _carry_out(self, update: Update, record: RecordRef) -> WriteResult:
        if isinstance(update, NoteUpsert):
            self._crm.notes[f"{update.key} of {id(self)}"] = FarNote(update.targets, update.body)
            return WriteResult(WriteStatus.OK)
        return super()._carry_out(update, record)


class TestNoteKeysInMemory(Planted):
    connector = NoteKeysInMemory
    caught_by = "the same key from a fresh connection is one note"


class FirstNoteStays(MemoryConnector):
    """Takes a note that exists for one that needs no change."""

    def _carry_out(self, update: Update, record: RecordRef) -> WriteResult:
        if isinstance(update, NoteUpsert) and update.key in self._crm.notes:
            return WriteResult(WriteStatus.OK)
        return super()._carry_out(update, record)


class TestFirstNoteStays(Planted):
    connector = FirstNoteStays
    caught_by = "changed content replaces the note"


class HopesForTheBest(MemoryConnector):
    """Takes a lost answer for a good one."""

    def _write_one(self, update: Update) -> WriteResult:
        result = super()._write_one(update)
        return WriteResult(WriteStatus.OK) if result.status is WriteStatus.UNKNOWN else result


class TestHopesForTheBest(Planted):
    connector = HopesForTheBest
    caught_by = "an unknown outcome is read back and safely repeated"


class RaisesFromWrite(MemoryConnector):
    """Raises where a write must answer for each update."""

    def write(self, updates: Sequence[Update]) -> list[WriteResult]:
        results = super().write(updates)
        if any(result.status is WriteStatus.RETRY for result in results):
            raise RetryLater("Not now.")
        return results


class TestRaisesFromWrite(Planted):
    connector = RaisesFromWrite
    caught_by = "a write that meets a fault results in its verdict [rate limit]"


class LibraryErrorEscapes(MemoryConnector):
    """Forgets to translate one exception of its client library."""

    def current(
        self, records: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Mapping[str, FieldValue]]:
        try:
            return super().current(records, fields)
        except RetryLater as error:
            raise ConnectionError("Connection aborted.") from error


class TestLibraryErrorEscapes(Planted):
    connector = LibraryErrorEscapes
    caught_by = "a read that meets a fault raises its verdict [outage]"


class RepeatsAtOnce(MemoryConnector):
    """Names no time to wait."""

    def count(self, window: Window) -> int:
        try:
            return super().count(window)
        except RetryLater as error:
            raise RetryLater(str(error), after=0.0) from None


class TestRepeatsAtOnce(Planted):
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


class TestTellsTheLocator(Planted):
    connector = TellsTheLocator
    caught_by = "a recording that is gone is told without its locator"


class LogsRequests(MemoryConnector):
    """Logs what it sends, for whoever debugs it."""

    def _write_one(self, update: Update) -> WriteResult:
        logging.getLogger(__name__).debug(
            "sending %s", update.fields if isinstance(update, FieldUpdate) else ""
        )
        return super()._write_one(update)


class TestLogsRequests(Planted):
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


class TestKeepsFields(Planted):
    connector = KeepsFields
    caught_by = "fields are always told fresh"


class PlanCreates(MemoryConnector):
    """Creates while it plans."""

    def plan_fields(self, specs: Sequence[FieldSpec]) -> list[SchemaStep]:
        steps = super().plan_fields(specs)
        self.create_fields(steps)
        return steps


class TestPlanCreates(Planted):
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


class TestReplacesOptions(Planted):
    connector = ReplacesOptions
    caught_by = "an option of the admin is never lost"


class FreeOfCharge(MemoryConnector):
    """Never counts its requests."""

    def budget(self) -> ApiBudget:
        return ApiBudget(used=None, allowed=None, requests=0)


class TestFreeOfCharge(Planted):
    connector = FreeOfCharge
    caught_by = "the budget grows with requests and asking for it costs nothing"


class NewIdentity(MemoryConnector):
    """Takes its own connection for the account."""

    def check(self) -> Health:
        return replace(super().check(), account_id=str(id(self)))


class TestNewIdentity(Planted):
    connector = NewIdentity
    caught_by = "the identity is stable and survives a restart"


class SharedDesk(MemoryConnector):
    """Puts what it works on where every thread finds it."""

    def current(
        self, records: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Mapping[str, FieldValue]]:
        self._records = records
        threading.Event().wait(TURN_SECONDS)  # others get their turn, as during a request
        return super().current(self._records, fields)


class TestSharedDesk(Planted):
    connector = SharedDesk
    caught_by = "eight threads read and write at once without mixing answers"


class RemembersDeleted(MemoryConnector):
    """Looks at calls again in a cache of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen: dict[CallRef, Call] = {}

    def refresh(self, refs: Sequence[CallRef]) -> list[Call]:
        for call in super().refresh([ref for ref in refs if ref not in self._seen]):
            self._seen[call.ref] = call
        return [self._seen[ref] for ref in refs if ref in self._seen]


class TestRemembersDeleted(Planted):
    connector = RemembersDeleted
    caught_by = "a new recording changes the fingerprint"


class StopsBeingPolite(MemoryConnector):
    """Uses up the tries of calls while the day's allowance is gone."""

    def count(self, window: Window) -> int:
        try:
            return super().count(window)
        except RetryLater as error:
            raise RetryLater(str(error), after=error.after) from None


class TestStopsBeingPolite(Planted):
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


class TestKeepsItsSocket(Planted):
    connector = KeepsItsSocket
    caught_by = "a closed connection holds no socket"
