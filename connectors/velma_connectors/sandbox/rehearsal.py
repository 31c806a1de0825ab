"""A whole rehearsal room in one folder: two CRMs with sample calls, an analysis service, recordings.

    with Rehearsal(Path("velma-demo/sandbox")) as room:
        room.addresses.salesforce_url, room.addresses.hubspot_url, room.addresses.velma_url
        ...
        room.deliver_late_recordings()

The folder keeps both CRMs and the ports between runs, so that configuration written once stays right. For
another process, `python -m velma_connectors.sandbox DIRECTORY` serves the same.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.faults import FaultInjector
from velma_connectors.sandbox.hubspot import HubSpotEmulator, HubSpotPortal
from velma_connectors.sandbox.recordings import RecordingHost
from velma_connectors.sandbox.salesforce import SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.samples import load_samples
from velma_connectors.sandbox.seeding.hubspot import (
    ACCESS_TOKEN,
    deliver_to_portal,
    records_in_portal,
    seed_portal,
)
from velma_connectors.sandbox.seeding.salesforce import (
    Credentials,
    deliver_to_org,
    records_in_org,
    seed_org,
)
from velma_connectors.sandbox.seeding.seed import Seed, seed_recordings
from velma_connectors.sandbox.server import RunningServer, WsgiApp
from velma_connectors.sandbox.velma import Account, VelmaEmulator, VelmaModes

if TYPE_CHECKING:
    from types import TracebackType

STATE = "sandbox.json"
ORG = "salesforce.json"
PORTAL = "hubspot.json"
API_KEY = "sandbox-velma-key"
CONTROL = "/_sandbox"

LASTING_PORTS = range(20_000, 32_000)
"""Free again tomorrow: a system lends ports above these to connections that go out (Linux from 32768)."""

DAILY_REQUESTS = 115_000
"""Of an Enterprise org with fifteen licenses."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers are and what opens them. Everything here is invented and local.

    `GET {control_url}/usage` tells all counters, `POST {control_url}/late-recordings` delivers what was
    missing, and `POST {control_url}/save` writes both CRMs to the folder.
    """

    salesforce_url: str
    hubspot_url: str
    velma_url: str
    recordings_url: str
    control_url: str
    client_key: str
    client_secret: str = field(repr=False)
    username: str
    access_token: str = field(repr=False)
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the folder remembers beside the CRMs. Ports are by server; `today` is an ISO time."""

    ports: dict[str, int]
    today: str
    copies: int
    distinct_audio: bool


class Rehearsal:
    """Four servers over one folder. Close it, or leave its `with` block, to stop and save them.

    `copies` and `distinct_audio` only matter while the folder is new. Raises OSError when a kept port is
    taken, for instance by another rehearsal in the same folder, and ValueError for a damaged folder.
    """

    def __init__(
        self,
        directory: Path,
        *,
        copies: int = 1,
        distinct_audio: bool = False,
        modes: VelmaModes | None = None,
        concurrency: int = 5,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        kept = _read(directory / STATE)
        samples = load_samples()
        account = Account(API_KEY, concurrency=concurrency)
        self.velma = VelmaEmulator(samples.by_sha256(), (account,), modes)
        self.recordings = RecordingHost(clock=clock)
        self.org = _open_org(directory / ORG, kept, clock)
        self.portal = _open_portal(directory / PORTAL, kept, clock)
        self.faults = {
            "salesforce": FaultInjector(SalesforceEmulator(self.org)),
            "hubspot": FaultInjector(HubSpotEmulator(self.portal)),
            "velma": FaultInjector(self.velma),
            "recordings": FaultInjector(self._with_control),
        }
        self._servers = ExitStack()
        ports = self._start(kept.ports if kept else {})
        self.addresses = _addresses(ports)
        fresh = kept is None
        kept = kept or _Kept(ports, clock().isoformat(), copies, distinct_audio)
        today = datetime.fromisoformat(kept.today)
        self._seed = Seed(samples, today, self.addresses.recordings_url, kept.copies, kept.distinct_audio)
        seed_recordings(self.recordings, self._seed)
        if fresh:
            seed_org(self.org, self._seed, Credentials())
            seed_portal(self.portal, self._seed, self.addresses.hubspot_url)
            self.save()
            _write(directory / STATE, kept)

    @property
    def org_records(self) -> dict[str, str]:
        """Ids in the org of the original calls and deals, by the keys of the samples."""
        return records_in_org(self.org, self._seed)

    @property
    def portal_records(self) -> dict[str, str]:
        """Ids in the portal of the original calls and deals, by the keys of the samples."""
        return records_in_portal(self.portal, self._seed)

    def deliver_late_recordings(self) -> int:
        """Let the missing recordings of both CRMs arrive now. Returns to how many calls."""
        return deliver_to_org(self.org, self._seed) + deliver_to_portal(self.portal, self._seed)

    def usage(self) -> dict[str, Any]:
        """What every server was asked since it started, as plain JSON values."""
        seen = self.recordings.seen
        return {
            "salesforce": self.org.usage.snapshot(),
            "hubspot": self.portal.usage.snapshot(),
            "velma": self.velma.usage.snapshot(),
            "recordings": {"requests": len(seen), "delivered": sum(each.status == 200 for each in seen)},
        }

    def save(self) -> None:
        """Write both CRMs to the folder, each whole or not at all."""
        self.org.save(self._directory / ORG)
        self.portal.save(self._directory / PORTAL)

    def close(self) -> None:
        """Stop answering, then save. Answers that are being waited for come at once."""
        self.velma.close()
        for faults in self.faults.values():
            faults.clear()
        self._servers.close()
        self.save()

    def __enter__(self) -> Rehearsal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, ports: dict[str, int]) -> dict[str, int]:
        """Start every server on its kept port, or on one to keep; all or none. Returns the ports."""
        with ExitStack() as starting:
            servers = {
                name: starting.enter_context(
                    RunningServer(app, ports[name]) if ports else _on_lasting_port(app)
                )
                for name, app in self.faults.items()
            }
            self._servers = starting.pop_all()
        return {name: server.port for name, server in servers.items()}

    def _with_control(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The recording host, with the room's own paths beside the recordings."""
        request = Request(environ)
        if not request.path.startswith(CONTROL):
            return self.recordings(environ, start_response)
        return self._control(request)(environ, start_response)

    def _control(self, request: Request) -> Response:
        match request.method, request.path.removeprefix(CONTROL):
            case "GET", "/usage":
                answer: dict[str, Any] = self.usage()
            case "POST", "/late-recordings":
                answer = {"delivered": self.deliver_late_recordings()}
            case "POST", "/save":
                self.save()
                answer = {"saved": True}
            case _:
                return Response("Not found", status=404)
        return Response(json.dumps(answer), content_type="application/json")


def _on_lasting_port(app: WsgiApp) -> RunningServer:
    for port in SystemRandom().sample(LASTING_PORTS, len(LASTING_PORTS)):
        try:
            return RunningServer(app, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return RunningServer(app)


def _open_org(path: Path, kept: _Kept | None, clock: Callable[[], datetime]) -> SalesforceOrg:
    if kept is None:
        return SalesforceOrg("Ledgerline", clock=clock, daily_requests=DAILY_REQUESTS)
    return SalesforceOrg.load(path, clock=clock)


def _open_portal(path: Path, kept: _Kept | None, clock: Callable[[], datetime]) -> HubSpotPortal:
    if kept is None:
        return HubSpotPortal("Ledgerline", clock=clock)
    if not path.exists():
        raise ValueError(f"{path} is missing; remove the folder to start anew")
    return HubSpotPortal.load(path, clock=clock)


def _addresses(ports: dict[str, int]) -> Addresses:
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    credentials = Credentials()
    return Addresses(
        salesforce_url=urls["salesforce"],
        hubspot_url=urls["hubspot"],
        velma_url=urls["velma"],
        recordings_url=urls["recordings"],
        control_url=urls["recordings"] + CONTROL,
        client_key=credentials.client_key,
        client_secret=credentials.client_secret,
        username=credentials.username,
        access_token=ACCESS_TOKEN,
        api_key=API_KEY,
    )


def _read(path: Path) -> _Kept | None:
    """The folder's memory; None when it is new. Written last, so its presence means all is there."""
    if not path.exists():
        return None
    try:
        return _Kept(**json.loads(path.read_text()))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged; remove the folder to start anew") from error


def _write(path: Path, kept: _Kept) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(kept), indent=2) + "\n")
    partial.replace(path)
