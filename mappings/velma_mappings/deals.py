"""Which deal a call counts for. A call is never guessed onto a deal: doubt means none, and is counted."""

from __future__ import annotations

from enum import StrEnum

from velma_connectors.model import Call, Deal
from velma_mappings.model import DealChoice


class DealRule(StrEnum):
    """How to choose among the deals that the CRM links to a call."""

    ONLY_OPEN = "only_open"
    """The open deal, if there is exactly one."""
    NEWEST_OPEN = "newest_open"
    """The open deal that was created last."""
    PRIMARY = "primary"
    """The deal that the call's own record names, open or closed."""


def choose_deal(call: Call, rule: DealRule) -> DealChoice:
    """Choose by the rule. The reasons are few and stable, so that they can be counted."""
    if not call.deals:
        return DealChoice(None, "the call is linked to no deal")
    if rule is DealRule.PRIMARY:
        primary = [deal for deal in call.deals if deal.is_primary]
        return _only(
            primary, none="the call's record names no deal", several="the call's record names several deals"
        )
    opened = [deal for deal in call.deals if deal.is_open]
    if rule is DealRule.NEWEST_OPEN:
        opened = _newest(opened)
    return _only(
        opened, none="none of the call's deals is open", several="several of the call's deals are open"
    )


def _only(deals: list[Deal], *, none: str, several: str) -> DealChoice:
    if len(deals) == 1:
        return DealChoice(deals[0], "")
    return DealChoice(None, several if deals else none)


def _newest(deals: list[Deal]) -> list[Deal]:
    dates = [deal.created_at for deal in deals if deal.created_at is not None]
    if len(dates) < len(deals):
        return deals
    return [deal for deal in deals if deal.created_at == max(dates)]
