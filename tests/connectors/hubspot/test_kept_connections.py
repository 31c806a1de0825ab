"""The door's pool, against a portal that keeps connections and ends them when it likes."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest

from velma_connectors.errors import OutcomeUnknown, RetryLater
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.hubspot import edge_answers
from velma_connectors.sandbox.server import Ending, RunningServer

DEALS = paths.objects("deals")
SEARCH = {"filterGroups": [], "properties": [], "limit": 1}

Served = Callable[..., Any]


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def served(faults: Any, token: str, clock: Any, waits: list[float]) -> Served:
    """A client, and the portal's server that ends connections as told: `with served(...) as ...`."""

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    @contextmanager
    def serving(**how: Any) -> Iterator[tuple[HubSpotClient, RunningServer]]:
        with RunningServer(faults, **how) as server:
            options = HubSpotOptions.model_validate({"access_token": token, "base_url": server.url})
            client = HubSpotClient(options, wait=wait, clock=clock.monotonic, now=clock.now)
            with closing(client):
                yield client, server

    return serving


def create(client: HubSpotClient, number: int) -> Any:
    """A write that would show if it happened twice."""
    return client.send("POST", DEALS, {"properties": {"dealname": f"Deal {number}"}})


@pytest.fixture
def created(portal: Any) -> Callable[[], list[int]]:
    def numbers() -> list[int]:
        names = (row["properties"]["dealname"] for row in portal.rows("deals"))
        return sorted(int(name.removeprefix("Deal ")) for name in names)

    return numbers


def test_reads_writes_searches_and_refusals_share_one_connection(faults: Any, served: Served) -> None:
    with served() as (client, server):
        for number in range(3):
            create(client, number)
            client.get(DEALS)
            client.search("deals", SEARCH)
            with pytest.raises(RequestRefused):
                client.get(paths.objects("deals", "987654321"))
            faults.add(Fault("GET", answer=edge_answers.service_unavailable()))
            client.get(DEALS)
        assert server.connections == 1


def test_closing_closes_idle_connections_without_the_garbage_collector(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[socket.socket] = []
    connecting = socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        opened.append(self)
        connecting(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    gc.disable()
    try:
        with served() as (client, _):
            client.get(DEALS)
            with pytest.raises(RequestRefused):
                client.get(paths.objects("deals", "987654321"))
            assert [each for each in opened if each.fileno() != -1], "nothing was kept that could be closed"
            client.close()
            assert [each for each in opened if each.fileno() != -1] == []
    finally:
        gc.enable()


@pytest.mark.parametrize("way", ["ended while idle", "announced"])
def test_a_connection_that_has_ended_is_replaced_and_nothing_is_lost(
    served: Served, created: Any, waits: list[float], way: str
) -> None:
    idle = way == "ended while idle"
    with served(requests_per_connection=None if idle else 1) as (client, server):
        for number in range(3):
            create(client, number)
            if idle:
                server.end_connections()
            assert len(client.get(DEALS)["results"]) == number + 1
            if idle:
                server.end_connections()
        assert server.connections == 6
    assert created() == [0, 1, 2]
    assert waits == []


def test_a_read_that_crosses_the_end_of_its_connection_is_repeated(
    portal: Any, served: Served, waits: list[float]
) -> None:
    with served(requests_per_connection=1, ending=Ending.CROSSING) as (client, _):
        assert [client.get(DEALS)["results"] for _ in range(3)] == [[]] * 3
    assert len(waits) == 2, "the second and the third read met a connection that ended"
    assert portal.usage.snapshot()["requests"] == 3


def test_a_write_that_crosses_the_end_of_its_connection_is_unknown_and_not_sent_again(
    served: Served, created: Any, waits: list[float]
) -> None:
    with served(requests_per_connection=1, ending=Ending.CROSSING) as (client, _):
        client.get(DEALS)
        with pytest.raises(OutcomeUnknown):
            create(client, 1)
        assert created() == []
        create(client, 2)
    assert created() == [2]
    assert waits == []


@pytest.mark.parametrize(("cut", "happened"), [("before", []), ("after", [1]), ("midway", [1])])
def test_a_cut_on_a_used_connection_repeats_reads_and_no_write(
    faults: Any, served: Served, created: Any, cut: str, happened: list[int]
) -> None:
    with served() as (client, _):
        client.get(DEALS)
        faults.add(Fault("GET", cut=cut))
        assert client.get(DEALS)["results"] == []
        faults.add(Fault("POST", cut=cut))
        with pytest.raises(OutcomeUnknown):
            create(client, 1)
    assert created() == happened


def test_no_write_happens_twice_when_threads_meet_connections_that_end(served: Served, created: Any) -> None:
    writes = 60

    def attempt(number: int) -> bool | None:
        try:
            create(client, number)
        except OutcomeUnknown:
            return None
        except RetryLater:
            return False
        return True

    silently = {"requests_per_connection": 2, "ending": Ending.SILENT}
    with served(**silently) as (client, _), ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, range(writes)))
        reads = list(pool.map(lambda _: client.get(DEALS), range(writes)))
    happened = created()
    assert len(happened) == len(set(happened)), "a write happened twice"
    assert {number for number in range(writes) if outcomes[number]} <= set(happened)
    assert not {number for number in range(writes) if outcomes[number] is False} & set(happened)
    assert any(outcomes)
    assert all("results" in read for read in reads)
