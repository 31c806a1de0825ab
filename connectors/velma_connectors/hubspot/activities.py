"""One call object as a call: pure reading of a row, no requests."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from velma_connectors.hubspot.fields import parse_stamp
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.recordings import identity, linked_recording
from velma_connectors.hubspot.records import Row
from velma_connectors.model import (
    Call,
    CallRef,
    Deal,
    Direction,
    Person,
    Recording,
    RecordingSource,
    RecordRef,
)

CALLS = "calls"
PROPERTIES = (
    "hs_timestamp",
    "hs_call_title",
    "hs_call_direction",
    "hs_call_duration",
    "hs_call_status",
    "hs_call_disposition",
    "hs_call_has_voicemail",
    "hs_call_recording_url",
    "hs_call_source",
    "hubspot_owner_id",
    "hs_lastmodifieddate",
)
COMPLETED = "COMPLETED"
HANDED_OVER = "INTEGRATIONS_PLATFORM"
"""Source of a call whose app gives the audio to HubSpot alone; its recording URL may be empty."""

_DIRECTIONS = {"INBOUND": Direction.INBOUND, "OUTBOUND": Direction.OUTBOUND}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The records around a call."""

    deals: tuple[Deal, ...] = ()
    people: tuple[Person, ...] = ()
    account: RecordRef | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """A row of calls, read for one connection."""

    connection: str
    row: Row = field(repr=False)
    options: HubSpotOptions

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def changed_at(self) -> datetime:
        return parse_stamp(self._text("hs_lastmodifieddate") or self.row["updatedAt"])

    @property
    def started_at(self) -> datetime:
        """When the call took place, as its record says; else when the record was made."""
        try:
            told = parse_stamp(self._text("hs_timestamp"))
        except ValueError:
            return self._created_at
        # A start after the record was last touched is a mistake. On a deal, the call would pass for the
        # newest until that day has come.
        return told if told <= self.changed_at else self._created_at

    @property
    def seconds(self) -> int | None:
        """Length of the call; None for none, which is also how dialers log a call before they know it."""
        try:
            milliseconds = float(self._text("hs_call_duration"))
        except ValueError:
            return None
        return max(1, round(milliseconds / 1000)) if 0 < milliseconds < float("inf") else None

    @property
    def owner_id(self) -> str:
        """Empty when nobody owns the call."""
        return self._text("hubspot_owner_id")

    @property
    def outcome_id(self) -> str:
        return self._text("hs_call_disposition")

    @property
    def lacks_address(self) -> bool:
        """Whether HubSpot has the audio, but the record does not say where."""
        handed_over = self._text("hs_call_source") == HANDED_OVER
        return handed_over and not self._text("hs_call_recording_url") and self.seconds is not None

    def recording(self, redirector: str | None) -> Recording | None:
        """The audio. `redirector` is HubSpot's own address of it, for a call that lacks one."""
        if redirector:
            return Recording(RecordingSource.CRM, redirector)
        return linked_recording(self._text("hs_call_recording_url"), self.id, self.options.base_url)

    def skip_reason(self, outcome: str | None) -> str | None:
        """Why there is nothing to analyze. `outcome` is the label of the call's outcome."""
        options, status = self.options, self._text("hs_call_status").upper()
        if options.completed_only and status not in ("", COMPLETED):
            return f"the call status is {status}"
        if options.skip_voicemails and self._text("hs_call_has_voicemail").lower() == "true":
            return "HubSpot marks the call as a voicemail"
        word = (outcome or "").strip().casefold()
        skipped = next((one for one in options.skip_outcomes if one.strip().casefold() == word), None)
        return f"the call outcome is {skipped}" if word and skipped else None

    def call(
        self,
        surroundings: Surroundings,
        *,
        owner_name: str = "",
        outcome: str | None = None,
        redirector: str | None = None,
    ) -> Call:
        """The call with all around it; the other arguments as above."""
        recording = self.recording(redirector)
        skip_reason = self.skip_reason(outcome)
        return Call(
            ref=CallRef(self.connection, CALLS, self.id),
            title=self._text("hs_call_title"),
            started_at=self.started_at,
            seconds=self.seconds,
            direction=_DIRECTIONS.get(self._text("hs_call_direction"), Direction.UNKNOWN),
            owner=Person(RecordRef("owners", self.owner_id), owner_name) if self.owner_id else None,
            recording=recording,
            deals=surroundings.deals,
            people=surroundings.people,
            account=surroundings.account,
            changed_at=self.changed_at,
            fingerprint=_fingerprint(recording, skip_reason),
            skip_reason=skip_reason,
        )

    @property
    def _created_at(self) -> datetime:
        return parse_stamp(self.row["createdAt"])

    def _text(self, name: str) -> str:
        """A property, "" when it is empty or was not told."""
        return self.row["properties"].get(name) or ""


def _fingerprint(recording: Recording | None, skip_reason: str | None) -> str:
    """A hash of what there is to analyze.

    A reason not to analyze takes part, so that correcting it makes new work of the call.
    """
    if skip_reason:
        matter = f"skip {skip_reason}"
    else:
        matter = f"audio {identity(recording)}" if recording else "no audio"
    return hashlib.sha256(matter.encode()).hexdigest()
