"""Error codes of Salesforce and what they mean for the engine, as one table."""

from __future__ import annotations

import pytest

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection
from velma_connectors.salesforce.verdicts import (
    RULES,
    Action,
    Fault,
    RequestRefused,
    faults_in,
    is_lasting_401,
    rule_for,
    verdict,
)

ROW_ACTIONS = {
    "INVALID_FIELD": Action.DROP,
    "INVALID_FIELD_FOR_INSERT_UPDATE": Action.DROP,
    "FIELD_INTEGRITY_EXCEPTION": Action.DROP,
    "INVALID_TYPE_ON_FIELD_IN_RECORD": Action.DROP,
    "NUMBER_OUTSIDE_VALID_RANGE": Action.DROP,
    "STRING_TOO_LONG": Action.SHORTEN,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Action.KNOWN_CHOICES,
    "TOO_MANY_ENUM_VALUE": Action.FEWER_CHOICES,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Action.REFUSED,
    "REQUIRED_FIELD_MISSING": Action.REFUSED,
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Action.RETRY,
    "CANNOT_EXECUTE_FLOW_TRIGGER": Action.RETRY,
    "UNABLE_TO_LOCK_ROW": Action.LOCKED,
    "ENTITY_IS_DELETED": Action.GONE,
    "NOT_FOUND": Action.GONE,
    "INVALID_CROSS_REFERENCE_KEY": Action.GONE,
    "MALFORMED_ID": Action.REFUSED,
    "ENTITY_IS_LOCKED": Action.RETRY,
    "INSUFFICIENT_ACCESS_OR_READONLY": Action.REFUSED,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Action.REFUSED,
    "INACTIVE_OWNER_OR_USER": Action.REFUSED,
    "DUPLICATE_VALUE": Action.REFUSED,
    "STORAGE_LIMIT_EXCEEDED": Action.RETRY,
    "A_CODE_OF_NEXT_YEAR": Action.REFUSED,
}


@pytest.mark.parametrize(("code", "action"), ROW_ACTIONS.items())
def test_a_row_is_treated_by_its_code(code: str, action: Action) -> None:
    assert rule_for(Fault(code, "some words")).action is action


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "after"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", RetryLater, (900, 1800)),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests)", RetryLater, (5, 60)),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded", RetryLater, (5, 60)),
        (403, "API_CURRENTLY_DISABLED", "", RetryLater, (600, 7200)),
        (503, "SERVER_UNAVAILABLE", "", RetryLater, (30, 600)),
        (500, "UNKNOWN_EXCEPTION", "", RetryLater, (30, 600)),
        (400, "QUERY_TIMEOUT", "", RetryLater, (60, 600)),
        (400, "INVALID_QUERY_LOCATOR", "", RetryLater, (0, 60)),
        (403, "TXN_SECURITY_METERING_ERROR", "", RetryLater, (60, 7200)),
        (400, "UNABLE_TO_LOCK_ROW", "", RetryLater, (1, 600)),
        (403, "API_DISABLED_FOR_ORG", "", StopConnection, None),
        (403, "TXN_SECURITY_NO_ACCESS", "", StopConnection, None),
        (403, "CLIENT_NOT_ACCESSIBLE_FOR_USER", "", StopConnection, None),
        (400, "MALFORMED_QUERY", "", RequestRefused, None),
        (400, "INVALID_FIELD", "", RequestRefused, None),
        (400, "INVALID_TYPE", "", RequestRefused, None),
        (400, "OPERATION_TOO_LARGE", "", RequestRefused, None),
        (404, "NOT_FOUND", "", RequestRefused, None),
        (403, "INSUFFICIENT_ACCESS", "", RequestRefused, None),
    ],
)
def test_a_request_is_treated_by_the_code_in_its_body(
    status: int, code: str, message: str, kind: type[Exception], after: tuple[float, float] | None
) -> None:
    body = [{"errorCode": code, "message": message}]
    found = verdict("GET query", status, body, changes=False)
    assert type(found).__mro__.count(kind), f"{code} became {type(found).__name__}"
    assert code in str(found)
    if after and isinstance(found, RetryLater):
        assert after[0] <= found.after <= after[1]
        assert found.counts is (code != "REQUEST_LIMIT_EXCEEDED"), "an org's limit is nobody's fault"


@pytest.mark.parametrize(
    ("status", "changes", "kind"),
    [
        (302, False, RetryLater),
        (403, False, StopConnection),
        (404, False, RequestRefused),
        (406, False, RetryLater),
        (410, False, StopConnection),
        (414, False, RequestRefused),
        (420, False, RetryLater),
        (429, False, RetryLater),
        (431, False, RequestRefused),
        (500, True, RetryLater),
        (503, True, RetryLater),
        (502, True, OutcomeUnknown),
        (504, True, OutcomeUnknown),
        (502, False, RetryLater),
        (504, False, RetryLater),
    ],
)
@pytest.mark.parametrize("content", ["<html>", "", []])
def test_an_answer_without_codes_is_treated_by_its_status(
    status: int, changes: bool, kind: type[Exception], content: object
) -> None:
    assert isinstance(verdict("GET query", status, content, changes=changes), kind)


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        ([{"errorCode": "A"}, {"statusCode": "B", "fields": ["X__c"]}], ["A", "B"]),
        ({"errorCode": "A", "message": "m"}, ["A"]),
        ([{"message": "no code"}], ["UNKNOWN_EXCEPTION"]),
        ([{"errorCode": "not a code; but words"}], ["UNKNOWN_EXCEPTION"]),
        ("<html>", []),
        (["text"], []),
        (None, []),
    ],
)
def test_error_bodies_of_every_shape_are_read(content: object, codes: list[str]) -> None:
    assert [fault.code for fault in faults_in(content)] == codes


def test_the_two_meanings_of_401_are_told_apart_by_their_words() -> None:
    assert not is_lasting_401([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])
    assert is_lasting_401(
        [
            {
                "errorCode": "INVALID_SESSION_ID",
                "message": "This session is not valid for use with the REST API",
            }
        ]
    )
    assert not is_lasting_401("<html>")


def test_a_flow_that_failed_on_a_lock_is_a_lock() -> None:
    assert rule_for(Fault("CANNOT_EXECUTE_FLOW_TRIGGER", "...UNABLE_TO_LOCK_ROW...")).action is Action.LOCKED


def test_a_reference_that_names_a_field_is_about_that_field() -> None:
    assert rule_for(Fault("INVALID_CROSS_REFERENCE_KEY", "", ("WhatId",))).action is Action.DROP


def test_every_rule_that_waits_says_how_long() -> None:
    waiting = (Action.RETRY, Action.PAUSE, Action.LOCKED)
    assert not [code for code, rule in RULES.items() if (rule.action in waiting) is not (rule.after > 0)]


def test_the_words_of_a_validation_rule_reach_the_admin() -> None:
    body = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Set a next step first."}]
    assert "Set a next step first." in str(verdict("PATCH composite", 400, body, changes=True))
