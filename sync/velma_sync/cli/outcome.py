"""The one place where an error becomes sentences on stderr and an exit code."""

from __future__ import annotations

import os
import sys
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
from velma_sync.ledger.states import CallState

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
        return "velma-sync: interrupted."
    if isinstance(error, VelmaSyncError):
        return str(error)
    from velma_sync.log import redact_text

    trace = "".join(traceback.format_exception(error))
    return f"{redact_text(trace)}velma-sync: this is a mistake in velma-sync, not in your configuration."


def exit_with_outcome(command: Callable[[], int | None]) -> int:
    """Run a command; whatever it raises ends here, but for a SystemExit. Returns the process's exit code."""
    stdout = sys.stdout
    try:
        code = int(command() or ExitCode.FINE)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as error:
        # Click makes a SystemExit of a broken pipe, and wraps stdout; any other one is meant as it is.
        if isinstance(error, SystemExit) and sys.stdout is stdout:
            raise
        # Whoever read our output has seen enough, as `head` has.
        _write_to_nobody()
        return ExitCode.FINE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost frame, nothing is above
        if isinstance(error, click.ClickException):
            error.show()
        else:
            click.echo(explain(error), err=True)
        return exit_code_of(error)
    return code


def _write_to_nobody() -> None:
    """What is still in the buffer would fail once more when Python ends."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, sys.stdout.fileno())
    os.close(nobody)
