"""A portal with a clock that stands still, served on a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from velma_connectors.sandbox.faults import FaultInjector
from velma_connectors.sandbox.hubspot import HubSpotEmulator, HubSpotPortal
from velma_connectors.sandbox.server import RunningServer

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKEN = "pat-na1-sandbox-token"


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **span: float) -> datetime:
        self.time += timedelta(**span)
        return self.time


@dataclass
class Door:
    """The portal seen from outside: plain requests with a token."""

    portal: HubSpotPortal
    faults: FaultInjector
    url: str
    session: requests.Session
    token: str = TOKEN
    version: str = "2026-03"

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """A request to a whole path."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        kwargs.setdefault("allow_redirects", False)
        return self.session.request(method, self.url + path, headers=headers, timeout=10, **kwargs)

    def ask(self, method: str, family: str, below: str, body: Any = None, **kwargs: Any) -> requests.Response:
        """A request to `/crm/{family}/{version}/{below}` with a JSON body."""
        more = {} if body is None else {"json": body}
        return self.call(method, f"/crm/{family}/{self.version}/{below}", **more, **kwargs)

    def good(self, method: str, family: str, below: str, body: Any = None, *, status: int = 200) -> Any:
        """The parsed answer of a request that must succeed with that status."""
        answer = self.ask(method, family, below, body)
        assert answer.status_code == status, f"{method} {family} {below}: {answer.status_code} {answer.text}"
        return answer.json()

    def refusal(self, method: str, family: str, below: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and envelope of a request that must fail."""
        answer = self.ask(method, family, below, body)
        assert answer.status_code >= 400, f"{method} {family} {below} was not refused: {answer.text}"
        envelope = answer.json()
        assert envelope["status"] == "error"
        assert envelope["correlationId"] == answer.headers["X-HubSpot-Correlation-Id"]
        return answer.status_code, envelope

    def codes(self, envelope: dict[str, Any]) -> dict[str, str]:
        """Error codes by property, from the `errors` of an envelope."""
        return {
            name: error["code"] for error in envelope["errors"] for name in error["context"]["propertyName"]
        }

    def search(self, object_name: str, **body: Any) -> list[str]:
        """Ids that a search finds."""
        found = self.good("POST", "objects", f"{object_name}/search", {"limit": 200, **body})
        return [row["id"] for row in found["results"]]


def where(name: str, operator: str, **operands: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **operands}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def portal(clock: Clock) -> HubSpotPortal:
    return HubSpotPortal("Ledgerline", clock=clock)


@pytest.fixture
def door(portal: HubSpotPortal) -> Iterator[Door]:
    portal.add_token(TOKEN)
    faults = FaultInjector(HubSpotEmulator(portal))
    with RunningServer(faults) as server, requests.Session() as session:
        yield Door(portal, faults, server.url, session)


@pytest.fixture
def call(portal: HubSpotPortal) -> str:
    return portal.insert("calls", {"hs_call_title": "First talk", "hs_call_duration": "95000"})


@pytest.fixture
def deal(portal: HubSpotPortal) -> str:
    return portal.insert(
        "deals", {"dealname": "Oven line", "dealstage": "qualifiedtobuy", "amount": "1200.50"}
    )
