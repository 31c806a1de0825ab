"""The demo's folder: a kept sandbox and the configuration that points at it.

velma-demo/
  velma-sync.yaml analysis.yaml                  written once; change them and run again
  salesforce-mapping.yaml hubspot-mapping.yaml
  secrets/                                       the sandbox's invented credentials
  sandbox/                                       the org and the portal, kept between runs
  ledger.db
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

from velma_connectors.errors import ConfigError, Problem
from velma_connectors.registry import load_kind
from velma_sync.config.secrets import variable_name

ORG = "sales-org"
PORTAL = "sales-portal"
HISTORY = timedelta(days=60)
"""All sample calls are younger than this."""
ANSWER_SECONDS = 0.4
"""How long the sandbox's Velma takes for an answer, so that there is some progress to watch."""
IN_FLIGHT = 4
STOP_SECONDS = 30

_CONFIGURATION = """\
# The demo's own CRMs, Velma and recordings: `velma-sync sandbox` serves them for as long as a command runs.
version: 1
connections:
  {org}:
    kind: salesforce
    mapping: salesforce-mapping.yaml
    start_at: {start_at}
    options:
      login_url: {salesforce_url}
      consumer_key: {client_key}
      recording_fields: [Call_Recording_URL__c]
  {portal}:
    kind: hubspot
    mapping: hubspot-mapping.yaml
    start_at: {start_at}
    options:
      base_url: {hubspot_url}
recordings:
  sources:
    - name: sandbox
      hosts: [127.0.0.1]
      ports: [{recordings_port}]
analysis:
  file: analysis.yaml
  velma:
    base_url: {velma_url}
limits:
  max_in_flight: {in_flight}
ledger:
  path: ledger.db
secrets_directory: secrets
"""


def configuration_of(directory: Path) -> Path:
    return directory / "velma-sync.yaml"


@contextmanager
def served(directory: Path) -> Iterator[Mapping[str, str]]:
    """The folder's sandbox, in a process of its own, with a configuration beside it; gives its addresses.

    The first time it makes the CRMs and the files; later all are used as they were left. Raises
    ConfigError for a folder that holds another configuration, and when the sandbox cannot start.
    """
    _refuse_foreign_folder(directory)
    command = [sys.executable, "-m", "velma_connectors.sandbox", str(directory / "sandbox")]
    options = ["--latency", str(ANSWER_SECONDS), "--concurrency", str(IN_FLIGHT)]
    # A session of its own: Ctrl-C reaches us alone, and the sandbox outlives what still drains.
    with subprocess.Popen(  # noqa: S603 - our own module
        [*command, *options], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            addresses = _addresses(directory, process)
            write_files(directory, addresses)
            yield addresses
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _refuse_foreign_folder(directory: Path) -> None:
    """Nothing is made, and nothing is run, beside a configuration that may lead to a real CRM."""
    if configuration_of(directory).exists() and not (directory / "sandbox" / "sandbox.json").exists():
        message = "holds a configuration that is not a sandbox's; nothing was started."
        raise ConfigError([Problem(str(directory), message, "Name another folder.")])
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError([Problem(str(directory), f"no such folder can be made: {reason}.")]) from error


def _addresses(directory: Path, process: subprocess.Popen[str]) -> Mapping[str, str]:
    """What the sandbox prints once everything in it answers."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise ConfigError([Problem(str(directory), "the sandbox did not start; its reason stands above.")])
    addresses: dict[str, str] = json.loads(line)
    return addresses


def write_files(directory: Path, addresses: Mapping[str, str]) -> None:
    """Configuration and secrets for a sandbox with these addresses; files that are there stay."""
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    files = {
        secrets / variable_name("velma", "api_key").lower(): addresses["api_key"],
        secrets / variable_name(ORG, "consumer_secret").lower(): addresses["client_secret"],
        secrets / variable_name(PORTAL, "access_token").lower(): addresses["access_token"],
        directory / "salesforce-mapping.yaml": load_kind("salesforce").default_mapping(),
        directory / "hubspot-mapping.yaml": load_kind("hubspot").default_mapping(),
        directory / "analysis.yaml": resources.files("velma_connectors.velma")
        .joinpath("analysis.yaml")
        .read_text(encoding="utf-8"),
        configuration_of(directory): _CONFIGURATION.format(
            org=ORG,
            portal=PORTAL,
            start_at=(datetime.now(UTC) - HISTORY).strftime("%Y-%m-%dT%H:%M:%SZ"),
            recordings_port=addresses["recordings_url"].rpartition(":")[2],
            in_flight=IN_FLIGHT,
            **addresses,
        ),
    }
    for path, text in files.items():
        if not path.exists():
            path.write_text(text, encoding="utf-8")
