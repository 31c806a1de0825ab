"""Paths, versions, methods, the length of addresses, the allowance, and the clock in every answer."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import START, Clock, Door


@pytest.mark.parametrize("version", ["59.0", "63.0", "67.0"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_living_versions_answer_with_and_without_a_slash_at_the_end(
    door: Door, version: str, slash: str
) -> None:
    door.version = version
    assert door.call("GET", f"/limits{slash}").status_code == 200


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("58.0", (404, "NOT_FOUND")),
        ("68.0", (404, "NOT_FOUND")),
        ("66.1", (404, "NOT_FOUND")),
        ("30.0", (410, "UNSUPPORTED_API_VERSION")),
        ("31.0", (404, "NOT_FOUND")),
    ],
)
def test_other_versions_are_refused(door: Door, version: str, expected: tuple[int, str]) -> None:
    door.version = version
    assert door.refusal("GET", "/limits")[:2] == expected


def test_the_list_of_versions_needs_no_token_and_counts_nothing(org: SalesforceOrg, door: Door) -> None:
    answer = door.session.get(f"{door.url}/services/data/", timeout=10)
    assert [each["version"] for each in answer.json()][::8] == ["59.0", "67.0"]
    assert answer.json()[1]["label"] == "Spring '24"
    assert "Sforce-Limit-Info" not in answer.headers
    assert org.usage.used(org.now) == 0


def test_a_version_lists_its_resources(door: Door) -> None:
    assert door.call("GET", "/").json()["limits"] == "/services/data/v66.0/limits"


@pytest.mark.parametrize("path", ["/nonsense", "/sobjects/Nonsense/describe", "/sobjects/Task/nonsense"])
def test_unknown_resources_are_not_found(door: Door, path: str) -> None:
    message = "The requested resource does not exist"
    assert door.refusal("GET", path) == (404, "NOT_FOUND", message)


def test_a_wrong_method_names_those_allowed(door: Door) -> None:
    status, code, message = door.refusal("PUT", "/query")
    assert (status, code) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in message


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/x-www-form-urlencoded", "Subject=A", (415, "UNSUPPORTED_MEDIA_TYPE")),
        ("application/json", "{", (400, "JSON_PARSER_ERROR")),
        ("application/json", "[]", (400, "JSON_PARSER_ERROR")),
        ("application/json", '{"CallDurationInSeconds": NaN}', (400, "JSON_PARSER_ERROR")),
        ("application/json", "[" * 100_000, (400, "JSON_PARSER_ERROR")),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    org: SalesforceOrg, door: Door, content_type: str, body: str, expected: tuple[int, str]
) -> None:
    headers = {"Content-Type": content_type}
    assert door.refusal("POST", "/sobjects/Task", data=body, headers=headers)[:2] == expected
    assert org.rows("Task") == []


def test_an_address_above_16384_bytes_is_refused_and_so_are_headers_that_push_it_there(door: Door) -> None:
    """Both numbers are about the encoded form: %27 is three bytes."""
    address = len("/services/data/v66.0/query?q=")
    fits = "a" * (16_384 - address - 1_000)
    assert door.call("GET", f"/query?q={fits}").status_code == 400, "too long already"
    assert door.call("GET", f"/query?q={fits}", headers={"X-Filler": "b" * 1_000}).status_code == 431
    assert door.call("GET", f"/query?q={'a' * (16_384 - address + 1)}").status_code == 414
    assert door.call("GET", f"/query?q={'%27' * 5_500}").status_code == 414


def test_every_request_counts_and_successes_tell_the_sum(org: SalesforceOrg, door: Door) -> None:
    first = door.call("GET", "/limits")
    door.call("GET", "/nonsense")
    third = door.call("GET", "/query", params={"q": "SELECT Id FROM Task"})
    assert first.headers["Sforce-Limit-Info"] == "api-usage=1/15000"
    assert third.headers["Sforce-Limit-Info"] == "api-usage=3/15000"
    assert first.json()["DailyApiRequests"] == {"Max": 15_000, "Remaining": 14_999}


def test_the_library_reads_the_usage(door: Door) -> None:
    salesforce = door.library()
    salesforce.query("SELECT Id FROM Task")
    assert salesforce.api_usage["api-usage"].used == 1


def test_a_used_up_allowance_refuses_until_the_window_has_rolled_on(
    org: SalesforceOrg, door: Door, clock: Clock
) -> None:
    door.call("GET", "/limits")
    org.usage.used_by_others = 14_999
    expected = (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    assert door.refusal("GET", "/limits") == expected
    clock.advance(hours=24)
    door.token = org.open_session(door.user_id).token
    assert door.call("GET", "/limits").status_code == 200
    assert door.refusal("GET", "/limits")[1] == "REQUEST_LIMIT_EXCEEDED"


def test_limits_need_the_permission_to_view_the_setup(org: SalesforceOrg, door: Door) -> None:
    org.set_permission(door.user_id, "ViewSetup", False)
    assert door.refusal("GET", "/limits")[:2] == (403, "INSUFFICIENT_ACCESS")


def test_the_date_of_an_answer_is_the_orgs_own_time(door: Door, clock: Clock) -> None:
    clock.advance(days=3)
    door.token = door.org.open_session(door.user_id).token
    answer = door.call("GET", "/limits")
    assert parsedate_to_datetime(answer.headers["Date"]) == clock.time != START


def test_the_usage_page_counts_by_kind(door: Door, task: str) -> None:
    door.call("GET", "/limits")
    door.call("PATCH", f"/sobjects/Task/{task}", json={"Subject": "A"})
    door.call("GET", "/nonsense")
    usage = door.session.get(f"{door.url}/_sandbox/usage", timeout=10).json()
    assert usage == {
        "requests": 3,
        "kinds": {"limits": 1, "record_update": 1, "unknown": 1},
        "rows_written": {"Task": 1},
    }


def test_the_objects_a_user_may_see_are_listed(org: SalesforceOrg, door: Door) -> None:
    names = {each["name"] for each in door.call("GET", "/sobjects").json()["sobjects"]}
    assert {"Task", "Event", "Opportunity", "ContentVersion", "FieldPermissions"} <= names
    assert "CustomField" not in names, "belongs to the Tooling API"
    org.set_object_access("Opportunity", "hidden", door.user_id)
    names = {each["name"] for each in door.call("GET", "/sobjects").json()["sobjects"]}
    assert "Opportunity" not in names
