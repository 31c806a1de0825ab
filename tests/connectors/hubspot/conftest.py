"""An emulated portal over sockets, and connections to it that share its clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.connector import HubSpotConnector
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.sandbox.faults import FaultInjector
from velma_connectors.sandbox.hubspot import HubSpotEmulator, HubSpotPortal
from velma_connectors.sandbox.server import RunningServer
from velma_connectors.testing.clock import ManualClock

TOKEN = "pat-na1-0a1b2c3d-0000-4000-8000-00000000beef"


@pytest.fixture
def clock() -> ManualClock:
    """The time of the portal and of every connection to it; waiting moves it."""
    return ManualClock()


@pytest.fixture
def token() -> str:
    """The key of all connections, which may do everything until a test says otherwise."""
    return TOKEN


@pytest.fixture
def portal(clock: ManualClock, token: str) -> HubSpotPortal:
    built = HubSpotPortal("Ledgerline", clock=clock.now)
    built.add_token(token)
    return built


@pytest.fixture
def faults(portal: HubSpotPortal) -> Iterator[FaultInjector]:
    """Faults between the portal and whoever asks it."""
    injector = FaultInjector(HubSpotEmulator(portal))
    yield injector
    injector.clear()


@pytest.fixture
def options(faults: FaultInjector, token: str) -> Iterator[HubSpotOptions]:
    """Settings of a connection to the portal, which is served meanwhile."""
    with RunningServer(faults) as server:
        yield HubSpotOptions.model_validate({"access_token": token, "base_url": server.url})


@pytest.fixture
def waits() -> list[float]:
    """Seconds that `client` has waited for, in all its waits."""
    return []


@pytest.fixture
def client(options: HubSpotOptions, clock: ManualClock, waits: list[float]) -> Iterator[HubSpotClient]:
    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    opened = HubSpotClient(options, wait=wait, clock=clock.monotonic, now=clock.now)
    yield opened
    opened.close()


@pytest.fixture
def connector(options: HubSpotOptions, clock: ManualClock) -> Iterator[HubSpotConnector]:
    opened = HubSpotConnector("sales", options, wait=clock.advance, now=clock.now, clock=clock.monotonic)
    yield opened
    opened.close()
