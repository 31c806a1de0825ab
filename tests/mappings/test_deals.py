"""Which deal a call counts for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from velma_mappings.deals import DealRule, choose_deal


def chosen(make: Any, rule: DealRule, *deals: dict[str, Any]) -> tuple[str | None, str]:
    made = tuple(make.deal(f"006{place}", **more) for place, more in enumerate(deals))
    choice = choose_deal(make.call(deals=made), rule)
    assert choice.deal is None or choice.deal in made
    return (choice.deal.ref.id if choice.deal else None), choice.reason


OPEN: dict[str, Any] = {"is_open": True}
CLOSED: dict[str, Any] = {"is_open": False}
NAMED: dict[str, Any] = {"is_primary": True}


@pytest.mark.parametrize(
    ("rule", "deals", "expected"),
    [
        ("only_open", [OPEN], ("0060", "")),
        ("only_open", [CLOSED, OPEN], ("0061", "")),
        ("only_open", [CLOSED], (None, "none of the call's deals is open")),
        ("only_open", [OPEN, OPEN], (None, "several of the call's deals are open")),
        ("only_open", [OPEN, {**OPEN, **NAMED}], (None, "several of the call's deals are open")),
        ("primary", [OPEN, NAMED], ("0061", "")),
        ("primary", [OPEN, {**CLOSED, **NAMED}], ("0061", "")),
        ("primary", [OPEN], (None, "the call's record names no deal")),
        ("primary", [NAMED, NAMED], (None, "the call's record names several deals")),
        ("newest_open", [OPEN], ("0060", "")),
        ("newest_open", [CLOSED], (None, "none of the call's deals is open")),
        ("newest_open", [OPEN, OPEN], (None, "several of the call's deals are open")),
    ],
)
def test_a_deal_is_chosen_by_the_rule_or_not_at_all(
    make: Any, rule: str, deals: list[dict[str, Any]], expected: tuple[str | None, str]
) -> None:
    assert chosen(make, DealRule(rule), *deals) == expected


def test_the_newest_is_told_by_its_date(make: Any) -> None:
    old, new = {"created_at": make.NOON - timedelta(days=2)}, {"created_at": make.NOON}
    newer = {"created_at": make.NOON + timedelta(days=1), "is_open": False}
    assert chosen(make, DealRule.NEWEST_OPEN, new, old, newer) == ("0060", "")


def test_dates_that_cannot_decide_choose_nothing(make: Any) -> None:
    date = {"created_at": make.NOON}
    for deals in ([date, date], [date, {"created_at": None}]):
        assert chosen(make, DealRule.NEWEST_OPEN, *deals) == (None, "several of the call's deals are open")


@pytest.mark.parametrize("rule", DealRule)
def test_a_call_without_deals_has_none(make: Any, rule: DealRule) -> None:
    assert chosen(make, rule) == (None, "the call is linked to no deal")
