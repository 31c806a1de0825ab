"""`velma-sync check`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import config_option, json_option, opened
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import print_json, print_rows

if TYPE_CHECKING:
    from velma_sync.checks import CheckReport


@click.command("check", epilog="Example: velma-sync check --config /etc/velma-sync/velma-sync.yaml")
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> int:
    """Check everything that can be known before a call is paid for.

    The files, the secrets, where the ledger and the recordings go, who we are to each CRM, whether the
    mapped fields can be written, the Velma key and what is asked of Velma. Costs a few CRM requests and
    changes nothing.
    """
    from velma_sync.checks import check_everything

    with opened(config) as workspace:
        report = check_everything(workspace)
    if as_json:
        print_json(report)
    else:
        print_rows([(fact.mark, fact.about, fact.sentence) for fact in report.facts])
    return _exit_code(report)


def _exit_code(report: CheckReport) -> ExitCode:
    from velma_sync.checks import Mark

    if report.has(Mark.REFUSED):
        return ExitCode.REFUSED
    return ExitCode.ATTENTION if report.has(Mark.PROBLEM) else ExitCode.FINE
