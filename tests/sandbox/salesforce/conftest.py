"""An org with a clock that stands still, served on a real socket, and the real client library for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from velma_connectors.sandbox.faults import FaultInjector
from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.server import RunningServer

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **span: float) -> datetime:
        self.time += timedelta(**span)
        return self.time


class LoopbackAdapter(HTTPAdapter):
    """Sends what a client addresses to an https host in the cloud to the emulator on this machine."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = self._url + request.path_url
        return super().send(request, *args, **kwargs)


@dataclass
class Door:
    """The org seen from outside: plain requests as the integration user, and the library."""

    org: SalesforceOrg
    faults: FaultInjector
    url: str
    user_id: str
    token: str
    session: requests.Session
    version: str = "66.0"

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """A request below the version's path, as the integration user."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        address = f"{self.url}/services/data/v{self.version}{path}"
        return self.session.request(method, address, headers=headers, timeout=10, **kwargs)

    def query(self, soql: str, path: str = "/query") -> list[dict[str, Any]]:
        """Rows of a query, without the attributes the API adds to each."""
        answer = self.call("GET", path, params={"q": soql})
        assert answer.status_code == 200, answer.text
        return [without_attributes(row) for row in answer.json()["records"]]

    def refusal(self, method: str, path: str, **kwargs: Any) -> tuple[int, str, str]:
        """Status, code and message of a request that must fail."""
        answer = self.call(method, path, **kwargs)
        assert answer.status_code >= 400, f"{method} {path} was not refused: {answer.text}"
        return answer.status_code, answer.json()[0]["errorCode"], answer.json()[0]["message"]

    def query_refusal(self, soql: str) -> tuple[int, str, str]:
        return self.refusal("GET", "/query", params={"q": soql})

    def library(self) -> Salesforce:
        """The client library with a token of its own session."""
        session = requests.Session()
        session.mount("https://", LoopbackAdapter(self.url))
        return Salesforce(
            session_id=self.token,
            instance_url="https://acme.my.salesforce.com",
            session=session,
            version=self.version,
        )


def without_attributes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_attributes(each) for key, each in value.items() if key != "attributes"}
    return [without_attributes(each) for each in value] if isinstance(value, list) else value


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def org(clock: Clock) -> SalesforceOrg:
    return SalesforceOrg("Acme Bakery Supplies", clock=clock)


@pytest.fixture
def door(org: SalesforceOrg) -> Iterator[Door]:
    user_id = org.add_user("sync@acme.example", "Velma", "Sync")
    org.add_app(ConnectedApp("app-key", "app-secret", run_as=user_id))
    faults = FaultInjector(SalesforceEmulator(org))
    with RunningServer(faults) as server, requests.Session() as session:
        token = org.open_session(user_id).token
        yield Door(org, faults, server.url, user_id, token, session)


@pytest.fixture
def task(org: SalesforceOrg) -> str:
    """A recorded call on an open deal."""
    account = org.insert("Account", {"Name": "Birch & Rye"})
    deal = org.insert(
        "Opportunity",
        {"Name": "Oven line", "StageName": "Prospecting", "CloseDate": "2026-06-30", "AccountId": account},
    )
    return org.insert("Task", {"Subject": "Call", "TaskSubtype": "Call", "WhatId": deal})
