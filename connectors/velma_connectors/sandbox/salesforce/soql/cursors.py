"""Query results that are fetched page by page, and how long they wait for the next request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from velma_connectors.sandbox.salesforce.ids import IdSource
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal

LIFETIME = timedelta(days=2)


class RowPrinter(Protocol):
    """Prints rows of a query result by their ids; rows that are gone are left out."""

    def __call__(self, record_ids: Sequence[str]) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Which rows a query found, who asked, and how many may go on one page."""

    user_id: str
    record_ids: tuple[str, ...]
    page_rows: int
    print_rows: RowPrinter
    found_at: datetime


class QueryCursors:
    """Open results by locator.

    `page_sizes` are the sizes of the coming pages, over and over: a page may be smaller than allowed.
    """

    def __init__(self) -> None:
        self.page_sizes: tuple[int, ...] = ()
        self._pages = 0
        self._ids = IdSource()
        self._open: dict[str, QueryResult] = {}

    def page_rows(self, allowed: int) -> int:
        if not self.page_sizes:
            return allowed
        self._pages += 1
        return min(allowed, self.page_sizes[(self._pages - 1) % len(self.page_sizes)])

    def keep(self, result: QueryResult) -> str:
        locator = self._ids.next("01g")
        self._open[locator] = result
        return locator

    def find(self, locator: str, user_id: str, moment: datetime, status: int) -> tuple[QueryResult, int]:
        """The result and the place that `01g...-2000` names. Raises RequestRefusal."""
        name, _, place = locator.partition("-")
        result = self._open.get(name)
        known = result is not None and result.user_id == user_id and place.isdecimal()
        if result is None or not known or moment - result.found_at >= LIFETIME:
            raise RequestRefusal("INVALID_QUERY_LOCATOR", "invalid query locator", status=status)
        return result, int(place)

    def expire_all(self) -> None:
        """Every locator handed out so far is invalid from now on."""
        self._open.clear()
