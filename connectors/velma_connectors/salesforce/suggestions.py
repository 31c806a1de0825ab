"""Settings that an org's schema and a sample of its recent calls speak for. Only reads.

The links of the sample are looked at here and nowhere kept; only hosts are ever told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from velma_connectors.administration import OptionSuggestion
from velma_connectors.salesforce.activities import SIGNS_OF_A_CALL
from velma_connectors.salesforce.client import Row, SalesforceClient
from velma_connectors.salesforce.fields import describe
from velma_connectors.salesforce.recordings import link_in
from velma_connectors.salesforce.soql import select, stamp
from velma_connectors.salesforce.verdicts import RequestRefused

LOOK_BACK = timedelta(days=90)
SAMPLE = 50
"""Calls that are looked at per object: the newest."""
MOST_COLUMNS = 60
"""Fields that are looked at per object, so that the query fits one request."""

DIALERS: Mapping[str, str] = {
    "rcsfl__Recording_Information__c": "RingCentral",
    "ringdna__Call_Recording_URL__c": "Revenue.io",
    "ringdna__Recording_URL__c": "Revenue.io",
    "ringdna__RecordingUrl__c": "Revenue.io",
    "ringdna__Call_Recording__c": "Revenue.io",
    "Dialer_Call_Recording_URL__c": "a dialer",
    "Call_Recording_URL__c": "many dialers",
}
"""Fields of recording links by whose packages make them, best first; spelled as public metadata has them."""
STARTS: Mapping[str, str] = {
    "rcsfl__call_start_time__c": "RingCentral",
    "ringdna__Call_Start_Time__c": "Revenue.io",
}

_RECORDING_NAME = re.compile(r"record(ing|ed)|audio|listen|playback", re.IGNORECASE)
_START_NAME = re.compile(r"(call|conversation)\W*(start|began|begin)", re.IGNORECASE)
_LINK_TYPES = ("url", "string", "textarea")


@dataclass(frozen=True, slots=True)
class Sample:
    """One of Task and Event: how many calls of late, and the newest of them with some of their fields."""

    object_name: str
    entries: Mapping[str, Mapping[str, Any]]
    calls: int
    rows: Sequence[Row] = field(repr=False)

    def filled(self, name: str) -> int:
        return sum(bool(row.get(name)) for row in self.rows)

    def links(self, name: str) -> list[str]:
        """Hosts of the links in a field, one per call that has one."""
        links = (link_in(str(row.get(name) or "")) for row in self.rows)
        return [host for host in map(_host, links) if host]


def suggest(client: SalesforceClient, now: datetime) -> list[OptionSuggestion]:
    """Where calls are logged, which fields hold the link to the recording, and which one the start.

    Raises RetryLater, StopConnection.
    """
    samples = [each for name in SIGNS_OF_A_CALL if (each := _sample(client, name, now - LOOK_BACK))]
    used = [each for each in samples if each.calls]
    chosen = used or [each for each in samples if each.object_name == "Task"]
    return [*_objects(samples, used), *_recording_fields(chosen), *_start_field(chosen)]


def _sample(client: SalesforceClient, object_name: str, since: datetime) -> Sample | None:
    """None for an object that the user may not read."""
    try:
        entries = {entry["name"]: entry for entry in describe(client, object_name)}
    except RequestRefused:
        return None
    condition = _condition(object_name, entries, since)
    if not condition:
        return Sample(object_name, entries, 0, ())
    columns = [name for name, entry in entries.items() if _worth_a_look(entry)]
    # Custom fields of dialers before all others, should there be too many.
    columns = sorted(columns, key=lambda name: (not _tells(entries[name]), name))[:MOST_COLUMNS]
    soql = select(("Id", *columns), object_name, condition, order_by="SystemModstamp DESC", limit=SAMPLE)
    return Sample(
        object_name=object_name,
        entries=entries,
        calls=client.count(select(("COUNT()",), object_name, condition)),
        rows=client.query(soql),
    )


def _condition(object_name: str, entries: Mapping[str, Mapping[str, Any]], since: datetime) -> str:
    """What makes a record a call: one of its signs, or something in a field that is called like a link.

    Empty when nothing does.
    """
    signs = [sign for name, sign in SIGNS_OF_A_CALL[object_name].items() if name in entries]
    links = [
        f"{name} != null"
        for name, entry in entries.items()
        if entry["filterable"] and _is_link_field(entry) and _is_called_recording(entry)
    ]
    if not (signs or links):
        return ""
    closed = " AND IsClosed = true" if "IsClosed" in entries else ""
    either = " OR ".join((*signs, *links))
    return f"SystemModstamp >= {stamp(since)} AND IsDeleted = false{closed} AND ({either})"


def _objects(samples: Sequence[Sample], used: Sequence[Sample]) -> Iterator[OptionSuggestion]:
    if used:
        names = tuple(each.object_name for each in used)
        first, *others = samples
        calls = "1 call was" if first.calls == 1 else f"{first.calls} calls were"
        beside = "".join(f" and {each.calls} as {each.object_name}" for each in others)
        reason = f"In the last {LOOK_BACK.days} days, {calls} logged as {first.object_name}{beside}."
        yield OptionSuggestion("calls_from", names, reason)


def _recording_fields(samples: Sequence[Sample]) -> Iterator[OptionSuggestion]:
    """Known names first, then those that sound like it; others only if nothing better holds links."""
    visible = _on_all(samples, _is_link_field)
    known = [name for name in DIALERS if name in visible]
    known += [name for name in visible if name.casefold() in _folded(DIALERS) and name not in known]
    called = [name for name in visible if name not in known and _is_called_recording(visible[name])]
    linking = [name for name in visible if any(each.links(name) for each in samples)]
    with_links = [name for name in (*known, *called) if name in linking]
    chosen = with_links or linking or [*known, *called]
    if chosen:
        yield OptionSuggestion("recording_fields", tuple(chosen), _reason(chosen, samples))


def _reason(chosen: Sequence[str], samples: Sequence[Sample]) -> str:
    hosts: Counter[str] = Counter()
    for each in samples:
        for name in chosen:
            hosts.update(each.links(name))
    looked_at = sum(len(each.rows) for each in samples)
    if not hosts:
        makers = dict.fromkeys(DIALERS[name] for name in chosen if name in DIALERS)
        made = f"made by {' and '.join(makers)}" if makers else "called like a recording"
        return f"{made}, but none of the {looked_at} newest calls holds a link there."
    told = ", ".join(host for host, _ in hosts.most_common())
    return f"{hosts.total()} links in the {looked_at} newest calls, to {told}."


def _start_field(samples: Sequence[Sample]) -> Iterator[OptionSuggestion]:
    times = _on_all(samples, lambda entry: entry["type"] == "datetime" and bool(entry.get("custom")))
    named = [name for name in times if name.casefold() in _folded(STARTS) or _is_called_start(times[name])]
    filled = {name: sum(each.filled(name) for each in samples) for name in named}
    best = max(named, key=lambda name: filled[name], default=None)
    if best is not None and filled[best]:
        looked_at = sum(len(each.rows) for each in samples)
        reason = f"filled in {filled[best]} of the {looked_at} newest calls."
        yield OptionSuggestion("start_field", best, reason)


def _on_all(
    samples: Sequence[Sample], wanted: Callable[[Mapping[str, Any]], bool]
) -> dict[str, Mapping[str, Any]]:
    """The wanted fields that every object shows: settings name a field for all of them."""
    return {
        name: entry
        for each in samples[:1]
        for name, entry in each.entries.items()
        if wanted(entry) and all(name in other.entries for other in samples)
    }


def _worth_a_look(entry: Mapping[str, Any]) -> bool:
    return _is_link_field(entry) or (entry["type"] == "datetime" and bool(entry.get("custom")))


def _tells(entry: Mapping[str, Any]) -> bool:
    return _is_called_recording(entry) or _is_called_start(entry)


def _is_link_field(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("custom")) and entry["type"] in _LINK_TYPES


def _is_called_recording(entry: Mapping[str, Any]) -> bool:
    known = entry["name"].casefold() in _folded(DIALERS)
    return known or any(_RECORDING_NAME.search(text) for text in _names(entry))


def _is_called_start(entry: Mapping[str, Any]) -> bool:
    return entry["type"] == "datetime" and any(_START_NAME.search(text) for text in _names(entry))


def _names(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["name"].replace("_", " "), entry["label"]


def _folded(names: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _host(link: str | None) -> str:
    try:
        return (urlsplit(link or "").hostname or "").lower()
    except ValueError:
        return ""
