"""A complete connector to a CRM in memory: for tests, and as the shortest one to read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import BinaryIO, TypeVar

from velma_connectors.errors import CallGone, SkipCall
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
                _step(name, spec, self._crm.fields[name].get(spec.name))
                for spec in specs
                for name in self._capabilities.objects.get(spec.target, ())
            ]

        return self._ask("plan_fields", plan)

    def create_fields(self, steps: Sequence[SchemaStep]) -> list[SchemaResult]:
        def create() -> list[SchemaResult]:
            return [self._create(step) for step in steps]

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
            title=far.title,
            started_at=far.started_at,
            seconds=far.seconds,
            direction=Direction.OUTBOUND,
            owner=None,
            recording=far.recording,
            deals=tuple(self._crm.deal_at(id, far.started_at) for id in far.deals if id in self._crm.deals),
            people=far.people,
            account=None,
            changed_at=far.changed_at,
            fingerprint=(far.recording.checksum or "") if far.recording else "",
            skip_reason=far.skip_reason,
        )

    def _audio(self, call: Call) -> bytes:
        if call.ref.id not in self._crm.calls:
            raise CallGone(f"{call.ref} no longer exists.")
        audio = self._crm.files.get(call.recording.locator) if call.recording else None
        if audio is None:
            raise SkipCall(f"{call.ref} has no audio file.", code="no_recording")
        return audio

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
        dropped = []
        for name, value in update.fields.items():
            accepted, reason = _accepted(self._crm.fields[record.object].get(name), value)
            if reason:
                dropped.append(DroppedField(name, reason))
            if accepted is not None or not reason:
                self._crm.values[record][name] = accepted
        return WriteResult(WriteStatus.OK, tuple(dropped))

    def _create(self, step: SchemaStep) -> SchemaResult:
        """Carry out one step on the schema of now, which may have changed since the plan."""
        fields = self._crm.fields[step.object]
        held = fields.get(step.spec.name)
        action, reason = _action(held, step.spec)
        if step.action is SchemaAction.CANNOT or action is SchemaAction.CANNOT:
            return SchemaResult(step, ok=False, reason=step.reason or reason)
        if step.action is SchemaAction.LEAVE or action is SchemaAction.LEAVE:
            return SchemaResult(step, ok=True)
        fields[step.spec.name] = _with_options(held, step.spec) if held else _created(step.spec)
        return SchemaResult(step, ok=True)


def _step(object_name: str, spec: FieldSpec, held: Field | None) -> SchemaStep:
    action, reason = _action(held, spec)
    return SchemaStep(action, object_name, spec, reason)


def _action(held: Field | None, spec: FieldSpec) -> tuple[SchemaAction, str]:
    """What is to be done about one field, and why."""
    if held is None:
        return SchemaAction.CREATE, ""
    if held.kind is not spec.kind:
        return SchemaAction.CANNOT, f"is of kind {held.kind}, but {spec.kind} is wanted"
    missing = [choice for choice in spec.choices if choice not in held.choices]
    if missing:
        return SchemaAction.CHANGE, f"options will be added: {', '.join(missing)}"
    return SchemaAction.LEAVE, ""


def _with_options(held: Field, spec: FieldSpec) -> Field:
    """The field with the wanted options beside those it has."""
    return replace(held, choices=tuple(dict.fromkeys((*held.choices, *spec.choices))))


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


def _accepted(field: Field | None, value: FieldValue) -> tuple[FieldValue, str]:
    """What this CRM keeps of a value, and why it is not all of it; an empty reason when it is."""
    if field is None or not field.writable:
        return None, "the field cannot be written"
    if isinstance(value, str) and field.max_length is not None and len(value) > field.max_length:
        return None, f"longer than {field.max_length} characters"
    if not field.restricted or value is None:
        return value, ""
    chosen = value if isinstance(value, tuple) else (value,)
    unknown = [str(option) for option in chosen if option not in field.choices]
    if not unknown:
        return value, ""
    kept = tuple(option for option in value if option in field.choices) if isinstance(value, tuple) else ()
    return kept or None, f"the field lacks the options {', '.join(unknown)}"
