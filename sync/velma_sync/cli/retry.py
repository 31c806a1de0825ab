"""`velma-sync retry`"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_connectors.errors import VelmaSyncError
from velma_connectors.model import CallRef
from velma_sync.cli.options import call, config_option, json_option, opened_ledger
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import counted, print_json, print_rows
from velma_sync.ledger.states import CallState

if TYPE_CHECKING:
    from velma_sync.ledger.database import Ledger

STATES = [
    CallState.HELD.value,
    CallState.DEAD.value,
    CallState.SKIPPED.value,
    CallState.NO_RECORDING.value,
    CallState.WAITING_RECORDING.value,
]


@click.command("retry", epilog="Example: velma-sync retry sales:Task:00T5f00000AbCdEFG")
@click.argument("refs", metavar="[CALL]...", type=call, nargs=-1)
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="All calls in this state.")
@click.option("--code", help="All calls with this code, such as not_audio; status shows it in brackets.")
@config_option
@json_option
def command(
    refs: tuple[CallRef, ...], states: tuple[str, ...], code: str | None, config: Path | None, as_json: bool
) -> int:
    """Begin held, dead or skipped calls again.

    Those that are named, or all with a state and a code. They get all their tries back. A stored answer is
    used and not paid for again; a call without one is analyzed and paid for at the next run, even if it was
    skipped for its length. A call without a recording (no_recording, waiting_recording) is looked at again in
    the CRM, at the next run.
    """
    if bool(refs) is bool(states or code):
        raise click.UsageError("Name either calls, or a --state or --code whose calls are meant.")
    with opened_ledger(config) as ledger:
        outcomes = [_retry(ledger, ref) for ref in refs or _matching(ledger, states, code)]
    refused = [each for each in outcomes if each["outcome"] == "refused"]
    if as_json:
        print_json(outcomes)
    else:
        print_rows([(each["outcome"], each.get("reason") or each["call"]) for each in outcomes])
        if not refs:
            click.echo(f"{counted(len(outcomes) - len(refused), 'call')} retried.")
    return ExitCode.ATTENTION if refused else ExitCode.FINE


def _matching(ledger: Ledger, states: Sequence[str], code: str | None) -> list[CallRef]:
    from velma_sync.ledger.calls import CallFilter
    from velma_sync.pipeline.operate import list_calls

    wanted = tuple(CallState(state) for state in states or STATES)
    return [each.ref for each in list_calls(ledger, CallFilter(states=wanted, code=code, limit=sys.maxsize))]


def _retry(ledger: Ledger, ref: CallRef) -> dict[str, str]:
    from velma_sync.pipeline.operate import retry

    try:
        return {"call": str(ref), "outcome": "retried", "state": retry(ledger, ref).state}
    except VelmaSyncError as refusal:
        return {"call": str(ref), "outcome": "refused", "reason": str(refusal)}
