"""Queries as text: literals, lists of ids that fit one request, and the stamps that come back.

REST queries are GET requests whose address and headers may take 16,384 bytes together, so long lists of
ids are cut into portions (Salesforce, API Request Limits).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote_plus

Item = TypeVar("Item")

MAX_IDS = 300
REQUEST_BYTES = 16_384
HEADER_BYTES = 4_000
"""Kept free for the headers, the bearer token above all, and the address of the resource."""

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


def is_id(text: str) -> bool:
    """Whether a text has the form of a Salesforce id: 15 or 18 letters and digits."""
    return _ID.fullmatch(text) is not None


def quoted(text: str) -> str:
    """A string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def listed(texts: Iterable[str]) -> str:
    """A list for IN. Raises ValueError when it is empty, which SOQL does not allow."""
    literals = [quoted(text) for text in texts]
    if not literals:
        raise ValueError("a SOQL list cannot be empty")
    return f"({','.join(literals)})"


def stamp(moment: datetime) -> str:
    """A datetime literal, down to the second, as precise as the stamps of Salesforce are."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_stamp(text: str) -> datetime:
    """Read `2024-01-01T23:01:01.000+0000`. Raises ValueError when it is no datetime with an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a datetime without an offset")
    return moment.astimezone(UTC)


def select(
    columns: Sequence[str], object_name: str, where: str, *, order_by: str = "", limit: int | None = None
) -> str:
    """A query. The parts are trusted: names of fields and conditions made of the literals above."""
    parts = ["SELECT", ", ".join(columns), "FROM", object_name, "WHERE", where]
    if order_by:
        parts += ["ORDER BY", order_by]
    if limit is not None:
        parts += ["LIMIT", str(limit)]
    return " ".join(parts)


def portions(items: Sequence[Item], build: Callable[[Sequence[Item]], str]) -> Iterator[str]:
    """Queries that `build` makes of portions of the items, each short enough for one request.

    Raises ValueError when a query of one item alone is too long.
    """
    for start in range(0, len(items), MAX_IDS):
        yield from _fitting(items[start : start + MAX_IDS], build)


def _fitting(items: Sequence[Item], build: Callable[[Sequence[Item]], str]) -> Iterator[str]:
    query = build(items)
    if len(quote_plus(query)) <= REQUEST_BYTES - HEADER_BYTES:
        yield query
    elif len(items) < 2:
        raise ValueError("a query is too long for one request; name fewer fields")
    else:
        middle = len(items) // 2
        yield from _fitting(items[:middle], build)
        yield from _fitting(items[middle:], build)
