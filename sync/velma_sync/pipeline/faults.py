"""Failures of our own code, in words that may be shown and logged."""

from __future__ import annotations

import traceback

import structlog

log = structlog.stdlib.get_logger(__name__)

CODE = "fault"
"""The `code` of a call that is held because our own code failed."""


def sentence(error: Exception) -> str:
    kind = type(error).__name__
    return f"Internal error in velma-sync ({kind}). Report it with the trace, then retry the call."


def report(event: str, error: BaseException, **about: str) -> None:
    """Log a failure with its trace. `about` names the action and what it was done to."""
    log.error(event, trace=trace_of(error), **about)


def trace_of(error: BaseException) -> str:
    """Where it failed and with what type; without the message, which may quote a value of the CRM."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{type(error).__module__}.{type(error).__qualname__}"
