"""Several requests in one: limits, references between them, and what a rollback looks like."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import Door

BASE = "/services/data/v66.0"


def part(reference: str, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    sent: dict[str, Any] = {"method": method, "url": f"{BASE}{path}", "referenceId": reference}
    if body is not None:
        sent["body"] = body
    return {**sent, "httpHeaders": headers} if headers else sent


def send(door: Door, *parts: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    body = {"allOrNone": all_or_none, "compositeRequest": list(parts)}
    answer = door.call("POST", "/composite", json=body)
    assert answer.status_code == 200, answer.text
    answers: list[dict[str, Any]] = answer.json()["compositeResponse"]
    return answers


def update(task: str, **values: Any) -> dict[str, Any]:
    return {"records": [{"attributes": {"type": "Task"}, "id": task, **values}]}


def test_parts_are_answered_in_order_and_cost_one_request(org: SalesforceOrg, door: Door, task: str) -> None:
    first, second, third = send(
        door,
        part("write", "PATCH", "/composite/sobjects", update(task, Subject="New")),
        part("look", "GET", f"/query?q=SELECT+Subject,SystemModstamp+FROM+Task+WHERE+Id='{task}'"),
        part("miss", "GET", "/sobjects/Task/nonsense"),
    )
    assert (first["httpStatusCode"], first["body"][0]["success"]) == (200, True)
    assert second["body"]["records"][0]["Subject"] == "New"
    assert (third["httpStatusCode"], third["body"][0]["errorCode"]) == (404, "NOT_FOUND")
    assert [each["referenceId"] for each in (first, second, third)] == ["write", "look", "miss"]
    assert org.usage.used(org.now) == 1


def test_later_parts_use_the_answers_of_earlier_ones(org: SalesforceOrg, door: Door) -> None:
    answers = send(
        door,
        part("account", "POST", "/sobjects/Account", {"Name": "Fern"}),
        part("contact", "POST", "/sobjects/Contact", {"LastName": "Moss", "AccountId": "@{account.id}"}),
        part("found", "GET", "/query?q=SELECT+Id+FROM+Contact+WHERE+AccountId='@{account.id}'"),
        part("read", "GET", "/sobjects/Contact/@{found.records[0].Id}?fields=LastName"),
        part("lost", "GET", "/sobjects/Contact/@{found.records[7].Id}"),
    )
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 200, 200, 400]
    assert answers[3]["body"]["LastName"] == "Moss"
    assert answers[4]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert answers[0]["httpHeaders"]["Location"] == f"{BASE}/sobjects/Account/{answers[0]['body']['id']}"


def test_a_rollback_halts_single_records_while_a_collection_still_shows_success(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    answers = send(
        door,
        part("rows", "PATCH", "/composite/sobjects", update(task, Subject="New")),
        part("good", "POST", "/sobjects/Account", {"Name": "Fern"}),
        part("bad", "POST", "/sobjects/Contact", {"FirstName": "Nameless"}),
        all_or_none=True,
    )
    assert [answer["httpStatusCode"] for answer in answers] == [200, 400, 400]
    assert answers[0]["body"][0]["success"] is True
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert answers[2]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert org.read(task)["Subject"] == "Call"
    assert "Fern" not in {row["Name"] for row in org.rows("Account")}


def test_one_bad_row_of_a_collection_takes_all_parts_back(org: SalesforceOrg, door: Door, task: str) -> None:
    answers = send(
        door,
        part("good", "POST", "/sobjects/Account", {"Name": "Fern"}),
        part("rows", "PATCH", "/composite/sobjects", update(task, Subject="x" * 256)),
        all_or_none=True,
    )
    assert [answer["httpStatusCode"] for answer in answers] == [400, 200]
    assert answers[1]["body"][0]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    assert "Fern" not in {row["Name"] for row in org.rows("Account")}


LIMITS = "/limits"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([part(f"r{number}", "GET", LIMITS) for number in range(26)], "LIMIT_EXCEEDED"),
        (
            [part(f"r{number}", "GET", "/query?q=SELECT+Id+FROM+Task") for number in range(6)],
            "LIMIT_EXCEEDED",
        ),
        ([part("not-good", "GET", LIMITS)], "INVALID_INPUT"),
        ([part("", "GET", LIMITS)], "INVALID_INPUT"),
        ([part("same", "GET", LIMITS), part("same", "GET", LIMITS)], "INVALID_INPUT"),
        ([part("inner", "POST", "/composite", {})], "INVALID_INPUT"),
        ([part("data", "GET", "/sobjects/ContentVersion/068000000000001/VersionData")], "INVALID_INPUT"),
        ([part("other", "GET", LIMITS, Authorization="Bearer x")], "INVALID_INPUT"),
        ([{"method": "GET", "url": "/elsewhere", "referenceId": "a"}], "INVALID_INPUT"),
        ("no list", "JSON_PARSER_ERROR"),
    ],
)
def test_a_composite_beyond_its_limits_is_refused_as_a_whole(
    door: Door, parts: list[dict[str, Any]], code: str
) -> None:
    refused = door.refusal("POST", "/composite", json={"compositeRequest": parts})
    assert refused[:2] == (400, code)


def test_twenty_five_parts_are_allowed(door: Door) -> None:
    answers = send(door, *(part(f"r{number}", "GET", LIMITS) for number in range(25)))
    assert {answer["httpStatusCode"] for answer in answers} == {200}


def test_a_part_may_be_conditional(door: Door, task: str) -> None:
    stale = {"If-Unmodified-Since": "Mon, 02 Mar 2026 08:00:00 GMT"}
    answers = send(door, part("write", "PATCH", f"/sobjects/Task/{task}", {"Subject": "A"}, **stale))
    assert answers[0]["httpStatusCode"] == 412
