"""Bugs in writing fields and notes. After each stands the sentence that finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from velma_connectors.errors import RetryLater
from velma_connectors.model import (
    FieldUpdate,
    NoteUpsert,
    RecordRef,
    WriteResult,
    WriteStatus,
)
from velma_connectors.testing import ConnectorContract
from velma_connectors.testing.far_side import FarNote
from velma_connectors.testing.memory import MemoryConnector

Update = FieldUpdate | NoteUpsert


class ClearsTheRest(MemoryConnector):
    """Saves a record as a whole: fields that are not named become empty."""

    def _carry_out(self, update: Update, record: RecordRef) -> WriteResult:
        if isinstance(update, FieldUpdate) and record in self._crm.values:
            self._crm.values[record] = dict.fromkeys(self._crm.fields[record.object])
        return super()._carry_out(update, record)


class TestClearsTheRest(ConnectorContract):
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


class TestNoneIsNothing(ConnectorContract):
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


class TestCutsInSilence(ConnectorContract):
    connector = CutsInSilence
    caught_by = "text that is too long is named and never cut in silence"


class AllOrNothing(MemoryConnector):
    """Refuses a record as a whole for one of its fields."""

    def _carry_out(self, update: Update, record: RecordRef) -> WriteResult:
        known = self._crm.fields[record.object]
        if isinstance(update, FieldUpdate) and not set(update.fields) <= set(known):
            return WriteResult(WriteStatus.REJECTED, reason="unknown field")
        return super()._carry_out(update, record)


class TestAllOrNothing(ConnectorContract):
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


class TestAddsOptions(ConnectorContract):
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


class TestStopsAtTheFirst(ConnectorContract):
    connector = StopsAtTheFirst
    caught_by = "one bad record never harms its neighbours"


class ResultsByRecord(MemoryConnector):
    """Answers in the order of the records, not of the updates."""

    def write(self, updates: Sequence[Update]) -> list[WriteResult]:
        return super().write(sorted(updates, key=lambda update: str(_target(update))))


def _target(update: Update) -> RecordRef:
    return update.record if isinstance(update, FieldUpdate) else update.targets[0]


class TestResultsByRecord(ConnectorContract):
    connector = ResultsByRecord
    caught_by = "results stand at the position of their update"


class NoteKeysInMemory(MemoryConnector):
    """Knows which notes it has written only as long as it runs."""

    def _carry_out(self, update: Update, record: RecordRef) -> WriteResult:
        if isinstance(update, NoteUpsert):
            self._crm.notes[f"{update.key} of {id(self)}"] = FarNote(update.targets, update.body)
            return WriteResult(WriteStatus.OK)
        return super()._carry_out(update, record)


class TestNoteKeysInMemory(ConnectorContract):
    connector = NoteKeysInMemory
    caught_by = "the same key from a fresh connection is one note"


class FirstNoteStays(MemoryConnector):
    """Takes a note that exists for one that needs no change."""

    def _carry_out(self, update: Update, record: RecordRef) -> WriteResult:
        if isinstance(update, NoteUpsert) and update.key in self._crm.notes:
            return WriteResult(WriteStatus.OK)
        return super()._carry_out(update, record)


class TestFirstNoteStays(ConnectorContract):
    connector = FirstNoteStays
    caught_by = "changed content replaces the note"


class HopesForTheBest(MemoryConnector):
    """Takes a lost answer for a good one."""

    def _write_one(self, update: Update) -> WriteResult:
        result = super()._write_one(update)
        return WriteResult(WriteStatus.OK) if result.status is WriteStatus.UNKNOWN else result


class TestHopesForTheBest(ConnectorContract):
    connector = HopesForTheBest
    caught_by = "an unknown outcome is read back and safely repeated"


class RaisesFromWrite(MemoryConnector):
    """Raises where a write must answer for each update."""

    def write(self, updates: Sequence[Update]) -> list[WriteResult]:
        results = super().write(updates)
        if any(result.status is WriteStatus.RETRY for result in results):
            raise RetryLater("Not now.")
        return results


class TestRaisesFromWrite(ConnectorContract):
    connector = RaisesFromWrite
    caught_by = "a write that meets a fault results in its verdict [rate limit]"
