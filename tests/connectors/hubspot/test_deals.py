"""Which deals a call may belong to, and the stage each had at that time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.deals import DealFinder, LinkedCall, PastValue, value_at
from velma_connectors.hubspot.pipelines import Pipelines, Place
from velma_connectors.model import Deal
from velma_connectors.sandbox.hubspot import HubSpotPortal
from velma_connectors.testing.clock import ManualClock

STAGES: Mapping[str, Any] = {"Discovery": False, "Demo": False, "Offer": False, "Won": "won", "Lost": True}


class Board:
    """A portal with a pipeline named Renewals, and calls that took place an hour before the test begins."""

    def __init__(self, portal: HubSpotPortal, client: HubSpotClient, clock: ManualClock) -> None:
        self.portal = portal
        self.client = client
        self.clock = clock
        self.called = clock.now() - timedelta(hours=1)
        self.pipeline = portal.add_pipeline("Renewals", STAGES)
        self.finder = DealFinder(client, candidates=True, now=clock.now)

    def hours(self, hours: float) -> datetime:
        """So many hours after the call; negative ones before."""
        return self.called + timedelta(hours=hours)

    def deal(self, *stages: tuple[str, float], **properties: Any) -> str:
        """A deal that came to these stages, each so many hours after the call."""
        (first, entered), *later = stages or [("Discovery", -100.0)]
        values = {"dealname": "A deal", "dealstage": self.stage(first), **properties}
        deal: str = self.portal.insert("deals", values, at=self.hours(entered))
        for label, hours in later:
            self.move(deal, label, hours)
        return deal

    def stage(self, label: str) -> str:
        found: str = self.portal.stage_id("Renewals", label)
        return found

    def move(self, deal: str, label: str, hours: float) -> None:
        self.portal.update("deals", deal, {"dealstage": self.stage(label)}, at=self.hours(hours))

    def of(
        self, *deals: str, contacts: Sequence[str] = (), companies: Sequence[str] = ()
    ) -> tuple[Deal, ...]:
        """The deals of one call that is associated with these records."""
        call = LinkedCall("1", self.called, deals, tuple(contacts), tuple(companies))
        return self.finder.deals_of([call]).get("1", ())

    def requests(self) -> dict[str, int]:
        kinds: dict[str, int] = self.portal.usage.snapshot()["kinds"]
        return kinds


@pytest.fixture
def board(portal: HubSpotPortal, client: HubSpotClient, clock: ManualClock) -> Board:
    return Board(portal, client, clock)


def found(deals: Sequence[Deal]) -> list[str]:
    return [deal.ref.id for deal in deals]


# Of its own


def test_the_deal_on_the_call_is_the_primary_one_with_labels_for_ids(board: Board) -> None:
    deal = board.deal(("Demo", -50), amount="1250.50", dealname="Harbour crane")
    (only,) = board.of(deal)
    assert (only.ref.object, only.ref.id, only.name) == ("deals", deal, "Harbour crane")
    assert (only.stage, only.pipeline, only.is_open, only.is_primary) == ("Demo", "Renewals", True, True)
    assert (only.amount, only.created_at) == (1250.5, board.hours(-50))


@pytest.mark.parametrize(("amount", "read"), [(None, None), ("", None), ("0", 0.0), ("-1000.25", -1000.25)])
def test_an_amount_may_be_missing(board: Board, amount: str | None, read: float | None) -> None:
    (deal,) = board.of(board.deal(amount=amount))
    assert deal.amount == read


def test_a_closed_deal_on_the_call_stays_the_calls_deal(board: Board) -> None:
    deals = [board.deal(("Demo", -50), (closed, 0.5)) for closed in ("Won", "Lost")]
    assert [(deal.is_open, deal.stage) for deal in board.of(*deals)] == [(False, "Demo"), (False, "Demo")]


def test_a_deal_that_is_gone_is_left_out(board: Board) -> None:
    kept, gone = board.deal(), board.deal()
    board.portal.archive("deals", gone)
    assert found(board.of(kept, gone)) == [kept]
    assert board.of(gone) == ()


def test_calls_without_any_deal_cost_nothing(board: Board) -> None:
    assert board.of() == ()
    assert board.requests() == {}


# Candidates


def test_a_call_without_a_deal_gets_the_open_ones_of_its_contacts_and_companies_newest_first(
    board: Board,
) -> None:
    contact, company = board.portal.insert("contacts", {}), board.portal.insert("companies", {})
    of_contact, of_company, of_both, closed, other = (
        board.deal(("Discovery", -hours)) for hours in (50, 20, 90, 10, 5)
    )
    board.move(closed, "Lost", -1)
    for deal in (of_contact, of_both, closed):
        board.portal.associate("deals", deal, "contacts", contact)
    for deal in (of_company, of_both):
        board.portal.associate("deals", deal, "companies", company)
    deals = board.of(contacts=[contact], companies=[company])
    assert found(deals) == [of_company, of_contact, of_both]
    assert not any(deal.is_primary for deal in deals)
    assert found(board.of(other, contacts=[contact], companies=[company])) == [other]


@pytest.mark.parametrize(("hours", "expected"), [(23.9, 1), (24.1, 0)])
def test_a_deal_entered_within_a_day_after_the_call_is_a_candidate(
    board: Board, hours: float, expected: int
) -> None:
    board.clock.advance(30 * 3600)
    contact = board.portal.insert("contacts", {})
    board.portal.associate("deals", board.deal(("Demo", hours)), "contacts", contact)
    deals = board.of(contacts=[contact])
    assert [deal.stage for deal in deals] == ["Demo"] * expected


def test_candidates_can_be_switched_off(board: Board) -> None:
    contact = board.portal.insert("contacts", {})
    board.portal.associate("deals", board.deal(), "contacts", contact)
    board.finder = DealFinder(board.client, candidates=False, now=board.clock.now)
    assert board.of(contacts=[contact]) == ()
    assert board.requests() == {}


def test_many_calls_share_their_requests(board: Board) -> None:
    deals = [board.deal() for _ in range(120)]
    contacts = [board.portal.insert("contacts", {}) for _ in range(40)]
    for deal, contact in zip(deals, contacts, strict=False):
        board.portal.associate("deals", deal, "contacts", contact)
    linked = [LinkedCall(str(n), board.called, (deal,), (), ()) for n, deal in enumerate(deals)]
    loose = [LinkedCall(f"loose {n}", board.called, (), (one,), ()) for n, one in enumerate(contacts)]
    assert len(board.finder.deals_of([*linked, *loose])) == 160
    assert board.requests() == {"association read": 1, "batch read": 2, "pipelines": 1}


# Stages at call time


@pytest.mark.parametrize(
    ("stages", "stage"),
    [
        ([("Discovery", -90.0), ("Demo", -20.0), ("Offer", 0.2), ("Won", 0.5)], "Demo"),
        ([("Discovery", -90.0), ("Demo", 0.0), ("Offer", 0.2)], "Demo"),
        ([("Discovery", 0.2), ("Demo", 0.4)], "Discovery"),
        ([("Discovery", -90.0), ("Demo", -20.0)], "Demo"),
        ([("Demo", -90.0), ("Offer", -20.0), ("Demo", 0.1)], "Offer"),
    ],
    ids=["several changes", "at the very moment", "younger than the call", "none since", "there and back"],
)
def test_the_stage_is_the_one_at_call_time(board: Board, stages: list[tuple[str, float]], stage: str) -> None:
    assert [deal.stage for deal in board.of(board.deal(*stages))] == [stage]


def test_past_stages_are_read_only_for_deals_that_have_moved_since(board: Board) -> None:
    still = [board.deal(("Discovery", -90), ("Demo", -20)) for _ in range(60)]
    board.of(*still)
    assert board.requests()["batch read"] == 1
    moved = [board.deal(("Discovery", -90), ("Demo", 0.5)) for _ in range(60)]
    assert {deal.stage for deal in board.of(*moved)} == {"Discovery"}
    assert board.requests()["batch read"] == 1 + 1 + 2


def test_a_portal_that_keeps_no_date_of_the_current_stage_is_asked_for_the_past(board: Board) -> None:
    board.portal.delete_property("deals", "hs_v2_date_entered_current_stage")
    deal = board.deal(("Discovery", -90), ("Demo", -20), ("Offer", 0.5))
    assert [each.stage for each in board.of(deal)] == ["Demo"]


def test_a_deal_in_another_pipeline_today_has_stage_and_pipeline_of_then(board: Board) -> None:
    deal = board.deal(("Demo", -20))
    values = {"pipeline": "default", "dealstage": "contractsent"}
    board.portal.update("deals", deal, values, at=board.hours(0.5))
    assert [(each.pipeline, each.stage) for each in board.of(deal)] == [("Renewals", "Demo")]


def test_two_calls_of_one_deal_each_have_the_stage_of_their_time(board: Board) -> None:
    deal = board.deal(("Discovery", -90), ("Demo", -20))
    calls = [LinkedCall(str(hours), board.hours(hours), (deal,), (), ()) for hours in (-30, -10)]
    deals = board.finder.deals_of(calls)
    assert [deals[call.id][0].stage for call in calls] == ["Discovery", "Demo"]


TIMES = st.integers(0, 20).map(lambda day: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day))


@given(st.lists(st.tuples(TIMES, st.sampled_from("ABC"))), TIMES)
def test_the_value_at_a_moment_is_the_last_one_set_until_then(
    changes: list[tuple[datetime, str]], moment: datetime
) -> None:
    history = [PastValue(value, since) for since, value in sorted(changes, key=lambda change: change[0])]
    value = value_at(moment, history, "today")
    if not history:
        assert value == "today"
        return
    matching = next((past for past in reversed(history) if past.since <= moment), history[0])
    assert value == matching.value


# Pipelines


def relabel(portal: HubSpotPortal, old: str, new: str) -> None:
    """As an admin renames a stage of Renewals; its id stays."""
    portal.pipelines.all[:] = [
        replace(
            each,
            stages=tuple(replace(s, label=new) if s.label == old else s for s in each.stages),
        )
        if each.label == "Renewals"
        else each
        for each in portal.pipelines.all
    ]


def test_labels_changed_by_an_admin_are_known_within_the_hour(board: Board) -> None:
    deal = board.deal(("Demo", -20))
    labels = [board.of(deal)[0].stage]
    relabel(board.portal, "Demo", "Presentation")
    labels.append(board.of(deal)[0].stage)
    board.clock.advance(3_600)
    labels.append(board.of(deal)[0].stage)
    assert labels == ["Demo", "Demo", "Presentation"]
    assert board.requests()["pipelines"] == 2


def test_a_pipeline_that_is_new_is_looked_for_at_once(board: Board) -> None:
    board.of(board.deal())
    board.portal.add_pipeline("Services", {"Scoping": False})
    stage = board.portal.stage_id("Services", "Scoping")
    deal = board.portal.insert("deals", {"dealname": "New", "dealstage": stage}, at=board.hours(-1))
    assert [(each.pipeline, each.stage) for each in board.of(deal)] == [("Services", "Scoping")]
    assert board.requests()["pipelines"] == 2


def test_a_stage_that_nobody_knows_is_looked_for_once_and_stands_for_itself(board: Board) -> None:
    deal = board.deal(("Demo", -20))
    board.portal.update("deals", deal, {"dealstage": "deleted-stage"}, at=board.hours(-1))
    for _ in range(3):
        (only,) = board.of(deal)
        assert (only.pipeline, only.stage, only.is_open) == ("Renewals", "deleted-stage", True)
    assert board.requests()["pipelines"] == 1
    board.of(board.deal(("Won", -5)), deal)
    assert board.requests()["pipelines"] == 1


def test_a_deal_in_an_unknown_stage_is_closed_when_hubspot_says_so(board: Board) -> None:
    contact = board.portal.insert("contacts", {})
    deal = board.deal(("Demo", -20))
    board.portal.associate("deals", deal, "contacts", contact)
    values = {"dealstage": "deleted-stage", "hs_is_closed": "true"}
    board.portal.update("deals", deal, values, at=board.hours(-1))
    assert board.of(contacts=[contact]) == ()
    assert [each.is_open for each in board.of(deal)] == [False]


def test_labels_of_nothing_cost_nothing_and_an_id_without_a_label_is_its_own(
    portal: HubSpotPortal, client: HubSpotClient, clock: ManualClock, token: str
) -> None:
    pipelines = Pipelines(client, clock.now)
    pipelines.labels([])
    assert portal.usage.snapshot()["requests"] == 0
    portal.add_token(token, ["crm.objects.contacts.read"])
    place = Place("default", "contractsent")
    labels = pipelines.labels([place])
    assert (labels.pipeline_of(place), labels.stage_of(place)) == ("default", "contractsent")
    assert (labels.pipeline_of(Place("", "")), labels.stage_of(Place("", ""))) == (None, None)
