"""`velma-sync resume`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import config_option, json_option, opened_ledger, refuse_unknown
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import print_json, print_rows

if TYPE_CHECKING:
    from velma_sync.ledger.database import Ledger


@click.command("resume", epilog="Example: velma-sync resume sales")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@config_option
@json_option
def command(names: tuple[str, ...], config: Path | None, as_json: bool) -> int:
    """End the pause of a connection, or of all spending.

    NAME is a connection, or the analyzer whose spending is stopped; `velma-sync status` shows both with the
    reason. Mend the reason first.
    """
    from velma_sync.pipeline.operate import status

    with opened_ledger(config) as ledger:
        found = status(ledger)
        known = [*(row.name for row in found.connections), *(gate.name for gate in found.analyzers)]
        refuse_unknown("connection or analyzer", names, known)
        outcomes = [{"name": name, "outcome": _resume(ledger, name)} for name in names]
    if as_json:
        print_json(outcomes)
    else:
        print_rows([(each["outcome"], each["name"]) for each in outcomes])
    resumed = all(each["outcome"] == "resumed" for each in outcomes)
    return ExitCode.FINE if resumed else ExitCode.ATTENTION


def _resume(ledger: Ledger, name: str) -> str:
    from velma_sync.pipeline.health import resume_connection, resume_spending

    if resume_connection(ledger, name) or resume_spending(ledger, name):
        return "resumed"
    return "not stopped"
