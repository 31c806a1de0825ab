"""What only a live portal tells, tried out on two calls of our own, which are removed again.

They are logged as cancelled calls without a recording, so that nobody takes them for work; HubSpot keeps
them in its recycle bin for 90 days, as every deleted record.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from velma_connectors.administration import Mark, ProbeAnswer
from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection, Verdict
from velma_connectors.http import Deadline, HttpClient, HttpFailure, HttpRequest, resolve_name
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.faults import faults_in
from velma_connectors.hubspot.note_links import NOTES
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.redirector import is_redirector, with_call
from velma_connectors.hubspot.schema import definitions_of
from velma_connectors.hubspot.stored_notes import BODY_FIELD, KEY_FIELD
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.own_records import named_if_interrupted, removed_again
from velma_connectors.recordings.addresses import PublicAddresses
from velma_connectors.url import Url, is_loopback

TITLE = "velma-sync probe, may be deleted"
PAUSE_SECONDS = 1.1
"""Between two writes, so that their stamps differ however coarse they are."""
REMOVAL_TRIES = 3
REDIRECTOR_SECONDS = 30.0
LATEST_CALLS = 50

_CALLS = "calls"
_STAMP, _TITLE, _LINK = "hs_lastmodifieddate", "hs_call_title", "hs_call_recording_url"


def probe(
    client: HubSpotClient, options: HubSpotOptions, *, wait: Callable[[float], None]
) -> list[ProbeAnswer]:
    """Every answer that could be had. `wait` sleeps for seconds.

    Raises RetryLater and StopConnection; the latter names what had to be left behind.
    """
    try:
        answers = [_unique_note_property(client)]
        with _own_call(client) as one, _own_call(client) as other:
            answers += _writes(client, one, wait)
            answers.append(_partial_batches(client, one, other))
        return answers + _redirector(client, options)
    except OutcomeUnknown as lost:
        raise RetryLater(f"{lost} Probe again later.") from None


def _unique_note_property(client: HubSpotClient) -> ProbeAnswer:
    """Whether notes take a property with unique values, told by the one that is there or by a try."""
    question = "unique_note_property"
    defined = definitions_of(client, NOTES)
    if KEY_FIELD in defined:
        allowed = bool(defined[KEY_FIELD].get("hasUniqueValue"))
        return _allowed(question, allowed)
    name = f"velma_probe_{secrets.token_hex(4)}"
    body = {
        "groupName": defined[BODY_FIELD]["groupName"],
        "name": name,
        "label": f"{TITLE} {name}",
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": True,
    }
    perhaps = f"If HubSpot shows a property {name} of notes, delete it by hand."
    try:
        with named_if_interrupted(perhaps):
            client.send("POST", paths.properties(NOTES), body)
    except OutcomeUnknown as lost:
        raise StopConnection(f"{lost} {perhaps}") from None
    except RequestRefused as refusal:
        if refusal.status == 403:
            return ProbeAnswer(question, "not_asked", f"Whether notes can be unique was not tried. {refusal}")
        return _allowed(question, False)
    _remove(client, paths.properties(NOTES, name), f"the property {name} of notes")
    return _allowed(question, True)


def _allowed(question: str, allowed: bool) -> ProbeAnswer:
    if allowed:
        return ProbeAnswer(question, "allowed", "Notes take a unique key: no call can get two notes.")
    return ProbeAnswer(question, "refused", "Notes take no unique key: they are recognized by their mark.")


@contextmanager
def _own_call(client: HubSpotClient) -> Iterator[str]:
    """The id of a call that exists until the end of the block."""
    properties = {
        "hs_timestamp": datetime.now(UTC).isoformat(),
        _TITLE: TITLE,
        "hs_call_status": "CANCELED",
    }
    perhaps = f"If HubSpot shows a call '{TITLE}', delete it by hand."
    try:
        with named_if_interrupted(perhaps):
            made = client.send("POST", paths.objects(_CALLS), {"properties": properties})
    except OutcomeUnknown as lost:
        raise StopConnection(f"{lost} {perhaps}") from None
    call_id = str(made["id"])
    what = f"the call {call_id} ('{TITLE}')"
    with removed_again(lambda: _remove(client, paths.objects(_CALLS, call_id), what)):
        yield call_id


def _remove(client: HubSpotClient, path: str, what: str) -> None:
    """Archive something of our own. Raises StopConnection, naming it, when HubSpot will not."""
    reason: Verdict | None = None
    for _ in range(REMOVAL_TRIES):
        try:
            with named_if_interrupted(f"If HubSpot still shows {what}, delete it by hand."):
                client.send("DELETE", path, None)
        except Verdict as verdict:
            reason = verdict
        else:
            return
    raise StopConnection(f"The probe had to leave {what} behind; delete it by hand. {reason}")


def _writes(client: HubSpotClient, call_id: str, wait: Callable[[float], None]) -> list[ProbeAnswer]:
    """What a write of ours, and one that changes nothing, do to the call."""
    path = paths.objects(_CALLS, call_id)
    change = {"properties": {_TITLE: f"{TITLE}."}}
    stamps = [_look(client, path)["properties"][_STAMP]]
    for _ in range(2):
        wait(PAUSE_SECONDS)
        client.send("PATCH", path, change)
        found = _look(client, path)
        stamps.append(found["properties"][_STAMP])
    newest = (found.get("propertiesWithHistory") or {}).get(_TITLE) or [{}]
    source = str(newest[0].get("sourceType") or "unknown")
    return [
        _moves("own_write", "An own write", moved=stamps[1] != stamps[0]),
        _moves("unchanged_write", "A write that changes nothing", moved=stamps[2] != stamps[1]),
        ProbeAnswer("source_of_writes", source, f"Own writes carry the source {source} in the history."),
    ]


def _look(client: HubSpotClient, path: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = client.get(
        path, {"properties": f"{_STAMP},{_TITLE}", "propertiesWithHistory": _TITLE}
    )
    return found


def _moves(question: str, what: str, *, moved: bool) -> ProbeAnswer:
    if moved:
        return ProbeAnswer(question, "moves", f"{what} moves {_STAMP}: the call is read once more.")
    return ProbeAnswer(question, "stays", f"{what} leaves {_STAMP} as it is.")


def _partial_batches(client: HubSpotClient, good: str, bad: str) -> ProbeAnswer:
    """Whether a batch update with trace ids writes the good inputs beside a bad one."""
    question = "partial_update"
    inputs = [
        {"id": good, "properties": {_TITLE: TITLE}, "objectWriteTraceId": "good"},
        {"id": bad, "properties": {"hs_call_direction": "velma-sync probe"}, "objectWriteTraceId": "bad"},
    ]
    try:
        answer = client.send("POST", paths.objects(_CALLS, "batch/update"), {"inputs": inputs})
    except RequestRefused:
        sentence = "One bad record makes HubSpot refuse its whole batch, which is then halved."
        return ProbeAnswer(question, "whole", sentence)
    traces = {fault.trace for fault in faults_in((answer or {}).get("errors") or ())}
    if "bad" in traces:
        return ProbeAnswer(question, "named", "HubSpot writes good records and names the bad ones.")
    return ProbeAnswer(question, "unnamed", "HubSpot writes good records without naming the bad ones.")


def _redirector(client: HubSpotClient, options: HubSpotOptions) -> list[ProbeAnswer]:
    """Who gets audio from HubSpot's redirector; nothing when none of the latest calls names it."""
    address = _redirected_call(client, options)
    if address is None:
        return []
    question = "redirector"
    token = options.access_token.get_secret_value()
    try:
        anybody = _gives(address, {}, options)
        key = anybody or _gives(address, {"Authorization": f"Bearer {token}"}, options)
    except HttpFailure as failure:
        sentence = f"HubSpot's redirector of recordings could not be asked: {failure}."
        return [ProbeAnswer(question, "unreachable", sentence)]
    if anybody:
        return [ProbeAnswer(question, "open", "HubSpot's redirector gives recordings to anybody.")]
    if key:
        return [ProbeAnswer(question, "key", "HubSpot's redirector gives recordings to the key alone.")]
    sentence = "HubSpot's redirector gives this key no recording."
    return [ProbeAnswer(question, "closed", sentence, Mark.PROBLEM)]


def _redirected_call(client: HubSpotClient, options: HubSpotOptions) -> Url | None:
    body = {
        "filterGroups": [{"filters": [{"propertyName": _LINK, "operator": "HAS_PROPERTY"}]}],
        "sorts": [{"propertyName": "hs_timestamp", "direction": "DESCENDING"}],
        "properties": [_LINK],
        "limit": LATEST_CALLS,
    }
    for row in client.search(_CALLS, body)["results"]:
        link = str(row["properties"].get(_LINK) or "").strip()
        try:
            url = Url.parse(with_call(link, str(row["id"])))
        except ValueError:
            continue
        if is_redirector(url, options.base_url):
            return url
    return None


def _gives(address: Url, headers: Mapping[str, str], options: HubSpotOptions) -> bool:
    """Whether the redirector leads to audio, which is not fetched. Raises HttpFailure."""
    host = Url.parse(options.base_url).host
    http = HttpClient(PublicAddresses(resolve_name, {host} if is_loopback(host) else ()))
    request = HttpRequest("GET", address, headers=headers)
    deadline = Deadline(REDIRECTOR_SECONDS)
    with http.send(request, deadline=deadline, idle_seconds=REDIRECTOR_SECONDS) as answer:
        if 300 <= answer.status < 400:
            return "location" in answer.headers
        is_page = answer.headers.get("content-type", "").lower().startswith("text/html")
        return answer.status == 200 and not is_page
