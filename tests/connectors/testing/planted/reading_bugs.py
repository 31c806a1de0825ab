"""Bugs in finding calls and telling what is around them. After each stands the sentence that finds it."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any, BinaryIO

from velma_connectors.errors import SkipCall
from velma_connectors.model import (
    Call,
    CallRef,
    FieldValue,
    Page,
    RecordRef,
    Window,
)
from velma_connectors.testing import ConnectorContract
from velma_connectors.testing.clock import TURN_SECONDS
from velma_connectors.testing.far_side import FarCall
from velma_connectors.testing.memory import MemoryConnector


class EndLeftOut(MemoryConnector):
    """Reads windows as half open."""

    def _changed(self, window: Window) -> list[FarCall]:
        return [call for call in super()._changed(window) if call.changed_at < window.end]


class TestEndLeftOut(ConnectorContract):
    connector = EndLeftOut
    caught_by = "both ends of the window belong to it"


class OrderedByStamp(MemoryConnector):
    """Pages in the order of changes, but goes on after the last id."""

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        found = [call for call in self._changed(window) if cursor is None or call.id > cursor]
        part = sorted(found, key=lambda call: call.changed_at)[:limit]
        return Page(tuple(map(self._call, part)), part[-1].id if len(part) < len(found) else None)


class TestOrderedByStamp(ConnectorContract):
    connector = OrderedByStamp
    caught_by = "calls that changed in another order than they were made are all found [2]"


class PagesByStamp(MemoryConnector):
    """Goes on after the last stamp it has seen."""

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        found = sorted(self._changed(window), key=lambda call: call.changed_at)
        rest = [call for call in found if cursor is None or call.changed_at.isoformat() > cursor]
        part = rest[:limit]
        more = len(part) < len(rest)
        return Page(tuple(map(self._call, part)), part[-1].changed_at.isoformat() if more else None)


class TestPagesByStamp(ConnectorContract):
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


class TestPagesByOffset(ConnectorContract):
    connector = PagesByOffset
    caught_by = "nothing is lost when calls are edited during the walk"


class CountsByWalking(MemoryConnector):
    """Counts the first page."""

    def count(self, window: Window) -> int:
        return len(super().calls(window, None, limit=1).calls)


class TestCountsByWalking(ConnectorContract):
    connector = CountsByWalking
    caught_by = "the count agrees with the walk"


class LocalTimes(MemoryConnector):
    """Tells times as the clock on the wall of its office."""

    def _call(self, far: FarCall) -> Call:
        call = super()._call(far)
        return replace(call, started_at=call.started_at.astimezone(timezone(timedelta(hours=2))))


class TestLocalTimes(ConnectorContract):
    connector = LocalTimes
    caught_by = "times are aware and in utc"


class StageOfToday(MemoryConnector):
    """Tells the stage a deal has now."""

    def _call(self, far: FarCall) -> Call:
        call = super()._call(far)
        return replace(call, deals=tuple(self._crm.deals[deal.ref.id] for deal in call.deals))


class TestStageOfToday(ConnectorContract):
    connector = StageOfToday
    caught_by = "a deal has the stage it had when the call took place"


class FingerprintOfFields(MemoryConnector):
    """Takes every changed field for a change of the recording."""

    def _call(self, far: FarCall) -> Call:
        return replace(super()._call(far), fingerprint=f"{far.recording} {self._crm.values[_record(far)]}")


def _record(far: FarCall) -> RecordRef:
    return RecordRef("Call", far.id)


class TestFingerprintOfFields(ConnectorContract):
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


class TestSilenceForLostAudio(ConnectorContract):
    connector = SilenceForLostAudio
    caught_by = "audio that is gone is never taken for silence"


class FirstMegabyte(MemoryConnector):
    """Reads audio once, into a buffer of fixed size."""

    def _audio(self, call: Call) -> bytes:
        return super()._audio(call)[:1_048_576]


class TestFirstMegabyte(ConnectorContract):
    connector = FirstMegabyte
    caught_by = "audio of several megabytes comes whole [-1]"


class SharedDesk(MemoryConnector):
    """Puts what it works on where every thread finds it."""

    def current(
        self, records: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Mapping[str, FieldValue]]:
        self._records = records
        threading.Event().wait(TURN_SECONDS)  # others get their turn, as during a request
        return super().current(self._records, fields)


class TestSharedDesk(ConnectorContract):
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


class TestRemembersDeleted(ConnectorContract):
    connector = RemembersDeleted
    caught_by = "a new recording changes the fingerprint"
