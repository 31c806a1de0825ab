"""A complete connector to a CRM in memory: for tests, and as the shortest one to read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, TypeVar

from velma_connectors.errors import CallGone
from velma_connectors.model import (
    ApiBudget,
    Call,
    CallRef,
    Capabilities,
    Direction,
    DroppedField,
    Field,
    FieldKind,
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
    Target,
    Window,
    WriteResult,
    WriteStatus,
)
from velma_connectors.testing.far_side import CALL, DEAL, FarCall, FarNote, MemoryCrm

T = TypeVar("T")


class MemoryConnector:
    """One connection to a `MemoryCrm`."""

    def __init__(self, name: str, crm: MemoryCrm, *, write_batch: int = 200) -> None:
        self._name = name
        self._crm = crm
        self._capabilities = Capabilities(write_batch, {Target.CALL: (CALL,), Target.DEAL: (DEAL,)})

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def check(self) -> Health:
        def who() -> Health:
            return Health(self._crm.account_id, "Example", "sync@example.com", "1", self._crm.problems)

        return self._ask("check", who)

    def count(self, window: Window) -> int:
        return self._ask("count", lambda: len(self._changed(window)))

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        def page() -> Page:
            found = [call for call in self._changed(window) if cursor is None or call.id > cursor]
            part = found[: min(limit, self._crm.page_size)]
            return Page(tuple(map(self._call, part)), part[-1].id if len(part) < len(found) else None)

        return self._ask("calls", page)

    def refresh(self, refs: Sequence[CallRef]) -> list[Call]:
        def look() -> list[Call]:
            known = [self._crm.calls[ref.id] for ref in refs if ref.id in self._crm.calls]
            return list(map(self._call, known))

        return self._ask("refresh", look)

    def open_recording(self, call: Call) -> AbstractContextManager[BinaryIO]:
        @contextmanager
        def stream() -> Iterator[BinaryIO]:
            yield io.BytesIO(self._ask("open_recording", lambda: self._audio(call)))

        return stream()

    def fields(self, object_name: str) -> Mapping[str, Field]:
        return self._ask("fields", lambda: dict(self._crm.fields[object_name]))

    def current(
        self, records: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Mapping[str, FieldValue]]:
        def values() -> dict[RecordRef, dict[str, FieldValue]]:
            return {
                record: {name: held[name] for name in fields if name in held}
                for record in records
                if (held := self._crm.values.get(record)) is not None
            }

        return self._ask("current", values)

    def write(self, updates: Sequence[FieldUpdate | NoteUpsert]) -> list[WriteResult]:
        return self._ask("write", lambda: [self._write_one(update) for update in updates])

    def plan_fields(self, specs: Sequence[FieldSpec]) -> list[SchemaStep]:
        def plan() -> list[SchemaStep]:
            return [
                SchemaStep(self._action(name, spec), name, spec)
                for spec in specs
                for name in self._capabilities.objects.get(spec.target, ())
            ]

        return self._ask("plan_fields", plan)

    def create_fields(self, steps: Sequence[SchemaStep]) -> list[SchemaResult]:
        def create() -> list[SchemaResult]:
            for step in steps:
                if step.action is SchemaAction.CREATE:
                    self._crm.fields[step.object][step.spec.name] = _created(step.spec)
            return [SchemaResult(step, ok=True) for step in steps]

        return self._ask("create_fields", create)

    def budget(self) -> ApiBudget:
        return ApiBudget(used=None, allowed=None, requests=self._crm.requests.total())

    def close(self) -> None:
        """Nothing is held open."""

    def _ask(self, method: str, answer: Callable[[], T]) -> T:
        """One request: counted, and met by the fault that is planned for it."""
        with self._crm.lock:
            self._crm.requests[method] += 1
            fault = self._crm.faults.take(method)
            if fault is None:
                return answer()
            if fault.acts:
                answer()
            raise fault.error

    def _changed(self, window: Window) -> list[FarCall]:
        now = self._crm.clock()
        return [
            call
            for _, call in sorted(self._crm.calls.items())
            if window.start <= call.changed_at <= window.end and call.visible_at <= now
        ]

    def _call(self, far: FarCall) -> Call:
        return Call(
            ref=CallRef(self._name, CALL, far.id),
            title=f"Call {far.id}",
            started_at=far.started_at,
            seconds=far.seconds,
            direction=Direction.OUTBOUND,
            owner=None,
            recording=far.recording,
            deals=tuple(self._crm.deals[id] for id in far.deals if id in self._crm.deals),
            people=(),
            account=None,
            changed_at=far.changed_at,
            fingerprint=far.recording.locator if far.recording else "",
            skip_reason=far.skip_reason,
        )

    def _audio(self, call: Call) -> bytes:
        far = self._crm.calls.get(call.ref.id)
        if far is None or call.recording is None:
            raise CallGone(f"{call.ref} no longer exists.")
        return self._crm.files[call.recording.locator]

    def _write_one(self, update: FieldUpdate | NoteUpsert) -> WriteResult:
        record = update.record if isinstance(update, FieldUpdate) else update.targets[0]
        fault = self._crm.faults.take_write(record)
        if fault is None or fault.acts:
            result = self._carry_out(update, record)
        return result if fault is None else fault.result

    def _carry_out(self, update: FieldUpdate | NoteUpsert, record: RecordRef) -> WriteResult:
        if record not in self._crm.values:
            return WriteResult(WriteStatus.GONE, reason=f"{record} no longer exists.")
        if record.object == CALL:
            self._crm.touch(record.id)
        if isinstance(update, NoteUpsert):
            self._crm.notes[update.key] = FarNote(update.targets, update.body)
            return WriteResult(WriteStatus.OK)
        known = self._crm.fields[record.object]
        refused = {
            name: why for name, value in update.fields.items() if (why := _refusal(known.get(name), value))
        }
        self._crm.values[record] |= {k: v for k, v in update.fields.items() if k not in refused}
        return WriteResult(WriteStatus.OK, tuple(DroppedField(name, why) for name, why in refused.items()))

    def _action(self, object_name: str, spec: FieldSpec) -> SchemaAction:
        exists = spec.name in self._crm.fields[object_name]
        return SchemaAction.LEAVE if exists else SchemaAction.CREATE


def _created(spec: FieldSpec) -> Field:
    return Field(
        spec.name,
        spec.label,
        spec.kind,
        writable=True,
        filterable=spec.kind is not FieldKind.LONG_TEXT,
        max_length=spec.max_length,
        precision=spec.precision,
        scale=spec.scale,
        choices=spec.choices,
    )


def _refusal(field: Field | None, value: FieldValue) -> str:
    """Why this CRM does not take a value; empty when it does."""
    if field is None or not field.writable:
        return "the field cannot be written"
    if isinstance(value, str) and field.max_length is not None and len(value) > field.max_length:
        return f"longer than {field.max_length} characters"
    chosen = (
        value if isinstance(value, tuple) else (value,) if field.kind is FieldKind.CHOICE and value else ()
    )
    if field.restricted and not set(chosen) <= set(field.choices):
        return "not one of the field's options"
    return ""
