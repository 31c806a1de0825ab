"""`python -m velma_connectors.sandbox DIRECTORY`: serve a rehearsal room until SIGINT, SIGTERM or SIGHUP.

When everything answers, one line of JSON with all addresses and credentials goes to standard output; a
parent process waits for that line. On the way out both CRMs are saved in the folder.
"""

from __future__ import annotations

import argparse
import errno
import json
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_connectors.sandbox.velma import VelmaModes


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        room = Rehearsal(
            asked.directory,
            copies=asked.copies,
            distinct_audio=asked.distinct_audio,
            modes=VelmaModes(latency_seconds=asked.latency),
            concurrency=asked.concurrency,
        )
    except (OSError, ValueError) as error:
        sys.stderr.write(f"The sandbox in {asked.directory} cannot start: {_reason(error)}\n")
        return 1
    with room:
        sys.stdout.write(json.dumps(asdict(room.addresses)) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "its ports are taken, most likely by another sandbox that serves this folder; end that one."
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m velma_connectors.sandbox",
        description="Serve invented Salesforce, HubSpot, Velma and recording servers with sample calls.",
    )
    parser.add_argument("directory", type=Path, help="folder that keeps the CRMs and the ports")
    parser.add_argument(
        "--copies", type=int, default=1, help="how often a new folder gets the sample calls (1)"
    )
    parser.add_argument(
        "--distinct-audio", action="store_true", help="give every copy's recordings bytes of their own"
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that an analysis takes (0)")
    parser.add_argument("--concurrency", type=int, default=5, help="analyses at the same time (5)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
