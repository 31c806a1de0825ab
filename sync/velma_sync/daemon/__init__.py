"""The engine running: once, forever, for the past, or for one call.

run          the three ways to run, and what all begin with
dispatcher   keeps calls in flight and batches written, wakes when there is something to do
schedule     the regular tasks
signals      a polite end, and an abrupt one
"""

from velma_sync.daemon.run import analyze_one, run_backfills, run_forever, run_once

__all__ = ["analyze_one", "run_backfills", "run_forever", "run_once"]
