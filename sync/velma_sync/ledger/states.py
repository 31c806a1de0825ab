"""The life of a call, as one table.

    new -> working -> analyzed -> writing -> done          waiting_recording -> new | no_recording
    planned -> new                                         history that a backfill brings in, bit by bit

Every change of state goes through `check`, which refuses what this table does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class CallState(StrEnum):
    PLANNED = "planned"
    """History that waits for its turn in a backfill."""
    NEW = "new"
    """Waiting for its analysis, from `due_at` on."""
    WORKING = "working"
    """Leased by a worker: its recording is fetched or analyzed."""
    ANALYZED = "analyzed"
    """Its answer is stored (or its failure is to be reported); waiting for write-back."""
    WRITING = "writing"
    """Leased by a batch of write-back."""
    DONE = "done"
    """Every unit of its write-back has ended."""
    WAITING_RECORDING = "waiting_recording"
    NO_RECORDING = "no_recording"
    """No recording appeared within the time we look for one."""
    HELD = "held"
    """A person must look: the billing is unknown too often, what stands in the CRM is unclear, or our
    code failed.
    """
    DEAD = "dead"
    """Tried too often."""
    SKIPPED = "skipped"
    """Not to be analyzed: filtered, too short, voicemail, refused audio, deleted."""


_S = CallState

ALLOWED: Mapping[CallState, frozenset[CallState]] = {
    _S.PLANNED: frozenset({_S.NEW, _S.SKIPPED}),
    _S.NEW: frozenset({_S.WORKING, _S.WAITING_RECORDING, _S.SKIPPED, _S.PLANNED}),
    _S.WORKING: frozenset({_S.ANALYZED, _S.NEW, _S.HELD, _S.DEAD, _S.SKIPPED}),
    _S.ANALYZED: frozenset({_S.WRITING, _S.NEW}),
    _S.WRITING: frozenset({_S.DONE, _S.ANALYZED, _S.NEW, _S.HELD, _S.DEAD, _S.SKIPPED}),
    _S.DONE: frozenset({_S.NEW, _S.ANALYZED}),
    _S.WAITING_RECORDING: frozenset({_S.NEW, _S.NO_RECORDING, _S.SKIPPED, _S.WAITING_RECORDING}),
    _S.NO_RECORDING: frozenset({_S.NEW, _S.WAITING_RECORDING}),
    _S.HELD: frozenset({_S.NEW}),
    _S.DEAD: frozenset({_S.NEW}),
    _S.SKIPPED: frozenset({_S.NEW, _S.PLANNED}),
}
"""Where a call may go. Back to NEW from an end: a changed recording, or an operator's retry; to
WAITING_RECORDING by a retry while there is none.

DONE to ANALYZED: a changed mapping is replayed over the stored answer, or the call came to a deal after
all. SKIPPED to PLANNED: a call from
before the connection began, which a backfill wants. NEW to PLANNED: brought in, and not begun when its
backfill was interrupted.
"""

LEASED = frozenset({_S.WORKING, _S.WRITING})
ENDED = frozenset({_S.DONE, _S.NO_RECORDING, _S.HELD, _S.DEAD, _S.SKIPPED})


class UnitState(StrEnum):
    """How one unit of write-back stands: the fields of one record, or the note."""

    PENDING = "pending"
    RETRY = "retry"
    UNKNOWN = "unknown"
    """Sent without an answer: read back before it is repeated."""
    WRITTEN = "written"
    SAME = "same"
    """Nothing had to be sent: the CRM already held these values, or a person's were kept."""
    SUPERSEDED = "superseded"
    """A newer call speaks for this record."""
    REJECTED = "rejected"
    UNCLEAR = "unclear"
    """A person must first clear up what stands in the CRM."""
    GONE = "gone"


OPEN_UNITS = frozenset({UnitState.PENDING, UnitState.RETRY, UnitState.UNKNOWN})


class IllegalTransition(Exception):
    """Our own code asked for a change of state that the table does not hold."""


def check(source: CallState, target: CallState) -> None:
    """Raise IllegalTransition unless a call may go from `source` to `target`."""
    if target not in ALLOWED[source]:
        raise IllegalTransition(f"a call cannot go from {source} to {target}")
