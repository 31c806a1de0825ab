"""Whether recordings can be fetched, tried on a few recent calls: host by host, first bytes only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from velma_connectors.administration import Mark
from velma_connectors.errors import RetryLater, SkipCall
from velma_connectors.model import Call, Recording, RecordingSource, Window
from velma_connectors.protocol import CrmConnector
from velma_connectors.recordings.audio import HEAD_BYTES, identify
from velma_connectors.recordings.reach import RecordingReach
from velma_connectors.url import Url
from velma_sync.config.load import Configuration
from velma_sync.doctor.facts import Fact
from velma_sync.doctor.places import in_configuration

LOOK_BACK = timedelta(days=14)
MOST_CALLS = 100
"""Calls that are looked at for their recordings."""
TRIES = 3
"""Recordings that are tried at each place."""

IN_THE_CRM = "in the CRM"


@dataclass(slots=True)
class _Place:
    """A host, or the CRM: how many of its recordings were tried, and what kept some from being fetched."""

    tried: int = 0
    refusals: list[str] = field(default_factory=list)


def recording_facts(
    name: str, connector: CrmConnector, configuration: Configuration, now: datetime
) -> Iterator[Fact]:
    """One fact for each place that recordings of the last two weeks lie at. Shows hosts, never links."""
    page = connector.calls(Window(now - LOOK_BACK, now), None, limit=MOST_CALLS)
    calls = sorted(page.calls, key=lambda call: call.started_at, reverse=True)
    calls = [call for call in calls if call.skip_reason is None]
    if not calls:
        sentence = f"No call to analyze is found in the last {LOOK_BACK.days} days."
        remedy = _options(configuration, name, "that say how calls are found")
        yield Fact(name, "recordings", Mark.ADVICE, sentence, remedy)
        return
    recorded = [(call, call.recording) for call in calls if call.recording is not None]
    if not recorded:
        sentence = f"No call of the last {LOOK_BACK.days} days has a recording; {len(calls)} were looked at."
        remedy = _options(configuration, name, "that say where recordings are")
        yield Fact(name, "recordings", Mark.PROBLEM, sentence, remedy)
        return
    reach = RecordingReach(configuration.recordings.sources)
    places: dict[str, _Place] = {}
    for call, recording in recorded:
        place = places.setdefault(_label(recording), _Place())
        if place.tried < TRIES:
            place.tried += 1
            place.refusals += _refusal(connector, reach, call, recording)
    at = in_configuration(configuration, "recordings", "sources")
    for label, place in sorted(places.items()):
        yield _fact(name, label, place, "" if label == IN_THE_CRM else f"See recordings.sources ({at}).")


def _options(configuration: Configuration, name: str, which: str) -> str:
    at = in_configuration(configuration, "connections", name, "options")
    return f"Check the options of the connection {which} ({at}); velma-sync init proposes them."


def _label(recording: Recording) -> str:
    if recording.source is RecordingSource.CRM:
        return IN_THE_CRM
    try:
        return f"on {Url.parse(recording.locator).host}"
    except ValueError:
        return "behind links that cannot be read"


def _refusal(connector: CrmConnector, reach: RecordingReach, call: Call, recording: Recording) -> list[str]:
    """Why this recording cannot be fetched; empty when it can."""
    try:
        if recording.source is RecordingSource.CRM:
            with connector.open_recording(call) as stream:
                identify(stream.read(HEAD_BYTES))
        else:
            reach.check(recording)
    except (SkipCall, RetryLater) as verdict:
        return [str(verdict)]
    return []


def _fact(name: str, label: str, place: _Place, remedy: str) -> Fact:
    good = place.tried - len(place.refusals)
    sentence = f"Recordings {label}: {good} of {place.tried} tried can be fetched."
    if not place.refusals:
        return Fact(name, "recordings", Mark.OK, sentence)
    mark = Mark.ADVICE if good else Mark.PROBLEM
    return Fact(name, "recordings", mark, f"{sentence} {place.refusals[0]}", remedy)
