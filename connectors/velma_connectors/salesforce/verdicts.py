"""What each error code of Salesforce means for us: one table, read by code and never by HTTP status.

The same code can answer a whole request or one row of a batch. `verdict` turns the first into an
exception; `writing` looks the rule of a row up itself. Raw messages of Salesforce may quote field values
and are therefore never passed on, except those that an admin wrote (validation rules).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection, Verdict

PAUSE_SECONDS = 900.0
"""The daily allowance is a rolling window: look again after a quarter of an hour."""


class Action(StrEnum):
    """What to do about an error code."""

    STOP = "stop"
    """The connection needs its admin."""
    PAUSE = "pause"
    """The org takes no more requests; nobody's try is used up."""
    RETRY = "retry"
    REFUSED = "refused"
    """This request or row will never be taken as it is."""
    GONE = "gone"
    LOCKED = "locked"
    """Somebody else is saving the record; seconds later in smaller groups it works."""
    DROP = "drop"
    """One field cannot be written; leave it out."""
    SHORTEN = "shorten"
    KNOWN_CHOICES = "known_choices"
    FEWER_CHOICES = "fewer_choices"
    UNAVAILABLE = "unavailable"
    """The file cannot be downloaded by anybody's API client."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An action, the sentence for the admin, and for RETRY and PAUSE the least seconds to wait."""

    action: Action
    advice: str
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of an error answer. The message may quote what was sent: it is not for showing."""

    code: str
    message: str = field(repr=False)
    fields: tuple[str, ...] = ()


class RequestRefused(StopConnection):
    """A request Salesforce will not take as it is, such as a query for a field that is hidden.

    Whoever sent it may know better than to stop the connection and look at `faults`.
    """

    def __init__(self, message: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(message)
        self.faults = faults

    def has(self, *codes: str) -> bool:
        return any(fault.code in codes for fault in self.faults)


class BriefOutage(RetryLater):
    """An answer that may be right again within seconds: 5xx, a reset, a cut answer."""


_ADMIN = "it is a matter of the user's permissions in Salesforce Setup"

RULES: Mapping[str, Rule] = {
    "REQUEST_LIMIT_EXCEEDED": Rule(
        Action.PAUSE, "the org has used up its API requests of the last 24 hours", PAUSE_SECONDS
    ),
    "API_DISABLED_FOR_ORG": Rule(
        Action.STOP, "the API is off: check the edition and the user's API Enabled permission"
    ),
    "API_CURRENTLY_DISABLED": Rule(Action.RETRY, "the API is switched off for the moment", 1800.0),
    "UNSUPPORTED_API_VERSION": Rule(Action.STOP, "the API version is retired: raise api_version"),
    "FUNCTIONALITY_NOT_ENABLED": Rule(Action.STOP, "a feature this needs is not enabled in the org"),
    "INVALID_LOGIN": Rule(Action.STOP, "the login is refused"),
    "PASSWORD_LOCKOUT": Rule(Action.STOP, "the user is locked out"),
    "ORG_LOCKED": Rule(Action.STOP, "the org is locked"),
    "CLIENT_NOT_ACCESSIBLE_FOR_USER": Rule(Action.STOP, "the user may not use this External Client App"),
    "TXN_SECURITY_NO_ACCESS": Rule(Action.STOP, "a transaction security policy forbids this"),
    "TXN_SECURITY_APEX_ERROR": Rule(Action.STOP, "a transaction security policy failed"),
    "TXN_SECURITY_METERING_ERROR": Rule(
        Action.RETRY,
        "transaction security could not be evaluated; if it stays so, exempt the user from it",
        600.0,
    ),
    "SERVER_UNAVAILABLE": Rule(Action.RETRY, "Salesforce is not available for the moment", 30.0),
    "UNKNOWN_EXCEPTION": Rule(Action.RETRY, "Salesforce met an internal error", 60.0),
    "QUERY_TIMEOUT": Rule(Action.RETRY, "Salesforce took too long for this", 300.0),
    "INVALID_QUERY_LOCATOR": Rule(Action.RETRY, "a result was fetched too late and must be asked anew", 1.0),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": Rule(Action.RETRY, "a neighbour was refused", 1.0),
    "PROCESSING_HALTED": Rule(Action.RETRY, "a neighbour was refused", 1.0),
    "OPERATION_TOO_LARGE": Rule(
        Action.REFUSED, "the query covers too much; grant the user View All Data or read shorter spans"
    ),
    "QUERY_TOO_COMPLICATED": Rule(Action.REFUSED, "the query is too complicated; name fewer fields"),
    "MALFORMED_QUERY": Rule(Action.REFUSED, "the query was not understood"),
    "INVALID_QUERY_FILTER_OPERATOR": Rule(
        Action.REFUSED, "this is not a valid Salesforce record ID; check how the call is written"
    ),
    "INVALID_TYPE": Rule(Action.REFUSED, "the object does not exist or the user has no permission on it"),
    "INVALID_FIELD": Rule(
        Action.DROP, "the field does not exist or is hidden from the user by field-level security"
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Rule(
        Action.DROP, "the field is read-only, or field-level security denies the user to edit it"
    ),
    "FIELD_INTEGRITY_EXCEPTION": Rule(Action.DROP, "the value contradicts another field"),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": Rule(Action.DROP, "the value is of the wrong type"),
    "NUMBER_OUTSIDE_VALID_RANGE": Rule(Action.DROP, "the number has too many digits"),
    "STRING_TOO_LONG": Rule(Action.SHORTEN, "the text is too long"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Rule(Action.KNOWN_CHOICES, "the picklist lacks the option"),
    "TOO_MANY_ENUM_VALUE": Rule(Action.FEWER_CHOICES, "more options than a field can hold"),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Rule(Action.REFUSED, "a validation rule refuses the record"),
    "REQUIRED_FIELD_MISSING": Rule(Action.REFUSED, "a required field of the record is empty"),
    "JSON_PARSER_ERROR": Rule(Action.REFUSED, "a value is of the wrong type for its field"),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Rule(Action.RETRY, "a trigger of the org failed", 900.0),
    "CANNOT_EXECUTE_FLOW_TRIGGER": Rule(Action.RETRY, "a flow of the org failed", 900.0),
    "UNABLE_TO_LOCK_ROW": Rule(Action.LOCKED, "the record is being saved by somebody else", 60.0),
    "ENTITY_IS_LOCKED": Rule(Action.RETRY, "the record is locked by an approval", 7200.0),
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": Rule(Action.RETRY, "the record was just changed", 60.0),
    "ENTITY_IS_DELETED": Rule(Action.GONE, "the record was deleted"),
    "NOT_FOUND": Rule(Action.GONE, "the record does not exist or is not shared with the user"),
    "INVALID_CROSS_REFERENCE_KEY": Rule(
        Action.GONE, "the record does not exist or is not shared with the user"
    ),
    "MALFORMED_ID": Rule(Action.REFUSED, "this is not a valid Salesforce record ID"),
    "INVALID_ID_FIELD": Rule(Action.REFUSED, "this is not a valid Salesforce record ID"),
    "INSUFFICIENT_ACCESS_OR_READONLY": Rule(Action.REFUSED, f"the user may not edit the record; {_ADMIN}"),
    "INSUFFICIENT_ACCESS": Rule(Action.REFUSED, f"the user may not do this; {_ADMIN}"),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Rule(
        Action.REFUSED, "the user has no rights on the contact, account or owner of the record"
    ),
    "INACTIVE_OWNER_OR_USER": Rule(Action.REFUSED, "the owner of the record is inactive"),
    "DUPLICATE_VALUE": Rule(Action.REFUSED, "another record holds the same unique value"),
    "DUPLICATE_EXTERNAL_ID": Rule(Action.REFUSED, "several records hold the same external id"),
    "DUPLICATES_DETECTED": Rule(Action.REFUSED, "a duplicate rule refuses the record"),
    "STORAGE_LIMIT_EXCEEDED": Rule(Action.RETRY, "the org has no storage left", 3600.0),
    "EXCEEDED_QUOTA": Rule(Action.REFUSED, "the org has used up a quota"),
    "CONTENT_CUSTOMIZED_DOWNLOAD_EXCEPTION": Rule(
        Action.UNAVAILABLE, "the org's own download handler keeps the file from API clients"
    ),
}

CONCURRENCY = Rule(Action.PAUSE, "too many long requests run in the org at once", 30.0)

_STATUS_RULES: Mapping[int, Rule] = {
    401: Rule(Action.STOP, "the session is refused"),
    403: Rule(Action.STOP, f"access is refused; {_ADMIN}"),
    404: Rule(Action.GONE, "it does not exist or is not shared with the user"),
    406: Rule(Action.RETRY, "the server is busy", 300.0),
    410: Rule(Action.STOP, "this API version is retired: set api_version to a current one"),
    420: Rule(
        Action.RETRY,
        "Salesforce could not route the request to the org; its My Domain may have been renamed",
        300.0,
    ),
    429: Rule(Action.PAUSE, "too many requests", 60.0),
}


_NO_SUCH_COLUMN = re.compile(
    r"No such column '(?P<field>\w+)'(?: on (?:entity|sobject of type) '?(?P<object>\w+))?"
)


def faults_in(content: object) -> tuple[Fault, ...]:
    """Entries of an error body: a list of objects, or one bare object; nothing from HTML or text."""
    entries = content if isinstance(content, list) else [content]
    return tuple(_fault(entry) for entry in entries if isinstance(entry, dict))


def _fault(entry: Mapping[str, object]) -> Fault:
    names = entry.get("fields")
    code = str(entry.get("statusCode") or entry.get("errorCode") or "")
    return Fault(
        code=code if re.fullmatch(r"\w{1,80}", code) else "UNKNOWN_EXCEPTION",
        message=str(entry.get("message") or ""),
        fields=tuple(str(name) for name in names) if isinstance(names, list) else (),
    )


def rule_for(fault: Fault) -> Rule:
    """The rule of one fault. An unknown code is a refusal that names itself."""
    if fault.code == "REQUEST_LIMIT_EXCEEDED" and "concurrent" in fault.message.lower():
        return CONCURRENCY
    rule = RULES.get(fault.code, Rule(Action.REFUSED, "Salesforce gives no further reason we know"))
    if rule.action is Action.RETRY and "UNABLE_TO_LOCK_ROW" in fault.message:
        return RULES["UNABLE_TO_LOCK_ROW"]
    if fault.code == "INVALID_CROSS_REFERENCE_KEY" and fault.fields:
        return Rule(Action.DROP, "the value names a record that does not exist")
    return rule


def object_named(fault: Fault) -> str | None:
    """The object on which a field is missing, when the fault says so."""
    missing = _NO_SUCH_COLUMN.search(fault.message)
    return missing["object"] if missing else None


def is_lasting_401(content: object) -> bool:
    """Whether a 401 will come back with every new token: the app or profile may not use the REST API."""
    return any("not valid for use" in fault.message.lower() for fault in faults_in(content))


def described(fault: Fault) -> str:
    """A fault for the admin: what it means, the fields it names and its code."""
    if fault.code == "FIELD_CUSTOM_VALIDATION_EXCEPTION":
        return f"a validation rule refuses the record: {fault.message[:200]} ({fault.code})"
    missing = _NO_SUCH_COLUMN.search(fault.message)
    names = fault.fields or (tuple(part for part in missing.groups() if part) if missing else ())
    about = f" [{', '.join(names)}]" if names else ""
    return f"{rule_for(fault).advice}{about} ({fault.code})"


def verdict(what: str, status: int, content: object, *, changes: bool) -> Verdict:
    """The exception for a refused request. `what` names the request; `changes` says it was a write."""
    faults = faults_in(content)
    if not faults:
        return _bodiless(what, status, changes=changes)
    first = faults[0]
    rule = rule_for(first)
    sentence = f"Salesforce refused {what}: {described(first)}."
    if rule.action is Action.STOP:
        return StopConnection(sentence)
    if rule.action is Action.PAUSE:
        return RetryLater(sentence, after=rule.after, counts=False)
    if status >= 500:
        return BriefOutage(sentence, after=rule.after or 60.0)
    if rule.action in (Action.RETRY, Action.LOCKED):
        return RetryLater(sentence, after=rule.after)
    return RequestRefused(sentence, faults)


def _bodiless(what: str, status: int, *, changes: bool) -> Verdict:
    """An answer without error codes comes from an edge server, not from the org."""
    rule = _STATUS_RULES.get(status)
    if rule is None and 300 <= status < 400:
        rule = Rule(Action.RETRY, "the address answers with a redirect, as during maintenance", 600.0)
    if rule is None and status >= 500:
        if changes and status in (502, 504):
            return OutcomeUnknown(f"Salesforce gave no answer to {what} (HTTP {status}).")
        return BriefOutage(f"Salesforce could not serve {what} (HTTP {status}).", after=60.0)
    if rule is None:
        rule = Rule(Action.REFUSED, "the request was not understood")
    sentence = f"Salesforce refused {what}: {rule.advice} (HTTP {status})."
    if rule.action is Action.STOP:
        return StopConnection(sentence)
    if rule.action in (Action.RETRY, Action.PAUSE):
        return RetryLater(sentence, after=rule.after, counts=rule.action is Action.RETRY)
    return RequestRefused(sentence, (Fault("NOT_FOUND" if status == 404 else f"HTTP_{status}", ""),))
