"""A HubSpot portal with as many calls as a measurement wants."""

from __future__ import annotations

from datetime import datetime, timedelta

from bench.controlled import CALL_SECONDS, CALLS_PER_DEAL, SettableClock
from velma_connectors.sandbox.hubspot import HubSpotEmulator, HubSpotPortal

TOKEN = "pat-na1-bench"
PIPELINE = "Bench sales"
STAGES = {"Qualified to buy": False, "Contract sent": False}


class BenchPortal:
    """A portal filled for the bench. `recordings_url` and a number lead to a call's recording."""

    def __init__(self, recordings_url: str, clock: SettableClock) -> None:
        self._recordings_url = recordings_url
        self._clock = clock
        self._portal = HubSpotPortal("Bench", clock=clock)
        self.application = HubSpotEmulator(self._portal)
        self._deals: dict[int, tuple[str, str, str]] = {}
        self._portal.add_token(TOKEN)
        self._pipeline = self._portal.add_pipeline(PIPELINE, STAGES)
        self._rep = self._portal.add_owner("rep@bench.example", "Wanda", "Ferrismere")

    def requests(self) -> dict[str, int]:
        return dict(self._portal.usage.snapshot()["kinds"])

    def log_call(self, number: int) -> None:
        now = self._clock()
        call = {
            "hs_timestamp": str(int((now - timedelta(seconds=CALL_SECONDS)).timestamp() * 1000)),
            "hs_call_title": f"Call {number}",
            "hs_call_body": "Spoke about the quote.",
            "hs_call_direction": "OUTBOUND",
            "hs_call_duration": str(CALL_SECONDS * 1000),
            "hs_call_status": "COMPLETED",
            "hs_call_recording_url": f"{self._recordings_url}/{number}",
            "hubspot_owner_id": self._rep,
        }
        call_id = self._portal.insert("calls", call, at=now)
        for name, record_id in zip(
            ("contacts", "companies", "deals"), self._surroundings(number // CALLS_PER_DEAL), strict=True
        ):
            self._portal.associate("calls", call_id, name, record_id)

    def _surroundings(self, number: int) -> tuple[str, str, str]:
        """Contact, company and open deal of a call, made when its first call is logged."""
        if number not in self._deals:
            long_ago = self._clock() - timedelta(days=30)
            company = self._portal.insert("companies", {"name": f"Company {number}"}, at=long_ago)
            contact = {"firstname": "Orla", "lastname": f"Pennick {number}"}
            contact_id = self._portal.insert("contacts", contact, at=long_ago)
            self._deals[number] = contact_id, company, self._deal(number, long_ago)
        return self._deals[number]

    def _deal(self, number: int, created_at: datetime) -> str:
        first, second = (self._portal.stage_id(PIPELINE, stage) for stage in STAGES)
        deal = {
            "dealname": f"Deal {number}",
            "pipeline": self._pipeline,
            "dealstage": first,
            "amount": "1000",
        }
        deal_id = self._portal.insert("deals", deal, at=created_at)
        self._portal.update("deals", deal_id, {"dealstage": second}, at=self._clock() - timedelta(days=7))
        return deal_id
