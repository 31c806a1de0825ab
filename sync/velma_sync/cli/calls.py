"""`velma-sync calls list` and `velma-sync calls show`"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_connectors.model import CallRef
from velma_sync.cli.options import call, config_option, json_option, opened_ledger, refuse_unknown
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import moment, print_json, print_left_out, print_rows, shown
from velma_sync.ledger.states import CallState

if TYPE_CHECKING:
    from velma_sync.pipeline.operate import CallStory

STATES = [state.value for state in CallState]


@click.group("calls", epilog="Example: velma-sync calls list --state held")
def command() -> None:
    """List calls, or show what happened to one."""


@command.command("list", epilog="Example: velma-sync calls list --state held --state dead")
@click.option("--connection", help="Only calls of this connection.")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only calls in this state.")
@click.option("--record", help="Only the call, or the calls of the deal, with this CRM id.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most this many.")
@config_option
@json_option
def list_command(
    connection: str | None,
    states: tuple[str, ...],
    record: str | None,
    limit: int,
    config: Path | None,
    as_json: bool,
) -> int:
    """Show the calls the ledger knows, the latest first."""
    from velma_sync.ledger.calls import CallFilter
    from velma_sync.pipeline.operate import list_calls, status

    wanted = CallFilter(connection, tuple(CallState(state) for state in states), record=record, limit=limit)
    with opened_ledger(config) as ledger:
        if connection is not None:
            refuse_unknown("connection", [connection], (row.name for row in status(ledger).connections))
        found = list_calls(ledger, wanted)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("No calls.")
    else:
        print_rows(
            [(str(each.ref), moment(each.call.started_at), each.state, each.reason or "") for each in found]
        )
    return ExitCode.FINE


@command.command("show", epilog="Example: velma-sync calls show sales:Task:00T5f00000AbCdEFG")
@click.argument("ref", metavar="CALL", type=call)
@config_option
@json_option
def show_command(ref: CallRef, config: Path | None, as_json: bool) -> int:
    """Show where one call stands and why, and what was written for it."""
    from velma_sync.pipeline.operate import show

    with opened_ledger(config) as ledger:
        story = show(ledger, ref)
    print_story(story, as_json=as_json)
    return ExitCode.FINE


def print_story(story: CallStory, *, as_json: bool) -> None:
    """A call's state, its units of write-back and its written values; a trace is redacted like a log."""
    from velma_sync.log import redact_text

    trace = redact_text(story.stored.trace) if story.stored.trace else None
    story = replace(story, stored=replace(story.stored, trace=trace))
    print_json(story) if as_json else _print_lines(story)


def _print_lines(story: CallStory) -> None:
    stored = story.stored
    facts = [
        ("call", str(stored.ref)),
        ("started", moment(stored.call.started_at)),
        ("state", f"{stored.state} since {moment(stored.state_at)}"),
        ("reason", stored.reason or ""),
        ("deal", stored.deal or ""),
        ("stage", stored.stage or ""),
        ("tries", str(stored.attempts)),
        ("resent", str(stored.resends)),
    ]
    print_rows([(name, value) for name, value in facts if value])
    print_rows(
        [
            ("write", unit.key.kind, str(unit.key.record), unit.state, unit.reason or "")
            for unit in story.units
        ]
    )
    left_out = [*stored.left_out, *(dropped for unit in story.units for dropped in unit.dropped)]
    print_left_out((each.field, each.reason) for each in left_out)
    print_rows(
        [
            (
                moment(each.at),
                f"{each.record}.{each.field}",
                each.arrival,
                f"{shown(each.before)} -> {shown(each.value)}",
            )
            for each in story.changes
        ]
    )
    if stored.trace:
        click.echo(stored.trace)
