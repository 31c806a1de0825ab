"""Which rows a query finds, in which order, on which page, and how they are printed."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from velma_connectors.sandbox.salesforce import SalesforceOrg
from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.incoming import Author
from velma_connectors.sandbox.salesforce.soql.parser import parse
from velma_connectors.sandbox.salesforce.soql.query import run_query

from .conftest import START, Clock, Door


def subjects(door: Door, where: str, path: str = "/query") -> set[str]:
    return {row["Subject"] for row in door.query(f"SELECT Subject FROM Task WHERE {where}", path)}


@pytest.fixture
def three(org: SalesforceOrg) -> dict[str, str]:
    """Three tasks that differ in everything that is asked about."""
    rows: dict[str, dict[str, Any]] = {
        "Alpha": {"CallDurationInSeconds": 10, "ActivityDate": "2026-03-01", "Status": "Completed"},
        "beta": {"CallDurationInSeconds": 20, "ActivityDate": "2026-02-20", "CallType": "Inbound"},
        "Gamma_50%": {"ActivityDate": None, "CallDisposition": "O'Neill\\x"},
    }
    return {
        subject: org.insert("Task", {"Subject": subject, **values}, at=START - timedelta(days=place))
        for place, (subject, values) in enumerate(rows.items())
    }


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Subject = 'ALPHA'", {"Alpha"}),
        ("Subject != 'alpha'", {"beta", "Gamma_50%"}),
        ("Subject IN ('alpha', 'BETA', 'x')", {"Alpha", "beta"}),
        ("Subject NOT IN ('alpha', 'BETA')", {"Gamma_50%"}),
        ("Subject LIKE '%a'", {"Alpha", "beta"}),
        ("Subject LIKE 'be_a'", {"beta"}),
        ("Subject LIKE 'gamma\\_50\\%'", {"Gamma_50%"}),
        ("Subject LIKE 'alpha\\_'", set()),
        ("Subject > 'b'", {"beta", "Gamma_50%"}),
        ("CallDisposition = 'o\\'neill\\\\x'", {"Gamma_50%"}),
        ("CallDisposition = null", {"Alpha", "beta"}),
        ("CallDisposition != NULL", {"Gamma_50%"}),
        ("CallDurationInSeconds >= 20", {"beta"}),
        ("CallDurationInSeconds < 20", {"Alpha"}),
        ("CallDurationInSeconds != 10", {"beta", "Gamma_50%"}),
        ("CallDurationInSeconds IN (10, 20)", {"Alpha", "beta"}),
        ("CallDurationInSeconds IN (null, 20)", {"beta", "Gamma_50%"}),
        ("IsClosed = TRUE", {"Alpha"}),
        ("IsClosed != true", {"beta", "Gamma_50%"}),
        ("ActivityDate = 2026-03-01", {"Alpha"}),
        ("ActivityDate > 2026-02-20", {"Alpha"}),
        ("ActivityDate = LAST_N_DAYS:5", {"Alpha"}),
        ("ActivityDate = LAST_MONTH", {"beta"}),
        ("ActivityDate < THIS_MONTH", {"beta"}),
        ("ActivityDate >= THIS_YEAR", {"Alpha", "beta"}),
        ("CreatedDate = TODAY", {"Alpha"}),
        ("CreatedDate = YESTERDAY", {"beta"}),
        ("CreatedDate < TODAY", {"beta", "Gamma_50%"}),
        ("CreatedDate = N_DAYS_AGO:2", {"Gamma_50%"}),
        ("CreatedDate = LAST_90_DAYS", {"Alpha", "beta", "Gamma_50%"}),
        ("CreatedDate = LAST_N_WEEKS:1", {"Gamma_50%"}),
        ("CreatedDate = THIS_WEEK", {"Alpha", "beta"}),
        ("CreatedDate = LAST_WEEK", {"Gamma_50%"}),
        ("CreatedDate = LAST_N_MONTHS:2", {"Gamma_50%"}),
        ("CreatedDate = NEXT_N_DAYS:1", set()),
        ("CreatedDate = TOMORROW", set()),
        ("CreatedDate != LAST_YEAR", {"Alpha", "beta", "Gamma_50%"}),
        ("CreatedDate IN (TODAY, YESTERDAY)", {"Alpha", "beta"}),
        ("ActivityDate > null", set()),
        ("Subject = '\\u0062eta'", {"beta"}),
        ("CreatedDate >= 2026-03-01T09:00:00Z", {"Alpha", "beta"}),
        ("CreatedDate > 2026-03-01T09:00:00Z", {"Alpha"}),
        ("CreatedDate <= 2026-03-01T10:00:00.000+01:00", {"beta", "Gamma_50%"}),
        ("CreatedDate = 2026-03-01T09:00:00.999Z", {"beta"}),
        ("(NOT Subject = 'beta')", {"Alpha", "Gamma_50%"}),
        ("NOT (Subject = 'beta' OR IsClosed = TRUE)", {"Gamma_50%"}),
        ("IsClosed = TRUE AND (Subject = 'alpha' OR Subject = 'beta')", {"Alpha"}),
        ("Owner.Name = 'system admin'", {"Alpha", "beta", "Gamma_50%"}),
        ("Owner.Type = 'User' AND CallType = 'Inbound'", {"beta"}),
        ("What.Type = 'Opportunity'", set()),
        ("WhatId = ''", {"Alpha", "beta", "Gamma_50%"}),
    ],
)
def test_conditions_choose_rows(door: Door, three: dict[str, str], where: str, expected: set[str]) -> None:
    assert subjects(door, where) == expected


def test_ids_are_found_in_both_lengths_and_compared_exactly(door: Door, three: dict[str, str]) -> None:
    wanted = three["beta"]
    assert subjects(door, f"Id = '{wanted[:15]}'") == {"beta"}
    assert subjects(door, f"Id IN ('{wanted}', '{three['Alpha'][:15]}')") == {"Alpha", "beta"}
    assert subjects(door, f"Id > '{wanted}'") == {"Gamma_50%"}


def test_a_parent_that_is_missing_has_no_values(
    org: SalesforceOrg, door: Door, three: dict[str, str]
) -> None:
    assert door.query("SELECT Id FROM Task WHERE Who.Name = 'Moss'") == []
    contact = org.insert("Contact", {"FirstName": "Ada", "LastName": "Moss"})
    org.update(three["beta"], {"WhoId": contact})
    assert subjects(door, "Who.Type = 'Contact' AND Who.LastName = 'moss'") == {"beta"}
    who = {"FirstName": "Ada", "Type": "Contact"}
    soql = f"SELECT Who.FirstName, Who.Type FROM Task WHERE WhoId = '{contact}'"
    assert door.query(soql) == [{"Who": who}]


def test_multi_select_picklists_have_operators_of_their_own(org: SalesforceOrg, door: Door) -> None:
    values = [{"fullName": name, "label": name} for name in ("A", "B", "C")]
    org.add_custom_field(
        "Activity",
        "Tags__c",
        {
            "label": "Tags",
            "type": "MultiselectPicklist",
            "visibleLines": 3,
            "valueSet": {"restricted": True, "valueSetDefinition": {"value": values}},
        },
    )
    for tags in ("A", "B;A", "C", None):
        org.insert("Task", {"Subject": str(tags), "Tags__c": tags})
    assert subjects(door, "Tags__c INCLUDES ('A')") == {"A", "B;A"}
    assert subjects(door, "Tags__c INCLUDES ('a;B', 'C')") == {"B;A", "C"}
    assert subjects(door, "Tags__c EXCLUDES ('A')") == {"C", "None"}
    assert subjects(door, "Tags__c = 'A;B'") == {"B;A"}
    assert subjects(door, "Tags__c = null") == {"None"}
    assert door.query("SELECT Tags__c FROM Task WHERE Subject = 'B;A'") == [{"Tags__c": "A;B"}]
    assert (
        door.query_refusal("SELECT Id FROM Task WHERE Tags__c LIKE 'A%'")[1]
        == "INVALID_QUERY_FILTER_OPERATOR"
    )
    assert door.query_refusal("SELECT Id FROM Task ORDER BY Tags__c")[1] == "MALFORMED_QUERY"


def test_rows_are_ordered_by_several_keys_with_nulls_first(door: Door, three: dict[str, str]) -> None:
    def order(by: str) -> list[str]:
        return [row["Subject"] for row in door.query(f"SELECT Subject FROM Task ORDER BY {by}")]

    assert order("Subject") == ["Alpha", "beta", "Gamma_50%"], "text is ordered without case"
    assert order("CallDurationInSeconds DESC") == ["Gamma_50%", "beta", "Alpha"]
    assert order("CallDurationInSeconds NULLS FIRST") == ["Gamma_50%", "Alpha", "beta"]
    assert order("CallDurationInSeconds DESC NULLS LAST") == ["beta", "Alpha", "Gamma_50%"]
    assert order("IsClosed DESC, SystemModstamp, Id") == ["Alpha", "Gamma_50%", "beta"]
    assert order("Status, Subject DESC") == ["Gamma_50%", "beta", "Alpha"], "picklists in their own order"


def test_limit_and_offset_cut_the_rows(door: Door, three: dict[str, str]) -> None:
    rows = door.query("SELECT Subject FROM Task ORDER BY Subject LIMIT 1 OFFSET 1")
    assert rows == [{"Subject": "beta"}]
    assert door.query("SELECT Subject FROM Task LIMIT 0") == []


def test_counting_gives_a_number_and_no_rows(door: Door, three: dict[str, str]) -> None:
    answer = door.call("GET", "/query", params={"q": "SELECT COUNT() FROM Task WHERE IsClosed = FALSE"})
    assert answer.json() == {"totalSize": 2, "done": True, "records": []}


def test_parents_are_printed_as_records_of_their_own(org: SalesforceOrg, door: Door, task: str) -> None:
    soql = "SELECT Id, What.Type, What.Name, Who.Name, Account.Name, Account.Owner.LastName FROM Task"
    row = door.call("GET", "/query", params={"q": soql}).json()["records"][0]
    deal = org.read(task)["WhatId"]
    assert row["attributes"] == {"type": "Task", "url": f"/services/data/v66.0/sobjects/Task/{task}"}
    assert row["What"]["attributes"] == {
        "type": "Name",
        "url": f"/services/data/v66.0/sobjects/Opportunity/{deal}",
    }
    assert (row["What"]["Type"], row["What"]["Name"], row["Who"]) == ("Opportunity", "Oven line", None)
    assert row["Account"]["attributes"]["type"] == "Account"
    assert (row["Account"]["Name"], row["Account"]["Owner"]["LastName"]) == ("Birch & Rye", "Admin")


def test_typeof_prints_columns_by_the_parents_type(org: SalesforceOrg, door: Door, task: str) -> None:
    account = org.rows("Account")[0]["Id"]
    org.insert("Task", {"Subject": "On an account", "WhatId": account})
    org.insert("Task", {"Subject": "On nothing"})
    soql = "SELECT TYPEOF What WHEN Opportunity THEN StageName, IsClosed ELSE Name END FROM Task ORDER BY Id"
    answer = door.call("GET", "/query", params={"q": soql}).json()["records"]
    assert [row["What"] and row["What"]["attributes"]["type"] for row in answer] == [
        "Opportunity",
        "Account",
        None,
    ]
    assert door.query(soql) == [
        {"What": {"StageName": "Prospecting", "IsClosed": False}},
        {"What": {"Name": "Birch & Rye"}},
        {"What": None},
    ]
    without_else = soql.replace(" ELSE Name", "").replace("StageName, ", "")
    assert door.query(without_else) == [{"What": {"IsClosed": False}}, {"What": {}}, {"What": None}]


def test_child_queries_hang_on_their_parents(org: SalesforceOrg, door: Door, task: str, clock: Clock) -> None:
    deal = org.read(task)["WhatId"]
    org.update(deal, {"StageName": "Needs Analysis"}, at=clock.advance(hours=1))
    other = org.insert("Opportunity", {"Name": "B", "StageName": "Prospecting", "CloseDate": "2026-07-01"})
    soql = (
        "SELECT Id, (SELECT StageName FROM OpportunityHistories WHERE CreatedDate > 2026-03-02T09:00:00Z "
        "ORDER BY CreatedDate DESC LIMIT 1), (SELECT Id FROM OpportunityContactRoles) FROM Opportunity "
        f"WHERE Id IN ('{deal}', '{other}') ORDER BY Id"
    )
    first, second = door.query(soql)
    assert first["OpportunityHistories"] == {
        "totalSize": 1,
        "done": True,
        "records": [{"StageName": "Needs Analysis"}],
    }
    assert first["OpportunityContactRoles"] is None
    assert second["OpportunityHistories"]["records"] == [{"StageName": "Prospecting"}]


def test_an_inner_query_gives_the_ids_to_look_for(org: SalesforceOrg, door: Door, task: str) -> None:
    org.insert("Task", {"Subject": "On nothing"})
    inner = "SELECT Id FROM Opportunity WHERE StageName = 'Prospecting'"
    assert subjects(door, f"WhatId IN ({inner})") == {"Call"}
    assert subjects(door, f"WhatId NOT IN ({inner})") == {"On nothing"}


def test_deleted_and_archived_rows_show_in_query_all_alone(
    org: SalesforceOrg, door: Door, clock: Clock
) -> None:
    long_ago = START - timedelta(days=366)
    org.insert("Task", {"Subject": "Old and closed", "Status": "Completed"}, at=long_ago)
    org.insert("Task", {"Subject": "Old and open"}, at=long_ago)
    org.insert(
        "Task", {"Subject": "Due later", "Status": "Completed", "ActivityDate": "2026-03-01"}, at=long_ago
    )
    org.remove(org.insert("Task", {"Subject": "Deleted"}))
    meeting = {"StartDateTime": long_ago, "DurationInMinutes": 30}
    event = org.insert("Event", {"Subject": "Old meeting", **meeting}, at=long_ago)
    assert subjects(door, "Id != null") == {"Old and closed", "Old and open", "Due later"}, (
        "a row is archived by a process, not by the clock"
    )
    org.archive_old_activities()
    assert subjects(door, "Id != null") == {"Old and open", "Due later"}
    assert org.read(event)["IsArchived"] is True
    assert subjects(door, "IsDeleted = TRUE") == set()
    everything = {"Old and closed", "Old and open", "Due later", "Deleted"}
    assert subjects(door, "Id != null", "/queryAll") == everything
    assert subjects(door, "IsDeleted = TRUE", "/queryAll") == {"Deleted"}
    assert subjects(door, "IsArchived = TRUE", "/queryAll") == {"Old and closed"}


def pages(door: Door, soql: str, **headers: str) -> list[list[str]]:
    """Ids of each page of a query, following its next URLs."""
    answer = door.call("GET", "/query", params={"q": soql}, headers=headers).json()
    found = [[row["Id"] for row in answer["records"]]]
    while not answer["done"]:
        path = answer["nextRecordsUrl"].removeprefix(f"/services/data/v{door.version}")
        answer = door.call("GET", path).json()
        found.append([row["Id"] for row in answer["records"]])
    return found


@pytest.fixture
def many(org: SalesforceOrg) -> list[str]:
    return [org.insert("Task", {"Subject": str(number)}) for number in range(2_500)]


def test_pages_hold_2000_rows_and_the_library_walks_them(
    org: SalesforceOrg, door: Door, many: list[str]
) -> None:
    found = pages(door, "SELECT Id FROM Task")
    assert [len(page) for page in found] == [2_000, 500]
    assert list(chain.from_iterable(found)) == many
    assert org.usage.kinds == {"query": 1, "query_more": 1}
    rows = door.library().query_all_iter("SELECT Id FROM Task")
    assert [row["Id"] for row in rows] == many


@pytest.mark.parametrize(("asked", "rows"), [(500, 500), (10, 200), (9_999, 2_000)])
def test_a_batch_size_is_a_hint_within_bounds(door: Door, many: list[str], asked: int, rows: int) -> None:
    found = pages(door, "SELECT Id FROM Task", **{"Sforce-Query-Options": f"batchSize={asked}"})
    assert len(found[0]) == rows
    assert list(chain.from_iterable(found)) == many


def test_pages_may_be_smaller_than_asked(org: SalesforceOrg, door: Door, many: list[str]) -> None:
    org.cursors.page_sizes = (700, 1)
    found = pages(door, "SELECT Id FROM Task LIMIT 1500")
    assert [len(page) for page in found] == [700, 1, 700, 1, 98]
    assert list(chain.from_iterable(found)) == many[:1_500]


def test_two_long_text_columns_make_pages_of_200(org: SalesforceOrg, door: Door) -> None:
    for name in ("One__c", "Two__c"):
        metadata = {"label": name, "type": "LongTextArea", "length": 1_000, "visibleLines": 3}
        org.add_custom_field("Account", name, metadata)
    for number in range(201):
        org.insert("Account", {"Name": str(number)})
    assert [len(page) for page in pages(door, "SELECT Id, One__c FROM Account")] == [201]
    assert [len(page) for page in pages(door, "SELECT Id, One__c, Two__c FROM Account")] == [200, 1]


def test_locators_expire_and_belong_to_their_user(
    org: SalesforceOrg, door: Door, many: list[str], clock: Clock
) -> None:
    first = door.call("GET", "/query", params={"q": "SELECT Id FROM Task"}).json()
    path = first["nextRecordsUrl"].removeprefix("/services/data/v66.0")
    assert door.call("GET", path).status_code == 200
    own, door.token = door.token, org.open_session(org.admin_id).token
    assert door.refusal("GET", path)[:2] == (400, "INVALID_QUERY_LOCATOR")
    door.token = own
    assert door.refusal("GET", "/query/01g000000000001-2000")[1] == "INVALID_QUERY_LOCATOR"
    clock.advance(days=2)
    door.token = org.open_session(door.user_id).token
    assert door.refusal("GET", path)[:2] == (400, "INVALID_QUERY_LOCATOR")


def test_all_locators_can_be_expired_at_once(org: SalesforceOrg, door: Door, many: list[str]) -> None:
    org.switches = replace(org.switches, expired_locator_status=404)
    first = door.call("GET", "/query", params={"q": "SELECT Id FROM Task"}).json()
    org.cursors.expire_all()
    path = first["nextRecordsUrl"].removeprefix("/services/data/v66.0")
    assert door.refusal("GET", path)[:2] == (404, "INVALID_QUERY_LOCATOR")


def test_a_row_without_a_right_to_its_object_is_of_no_type(org: SalesforceOrg, door: Door) -> None:
    org.set_object_access("Opportunity", "hidden", door.user_id)
    assert door.query_refusal("SELECT Id FROM Opportunity")[1] == "INVALID_TYPE"


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
STAMPS = st.integers(0, 200_000).map(lambda seconds: START + timedelta(seconds=seconds))
ROWS = st.lists(st.tuples(STAMPS, st.none() | st.integers(0, 3)), max_size=12)


@settings(max_examples=60)
@given(ROWS, STAMPS, st.sampled_from(sorted(COMPARE)), st.integers(0, 3))
def test_conditions_agree_with_plain_comparison(
    rows: list[tuple[datetime, int | None]], moment: datetime, symbol: str, seconds: int
) -> None:
    org = SalesforceOrg()
    for at, duration in rows:
        org.insert("Task", {"Subject": "A", "CallDurationInSeconds": duration}, at=at)
    soql = (
        f"SELECT Id FROM Task WHERE CreatedDate {symbol} {moment:%Y-%m-%dT%H:%M:%SZ} "
        f"OR CallDurationInSeconds {symbol} {seconds}"
    )
    compare = COMPARE[symbol]
    expected = [
        compare(at, moment) or (duration is not None and compare(duration, seconds)) for at, duration in rows
    ]
    found = run_query(parse(soql), Caller(org, Author(org.admin_id, START, 66)))
    assert [row["Id"] for row in found.rows] == [
        row["Id"] for row, wanted in zip(org.rows("Task"), expected, strict=True) if wanted
    ]


@settings(max_examples=40)
@given(st.lists(STAMPS, min_size=1, max_size=25), st.integers(1, 5))
def test_a_walk_by_stamp_and_id_meets_every_row_once(stamps: list[datetime], step: int) -> None:
    org = SalesforceOrg()
    created = {org.insert("Task", {"Subject": "A"}, at=at) for at in stamps}
    caller = Caller(org, Author(org.admin_id, START, 66))
    met: list[str] = []
    after = "Id != null"
    while True:
        soql = f"SELECT Id, SystemModstamp FROM Task WHERE {after} ORDER BY SystemModstamp, Id LIMIT {step}"
        rows = run_query(parse(soql), caller).rows
        if not rows:
            break
        met.extend(row["Id"] for row in rows)
        last = rows[-1]["SystemModstamp"]
        after = f"(SystemModstamp = {last} AND Id > '{rows[-1]['Id']}') OR SystemModstamp > {last}"
    assert sorted(met) == sorted(created)
