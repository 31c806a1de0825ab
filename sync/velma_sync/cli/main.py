"""The command `velma-sync`: a group whose commands are imported when they are asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version

import click

from velma_sync.cli.outcome import EXIT_CODES, exit_with_outcome

COMMANDS = (
    "init",
    "doctor",
    "provision",
    "once",
    "run",
    "backfill",
    "status",
    "calls",
    "retry",
    "resume",
    "replay",
    "preview",
    "reports",
    "topics",
    "competitors",
    "connectors",
    "schema",
    "sandbox",
    "demo",
)
"""In the order in which an admin meets them. Each is `cli/<name>.py` with a Click command `command`."""

EPILOG = "\n".join(
    (
        "Answers go to stdout. What keeps a command from answering goes to stderr",
        "as sentences, also with --json.",
        "\n\b\nExit codes:",
        *(f"  {code:<3} {meaning}" for code, meaning in EXIT_CODES.items()),
    )
)


class LazyGroup(click.Group):
    """Looks a command up by its module, so that `--help` and one command never pay for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"velma_sync.cli.{cmd_name}").command
        return command


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("velma-sync"), prog_name="velma-sync")
def cli() -> None:
    """Turns the recorded calls in your CRM into typed fields that reports can filter on."""


def main() -> None:
    """Entry point of the installed command."""
    sys.exit(exit_with_outcome(lambda: cli.main(prog_name="velma-sync", standalone_mode=False)))
