"""What is a query and what is not, and the words in which a wrong one is refused."""

from __future__ import annotations

import pytest

from velma_connectors.sandbox.salesforce import Refusal, SalesforceOrg
from velma_connectors.sandbox.salesforce.soql.parser import parse

from .conftest import Door

MALFORMED = "MALFORMED_QUERY"


@pytest.mark.parametrize(
    "soql",
    [
        "",
        "SELECT",
        "SELECT FROM Task",
        "SELECT Id, FROM Task",
        "SELECT Id Task",
        "SELECT Id FROM",
        "SELECT Id FROM Task WHERE",
        "SELECT Id FROM Task WHERE Subject",
        "SELECT Id FROM Task WHERE Subject = ",
        "SELECT Id FROM Task WHERE Subject = Call'",
        'SELECT Id FROM Task WHERE Subject = "Call"',
        "SELECT Id FROM Task WHERE Subject = 'it's'",
        "SELECT Id FROM Task WHERE Subject = 'a\\q'",
        "SELECT Id FROM Task WHERE Id IN ()",
        "SELECT Id FROM Task WHERE Id IN ('a',)",
        "SELECT Id FROM Task WHERE Subject = 'a' AND Type = 'b' OR Type = 'c'",
        "SELECT Id FROM Task WHERE Subject = 'a' OR Type = 'b' AND Type = 'c'",
        "SELECT Id FROM Task WHERE Subject = 'a' AND NOT Type = 'b'",
        "SELECT Id FROM Task WHERE NOT Subject = 'a' AND Type = 'b'",
        "SELECT Id FROM Task WHERE (Subject = 'a'",
        "SELECT Id FROM Task ORDER Subject",
        "SELECT Id FROM Task LIMIT many",
        "SELECT Id FROM Task LIMIT -1",
        "SELECT Id FROM Task LIMIT 1 WHERE Subject = 'a'",
        "SELECT COUNT() FROM Task ORDER BY Id",
        "SELECT COUNT(), Id FROM Task",
        "SELECT * FROM Task",
        "SELECT Id FROM Task, Account",
        "SELECT Id FROM Task; DELETE",
        "SELECT Id FROM Task WHERE CreatedDate > 2026-01-01T00:00:00",
        "SELECT Id FROM Task WHERE CreatedDate > 2026-01-01T00:00:00 01:00",
        "SELECT Id FROM Task WHERE CreatedDate > 2026-13-01T00:00:00Z",
        "SELECT Id FROM Task WHERE CreatedDate > SOMETIME",
        "SELECT TYPEOF What END FROM Task",
        "SELECT Id FROM Task WHERE Subject = '\\u12'",
        "SELECT Id FROM a.Task",
        "SELECT Id FROM Task WHERE CreatedDate = LAST_N_EONS:3",
        "SELECT Id FROM Task WHERE Id IN (SELECT Id, Subject FROM Task)",
        "SELECT TYPEOF Account WHEN Account THEN Name END FROM Task",
    ],
)
def test_malformed_queries_are_refused(door: Door, soql: str) -> None:
    assert door.query_refusal(soql)[:2] == (400, MALFORMED), f"not refused as malformed: {soql}"


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Subject, COUNT(Id) FROM Task GROUP BY Subject",
        "SELECT Id FROM Task GROUP BY Id",
        "SELECT FIELDS(ALL) FROM Task LIMIT 1",
        "SELECT Id FROM Task FOR VIEW",
        "SELECT Id FROM Task WITH SECURITY_ENFORCED",
    ],
)
def test_what_is_not_emulated_says_so(door: Door, soql: str) -> None:
    status, code, message = door.query_refusal(soql)
    assert (status, code) == (400, MALFORMED)
    assert "the sandbox does not emulate" in message


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT Nope FROM Task", "INVALID_FIELD", "No such column 'Nope' on entity 'Task'"),
        ("SELECT Id FROM Task WHERE Nope = 1", "INVALID_FIELD", "No such column 'Nope' on entity 'Task'"),
        ("SELECT Id FROM Task ORDER BY Nope", "INVALID_FIELD", "No such column 'Nope' on entity 'Task'"),
        ("SELECT What.StageName FROM Task", "INVALID_FIELD", "No such column 'StageName' on entity 'Name'"),
        ("SELECT Nope.Name FROM Task", "INVALID_FIELD", "Didn't understand relationship 'Nope'"),
        ("SELECT What.Owner.Name FROM Task", "INVALID_FIELD", "Didn't understand relationship 'Owner'"),
        ("SELECT Id, id FROM Task", "INVALID_FIELD", "duplicate field selected: id"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        ("SELECT Id FROM CustomField", "INVALID_TYPE", "sObject type 'CustomField' is not supported"),
        ("SELECT Id, (SELECT Id FROM Nopes) FROM Account", "INVALID_TYPE", "understand relationship 'Nopes'"),
        (
            "SELECT TYPEOF What WHEN Nope THEN Name END FROM Task",
            "INVALID_TYPE",
            "sObject type 'Nope' is not supported",
        ),
        (
            "SELECT Id FROM Task WHERE Description = 'a'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Task WHERE Description != null",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Task ORDER BY Description",
            MALFORMED,
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT Id FROM Task WHERE CreatedDate = '2026-01-01'",
            "INVALID_FIELD",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Task WHERE CreatedDate = 2026-01-01",
            "INVALID_FIELD",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Task WHERE ActivityDate = 2026-01-01T00:00:00Z",
            "INVALID_FIELD",
            "must be of type date and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Task WHERE IsClosed = 'true'", "INVALID_FIELD", "must be of type boolean"),
        ("SELECT Id FROM Task WHERE CallDurationInSeconds = '5'", "INVALID_FIELD", "must be of type integer"),
        ("SELECT Id FROM Task WHERE Subject = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Task WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        ("SELECT Id FROM Task WHERE WhatId LIKE '006%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Task WHERE Id = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Task WHERE Subject LIKE 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT TYPEOF Nope WHEN Task THEN Id END FROM Task", "INVALID_FIELD", "relationship 'Nope'"),
        ("SELECT Id FROM Task WHERE IsClosed > FALSE", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        (
            "SELECT Id FROM Task WHERE Subject INCLUDES ('a')",
            "INVALID_QUERY_FILTER_OPERATOR",
            "only valid on multi-select picklist fields",
        ),
        (
            "SELECT Id FROM Task OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000",
        ),
        ("SELECT Id FROM ContentDocumentLink", MALFORMED, "requires a filter by a single Id"),
        (
            "SELECT Id FROM Task WHERE Id IN (SELECT LinkedEntityId FROM ContentDocumentLink)",
            MALFORMED,
            "not supported for semi join inner selects",
        ),
    ],
)
def test_a_wrong_query_is_refused_with_code_and_reason(door: Door, soql: str, code: str, words: str) -> None:
    status, told, message = door.query_refusal(soql)
    assert (status, told) == (400, code)
    assert words in message


def test_a_refusal_points_at_the_place(door: Door) -> None:
    _, _, message = door.query_refusal("SELECT Id,\nNope FROM Task")
    lines = message.split("\n")
    assert lines[3] == "ERROR at Row:2:Column:1"
    assert lines[1][lines[2].index("^") :].startswith("Nope FROM Task")


def test_a_string_of_more_than_4000_characters_is_refused(org: SalesforceOrg, door: Door) -> None:
    long = "x" * 4_000
    assert door.query(f"SELECT Id FROM Task WHERE Subject = '{long}'") == []
    assert door.query_refusal(f"SELECT Id FROM Task WHERE Subject = '{long}x'")[1] == MALFORMED


def test_a_query_of_more_than_100000_characters_is_refused() -> None:
    with pytest.raises(Refusal, match="100000"):
        parse("SELECT Id FROM Task WHERE Subject = 'a'" + " OR Subject = 'b'" * 6_000)


def test_a_query_without_text_is_refused(door: Door) -> None:
    assert door.refusal("GET", "/query")[:2] == (400, MALFORMED)


def test_names_and_keywords_are_read_in_any_case(door: Door, task: str) -> None:
    rows = door.query("select ID, subject from TASK where ISCLOSED = false order by SUBJECT desc nulls last")
    assert rows == [{"Id": task, "Subject": "Call"}]


def test_an_alias_or_the_objects_name_may_stand_before_a_column(door: Door, task: str) -> None:
    assert door.query("SELECT t.Id FROM Task t WHERE t.Subject = 'Call'") == [{"Id": task}]
    assert door.query("SELECT Task.Id FROM Task WHERE Task.Subject = 'Call'") == [{"Id": task}]
