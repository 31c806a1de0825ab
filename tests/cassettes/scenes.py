"""What is asked of a CRM, once for all of them: short scenes played through the connectors' contract.

Every scene gets a connection of its own and returns plain data, which is compared on replay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from velma_connectors.errors import Verdict
from velma_connectors.model import (
    CallRef,
    FieldUpdate,
    FieldValue,
    NoteUpsert,
    RecordRef,
    Window,
    WriteResult,
)
from velma_connectors.protocol import CrmConnector

CONNECTION = "cassette"
NOTE_KEY = "velma-sync-cassette"
FIRST_NOTE = "First summary of this rehearsal.\n- the price was named"
SECOND_NOTE = "Second summary of this rehearsal.\n- the price was agreed"
UNKNOWN_OPTION = "No such option"
PAGE = 3


@dataclass(frozen=True, slots=True)
class Cast:
    """The records and fields that the scenes are about.

    `hosted` is a call whose audio the CRM holds; None when there is none. `note_field` is the field of a
    call that shows its notes, if it has one. `choice_field` refuses an option it does not have.
    """

    call: RecordRef
    deal: RecordRef
    hosted: RecordRef | None
    window: Window
    call_values: Mapping[str, FieldValue]
    deal_values: Mapping[str, FieldValue]
    choice_field: str
    note_field: str | None

    @property
    def call_fields(self) -> list[str]:
        """Every field of the call that a scene writes to."""
        return [*self.call_values, *([self.note_field] if self.note_field else [])]


@dataclass(frozen=True, slots=True)
class Scene:
    """One conversation. `admitted` is False where the CRM is shown credentials that it must refuse."""

    play: Callable[[CrmConnector, Cast], object]
    writes: str = ""
    """What it changes, for the question before recording; empty when it only reads."""
    admitted: bool = True
    needs_hosted: bool = False
    """It downloads audio that the CRM holds."""

    @property
    def name(self) -> str:
        return self.play.__name__

    def outcome(self, crm: CrmConnector, cast: Cast) -> Any:
        """What came of it, as JSON would hold it: a value, or the verdict that was raised."""
        try:
            return plain(self.play(crm, cast))
        except Verdict as verdict:
            return {"raised": type(verdict).__name__, "says": str(verdict)}


def who_we_are(crm: CrmConnector, _cast: Cast) -> object:
    return crm.check()


def fields_of_calls_and_deals(crm: CrmConnector, cast: Cast) -> object:
    return {name: crm.fields(name) for name in (cast.call.object, cast.deal.object)}


def a_page_of_calls(crm: CrmConnector, cast: Cast) -> object:
    counted = crm.count(cast.window)
    return {"count": counted, "page": crm.calls(cast.window, None, limit=PAGE)}


def a_second_look(crm: CrmConnector, cast: Cast) -> object:
    return crm.refresh([_ref(cast.call)])


def values_now(crm: CrmConnector, cast: Cast) -> object:
    names = [*cast.call_values, *cast.deal_values, "no_such_field"]
    return crm.current([cast.call, cast.deal], names)


def fields_written(crm: CrmConnector, cast: Cast) -> object:
    calls = (_ref(cast.call),)
    updates = [
        FieldUpdate(cast.call, cast.call_values, calls),
        FieldUpdate(cast.deal, cast.deal_values, calls),
    ]
    results = crm.write(updates)
    return {"results": results, "then": crm.current([cast.call, cast.deal], [*cast.call_values])}


def one_field_refused(crm: CrmConnector, cast: Cast) -> object:
    values = {**cast.call_values, cast.choice_field: UNKNOWN_OPTION}
    return crm.write([FieldUpdate(cast.call, values, (_ref(cast.call),))])


def one_note_written_twice(crm: CrmConnector, cast: Cast) -> object:
    def write(text: str) -> list[WriteResult]:
        return crm.write([NoteUpsert(NOTE_KEY, (cast.call, cast.deal), text, (_ref(cast.call),))])

    results = [write(FIRST_NOTE), write(SECOND_NOTE)]
    return {"results": results, "then": crm.current([cast.call], cast.call_fields)}


def a_recording_of_the_crm(crm: CrmConnector, cast: Cast) -> object:
    if cast.hosted is None:
        raise ValueError("there is no call whose audio the CRM holds")
    (call,) = crm.refresh([_ref(cast.hosted)])
    with crm.open_recording(call) as stream:
        audio = stream.read()
    return {"bytes": len(audio), "sha256": hashlib.sha256(audio).hexdigest()}


def a_refused_token(crm: CrmConnector, _cast: Cast) -> object:
    return crm.check()


SCENES = (
    Scene(who_we_are),
    Scene(fields_of_calls_and_deals),
    Scene(a_page_of_calls),
    Scene(a_second_look),
    Scene(values_now),
    Scene(fields_written, writes="our fields of the call and of the deal"),
    Scene(one_field_refused, writes="our fields of the call"),
    Scene(one_note_written_twice, writes="one summary note of the call"),
    Scene(a_recording_of_the_crm, needs_hosted=True),
    Scene(a_refused_token, admitted=False),
)


def plain(value: Any) -> Any:
    """A value of the contract as JSON holds it. What is told by record becomes a list."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping) and any(isinstance(key, RecordRef) for key in value):
        return [{"record": plain(key), "values": plain(each)} for key, each in value.items()]
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value


def _ref(record: RecordRef) -> CallRef:
    return CallRef(CONNECTION, record.object, record.id)
