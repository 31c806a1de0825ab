"""The one place where an error becomes sentences on stderr and an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

import click

from velma_connectors.errors import (
    ConfigError,
    OutcomeUnknown,
    RetryLater,
    SpendStop,
    StopConnection,
    VelmaSyncError,
)
from velma_sync.cli.streams import Door, standard_streams
from velma_sync.ledger.states import CallState
from velma_sync.visible import one_line

if TYPE_CHECKING:
    from velma_sync.ledger.counts import CallCount


class ExitCode(IntEnum):
    """What the process tells whoever started it."""

    FINE = 0
    ATTENTION = 1
    CONFIGURATION = 2
    REFUSED = 3
    INTERRUPTED = 130


EXIT_CODES = {
    ExitCode.FINE: "everything is fine",
    ExitCode.ATTENTION: "done, but something needs attention",
    ExitCode.CONFIGURATION: "the configuration or the command line is wrong; nothing was started",
    ExitCode.REFUSED: "another system cannot be reached or refuses us",
    ExitCode.INTERRUPTED: "interrupted from the keyboard",
}


TO_MEND = frozenset({"rejected", "host_not_allowed"})
"""Reasons to end a call that somebody can mend: a rule of the CRM, or the list of recording hosts."""


def needs_attention(counts: Iterable[CallCount]) -> bool:
    """Whether a person has to look at some of these calls."""
    return any(each.state in (CallState.HELD, CallState.DEAD) or each.code in TO_MEND for each in counts)


def exit_code_of(error: BaseException) -> ExitCode:
    """The verdict of an error, as a number."""
    if isinstance(error, ConfigError | click.UsageError):
        return ExitCode.CONFIGURATION
    if isinstance(error, RetryLater | StopConnection | SpendStop | OutcomeUnknown):
        return ExitCode.REFUSED
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return ExitCode.INTERRUPTED
    return ExitCode.ATTENTION


def explain(error: BaseException) -> str:
    """What happened, for the person at the terminal: one problem per line."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        # Click makes an Abort of Ctrl-C. Its notes tell what somebody has to do now.
        notes = getattr(error.__cause__ or error, "__notes__", ())
        return "\n".join(("velma-sync: interrupted.", *map(one_line, notes)))
    if isinstance(error, ConfigError):
        return "\n".join(one_line(str(problem)) for problem in error.problems)
    if isinstance(error, VelmaSyncError):
        return one_line(str(error))
    from velma_sync.log import redact_text

    trace = "".join(traceback.format_exception(error))
    return f"{redact_text(trace)}velma-sync: this is a bug in velma-sync, not in your configuration."


def exit_with_outcome(command: Callable[[], int | None]) -> int:
    """Run a command; whatever it raises ends here, but for a SystemExit. Returns the process's exit code.

    A reader who has seen enough, as `head` has, changes neither what is done nor the code.
    """
    with standard_streams() as stdout:
        code = _outcome(command)
        return code if _all_told(stdout) else code or ExitCode.ATTENTION


def _outcome(command: Callable[[], int | None]) -> int:
    try:
        return int(command() or ExitCode.FINE)
    except click.ClickException as error:
        error.show()
        return exit_code_of(error)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost frame, nothing is above
        click.echo(explain(error), err=True)
        return exit_code_of(error)


def _all_told(stdout: Door) -> bool:
    """Whether stdout took everything that somebody wanted to read; says so if not."""
    stdout.flush()
    failure = stdout.failure
    if failure is None or isinstance(failure, BrokenPipeError):
        return True
    click.echo(f"velma-sync: the output could not be written: {failure.strerror}.", err=True)
    return False
