"""The two contracts that everything outside this project is reached through.

A *connection* is one configured account of a CRM; a *connector* is the code that speaks to it. Every
method may be called from several threads at once, and raises only the verdicts of `errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from velma_connectors.analysis import Analysis, AnalysisConfig
from velma_connectors.model import (
    ApiBudget,
    Call,
    CallRef,
    Capabilities,
    Field,
    FieldSpec,
    FieldUpdate,
    FieldValue,
    Health,
    NoteUpsert,
    Page,
    RecordRef,
    SchemaResult,
    SchemaStep,
    Window,
    WriteResult,
)


class CrmConnector(Protocol):
    """One connection to one CRM account.

    Every method may raise RetryLater or StopConnection; what else it raises stands with it.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def check(self) -> Health:
        """Ask who we are, cheaply and authenticated."""
        ...

    def count(self, window: Window) -> int:
        """Calls changed in the window, counted by the CRM and not by walking."""
        ...

    def calls(self, window: Window, cursor: str | None, *, limit: int) -> Page:
        """Some of the calls changed in the closed window, in no particular order, each at least once.

        Pass the cursor of the page before, None for the first. `limit` is the most calls wanted.
        """
        ...

    def refresh(self, refs: Sequence[CallRef]) -> list[Call]:
        """Look at these calls again. Those that no longer exist are left out of the answer."""
        ...

    def open_recording(self, call: Call) -> AbstractContextManager[BinaryIO]:
        """Stream audio that the CRM itself holds (`RecordingSource.CRM`). Raises SkipCall, CallGone."""
        ...

    def fields(self, object_name: str) -> Mapping[str, Field]:
        """Fields of one object that this connection may see, by name; always fresh."""
        ...

    def current(
        self, records: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Mapping[str, FieldValue]]:
        """Values now. Records that are gone and fields their object does not show are left out."""
        ...

    def write(self, updates: Sequence[FieldUpdate | NoteUpsert]) -> list[WriteResult]:
        """Write in as few requests as possible; results by position.

        A field the CRM refuses is dropped and the rest of its record written; one bad record never
        harms its neighbours. Also the verdicts are results here: only StopConnection is raised.
        """
        ...

    def plan_fields(self, specs: Sequence[FieldSpec]) -> list[SchemaStep]:
        """Compare wanted fields with the schema, without changing anything; one step per object and field."""
        ...

    def create_fields(self, steps: Sequence[SchemaStep]) -> list[SchemaResult]:
        """Carry out the CREATE and CHANGE steps and make the fields usable for this connection."""
        ...

    def budget(self) -> ApiBudget:
        """Requests used and allowed, as last told by the CRM; asks nothing."""
        ...

    def close(self) -> None:
        """Release sockets. May be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording on the local disk, ready to be sent: complete, checked, named by its real container."""

    path: Path
    sha256: str
    size: int
    media_type: str
    extension: str
    """Without the dot: `ogg`, `wav`, `mp3`."""


@dataclass(frozen=True, slots=True)
class AnalyzerCapabilities:
    """What an analyzer takes: recordings of at most `max_bytes`."""

    max_bytes: int = 100_000_000


@dataclass(frozen=True, slots=True)
class AnalyzerHealth:
    """Answer of the free probe. `presets` are the catalogue identifiers that may be asked for."""

    presets: tuple[str, ...]


class Analyzer(Protocol):
    """Sends audio once and returns what was heard."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> AnalyzerCapabilities: ...

    def check(self) -> AnalyzerHealth:
        """Validate the key without spending anything. Raises RetryLater, SpendStop."""
        ...

    def analyze(self, audio: Audio, config: AnalysisConfig, *, deadline_seconds: float) -> bytes:
        """Pay for one analysis and return the answer as it came, unparsed.

        The caller has committed its intent before, and stores the bytes before doing anything else.
        Raises RetryLater (nothing was billed), SkipCall (this audio is refused), SpendStop and
        OutcomeUnknown (it may have been billed). Never repeats the request by itself.
        """
        ...

    def parse(
        self, answer: bytes, *, audio_sha256: str, config: AnalysisConfig, analyzed_at: datetime
    ) -> Analysis:
        """Read a stored answer, leniently. Raises ValueError when the bytes are no answer at all."""
        ...

    def heard_seconds(self, answer: bytes) -> float | None:
        """Length of the audio that an answer names; None when it names none. Cheap, and raises nothing."""
        ...

    def close(self) -> None: ...
