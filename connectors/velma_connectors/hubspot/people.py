"""Names of the people on calls: contacts by id, and the owners of the portal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.lru_cache import LruCache
from velma_connectors.hubspot.records import read_records
from velma_connectors.hubspot.verdicts import RequestRefused

KEPT = timedelta(hours=1)
"""How long a name is remembered."""
MOST_CONTACTS = 10_000
OWNERS_PER_PAGE = "100"

_NAME = ("firstname", "lastname")


class Contacts:
    """Names of contacts, each remembered for an hour. `now` gives aware times."""

    def __init__(self, client: HubSpotClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._known: LruCache[str, tuple[datetime, str]] = LruCache(MOST_CONTACTS)

    def names(self, ids: Collection[str]) -> dict[str, str]:
        """Names by id, "" for who has none; contacts that are gone are left out."""
        now = self._now()
        names = {}
        for contact in ids:
            known = self._known.get(contact)
            if known and now - known[0] < KEPT:
                names[contact] = known[1]
        unknown = sorted(set(ids) - names.keys())
        for contact, row in read_records(self._client, "contacts", unknown, _NAME).items():
            names[contact] = _joined(row["properties"].get(part) for part in _NAME)
            self._known.put(contact, (now, names[contact]))
        return names


class Owners:
    """Names of owners, read as a list and remembered for an hour. `now` gives aware times.

    Those who have left are on a list of their own, which is read when somebody asks for one.
    """

    def __init__(self, client: HubSpotClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._lock = threading.Lock()
        self._read_at: datetime | None = None
        self._names: dict[str, str] = {}
        self._unread: list[str] = []

    def names(self, ids: Collection[str]) -> Mapping[str, str]:
        """Names by id, of these owners and others; none when the key may not read owners."""
        now = self._now()
        with self._lock:
            if self._read_at is None or now - self._read_at >= KEPT:
                self._read_at, self._names, self._unread = now, {}, ["true", "false"]
            while self._unread and not set(ids) <= self._names.keys():
                self._names.update(self._list(archived=self._unread[-1]))
                self._unread.pop()
            return dict(self._names)

    def _list(self, archived: str) -> dict[str, str]:
        names: dict[str, str] = {}
        params = {"limit": OWNERS_PER_PAGE, "archived": archived}
        while True:
            try:
                answer = self._client.get(paths.OWNERS, params)
            except RequestRefused as refusal:
                if refusal.status != 403:
                    raise
                return names
            names.update({str(owner["id"]): _name_of(owner) for owner in answer["results"]})
            after = ((answer.get("paging") or {}).get("next") or {}).get("after")
            if not after:
                return names
            params["after"] = str(after)


def _name_of(owner: Mapping[str, Any]) -> str:
    return _joined((owner.get("firstName"), owner.get("lastName")))


def _joined(parts: Any) -> str:
    return " ".join(part.strip() for part in parts if part)
