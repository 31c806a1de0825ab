"""Which deals a call may belong to, and the stage each had when the call took place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from velma_connectors.hubspot.associations import read_links
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import decode, parse_stamp
from velma_connectors.hubspot.pipelines import PipelineLabels, Pipelines, Place
from velma_connectors.hubspot.records import Row, read_records
from velma_connectors.model import Deal, FieldKind, RecordRef

DEALS = "deals"
ENTERED_AFTERWARDS = timedelta(days=1)
"""How long after a call its deal may have been entered."""

_ENTERED_STAGE = "hs_v2_date_entered_current_stage"
_PROPERTIES = ("dealname", "dealstage", "pipeline", "amount", "hs_is_closed", _ENTERED_STAGE)
_PAST = ("dealstage", "pipeline")


@dataclass(frozen=True, slots=True)
class LinkedCall:
    """A call and the ids of the records associated with it."""

    id: str
    started_at: datetime
    deals: tuple[str, ...]
    contacts: tuple[str, ...]
    companies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PastValue:
    """A value of a property and the moment it was set."""

    value: str
    since: datetime


class DealFinder:
    """Looks up the deals of many calls: one request per 100 deals, and one per 50 that have moved since.

    A call has the deals it is associated with. One without any gets, with `candidates`, the open deals of
    its contacts and companies. `now` gives aware times.
    """

    def __init__(self, client: HubSpotClient, *, candidates: bool, now: Callable[[], datetime]) -> None:
        self._client = client
        self._candidates = candidates
        self._pipelines = Pipelines(client, now)

    def deals_of(self, calls: Sequence[LinkedCall]) -> dict[str, tuple[Deal, ...]]:
        """The deals of each call that has any, newest first, by the call's id."""
        around = self._around([call for call in calls if self._candidates and not call.deals])
        possible = {call.id: {*call.deals, *around.get(call.id, ())} for call in calls}
        rows = read_records(self._client, DEALS, sorted(set().union(*possible.values())), _PROPERTIES)
        labels = self._pipelines.labels([_place(row) for row in rows.values()])
        chosen = {call.id: _chosen(call, possible[call.id], rows, labels) for call in calls}
        past = self._past(_moved_since(calls, chosen, rows))
        places = {
            call.id: [_place_at(call.started_at, rows[deal], past.get(deal)) for deal in chosen[call.id]]
            for call in calls
        }
        labels = self._pipelines.labels([place for some in places.values() for place in some])
        return {
            call.id: tuple(
                _deal(rows[deal], place, labels, is_primary=deal in call.deals)
                for deal, place in zip(chosen[call.id], places[call.id], strict=True)
            )
            for call in calls
            if chosen[call.id]
        }

    def _around(self, calls: Sequence[LinkedCall]) -> dict[str, set[str]]:
        """Deals of the contacts and companies of each call."""
        contacts = {contact for call in calls for contact in call.contacts}
        companies = {company for call in calls for company in call.companies}
        of_contact = read_links(self._client, "contacts", DEALS, sorted(contacts))
        of_company = read_links(self._client, "companies", DEALS, sorted(companies))
        return {
            call.id: {link.id for contact in call.contacts for link in of_contact.get(contact, ())}
            | {link.id for company in call.companies for link in of_company.get(company, ())}
            for call in calls
        }

    def _past(self, deals: Iterable[str]) -> dict[str, Row]:
        return read_records(self._client, DEALS, sorted(deals), (), history=_PAST)


def _chosen(
    call: LinkedCall, possible: Iterable[str], rows: Mapping[str, Row], labels: PipelineLabels
) -> list[str]:
    """Ids of the call's deals, newest first."""
    there = [deal for deal in possible if deal in rows]
    if not call.deals:
        # Reps enter a deal after its first call, within the day; a later one was not yet talked about.
        latest = call.started_at + ENTERED_AFTERWARDS
        there = [deal for deal in there if _is_open(rows[deal], labels) and _created_at(rows[deal]) <= latest]
    return sorted(there, key=lambda deal: (_created_at(rows[deal]), int(deal)), reverse=True)


def _moved_since(
    calls: Sequence[LinkedCall], chosen: Mapping[str, Sequence[str]], rows: Mapping[str, Row]
) -> set[str]:
    """Deals that may have had another stage when one of their calls took place."""
    return {
        deal
        for call in calls
        for deal in chosen[call.id]
        if (entered := _text(rows[deal], _ENTERED_STAGE)) == "" or parse_stamp(entered) > call.started_at
    }


def _place(row: Row) -> Place:
    return Place(_text(row, "pipeline"), _text(row, "dealstage"))


def _place_at(moment: datetime, row: Row, past: Row | None) -> Place:
    if past is None:
        return _place(row)
    values = {name: value_at(moment, _history(past, name), _text(row, name)) for name in _PAST}
    return Place(values["pipeline"], values["dealstage"])


def _history(row: Row, name: str) -> list[PastValue]:
    """Past values of a property in the order of time."""
    entries = (row.get("propertiesWithHistory") or {}).get(name) or ()
    values = [
        PastValue(entry["value"], parse_stamp(entry["timestamp"])) for entry in entries if entry.get("value")
    ]
    return sorted(values, key=lambda past: past.since)


def value_at(moment: datetime, history: Sequence[PastValue], now: str) -> str:
    """The value at a moment, from a history in the order of time; the first one when the record is younger.

    `now` is the value of today, which holds when no history is known.
    """
    if not history:
        return now
    past = [each for each in history if each.since <= moment]
    return (past[-1] if past else history[0]).value


def _deal(row: Row, place: Place, labels: PipelineLabels, *, is_primary: bool) -> Deal:
    amount = decode(_text(row, "amount"), FieldKind.NUMBER)
    return Deal(
        ref=RecordRef(DEALS, str(row["id"])),
        name=_text(row, "dealname"),
        stage=labels.stage_of(place),
        pipeline=labels.pipeline_of(place),
        is_open=_is_open(row, labels),
        amount=float(amount) if isinstance(amount, int | float) else None,
        created_at=_created_at(row),
        is_primary=is_primary,
    )


def _is_open(row: Row, labels: PipelineLabels) -> bool:
    stage = labels.stages.get(_place(row))
    return not (stage.is_closed if stage else _text(row, "hs_is_closed") == "true")


def _created_at(row: Row) -> datetime:
    return parse_stamp(row["createdAt"])


def _text(row: Row, name: str) -> str:
    return row["properties"].get(name) or ""
