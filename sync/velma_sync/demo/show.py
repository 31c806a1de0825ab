"""Prints what the demo found. Meaning never hangs on colour alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from velma_sync.demo.leader import NEGATIVE, DealLine, FilterAnswer, LeaderView
from velma_sync.ledger.counts import CallCount
from velma_sync.ledger.states import CallState

if TYPE_CHECKING:
    from velma_sync.daemon.run import Progress as Watcher
    from velma_sync.demo.run import DemoOutcome

UNDER_WAY = frozenset({CallState.NEW, CallState.WORKING})
SECONDS_PER_MINUTE = 60

_STEP_STYLES = {"Confirmed": "green", "Not confirmed": "bold red"}


@contextmanager
def watched(console: Console) -> Iterator[Watcher]:
    """A progress bar on a terminal; elsewhere nothing moves, and the receipt tells it all."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # No refreshing thread: one started before the signals are blocked would take them and end us at once.
    with Progress(*columns, console=console, disable=not console.is_terminal, auto_refresh=False) as bar:
        task = bar.add_task("Analysing calls", total=None)

        def watch(counts: tuple[CallCount, ...]) -> None:
            total = sum(count.calls for count in counts)
            waiting = sum(count.calls for count in counts if count.state in UNDER_WAY)
            bar.update(task, total=total or None, completed=total - waiting, refresh=True)

        yield watch


def show_receipt(outcome: DemoOutcome, console: Console) -> None:
    """What the run did and what it cost."""
    receipt = outcome.receipt
    if outcome.created_fields:
        console.print(f"Created {outcome.created_fields} fields in the org.", highlight=False)
    console.print(f"Found {receipt.discovered} new calls.", highlight=False)
    for count in (*receipt.ended, *receipt.left):
        because = f" ({count.code.replace('_', ' ')})" if count.code else ""
        console.print(f"  {count.calls:>3} {count.state.replace('_', ' ')}{because}", highlight=False)
    minutes = receipt.billing.answered_seconds / SECONDS_PER_MINUTE
    console.print(
        f"Cost: {receipt.billing.answered} paid analyses, {minutes:.1f} audio minutes; "
        f"{sum(receipt.requests.values())} requests to the CRM.",
        highlight=False,
    )


def show_hints(outcome: DemoOutcome, console: Console) -> None:
    """How to go on in the kept org."""
    command = Path(sys.argv[0])
    shown = command.relative_to(Path.cwd()) if command.is_relative_to(Path.cwd()) else command
    console.print()
    console.print(f"The org is kept in {outcome.directory}. Look again; nothing is paid or written twice:")
    for words in ("once", "calls list", "status"):
        line = f"  {shown} sandbox {outcome.directory} -- {shown} {words}"
        console.print(line, highlight=False, soft_wrap=True)


def show_leader_view(view: LeaderView, console: Console) -> None:
    """Deals as a table, then each filter with the calls it finds."""
    console.print()
    console.print(_deal_table(view.deals))
    for answer in view.filters:
        console.print()
        _show_filter(answer, console)


def _deal_table(deals: tuple[DealLine, ...]) -> Table:
    title = Text("What each deal's last call said", style="bold")
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, expand=True, leading=1
    )
    for name, ratio in (("Deal", 5), ("Next step", 3), ("Competitors", 4), ("Sentiment", 5), ("Coaching", 4)):
        table.add_column(name, ratio=ratio, overflow="fold")
    for deal in deals:
        named = ", ".join(deal.competitors)
        table.add_row(
            f"{deal.deal}\n{deal.stage}, {deal.last_call}",
            Text(deal.next_step or "not known", style=_STEP_STYLES.get(deal.next_step, "dim")),
            f"{named} (raised by {deal.raised_by.lower()})" if named and deal.raised_by else named or "-",
            _sentiment_text(deal.sentiments),
            "\n".join(deal.coaching_flags) or "-",
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
    console.print(f"  {answer.soql}", style="dim", highlight=False, soft_wrap=True)
    for line in answer.calls:
        console.print(f"  - {line}", highlight=False, markup=False)
