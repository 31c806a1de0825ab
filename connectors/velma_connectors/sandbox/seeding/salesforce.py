"""Seeds an emulated Salesforce org: calls as Tasks, deals as Opportunities with their past stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceOrg
from velma_connectors.sandbox.samples import SampleCall
from velma_connectors.sandbox.samples.call import Heard
from velma_connectors.sandbox.seeding.seed import CLOSES_AFTER, KNOWN_FOR, Seed

URL_FIELD = "Call_Recording_URL__c"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Invented ones, fit for a server that only this machine can reach."""

    client_key: str = "sandbox-client-key"
    client_secret: str = field(default="sandbox-client-secret", repr=False)
    username: str = "velma.sync@ledgerline.example"


def seed_org(org: SalesforceOrg, seed: Seed, credentials: Credentials) -> None:
    """Add the URL field, the app with its user, the reps, and everything of every copy."""
    org.add_custom_field("Activity", URL_FIELD, {"type": "Url", "label": "Call Recording URL"})
    user = org.add_user(credentials.username, "Velma", "Sync")
    org.add_app(ConnectedApp(credentials.client_key, credentials.client_secret, run_as=user))
    reps = {
        key: org.add_user(f"{key}@ledgerline.example", rep.first, rep.last, permissions=())
        for key, rep in seed.samples.org.story.reps.items()
    }
    for copy in range(seed.copies):
        _StoryCopy(org, seed, copy, reps).tell()


def deliver_to_org(org: SalesforceOrg, seed: Seed) -> int:
    """Give the calls whose recording was missing their link, now. Returns how many got theirs."""
    late = seed.late_urls(seed.samples.org)
    delivered = 0
    for task in org.rows("Task"):
        if task.get("CallObject") in late and task.get(URL_FIELD) is None:
            org.update(task["Id"], {URL_FIELD: late[task["CallObject"]]})
            delivered += 1
    return delivered


def records_in_org(org: SalesforceOrg, seed: Seed) -> dict[str, str]:
    """Ids of the original calls' Tasks and deals' Opportunities by the keys of the samples."""
    calls = {task["CallObject"]: task["Id"] for task in org.rows("Task") if task.get("CallObject")}
    deals = {deal["Name"]: deal["Id"] for deal in org.rows("Opportunity")}
    return {key: calls[key] for key in seed.samples.org.calls} | {
        key: deals[deal.name] for key, deal in seed.samples.org.story.deals.items()
    }


class _StoryCopy:
    """One copy of the story on its way into the org."""

    def __init__(self, org: SalesforceOrg, seed: Seed, copy: int, reps: dict[str, str]) -> None:
        self._org = org
        self._seed = seed
        self._copy = copy
        self._reps = reps
        self._ids: dict[str, str] = {}

    def tell(self) -> None:
        story = self._seed.samples.org.story
        long_ago = self._seed.today - KNOWN_FOR
        for key, name in story.accounts.items():
            account = {"Name": self._seed.name(name, self._copy)}
            self._ids[key] = self._org.insert("Account", account, at=long_ago)
        for key, person in story.contacts.items():
            self._ids[key] = self._org.insert(
                "Contact",
                {
                    "FirstName": person.first,
                    "LastName": person.last,
                    "Title": person.title,
                    "Email": f"{key}@{person.account}.example",
                    "AccountId": self._ids[person.account],
                },
                at=long_ago,
            )
        for key in story.deals:
            self._add_deal(key)
        for call in self._seed.samples.org.calls.values():
            self._add_call(call)

    def _add_deal(self, key: str) -> None:
        deal = self._seed.samples.org.story.deals[key]
        rep = self._reps[deal.rep]
        for stage, days_ago in deal.stages.items():
            at = self._seed.today - timedelta(days=days_ago)
            if key in self._ids:
                self._org.update(self._ids[key], {"StageName": stage}, as_user=rep, at=at)
                continue
            values = {
                "Name": self._seed.name(deal.name, self._copy),
                "AccountId": self._ids[deal.account],
                "StageName": stage,
                "Amount": deal.amount,
                "CloseDate": (self._seed.today + CLOSES_AFTER).date().isoformat(),
                "OwnerId": rep,
            }
            self._ids[key] = self._org.insert("Opportunity", values, as_user=rep, at=at)

    def _add_call(self, call: SampleCall) -> None:
        rep = self._reps[call.script.crm.rep]
        started_at, at = call.script.started_at(self._seed.today), self._seed.logged_at(call)
        task = self._org.insert("Task", self._task(call, started_at), as_user=rep, at=at)
        audio = self._seed.audio(call, self._copy)
        if call.script.crm.recording is Heard.FILE and audio is not None:
            self._org.attach_file(task, audio.bytes(), call.key, "ogg", as_user=rep, at=at)

    def _task(self, call: SampleCall, started_at: datetime) -> dict[str, Any]:
        crm = call.script.crm
        about = {"deal": crm.deal, "account": crm.account, "contact": None}[crm.about]
        has_link = crm.recording in (Heard.URL, Heard.LOGIN_PAGE)
        return {
            "Subject": call.script.title,
            "TaskSubtype": "Call",
            "Type": "Call",
            "Status": "Completed",
            "CallType": crm.direction,
            "CallDurationInSeconds": call.seconds,
            "CallObject": self._seed.call_id(call, self._copy),
            "ActivityDate": started_at.date().isoformat(),
            "Description": crm.notes or None,
            "OwnerId": self._reps[crm.rep],
            "WhoId": self._ids[crm.contact],
            "WhatId": self._ids[about] if about else None,
            URL_FIELD: self._seed.url(call, self._copy) if has_link else None,
        }
