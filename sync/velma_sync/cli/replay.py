"""`velma-sync replay`"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import NotAgreed, agreed, config_option, json_option, opened, since_option
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import counted, print_json

if TYPE_CHECKING:
    from velma_sync.ledger.database import Ledger


@click.command("replay", epilog="Example: velma-sync replay --since 2026-01-01")
@click.option(
    "--connection", "names", multiple=True, metavar="NAME", help="Only of this connection. Default: of all."
)
@since_option
@click.option("--yes", is_flag=True, help="Write without asking.")
@config_option
@json_option
def command(
    names: tuple[str, ...], since: datetime | None, yes: bool, config: Path | None, as_json: bool
) -> int:
    """Write done calls again, as the mapping stands now.

    For a changed mapping: from the stored answers, so that nothing is paid. Says how many calls that are and
    asks first. What a person has changed in the CRM stays. A daemon begins at once, by the mapping it was
    started with, so restart it before; without one the next velma-sync once writes them.
    """
    from velma_sync.pipeline.operate import replay, replayable

    with opened(config) as workspace:
        chosen = names or tuple(each.name for each in workspace.configuration.connections)
        for name in chosen:
            workspace.connector(name)
        found = replayable(workspace.ledger, chosen, since=since)
        runs = _daemon_runs(workspace.ledger)
        for each in found:
            click.echo(f"{each.connection}: {counted(each.calls, 'done call')} to write again.", err=True)
        if any(each.calls for each in found):
            _agree(runs=runs, yes=yes)
            found = tuple(replay(workspace.ledger, each.connection, since=since) for each in found)
    if as_json:
        print_json(found)
    else:
        _print_outcome(sum(each.calls for each in found), runs=runs)
    return ExitCode.FINE


def _daemon_runs(ledger: Ledger) -> bool:
    from velma_sync.ledger.lock import is_held
    from velma_sync.pipeline.operate import status

    if ledger.path is not None:
        return is_held(ledger.path)
    daemon = status(ledger).daemon
    return daemon is not None and daemon.stopped_at is None


def _agree(*, runs: bool, yes: bool) -> None:
    """Raises NotAgreed, also without a terminal."""
    if runs:
        click.echo("A daemon runs; it writes by the mapping that it was started with.", err=True)
    click.echo("Nothing is paid: the answers are stored.", err=True)
    if not (yes or agreed()):
        raise NotAgreed("Nothing was changed. To go on without being asked, add --yes.")


def _print_outcome(calls: int, *, runs: bool) -> None:
    if not calls:
        click.echo("There is nothing to write again.")
    elif runs:
        click.echo(f"{counted(calls, 'call')} handed to the daemon. Watch them with: velma-sync status")
    else:
        click.echo(f"{counted(calls, 'call')} to be written again. Begin with: velma-sync once")
