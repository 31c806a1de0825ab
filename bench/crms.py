"""The CRMs that are measured: the emulator that stands for each, and what a connection to it is set to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.controlled import ControlledCrm, SettableClock
from bench.org import BenchOrg
from bench.portal import TOKEN, BenchPortal
from velma_connectors.sandbox.seeding.salesforce import URL_FIELD, Credentials
from velma_connectors.sandbox.server import WsgiApp


@dataclass(frozen=True, slots=True)
class Crm:
    """One kind of connection. `options` and `secrets` are those of the connector, for an emulator's URL."""

    kind: str
    title: str
    emulate: Callable[[str], WsgiApp]
    """Takes the address below which the recordings lie."""
    options: Callable[[str], Mapping[str, object]]
    secrets: Mapping[str, str]


def _org(recordings_url: str) -> WsgiApp:
    clock = SettableClock()
    return ControlledCrm(BenchOrg(recordings_url, clock), clock)


def _portal(recordings_url: str) -> WsgiApp:
    clock = SettableClock()
    return ControlledCrm(BenchPortal(recordings_url, clock), clock)


def _org_options(url: str) -> Mapping[str, object]:
    key = Credentials().client_key
    return {"login_url": url, "consumer_key": key, "recording_fields": [URL_FIELD]}


SALESFORCE = Crm(
    "salesforce", "Salesforce", _org, _org_options, {"consumer_secret": Credentials().client_secret}
)
HUBSPOT = Crm("hubspot", "HubSpot", _portal, lambda url: {"base_url": url}, {"access_token": TOKEN})
CRMS = {crm.kind: crm for crm in (SALESFORCE, HUBSPOT)}
