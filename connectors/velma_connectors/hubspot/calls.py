"""Finding calls: a walk over a closed window of change stamps, a count of it, and looking again by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from velma_connectors.hubspot.activities import CALLS, PROPERTIES, Activity, Surroundings
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields, is_id
from velma_connectors.hubspot.neighbours import Neighbours
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.outcomes import Outcomes
from velma_connectors.hubspot.people import Owners
from velma_connectors.hubspot.records import Row, read_records
from velma_connectors.hubspot.redirector import Redirector
from velma_connectors.hubspot.search import MAX_RESULTS, calls_changed
from velma_connectors.model import Call, CallRef, Page, Window

MAX_CALLS = 1_000
"""Most calls of a page: as many as one request for associations takes."""


class CallReader:
    """Reads the calls of one connection. `now` gives the present, aware."""

    def __init__(
        self,
        connection: str,
        options: HubSpotOptions,
        client: HubSpotClient,
        known: KnownFields,
        neighbours: Neighbours,
        now: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._options = options
        self._client = client
        self._neighbours = neighbours
        self._outcomes = Outcomes(known)
        self._owners = Owners(client, now)
        self._redirector = Redirector(client, options)

    def count(self, window: Window) -> int:
        """Calls of the window, counted by HubSpot."""
        return int(self._client.search(CALLS, calls_changed(window))["total"])

    def page(self, window: Window, cursor: str | None, limit: int) -> Page:
        """The next calls of the walk, ordered by id.

        Ids never change, so equal stamps and calls that change meanwhile cannot make the walk lose one. The
        index decides what belongs to the window; it lags, so a call may already bear a later stamp.
        """
        after = _place(cursor)
        rows: list[Row] = []
        complete = False
        wanted = min(limit, MAX_CALLS)
        while not complete and len(rows) < wanted:
            size = min(wanted - len(rows), MAX_RESULTS)
            body = calls_changed(window, properties=PROPERTIES, after=after, limit=size)
            answer = self._client.search(CALLS, body)
            found: list[Row] = answer["results"]
            complete = not (found and answer.get("paging"))
            after = max((str(row["id"]) for row in found), key=int, default=after)
            rows += found
        activities = self._activities(rows)
        return Page(
            calls=tuple(self._calls(activities, self._neighbours.of(activities))),
            cursor=None if complete else after,
        )

    def refresh(self, refs: Sequence[CallRef]) -> list[Call]:
        """These calls and what is around them as they are now; deleted ones are left out."""
        ids = [ref.id for ref in refs if ref.object == CALLS and is_id(ref.id)]
        activities = self._activities(read_records(self._client, CALLS, ids, PROPERTIES).values())
        return self._calls(activities, self._neighbours.read(activities))

    def _activities(self, rows: Iterable[Row]) -> list[Activity]:
        return [Activity(self._connection, row, self._options) for row in rows]

    def _calls(self, activities: Sequence[Activity], surroundings: Mapping[str, Surroundings]) -> list[Call]:
        owners = self._owners.names({one.owner_id for one in activities if one.owner_id})
        outcomes = {one.outcome_id for one in activities if one.outcome_id and self._options.skip_outcomes}
        labels = self._outcomes.labels(outcomes)
        return [
            one.call(
                surroundings[one.id],
                owner_name=owners.get(one.owner_id, ""),
                outcome=labels.get(one.outcome_id),
                redirector=self._redirector.address(one.id) if one.lacks_address else None,
            )
            for one in activities
        ]


def _place(cursor: str | None) -> str:
    """The id after which to go on."""
    if cursor is not None and not is_id(cursor):
        raise ValueError(f"'{cursor}' is not a cursor of this connector")
    return cursor or ""
