"""A configured daemon and the emulators around it, in a folder that is gone afterwards.

with installed(calls=500, latency_seconds=0.5, max_in_flight=8) as place:
    place.configuration      # what `velma-sync run` is given
    place.crm_requests()     # as the emulated org counted them, preparations left out
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.emulators import VELMA_KEY, Emulator
from bench.org import CONTROL
from velma_connectors.registry import load_kind
from velma_connectors.sandbox.seeding import URL_FIELD, Credentials
from velma_connectors.velma.playbook import shipped_text
from velma_sync.config.load import load_configuration
from velma_sync.provisioning import create_fields, plan_fields
from velma_sync.workspace import Workspace

CONNECTION = "bench"
LONG_AGO = "2020-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything is. `requests_before` were made by the preparations, by kind."""

    directory: Path
    recordings: Emulator
    velma: Emulator
    salesforce: Emulator
    requests_before: Counter[str]

    @property
    def configuration(self) -> Path:
        return self.directory / "velma-sync.yaml"

    @property
    def ledger(self) -> Path:
        return self.directory / "velma-sync.db"

    def crm_requests(self) -> Counter[str]:
        """Requests that the emulated org has counted, by kind, without those of the preparations."""
        return _requests(self.salesforce) - self.requests_before


@contextmanager
def installed(
    *,
    calls: int,
    latency_seconds: float,
    max_in_flight: int,
    recordings: str = "small",
    poll_minutes: float | None = None,
) -> Iterator[Installation]:
    """`calls` are logged in the org already. `recordings` is the kind the recording host makes up."""
    with (
        tempfile.TemporaryDirectory(prefix="velma-sync-bench-") as folder,
        Emulator("recordings", at_once=max_in_flight) as host,
        Emulator("velma", latency_seconds=latency_seconds, at_once=max_in_flight) as velma,
        Emulator("salesforce", recordings_url=f"{host.url}/{recordings}") as salesforce,
    ):
        directory = Path(folder)
        _configure(directory, host, velma, salesforce, max_in_flight, poll_minutes)
        with Workspace(load_configuration(directory / "velma-sync.yaml")) as workspace:
            for plan in plan_fields(workspace):
                failed = create_fields(workspace, plan).failed
                if failed:
                    raise RuntimeError(f"the org could not be provisioned: {failed[0].reason}")
        salesforce.ask(f"{CONTROL}/calls", {"first": 0, "count": calls})
        yield Installation(directory, host, velma, salesforce, _requests(salesforce))


def _requests(salesforce: Emulator) -> Counter[str]:
    return Counter(salesforce.ask(f"{CONTROL}/usage")["kinds"])


def _configure(
    directory: Path,
    host: Emulator,
    velma: Emulator,
    salesforce: Emulator,
    max_in_flight: int,
    poll_minutes: float | None,
) -> None:
    address = urlsplit(host.url)
    document = {
        "version": 1,
        "connections": {
            CONNECTION: {
                "kind": "salesforce",
                "mapping": "mapping.yaml",
                "start_at": LONG_AGO,
                "options": {
                    "login_url": salesforce.url,
                    "consumer_key": Credentials().client_key,
                    "recording_fields": [URL_FIELD],
                },
            }
        },
        "analysis": {"file": "analysis.yaml", "velma": {"base_url": velma.url}},
        "recordings": {"sources": [{"name": "bench", "hosts": [address.hostname], "ports": [address.port]}]},
        "limits": {"max_in_flight": max_in_flight},
        "secrets_directory": "secrets",
    }
    if poll_minutes is not None:
        document["schedule"] = {"poll_minutes": poll_minutes}
    (directory / "velma-sync.yaml").write_text(json.dumps(document, indent=2))
    (directory / "mapping.yaml").write_text(load_kind("salesforce").default_mapping())
    (directory / "analysis.yaml").write_text(shipped_text())
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "velma_sync_velma_api_key").write_text(VELMA_KEY)
    (secrets / "velma_sync_bench_consumer_secret").write_text(Credentials().client_secret)
