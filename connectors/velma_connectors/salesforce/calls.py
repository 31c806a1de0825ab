"""Finding calls: a walk over a closed window of change stamps, a count of it, and looking again by id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from velma_connectors.errors import StopConnection
from velma_connectors.model import Call, CallRef, FieldKind, Page, Window
from velma_connectors.salesforce.activities import (
    ALWAYS_READ,
    READ_IF_VISIBLE,
    SIGNS_OF_A_CALL,
    Activity,
)
from velma_connectors.salesforce.client import Row, SalesforceClient
from velma_connectors.salesforce.deals import DealFinder
from velma_connectors.salesforce.fields import KnownFields
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.recordings import attached_recordings
from velma_connectors.salesforce.soql import is_id, listed, portions, quoted, select, stamp

MAX_ROWS = 2_000
ARCHIVED_AFTER = timedelta(days=364)
"""Salesforce hides closed tasks from ordinary queries a year after their date; a day is for time zones."""


class CallReader:
    """Reads the calls of one connection. `now` gives the present, aware."""

    def __init__(
        self,
        connection: str,
        options: SalesforceOptions,
        client: SalesforceClient,
        known: KnownFields,
        now: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._options = options
        self._client = client
        self._known = known
        self._deals = DealFinder(client, known, candidates=options.deal_candidates)
        self._now = now

    def count(self, window: Window) -> int:
        """Calls of the window, counted by Salesforce."""
        archived = self._archived(window)

        def count_of(name: str) -> int:
            soql = select(("COUNT()",), name, self._condition(name, window))
            return self._client.count(soql, archived=archived)

        return sum(self._known.trusted(partial(count_of, name)) for name in self._options.calls_from)

    def page(self, window: Window, cursor: str | None, limit: int) -> Page:
        """The next calls of the walk, ordered by id within each object.

        Ids never change, so equal stamps and rows that change meanwhile cannot make the walk lose one.
        """
        objects = self._options.calls_from
        name, after = _place(cursor, objects)
        size = min(limit, MAX_ROWS)

        def rows_after() -> list[Row]:
            where = self._condition(name, window) + (f" AND Id > {quoted(after)}" if after else "")
            soql = select(self._columns(name), name, where, order_by="Id", limit=size)
            return self._client.query(soql, archived=self._archived(window))

        rows = self._known.trusted(rows_after)
        following = objects[objects.index(name) + 1 :]
        following_cursor = f"{following[0]}:" if following else None
        return Page(
            calls=tuple(self._calls(name, rows)),
            cursor=f"{name}:{rows[-1]['Id']}" if len(rows) == size else following_cursor,
        )

    def refresh(self, refs: Sequence[CallRef]) -> list[Call]:
        """These calls as they are now, archived or not; deleted ones are left out."""
        ids: dict[str, set[str]] = defaultdict(set)
        for ref in refs:
            if ref.object in SIGNS_OF_A_CALL and is_id(ref.id):
                ids[ref.object].add(ref.id)
        calls = []
        for name, wanted in ids.items():
            rows = self._known.trusted(partial(self._rows_by_id, name, sorted(wanted)))
            calls += self._calls(name, rows)
        return calls

    def missing_fields(self) -> list[str]:
        """Configured fields that this connection cannot see, as `Task.X__c`."""
        options = self._options
        wanted = (*options.recording_fields, *([options.start_field] if options.start_field else []))
        return [
            f"{name}.{field}"
            for name in options.calls_from
            for field in wanted
            if field not in self._known.of(name)
        ]

    def option_problems(self) -> list[str]:
        """Settings that do not fit the fields of the org, as sentences that say what to do."""
        problems = [
            f"{field}: no such field, or hidden from the user; correct the options or grant read access."
            for field in self.missing_fields()
        ]
        start = self._options.start_field
        for name in self._options.calls_from if start else ():
            field = self._known.of(name).get(start or "")
            if field is not None and field.kind is not FieldKind.DATETIME:
                problems.append(
                    f"{name}.{start} is no Date/Time field, so the start of a call is derived from when it "
                    "was saved; have start_field name a Date/Time field, or leave it out."
                )
        return problems

    def _rows_by_id(self, name: str, ids: Sequence[str]) -> list[Row]:
        columns = self._columns(name)

        def query(some: Sequence[str]) -> str:
            return select(columns, name, f"Id IN {listed(some)} AND IsDeleted = false")

        return [row for soql in portions(ids, query) for row in self._client.query(soql, archived=True)]

    def _archived(self, window: Window) -> bool:
        return window.start < self._now() - ARCHIVED_AFTER

    def _condition(self, name: str, window: Window) -> str:
        visible = self._known.of(name)
        signs = " OR ".join(sign for field, sign in SIGNS_OF_A_CALL[name].items() if field in visible)
        if signs and "IsClosed" in visible:
            # A planned call is none yet: it would wait in vain for a recording, and be forgotten by the
            # time it takes place. Completing it moves its stamp.
            signs = f"(IsClosed = true AND ({signs}))"
        links = [
            f"{field} != null"
            for field in self._options.recording_fields
            if field in visible and visible[field].filterable
        ]
        conditions = [*([signs] if signs else []), *links]
        if not conditions:
            self._known.forget()
            raise StopConnection(
                f"Nothing tells calls among the records of {name}: let the user see its field Type, or set "
                "recording_fields."
            )
        return (
            f"SystemModstamp >= {stamp(window.start)} AND SystemModstamp <= {stamp(window.end)} "
            f"AND IsDeleted = false AND ({' OR '.join(conditions)})"
        )

    def _columns(self, name: str) -> list[str]:
        missing = [field for field in self.missing_fields() if field.startswith(f"{name}.")]
        if missing:
            self._known.forget()
            raise StopConnection(
                f"{', '.join(missing)}: no such field, or hidden from the user. Correct recording_fields and "
                "start_field, or grant read access to it in a permission set."
            )
        visible = self._known.of(name)
        columns = list(ALWAYS_READ)
        for field, selected in READ_IF_VISIBLE.items():
            columns += selected if field in visible else ()
        configured = (*self._options.recording_fields, self._options.start_field)
        return columns + [field for field in configured if field and field not in columns]

    def _calls(self, name: str, rows: Sequence[Row]) -> list[Call]:
        activities = [Activity(self._connection, name, row, self._options) for row in rows]
        attached = {}
        if self._options.recording_files:
            silent = [one.id for one in activities if not (one.linked_recording or one.skipped_result)]
            attached = attached_recordings(self._client, silent)
        deals = self._deals.deals_of([one.linked for one in activities])
        return [one.call(attached.get(one.id), deals.get(one.id, ())) for one in activities]


def _place(cursor: str | None, objects: Sequence[str]) -> tuple[str, str]:
    """Object and last id of a cursor. One of an object no longer configured starts the walk anew."""
    name, _, after = (cursor or "").partition(":")
    if name not in objects:
        return objects[0], ""
    if after and not is_id(after):
        raise ValueError(f"'{cursor}' is not a cursor of this connector")
    return name, after
