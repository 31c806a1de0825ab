"""`velma-sync status`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import config_option, json_option, opened_ledger
from velma_sync.cli.outcome import ExitCode, needs_attention
from velma_sync.cli.output import counted, moment, paid_for, plain, print_json, print_rows

if TYPE_CHECKING:
    from velma_sync.ledger.database import Ledger
    from velma_sync.pipeline.operate import Status


@click.command("status", epilog="Example: velma-sync status --json")
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> int:
    """Show what was done, what waits and why, and what was paid for.

    Reads the ledger alone. Exit code 1 when calls are held or dead, 3 when a connection or all spending is
    stopped, or a regular task failed the last time it ran.
    """
    from velma_sync.pipeline.operate import status

    with opened_ledger(config) as ledger:
        found = status(ledger)
        runs = _runs(ledger, found)
    print_json(plain(found) | {"daemon_runs": runs}) if as_json else _print(found, runs)
    if not (_goes_on(found) and all(tick.ok for tick in found.ticks)):
        return ExitCode.REFUSED
    return ExitCode.ATTENTION if needs_attention(found.calls) else ExitCode.FINE


def _goes_on(found: Status) -> bool:
    paused = any(row.paused_at is not None for row in found.connections)
    return not paused and not any(gate.stopped for gate in found.analyzers)


def _runs(ledger: Ledger, found: Status) -> bool:
    """Whether a daemon works now. One that was killed could not say so, but holds its ledger file no more."""
    from velma_sync.ledger.lock import is_held

    if found.daemon is None or found.daemon.stopped_at is not None:
        return False
    return ledger.path is None or is_held(ledger.path)


def _print(found: Status, runs: bool) -> None:
    print_rows(
        [
            (each.connection, each.state, str(each.calls), f"since {moment(each.oldest)}", each.code or "")
            for each in found.calls
        ]
    )
    billing = found.billing
    click.echo(f"{paid_for(billing)}.")
    if billing.unknown:
        minutes = billing.unknown_seconds / 60
        click.echo(
            f"Billing unknown for {counted(billing.unknown, 'request')}, {minutes:.1f} minutes of audio."
        )
    for row in found.connections:
        state = f"paused: {row.paused_reason}" if row.paused_at else "in order"
        click.echo(f"{row.name}: {state}, read up to {moment(row.covered_until)}.")
    for gate in found.analyzers:
        if gate.stopped:
            click.echo(
                f"{gate.name}: nothing is paid for since {moment(gate.stopped_at)}: {gate.stop_reason}"
            )
    print_rows(
        [("problem", tick.name, moment(tick.at), tick.message or "") for tick in found.ticks if not tick.ok]
    )
    click.echo(_daemon(found, runs))


def _daemon(found: Status, runs: bool) -> str:
    daemon = found.daemon
    if daemon is None:
        return "No daemon has run yet."
    if daemon.stopped_at:
        return f"No daemon runs; the last one stopped at {moment(daemon.stopped_at)}."
    alive = f"last sign of life {moment(daemon.beat_at)}"
    if not runs:
        return f"No daemon runs; the last one ended without saying so, {alive}."
    return f"A daemon runs since {moment(daemon.started_at)}, {alive}."
