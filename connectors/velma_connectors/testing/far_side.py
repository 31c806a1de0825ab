"""A CRM in memory, driven by a test as its users, dialers and admins would drive a real one."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from velma_connectors.model import (
    Deal,
    Field,
    FieldKind,
    FieldValue,
    Person,
    Recording,
    RecordingSource,
    RecordRef,
    Target,
)
from velma_connectors.testing.faults import Fault, FaultPlan, WriteFault

CALL = "Call"
DEAL = "Deal"
PERSON = "Person"


@dataclass(frozen=True, slots=True)
class FarCall:
    """A call record. `visible_at` is when searches begin to find it in its present form."""

    id: str
    title: str = field(repr=False)
    started_at: datetime
    seconds: int | None
    changed_at: datetime
    visible_at: datetime
    recording: Recording | None
    deals: tuple[str, ...]
    people: tuple[Person, ...]
    skip_reason: str | None


@dataclass(frozen=True, slots=True)
class FarNote:
    """A note as it lies in the CRM, with every record it hangs on."""

    targets: tuple[RecordRef, ...]
    body: str = field(repr=False)


def writable(
    name: str,
    kind: FieldKind,
    *,
    max_length: int | None = None,
    scale: int | None = None,
    choices: tuple[str, ...] = (),
) -> Field:
    """A field as an admin creates one for us. With `choices` it takes nothing else."""
    return Field(
        name,
        name,
        kind,
        writable=True,
        filterable=True,
        max_length=max_length,
        scale=scale,
        choices=choices,
        restricted=bool(choices),
    )


class MemoryCrm:
    """Calls, deals, their fields and notes. Safe to use from several threads.

    `fields` says which fields exist on the objects `Call` and `Deal`. Every use of a connector's method
    that would cost a real CRM a request is counted in `requests` under the method's name.
    """

    def __init__(self, clock: Callable[[], datetime], fields: Mapping[str, Sequence[Field]]) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.faults = FaultPlan()
        self.requests: Counter[str] = Counter()
        self.account_id = "account-1"
        self.problems: tuple[str, ...] = ()
        self.page_size = 1000
        self.calls: dict[str, FarCall] = {}
        self.deals: dict[str, Deal] = {}
        self.stages: dict[str, list[tuple[datetime, str]]] = {}
        """Every stage of each deal and when it was entered."""
        self.files: dict[str, bytes] = {}
        self.notes: dict[str, FarNote] = {}
        self.fields = {name: {each.name: each for each in fields.get(name, ())} for name in (CALL, DEAL)}
        self.values: dict[RecordRef, dict[str, FieldValue]] = {}

    def add_call(
        self,
        id: str,
        *,
        title: str = "Call",
        audio: bytes | None = None,
        deals: Iterable[str] = (),
        people: Iterable[str] = (),
        saved_at: datetime | None = None,
        started_at: datetime | None = None,
        seconds: int | None = 300,
        visible_after: float = 0.0,
        skip_reason: str | None = None,
    ) -> RecordRef:
        """A dialer logs a call. Without `audio` its recording may follow by `attach`. `people` are names."""
        with self.lock:
            now = saved_at or self.clock()
            record = RecordRef(CALL, id)
            self.calls[id] = FarCall(
                id=id,
                title=title,
                started_at=started_at or now - timedelta(seconds=seconds or 0),
                seconds=seconds,
                changed_at=now,
                visible_at=now + timedelta(seconds=visible_after),
                recording=None if audio is None else self._file(id, audio),
                deals=tuple(deals),
                people=tuple(
                    Person(RecordRef(PERSON, f"{id}-{number}"), name, Target.CONTACT)
                    for number, name in enumerate(people)
                ),
                skip_reason=skip_reason,
            )
            self.values[record] = dict.fromkeys(self.fields[CALL])
            return record

    def add_deal(
        self,
        id: str,
        *,
        name: str = "Deal",
        stage: str = "Discovery",
        pipeline: str | None = None,
        is_open: bool = True,
        created_at: datetime | None = None,
    ) -> RecordRef:
        with self.lock:
            record = RecordRef(DEAL, id)
            now = created_at or self.clock()
            self.deals[id] = Deal(record, name, stage, pipeline, is_open, None, now, is_primary=True)
            self.stages[id] = [(now, stage)]
            self.values[record] = dict.fromkeys(self.fields[DEAL])
            return record

    def attach(self, call: str, audio: bytes, *, touches: bool = False) -> None:
        """A recording arrives or changes. Real CRMs often do not move the call's stamp for it."""
        with self.lock:
            self.calls[call] = replace(self.calls[call], recording=self._file(call, audio))
            if touches:
                self.touch(call)

    def detach(self, call: str) -> None:
        """The file of a recording is deleted; the call still names it."""
        with self.lock:
            recording = self.calls[call].recording
            if recording is not None:
                del self.files[recording.locator]

    def link(self, call: str, *deals: str) -> None:
        """Somebody puts the call on other deals; the call's stamp stays."""
        with self.lock:
            self.calls[call] = replace(self.calls[call], deals=deals)

    def change_deal(
        self,
        id: str,
        *,
        stage: str | None = None,
        is_open: bool | None = None,
        at: datetime | None = None,
    ) -> None:
        with self.lock:
            deal = self.deals[id]
            is_open = deal.is_open if is_open is None else is_open
            self.deals[id] = replace(deal, stage=stage or deal.stage, is_open=is_open)
            if stage:
                self.stages[id].append((at or self.clock(), stage))

    def deal_at(self, id: str, moment: datetime) -> Deal:
        """A deal with the stage it had at that time; the first one when it is younger."""
        with self.lock:
            entered = [stage for since, stage in self.stages[id] if since <= moment]
            return replace(self.deals[id], stage=entered[-1] if entered else self.stages[id][0][1])

    def touch(self, call: str) -> None:
        """Move the call's stamp to now."""
        with self.lock:
            self.calls[call] = replace(self.calls[call], changed_at=self.clock())

    def edit(self, record: RecordRef, name: str, value: FieldValue) -> None:
        """A person sets a field."""
        with self.lock:
            self.values[record][name] = value
            if record.object == CALL:
                self.touch(record.id)

    def add_option(self, object_name: str, name: str, option: str) -> None:
        """The admin adds an option to a choice."""
        with self.lock:
            known = self.fields[object_name][name]
            self.fields[object_name][name] = replace(known, choices=(*known.choices, option))

    def delete(self, record: RecordRef) -> None:
        with self.lock:
            del self.values[record]
            self.calls.pop(record.id, None) if record.object == CALL else self.deals.pop(record.id)

    def read(self, record: RecordRef) -> dict[str, FieldValue]:
        """What a person sees in the record."""
        with self.lock:
            return dict(self.values[record])

    def notes_on(self, record: RecordRef) -> list[str]:
        """Bodies of the notes that hang on a record."""
        with self.lock:
            return [note.body for note in self.notes.values() if record in note.targets]

    def fail(self, fault: Fault | WriteFault) -> None:
        """Plan a fault. Methods are named as in `CrmConnector`."""
        self.faults.add(fault)

    def _file(self, call: str, audio: bytes) -> Recording:
        digest = hashlib.sha256(audio).hexdigest()
        locator = f"{call}/{digest}"
        self.files[locator] = audio
        return Recording(RecordingSource.CRM, locator, "audio/wav", len(audio), f"sha256:{digest}")
