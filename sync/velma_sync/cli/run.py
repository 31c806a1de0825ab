"""`velma-sync run`"""

from __future__ import annotations

from pathlib import Path

import click

from velma_sync.cli.options import config_option, opened
from velma_sync.cli.outcome import ExitCode


@click.command("run", epilog="Example: velma-sync run --config /etc/velma-sync/velma-sync.yaml")
@config_option
def command(config: Path | None) -> int:
    """Work until told to stop.

    Finds new calls, analyses them and writes back. Made for a service manager: logs to stderr, as JSON
    lines unless that is a terminal. The first SIGTERM or SIGINT finishes what is in flight and writes it
    back; a second one ends at once.
    """
    from velma_sync import log
    from velma_sync.daemon import run_forever

    with opened(config) as workspace:
        log.configure(workspace.configuration.log_level)
        run_forever(workspace.engine)
    return ExitCode.FINE
