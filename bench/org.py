"""A Salesforce org with as many calls as a measurement wants."""

from __future__ import annotations

from datetime import datetime, timedelta

from bench.controlled import CALL_SECONDS, CALLS_PER_DEAL, DAILY_REQUESTS, SettableClock
from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.seeding.salesforce import URL_FIELD, Credentials


class BenchOrg:
    """An org filled for the bench. `recordings_url` and a number lead to a call's recording."""

    def __init__(self, recordings_url: str, clock: SettableClock) -> None:
        self._recordings_url = recordings_url
        self._clock = clock
        self._org = SalesforceOrg("Bench", clock=clock, daily_requests=DAILY_REQUESTS)
        self.application = SalesforceEmulator(self._org)
        self._deals: dict[int, tuple[str, str]] = {}
        credentials = Credentials()
        self._org.add_custom_field("Activity", URL_FIELD, {"type": "Url", "label": "Call Recording URL"})
        user = self._org.add_user(credentials.username, "Velma", "Sync")
        self._org.add_app(ConnectedApp(credentials.client_key, credentials.client_secret, run_as=user))
        self._rep = self._org.add_user("rep@bench.example", "Wanda", "Ferrismere", permissions=())

    def requests(self) -> dict[str, int]:
        return dict(self._org.usage.snapshot()["kinds"])

    def log_call(self, number: int) -> None:
        contact, deal = self._surroundings(number // CALLS_PER_DEAL)
        now = self._clock()
        call = {
            "Subject": f"Call {number}",
            "TaskSubtype": "Call",
            "Type": "Call",
            "Status": "Completed",
            "CallType": "Outbound",
            "CallDurationInSeconds": CALL_SECONDS,
            "ActivityDate": now.date().isoformat(),
            "Description": "Spoke about the quote.",
            "OwnerId": self._rep,
            "WhoId": contact,
            "WhatId": deal,
            URL_FIELD: f"{self._recordings_url}/{number}",
        }
        self._org.insert("Task", call, as_user=self._rep, at=now)

    def _surroundings(self, number: int) -> tuple[str, str]:
        """Contact and open deal of a call, made when its first call is logged."""
        if number not in self._deals:
            long_ago = self._clock() - timedelta(days=30)
            account = self._org.insert("Account", {"Name": f"Company {number}"}, at=long_ago)
            contact = {"FirstName": "Orla", "LastName": f"Pennick {number}", "AccountId": account}
            deal_id = self._deal(number, account, long_ago)
            self._deals[number] = self._org.insert("Contact", contact, at=long_ago), deal_id
        return self._deals[number]

    def _deal(self, number: int, account: str, created_at: datetime) -> str:
        deal = {
            "Name": f"Deal {number}",
            "AccountId": account,
            "StageName": "Discovery",
            "Amount": 1000,
            "CloseDate": (self._clock() + timedelta(days=30)).date().isoformat(),
            "OwnerId": self._rep,
        }
        deal_id = self._org.insert("Opportunity", deal, as_user=self._rep, at=created_at)
        last_week = self._clock() - timedelta(days=7)
        self._org.update(deal_id, {"StageName": "Negotiation"}, as_user=self._rep, at=last_week)
        return deal_id
