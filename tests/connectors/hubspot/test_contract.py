"""The HubSpot connector keeps the contract of all connectors, shown on the emulated portal."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from velma_connectors.grades import Against
from velma_connectors.hubspot.connector import HubSpotConnector
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.model import FieldKind, FieldSpec, FieldValue, RecordRef, Target
from velma_connectors.protocol import CrmConnector
from velma_connectors.sandbox.faults import Fault, FaultInjector
from velma_connectors.sandbox.hubspot import HubSpotEmulator, HubSpotPortal, edge_answers
from velma_connectors.sandbox.hubspot.recordings import REDIRECTOR
from velma_connectors.sandbox.server import RunningServer
from velma_connectors.testing import ConnectorContract, FaultKind, Place, Rig, Stages
from velma_connectors.testing.clock import ManualClock

ALWAYS = 1_000_000
ONE_DAY_SECONDS = 86_400
INDEX_LAG_SECONDS = 30
WRITES = r"^(PATCH|PUT) |^POST \S*/batch/(update|create)"


def options_of(*values: str) -> list[dict[str, Any]]:
    return [
        {"label": each, "value": each, "displayOrder": n, "hidden": False} for n, each in enumerate(values)
    ]


PROPERTIES: dict[FieldKind, tuple[str, dict[str, Any]]] = {
    FieldKind.TEXT: ("calls", {"name": "reason", "type": "string", "fieldType": "text"}),
    FieldKind.LONG_TEXT: ("calls", {"name": "summary", "type": "string", "fieldType": "textarea"}),
    FieldKind.NUMBER: ("calls", {"name": "sentiment", "type": "number", "fieldType": "number"}),
    FieldKind.BOOLEAN: (
        "calls",
        {
            "name": "confirmed",
            "type": "bool",
            "fieldType": "booleancheckbox",
            "options": options_of("true", "false"),
        },
    ),
    FieldKind.CHOICE: (
        "calls",
        {
            "name": "status",
            "type": "enumeration",
            "fieldType": "select",
            "options": options_of("Analyzed", "Partial"),
        },
    ),
    FieldKind.MULTI_CHOICE: (
        "calls",
        {
            "name": "rivals",
            "type": "enumeration",
            "fieldType": "checkbox",
            "options": options_of("Acme", "Globex", "Initech"),
        },
    ),
    FieldKind.DATETIME: ("calls", {"name": "analyzed_at", "type": "datetime", "fieldType": "date"}),
    FieldKind.DATE: ("deals", {"name": "last_called_on", "type": "date", "fieldType": "date"}),
}
READ_ONLY: dict[str, Any] = {
    "name": "dialer_score",
    "type": "string",
    "fieldType": "text",
    "modificationMetadata": {"readOnlyValue": True},
}
TARGETS = {"calls": Target.CALL, "deals": Target.DEAL}


class AudioHost:
    """Serves audio by its path, as the storage behind the redirector does."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        audio = self.files.get(Request(environ).path)
        answer = Response(status=404) if audio is None else Response(audio, content_type="audio/wav")
        return answer(environ, start_response)


class HubSpotRig(Rig):
    """An emulated portal whose clock moves only when the connection waits, over real sockets."""

    kind = "hubspot"
    against = Against.EMULATOR
    sdk_packages = ("hubspot", "urllib3", "httpx", "httpcore")
    cannot = MappingProxyType(
        {FaultKind.LOCKED_RECORD: "HubSpot locks a whole request, which then meets the rate limit's verdict"}
    )
    stages = Stages("Discovery", "Proposal", "Closed won")
    fields = MappingProxyType(
        {kind: Place(TARGETS[name], known["name"]) for kind, (name, known) in PROPERTIES.items()}
    )
    read_only = Place(Target.CALL, "dialer_score")

    def __init__(self, token: str, clock: ManualClock) -> None:
        self.clock = clock
        self._token = token
        self.portal = HubSpotPortal("Ledgerline", clock=clock.now)
        self.portal.add_token(token)
        self.portal.switches.index_lag_seconds = INDEX_LAG_SECONDS
        for name, definition in [*PROPERTIES.values(), ("calls", READ_ONLY)]:
            self.portal.add_property(name, definition)
        self._pipeline = self.portal.add_pipeline(
            "Cranes", {self.stages.first: False, self.stages.second: False, self.stages.closed: "won"}
        )
        self._audio = AudioHost()
        self._audio_faults = FaultInjector(self._audio)
        self.faults = FaultInjector(HubSpotEmulator(self.portal))
        self._servers = ExitStack()
        self._url = self._servers.enter_context(RunningServer(self.faults)).url
        self._audio_url = self._servers.enter_context(RunningServer(self._audio_faults)).url
        self._opened: list[CrmConnector] = []
        self._connector = self.reopen()

    @property
    def connector(self) -> CrmConnector:
        return self._connector

    @property
    def secrets(self) -> Sequence[str]:
        return (self._token, *(f"{self._audio_url}{path}" for path in self._audio.files))

    def reopen(self) -> CrmConnector:
        options = HubSpotOptions.model_validate({"access_token": self._token, "base_url": self._url})
        connector = HubSpotConnector(
            self.connection,
            options,
            wait=self.clock.advance,
            clock=self.clock.monotonic,
            now=self.clock.now,
        )
        self._opened.append(connector)
        return connector

    def close(self) -> None:
        for connector in self._opened:
            connector.close()
        self.faults.clear()
        self._audio_faults.clear()
        self._servers.close()

    def now(self) -> datetime:
        return self.clock.now()

    def settle(self) -> None:
        self.clock.advance(INDEX_LAG_SECONDS)

    def add_call(
        self,
        *,
        title: str = "Call",
        at: datetime | None = None,
        seconds: int = 300,
        audio: bytes | None = None,
        person: str | None = None,
    ) -> RecordRef:
        ended_at = at or self.now()
        properties = {
            "hs_call_title": title,
            "hs_call_status": "COMPLETED",
            "hs_call_duration": str(seconds * 1000),
            "hs_timestamp": encoded(ended_at - timedelta(seconds=seconds)),
        }
        call = RecordRef("calls", self.portal.insert("calls", properties, at=ended_at))
        if audio is not None:
            self.attach(call, audio)
        if person:
            first, _, last = person.partition(" ")
            contact = self.portal.insert("contacts", {"firstname": first, "lastname": last})
            self.portal.associate("calls", call.id, "contacts", contact)
        return call

    def attach(self, call: RecordRef, audio: bytes) -> None:
        """The first recording is HubSpot's own; another one comes from somewhere else."""
        path = f"/audio/{call.id}-{len(self._audio.files)}.wav"
        self._audio.files[path] = audio
        address = f"{self._url}{REDIRECTOR}{self.portal.id}/engagement/{call.id}"
        if call.id in self.portal.recordings:
            address = f"https://recordings.dialer.example{path}"
        self.portal.host_recording(call.id, f"{self._audio_url}{path}")
        self.portal.update("calls", call.id, {"hs_call_recording_url": address})

    def remove_recording(self, call: RecordRef) -> None:
        del self.portal.recordings[call.id]

    def add_deal(
        self, *, name: str = "Deal", stage: str | None = None, at: datetime | None = None
    ) -> RecordRef:
        properties = {
            "dealname": name,
            "pipeline": self._pipeline,
            "dealstage": self.portal.stage_id("Cranes", stage or self.stages.first),
        }
        return RecordRef("deals", self.portal.insert("deals", properties, at=at))

    def set_stage(self, deal: RecordRef, stage: str, *, at: datetime | None = None) -> None:
        properties = {"dealstage": self.portal.stage_id("Cranes", stage)}
        self.portal.update("deals", deal.id, properties, at=at)

    def link(self, call: RecordRef, deal: RecordRef) -> None:
        self.portal.associate("calls", call.id, "deals", deal.id)

    def edit(self, record: RecordRef, field: str, value: FieldValue) -> None:
        self.portal.update(record.object, record.id, {field: encoded(value)})

    def touch(self, call: RecordRef) -> None:
        self.portal.update("calls", call.id, {"hs_call_body": "Rang back on Monday."})

    def delete(self, record: RecordRef) -> None:
        self.portal.archive(record.object, record.id)

    def never(self, like: RecordRef) -> RecordRef:
        return RecordRef(like.object, "999999999999")

    def read(self, record: RecordRef, field: str) -> FieldValue:
        kinds = {known["name"]: kind for kind, (_, known) in PROPERTIES.items()}
        stored = self.portal.read(record.object, record.id).get(field)
        return decoded(stored, kinds.get(field, FieldKind.TEXT)) if stored else None

    def note_targets(self) -> tuple[RecordRef, ...]:
        call, deal = self.add_call(), self.add_deal()
        self.link(call, deal)
        return call, deal

    def notes(self, targets: Sequence[RecordRef]) -> list[str]:
        return [plain(self.portal.read("notes", note)["hs_note_body"] or "") for note in self._notes(targets)]

    def edit_note(self, targets: Sequence[RecordRef], old: str, new: str) -> None:
        for note in self._notes(targets):
            body = self.portal.read("notes", note)["hs_note_body"] or ""
            self.portal.update("notes", note, {"hs_note_body": body.replace(old, new)})

    def _notes(self, targets: Sequence[RecordRef]) -> list[str]:
        found = [self.portal.associated(each.object, each.id, "notes") for each in targets]
        return sorted({note for notes in found for note in notes})

    def new_specs(self) -> Sequence[FieldSpec]:
        call, deal = Target.CALL, Target.DEAL
        return (
            FieldSpec(call, "velma_step", "Next step", FieldKind.CHOICE, "h", choices=("Yes", "No")),
            FieldSpec(call, "velma_flag", "Flag", FieldKind.BOOLEAN, "h"),
            FieldSpec(deal, "velma_score", "Score", FieldKind.NUMBER, "h", precision=3, scale=2),
            FieldSpec(deal, "velma_notes", "Notes", FieldKind.LONG_TEXT, "h", max_length=2000),
        )

    def add_option(self, object_name: str, field: str, option: str) -> None:
        known = self.portal.properties.find(object_name, field).options
        options = [each.document() for each in known]
        self.portal.change_property(object_name, field, {"options": [*options, *options_of(option)]})

    @contextmanager
    def fault(self, kind: FaultKind, record: RecordRef | None = None) -> Iterator[None]:
        known = self.portal.tokens[self._token]
        with ExitStack() as undone:
            undone.callback(self.portal.tokens.__setitem__, self._token, known)
            match kind:
                case FaultKind.REFUSED_TOKEN:
                    self.portal.revoke_token(self._token)
                case FaultKind.MISSING_RIGHT:
                    self.portal.tokens[self._token] = replace(known, scopes=frozenset({"oauth"}))
                case FaultKind.DAILY_LIMIT:
                    undone.callback(self.clock.advance, ONE_DAY_SECONDS)
                    undone.callback(setattr, self.portal.switches, "daily_limit", 250_000)
                    self.portal.switches.daily_limit = 0
                case _:
                    for faults in (self.faults, self._audio_faults):
                        undone.callback(faults.clear)
                        faults.add(planned(kind))
            yield


def planned(kind: FaultKind) -> Fault:
    match kind:
        case FaultKind.RATE_LIMIT:
            return Fault("", ALWAYS, edge_answers.ten_secondly_limit())
        case FaultKind.OUTAGE:
            return Fault("", ALWAYS, edge_answers.service_unavailable())
        case FaultKind.WEB_PAGE:
            return Fault("", ALWAYS, edge_answers.page_instead_of_data())
        case FaultKind.CUT:
            return Fault("", ALWAYS, cut="before")
        case FaultKind.TRUNCATED:
            return Fault("", ALWAYS, cut="midway")
        case FaultKind.LOST_ANSWER:
            return Fault(WRITES, ALWAYS, cut="after")
    raise ValueError(kind)


def encoded(value: FieldValue) -> str | None:
    """A value as HubSpot stores it."""
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case datetime():
            return str(int(value.timestamp() * 1000))
        case tuple():
            return ";".join(value)
    return str(value)


def decoded(stored: str, kind: FieldKind) -> FieldValue:
    match kind:
        case FieldKind.BOOLEAN:
            return stored == "true"
        case FieldKind.NUMBER:
            return float(stored)
        case FieldKind.MULTI_CHOICE:
            return tuple(sorted(stored.split(";")))
        case FieldKind.DATETIME:
            return moment(stored)
    return stored


def moment(stored: str) -> datetime:
    if stored.isdecimal():
        return datetime.fromtimestamp(int(stored) / 1000, UTC)
    return datetime.fromisoformat(stored).astimezone(UTC)


def plain(body: str) -> str:
    """A note as HubSpot shows it."""
    lines = re.sub(r"<br\s*/?>|</p>|</li>", "\n", body).replace("<li>", "- ")
    return html.unescape(re.sub(r"<[^>]*>", "", lines))


class TestHubSpot(ConnectorContract):
    @pytest.fixture
    def rig(self, token: str, clock: ManualClock) -> Iterator[HubSpotRig]:
        built = HubSpotRig(token, clock)
        yield built
        built.close()
