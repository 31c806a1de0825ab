"""Which opportunities a call may belong to, and the stage each had when the call took place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from velma_connectors.model import Deal, RecordRef
from velma_connectors.salesforce.client import Row, SalesforceClient
from velma_connectors.salesforce.fields import KnownFields
from velma_connectors.salesforce.soql import listed, parse_stamp, portions, select
from velma_connectors.salesforce.verdicts import RequestRefused

_COLUMNS = ("Id", "Name", "StageName", "IsClosed", "AccountId", "CreatedDate", "SystemModstamp")
_NOT_READABLE = ("INVALID_TYPE", "NOT_FOUND", "INSUFFICIENT_ACCESS")
"""Answers to a query or a describe of an object that the user has no permission to read."""

ENTERED_AFTERWARDS = timedelta(days=1)
"""How long after a call its deal may have been entered."""


@dataclass(frozen=True, slots=True)
class LinkedCall:
    """A call and the ids on its record that its deal can be found by."""

    call_id: str
    started_at: datetime
    opportunity: str | None
    account: str | None
    contact: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a deal and the moment it was set."""

    name: str
    since: datetime


class DealFinder:
    """Looks up the deals of many calls with at most three requests per 300 records.

    A call whose related record is an opportunity has that one alone. Every other call gets, with
    `candidates`, the open opportunities of its account and those its contact has a role in.
    """

    def __init__(self, client: SalesforceClient, known: KnownFields, *, candidates: bool) -> None:
        self._client = client
        self._known = known
        self._candidates = candidates

    def deals_of(self, calls: Sequence[LinkedCall]) -> dict[str, tuple[Deal, ...]]:
        """The deals of each call that has any, newest first, by the call's id."""
        loose = [call for call in calls if self._candidates and not call.opportunity]
        roles = self._roles({call.contact for call in loose if call.contact})
        wanted = {call.opportunity for call in calls if call.opportunity}.union(*roles.values())
        accounts = {call.account for call in loose if call.account}
        rows = self._opportunities(wanted, accounts)
        matches = {call.call_id: _matching(call, roles, rows) for call in calls}
        stages = self._stages(_changed_since(calls, matches, rows))
        return {
            call.call_id: tuple(
                _deal(rows[match], stages.get(match, ()), call) for match in matches[call.call_id]
            )
            for call in calls
            if matches[call.call_id]
        }

    def _roles(self, contacts: set[str]) -> dict[str, set[str]]:
        def query(ids: Sequence[str]) -> str:
            where = f"ContactId IN {listed(ids)} AND Opportunity.IsClosed = false"
            return select(("ContactId", "OpportunityId"), "OpportunityContactRole", where)

        roles: dict[str, set[str]] = defaultdict(set)
        try:
            for soql in portions(sorted(contacts), query):
                for row in self._client.query(soql):
                    roles[row["ContactId"]].add(row["OpportunityId"])
        except RequestRefused as refusal:
            # A query that goes through a hidden object to another is refused for its field.
            if not refusal.has(*_NOT_READABLE, "INVALID_FIELD"):
                raise
        return roles

    def _opportunities(self, ids: set[str], accounts: set[str]) -> dict[str, Row]:
        """Those with these ids, whatever their state, and the open ones of these accounts.

        None where the user may not read opportunities.
        """
        try:
            return self._known.trusted(partial(self._read, ids, accounts))
        except RequestRefused as refusal:
            if not refusal.has(*_NOT_READABLE):
                raise
            return {}

    def _read(self, ids: set[str], accounts: set[str]) -> dict[str, Row]:
        keys = [("Id", key) for key in sorted(ids)] + [("AccountId", key) for key in sorted(accounts)]
        if not keys:
            return {}
        columns = self._columns()
        found = {}
        for soql in portions(keys, lambda some: select(columns, "Opportunity", _by_keys(some))):
            found.update({row["Id"]: row for row in self._client.query(soql)})
        return found

    def _columns(self) -> tuple[str, ...]:
        visible = self._known.of("Opportunity")
        optional = tuple(name for name in ("Amount", "LastStageChangeDate") if name in visible)
        # An org without record types has no such field on its opportunities.
        pipeline = ("RecordType.DeveloperName",) if "RecordTypeId" in visible else ()
        return _COLUMNS + optional + pipeline

    def _stages(self, opportunities: set[str]) -> dict[str, list[Stage]]:
        def query(ids: Sequence[str]) -> str:
            columns = ("OpportunityId", "StageName", "CreatedDate")
            where = f"OpportunityId IN {listed(ids)}"
            return select(columns, "OpportunityHistory", where, order_by="CreatedDate")

        stages: dict[str, list[Stage]] = defaultdict(list)
        for soql in portions(sorted(opportunities), query):
            for row in self._client.query(soql):
                stage = Stage(row["StageName"], parse_stamp(row["CreatedDate"]))
                stages[row["OpportunityId"]].append(stage)
        return stages


def _by_keys(keys: Iterable[tuple[str, str]]) -> str:
    values: dict[str, list[str]] = defaultdict(list)
    for field, value in keys:
        values[field].append(value)
    conditions = []
    if values["Id"]:
        conditions.append(f"Id IN {listed(values['Id'])}")
    if values["AccountId"]:
        conditions.append(f"(AccountId IN {listed(values['AccountId'])} AND IsClosed = false)")
    return " OR ".join(conditions)


def _matching(call: LinkedCall, roles: Mapping[str, set[str]], rows: Mapping[str, Row]) -> list[str]:
    if call.opportunity:
        return [call.opportunity] if call.opportunity in rows else []
    ids = set(roles.get(call.contact or "", ())) & rows.keys()
    if call.account:
        ids |= {key for key, row in rows.items() if row["AccountId"] == call.account}
    # A deal that did not exist yet cannot be what was talked about; a day is for deals entered afterwards.
    latest = call.started_at + ENTERED_AFTERWARDS
    still_open = [
        key for key in ids if not rows[key]["IsClosed"] and parse_stamp(rows[key]["CreatedDate"]) <= latest
    ]
    return sorted(still_open, key=lambda key: (rows[key]["CreatedDate"], key), reverse=True)


def _changed_since(
    calls: Sequence[LinkedCall], matches: Mapping[str, list[str]], rows: Mapping[str, Row]
) -> set[str]:
    """Opportunities that may have had another stage when one of their calls took place."""
    return {
        match
        for call in calls
        for match in matches[call.call_id]
        if parse_stamp(rows[match].get("LastStageChangeDate") or rows[match]["SystemModstamp"])
        >= call.started_at
    }


def _deal(row: Row, stages: Sequence[Stage], call: LinkedCall) -> Deal:
    record_type = row.get("RecordType") or {}
    return Deal(
        ref=RecordRef("Opportunity", row["Id"]),
        name=row["Name"],
        stage=stage_at(call.started_at, stages, row["StageName"]),
        pipeline=record_type.get("DeveloperName"),
        is_open=not row["IsClosed"],
        amount=row.get("Amount"),
        created_at=parse_stamp(row["CreatedDate"]),
        is_primary=row["Id"] == call.opportunity,
    )


def stage_at(moment: datetime, stages: Sequence[Stage], now: str | None) -> str | None:
    """The stage at a moment, from stages in the order of time; the first one when the deal is younger.

    `now` is the stage of today, which holds when no history is known.
    """
    if not stages:
        return now
    past = [stage for stage in stages if stage.since <= moment]
    return (past[-1] if past else stages[0]).name
