"""Log events as JSON lines, or as readable lines on a terminal, with secrets taken out of both.

An event is a sentence for people plus `action=`, a stable word for machines:

    log.info("Discovered calls", action="discovered", connection="sales-eu", calls=12)
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from velma_sync.visible import visible

OURS = ("velma_sync", "velma_connectors", "velma_mappings")

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(
    r"(?i)^(x-api-key|authorization|proxy-authorization|cookie|set-cookie|locator|transcript|text|body|summary"
    r"|session_?id|.*(api_?key|token|secret|password|passwd|private_?key|assertion|credential)s?)$"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=!-]{8,}"), rf"\1 {REDACTED}"),
    (re.compile(r"\b00D\w{12,15}![\w.]+"), REDACTED),
    (re.compile(r"\bpat-[a-z]{2,4}\d{1,2}-[\w-]+", re.IGNORECASE), REDACTED),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), REDACTED),
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|$)", re.DOTALL), REDACTED),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@]+@"), rf"\1{REDACTED}@"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s?#'\"<>]*)[?#][^\s'\"<>]+"), rf"\1?{REDACTED}"),
    (
        re.compile(
            r"(?i)\b([\w-]*(?:api[_-]?key|access_token|refresh_token|token|client_secret|secret|password"
            r"|signature|assertion)['\"]?\s*[=:]\s*['\"]?)[^\s&'\",;}]+"
        ),
        rf"\1{REDACTED}",
    ),
)


def redact_text(text: str) -> str:
    """The text without tokens, session ids, keys, and the user and query parts of URLs."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor: hides values by the name they have and by what they look like."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: object) -> object:
    if value is not None and _SECRET_NAME.match(name):
        return REDACTED
    if isinstance(value, Mapping):
        return {key: _hidden(str(key), item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(name, item) for item in value]
    return redact_text(str(value))


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log event of the process to `stream` (default: stderr).

    `level` is for our own events; libraries are heard from WARNING on.
    """
    target = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=_rendering(target.isatty()),
        )
    )
    root = logging.getLogger()
    for previous in list(root.handlers):
        root.removeHandler(previous)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())


def _rendering(terminal: bool) -> list[Processor]:
    """From event to line. Redaction stands last before the renderer, when tracebacks are text already."""
    lines = structlog.dev.ConsoleRenderer(colors=False, pad_event_to=40)
    renderers: list[Processor] = (
        [lines, lambda _logger, _method, line: visible(str(line))]
        if terminal
        else [structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact,
        *renderers,
    ]
