"""How far a backfill has come, drawn for whoever watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from velma_sync.cli.streams import exact
from velma_sync.ledger.states import ENDED

if TYPE_CHECKING:
    from velma_sync.daemon.run import Progress as Watcher
    from velma_sync.ledger.counts import CallCount


@contextmanager
def bar() -> Iterator[Watcher | None]:
    """A progress bar on a terminal; nothing anywhere else, where the log tells the same."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(file=exact(sys.stderr))
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("Analyzing the past"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # No refreshing thread: one started before the signals are blocked would take them and end us at once.
    with Progress(*columns, console=console, auto_refresh=False) as shown:
        task = shown.add_task("", total=None)
        begun: dict[str, int] = {}

        def watch(counts: tuple[CallCount, ...]) -> None:
            ended = sum(each.calls for each in counts if each.state in ENDED)
            before = begun.setdefault("ended", ended)
            total = sum(each.calls for each in counts)
            shown.update(task, total=total - before, completed=ended - before, refresh=True)

        yield watch
