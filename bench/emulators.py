"""Emulators in processes of their own, so that what they cost is not counted as ours.

    with Emulator("velma", latency_seconds=0.5) as velma:
        velma.url, velma.ask("/_sandbox/usage")

Run as a module it is such a process: it prints its URL and serves until its standard input ends, so it
never outlives the one that started it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.crms import CRMS
from bench.recordings import GeneratedRecordings
from velma_connectors.sandbox.samples import load_samples
from velma_connectors.sandbox.server import RunningServer, WsgiApp
from velma_connectors.sandbox.velma import Account, VelmaEmulator, VelmaModes

if TYPE_CHECKING:
    from types import TracebackType

VELMA_KEY = "bench-key"


class Emulator:
    """One emulator process. Use as a context manager. `settings` are the keywords of its function below."""

    def __init__(self, name: str, **settings: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.emulators", name, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # an interrupt is for us, who then end it
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"the {name} emulator did not start")

    def ask(self, path: str, document: object = None) -> Any:
        """The JSON answer to a GET, or to a POST of the document."""
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()


def velma(*, latency_seconds: float, at_once: int) -> WsgiApp:
    """Answers every recording after the latency; makes up what is none of the sample calls."""
    modes = VelmaModes(latency_seconds=latency_seconds)
    return VelmaEmulator(load_samples().by_sha256(), (Account(VELMA_KEY, concurrency=at_once),), modes)


def crm(*, kind: str, recordings_url: str) -> WsgiApp:
    return CRMS[kind].emulate(recordings_url)


def recordings(*, at_once: int) -> WsgiApp:
    return GeneratedRecordings(at_once=at_once)


_APPLICATIONS: dict[str, Callable[..., WsgiApp]] = {
    "crm": crm,
    "velma": velma,
    "recordings": recordings,
}


def main() -> None:
    name, settings = sys.argv[1:]
    with RunningServer(_APPLICATIONS[name](**json.loads(settings))) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
