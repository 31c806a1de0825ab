"""The door's pool, against an org that keeps connections and ends them when it likes."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.wrappers import Response

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.server import Ending, RunningServer

UPDATE = "composite/sobjects"
LOGIN = 1
"""Connections that logging in takes: the login host is another server, as a rule."""


@pytest.fixture(autouse=True)
def scripted(org: Any) -> None:
    org.on("GET limits", {"a": 1})
    org.on("PATCH composite", lambda seen: [org.saved(org.id("00T", 1))])


@pytest.fixture
def served(org: Any) -> Callable[..., Any]:
    """The org behind a server that ends connections as told: `with served(...) as server`."""

    @contextmanager
    def serving(**how: Any) -> Iterator[RunningServer]:
        elsewhere = org.url
        with RunningServer(org.faults, **how) as server:
            org.url = server.url
            yield server
        org.url = elsewhere

    return serving


def write(client: SalesforceClient, number: int = 1) -> Any:
    return client.send("PATCH", UPDATE, {"number": number})


def written(org: Any) -> list[int]:
    return [seen.body["number"] for seen in org.requests("PATCH composite")]


def connect(org: Any, waits: list[float]) -> SalesforceClient:
    return SalesforceClient(org.options(), wait=waits.append)


def test_reads_writes_refusals_and_downloads_share_one_connection(
    org: Any, served: Any, waits: list[float]
) -> None:
    org.on("GET missing", org.error(404, "NOT_FOUND"))
    org.on("GET broken", Response("<html>", status=503), {"a": 1})
    org.on("GET sobjects/ContentVersion", Response(b"a" * 200_000))
    with served() as server:
        client = connect(org, waits)
        for _ in range(3):
            client.get("limits")
            write(client)
            client.get("broken")
            with pytest.raises(StopConnection):
                client.get("missing")
            with client.download(f"sobjects/ContentVersion/{org.id('068', 1)}/VersionData") as pieces:
                assert sum(len(piece) for piece in pieces) == 200_000
        assert server.connections == LOGIN + 1
        client.close()


def test_a_download_that_is_left_early_costs_its_connection_and_disturbs_no_other_answer(
    org: Any, served: Any, waits: list[float]
) -> None:
    org.on("GET sobjects/ContentVersion", Response(b"a" * 3_000_000))
    with served() as server:
        client = connect(org, waits)
        with client.download(f"sobjects/ContentVersion/{org.id('068', 1)}/VersionData") as pieces:
            next(pieces)
        assert client.get("limits") == {"a": 1}
        assert server.connections == LOGIN + 2
        client.close()
    assert waits == []


def test_closing_closes_idle_connections_without_the_garbage_collector(
    org: Any, served: Any, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[socket.socket] = []
    connecting = socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        opened.append(self)
        connecting(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    org.on("GET missing", org.error(404, "NOT_FOUND"))
    gc.disable()
    try:
        with served():
            client = connect(org, waits)
            client.get("limits")
            with pytest.raises(StopConnection):
                client.get("missing")
            assert [each for each in opened if each.fileno() != -1], "nothing was kept that could be closed"
            client.close()
            assert [each for each in opened if each.fileno() != -1] == []
    finally:
        gc.enable()


@pytest.mark.parametrize("way", ["ended while idle", "announced"])
def test_a_connection_that_has_ended_is_replaced_and_nothing_is_lost(
    org: Any, served: Any, waits: list[float], way: str
) -> None:
    with served(requests_per_connection=1 if way == "announced" else None) as server:
        client = connect(org, waits)
        for number in range(3):
            write(client, number)
            if way == "ended while idle":
                server.end_connections()
            assert client.get("limits") == {"a": 1}
            if way == "ended while idle":
                server.end_connections()
        client.close()
        assert server.connections == LOGIN + 6
    assert written(org) == [0, 1, 2]
    assert waits == []


def test_a_read_that_crosses_the_end_of_its_connection_is_repeated(
    org: Any, served: Any, waits: list[float]
) -> None:
    with served(requests_per_connection=1, ending=Ending.CROSSING):
        client = connect(org, waits)
        assert [client.get("limits") for _ in range(3)] == [{"a": 1}] * 3
        client.close()
    assert len(waits) == 2, "the second and the third read met a connection that ended"
    assert len(org.requests("GET limits")) == 3


def test_a_write_that_crosses_the_end_of_its_connection_is_unknown_and_not_sent_again(
    org: Any, served: Any, waits: list[float]
) -> None:
    with served(requests_per_connection=1, ending=Ending.CROSSING):
        client = connect(org, waits)
        client.get("limits")
        with pytest.raises(OutcomeUnknown):
            write(client, 1)
        assert written(org) == []
        write(client, 2)
        client.close()
    assert written(org) == [2]
    assert waits == []


def test_a_new_login_never_meets_the_end_of_the_connection_of_the_one_before(
    org: Any, served: Any, waits: list[float]
) -> None:
    org.on("GET limits", org.error(401, "INVALID_SESSION_ID"), {"a": 1})
    with served(requests_per_connection=1, ending=Ending.CROSSING):
        client = connect(org, waits)
        assert client.get("limits") == {"a": 1}
        client.close()
    assert len(org.logins) == 2
    assert len(waits) == 1, "only the read's own connection ended"


@pytest.mark.parametrize(("cut", "happened"), [("before", []), ("after", [1]), ("midway", [1])])
def test_a_cut_on_a_used_connection_repeats_reads_and_no_write(
    org: Any, served: Any, waits: list[float], cut: str, happened: list[int]
) -> None:
    with served():
        client = connect(org, waits)
        client.get("limits")
        org.faults.add(Fault("GET .*/limits", cut=cut))
        assert client.get("limits") == {"a": 1}
        org.faults.add(Fault("PATCH .*/composite", cut=cut))
        with pytest.raises(OutcomeUnknown):
            write(client)
        assert written(org) == happened
        client.close()


def test_no_write_happens_twice_when_threads_meet_connections_that_end(
    org: Any, served: Any, waits: list[float]
) -> None:
    writes = 120

    def attempt(number: int) -> bool | None:
        try:
            write(client, number)
        except OutcomeUnknown:
            return None
        except RetryLater:
            return False
        return True

    with served(requests_per_connection=2, ending=Ending.SILENT):
        client = connect(org, waits)
        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(attempt, range(writes)))
            reads = list(pool.map(lambda _: client.get("limits"), range(writes)))
        client.close()
    happened = written(org)
    assert len(happened) == len(set(happened)), "a write happened twice"
    assert {number for number in range(writes) if outcomes[number]} <= set(happened)
    assert not {number for number in range(writes) if outcomes[number] is False} & set(happened)
    assert any(outcomes)
    assert reads == [{"a": 1}] * writes
