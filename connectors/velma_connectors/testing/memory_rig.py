"""The rig of the CRM in memory: the shortest one to read, and one that planted bugs are found with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from velma_connectors.errors import RetryLater, StopConnection, Verdict
from velma_connectors.grades import Against
from velma_connectors.model import (
    FieldKind,
    FieldSpec,
    FieldValue,
    RecordRef,
    Target,
    WriteResult,
    WriteStatus,
)
from velma_connectors.protocol import CrmConnector
from velma_connectors.testing.clock import ManualClock
from velma_connectors.testing.far_side import CALL, DEAL, FarNote, MemoryCrm, writable
from velma_connectors.testing.faults import Fault, WriteFault
from velma_connectors.testing.memory import MemoryConnector
from velma_connectors.testing.rig import FaultKind, Place, Rig, Stages

READS = ("check", "count", "calls", "refresh", "open_recording", "fields", "current", "plan_fields")
ALWAYS = 1_000_000

VERDICTS: Mapping[FaultKind, Verdict] = {
    FaultKind.REFUSED_TOKEN: StopConnection("The key is refused; enter a new one."),
    FaultKind.MISSING_RIGHT: StopConnection("The key may not read calls; grant it the right to."),
    FaultKind.RATE_LIMIT: RetryLater("Too many requests.", after=1.0, counts=False),
    FaultKind.DAILY_LIMIT: RetryLater("No requests are left for today.", after=3600.0, counts=False),
    FaultKind.OUTAGE: RetryLater("Out of order."),
    FaultKind.CUT: RetryLater("The connection was cut."),
    FaultKind.TRUNCATED: RetryLater("The answer broke off."),
    FaultKind.WEB_PAGE: RetryLater("A web page was answered."),
}
RESULTS: Mapping[FaultKind, WriteResult] = {
    FaultKind.RATE_LIMIT: WriteResult(WriteStatus.RETRY, reason="too many requests", after=1.0),
    FaultKind.DAILY_LIMIT: WriteResult(WriteStatus.RETRY, reason="no requests left", after=3600.0),
    FaultKind.OUTAGE: WriteResult(WriteStatus.RETRY, reason="out of order", after=30.0),
    FaultKind.CUT: WriteResult(WriteStatus.UNKNOWN, reason="the connection was cut"),
    FaultKind.WEB_PAGE: WriteResult(WriteStatus.UNKNOWN, reason="a web page was answered"),
    FaultKind.LOST_ANSWER: WriteResult(WriteStatus.UNKNOWN, reason="the answer was lost"),
    FaultKind.LOCKED_RECORD: WriteResult(WriteStatus.RETRY, reason="somebody else saves it", after=60.0),
}

CALL_FIELDS = {
    FieldKind.TEXT: writable("reason", FieldKind.TEXT, max_length=80),
    FieldKind.LONG_TEXT: writable("summary", FieldKind.LONG_TEXT),
    FieldKind.NUMBER: writable("sentiment", FieldKind.NUMBER, scale=2),
    FieldKind.BOOLEAN: writable("confirmed", FieldKind.BOOLEAN),
    FieldKind.CHOICE: writable("status", FieldKind.CHOICE, choices=("Analyzed", "Partial")),
    FieldKind.MULTI_CHOICE: writable("rivals", FieldKind.MULTI_CHOICE, choices=("Acme", "Globex", "Initech")),
    FieldKind.DATETIME: writable("analyzed_at", FieldKind.DATETIME),
}
DEAL_FIELDS = {FieldKind.DATE: writable("last_call_on", FieldKind.DATE)}


class MemoryRig(Rig):
    """A `MemoryCrm`. Subclasses may open another connector to it."""

    kind = "memory"
    against = Against.MEMORY
    stages = Stages("Discovery", "Proposal", "Closed won")
    fields = MappingProxyType(
        {kind: Place(Target.CALL, field.name) for kind, field in CALL_FIELDS.items()}
        | {kind: Place(Target.DEAL, field.name) for kind, field in DEAL_FIELDS.items()}
    )
    read_only = Place(Target.CALL, "dialer")

    def __init__(self) -> None:
        dialer = replace(writable("dialer", FieldKind.TEXT), writable=False)
        self.clock = ManualClock()
        self.crm = MemoryCrm(
            self.clock.now,
            {CALL: [*CALL_FIELDS.values(), dialer], DEAL: list(DEAL_FIELDS.values())},
        )
        self._numbers = itertools.count(1)
        self._connector = self.reopen()

    @property
    def connector(self) -> CrmConnector:
        return self._connector

    @property
    def secrets(self) -> Sequence[str]:
        """The locators of all audio, which open it to whoever knows them."""
        return tuple(self.crm.files)

    def reopen(self) -> CrmConnector:
        return MemoryConnector(self.connection, self.crm)

    def now(self) -> datetime:
        return self.clock.now()

    def add_call(
        self,
        *,
        title: str = "Call",
        at: datetime | None = None,
        seconds: int = 300,
        audio: bytes | None = None,
        person: str | None = None,
    ) -> RecordRef:
        return self.crm.add_call(
            f"call-{next(self._numbers)}",
            title=title,
            saved_at=at,
            seconds=seconds,
            audio=audio,
            people=[person] if person else [],
        )

    def attach(self, call: RecordRef, audio: bytes) -> None:
        self.crm.attach(call.id, audio)

    def remove_recording(self, call: RecordRef) -> None:
        self.crm.detach(call.id)

    def add_deal(
        self, *, name: str = "Deal", stage: str | None = None, at: datetime | None = None
    ) -> RecordRef:
        id = f"deal-{next(self._numbers)}"
        return self.crm.add_deal(id, name=name, stage=stage or self.stages.first, created_at=at)

    def set_stage(self, deal: RecordRef, stage: str, *, at: datetime | None = None) -> None:
        self.crm.change_deal(deal.id, stage=stage, is_open=stage != self.stages.closed, at=at)

    def link(self, call: RecordRef, deal: RecordRef) -> None:
        self.crm.link(call.id, deal.id)

    def edit(self, record: RecordRef, field: str, value: FieldValue) -> None:
        self.crm.edit(record, field, value)

    def touch(self, call: RecordRef) -> None:
        self.crm.touch(call.id)

    def delete(self, record: RecordRef) -> None:
        self.crm.delete(record)

    def never(self, like: RecordRef) -> RecordRef:
        return RecordRef(like.object, f"never-{next(self._numbers)}")

    def read(self, record: RecordRef, field: str) -> FieldValue:
        return self.crm.read(record).get(field)

    def note_targets(self) -> tuple[RecordRef, ...]:
        return self.add_call(), self.add_deal()

    def notes(self, targets: Sequence[RecordRef]) -> list[str]:
        with self.crm.lock:
            return [note.body for note in self.crm.notes.values() if set(note.targets) & set(targets)]

    def edit_note(self, targets: Sequence[RecordRef], old: str, new: str) -> None:
        with self.crm.lock:
            for key, note in self.crm.notes.items():
                if set(note.targets) & set(targets):
                    self.crm.notes[key] = FarNote(note.targets, note.body.replace(old, new))

    def new_specs(self) -> Sequence[FieldSpec]:
        return (
            FieldSpec(Target.CALL, "next_step", "Next step", FieldKind.CHOICE, "", choices=("Yes", "No")),
            FieldSpec(Target.DEAL, "score", "Score", FieldKind.NUMBER, "From 0 to 1", precision=3, scale=2),
        )

    def add_option(self, object_name: str, field: str, option: str) -> None:
        self.crm.add_option(object_name, field, option)

    @contextmanager
    def fault(self, kind: FaultKind, record: RecordRef | None = None) -> Iterator[None]:
        if kind in VERDICTS:
            for method in READS:
                self.crm.fail(Fault(method, VERDICTS[kind], times=ALWAYS))
        if kind in RESULTS:
            acts = kind is FaultKind.LOST_ANSWER
            self.crm.fail(WriteFault(RESULTS[kind], record, acts=acts, times=ALWAYS))
        elif kind in VERDICTS:
            self.crm.fail(Fault("write", VERDICTS[kind], times=ALWAYS))
        try:
            yield
        finally:
            self.crm.faults.clear()
