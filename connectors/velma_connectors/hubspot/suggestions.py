"""Settings that a portal's schema and a sample of its recent calls speak for. Only reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from velma_connectors.administration import OptionSuggestion
from velma_connectors.hubspot.activities import CALLS, COMPLETED, PROPERTIES
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.outcomes import Outcomes
from velma_connectors.hubspot.records import Row
from velma_connectors.hubspot.search import MAX_RESULTS, calls_changed
from velma_connectors.model import Window

LOOK_BACK = timedelta(days=90)
MOST_NAMED = 4

_NOBODY_TALKED = re.compile(
    r"voice\W?mail|mailbox|no\W?answer|not\W?reached|unreachable|busy|wrong\W?number|no\W?show|"
    r"disconnected|not in service|hung up",
    re.IGNORECASE,
)


def suggest(
    client: HubSpotClient, known: KnownFields, options: HubSpotOptions, now: datetime
) -> list[OptionSuggestion]:
    """Which of the portal's own outcomes mean that nobody talked, and whether calls get completed.

    The recording's address has a property of its own in every portal. Raises RetryLater, StopConnection.
    """
    window = Window(now - LOOK_BACK, now)
    body = calls_changed(window, properties=PROPERTIES, limit=MAX_RESULTS)
    body["sorts"] = [{"propertyName": "hs_lastmodifieddate", "direction": "DESCENDING"}]
    rows: Sequence[Row] = client.search(CALLS, body)["results"]
    met = {outcome for row in rows if (outcome := _text(row, "hs_call_disposition"))}
    labels = Outcomes(known).labels(met)
    return [*_outcomes(rows, labels, options), *_statuses(rows, options)]


def _outcomes(
    rows: Sequence[Row], labels: dict[str, str], options: HubSpotOptions
) -> Iterator[OptionSuggestion]:
    skipped = {word.strip().casefold() for word in options.skip_outcomes}
    telling = [label for label in labels.values() if _NOBODY_TALKED.search(label)]
    own = [label for label in telling if label.strip().casefold() not in skipped]
    if not own:
        return
    seen = Counter(labels.get(_text(row, "hs_call_disposition"), "none") for row in rows)
    told = ", ".join(f"{label} {count}" for label, count in seen.most_common(MOST_NAMED))
    reason = f"{_listed(own)} {'says' if len(own) == 1 else 'say'} that nobody talked."
    counts = f" The {len(rows)} newest calls by outcome: {told}." if rows else ""
    yield OptionSuggestion("skip_outcomes", (*options.skip_outcomes, *own), reason + counts)


def _statuses(rows: Sequence[Row], options: HubSpotOptions) -> Iterator[OptionSuggestion]:
    """Some dialers never set calls to completed, and all of theirs would be left out."""
    recorded = [row for row in rows if _text(row, "hs_call_recording_url")]
    others = Counter(
        status for row in recorded if (status := _text(row, "hs_call_status").upper()) not in ("", COMPLETED)
    )
    if options.completed_only and others.total() * 2 > len(recorded):
        told = ", ".join(f"{status} {count}" for status, count in others.most_common(MOST_NAMED))
        reason = f"of {len(recorded)} calls with a recording, most were never completed: {told}."
        yield OptionSuggestion("completed_only", False, reason)


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(f"'{label}'" for label in labels)


def _text(row: Row, name: str) -> str:
    return row["properties"].get(name) or ""
