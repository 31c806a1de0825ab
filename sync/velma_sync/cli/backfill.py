"""`velma-sync backfill`"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_connectors.errors import ConfigError, Problem
from velma_sync.cli.options import (
    NotAgreed,
    agreed,
    amount,
    config_option,
    day,
    json_option,
    opened,
    shown_level,
    yes_option,
)
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import backfill_line, counted, money, print_json, print_rows
from velma_sync.cli.progress_bar import bar
from velma_sync.cli.reasons import in_words

if TYPE_CHECKING:
    from velma_sync.backfilling import Forecast, Rest
    from velma_sync.ledger.backfills import Progress
    from velma_sync.workspace import Workspace

MINUTES_PER_HOUR = 60


@click.command("backfill", epilog="Example: velma-sync backfill --since 2026-01-01 --max-cost 50")
@click.option("--since", type=day, metavar="DAY", help="Calls that took place from that day (UTC) on.")
@click.option("--until", type=day, metavar="DAY", help="Only those before that day. Default: now.")
@click.option(
    "--connection", "names", multiple=True, metavar="NAME", help="Only of this connection. Default: of all."
)
@click.option(
    "--max-cost",
    type=amount,
    metavar="AMOUNT",
    help="Stop before the call that would pass it.",
)
@click.option("--max-hours", type=amount, metavar="HOURS", help="The same for hours of audio.")
@click.option("--stop", is_flag=True, help="End the backfills that are under way: skip what is left.")
@yes_option
@config_option
@json_option
def command(
    since: datetime | None,
    until: datetime | None,
    names: tuple[str, ...],
    max_cost: float | None,
    max_hours: float | None,
    stop: bool,
    yes: bool,
    config: Path | None,
    as_json: bool,
) -> int:
    """Analyze calls of the past: forecast, ask, work.

    Says what it would take and asks first. Open deals that have come furthest go first, and calls of today
    before all. The limits are of all connections together. It may be interrupted: without --since it goes on,
    within the limits that are given now, and velma-sync run works off the rest as well.
    """
    _refuse_contradictions(since, until, max_cost, max_hours, stop=stop)
    with opened(config) as workspace:
        chosen = names or tuple(each.name for each in workspace.configuration.connections)
        for name in chosen:
            workspace.connector(name)
        _refuse_cost_without_price(workspace, max_cost)
        if stop:
            return _stop(workspace, names, as_json=as_json)
        found = () if since is None else _forecast(workspace, chosen, since, until or datetime.now(UTC))
        try:
            if since is None:
                wanted = _go_on(workspace, chosen, max_cost, max_hours, yes=yes)
            else:
                wanted = _plan(workspace, found, max_cost, max_hours, yes=yes)
            if wanted:
                _work(workspace, wanted)
        except NotAgreed:
            if as_json:
                _print_outcome(found, _left(workspace, chosen))
            raise
        left = _left(workspace, chosen)
    _print_outcome(found, left) if as_json else _print_left(left)
    return ExitCode.ATTENTION if left else ExitCode.FINE


def _refuse_contradictions(
    since: datetime | None,
    until: datetime | None,
    max_cost: float | None,
    max_hours: float | None,
    *,
    stop: bool,
) -> None:
    if stop and any(each is not None for each in (since, until, max_cost, max_hours)):
        raise click.UsageError("--stop ends what is under way; it goes with --connection alone.")
    if until is not None and since is None:
        raise click.UsageError("--until goes with --since; what is under way keeps its days.")


def _refuse_cost_without_price(workspace: Workspace, max_cost: float | None) -> None:
    if max_cost is not None and workspace.configuration.velma.price_per_audio_hour is None:
        remedy = "Set analysis.velma.price_per_audio_hour, or use --max-hours."
        raise ConfigError([Problem("--max-cost", "cannot be kept without a price.", remedy)])


def _forecast(
    workspace: Workspace, names: Sequence[str], since: datetime, until: datetime
) -> tuple[Forecast, ...]:
    from velma_sync.backfilling import forecast

    if since >= until:
        told = "is not before the end of the backfill; name a day before --until, which is now by default."
        raise click.BadParameter(told, param_hint="'--since'")
    forecasts = forecast(workspace, names, since, until)
    for each in forecasts:
        _print_forecast(each)
    return forecasts


def _plan(
    workspace: Workspace,
    forecasts: Sequence[Forecast],
    max_cost: float | None,
    max_hours: float | None,
    *,
    yes: bool,
) -> tuple[int, ...]:
    """Ask, and plan the calls in the ledger, if there are any; returns the backfills. Raises NotAgreed."""
    from velma_sync.pipeline.backfill import begin

    if not any(each.calls for each in forecasts):
        return ()
    if not (yes or agreed()):
        raise NotAgreed("Nothing was planned or sent. To go on without being asked, add --yes.")
    histories = [each.history for each in forecasts if each.calls]
    return begin(workspace.engine, *histories, max_cost=max_cost, max_hours=max_hours)


def _print_forecast(found: Forecast) -> None:
    history = found.history
    span = f"{history.since:%Y-%m-%d} to {history.until:%Y-%m-%d}"
    click.echo(f"{history.connection}, {span}: {counted(found.calls, 'call')} to analyze.", err=True)
    reasons = [f"{count} {in_words(code)}" for code, count in sorted(history.left_out.items())]
    known = [f"{history.known} in the ledger already"] if history.known else []
    if known or reasons:
        click.echo(f"  Left out: {', '.join((*known, *reasons))}.", err=True)
    if not found.calls:
        return
    guess = f" ({history.unknown_lengths} of unknown length count as one hour)"
    cost = "at the price of your contract" if found.cost is None else money(found.cost)
    click.echo(
        f"  {found.hours:.1f} hours of audio{guess if history.unknown_lengths else ''}: {cost}.", err=True
    )
    pace = "as the latest analyses took" if found.is_measured else "if an analysis takes two minutes"
    click.echo(f"  About {found.requests} CRM requests, and {_duration(found.seconds)} {pace}.", err=True)


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 2 * MINUTES_PER_HOUR:
        return counted(minutes, "minute")
    return counted(round(minutes / MINUTES_PER_HOUR), "hour")


def _go_on(
    workspace: Workspace,
    names: Sequence[str],
    max_cost: float | None,
    max_hours: float | None,
    *,
    yes: bool,
) -> tuple[int, ...]:
    """Take up what is under way, and return it. Raises ConfigError when there is nothing, and NotAgreed."""
    from velma_sync.backfilling import rest
    from velma_sync.ledger import backfills

    left = rest(workspace, names)
    if not left:
        remedy = "Begin one with --since."
        raise ConfigError([Problem("backfill", "none is under way.", remedy)])
    for each in left:
        _print_rest(each)
    click.echo(f"  {_limits(max_cost, max_hours)}", err=True)
    if not (yes or agreed()):
        raise NotAgreed("Nothing was sent, and its limits stay. To go on without being asked, add --yes.")
    wanted = tuple(each.progress.backfill.id for each in left)
    with workspace.ledger.write() as tx:
        backfills.go_on(tx, wanted, max_cost=max_cost, max_hours=max_hours)
    return wanted


def _print_rest(found: Rest) -> None:
    cost = "at the price of your contract" if found.cost is None else money(found.cost)
    left = counted(found.progress.planned, "planned call")
    name = found.progress.backfill.connection
    click.echo(f"{name}: {left} left, {found.hours:.1f} hours of audio: {cost}.", err=True)


def _limits(max_cost: float | None, max_hours: float | None) -> str:
    within = [
        *([f"a cost of {max_cost:.2f}"] if max_cost is not None else []),
        *([f"{max_hours:g} hours of audio"] if max_hours is not None else []),
    ]
    if not within:
        return "There is no limit now; the earlier one no longer applies. Set --max-cost or --max-hours."
    return f"Within {' and '.join(within)}, all together and with what was used so far."


def _stop(workspace: Workspace, names: Sequence[str], *, as_json: bool) -> int:
    """End those of the named connections, or all, also of connections that are no longer configured."""
    from velma_sync.ledger import backfills

    with workspace.ledger.write() as tx:
        ended = sum(
            backfills.abandon(tx, each.id)
            for each in backfills.listed(tx)
            if not names or each.connection in names
        )
    if as_json:
        print_json({"skipped": ended})
    else:
        click.echo(f"Skipped {counted(ended, 'planned call')}.")
    return ExitCode.FINE


def _work(workspace: Workspace, wanted: Collection[int]) -> None:
    from velma_sync import log
    from velma_sync.daemon import run_backfills
    from velma_sync.ledger.lock import LedgerInUse

    with bar() as watch:
        log.configure(shown_level(workspace.configuration.log_level))
        try:
            run_backfills(workspace.engine, wanted, progress=watch)
        except LedgerInUse:
            click.echo("The running daemon will process it. See: velma-sync status", err=True)


def _left(workspace: Workspace, names: Sequence[str]) -> tuple[Progress, ...]:
    from velma_sync.pipeline.operate import status

    return tuple(each for each in status(workspace.ledger).backfills if each.backfill.connection in names)


def _print_outcome(forecasts: Sequence[Forecast], left: Sequence[Progress]) -> None:
    """What was told before, without the calls themselves, and what is left."""
    told = [
        {
            "connection": each.history.connection,
            "since": each.history.since,
            "until": each.history.until,
            "calls": each.calls,
            "known": each.history.known,
            "left_out": each.history.left_out,
            "hours": each.hours,
            "unknown_lengths": each.history.unknown_lengths,
            "cost": each.cost,
            "requests": each.requests,
            "seconds": each.seconds,
            "is_measured": each.is_measured,
        }
        for each in forecasts
    ]
    print_json({"forecast": told, "left": left})


def _print_left(left: Sequence[Progress]) -> None:
    if not left:
        click.echo("No planned backfill calls are left.")
        return
    print_rows([(each.backfill.connection, backfill_line(each)) for each in left])
    click.echo("To go on: velma-sync backfill. To give up what is left: velma-sync backfill --stop", err=True)
