"""A connection to an emulated org, over sockets, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from velma_connectors.model import (
    Call,
    CallRef,
    FieldKind,
    FieldSpec,
    FieldValue,
    SchemaAction,
    Target,
    Window,
)
from velma_connectors.salesforce.connector import SalesforceConnector
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.sandbox.faults import FaultInjector
from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.server import RunningServer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LINK = "Recording_URL__c"


@dataclass
class Rig:
    """An org at `now`, the connection under test, and what a mapping might want of them."""

    org: SalesforceOrg
    faults: FaultInjector
    user_id: str
    url: str

    now: ClassVar = NOW
    last_day: ClassVar = Window(NOW - timedelta(hours=24), NOW)
    link: ClassVar = LINK
    call_specs: ClassVar = (
        FieldSpec(Target.CALL, "Velma_Status__c", "Status", FieldKind.CHOICE, "", choices=("Analyzed", "No")),
        FieldSpec(Target.CALL, "Velma_Flag__c", "Flag", FieldKind.BOOLEAN, "h"),
        FieldSpec(Target.CALL, "Velma_Score__c", "Score", FieldKind.NUMBER, "h", precision=3, scale=2),
        FieldSpec(Target.CALL, "Velma_Reason__c", "Reason", FieldKind.TEXT, "h", max_length=40),
        FieldSpec(Target.CALL, "Velma_At__c", "At", FieldKind.DATETIME, "h"),
        FieldSpec(
            Target.CALL, "Velma_Rivals__c", "Rivals", FieldKind.MULTI_CHOICE, "", choices=("Acme", "Be")
        ),
    )
    deal_specs: ClassVar = (
        FieldSpec(Target.DEAL, "Velma_Summary__c", "Summary", FieldKind.LONG_TEXT, "h", max_length=2000),
        FieldSpec(Target.DEAL, "Velma_Day__c", "Day", FieldKind.DATE, "h"),
    )
    specs: ClassVar = (*call_specs, *deal_specs)
    values: ClassVar[dict[str, FieldValue]] = {
        "Velma_Status__c": "Analyzed",
        "Velma_Flag__c": True,
        "Velma_Score__c": -0.25,
        "Velma_Reason__c": "ä😀",
        "Velma_At__c": datetime(2026, 6, 1, 10, 30, tzinfo=UTC),
        "Velma_Rivals__c": ("Acme", "Be"),
    }

    def __post_init__(self) -> None:
        self.connector = self.connect()

    def connect(self, **more: Any) -> SalesforceConnector:
        """A connection to the org; the one before it is closed."""
        if hasattr(self, "connector"):
            self.connector.close()
        known = {"login_url": self.url, "consumer_key": "key", "consumer_secret": "secret"}
        options = SalesforceOptions.model_validate({**known, "recording_fields": [LINK], **more})
        self.connector = SalesforceConnector("sales", options, wait=lambda _seconds: None, now=lambda: NOW)
        return self.connector

    @staticmethod
    def hours_before(hours: float) -> datetime:
        return NOW - timedelta(hours=hours)

    def task(self, at: datetime, **values: Any) -> str:
        """A completed call that was saved at that time."""
        usual = {"Subject": "Call", "TaskSubtype": "Call", "Status": "Completed", "CallDurationInSeconds": 60}
        return self.org.insert("Task", {**usual, **values}, at=at)

    def walk(self, window: Window, limit: int = 200) -> list[Call]:
        calls: list[Call] = []
        cursor = None
        while True:
            page = self.connector.calls(window, cursor, limit=limit)
            assert len(page.calls) <= limit
            calls += page.calls
            cursor = page.cursor
            if cursor is None:
                return calls

    def one(self, task_id: str) -> Call:
        (call,) = self.connector.refresh([CallRef("sales", "Task", task_id)])
        return call

    def provision(self, specs: Sequence[FieldSpec] = specs) -> list[SchemaAction]:
        """Plan and make the fields; the planned actions."""
        plan = self.connector.plan_fields(specs)
        results = self.connector.create_fields(plan)
        assert all(result.ok for result in results), [result.reason for result in results]
        return [step.action for step in plan]

    def requests(self) -> int:
        return self.org.usage.requests


@pytest.fixture
def rig() -> Iterator[Rig]:
    yield from _rig()


@pytest.fixture(scope="module")
def shared_rig() -> Iterator[Rig]:
    """One org for many examples, each in a window of its own."""
    yield from _rig()


def _rig() -> Iterator[Rig]:
    org = SalesforceOrg(clock=lambda: NOW)
    user = org.add_user("sync@acme.example", "Velma", "Sync")
    org.add_app(ConnectedApp("key", "secret", run_as=user))
    org.add_custom_field("Activity", LINK, {"type": "Url", "label": "Recording"})
    faults = FaultInjector(SalesforceEmulator(org))
    with RunningServer(faults) as server:
        built = Rig(org, faults, user, server.url)
        yield built
        built.connector.close()
        faults.clear()
