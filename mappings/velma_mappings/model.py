"""What a call turned out to say, value by value, and what would be written of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from velma_connectors.analysis import Side
from velma_connectors.model import CallRef, Deal, FieldValue, RecordRef, Target


class State(StrEnum):
    """How far a value can be trusted. Only KNOWN values are written."""

    KNOWN = "known"
    NOT_EVALUATED = "not_evaluated"
    BELOW_THRESHOLD = "below_threshold"
    UNAVAILABLE = "unavailable"


class Status(StrEnum):
    """State of a call's analysis as CRM reports show it; the text is the stored option."""

    ANALYZED = "Analyzed"
    PARTIAL = "Partial"
    NO_SPEECH = "No speech"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place in the call. `at` is mm:ss from its start; `quote` is masked."""

    at: str
    side: Side
    quote: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Value:
    """One thing an admin can map. `value` is None unless the state is KNOWN; KNOWN None clears.

    Lists keep the order of the mapping file, which ranks them; they are sorted when fitted to a field.
    """

    value: FieldValue
    state: State
    evidence: tuple[Evidence, ...] = ()
    confidence: float | None = None
    reason: str = ""
    """Why it is not known, in a few words."""


@dataclass(frozen=True, slots=True)
class CallReport:
    """Every value of one call, by the path that mapping files use.

    `values` holds every path of the catalogue for this mapping file, known or not. `unmatched_topics`
    are free-text topics no group took, with the prospect's score, and `unlisted_names` what may be a
    competitor that the mapping file does not list: the admin's review lists.
    """

    call: CallRef
    status: Status
    reasons: tuple[str, ...]
    values: Mapping[str, Value]
    unmatched_topics: tuple[tuple[str, float | None], ...]
    unlisted_names: tuple[str, ...]
    note: str = field(repr=False)
    """The rendered, masked summary note; empty when no note is to be written."""
    config_hash: str
    analyzer: str
    analyzed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DealChoice:
    """The deal a call counts for, or why there is none."""

    deal: Deal | None
    reason: str


class Overwrite(StrEnum):
    """When a field that already holds something is written."""

    IF_OURS = "if_ours"
    IF_EMPTY = "if_empty"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class PlannedField:
    """One value on its way to one field, already fitted to the field's real type and limits."""

    target: Target
    record: RecordRef
    field: str
    value: FieldValue
    overwrite: Overwrite
    path: str
    """The value's path in the report, for messages and receipts."""
    scale: int | None = None
    """Digits behind the point that the field keeps; numbers are compared at it."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A mapped value that is not written, and why, for the call's receipt."""

    record: RecordRef | None
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class CallPlan:
    """Everything one call wants written, before the CRM's present values are looked at."""

    fields: tuple[PlannedField, ...]
    note: str = field(repr=False)
    note_targets: tuple[RecordRef, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is done with one record's planned fields once its present values are known."""

    write: Mapping[str, FieldValue] = field(repr=False)
    kept: tuple[LeftOut, ...]
    """Fields whose present value stays, and why."""
    same: tuple[str, ...]
    """Fields that already hold what was planned."""
