"""History, forecast before it is paid for and brought in bit by bit, with room left for today's calls.

A backfill's calls are planned in the ledger at once; `feed` lets the next ones in whenever no call of
today is due, up to all slots but one, and stops before the call that would pass a limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from velma_connectors.model import Call, CallRef, Window
from velma_mappings.deals import choose_deal
from velma_sync.ledger import backfills, calls, connections, spending
from velma_sync.ledger.backfills import Backfill, Spent
from velma_sync.ledger.calls import Finding, StoredCall
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.states import CallState
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.seen import BEFORE_START, first_finding
from velma_sync.pipeline.settings import HOUR, Connection

log = structlog.stdlib.get_logger(__name__)

UNKNOWN_SECONDS = HOUR
"""A call whose length the CRM does not say counts as this long until its recording is measured."""
NO_RECORDING = "no_recording"
MOST_WAITING = 200
"""Calls that may wait for another try while further ones are brought in: links of the past are often dead,
but an analyzer that is away must not be tried with a whole history.
"""
_WANTED_AGAIN = (BEFORE_START, backfills.STOPPED)
"""Codes of calls that were skipped for no reason of their own."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call of the past to analyze; `known` is its id where the ledger has skipped it until now."""

    finding: Finding
    known: int | None

    @property
    def call(self) -> Call:
        return self.finding.call


@dataclass(frozen=True, slots=True)
class History:
    """The calls of one connection that took place in a span, and what would be done about them.

    `candidates` are in the order in which they would be analyzed. `known` counts calls that need nothing,
    `left_out` those that cannot be analyzed now, by code. `requests` were made to the CRM to find all this.
    """

    connection: str
    since: datetime
    until: datetime
    candidates: tuple[Candidate, ...]
    others: tuple[Finding, ...]
    known: int
    requests: int

    @property
    def left_out(self) -> Mapping[str, int]:
        return Counter(each.code or NO_RECORDING for each in self.others)

    @property
    def seconds(self) -> float:
        """Length of all audio, as far as the CRM knows it."""
        return sum(known_seconds(each.call) for each in self.candidates)

    @property
    def unknown_lengths(self) -> int:
        return sum(each.call.seconds is None for each in self.candidates)


def look_back(engine: Engine, connection: Connection, since: datetime, until: datetime) -> History:
    """Find everything that took place in the span. Reads the CRM; changes nothing.

    Raises the connector's verdicts.
    """
    connector = connection.connector
    before = connector.budget().requests
    candidates: list[Candidate] = []
    others: list[Finding] = []
    known = 0
    seen: set[CallRef] = set()
    for page in _pages(engine, connection, since):
        new = (call for call in page if since <= call.started_at <= until and call.ref not in seen)
        looks = {call.ref: call for call in new}
        seen |= looks.keys()
        with engine.ledger.read() as tx:
            stored = calls.find(tx, looks)
            for ref, look in looks.items():
                each = stored.get(ref)
                if each is not None and each.code not in _WANTED_AGAIN:
                    known += 1
                    continue
                finding = _finding(tx, engine, connection, look)
                if finding.state is CallState.PLANNED:
                    candidates.append(Candidate(finding, each.id if each else None))
                elif each is None:
                    others.append(finding)
    return History(
        connection=connection.name,
        since=since,
        until=until,
        candidates=tuple(_in_order(connection, candidates)),
        others=tuple(others),
        known=known,
        requests=connector.budget().requests - before,
    )


def _pages(engine: Engine, connection: Connection, since: datetime) -> Iterator[Sequence[Call]]:
    """A call changes last when it is logged or later, so all of the span changed after its beginning.

    A call that is edited during the walk leaves its window, so the last minutes are read once more.
    """
    begun = engine.ledger.now()
    yield from _walk(engine, connection, Window(since, begun))
    overlap = timedelta(seconds=engine.settings.overlap_seconds)
    yield from _walk(engine, connection, Window(max(since, begun - overlap), engine.ledger.now()))


def _walk(engine: Engine, connection: Connection, window: Window) -> Iterator[Sequence[Call]]:
    cursor = None
    while True:
        page = connection.connector.calls(window, cursor, limit=engine.settings.page_calls)
        yield page.calls
        cursor = page.cursor
        if cursor is None:
            return


def _finding(tx: Transaction, engine: Engine, connection: Connection, look: Call) -> Finding:
    found = first_finding(tx, engine, connection, look, start_at=None)
    if found.state is CallState.NEW:
        return replace(found, state=CallState.PLANNED)
    age = (tx.now - look.started_at).total_seconds()
    if found.state is CallState.WAITING_RECORDING and age > engine.settings.look_for_seconds:
        reason = "It had no recording when its history was read."
        return replace(found, state=CallState.NO_RECORDING, code=NO_RECORDING, reason=reason)
    return found


def _in_order(connection: Connection, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Open deals first, of those the ones that have come furthest; within a deal the latest call first."""
    deals = {each.call.ref: choose_deal(each.call, connection.mapping.deal).deal for each in candidates}
    furthest: Counter[str] = Counter()
    for deal in deals.values():
        if deal is not None and deal.is_open:
            come = 1 + connection.lateness(deal.stage, deal.pipeline)
            furthest[deal.ref.id] = max(furthest[deal.ref.id], come)

    def turn(each: Candidate) -> tuple[int, float]:
        deal = deals[each.call.ref]
        return -(furthest[deal.ref.id] if deal else 0), -each.call.started_at.timestamp()

    return sorted(candidates, key=turn)


def begin(
    engine: Engine, *histories: History, max_cost: float | None = None, max_hours: float | None = None
) -> tuple[int, ...]:
    """Plan the calls of histories in the ledger, and record the others; returns the backfills' ids.

    The limits are of all of them together.
    """
    with engine.ledger.write() as tx:
        begun = tuple(_begin(tx, engine, each, max_cost, max_hours) for each in histories)
    for each in histories:
        log.info(
            "Planned a backfill.", action="planned", connection=each.connection, calls=len(each.candidates)
        )
    return begun


def _begin(
    tx: Transaction, engine: Engine, history: History, max_cost: float | None, max_hours: float | None
) -> int:
    connections.ensure(tx, history.connection, engine.connections[history.connection].start_at)
    wanted = backfills.begin(
        tx, history.connection, history.since, history.until, max_cost=max_cost, max_hours=max_hours
    )
    ranked = list(enumerate(history.candidates))
    new = [replace(each.finding, backfill=wanted, rank=rank) for rank, each in ranked if each.known is None]
    calls.insert_found(tx, [*new, *history.others])
    skipped = [(each.known, rank) for rank, each in ranked if each.known is not None]
    backfills.plan_skipped(tx, wanted, skipped)
    return wanted


@dataclass(frozen=True, slots=True)
class Fed:
    """How many planned calls were let in just now, and whether more will come."""

    calls: int = 0
    more: bool = False


def feed(engine: Engine, wanted: Collection[int] | None = None) -> Fed:
    """Let planned calls in where there is room: of these backfills, or of all."""
    with engine.ledger.read() as tx:
        room = _room(tx, engine)
        going = [each for each in _going(tx, engine) if wanted is None or each.id in wanted]
    if not going or not room:
        return Fed(more=bool(going))
    with engine.ledger.write() as tx:
        fed = [_feed_one(tx, engine, each, _room(tx, engine)) for each in going]
    return Fed(sum(each.calls for each in fed), any(each.more for each in fed))


def _going(tx: Transaction, engine: Engine) -> list[Backfill]:
    """Backfills that have calls left and may go on now."""
    if spending.get(tx, engine.analyzer.name).stopped:
        return []
    names = _working(tx, engine)
    return [each for each in backfills.listed(tx) if each.stopped_at is None and each.connection in names]


def _working(tx: Transaction, engine: Engine) -> list[str]:
    return [
        row.name for row in connections.listed(tx) if row.paused_at is None and row.name in engine.connections
    ]


def _room(tx: Transaction, engine: Engine) -> int:
    """How many calls may be let in: one slot is kept for calls of today, which go first."""
    names = _working(tx, engine)
    if backfills.live_due(tx, names) or backfills.waiting(tx, names) >= MOST_WAITING:
        return 0
    return max(0, max(1, engine.settings.max_in_flight - 1) - backfills.under_way(tx, names))


def _feed_one(tx: Transaction, engine: Engine, backfill: Backfill, room: int) -> Fed:
    planned = backfills.planned(tx, backfill.id, room + 1)
    spent = backfills.spent(tx, backfill, unmeasured=UNKNOWN_SECONDS)
    brought: list[StoredCall] = []
    reason = ""
    for stored in planned[:room]:
        reason = _limit_passed(engine, backfill, spent, [*brought, stored])
        if reason:
            backfills.stop(tx, backfill.id, reason)
            log.warning("A backfill is stopped.", action="backfill_stopped", reason=reason)
            break
        brought.append(stored)
    backfills.bring_in(tx, [each.id for each in brought])
    return Fed(len(brought), more=not reason and len(planned) > len(brought))


def _limit_passed(engine: Engine, backfill: Backfill, spent: Spent, coming: Sequence[StoredCall]) -> str:
    """Which limit the last of these calls would pass, or cannot be told to keep; empty when none."""
    seconds = spent.seconds + sum(known_seconds(each.call) for each in (*spent.unpaid, *coming))
    if backfill.max_hours is not None and seconds > backfill.max_hours * HOUR:
        return f"The next call would pass {backfill.max_hours:g} hours of audio."
    price = engine.settings.price_per_hour
    if backfill.max_cost is not None and price is None:
        limit = f"Its limit, a cost of {backfill.max_cost:.2f}, cannot be kept without a price."
        return f"{limit} Set price_per_audio_hour, then go on with that limit."
    if backfill.max_cost is not None and price is not None and seconds / HOUR * price > backfill.max_cost:
        return f"The next call would pass a cost of {backfill.max_cost:.2f}."
    return ""


def known_seconds(call: Call) -> float:
    """Length of a call as limits and forecasts count it."""
    return UNKNOWN_SECONDS if call.seconds is None else call.seconds
