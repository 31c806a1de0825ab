"""The Salesforce connector keeps the contract of all connectors, shown on the emulated org."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from werkzeug.wrappers import Response

from velma_connectors.grades import Against
from velma_connectors.model import FieldKind, FieldSpec, FieldValue, RecordRef, Target
from velma_connectors.protocol import CrmConnector
from velma_connectors.salesforce.connector import SalesforceConnector
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.sandbox.faults import Fault, FaultInjector
from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.salesforce.incoming import Author
from velma_connectors.sandbox.server import RunningServer, WsgiApp
from velma_connectors.testing import ConnectorContract, FaultKind, Place, Rig, Stages

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY, SECRET = "consumer-key-of-the-app", "consumer-secret-of-the-app"
ALWAYS = 1_000_000
ANY, WRITES = r"\S+ /services/", r"(PATCH|POST) /services/data/.*/composite/sobjects$"

PICKLISTS = {"Status__c": ("Analyzed", "Partial"), "Rivals__c": ("Acme", "Globex", "Initech")}


def options_of(name: str) -> dict[str, Any]:
    values = [{"fullName": each, "label": each, "default": False} for each in PICKLISTS[name]]
    return {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}


ACTIVITY_FIELDS: dict[str, dict[str, Any]] = {
    "Reason__c": {"type": "Text", "length": 80},
    "Sentiment__c": {"type": "Number", "precision": 3, "scale": 2},
    "Confirmed__c": {"type": "Checkbox", "defaultValue": False},
    "Status__c": {"type": "Picklist", "valueSet": options_of("Status__c")},
    "Rivals__c": {"type": "MultiselectPicklist", "visibleLines": 3, "valueSet": options_of("Rivals__c")},
    "Analyzed_At__c": {"type": "DateTime"},
    "Called_On__c": {"type": "Date"},
}


class Overhearing:
    """Passes requests on and remembers their credentials."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app
        self.credentials: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.credentials.add(environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2])
        return self._app(environ, start_response)


class SalesforceRig(Rig):
    """An emulated org whose clock stands still, over real sockets."""

    kind = "salesforce"
    against = Against.EMULATOR
    sdk_packages = ("simple_salesforce", "requests", "urllib3", "jwt")
    stages = Stages("Prospecting", "Qualification", "Closed Won")
    fields = MappingProxyType(
        {
            FieldKind.TEXT: Place(Target.CALL, "Reason__c"),
            FieldKind.LONG_TEXT: Place(Target.DEAL, "Summary__c"),
            FieldKind.NUMBER: Place(Target.CALL, "Sentiment__c"),
            FieldKind.BOOLEAN: Place(Target.CALL, "Confirmed__c"),
            FieldKind.CHOICE: Place(Target.CALL, "Status__c"),
            FieldKind.MULTI_CHOICE: Place(Target.CALL, "Rivals__c"),
            FieldKind.DATETIME: Place(Target.CALL, "Analyzed_At__c"),
            FieldKind.DATE: Place(Target.CALL, "Called_On__c"),
        }
    )
    read_only = Place(Target.CALL, "IsClosed")

    def __init__(self, org: SalesforceOrg) -> None:
        self.org = org
        self.faults = FaultInjector(SalesforceEmulator(org))
        self._overheard = Overhearing(self.faults)
        self._server = RunningServer(self._overheard)
        self._user = org.add_user("sync@acme.example", "Velma", "Sync")
        org.add_app(ConnectedApp(KEY, SECRET, run_as=self._user))
        for name, metadata in ACTIVITY_FIELDS.items():
            org.add_custom_field("Activity", name, {"label": name, **metadata})
        summary = {"type": "LongTextArea", "label": "Summary", "length": 2000, "visibleLines": 3}
        org.add_custom_field("Opportunity", "Summary__c", summary)
        self._account = org.insert("Account", {"Name": "Harbour Works"})
        self._opened: list[CrmConnector] = []
        self._connector = self.reopen()

    @property
    def connector(self) -> CrmConnector:
        return self._connector

    @property
    def secrets(self) -> Sequence[str]:
        return (SECRET, *self._overheard.credentials)

    def reopen(self) -> CrmConnector:
        options = SalesforceOptions.model_validate(
            {"login_url": self._server.url, "consumer_key": KEY, "consumer_secret": SECRET}
        )
        connector = SalesforceConnector(self.connection, options, wait=lambda _seconds: None, now=lambda: NOW)
        self._opened.append(connector)
        return connector

    def close(self) -> None:
        for connector in self._opened:
            connector.close()
        self.faults.clear()
        self._server.close()

    def now(self) -> datetime:
        return NOW

    def add_call(
        self,
        *,
        title: str = "Call",
        at: datetime | None = None,
        seconds: int = 300,
        audio: bytes | None = None,
        person: str | None = None,
    ) -> RecordRef:
        values: dict[str, Any] = {"Subject": title, "TaskSubtype": "Call", "Status": "Completed"}
        values["CallDurationInSeconds"] = seconds
        if person:
            first, _, last = person.partition(" ")
            values["WhoId"] = self.org.insert("Contact", {"FirstName": first, "LastName": last})
        call = RecordRef("Task", self.org.insert("Task", values, at=at))
        if audio is not None:
            self.attach(call, audio)
        return call

    def attach(self, call: RecordRef, audio: bytes) -> None:
        self.org.attach_file(call.id, audio, "recording", "wav")

    def remove_recording(self, call: RecordRef) -> None:
        for link in self.org.rows("ContentDocumentLink"):
            if link["LinkedEntityId"] == call.id:
                self.org.remove(link["ContentDocumentId"])

    def add_deal(
        self, *, name: str = "Deal", stage: str | None = None, at: datetime | None = None
    ) -> RecordRef:
        values = {
            "Name": name,
            "StageName": stage or self.stages.first,
            "CloseDate": "2026-12-31",
            "AccountId": self._account,
        }
        return RecordRef("Opportunity", self.org.insert("Opportunity", values, at=at))

    def set_stage(self, deal: RecordRef, stage: str, *, at: datetime | None = None) -> None:
        self.org.update(deal.id, {"StageName": stage}, at=at)

    def link(self, call: RecordRef, deal: RecordRef) -> None:
        self.org.update(call.id, {"WhatId": deal.id})

    def edit(self, record: RecordRef, field: str, value: FieldValue) -> None:
        stored: object = value
        if isinstance(value, datetime):
            stored = value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        elif isinstance(value, tuple):
            stored = ";".join(value)
        self.org.update(record.id, {field: stored})

    def touch(self, call: RecordRef) -> None:
        self.org.update(call.id, {"Priority": "High"})

    def delete(self, record: RecordRef) -> None:
        self.org.remove(record.id)

    def never(self, like: RecordRef) -> RecordRef:
        return RecordRef(like.object, self.org.ids.next(like.id[:3]))

    def read(self, record: RecordRef, field: str) -> FieldValue:
        stored = self.org.read(record.id).get(field)
        if field == "Analyzed_At__c" and stored:
            return datetime.strptime(stored, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
        if field == "Rivals__c" and stored:
            return tuple(sorted(stored.split(";")))
        assert stored is None or isinstance(stored, bool | int | float | str)
        return stored

    def note_targets(self) -> tuple[RecordRef, ...]:
        call, deal = self.add_call(), self.add_deal()
        self.link(call, deal)
        return call, deal

    def notes(self, targets: Sequence[RecordRef]) -> list[str]:
        texts = [self.org.read(target.id).get("Description") for target in targets]
        return [text for text in texts if text]

    def edit_note(self, targets: Sequence[RecordRef], old: str, new: str) -> None:
        for target in targets:
            text = self.org.read(target.id).get("Description") or ""
            if old in text:
                self.org.update(target.id, {"Description": text.replace(old, new)})

    def new_specs(self) -> Sequence[FieldSpec]:
        call, deal = Target.CALL, Target.DEAL
        return (
            FieldSpec(call, "Velma_Step__c", "Next step", FieldKind.CHOICE, "h", choices=("Yes", "No")),
            FieldSpec(call, "Velma_Flag__c", "Flag", FieldKind.BOOLEAN, "h"),
            FieldSpec(deal, "Velma_Score__c", "Score", FieldKind.NUMBER, "h", precision=3, scale=2),
            FieldSpec(deal, "Velma_Notes__c", "Notes", FieldKind.LONG_TEXT, "h", max_length=2000),
        )

    def add_option(self, object_name: str, field: str, option: str) -> None:
        entity = "Activity" if object_name == "Task" else object_name
        (row,) = [row for row in self.org.rows("CustomField") if row["FullName"] == f"{entity}.{field}"]
        metadata = copy.deepcopy(row["Metadata"])
        added = {"fullName": option, "label": option, "default": False}
        metadata["valueSet"]["valueSetDefinition"]["value"].append(added)
        admin = Author(self.org.admin_id, NOW, trusted=True)
        self.org.custom_fields.change(row["Id"], metadata, admin)

    @contextmanager
    def fault(self, kind: FaultKind, record: RecordRef | None = None) -> Iterator[None]:
        with ExitStack() as undone:
            match kind:
                case FaultKind.REFUSED_TOKEN:
                    app = self.org.apps[KEY]
                    undone.callback(self.org.add_app, app)
                    self.org.add_app(ConnectedApp(KEY, "a new one", run_as=self._user))
                    self.org.sessions.end_all()
                case FaultKind.MISSING_RIGHT:
                    undone.callback(self.org.set_permission, self._user, "ApiEnabled", True)
                    self.org.set_permission(self._user, "ApiEnabled", False)
                case FaultKind.DAILY_LIMIT:
                    undone.callback(setattr, self.org.usage, "used_by_others", 0)
                    self.org.usage.used_by_others = self.org.usage.allowed
                case FaultKind.LOCKED_RECORD if record is not None:
                    undone.callback(self.org.rules.refusals.clear)
                    self.org.lock_rows([record.id], times=1000)
                case _:
                    undone.callback(self.faults.clear)
                    self.faults.add(_fault(kind))
            yield


def _fault(kind: FaultKind) -> Fault:
    match kind:
        case FaultKind.RATE_LIMIT:
            refused = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests exceeded"}]
            answer = Response(json.dumps(refused), 403, content_type="application/json")
            return Fault(ANY, ALWAYS, answer)
        case FaultKind.OUTAGE:
            return Fault(ANY, ALWAYS, Response("<h1>Unavailable</h1>", 503, content_type="text/html"))
        case FaultKind.WEB_PAGE:
            return Fault(ANY, ALWAYS, Response("<h1>Please log in</h1>", 200, content_type="text/html"))
        case FaultKind.CUT:
            return Fault(ANY, ALWAYS, cut="before")
        case FaultKind.TRUNCATED:
            return Fault(ANY, ALWAYS, cut="midway")
        case FaultKind.LOST_ANSWER:
            return Fault(WRITES, ALWAYS, cut="after")
    raise ValueError(kind)


class TestSalesforce(ConnectorContract):
    @pytest.fixture
    def rig(self) -> Iterator[SalesforceRig]:
        built = SalesforceRig(SalesforceOrg(clock=lambda: NOW))
        yield built
        built.close()
