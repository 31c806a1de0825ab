"""Prints what the demo found. Meaning never hangs on colour alone."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
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
    from velma_sync.pipeline.receipts import Receipt

UNDER_WAY = frozenset({CallState.NEW, CallState.WORKING})
SECONDS_PER_MINUTE = 60

_INDENT = "    "
_STEP_STYLES = {"Confirmed": "green", "Not confirmed": "bold red"}


@contextmanager
def watched(console: Console) -> Iterator[Watcher]:
    """A progress bar on a terminal; elsewhere nothing moves, and the receipt tells it all."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # No refreshing thread: one started before the signals are blocked would take them and end us at once.
    with Progress(*columns, console=console, disable=not console.is_terminal, auto_refresh=False) as bar:
        task = bar.add_task("Analyzing calls", total=None)

        def watch(counts: tuple[CallCount, ...]) -> None:
            total = sum(count.calls for count in counts)
            waiting = sum(count.calls for count in counts if count.state in UNDER_WAY)
            bar.update(task, total=total or None, completed=total - waiting, refresh=True)

        yield watch


def show_receipt(outcome: DemoOutcome, console: Console) -> None:
    """What the run did and what it cost."""
    receipt = outcome.receipt
    if any(outcome.created_fields.values()):
        console.print(f"Created fields: {_per_crm(outcome, outcome.created_fields, 'in')}.", highlight=False)
    console.print(f"Found {receipt.discovered} new calls.", highlight=False)
    for (state, code), calls in _by_state(receipt).items():
        because = f" ({code.replace('_', ' ')})" if code else ""
        console.print(f"  {calls:>3} {state.replace('_', ' ')}{because}", highlight=False)
    minutes = receipt.billing.answered_seconds / SECONDS_PER_MINUTE
    console.print(
        f"Cost: {receipt.billing.answered} paid analyses, {minutes:.1f} audio minutes. "
        f"Requests: {_per_crm(outcome, receipt.requests, 'to')}.",
        highlight=False,
    )
    if outcome.shared_recordings:
        console.print(
            f"Analyses saved, as their recordings are in both CRMs: {outcome.shared_recordings}. "
            "Each was paid once and written to both.",
            highlight=False,
        )


def _per_crm(outcome: DemoOutcome, counts: Mapping[str, int], word: str) -> str:
    return ", ".join(f"{count} {word} {outcome.crms[connection]}" for connection, count in counts.items())


def _by_state(receipt: Receipt) -> Counter[tuple[CallState, str | None]]:
    """Calls of all connections by state and reason."""
    counts: Counter[tuple[CallState, str | None]] = Counter()
    for count in (*receipt.ended, *receipt.left):
        counts[count.state, count.code] += count.calls
    return counts


def show_hints(outcome: DemoOutcome, console: Console) -> None:
    """How to go on in the kept CRMs."""
    command = Path(sys.argv[0])
    shown = command.relative_to(Path.cwd()) if command.is_relative_to(Path.cwd()) else command
    console.print()
    console.print(f"Both CRMs are kept in {outcome.directory}. Look again; nothing is paid or written twice:")
    for words in ("once", "calls list", "status"):
        line = f"  {shown} sandbox {outcome.directory} -- {shown} {words}"
        console.print(line, highlight=False, soft_wrap=True)


def show_leader_view(view: LeaderView, console: Console) -> None:
    """Deals as a table for each CRM, then each filter with the calls it finds in each."""
    for crm in dict.fromkeys(deal.crm for deal in view.deals):
        console.print()
        console.print(_deal_table(crm, [deal for deal in view.deals if deal.crm == crm]))
    for answer in view.filters:
        console.print()
        _show_filter(answer, console)


def _deal_table(crm: str, deals: Sequence[DealLine]) -> Table:
    """The widest columns give way first, so that words stay whole on a terminal of 80 columns."""
    title = Text(f"{crm}: what each deal's last call said", style="bold")
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), expand=True, leading=1
    )
    for name in ("Deal", "Next step", "Competitors", "Sentiment", "Coaching"):
        table.add_column(name, no_wrap=name == "Next step", overflow="fold")
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


def _show_filter(filtered: FilterAnswer, console: Console) -> None:
    found = sum(len(answer.calls) for answer in filtered.answers)
    console.print(f"{filtered.question}: {found}", style="bold", highlight=False)
    for answer in filtered.answers:
        console.print(f"  {answer.crm}: {len(answer.calls)}", highlight=False)
        for line in wrap(answer.query, console.width - len(_INDENT)):
            console.print(_INDENT + line, style="dim", highlight=False, markup=False)
        for call in answer.calls:
            related = call.deal or "(no related record)"
            console.print(f"{_INDENT}- {related}: {call.subject}", highlight=False, markup=False)
