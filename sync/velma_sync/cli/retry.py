"""`velma-sync retry`"""

from __future__ import annotations

from pathlib import Path

import click

from velma_connectors.errors import VelmaSyncError
from velma_connectors.model import CallRef
from velma_sync.cli.options import call, config_option, json_option, opened_ledger
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import print_json, print_rows


@click.command("retry", epilog="Example: velma-sync retry sales:Task:00T5f00000AbCdEFG")
@click.argument("refs", metavar="CALL...", type=call, nargs=-1, required=True)
@config_option
@json_option
def command(refs: tuple[CallRef, ...], config: Path | None, as_json: bool) -> int:
    """Begin held, dead or skipped calls again.

    They get all their tries back. A stored answer is used and not paid for again. The daemon takes the
    calls up with its next look.
    """
    from velma_sync.pipeline.operate import retry

    outcomes: list[dict[str, str]] = []
    with opened_ledger(config) as ledger:
        for ref in refs:
            try:
                outcomes.append({"call": str(ref), "outcome": "retried", "state": retry(ledger, ref).state})
            except VelmaSyncError as refusal:
                outcomes.append({"call": str(ref), "outcome": "refused", "reason": str(refusal)})
    if as_json:
        print_json(outcomes)
    else:
        print_rows([(each["outcome"], each.get("reason") or each["call"]) for each in outcomes])
    refused = any(each["outcome"] == "refused" for each in outcomes)
    return ExitCode.ATTENTION if refused else ExitCode.FINE
