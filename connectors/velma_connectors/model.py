"""The words every room shares: calls, deals, recordings, fields, and what is written to them.

All times are aware and in UTC. Lengths say their unit. No vendor's word appears here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

FieldValue = None | bool | int | float | str | datetime | tuple[str, ...]
"""A value as a CRM field holds it. A tuple is the selection of a multi-choice field, sorted."""


class Target(StrEnum):
    """Which record of a call's surroundings a mapping rule writes to."""

    CALL = "call"
    DEAL = "deal"
    CONTACT = "contact"
    LEAD = "lead"
    ACCOUNT = "account"


class FieldKind(StrEnum):
    """What a CRM field can hold. OTHER is readable but never written."""

    BOOLEAN = "boolean"
    NUMBER = "number"
    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    DATE = "date"
    DATETIME = "datetime"
    OTHER = "other"


class Direction(StrEnum):
    """Who dialed, as far as the CRM knows."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


class RecordingSource(StrEnum):
    """Where the audio lies: in the CRM itself, or behind a URL that the CRM record names."""

    CRM = "crm"
    URL = "url"


@dataclass(frozen=True, slots=True, order=True)
class RecordRef:
    """One record of a CRM: the name of its object and its id."""

    object: str
    id: str

    def __str__(self) -> str:
        return f"{self.object}:{self.id}"


@dataclass(frozen=True, slots=True, order=True)
class CallRef:
    """The key of a call everywhere in this project, printed `sales-eu:Task:00T...`."""

    connection: str
    object: str
    id: str

    def __str__(self) -> str:
        return f"{self.connection}:{self.object}:{self.id}"

    @property
    def record(self) -> RecordRef:
        return RecordRef(self.object, self.id)

    @classmethod
    def parse(cls, text: str) -> CallRef:
        """Read the printed form back. Raises ValueError when a part is missing."""
        parts = text.split(":", 2)
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"'{text}' is not a call; expected CONNECTION:OBJECT:ID")
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the call's CRM record: its owner, a contact or a lead. The name stays out of logs."""

    ref: RecordRef
    name: str = field(repr=False)
    target: Target | None = None
    """CONTACT or LEAD; None for the owner, who is no target of a mapping."""


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal the call may belong to, as it was when the call took place.

    `stage` is the stage at call time. `is_primary` says the call's own record names this deal.
    """

    ref: RecordRef
    name: str = field(repr=False)
    stage: str | None
    pipeline: str | None
    is_open: bool
    amount: float | None
    created_at: datetime | None = None
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """Audio of a call. `locator` is a URL or a CRM file id and may be a bearer secret: never shown."""

    source: RecordingSource
    locator: str = field(repr=False)
    media_type: str | None = None
    size: int | None = None
    """Bytes, as the CRM states them."""
    checksum: str | None = None
    """`md5:<hex>` or `sha256:<hex>`, when the CRM states one."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call activity and the records around it.

    `fingerprint` changes exactly when the input of the analysis changes (the recording), never when
    only our own fields were written. `changed_at` is the CRM's own stamp of the last change.
    """

    ref: CallRef
    title: str = field(repr=False)
    started_at: datetime
    seconds: int | None
    direction: Direction
    owner: Person | None
    recording: Recording | None
    deals: tuple[Deal, ...]
    people: tuple[Person, ...]
    account: RecordRef | None
    changed_at: datetime
    fingerprint: str
    skip_reason: str | None = None
    """Why the CRM itself says there is nothing to analyze (voicemail, not completed); else None."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of change stamps, both ends included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a walk over a window. `cursor` continues the walk; None means it is complete."""

    calls: tuple[Call, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Field:
    """What a CRM says of one of its fields now.

    `max_length` counts Unicode characters. `precision` is the number of digits in all and `scale` of
    those behind the point, None where the CRM keeps any. `choices` are the stored names of the active
    options. A checkbox that is ticked or not, with nothing third, cannot be blank.
    """

    name: str
    label: str
    kind: FieldKind
    writable: bool
    filterable: bool
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    choices: tuple[str, ...] = ()
    restricted: bool = False
    can_be_blank: bool = True


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that a mapping wants. Lengths and digits as in `Field`; `help` is shown to CRM users."""

    target: Target
    name: str
    label: str
    kind: FieldKind
    help: str
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    choices: tuple[str, ...] = ()


class SchemaAction(StrEnum):
    """What provisioning would do with one field."""

    CREATE = "create"
    CHANGE = "change"
    LEAVE = "leave"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class SchemaStep:
    """One line of a provisioning plan. `reason` says what is added, or why it cannot be done."""

    action: SchemaAction
    object: str
    spec: FieldSpec
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SchemaResult:
    """What became of one step: `ok`, and the CRM's reason when it is not."""

    step: SchemaStep
    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FieldUpdate:
    """New values of one record. None clears a field; a field that is not named stays as it is."""

    record: RecordRef
    fields: Mapping[str, FieldValue] = field(repr=False)
    calls: tuple[CallRef, ...]


@dataclass(frozen=True, slots=True)
class NoteUpsert:
    """One summary note. `body` is plain text; the connector escapes it for where it goes.

    `key` identifies the note forever: the same key written twice leaves one note. `targets` are the
    records to attach it to, the call's own record first.
    """

    key: str
    targets: tuple[RecordRef, ...]
    body: str = field(repr=False)
    calls: tuple[CallRef, ...]


class WriteStatus(StrEnum):
    """What became of one FieldUpdate or NoteUpsert."""

    OK = "ok"
    REJECTED = "rejected"
    RETRY = "retry"
    GONE = "gone"
    UNKNOWN = "unknown"
    UNCLEAR = "unclear"
    """Not sent: which of several records is meant is for a person to say; the reason tells what to do."""


@dataclass(frozen=True, slots=True)
class DroppedField:
    """A field the CRM did not take, and why, while the rest of its record was written."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The verdict on one update, at the same position as the update. `after` is in seconds, for RETRY."""

    status: WriteStatus
    dropped: tuple[DroppedField, ...] = ()
    reason: str = ""
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Health:
    """Who we are to the CRM. `account_id` never changes for a connection; `problems` are for the admin."""

    account_id: str
    account_name: str
    user: str
    api_version: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiBudget:
    """Requests of the whole account in its current allowance, and those of this connection since opening.

    `used` and `allowed` are None until the CRM has told them.
    """

    used: int | None
    allowed: int | None
    requests: int


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the engine may ask of a connector. It asks for these, never for a vendor's name."""

    write_batch: int
    """Most updates that are worth one `write`."""
    objects: Mapping[Target, tuple[str, ...]]
    """Names of the CRM objects behind each target; a call may live in several."""
    batch_requests: int = 10
    """About how many requests a full write costs with all that is read for it; for forecasts."""
    note_targets: tuple[Target, ...] = tuple(Target)
    """Records that notes can be attached to."""
    hosted_recordings: bool = True
    creates_fields: bool = True


def canonical_json(document: object) -> str:
    """One spelling for one value: sorted keys, no spaces, Unicode kept. For hashes and comparisons."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
