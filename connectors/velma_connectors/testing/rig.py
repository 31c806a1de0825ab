"""What a contract test holds of the far side: its people, dialers, admins and outages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from velma_connectors.grades import Against
from velma_connectors.model import FieldKind, FieldSpec, FieldValue, RecordRef, Target
from velma_connectors.protocol import CrmConnector


class FaultKind(StrEnum):
    """What can be wrong with a far side while `Rig.fault` is open."""

    REFUSED_TOKEN = "refused token"  # noqa: S105 - a name of a fault
    """The credentials are good no more, and no new ones are handed out for them."""
    MISSING_RIGHT = "missing right"
    """The credentials are good, but may not use the API or a part of it that is needed."""
    RATE_LIMIT = "rate limit"
    """Too many requests within seconds."""
    DAILY_LIMIT = "daily limit"
    """The allowance of the day is used up."""
    OUTAGE = "outage"
    """Every request is answered with 503."""
    CUT = "cut connection"
    """Connections are reset after the request has arrived, before anything was done about it."""
    TRUNCATED = "truncated answer"
    """Answers announce their length and end halfway. Only shown to reads."""
    WEB_PAGE = "web page"
    """Every request is answered with 200 and an HTML page, as of a proxy or a login."""
    LOST_ANSWER = "lost answer"
    """Requests that write are carried out, and their connection is reset instead of an answer."""
    LOCKED_RECORD = "locked record"
    """One record cannot be saved because somebody else is saving it."""


class Ability(StrEnum):
    """What not every far side can be made to do."""

    BACKDATE = "save records at chosen times"
    EDIT_SCHEMA = "add an option to a field as its admin does"
    EDIT_NOTE = "change a note as a person does"
    REMOVE_RECORDING = "take a recording away from its call"


@dataclass(frozen=True, slots=True)
class Place:
    """A field that is there for tests, on the object that calls or deals live in."""

    target: Target
    name: str


@dataclass(frozen=True, slots=True)
class Stages:
    """Stages of a deal as the connector tells them: two open ones in their order, and a closed one."""

    first: str
    second: str
    closed: str


class Rig(ABC):
    """Drives one far side (a fake, an emulator, cassettes or a live account), past the connector.

    Every test gets a rig of its own from a fixture that also closes it. The account may hold other
    records. What a far side cannot do stands in `cannot` with the reason, and is skipped with it.
    """

    kind: str
    """The connector's name among the entry points."""
    against: Against
    """How real the far side is. An emulator is whatever answers in place of the CRM by its own protocol."""
    connection = "contract"
    """The name that `connector` and `reopen` open their connections under."""
    sdk_packages: Sequence[str] = ()
    """Top-level packages of the CRM's client library, such as `httpx`: an exception of theirs that escapes is
    told as the library's. Whatever else escapes and is no verdict fails just the same."""
    cannot: Mapping[Ability | FaultKind, str] = MappingProxyType({})
    """Abilities and faults this far side lacks, each with its reason."""
    fields: Mapping[FieldKind, Place]
    """Writable fields: a text whose length is limited, any other field on the same object, a restricted
    choice and multi-choice of two or more options, and whatever else there is. Kinds left out are skipped."""
    read_only: Place
    """A field that is seen and cannot be written."""
    stages: Stages
    """What `add_deal` and `set_stage` use."""

    @property
    @abstractmethod
    def connector(self) -> CrmConnector:
        """The connection under test; always the same one."""

    @property
    @abstractmethod
    def secrets(self) -> Sequence[str]:
        """Strings that must never show, as known by now: tokens, keys, signed addresses."""

    @abstractmethod
    def reopen(self) -> CrmConnector:
        """A fresh connection to the same account, as after a restart. The rig closes it in the end."""

    def now(self) -> datetime:
        """The present of the far side, aware."""
        return datetime.now(UTC)

    def settle(self) -> None:
        """Let pass what the far side needs until searches find the latest changes."""
        return

    # Users and dialers

    @abstractmethod
    def add_call(
        self,
        *,
        title: str = "Call",
        at: datetime | None = None,
        seconds: int = 300,
        audio: bytes | None = None,
        person: str | None = None,
    ) -> RecordRef:
        """Log a completed call that ended and was saved `at` that time (a whole second; None is now).

        `audio` becomes its recording: a file where the CRM holds recordings, else an invented link.
        `person` is the full name of a contact who is on the call's record.
        """

    @abstractmethod
    def attach(self, call: RecordRef, audio: bytes) -> None:
        """Give the call another recording."""

    def remove_recording(self, call: RecordRef) -> None:
        """Take the audio away, while whoever has seen the call still believes in it."""
        raise _lacking(Ability.REMOVE_RECORDING, "remove_recording")

    @abstractmethod
    def add_deal(
        self, *, name: str = "Deal", stage: str | None = None, at: datetime | None = None
    ) -> RecordRef:
        """Open a deal in a stage (`stages.first` by default) at that time."""

    @abstractmethod
    def set_stage(self, deal: RecordRef, stage: str, *, at: datetime | None = None) -> None:
        """Move a deal to another stage at that time."""

    @abstractmethod
    def link(self, call: RecordRef, deal: RecordRef) -> None:
        """Put the call on the deal."""

    @abstractmethod
    def edit(self, record: RecordRef, field: str, value: FieldValue) -> None:
        """A person sets a field now, which moves the record's stamp. Values as in `FieldValue`, dates as
        `2026-02-28`."""

    @abstractmethod
    def touch(self, call: RecordRef) -> None:
        """A person changes something about the call now that moves its stamp and is of no interest."""

    @abstractmethod
    def delete(self, record: RecordRef) -> None:
        """A person deletes a call or deal."""

    @abstractmethod
    def never(self, like: RecordRef) -> RecordRef:
        """A well-formed reference to a record of the same object that never was."""

    @abstractmethod
    def read(self, record: RecordRef, field: str) -> FieldValue:
        """What a person sees in a field, read without the connector; in the same form as for `edit`."""

    # Notes

    @abstractmethod
    def note_targets(self) -> tuple[RecordRef, ...]:
        """New records around one new call that a note can be written for, the call first."""

    @abstractmethod
    def notes(self, targets: Sequence[RecordRef]) -> list[str]:
        """Texts, without markup, of all notes that a person sees on these records, each note once."""

    def edit_note(self, targets: Sequence[RecordRef], old: str, new: str) -> None:
        """A person replaces some words inside the note on these records."""
        raise _lacking(Ability.EDIT_NOTE, "edit_note")

    # Admins

    @abstractmethod
    def new_specs(self) -> Sequence[FieldSpec]:
        """Fields the account lacks and that can be created, a CHOICE with two options among them."""

    def add_option(self, object_name: str, field: str, option: str) -> None:
        """The admin adds an option to a choice."""
        raise _lacking(Ability.EDIT_SCHEMA, "add_option")

    # Outages

    @abstractmethod
    def fault(self, kind: FaultKind, record: RecordRef | None = None) -> AbstractContextManager[None]:
        """Show the fault to every request until the block is left, then all is well again.

        `record` is the one that is locked, for LOCKED_RECORD alone.
        """


def _lacking(ability: Ability, method: str) -> NotImplementedError:
    return NotImplementedError(
        f"give the rig the method {method}, or Ability.{ability.name} a reason in `cannot`"
    )
