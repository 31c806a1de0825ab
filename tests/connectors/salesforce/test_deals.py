"""Which opportunities a call may belong to, and the stage each had at that time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.salesforce.deals import DealFinder, LinkedCall, Stage, stage_at
from velma_connectors.salesforce.fields import KnownFields

CALLED = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = "2026-03-10T00:00:00.000+0000"
EARLIER = "2026-02-01T00:00:00.000+0000"


def opportunity(org: Any, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "Id": org.id("006", number),
        "Name": f"Deal {number}",
        "StageName": "Negotiation",
        "IsClosed": False,
        "Amount": 1000.0 * number,
        "AccountId": org.id("001", 1),
        "CreatedDate": f"2026-01-{number:02d}T00:00:00.000+0000",
        "SystemModstamp": LATER,
        "RecordType": {"DeveloperName": "New_Business"},
        **changes,
    }


def linked(org: Any, number: int, **ids: str | None) -> LinkedCall:
    return LinkedCall(
        org.id("00T", number), CALLED, ids.get("opportunity"), ids.get("account"), ids.get("contact")
    )


@pytest.fixture
def finder(org: Any, client: Any) -> DealFinder:
    entries = [org.field_entry("Amount", "currency"), org.field_entry("RecordTypeId", "reference")]
    org.on("GET sobjects/Opportunity/describe", {"fields": entries})
    org.on("FROM OpportunityHistory", org.rows())
    return DealFinder(client, KnownFields(client), candidates=True)


def test_the_opportunity_on_the_record_is_the_primary_one_with_its_stage_at_call_time(
    org: Any, finder: DealFinder
) -> None:
    org.on("FROM Opportunity WHERE", org.rows(opportunity(org, 1, IsClosed=True, StageName="Closed Won")))
    org.on(
        "FROM OpportunityHistory",
        org.rows(
            *[
                {"OpportunityId": org.id("006", 1), "StageName": stage, "CreatedDate": date}
                for stage, date in [("Discovery", EARLIER), ("Demo", "2026-03-02T08:59:59.000+0000"),
                                    ("Closed Won", LATER)]
            ]
        ),
    )  # fmt: skip
    call = linked(org, 1, opportunity=org.id("006", 1), account=org.id("001", 1))
    (deal,) = finder.deals_of([call])[call.call_id]
    assert (deal.ref.id, deal.stage, deal.is_open, deal.is_primary) == (
        org.id("006", 1),
        "Demo",
        False,
        True,
    )
    assert (deal.pipeline, deal.amount) == ("New_Business", 1000.0)
    assert "AccountId IN" not in org.requests("FROM Opportunity ")[0].soql


def test_other_calls_get_the_open_deals_of_their_account_and_contact_newest_first(
    org: Any, finder: DealFinder
) -> None:
    of_account = [opportunity(org, 1), opportunity(org, 2, IsClosed=True), opportunity(org, 3)]
    of_contact = opportunity(org, 4, AccountId=org.id("001", 9))
    org.on(
        "FROM OpportunityContactRole",
        org.rows({"ContactId": org.id("003", 1), "OpportunityId": org.id("006", 4)}),
    )
    org.on("FROM Opportunity WHERE", org.rows(*of_account, of_contact))
    call = linked(org, 1, account=org.id("001", 1), contact=org.id("003", 1))
    bare = linked(org, 2)
    deals = finder.deals_of([call, bare])
    assert [deal.ref.id for deal in deals[call.call_id]] == [org.id("006", number) for number in (4, 3, 1)]
    assert not any(deal.is_primary for deal in deals[call.call_id])
    assert bare.call_id not in deals


def test_a_deal_that_is_gone_or_not_shared_is_no_deal(org: Any, finder: DealFinder) -> None:
    org.on("FROM Opportunity WHERE", org.rows())
    call = linked(org, 1, opportunity=org.id("006", 1))
    assert finder.deals_of([call]) == {}


def test_the_history_is_only_asked_for_deals_whose_stage_may_have_been_another(
    org: Any, finder: DealFinder
) -> None:
    saved_before = opportunity(org, 1, SystemModstamp=EARLIER)
    same_stage = opportunity(org, 2, LastStageChangeDate=EARLIER)
    org.on("FROM Opportunity WHERE", org.rows(saved_before, same_stage))
    calls = [linked(org, number, opportunity=org.id("006", number)) for number in (1, 2)]
    deals = finder.deals_of(calls)
    assert [deals[call.call_id][0].stage for call in calls] == ["Negotiation"] * 2
    assert not org.requests("OpportunityHistory")


def test_calls_around_nothing_ask_nothing(org: Any, finder: DealFinder) -> None:
    assert finder.deals_of([linked(org, 1)]) == {}
    assert finder.deals_of([]) == {}
    assert org.seen == []


def test_candidates_can_be_switched_off(org: Any, client: Any) -> None:
    finder = DealFinder(client, KnownFields(client), candidates=False)
    assert finder.deals_of([linked(org, 1, account=org.id("001", 1), contact=org.id("003", 1))]) == {}
    assert org.seen == []


def test_deals_of_many_calls_cost_three_requests(org: Any, finder: DealFinder) -> None:
    org.on("FROM OpportunityContactRole", org.rows())
    org.on("FROM Opportunity WHERE", org.rows(*[opportunity(org, number) for number in range(1, 20)]))
    calls = [linked(org, n, opportunity=org.id("006", n % 19 + 1)) for n in range(100)]
    calls += [linked(org, n, account=org.id("001", n), contact=org.id("003", n)) for n in range(100)]
    finder.deals_of(calls)
    assert len(org.requests("GET query")) == 3


def test_fields_that_are_hidden_are_not_asked_for(org: Any, client: Any) -> None:
    org.on("GET sobjects/Opportunity/describe", {"fields": []})
    found = opportunity(org, 1, SystemModstamp=EARLIER)
    del found["Amount"], found["RecordType"]
    org.on("FROM Opportunity WHERE", org.rows(found))
    call = linked(org, 1, opportunity=org.id("006", 1))
    (deal,) = DealFinder(client, KnownFields(client), candidates=True).deals_of([call])[call.call_id]
    assert (deal.amount, deal.pipeline) == (None, None)
    (query,) = org.requests("FROM Opportunity ")
    assert "Amount" not in query.soql
    assert "RecordType" not in query.soql


def test_a_field_hidden_since_it_was_described_is_noticed(org: Any, finder: DealFinder) -> None:
    call = linked(org, 1, opportunity=org.id("006", 1))
    found = opportunity(org, 1, SystemModstamp=EARLIER)
    refusal = org.error(400, "INVALID_FIELD", "No such column 'Amount' on sobject of type Opportunity")
    org.on("FROM Opportunity WHERE", org.rows(found), refusal, org.rows(found))
    finder.deals_of([call])
    org.on("GET sobjects/Opportunity/describe", {"fields": []})
    finder.deals_of([call])
    assert "Amount" not in org.requests("FROM Opportunity ")[-1].soql


@given(
    hours=st.lists(st.integers(-1000, 1000), max_size=8, unique=True).map(sorted),
    moment=st.integers(-1000, 1000),
)
def test_the_stage_is_the_last_one_set_before_the_call(hours: list[int], moment: int) -> None:
    stages = [Stage(str(hour), CALLED + timedelta(hours=hour)) for hour in hours]
    past = [hour for hour in hours if hour <= moment]
    expected = str(past[-1]) if past else str(hours[0]) if hours else "today's"
    assert stage_at(CALLED + timedelta(hours=moment), stages, "today's") == expected
