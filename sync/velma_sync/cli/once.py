"""`velma-sync once`"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_connectors.model import CallRef
from velma_sync.cli.calls import print_story
from velma_sync.cli.options import (
    agree_to_pay,
    call,
    config_option,
    json_option,
    opened,
    shown_level,
    yes_option,
)
from velma_sync.cli.outcome import ExitCode, needs_attention
from velma_sync.cli.output import DISK_FULL, counted, moment, money, paid_for, print_json, print_rows
from velma_sync.cli.reasons import in_words
from velma_sync.cli.streams import exact
from velma_sync.visible import one_line

if TYPE_CHECKING:
    from velma_sync.ledger.counts import CallCount
    from velma_sync.pipeline.receipts import Receipt
    from velma_sync.workspace import Workspace


LOOKING = "Looking for new calls ..."


@click.command("once", epilog="Example: velma-sync once --call sales:Task:00T5f00000AbCdEFG")
@click.option(
    "--call", "ref", type=call, metavar="CALL", help="Take this call through now, ahead of all others."
)
@yes_option
@config_option
@json_option
def command(ref: CallRef | None, yes: bool, config: Path | None, as_json: bool) -> int:
    """Find everything new, analyze it, write it back.

    With --call only that one, whatever its length or age; says what it will cost and asks first. A call
    that is done is written again, as the mapping stands now, which costs nothing.
    """
    with opened(config) as workspace:
        if ref is not None:
            return _one(workspace, ref, yes=yes, as_json=as_json)
        return _everything(workspace, as_json=as_json)


def _one(workspace: Workspace, ref: CallRef, *, yes: bool, as_json: bool) -> ExitCode:
    from velma_sync import log
    from velma_sync.daemon import analyze_one
    from velma_sync.estimates import estimate
    from velma_sync.ledger.states import CallState

    if _would_pay(workspace, ref):
        agree_to_pay(estimate(workspace, ref), yes=yes)
    log.configure(shown_level(workspace.configuration.log_level))
    story = analyze_one(workspace.engine, ref)
    print_story(story, as_json=as_json)
    return ExitCode.FINE if story.stored.state is CallState.DONE else ExitCode.ATTENTION


def _would_pay(workspace: Workspace, ref: CallRef) -> bool:
    """Ask the recording itself: its answer may be stored, for another call or by a preview."""
    from velma_connectors.errors import SkipCall
    from velma_sync.pipeline.preview import PaymentNeeded, preview

    workspace.connector(ref.connection)
    try:
        preview(workspace.engine, ref)
    except PaymentNeeded:
        return True
    except SkipCall:
        return False
    click.echo(f"{ref} is analyzed already: nothing is paid.", err=True)
    return False


def _everything(workspace: Workspace, *, as_json: bool) -> ExitCode:
    from velma_sync import log
    from velma_sync.daemon import run_once
    from velma_sync.pipeline.operate import status

    with _progress() as progress:
        log.configure(shown_level(workspace.configuration.log_level))
        receipt = run_once(workspace.engine, progress=progress)
    failed = [
        tick for tick in status(workspace.ledger).ticks if not tick.ok and tick.at >= receipt.started_at
    ]
    if as_json:
        print_json(receipt)
    else:
        _print_receipt(receipt)
        _print_starts(workspace, receipt)
        print_rows([("problem", tick.name, tick.message or "") for tick in failed])
    if receipt.interrupted:
        return ExitCode.INTERRUPTED
    if receipt.paused or receipt.spend_stop or receipt.disk_full or failed:
        return ExitCode.REFUSED
    return ExitCode.ATTENTION if needs_attention(receipt.ended) or receipt.billing.unknown else ExitCode.FINE


@contextmanager
def _progress() -> Iterator[Callable[[tuple[CallCount, ...]], None] | None]:
    """A moving line on a terminal; nothing anywhere else, where the log tells the same."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    # No refreshing thread: one started before the signals are blocked would take them and end us at once.
    with Live(LOOKING, console=Console(file=exact(sys.stderr)), auto_refresh=False, transient=True) as line:
        yield lambda counts: line.update(_by_state(counts) or LOOKING, refresh=True)


def _by_state(counts: tuple[CallCount, ...]) -> str:
    totals: Counter[str] = Counter()
    for each in counts:
        totals[each.state.value] += each.calls
    return ", ".join(f"{calls} {state}" for state, calls in totals.items())


def _print_receipt(receipt: Receipt) -> None:
    click.echo(f"Found {counted(receipt.discovered, 'new call')}.")
    print_rows(
        [
            (word, each.connection, str(each.calls), each.state, in_words(each.code))
            for word, counts in (("ended", receipt.ended), ("left", receipt.left))
            for each in counts
        ]
    )
    click.echo(_paid(receipt))
    for name, requests in receipt.requests.items():
        click.echo(f"{name}: {counted(requests, 'CRM request')}.")
    for row in receipt.paused:
        click.echo(f"{row.name} is paused: {one_line(row.paused_reason or '')}")
    if receipt.spend_stop is not None:
        click.echo(f"Nothing more is paid for: {one_line(receipt.spend_stop.stop_reason or '')}")
    if receipt.disk_full:
        click.echo(DISK_FULL)


def _print_starts(workspace: Workspace, receipt: Receipt) -> None:
    """Where each connection begins, when nothing was found; and a start_at that came too late."""
    from velma_sync.pipeline.operate import status

    wanted = {each.name: each.start_at for each in workspace.configuration.connections}
    for row in status(workspace.ledger).connections:
        start_at = wanted.get(row.name)
        if row.name in wanted and not receipt.discovered:
            click.echo(f"{row.name}: calls changed before {moment(row.start_at)} are left alone.")
        if start_at is not None and start_at < row.start_at:
            click.echo(
                f"{row.name}: start_at {moment(start_at)} is not applied, for this ledger has begun to read; "
                "take earlier calls through with: velma-sync once --call"
            )


def _paid(receipt: Receipt) -> str:
    billing = receipt.billing
    cost = "" if receipt.cost is None else f", {money(receipt.cost)}"
    line = f"{paid_for(billing)}{cost}."
    if billing.unknown:
        more = "" if receipt.unknown_cost is None else f", at most {money(receipt.unknown_cost)}"
        line += f" Billing unknown for {counted(billing.unknown, 'request')}{more}."
    return line
