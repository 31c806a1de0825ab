"""`velma-sync demo`"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import json_option
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import print_json
from velma_sync.cli.streams import exact

if TYPE_CHECKING:
    from velma_sync.demo.run import DemoOutcome


@click.command("demo", epilog="Example: velma-sync demo velma-demo")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default="velma-demo")
@json_option
def command(directory: Path, as_json: bool) -> int:
    """Try everything without credentials.

    Starts a sandbox, runs the real daemon over it once, and shows what reports then find.

    The folder is kept. Run it again, or point any other command at it, and see that nothing is paid for
    or written twice. Remove the folder to start anew.
    """
    from velma_sync import log

    log.configure("error")
    _forget_real_settings()
    if as_json:
        from velma_sync.demo.run import run_demo

        print_json(run_demo(directory, progress=lambda _counts: None))
    else:
        _run_and_show(directory)
    return ExitCode.FINE


def _forget_real_settings() -> None:
    """What the shell has set for a real account is none of the demo's business."""
    for name in [name for name in os.environ if name.startswith("VELMA_SYNC_")]:
        del os.environ[name]


def _run_and_show(directory: Path) -> None:
    from rich.console import Console

    from velma_sync.demo.run import run_demo
    from velma_sync.demo.show import show_hints, show_leader_view, show_receipt, watched

    console = Console(file=exact(sys.stdout))
    console.print(f"Starting a Salesforce org, a HubSpot portal, Velma and recordings in {directory} ...")
    with watched(console) as progress:
        outcome: DemoOutcome = run_demo(directory, progress=progress)
    show_receipt(outcome, console)
    show_leader_view(outcome.view, console)
    show_hints(outcome, console)
