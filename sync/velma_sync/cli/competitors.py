"""`velma-sync competitors`"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import config_option, json_option, opened, since_option
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import counted, print_json, print_patch, print_rows

if TYPE_CHECKING:
    from velma_sync.vocabulary import Review


@click.command("competitors", epilog="Example: velma-sync competitors --since 2026-10-01")
@click.option("--patch", is_flag=True, help="Print the change that adds them, for git apply -p0.")
@since_option
@config_option
@json_option
def command(patch: bool, since: datetime | None, config: Path | None, as_json: bool) -> int:
    """List possible competitors that your mapping does not have.

    They stand where a competitor was noticed and none of your list was named: look at them before you
    adopt any. Reads stored answers: nothing is paid.
    """
    from velma_sync.vocabulary import review

    with opened(config) as workspace:
        reviews = review(workspace, since=since)
    if as_json:
        print_json(reviews)
    elif patch:
        text = "".join(each.names_patch for each in reviews)
        print_patch(text, "No name is missing.", reviews[0].patch_directory)
    else:
        for each in reviews:
            _print(each)
    return ExitCode.FINE


def _print(found: Review) -> None:
    click.echo(f"{found.mapping.name}: {counted(found.calls, 'analyzed call')} read.")
    if not found.names:
        click.echo("Wherever a competitor was noticed, one of your list was named.")
        return
    print_rows([("CALLS", "NAME"), *((str(each.calls), each.name) for each in found.names)])
