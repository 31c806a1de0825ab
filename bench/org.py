"""A Salesforce org with as many calls as a measurement wants, whose time can be set from outside.

    GET  /_bench/usage                                  requests by kind, as the emulator counted them
    POST /_bench/clock {"now": ISO}                     the org's time from now on
    POST /_bench/calls {"first": N, "count": N}         calls that are logged now

Every call names a recording by its number, has a contact, and belongs to one of the open deals; five
calls share a deal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.seeding import URL_FIELD, Credentials

CALLS_PER_DEAL = 5
CALL_SECONDS = 90
DAILY_REQUESTS = 115_000
CONTROL = "/_bench"


class SettableClock:
    """The system's time until it is set."""

    def __init__(self) -> None:
        self._now: datetime | None = None

    def __call__(self) -> datetime:
        return self._now or datetime.now(UTC)

    def set(self, now: datetime) -> None:
        self._now = now


class BenchOrg:
    """The WSGI application. `recordings_url` and a number lead to a call's recording."""

    def __init__(self, recordings_url: str) -> None:
        self._recordings_url = recordings_url
        self._clock = SettableClock()
        self._org = SalesforceOrg("Bench", clock=self._clock, daily_requests=DAILY_REQUESTS)
        self._emulator = SalesforceEmulator(self._org)
        self._deals: dict[int, tuple[str, str]] = {}
        credentials = Credentials()
        self._org.add_custom_field("Activity", URL_FIELD, {"type": "Url", "label": "Call Recording URL"})
        user = self._org.add_user(credentials.username, "Velma", "Sync")
        self._org.add_app(ConnectedApp(credentials.client_key, credentials.client_secret, run_as=user))
        self._rep = self._org.add_user("rep@bench.example", "Wanda", "Ferrismere", permissions=())

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        if not request.path.startswith(CONTROL):
            return self._emulator(environ, start_response)
        answer = json.dumps(self._control(request))
        return Response(answer, content_type="application/json")(environ, start_response)

    def _control(self, request: Request) -> object:
        match request.path.removeprefix(CONTROL):
            case "/clock":
                self._clock.set(datetime.fromisoformat(request.get_json()["now"]))
            case "/calls":
                wanted = request.get_json()
                for number in range(wanted["first"], wanted["first"] + wanted["count"]):
                    self._add_call(number)
        return self._org.usage.snapshot()

    def _add_call(self, number: int) -> None:
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
            deal = {
                "Name": f"Deal {number}",
                "AccountId": account,
                "StageName": "Discovery",
                "Amount": 1000,
                "CloseDate": (self._clock() + timedelta(days=30)).date().isoformat(),
                "OwnerId": self._rep,
            }
            deal_id = self._org.insert("Opportunity", deal, as_user=self._rep, at=long_ago)
            last_week = self._clock() - timedelta(days=7)
            self._org.update(deal_id, {"StageName": "Negotiation"}, as_user=self._rep, at=last_week)
            self._deals[number] = self._org.insert("Contact", contact, at=long_ago), deal_id
        return self._deals[number]
