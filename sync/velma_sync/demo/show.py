"""Prints what the demo found. Meaning never hangs on colour alone."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from velma_sync.demo.leader import NEGATIVE, DealLine, FilterAnswer, LeaderView

_STEP_STYLES = {"Confirmed": "green", "Not confirmed": "bold red"}


def show_leader_view(view: LeaderView, console: Console) -> None:
    """Deals as a table, then each filter with the calls it finds."""
    console.print()
    console.print(_deal_table(view.deals))
    for answer in view.filters:
        console.print()
        _show_filter(answer, console)


def _deal_table(deals: tuple[DealLine, ...]) -> Table:
    table = Table(title="What each deal's last call said", title_justify="left", pad_edge=False, expand=True)
    table.add_column("Deal", ratio=5)
    table.add_column("Next step", ratio=3)
    table.add_column("Competitors", ratio=4)
    table.add_column("Sentiment by topic", ratio=5)
    table.add_column("Coaching flags", ratio=4)
    for deal in deals:
        named = ", ".join(deal.competitors)
        table.add_row(
            f"{deal.deal}\n{deal.stage}, {deal.last_call}",
            Text(deal.next_step or "not known", style=_STEP_STYLES.get(deal.next_step, "dim")),
            f"{named} (raised by {deal.raised_by.lower()})" if named and deal.raised_by else named or "-",
            _sentiment_text(deal.sentiments),
            "\n".join(deal.coaching_flags) or "-",
            end_section=True,
        )
    return table


def _sentiment_text(sentiments: Mapping[str, float]) -> Text:
    text = Text()
    for place, (topic, score) in enumerate(sentiments.items()):
        text.append("\n" if place else "")
        text.append(f"{topic} {score:+.2f}", style="red" if score <= NEGATIVE else "")
    return text if sentiments else Text("-")


def _show_filter(answer: FilterAnswer, console: Console) -> None:
    console.print(f"{answer.question}: {len(answer.calls)}", style="bold", highlight=False)
    console.print(f"  {answer.soql}", style="dim", highlight=False)
    for line in answer.calls:
        console.print(f"  - {line}", highlight=False, markup=False)
