"""The deals, people and companies around calls.

Reading them costs requests, and a call comes up again whenever anybody changes it, ourselves above all. So
what was read is remembered by the call's change stamp, and our own changes move the stamp remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from velma_connectors.hubspot.activities import CALLS, Activity, Surroundings
from velma_connectors.hubspot.associations import Link, read_links
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.deals import DEALS, DealFinder, LinkedCall
from velma_connectors.hubspot.lru_cache import LruCache
from velma_connectors.hubspot.people import Contacts
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import Deal, Person, RecordRef, Target

MOST_REMEMBERED = 5_000

Links = Mapping[str, Sequence[Link]]
"""Associations by the id of the call."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was around a call when it bore this stamp."""

    stamp: datetime
    surroundings: Surroundings


class Neighbours:
    """Reads what is around calls, and remembers it for the 5,000 calls met last. `now` gives aware times."""

    def __init__(self, client: HubSpotClient, *, deal_candidates: bool, now: Callable[[], datetime]) -> None:
        self._client = client
        self._deals = DealFinder(client, candidates=deal_candidates, now=now)
        self._contacts = Contacts(client, now)
        self._seen: LruCache[str, _Seen] = LruCache(MOST_REMEMBERED)

    def of(self, activities: Sequence[Activity]) -> dict[str, Surroundings]:
        """Surroundings by the call's id; asks HubSpot only about calls that somebody else has changed."""
        known: dict[str, Surroundings] = {}
        for activity in activities:
            seen = self._seen.get(activity.id)
            if seen and seen.stamp == activity.changed_at:
                known[activity.id] = seen.surroundings
        return known | self.read([activity for activity in activities if activity.id not in known])

    def read(self, activities: Sequence[Activity]) -> dict[str, Surroundings]:
        """Surroundings by the call's id, as they are now."""
        if not activities:
            return {}
        ids = [activity.id for activity in activities]
        deals, contacts, companies = (self._links(ids, name) for name in (DEALS, "contacts", "companies"))
        linked = [
            LinkedCall(
                activity.id,
                activity.started_at,
                deals=_ids(deals, activity.id),
                contacts=_ids(contacts, activity.id),
                companies=_ids(companies, activity.id),
            )
            for activity in activities
        ]
        found = self._found_deals(linked)
        names = self._contacts.names({link.id for links in contacts.values() for link in links})
        around = {
            call.id: Surroundings(
                found.get(call.id, ()), _people(call, names), _account(companies.get(call.id, ()))
            )
            for call in linked
        }
        for activity in activities:
            self._seen.put(activity.id, _Seen(activity.changed_at, around[activity.id]))
        return around

    def rewritten(self, call_id: str, stamp: datetime) -> None:
        """We changed the call ourselves, which gave it this stamp and left its neighbours as they were."""
        self._seen.revise(call_id, lambda seen: replace(seen, stamp=max(seen.stamp, stamp)))

    def _links(self, call_ids: Sequence[str], to_object: str) -> Links:
        """Without the scope for an object, calls have none of its records."""
        try:
            return read_links(self._client, CALLS, to_object, call_ids)
        except RequestRefused as refusal:
            if refusal.status != 403:
                raise
            return {}

    def _found_deals(self, calls: Sequence[LinkedCall]) -> dict[str, tuple[Deal, ...]]:
        """Without the scope for deals, calls have none."""
        try:
            return self._deals.deals_of(calls)
        except RequestRefused as refusal:
            if refusal.status != 403:
                raise
            return {}


def _ids(links: Links, call_id: str) -> tuple[str, ...]:
    return tuple(link.id for link in links.get(call_id, ()))


def _people(call: LinkedCall, names: Mapping[str, str]) -> tuple[Person, ...]:
    return tuple(
        Person(RecordRef("contacts", contact), names[contact], Target.CONTACT)
        for contact in call.contacts
        if contact in names
    )


def _account(companies: Sequence[Link]) -> RecordRef | None:
    """The primary company, else the only one: among several equal ones there is no telling."""
    primary = [link for link in companies if link.is_primary] or list(companies)
    return RecordRef("companies", primary[0].id) if len(primary) == 1 else None
