"""HubSpot for the scenes: a small emulated portal, and connections to it, to real ones and to cassettes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, SecretStr
from scenes import FIRST_NOTE, NOTE_KEY, SECOND_NOTE, UNKNOWN_OPTION, Cast
from scrubbing import pieces_of
from stages import SANDBOX, Setting, default_fields, words_of

from velma_connectors.hubspot.connector import HubSpotConnector
from velma_connectors.hubspot.notes import key_hash, note_html
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.model import FieldSpec, FieldValue, RecordRef, Window
from velma_connectors.sandbox.hubspot import HubSpotEmulator, HubSpotPortal
from velma_connectors.sandbox.server import RunningServer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ANALYZED_AT = datetime(2026, 6, 1, 11, 45, tzinfo=UTC)
TOKEN = "token-of-the-app"
UNKNOWN_TOKEN = "pat-na1-00000000-0000-0000-0000-000000000000"

COMMON_VALUES: Mapping[str, FieldValue] = {
    "velma_status": "Analyzed",
    "velma_analyzed_at": ANALYZED_AT,
    "velma_action_plan_confirmed": True,
    "velma_next_step": "Confirmed",
    "velma_avg_sentiment": 0.25,
}
CALL_VALUES: Mapping[str, FieldValue] = {**COMMON_VALUES, "velma_competitors": None}
DEAL_VALUES: Mapping[str, FieldValue] = {**COMMON_VALUES, "velma_last_call_at": NOW - timedelta(hours=2)}


class HubSpotStage:
    """Fulfils `stages.Stage`."""

    name = "hubspot"
    origin = "https://api.hubapi.com"
    downloads = False

    @property
    def words(self) -> frozenset[str]:
        notes = (pieces_of(note_html(NOTE_KEY, text)) for text in (FIRST_NOTE, SECOND_NOTE))
        return words_of(_specs()) | {UNKNOWN_OPTION, key_hash(NOTE_KEY)}.union(*notes)

    def connect(self, options: BaseModel, now: datetime) -> HubSpotConnector:
        return HubSpotConnector(
            "cassette", _ours(options), wait=lambda _seconds: None, now=lambda: now, clock=lambda: 0.0
        )

    def unknown_to_the_crm(self, options: BaseModel) -> HubSpotOptions:
        return _ours(options).model_copy(update={"access_token": SecretStr(UNKNOWN_TOKEN)})

    def cast(self, call: RecordRef, deal: RecordRef, hosted: RecordRef | None, window: Window) -> Cast:
        return Cast(
            call=call,
            deal=deal,
            hosted=hosted,
            window=window,
            call_values=CALL_VALUES,
            deal_values=DEAL_VALUES,
            choice_field="velma_status",
            note_field=None,
        )

    @contextmanager
    def sandbox(self) -> Iterator[Setting]:
        portal = HubSpotPortal("Ledgerline", clock=lambda: NOW)
        portal.add_token(TOKEN)
        with RunningServer(HubSpotEmulator(portal)) as server:
            options = HubSpotOptions(access_token=SecretStr(TOKEN), base_url=server.url)
            self._provision(options)
            deal, call = _records(portal)
            window = Window(NOW - timedelta(hours=6), NOW)
            yield Setting(SANDBOX, options, NOW, call, deal, None, window)

    def kept_options(self, options: BaseModel) -> dict[str, Any]:
        names = {"completed_only", "skip_voicemails", "deal_candidates"}
        return _ours(options).model_dump(include=names)

    def own_names(self, options: BaseModel) -> Mapping[str, str]:
        return {}

    def replayed(self, kept: Mapping[str, Any]) -> HubSpotOptions:
        return HubSpotOptions.model_validate({"access_token": "invented", "base_url": self.origin, **kept})

    def _provision(self, options: HubSpotOptions) -> None:
        with closing(self.connect(options, NOW)) as connector:
            results = connector.create_fields(connector.plan_fields(_specs()))
        refused = [f"{each.step.spec.name}: {each.reason}" for each in results if not each.ok]
        assert not refused, refused


def _specs() -> list[FieldSpec]:
    return default_fields("hubspot", {*CALL_VALUES, *DEAL_VALUES})


def _ours(options: BaseModel) -> HubSpotOptions:
    if not isinstance(options, HubSpotOptions):
        raise TypeError(f"expected HubSpotOptions, got {type(options).__name__}")
    return options


def _records(portal: HubSpotPortal) -> tuple[RecordRef, RecordRef]:
    """A deal that moved since, a call of its own, one of its buyer alone, and one that is no talk."""
    before, hours = NOW - timedelta(days=20), timedelta(hours=1)
    rep = portal.add_owner("mara.lindqvist@ledgerline.example", "Mara", "Lindqvist")
    company = portal.insert("companies", {"name": "Harborlight Foods"}, at=before)
    buyer = {"firstname": "Tobias", "lastname": "Ferrante", "email": "tobias@harborlight.example"}
    contact = portal.insert("contacts", buyer, at=before)
    portal.associate("contacts", contact, "companies", company, at=before)
    stages = [portal.stage_id("Sales Pipeline", name) for name in ("Qualified to buy", "Contract sent")]
    values = {"dealname": "Harborlight rollout", "amount": "48000", "hubspot_owner_id": rep}
    deal = portal.insert("deals", {**values, "dealstage": stages[0]}, at=before)
    portal.associate("deals", deal, "contacts", contact, at=before)
    portal.associate("deals", deal, "companies", company, at=before)
    usual = {"hs_call_direction": "OUTBOUND", "hubspot_owner_id": rep, "hs_call_status": "COMPLETED"}
    talks = [
        {
            "hs_call_title": "Rollout: prices",
            "hs_call_duration": "340000",
            "hs_call_body": "<p>Tobias wants the offer in writing.</p>",
            "hs_call_recording_url": "https://calls.dialer.example/harborlight-2.ogg?token=c2FuZGJveA",
        },
        {"hs_call_title": "First talk", "hs_call_duration": "95000"},
        {"hs_call_title": "Tried again", "hs_call_duration": "20000", "hs_call_status": "NO_ANSWER"},
    ]
    calls = []
    for hours_ago, talk in zip((3, 2, 1), talks, strict=True):
        at = NOW - hours_ago * hours
        calls.append(portal.insert("calls", {**usual, "hs_timestamp": at.isoformat(), **talk}, at=at))
        portal.associate("calls", calls[-1], "contacts", contact, at=at)
    portal.associate("calls", calls[0], "deals", deal, at=NOW - 3 * hours)
    portal.associate("calls", calls[0], "companies", company, at=NOW - 3 * hours)
    portal.update("deals", deal, {"dealstage": stages[1]}, at=NOW - hours)
    return RecordRef("deals", deal), RecordRef("calls", calls[0])
