"""What each answer of HubSpot means for us: a table by status, and the exception for a whole request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection, Verdict
from velma_connectors.hubspot.faults import UNKNOWN, Fault, described, faults_in, texts

MAX_RETRY_AFTER_SECONDS = 86_400.0
SETTING = "access_token"


class Action(StrEnum):
    """What to do about an answer."""

    STOP = "stop"
    """The connection needs its admin."""
    PAUSE = "pause"
    """HubSpot takes no requests for a while; nobody's try is used up."""
    RETRY = "retry"
    OUTAGE = "outage"
    """May be over within seconds: reads are repeated at once."""
    LOST = "lost"
    """As OUTAGE for a read; a write may have been carried out."""
    REFUSED = "refused"
    """This request will never be taken as it is."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An action, the sentence for the admin, and the least seconds to wait where waiting helps.

    `pause`: the least seconds before a read is repeated at once.
    """

    action: Action
    advice: str
    after: float = 0.0
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. Header names are looked up without regard to case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | str = field(repr=False)

    def document(self) -> object:
        """The JSON it holds; None when it holds none, such as the page of a gateway.

        Half an emoji, as a cut at so many characters leaves it, becomes a question mark: nothing stores it.
        """
        content = self.content
        text = content if isinstance(content, str) else content.decode("utf-8-sig", "replace")
        try:
            document = json.loads(text)
            if _HALF_EMOJI.search(text):
                return json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None
        return document


class RequestRefused(StopConnection):
    """A request HubSpot will not take as it is, such as one for a property that does not exist.

    Whoever sent it may know better than to stop the connection and look at `status` and `faults`.
    """

    def __init__(self, message: str, status: int, faults: tuple[Fault, ...]) -> None:
        super().__init__(message)
        self.status = status
        self.faults = faults

    def has(self, *codes: str) -> bool:
        return any(fault.code in codes for fault in self.faults)


class BriefOutage(RetryLater):
    """An answer that may be right again within seconds: 5xx, a reset, a cut answer, a full window.

    A read is repeated after `pause` seconds at the earliest.
    """

    def __init__(self, message: str, *, after: float, counts: bool = True, pause: float = 0.0) -> None:
        super().__init__(message, after=after, counts=counts)
        self.pause = pause


class Limit(StrEnum):
    """Which allowance a 429 says is used up."""

    SECOND = "secondly"
    TEN_SECONDS = "ten_secondly"
    DAY = "daily"


_STATUS_RULES: Mapping[int, Rule] = {
    403: Rule(Action.REFUSED, "the key may not do this"),
    404: Rule(Action.REFUSED, "it does not exist"),
    405: Rule(Action.REFUSED, "the path does not take this kind of request"),
    408: Rule(Action.OUTAGE, "the request did not arrive in time", 30.0),
    409: Rule(Action.REFUSED, "it exists already or contradicts another record"),
    413: Rule(Action.REFUSED, "the request is too large"),
    414: Rule(Action.REFUSED, "the address of the request is too long"),
    423: Rule(Action.OUTAGE, "the records are locked for the moment", 10.0, pause=2.0),
    429: Rule(Action.OUTAGE, "too many requests at once", 10.0),
    477: Rule(Action.PAUSE, "HubSpot is moving the portal to another data center", 3600.0),
    500: Rule(Action.OUTAGE, "HubSpot met an internal error", 60.0),
    502: Rule(Action.OUTAGE, "HubSpot is not reachable behind its gateway", 60.0),
    503: Rule(Action.OUTAGE, "HubSpot is not available for the moment", 60.0),
    504: Rule(Action.LOST, "HubSpot did not answer its gateway in time", 60.0),
    520: Rule(Action.LOST, "HubSpot's edge network got no proper answer", 60.0),
    521: Rule(Action.OUTAGE, "HubSpot's edge network is not let in", 60.0),
    522: Rule(Action.RETRY, "HubSpot's edge network cannot connect; if it stays so, ask HubSpot", 900.0),
    523: Rule(Action.LOST, "HubSpot's edge network does not reach it", 60.0),
    524: Rule(Action.LOST, "HubSpot took longer than its edge network waits", 60.0),
    525: Rule(Action.RETRY, "HubSpot's edge network cannot encrypt; if it stays so, ask HubSpot", 900.0),
    526: Rule(Action.RETRY, "HubSpot's own certificate is invalid; if it stays so, ask HubSpot", 900.0),
}
_REDIRECT = Rule(Action.RETRY, "the address answers with a redirect; check base_url", 600.0)
_SERVER_ERROR = Rule(Action.OUTAGE, "HubSpot is out of order", 60.0)
_EDGE = Rule(Action.PAUSE, "HubSpot's edge network is blocking requests from this machine", 900.0)
_UNKNOWN = Rule(Action.REFUSED, UNKNOWN)

_HALF_EMOJI = re.compile(r"\\u[dD][89a-fA-F]")
"""Part of a character of two halves, as JSON escapes it; the other half may be missing."""
_LIMIT_WORDS = re.compile(r"daily|ten_secondly|secondly", re.IGNORECASE)
_DAYS_AGO = re.compile(r"expired\D{0,20}(\d+) day")
_UNDECODED_DAYS = 10_000
"""Days a token must have been expired for to be none: HubSpot counts from 1970 what it cannot decode."""


def limit_of(answer: Answer) -> Limit | None:
    """The allowance that a 429 is about; search words it differently from everything else."""
    if answer.status != 429:
        return None
    document = answer.document()
    told = document if isinstance(document, dict) else {}
    word = _LIMIT_WORDS.search(f"{told.get('policyName')} {told.get('message')}")
    return Limit(word[0].lower()) if word else Limit.TEN_SECONDS


def verdict(what: str, answer: Answer, *, changes: bool) -> Verdict:
    """The exception for an answer that is no success. `what` names the request; `changes`: it was a write."""
    document = answer.document()
    faults = faults_in(document)
    if answer.status == 401:
        return StopConnection(_unauthorized(document))
    rule = _rule(answer.status, faults)
    if rule.action is Action.REFUSED:
        named = faults or (Fault(f"HTTP_{answer.status}"),)
        reason = described(faults[0]) if faults else f"{rule.advice} (HTTP {answer.status})"
        return RequestRefused(f"HubSpot refused {what}: {reason}.", answer.status, named)
    sentence = f"HubSpot could not serve {what}: {rule.advice} ({_told(answer, document)})."
    if changes and rule.action is Action.LOST:
        return OutcomeUnknown(sentence)
    after = _retry_after(answer) or rule.after
    if rule.action is Action.PAUSE:
        return RetryLater(sentence, after=after, counts=False)
    if rule.action is Action.RETRY:
        return RetryLater(sentence, after=after)
    return BriefOutage(sentence, after=after, counts=answer.status != 429, pause=rule.pause)


def _rule(status: int, faults: tuple[Fault, ...]) -> Rule:
    if status == 403 and not faults:
        return _EDGE
    if 300 <= status < 400:
        return _REDIRECT
    return _STATUS_RULES.get(status, _SERVER_ERROR if status >= 500 else _UNKNOWN)


def _unauthorized(document: object) -> str:
    told = document if isinstance(document, dict) else {}
    context = told.get("context")
    expired_at = texts(context.get("expire time")) if isinstance(context, dict) else ()
    days = _DAYS_AGO.search(str(told.get("message")))
    if any(time.startswith("1970") for time in expired_at) or (days and int(days[1]) > _UNDECODED_DAYS):
        return (
            f"HubSpot cannot read {SETTING} at all: it is cut off, or is another secret. "
            "Set the whole service key."
        )
    if told.get("category") == "EXPIRED_AUTHENTICATION":
        return f"HubSpot says that {SETTING} has expired. Set a service key that is in force."
    return (
        f"HubSpot does not accept {SETTING}: it was revoked, or is no key of HubSpot. "
        "Set a service key that is in force."
    )


def _told(answer: Answer, document: object) -> str:
    """Status, and the id by which HubSpot's support finds the request."""
    told = document.get("correlationId") if isinstance(document, dict) else None
    correlation = str(told or answer.headers.get("X-HubSpot-Correlation-Id") or "")
    known = re.fullmatch(r"[\w-]{1,64}", correlation, re.ASCII)
    return f"HTTP {answer.status}, correlation id {correlation}" if known else f"HTTP {answer.status}"


def _retry_after(answer: Answer) -> float:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), MAX_RETRY_AFTER_SECONDS) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else 0.0
