"""The leader's view on terminals of several widths."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from velma_sync.demo.leader import DealLine, LeaderView
from velma_sync.demo.show import show_leader_view

DEALS = (
    DealLine(
        crm="Salesforce",
        deal="Tamsin & Rowe - warehouse add-on",
        stage="Discovery",
        last_call="2026-01-01",
        next_step="Not confirmed",
        competitors=("Bluestile", "Quorvane"),
        raised_by="Prospect",
        sentiments={"Implementation": 0.55, "IT resources": -0.6},
        coaching_flags=("Off-topic Discussion", "Talk-track Deviation"),
    ),
    DealLine(
        crm="HubSpot",
        deal="Wexcombe - forty rooms",
        stage="Decision maker bought-in",
        last_call="2026-01-01",
        next_step="Confirmed",
        competitors=(),
        raised_by="",
        sentiments={},
        coaching_flags=(),
    ),
)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_words_stay_whole(width: int) -> None:
    console = Console(file=StringIO(), width=width)
    show_leader_view(LeaderView(DEALS, ()), console)
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert max(map(len, shown.splitlines())) <= width
    words = set(shown.split())
    for text in ("Off-topic", "Discussion", "Talk-track", "Deviation", "Implementation", "Bluestile,"):
        assert text in words, shown
    for deal in DEALS:
        assert {*deal.deal.split(), *f"{deal.stage},".split(), deal.last_call} <= words, shown
        assert f"{deal.crm}: what each deal's last call said" in shown
