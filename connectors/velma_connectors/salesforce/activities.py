"""One Task or Event as a call: pure reading of a row, no requests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from velma_connectors.model import Call, CallRef, Deal, Direction, Person, Recording, RecordRef, Target
from velma_connectors.salesforce.deals import LinkedCall
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.recordings import identity, linked_recording
from velma_connectors.salesforce.soql import parse_stamp

SIGNS_OF_A_CALL: Mapping[str, Mapping[str, str]] = {
    "Task": {
        "TaskSubtype": "TaskSubtype = 'Call'",
        "CallType": "CallType != null",
        "CallDurationInSeconds": "CallDurationInSeconds > 0",
        "Type": "Type = 'Call'",
    },
    "Event": {"Type": "Type = 'Call'"},
}
"""Conditions any of which makes an activity a call, by the field they need. Dialers fill only some."""

ALWAYS_READ = ("Id", "SystemModstamp", "CreatedDate")
READ_IF_VISIBLE: Mapping[str, tuple[str, ...]] = {
    "Subject": ("Subject",),
    "OwnerId": ("OwnerId", "Owner.Name"),
    "WhoId": ("WhoId", "Who.Type", "Who.Name"),
    "WhatId": ("WhatId", "What.Type"),
    "AccountId": ("AccountId",),
    "ActivityDate": ("ActivityDate",),
    "CallType": ("CallType",),
    "CallDurationInSeconds": ("CallDurationInSeconds",),
    "CallDisposition": ("CallDisposition",),
    "CompletedDateTime": ("CompletedDateTime",),
    "StartDateTime": ("StartDateTime",),
    "DurationInMinutes": ("DurationInMinutes",),
}
"""Columns to select, by the field whose visibility they depend on. Task and Event each lack some."""

_DIRECTIONS = {
    "Inbound": Direction.INBOUND,
    "Outbound": Direction.OUTBOUND,
    "Internal": Direction.INTERNAL,
}
_PEOPLE = {"Contact": Target.CONTACT, "Lead": Target.LEAD}
_GROUP_PREFIX = "00G"


@dataclass(frozen=True, slots=True)
class Activity:
    """A row of Task or Event, read for one connection."""

    connection: str
    object_name: str
    row: Mapping[str, Any] = field(repr=False)
    options: SalesforceOptions

    @property
    def id(self) -> str:
        return str(self.row["Id"])

    @property
    def seconds(self) -> int | None:
        seconds = self.row.get("CallDurationInSeconds")
        minutes = self.row.get("DurationInMinutes")
        if seconds is None and minutes is not None:
            return int(minutes) * 60
        # Dialers log a call with length 0 and tell the true one later.
        return int(seconds) if seconds else None

    @property
    def started_at(self) -> datetime:
        """The configured start field; else an event's start; else when the call was saved, less its length.

        Salesforce stamps a task when it is saved as completed. One that was created later than the day
        it is dated was logged afterwards or imported: then noon (UTC) of that day is nearer.
        """
        row = self.row
        told = self._told_start
        if told is not None:
            # A start after the record was last touched is a mistake of the dialer's clock or time zone.
            return min(told, parse_stamp(row["SystemModstamp"]))
        if row.get("StartDateTime"):
            return parse_stamp(row["StartDateTime"])
        created = parse_stamp(row["CreatedDate"])
        day = row.get("ActivityDate")
        if day:
            noon = datetime.combine(date.fromisoformat(day), time(12), UTC)
            if created - noon > timedelta(hours=36):
                return noon
        saved = row.get("CompletedDateTime")
        end = parse_stamp(saved) if saved else created
        return end - timedelta(seconds=self.seconds or 0)

    @property
    def linked_recording(self) -> Recording | None:
        return linked_recording(self.row, self.options.recording_fields)

    @property
    def skipped_result(self) -> str | None:
        """The call result because of which the call is not analyzed, as the settings spell it."""
        result = str(self.row.get("CallDisposition") or "").strip().casefold()
        return next((word for word in self.options.skip_dispositions if word.casefold() == result), None)

    @property
    def linked(self) -> LinkedCall:
        return LinkedCall(
            call_id=self.id,
            started_at=self.started_at,
            opportunity=self._related("What", "Opportunity"),
            account=self.row.get("AccountId") or self._related("What", "Account"),
            contact=self._related("Who", "Contact"),
        )

    def call(self, attached: Recording | None, deals: tuple[Deal, ...]) -> Call:
        """The call, with the audio file attached to it (if it was looked for) and its deals."""
        recording = self.linked_recording or attached
        skip_reason = f"the call result is {self.skipped_result}" if self.skipped_result else None
        account = self.linked.account
        return Call(
            ref=CallRef(self.connection, self.object_name, self.id),
            title=str(self.row.get("Subject") or ""),
            started_at=self.started_at,
            seconds=self.seconds,
            direction=_DIRECTIONS.get(str(self.row.get("CallType")), Direction.UNKNOWN),
            owner=self._owner(),
            recording=recording,
            deals=deals,
            people=self._people(),
            account=RecordRef("Account", account) if account else None,
            changed_at=parse_stamp(self.row["SystemModstamp"]),
            fingerprint=_fingerprint(recording, skip_reason),
            skip_reason=skip_reason,
        )

    @property
    def _told_start(self) -> datetime | None:
        """What the configured start field says; None when it is empty or holds no time."""
        try:
            return parse_stamp(str(self.row.get(self.options.start_field or "") or ""))
        except (ValueError, OverflowError):
            return None

    def _related(self, relation: str, object_name: str) -> str | None:
        related = self.row.get(relation) or {}
        if related.get("Type") != object_name:
            return None
        return self.row.get(f"{relation}Id")

    def _owner(self) -> Person | None:
        owner_id = self.row.get("OwnerId")
        if not owner_id:
            return None
        owner_object = "Group" if owner_id.startswith(_GROUP_PREFIX) else "User"
        name = (self.row.get("Owner") or {}).get("Name") or ""
        return Person(RecordRef(owner_object, owner_id), name)

    def _people(self) -> tuple[Person, ...]:
        who = self.row.get("Who") or {}
        target = _PEOPLE.get(who.get("Type", ""))
        if target is None:
            return ()
        return (Person(RecordRef(who["Type"], self.row["WhoId"]), who.get("Name") or "", target),)


def _fingerprint(recording: Recording | None, skip_reason: str | None) -> str:
    """A hash of what there is to analyze: the audio, none yet, or nothing for a reason in the CRM.

    The reason takes part so that a call becomes new work when its result is corrected.
    """
    matter = f"skip {skip_reason}" if skip_reason else identity(recording) if recording else "no recording"
    return hashlib.sha256(matter.encode()).hexdigest()
