"""A configured daemon and the emulators around it, in a folder that is gone afterwards.

with installed(calls=500, latency_seconds=0.5, max_in_flight=8) as place:
    place.configuration      # what `velma-sync run` is given
    place.crm_requests()     # as the emulated CRM counted them, preparations left out
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

from bench.controlled import CONTROL
from bench.crms import SALESFORCE, Crm
from bench.emulators import VELMA_KEY, Emulator
from velma_connectors.registry import load_kind
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
    crm: Emulator
    requests_before: Counter[str]

    @property
    def configuration(self) -> Path:
        return self.directory / "velma-sync.yaml"

    @property
    def ledger(self) -> Path:
        return self.directory / "velma-sync.db"

    def crm_requests(self) -> Counter[str]:
        """Requests that the emulated CRM has counted, by kind, without those of the preparations."""
        return _requests(self.crm) - self.requests_before


@contextmanager
def installed(
    *,
    calls: int,
    latency_seconds: float,
    max_in_flight: int,
    crm: Crm = SALESFORCE,
    recordings: str = "small",
    poll_minutes: float | None = None,
) -> Iterator[Installation]:
    """`calls` are logged in the CRM already. `recordings` is the kind the recording host makes up."""
    with (
        tempfile.TemporaryDirectory(prefix="velma-sync-bench-") as folder,
        Emulator("recordings", at_once=max_in_flight) as host,
        Emulator("velma", latency_seconds=latency_seconds, at_once=max_in_flight) as velma,
        Emulator("crm", kind=crm.kind, recordings_url=f"{host.url}/{recordings}") as far_side,
    ):
        directory = Path(folder)
        _configure(directory, host, velma, far_side, crm, max_in_flight, poll_minutes)
        with Workspace(load_configuration(directory / "velma-sync.yaml")) as workspace:
            for plan in plan_fields(workspace):
                failed = create_fields(workspace, plan).failed
                if failed:
                    raise RuntimeError(f"the CRM could not be provisioned: {failed[0].reason}")
        far_side.ask(f"{CONTROL}/calls", {"first": 0, "count": calls})
        yield Installation(directory, host, velma, far_side, _requests(far_side))


def _requests(crm: Emulator) -> Counter[str]:
    return Counter(crm.ask(f"{CONTROL}/usage"))


def _configure(
    directory: Path,
    host: Emulator,
    velma: Emulator,
    far_side: Emulator,
    crm: Crm,
    max_in_flight: int,
    poll_minutes: float | None,
) -> None:
    address = urlsplit(host.url)
    document = {
        "version": 1,
        "connections": {
            CONNECTION: {
                "kind": crm.kind,
                "mapping": "mapping.yaml",
                "start_at": LONG_AGO,
                "options": dict(crm.options(far_side.url)),
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
    (directory / "mapping.yaml").write_text(load_kind(crm.kind).default_mapping())
    (directory / "analysis.yaml").write_text(shipped_text())
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "velma_sync_velma_api_key").write_text(VELMA_KEY)
    for option, secret in crm.secrets.items():
        (secrets / f"velma_sync_{CONNECTION}_{option}").write_text(secret)
