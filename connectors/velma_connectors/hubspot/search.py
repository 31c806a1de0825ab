"""Bodies of searches for calls.

Stamps may be equal for any number of calls, and a search gives no more than 10,000 results by its own
paging (developers.hubspot.com/docs, search guide). So a walk goes by rising id, each search a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from velma_connectors.model import Window

MAX_RESULTS = 200
"""Most results of one search."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHANGED, _ID = "hs_lastmodifieddate", "hs_object_id"


def calls_changed(
    window: Window, *, properties: Sequence[str] = (), after: str = "", limit: int = 1
) -> dict[str, Any]:
    """A search for calls of a window, both ends included, with ids above `after`."""
    filters = [
        _filter(_CHANGED, "GTE", milliseconds(window.start)),
        _filter(_CHANGED, "LTE", milliseconds(window.end)),
    ]
    if after:
        filters.append(_filter(_ID, "GT", after))
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": _ID, "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": limit,
    }


def milliseconds(moment: datetime) -> str:
    """A time as filters take it: milliseconds since 1970, as text."""
    return str((moment - _EPOCH) // timedelta(milliseconds=1))


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}
