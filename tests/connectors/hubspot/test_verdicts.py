"""Answers of HubSpot and what they mean for the engine: by status, by code, and of every shape of body."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection, Verdict
from velma_connectors.hubspot.faults import Fault, faults_in
from velma_connectors.hubspot.verdicts import Answer, BriefOutage, Limit, RequestRefused, limit_of, verdict

READ_AND_WRITE: dict[int, tuple[type[Verdict], type[Verdict]]] = {
    302: (RetryLater, RetryLater),
    400: (RequestRefused, RequestRefused),
    404: (RequestRefused, RequestRefused),
    405: (RequestRefused, RequestRefused),
    408: (BriefOutage, BriefOutage),
    409: (RequestRefused, RequestRefused),
    413: (RequestRefused, RequestRefused),
    414: (RequestRefused, RequestRefused),
    418: (RequestRefused, RequestRefused),
    423: (BriefOutage, BriefOutage),
    429: (BriefOutage, BriefOutage),
    477: (RetryLater, RetryLater),
    500: (BriefOutage, BriefOutage),
    502: (BriefOutage, BriefOutage),
    503: (BriefOutage, BriefOutage),
    504: (BriefOutage, OutcomeUnknown),
    520: (BriefOutage, OutcomeUnknown),
    521: (BriefOutage, BriefOutage),
    522: (RetryLater, RetryLater),
    523: (BriefOutage, OutcomeUnknown),
    524: (BriefOutage, OutcomeUnknown),
    525: (RetryLater, RetryLater),
    526: (RetryLater, RetryLater),
    599: (BriefOutage, BriefOutage),
}
HTML = "<!DOCTYPE html><html><title>api.hubapi.com</title></html>"
SECRET = "SECRET-WORDS"
INVALID = [
    {
        "isValid": False,
        "message": f"{SECRET} was not one of the allowed options: [a, b]",
        "error": "INVALID_OPTION",
        "name": "velma_status",
    },
    {"isValid": False, "message": "no such property", "error": "PROPERTY_DOESNT_EXIST", "name": "velma_x"},
]
EMBEDDED = f"Property values were not valid: {json.dumps(INVALID)}"


def answer(status: int, body: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, body if isinstance(body, str) else json.dumps(body))


def envelope(category: str, message: str = SECRET, **more: Any) -> dict[str, Any]:
    return {"status": "error", "message": message, "correlationId": "c-1", "category": category, **more}


@pytest.mark.parametrize("status", READ_AND_WRITE)
@pytest.mark.parametrize("body", [HTML, "", "[]", json.dumps({"status": "error"})])
def test_an_answer_is_treated_by_its_status(status: int, body: str) -> None:
    of_read, of_write = READ_AND_WRITE[status]
    assert type(verdict("GET crm/objects", answer(status, body), changes=False)) is of_read
    assert type(verdict("POST crm/objects", answer(status, body), changes=True)) is of_write


def test_a_refusal_carries_its_status_and_faults() -> None:
    refused = verdict("POST crm/objects", answer(400, envelope("VALIDATION_ERROR", EMBEDDED)), changes=True)
    assert isinstance(refused, RequestRefused)
    assert refused.status == 400
    assert [fault.code for fault in refused.faults] == ["INVALID_OPTION", "PROPERTY_DOESNT_EXIST"]
    assert refused.has("PROPERTY_DOESNT_EXIST")
    assert "velma_status" in str(refused)
    assert "INVALID_OPTION" in str(refused)


def test_a_refusal_without_a_body_is_known_by_its_status() -> None:
    refused = verdict("GET crm/objects", answer(404, HTML), changes=False)
    assert isinstance(refused, RequestRefused)
    assert refused.faults == (Fault("HTTP_404"),)


def test_missing_scopes_are_named_as_hubspot_names_them() -> None:
    scopes = ["crm.objects.deals.read", "crm.schemas.deals.read"]
    detail = {"message": "any of these", "context": {"requiredGranularScopes": scopes}}
    refused = verdict(
        "GET crm/objects/deals", answer(403, envelope("MISSING_SCOPES", errors=[detail])), changes=False
    )
    assert isinstance(refused, RequestRefused)
    assert refused.status == 403
    assert refused.faults[0].scopes == tuple(scopes)
    assert "crm.objects.deals.read or crm.schemas.deals.read" in str(refused)


def test_a_403_of_the_edge_network_is_no_matter_of_scopes() -> None:
    found = verdict("GET crm/objects", answer(403, HTML), changes=False)
    assert isinstance(found, RetryLater)
    assert not found.counts


UNDECODABLE = envelope(
    "EXPIRED_AUTHENTICATION",
    "The OAuth token used to make this call expired 20514 day(s) ago.",
    context={"expire time": ["1970-01-01T00:00:00Z"]},
)
EXPIRED = envelope(
    "EXPIRED_AUTHENTICATION",
    "The OAuth token used to make this call expired 3 day(s) ago.",
    context={"expire time": ["2026-03-01T00:00:00Z"]},
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (UNDECODABLE, "cannot read access_token at all"),
        ({**UNDECODABLE, "context": {}}, "cannot read access_token at all"),
        ({**UNDECODABLE, "message": ""}, "cannot read access_token at all"),
        (EXPIRED, "has expired"),
        (envelope("INVALID_AUTHENTICATION"), "revoked"),
        (HTML, "does not accept"),
        ({"context": "odd"}, "does not accept"),
    ],
)
def test_a_refused_token_stops_the_connection_and_says_which_way_it_is_wrong(body: Any, words: str) -> None:
    found = verdict("GET crm/objects", answer(401, body), changes=False)
    assert type(found) is StopConnection
    assert words in str(found)
    assert "ervice key" in str(found), "the remedy is not named"


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (
            {"message": "You have reached your ten_secondly_rolling limit.", "errorType": "RATE_LIMIT"},
            Limit.TEN_SECONDS,
        ),
        ({"message": "Too many", "policyName": "TEN_SECONDLY_ROLLING"}, Limit.TEN_SECONDS),
        ({"message": "You have reached your daily limit.", "policyName": "DAILY"}, Limit.DAY),
        ({"message": "Too many", "policyName": "DAILY"}, Limit.DAY),
        (envelope("RATE_LIMITS", "You have reached your secondly limit."), Limit.SECOND),
        ({"message": "Too many", "policyName": "SECONDLY"}, Limit.SECOND),
        (HTML, Limit.TEN_SECONDS),
        ("[]", Limit.TEN_SECONDS),
    ],
)
def test_both_families_of_429_name_their_limit(body: Any, limit: Limit) -> None:
    assert limit_of(answer(429, body)) is limit
    assert limit_of(answer(400, body)) is None
    found = verdict("GET crm/objects", answer(429, body), changes=True)
    assert isinstance(found, BriefOutage)
    assert not found.counts, "a full window is nobody's fault"


@pytest.mark.parametrize(
    ("text", "after"),
    [("86400", 86_400), ("600", 600), ("999999999", 86_400), ("soon", 3600), ("-5", 3600), ("", 3600)],
)
def test_a_portal_on_the_move_is_left_alone_as_long_as_it_asks(text: str, after: float) -> None:
    found = verdict("GET crm/objects", answer(477, HTML, Retry_After=text), changes=False)
    assert isinstance(found, RetryLater)
    assert (found.after, found.counts) == (after, False)


@pytest.mark.parametrize(
    ("body", "headers", "shown"),
    [
        (envelope("INTERNAL_ERROR"), {}, "correlation id c-1"),
        ("", {"X_HubSpot_Correlation_Id": "abc-9"}, "correlation id abc-9"),
        ("", {"X_HubSpot_Correlation_Id": "<b>"}, "HTTP 500)"),
        ("", {}, "HTTP 500)"),
    ],
)
def test_an_internal_error_tells_the_id_that_support_asks_for(
    body: Any, headers: dict[str, str], shown: str
) -> None:
    assert shown in str(verdict("GET crm/objects", answer(500, body, **headers), changes=False))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 423, 429, 477, 500, 504])
@pytest.mark.parametrize("changes", [False, True])
def test_no_message_quotes_a_body(status: int, changes: bool) -> None:
    body = envelope(
        "VALIDATION_ERROR",
        EMBEDDED,
        errors=[{"message": SECRET, "code": "X"}],
        context={"value": [SECRET]},
    )
    reply = answer(status, body)
    found = verdict("GET crm/objects", reply, changes=changes)
    assert SECRET not in f"{found} {found!r} {reply!r}"
    if isinstance(found, RequestRefused):
        assert SECRET not in repr(found.faults)


DETAIL = {"message": "m", "code": "INVALID_OPTION", "context": {"propertyName": ["velma_status"]}}


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        (envelope("CONFLICT"), [Fault("CONFLICT")]),
        (envelope("VALIDATION_ERROR", subCategory="crm.some.THING"), [Fault("THING")]),
        (
            envelope("VALIDATION_ERROR", errors=[DETAIL]),
            [Fault("INVALID_OPTION", fields=("velma_status",))],
        ),
        (
            envelope("VALIDATION_ERROR", EMBEDDED),
            [
                Fault("INVALID_OPTION", fields=("velma_status",)),
                Fault("PROPERTY_DOESNT_EXIST", fields=("velma_x",)),
            ],
        ),
        (
            envelope("VALIDATION_ERROR", EMBEDDED, errors=[DETAIL]),
            [Fault("INVALID_OPTION", fields=("velma_status",))],
        ),
        (
            envelope("VALIDATION_ERROR", EMBEDDED, errors=[{"message": "m", "code": "INVALID"}]),
            [
                Fault("INVALID_OPTION", fields=("velma_status",)),
                Fault("PROPERTY_DOESNT_EXIST", fields=("velma_x",)),
            ],
        ),
        (envelope("VALIDATION_ERROR", errors=[{"message": "m"}]), [Fault("VALIDATION_ERROR")]),
        (
            [
                envelope("OBJECT_NOT_FOUND", context={"objectWriteTraceId": ["t-1"], "id": ["7"]}),
                envelope("VALIDATION_ERROR", EMBEDDED, context={"objectWriteTraceId": ["t-2"]}),
                envelope("VALIDATION_ERROR", errors=[DETAIL], context={"objectWriteTraceId": ["t-3"]}),
            ],
            [
                Fault("OBJECT_NOT_FOUND", trace="t-1"),
                Fault("INVALID_OPTION", fields=("velma_status",), trace="t-2"),
                Fault("PROPERTY_DOESNT_EXIST", fields=("velma_x",), trace="t-2"),
                Fault("INVALID_OPTION", fields=("velma_status",), trace="t-3"),
            ],
        ),
        (
            [
                {
                    "status": "error",
                    "category": "OBJECT_NOT_FOUND",
                    "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                    "message": "No deal is associated with call 7.",
                    "context": {"fromObjectId": ["7"]},
                }
            ],
            [Fault("NO_ASSOCIATIONS_FOUND")],
        ),
        ({"status": "error", "errorType": "RATE_LIMIT", "policyName": "DAILY"}, [Fault("RATE_LIMIT")]),
        (envelope("not a code; but words"), [Fault("UNKNOWN")]),
        (envelope("V", "Property values were not valid: no array"), [Fault("V")]),
        (envelope("V", "Property values were not valid: [{] cut"), [Fault("V")]),
        ("<html>", []),
        (None, []),
        (["text", 7], []),
    ],
)
def test_error_bodies_of_every_shape_are_read(errors: object, expected: list[Fault]) -> None:
    found = [Fault(one.code, "", one.fields, one.trace, one.scopes) for one in faults_in(errors)]
    assert found == expected


KEYS = st.sampled_from(
    ["errors", "message", "code", "category", "subCategory", "context", "propertyName", "error", "name"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
BODIES = st.recursive(
    LEAVES | st.just(EMBEDDED),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(body=BODIES, status=st.integers(300, 599), changes=st.booleans())
def test_whatever_the_body_an_answer_becomes_a_verdict(body: object, status: int, changes: bool) -> None:
    found = verdict("GET crm/objects", answer(status, json.dumps(body)), changes=changes)
    assert isinstance(found, RetryLater | StopConnection | OutcomeUnknown)
    assert isinstance(found, OutcomeUnknown) <= changes, "a read that fails changes nothing"
