"""Seeds an emulated HubSpot portal: owners, companies, contacts, deals with their past stages, and calls.

Calls are associated as HubSpot does it for a call logged on a contact: with the contact, its company, and
the deal that was being talked about.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

from velma_connectors.sandbox.hubspot import REDIRECTOR, HubSpotPortal
from velma_connectors.sandbox.hubspot.catalogue.activities import OUTCOMES
from velma_connectors.sandbox.samples import SampleCall
from velma_connectors.sandbox.samples.call import Heard
from velma_connectors.sandbox.seeding.seed import CLOSES_AFTER, KNOWN_FOR, Seed

ACCESS_TOKEN = "pat-na1-sandbox"  # noqa: S105 - invented, for a server that only this machine can reach
PIPELINE = "Sales Pipeline"
"""The one that every new portal has. The deals of the story move through its stages."""

_OUTCOME_IDS = {label: outcome for outcome, label in OUTCOMES.items()}
_CONTACT_COMPANY, _DEAL_COMPANY, _DEAL_CONTACT = 1, 5, 3
"""Type ids; those with a company make it the primary one."""


def seed_portal(portal: HubSpotPortal, seed: Seed, portal_url: str) -> None:
    """Add the token, the reps, and everything of every copy. `portal_url` has no path."""
    portal.add_token(ACCESS_TOKEN)
    reps = {
        key: portal.add_owner(f"{key}@ledgerline.example", rep.first, rep.last)
        for key, rep in seed.samples.portal.story.reps.items()
    }
    for copy in range(seed.copies):
        _StoryCopy(portal, seed, copy, reps, portal_url).tell()


def deliver_to_portal(portal: HubSpotPortal, seed: Seed) -> int:
    """Give the calls whose recording was missing their link, now. Returns how many got theirs."""
    late = seed.late_urls(seed.samples.portal)
    delivered = 0
    for row in portal.rows("calls"):
        url = late.get(row["properties"].get("hs_call_external_id"))
        if url is not None and not row["properties"].get("hs_call_recording_url"):
            portal.update("calls", row["id"], {"hs_call_recording_url": url})
            delivered += 1
    return delivered


def records_in_portal(portal: HubSpotPortal, seed: Seed) -> dict[str, str]:
    """Ids of the original calls and deals by the keys of the samples."""
    calls = {row["properties"].get("hs_call_external_id"): row["id"] for row in portal.rows("calls")}
    deals = {row["properties"].get("dealname"): row["id"] for row in portal.rows("deals")}
    return {key: calls[key] for key in seed.samples.portal.calls} | {
        key: deals[deal.name] for key, deal in seed.samples.portal.story.deals.items()
    }


class _StoryCopy:
    """One copy of the story on its way into the portal."""

    def __init__(
        self, portal: HubSpotPortal, seed: Seed, copy: int, reps: dict[str, str], portal_url: str
    ) -> None:
        self._portal = portal
        self._seed = seed
        self._copy = copy
        self._reps = reps
        self._redirector = f"{portal_url}{REDIRECTOR}{portal.id}"
        self._ids: dict[str, str] = {}

    def tell(self) -> None:
        story = self._seed.samples.portal.story
        long_ago = self._seed.today - KNOWN_FOR
        for key, name in story.accounts.items():
            company = {"name": self._seed.name(name, self._copy), "domain": self._domain(key)}
            self._ids[key] = self._portal.insert("companies", company, at=long_ago)
        for key, person in story.contacts.items():
            contact = {
                "firstname": person.first,
                "lastname": person.last,
                "jobtitle": person.title,
                "email": f"{key}@{self._domain(person.account)}",
            }
            self._ids[key] = self._portal.insert("contacts", contact, at=long_ago)
            self._link("contacts", key, "companies", person.account, long_ago, _CONTACT_COMPANY)
        for key in story.deals:
            self._add_deal(key)
        for call in self._seed.samples.portal.calls.values():
            self._add_call(call)

    def _domain(self, account: str) -> str:
        return f"{account}{self._copy or ''}.example"

    def _add_deal(self, key: str) -> None:
        story = self._seed.samples.portal.story
        deal = story.deals[key]
        for stage, days_ago in deal.stages.items():
            at = self._seed.today - timedelta(days=days_ago)
            stage_id = self._portal.stage_id(PIPELINE, stage)
            if key in self._ids:
                self._portal.update("deals", self._ids[key], {"dealstage": stage_id}, at=at)
                continue
            values = {
                "dealname": self._seed.name(deal.name, self._copy),
                "dealstage": stage_id,
                "amount": str(deal.amount),
                "closedate": (self._seed.today + CLOSES_AFTER).isoformat(),
                "hubspot_owner_id": self._reps[deal.rep],
            }
            self._ids[key] = self._portal.insert("deals", values, at=at)
            self._link("deals", key, "companies", deal.account, at, _DEAL_COMPANY)
            for contact, person in story.contacts.items():
                if person.account == deal.account:
                    self._link("deals", key, "contacts", contact, at, _DEAL_CONTACT)

    def _add_call(self, call: SampleCall) -> None:
        crm, at = call.script.crm, self._seed.logged_at(call)
        self._ids[call.key] = self._portal.insert("calls", self._properties(call), at=at)
        self._link("calls", call.key, "contacts", crm.contact, at)
        self._link("calls", call.key, "companies", crm.account, at)
        if crm.about == "deal" and crm.deal is not None:
            self._link("calls", call.key, "deals", crm.deal, at)
        if crm.recording is Heard.REDIRECTOR:
            self._portal.host_recording(self._ids[call.key], self._seed.url(call, self._copy))

    def _properties(self, call: SampleCall) -> dict[str, str | None]:
        crm = call.script.crm
        return {
            "hs_timestamp": call.script.started_at(self._seed.today).isoformat(),
            "hs_call_title": call.script.title,
            "hs_call_body": f"<p>{escape(crm.notes)}</p>" if crm.notes else None,
            "hs_call_direction": crm.direction.upper(),
            "hs_call_status": "COMPLETED",
            "hs_call_disposition": _OUTCOME_IDS["Left voicemail" if crm.voicemail else "Connected"],
            "hs_call_duration": str(call.seconds * 1000),
            "hs_call_external_id": self._seed.call_id(call, self._copy),
            "hs_call_recording_url": self._recording_url(call),
            "hubspot_owner_id": self._reps[crm.rep],
        }

    def _recording_url(self, call: SampleCall) -> str | None:
        """The redirector's address lacks the call, as stored addresses of it do."""
        match call.script.crm.recording:
            case Heard.LATE:
                return None
            case Heard.REDIRECTOR:
                return self._redirector
            case _:
                return self._seed.url(call, self._copy)

    def _link(
        self, one: str, key: str, other: str, other_key: str, at: datetime, type_id: int | None = None
    ) -> None:
        self._portal.associate(one, self._ids[key], other, self._ids[other_key], type_id, at=at)
