"""What is asked of an account during set-up: of any kind, and as little as will do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from velma_connectors.errors import RetryLater, StopConnection
from velma_connectors.model import FieldKind, Recording, RecordingSource, Target
from velma_connectors.registry import ConnectorKind
from velma_connectors.testing.far_side import CALL, DEAL, MemoryCrm, writable
from velma_connectors.testing.faults import Fault
from velma_connectors.testing.memory import MemoryConnector
from velma_mappings.mapping_file import MappingFile
from velma_sync.setup.account import ENOUGH, look_around, look_at

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MAPPING = MappingFile.model_validate(
    {
        "version": 1,
        "rules": [
            {"value": "reason", "on": "call", "field": "A"},
            {"value": "reason", "on": "deal", "field": "B"},
            {"value": "status", "on": "lead", "field": "C"},
        ],
    }
)


class NoOptions(BaseModel):
    """This CRM needs no settings."""


@pytest.fixture
def crm() -> MemoryCrm:
    fields = {CALL: [writable("A", FieldKind.TEXT)], DEAL: [writable("B", FieldKind.TEXT)]}
    return MemoryCrm(lambda: NOW, fields)


@pytest.fixture
def kind(crm: MemoryCrm) -> ConnectorKind:
    """A kind that may do the daemon's work and nothing besides."""
    return ConnectorKind("memory", "Memory", NoOptions, lambda name, _: MemoryConnector(name, crm), str)


@pytest.fixture
def log(crm: MemoryCrm) -> Callable[[int, float, str], None]:
    """Logs some calls, so many days ago, whose recordings are at a host."""

    def add(number: int, days_ago: float, host: str) -> None:
        for at in range(number):
            id_ = f"{host}-{days_ago}-{at}"
            crm.add_call(id_, saved_at=NOW - timedelta(days=days_ago))
            linked = Recording(RecordingSource.URL, f"https://{host}/{id_}")
            crm.calls[id_] = replace(crm.calls[id_], recording=linked)

    return add


def test_a_kind_without_administration_suggests_nothing(kind: ConnectorKind) -> None:
    account = look_at(kind, "sales", NoOptions())
    assert account.health.account_id == "account-1"
    assert account.suggestions == ()


def test_fields_are_read_of_every_object_that_is_written_to(kind: ConnectorKind) -> None:
    around = look_around(kind, "sales", NoOptions(), MAPPING, NOW)
    assert {target: [list(each) for each in fields] for target, fields in around.fields.items()} == {
        Target.CALL: [["A"]],
        Target.DEAL: [["B"]],
        Target.LEAD: [],
    }
    assert (around.calls, dict(around.hosts), around.problems) == (0, {}, ())


def test_enough_recent_links_are_not_followed_by_a_look_further_back(
    kind: ConnectorKind, crm: MemoryCrm, log: Callable[[int, float, str], None]
) -> None:
    log(ENOUGH, 1, "new.example")
    log(ENOUGH, 20, "old.example")
    around = look_around(kind, "sales", NoOptions(), MAPPING, NOW)
    assert around.hosts == {("new.example", 443): ENOUGH}
    assert crm.requests["calls"] == 1


def test_few_recent_links_are_joined_by_older_ones(
    kind: ConnectorKind, log: Callable[[int, float, str], None]
) -> None:
    log(2, 1, "new.example")
    log(3, 20, "old.example")
    log(4, 80, "older.example")
    log(5, 100, "oldest.example")
    around = look_around(kind, "sales", NoOptions(), MAPPING, NOW)
    assert around.hosts == {("new.example", 443): 2, ("old.example", 443): 3, ("older.example", 443): 4}
    assert around.calls == 9


@pytest.mark.parametrize("method", ["calls", "fields"])
def test_what_may_not_be_read_is_told_and_the_rest_is_looked_at(
    method: str, kind: ConnectorKind, crm: MemoryCrm, log: Callable[[int, float, str], None]
) -> None:
    log(1, 1, "new.example")
    crm.faults.add(Fault(method, StopConnection("Grant the right."), times=1))
    around = look_around(kind, "sales", NoOptions(), MAPPING, NOW)
    assert around.problems == ("Grant the right.",)
    assert bool(around.hosts) is (method != "calls")
    assert bool(around.fields[Target.CALL]) is (method != "fields")
    assert around.fields[Target.DEAL]


def test_a_lost_connection_is_not_taken_for_an_empty_account(kind: ConnectorKind, crm: MemoryCrm) -> None:
    crm.faults.add(Fault("fields", RetryLater("Lost.")))
    with pytest.raises(RetryLater, match=r"Lost\."):
        look_around(kind, "sales", NoOptions(), MAPPING, NOW)
