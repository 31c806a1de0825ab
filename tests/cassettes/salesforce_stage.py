"""Salesforce for the scenes: a small emulated org, and connections to it, to real ones and to cassettes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, SecretStr
from scenes import FIRST_NOTE, NOTE_KEY, SECOND_NOTE, UNKNOWN_OPTION, Cast
from stages import SANDBOX, Setting, default_fields, words_of

from velma_connectors.model import FieldSpec, FieldValue, RecordRef, Window
from velma_connectors.salesforce.connector import SalesforceConnector
from velma_connectors.salesforce.notes import put_note
from velma_connectors.salesforce.options import Flow, SalesforceOptions
from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.server import RunningServer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ANALYZED_AT = datetime(2026, 6, 1, 11, 45, tzinfo=UTC)
LINK = "Recording_URL__c"
WRONG_SECRET = "unknown"

COMMON_VALUES: Mapping[str, FieldValue] = {
    "Velma_Status__c": "Analyzed",
    "Velma_Analyzed_At__c": ANALYZED_AT,
    "Velma_Action_Plan_Confirmed__c": True,
    "Velma_Next_Step__c": "Confirmed",
    "Velma_Avg_Sentiment__c": 0.25,
}
CALL_VALUES: Mapping[str, FieldValue] = {**COMMON_VALUES, "Velma_Competitors__c": None}
DEAL_VALUES: Mapping[str, FieldValue] = {**COMMON_VALUES, "Velma_Last_Call_At__c": NOW - timedelta(hours=2)}


class SalesforceStage:
    """Fulfils `stages.Stage`."""

    name = "salesforce"
    origin = "https://org.salesforce.example"
    downloads = True

    @property
    def words(self) -> frozenset[str]:
        notes = (put_note("", NOTE_KEY, text) or "" for text in (FIRST_NOTE, SECOND_NOTE))
        lines = {UNKNOWN_OPTION}.union(*(note.split("\n") for note in notes))
        return words_of(_specs()) | lines

    def connect(self, options: BaseModel, now: datetime) -> SalesforceConnector:
        return SalesforceConnector("cassette", _ours(options), wait=lambda _seconds: None, now=lambda: now)

    def unknown_to_the_crm(self, options: BaseModel) -> SalesforceOptions:
        return _ours(options).model_copy(update={"consumer_secret": SecretStr(WRONG_SECRET)})

    def cast(self, call: RecordRef, deal: RecordRef, hosted: RecordRef | None, window: Window) -> Cast:
        return Cast(
            call=call,
            deal=deal,
            hosted=hosted,
            window=window,
            call_values=CALL_VALUES,
            deal_values=DEAL_VALUES,
            choice_field="Velma_Status__c",
            note_field="Description",
        )

    @contextmanager
    def sandbox(self) -> Iterator[Setting]:
        org = SalesforceOrg(clock=lambda: NOW)
        user = org.add_user("sync@ledgerline.example", "Velma", "Sync")
        org.add_app(ConnectedApp("key-of-the-app", "secret-of-the-app", run_as=user))
        org.add_custom_field("Activity", LINK, {"type": "Url", "label": "Recording"})
        with RunningServer(SalesforceEmulator(org)) as server:
            options = SalesforceOptions(
                login_url=server.url,
                consumer_key="key-of-the-app",
                consumer_secret=SecretStr("secret-of-the-app"),
                recording_fields=(LINK,),
            )
            self._provision(options)
            deal, linked, hosted = _records(org)
            window = Window(NOW - timedelta(hours=6), NOW)
            yield Setting(SANDBOX, options, NOW, linked, deal, hosted, window)

    def kept_options(self, options: BaseModel) -> dict[str, Any]:
        ours = _ours(options)
        if ours.flow is not Flow.CLIENT_CREDENTIALS:
            raise ValueError("a signed login cannot be replayed; record with flow: client_credentials")
        names = self.own_names(options)
        return {
            "api_version": ours.api_version,
            "calls_from": list(ours.calls_from),
            "recording_fields": [names[field] for field in ours.recording_fields],
            "recording_files": ours.recording_files,
            "start_field": names[ours.start_field] if ours.start_field else None,
            "deal_candidates": ours.deal_candidates,
        }

    def own_names(self, options: BaseModel) -> Mapping[str, str]:
        ours = _ours(options)
        links = {name: f"Recording_{number}__c" for number, name in enumerate(ours.recording_fields, 1)}
        return {**links, **({ours.start_field: "Call_Start__c"} if ours.start_field else {})}

    def replayed(self, kept: Mapping[str, Any]) -> SalesforceOptions:
        invented = {"login_url": self.origin, "consumer_key": "invented", "consumer_secret": "invented"}
        return SalesforceOptions.model_validate({**invented, **kept})

    def _provision(self, options: SalesforceOptions) -> None:
        specs = _specs()
        with closing(self.connect(options, NOW)) as connector:
            results = connector.create_fields(connector.plan_fields(specs))
        refused = [f"{each.step.spec.name}: {each.reason}" for each in results if not each.ok]
        assert not refused, refused


def _specs() -> list[FieldSpec]:
    return default_fields("salesforce", {*CALL_VALUES, *DEAL_VALUES})


def _ours(options: BaseModel) -> SalesforceOptions:
    if not isinstance(options, SalesforceOptions):
        raise TypeError(f"expected SalesforceOptions, got {type(options).__name__}")
    return options


def _records(org: SalesforceOrg) -> tuple[RecordRef, RecordRef, RecordRef]:
    """A deal that moved since, a call of its own with a link, and one of its buyer with an audio file."""
    before, hours = NOW - timedelta(days=20), timedelta(hours=1)
    rep = org.add_user("mara.lindqvist@ledgerline.example", "Mara", "Lindqvist", permissions=())
    account = org.insert("Account", {"Name": "Harborlight Foods"}, at=before)
    buyer = {"FirstName": "Tobias", "LastName": "Ferrante", "AccountId": account}
    contact = org.insert("Contact", {**buyer, "Email": "tobias@harborlight.example"}, at=before)
    values = {"Name": "Harborlight rollout", "AccountId": account, "Amount": 48_000.0, "OwnerId": rep}
    stage = {"StageName": "Prospecting", "CloseDate": "2026-07-31"}
    deal = org.insert("Opportunity", {**values, **stage}, at=before)
    usual = {
        "TaskSubtype": "Call",
        "Status": "Completed",
        "CallType": "Outbound",
        "WhoId": contact,
        "OwnerId": rep,
        "ActivityDate": NOW.date().isoformat(),
    }
    linked = org.insert(
        "Task",
        {
            **usual,
            "Subject": "Rollout: prices",
            "CallDurationInSeconds": 340,
            "WhatId": deal,
            "Description": "Tobias wants the offer in writing.",
            LINK: "https://calls.dialer.example/harborlight-2.ogg?token=c2FuZGJveA",
        },
        at=NOW - 3 * hours,
    )
    audio = {"Subject": "First talk", "CallDurationInSeconds": 95, "WhatId": account}
    hosted = org.insert("Task", {**usual, **audio}, at=NOW - 2 * hours)
    org.attach_file(hosted, b"OggS" + bytes(range(256)) * 8, "harborlight-1", "ogg", at=NOW - 2 * hours)
    left = {"Subject": "Tried again", "CallDisposition": "Voicemail", "CallDurationInSeconds": 20}
    org.insert("Task", {**usual, **left}, at=NOW - hours)
    org.update(deal, {"StageName": "Negotiation/Review"}, as_user=rep, at=NOW - hours)
    return RecordRef("Opportunity", deal), RecordRef("Task", linked), RecordRef("Task", hosted)
