"""`velma-sync status`"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import config_option, json_option, opened_ledger
from velma_sync.cli.outcome import ExitCode, needs_attention
from velma_sync.cli.output import (
    DISK_FULL,
    backfill_line,
    counted,
    moment,
    paid_for,
    plain,
    print_json,
    print_rows,
)
from velma_sync.cli.reasons import in_words
from velma_sync.ledger.states import CallState
from velma_sync.visible import one_line

if TYPE_CHECKING:
    from velma_sync.ledger.connections import ConnectionRow
    from velma_sync.ledger.counts import CallCount
    from velma_sync.ledger.database import Ledger
    from velma_sync.pipeline.operate import Status
    from velma_sync.pipeline.refused_fields import RefusedField


@click.command("status", epilog="Example: velma-sync status --json")
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> int:
    """Show what was done, what waits and why, and what it cost.

    Reads the ledger alone. Exit code 1 when calls are held or dead, or mapped fields cannot be written, 3
    when a connection or all spending is stopped, its disk is nearly full, or a regular task failed the last
    time it ran.
    """
    from velma_sync.pipeline.operate import status

    with opened_ledger(config) as ledger:
        found = status(ledger)
        runs = _runs(ledger, found)
        looks = _next_looks(ledger, found)
        disk_full = _is_full(ledger)
    if as_json:
        print_json(plain(found) | {"daemon_runs": runs, "disk_full": disk_full})
    else:
        _print(found, runs, looks)
        if disk_full:
            click.echo(DISK_FULL)
    if disk_full or not (_goes_on(found) and all(tick.ok for tick in found.ticks)):
        return ExitCode.REFUSED
    attention = needs_attention(found.calls) or found.refused_fields
    return ExitCode.ATTENTION if attention else ExitCode.FINE


def _goes_on(found: Status) -> bool:
    paused = any(row.paused_at is not None for row in found.connections)
    return not paused and not any(gate.stopped for gate in found.analyzers)


def _runs(ledger: Ledger, found: Status) -> bool:
    """Whether a daemon works now. One that was killed could not say so, but holds its ledger file no more."""
    from velma_sync.ledger.lock import is_held

    if found.daemon is None or found.daemon.stopped_at is not None:
        return False
    return ledger.path is None or is_held(ledger.path)


def _is_full(ledger: Ledger) -> bool:
    """Whether the disk of its file has no room for answers; a server looks after its own."""
    from velma_sync.pipeline.settings import EngineSettings

    path = ledger.path
    return path is not None and shutil.disk_usage(path.parent).free < EngineSettings().min_free_bytes


def _next_looks(ledger: Ledger, found: Status) -> Mapping[str, datetime]:
    """By connection, when the next missing recording is looked for."""
    from velma_sync.ledger.counts import next_due

    with ledger.read() as tx:
        looks = {
            each.connection: next_due(tx, each.state, [each.connection])
            for each in found.calls
            if each.state is CallState.WAITING_RECORDING
        }
    return {name: due_at for name, due_at in looks.items() if due_at is not None}


def _print(found: Status, runs: bool, looks: Mapping[str, datetime]) -> None:
    print_rows(
        [
            (each.connection, each.state, str(each.calls), f"since {moment(each.oldest)}", _why(each, looks))
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
        click.echo(_connection(row))
    _print_refused(found.refused_fields)
    for each in found.backfills:
        click.echo(f"{each.backfill.connection}: {backfill_line(each)}")
    for gate in found.analyzers:
        if gate.stopped:
            why = one_line(gate.stop_reason or "")
            click.echo(f"{gate.name}: nothing is paid for since {moment(gate.stopped_at)}: {why}")
    print_rows(
        [("problem", tick.name, moment(tick.at), tick.message or "") for tick in found.ticks if not tick.ok]
    )
    click.echo(_daemon(found, runs))


def _print_refused(fields: Sequence[RefusedField]) -> None:
    """The fields of one reason together, with the time of the first."""
    alike: dict[tuple[str, str], list[RefusedField]] = {}
    for each in fields:
        alike.setdefault((each.connection, each.reason), []).append(each)
    for (connection, reason), refused in alike.items():
        names = ", ".join(each.field for each in refused)
        since = moment(min(each.since for each in refused))
        click.echo(f"{connection}: not written since {since}: {names}: {reason}.")
    if fields:
        click.echo("  How to fix that: velma-sync doctor; missing fields: velma-sync provision --apply")


def _why(count: CallCount, looks: Mapping[str, datetime]) -> str:
    if count.state is not CallState.WAITING_RECORDING:
        return in_words(count.code)
    due_at = looks.get(count.connection)
    return f"no recording yet; looked for again from {moment(due_at)} on" if due_at else "no recording yet"


def _connection(row: ConnectionRow) -> str:
    reach = f"read up to {moment(row.covered_until)}" if row.covered_until else "never read yet"
    line = f"{row.name}: takes calls changed since {moment(row.start_at)}, {reach}"
    if row.paused_at is None:
        return f"{line}, in order."
    return f"{line}. Paused since {moment(row.paused_at)}: {one_line(row.paused_reason or '')}"


def _daemon(found: Status, runs: bool) -> str:
    daemon = found.daemon
    if daemon is None:
        return "No daemon has run yet."
    if daemon.stopped_at:
        return f"No daemon is running; the last one stopped at {moment(daemon.stopped_at)}."
    alive = f"last sign of life {moment(daemon.beat_at)}"
    if not runs:
        return f"No daemon is running; the last one stopped unexpectedly, {alive}."
    return f"A daemon has been running since {moment(daemon.started_at)}, {alive}."
