"""What Velma's status and `detail` mean for the engine, as one table.

Sources disagree on 401, 403 and 429, so the words of `detail` decide where they can. Nothing of
`detail` is repeated in a message.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container
from dataclasses import dataclass

from velma_connectors.errors import OutcomeUnknown, RetryLater, SkipCall, SpendStop, Verdict

MINUTE = 60.0
BILLING_UNKNOWN = "The analysis may have been billed."


def _skip(code: str) -> Callable[[str, float], Verdict]:
    return lambda message, after: SkipCall(message, code=code)


def _stop(code: str, *, probe: bool = True) -> Callable[[str, float], Verdict]:
    """`probe` False: only a person can mend it."""
    return lambda message, after: SpendStop(message, code=code, retry_after=after if probe else None)


def _retry(*, counts: bool = True) -> Callable[[str, float], Verdict]:
    return lambda message, after: RetryLater(message, after=after, counts=counts)


def _unknown(message: str, after: float) -> Verdict:
    return OutcomeUnknown(message)


@dataclass(frozen=True, slots=True)
class Row:
    """Applies to these statuses when `detail` holds one of the words, or always without words.

    `after` is the wait in seconds that the verdict carries.
    """

    statuses: Container[int]
    words: tuple[str, ...]
    verdict: Callable[[str, float], Verdict]
    message: str
    after: float = 0.0


_BUSY = "Velma is at work on as many requests as the account may have at once ({status})."
_KEY = "Check `analysis.velma.api_key` and whether the key may use velma-2-batch."
_CREDITS = "The Velma account has no credits left ({status}). Add some at Modulate."
_QUOTA = "The Velma account has reached its usage limit ({status}). Raise it, or wait for the next month."

TABLE = (
    Row({400}, ("empty",), _skip("audio_rejected"), "Velma refused the recording as empty ({status})."),
    Row(
        {400, 415},
        ("format", "corrupt", "processed"),
        _skip("audio_rejected"),
        "Velma refused the recording as damaged or of an unsupported format ({status}).",
    ),
    Row({400, 415}, (), _skip("audio_rejected"), "Velma refused this recording ({status})."),
    Row({413}, (), _skip("audio_too_large"), "Velma refused the recording as too large ({status})."),
    Row({401}, (), _stop("auth"), f"Velma refused the API key ({{status}}). {_KEY}", 10 * MINUTE),
    Row({403}, ("month", "quota", "limit"), _stop("quota"), _QUOTA, 60 * MINUTE),
    Row({402, 403, 429}, ("credit",), _stop("credits"), _CREDITS, 15 * MINUTE),
    Row({402}, (), _stop("credits"), _CREDITS, 15 * MINUTE),
    Row({403}, (), _stop("auth"), f"Velma does not permit the request ({{status}}). {_KEY}", 10 * MINUTE),
    Row({422}, ("x-api-key",), _stop("auth"), f"Velma found no API key ({{status}}). {_KEY}", 10 * MINUTE),
    Row(
        {422},
        ("preset",),
        _stop("config", probe=False),
        "Velma does not know a preset of the analysis configuration ({status}). "
        "Compare its presets with those your account lists.",
    ),
    Row(
        {422},
        (),
        _stop("config", probe=False),
        "Velma refused the analysis configuration ({status}). Check what was last changed in it.",
    ),
    Row({429}, ("concurren",), _retry(counts=False), _BUSY, 15.0),
    Row({429}, ("month", "quota", "usage"), _stop("quota"), _QUOTA, 60 * MINUTE),
    Row({429}, (), _retry(counts=False), _BUSY, 15.0),
    Row(
        {*range(300, 400), 404, 405},
        (),
        _stop("config"),
        "There is no Velma batch API at `analysis.velma.base_url` ({status}). Check that address.",
        10 * MINUTE,
    ),
    Row(range(201, 300), (), _unknown, "Velma took the recording but gave no analysis ({status}). {billing}"),
    Row({504, 524}, (), _unknown, "Velma did not finish in time ({status}). {billing}"),
    Row({500, 502, 503}, (), _retry(), "Velma has a passing fault ({status}).", 30.0),
    Row({521, 522, 523, 525, 526}, (), _retry(), "The proxy before Velma cannot reach it ({status}).", 30.0),
    Row(range(500, 600), (), _unknown, "Velma failed without saying where ({status}). {billing}"),
    Row(range(400, 500), (), _retry(), "Velma refused the request for an unknown reason ({status}).", 300.0),
)
"""First match wins. 52x come from the proxy in front of many APIs; 524 is its read timeout."""

LONGEST_WAIT_SECONDS = 24 * 60 * MINUTE


def verdict(status: int, body: bytes, retry_after: float | None = None) -> Verdict:
    """The next step after any answer but a 200. `retry_after` is in seconds."""
    detail = _detail(body)
    for row in TABLE:
        if status in row.statuses and (not row.words or any(word in detail for word in row.words)):
            wait = max(row.after, min(retry_after or 0.0, LONGEST_WAIT_SECONDS))
            return row.verdict(row.message.format(status=status, billing=BILLING_UNKNOWN), wait)
    return OutcomeUnknown(f"Velma answered with the unknown status {status}. {BILLING_UNKNOWN}")


def _detail(body: bytes) -> str:
    """The words of an error body, lower-case: a string, or the list of a framework's validation."""
    try:
        document = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return ""
    detail = document.get("detail") if isinstance(document, dict) else None
    return json.dumps(detail).lower() if detail else ""
