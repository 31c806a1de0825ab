"""What is asked of an analyzer, and what any analyzer answers.

The answer is parsed leniently: absent, null and unknown parts become empty, never an error, because
the answer was paid for. `raw` keeps it as it came.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from velma_connectors.model import canonical_json


class Side(StrEnum):
    """Whose side of the table a speaker sits on."""

    REP = "rep"
    PROSPECT = "prospect"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ConversationType:
    """A kind of call that behaviors can be limited to."""

    uuid: str
    name: str
    short_description: str
    detailed_description: str


@dataclass(frozen=True, slots=True)
class ParticipantRole:
    """A role a speaker can be given, and the side it counts for."""

    uuid: str
    name: str
    side: Side
    short_description: str
    detailed_description: str


@dataclass(frozen=True, slots=True)
class Behavior:
    """Something the analyzer looks for.

    `key` is the admin's word for it in mapping files. Own definitions carry `uuid` and descriptions;
    catalogue ones carry `preset`. Empty scopes mean every type and every role.
    """

    key: str
    name: str
    uuid: str | None = None
    preset: str | None = None
    short_description: str = ""
    detailed_description: str = ""
    conversation_types: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisConfig:
    """Everything that is asked about one recording. Two equal hashes mean the same paid question."""

    analyzer: str
    conversation_types: tuple[ConversationType, ...]
    roles: tuple[ParticipantRole, ...]
    behaviors: tuple[Behavior, ...]
    terms: tuple[str, ...] = ()
    """Names the transcription should recognize, sorted."""
    language: str | None = None
    emotions: bool = True
    tag_personal_data: bool = True

    def document(self) -> dict[str, object]:
        """The same as plain lists and mappings, for storing beside the answer."""
        return asdict(self)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        return hashlib.sha256(canonical_json(self.document()).encode()).hexdigest()

    @classmethod
    def from_document(cls, document: dict[str, object]) -> AnalysisConfig:
        """Read `document()` back from plain JSON. Raises pydantic.ValidationError on a foreign document."""
        from pydantic import TypeAdapter

        return TypeAdapter(cls).validate_python(document)


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of speech by one speaker. Times are milliseconds from the start of the recording."""

    id: str
    text: str = field(repr=False)
    start_ms: int
    duration_ms: int
    speaker: str
    language: str | None = None
    emotion: str | None = None

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.duration_ms


@dataclass(frozen=True, slots=True)
class Detection:
    """One row about one behavior and one speaker (None: about the conversation as a whole).

    `not_evaluated` holds the analyzer's reason when it says that it did not look; a missing row says
    nothing by itself.
    """

    behavior_uuid: str | None
    behavior_name: str
    speaker: str | None
    detected: bool
    confidence: float | None
    evidence: tuple[str, ...] = ()
    """Ids of clips."""
    definitive: str | None = None
    reasoning: str | None = field(default=None, repr=False)
    not_evaluated: str | None = None


@dataclass(frozen=True, slots=True)
class RolePick:
    """The role the analyzer gave to one speaker label. The label itself is opaque."""

    speaker: str
    role_uuid: str | None
    confidence: float | None
    is_default: bool


@dataclass(frozen=True, slots=True)
class TypePick:
    """The conversation type the analyzer settled on."""

    uuid: str | None
    name: str
    confidence: float | None
    is_default: bool


@dataclass(frozen=True, slots=True)
class TopicSentiment:
    """How one speaker felt about one topic, from -1 to 1."""

    topic: str
    speaker: str
    score: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analyzer's whole answer about one recording."""

    analyzer: str
    analyzed_at: datetime
    audio_sha256: str
    config_hash: str
    duration_ms: int
    clips: tuple[Clip, ...]
    conversation_type: TypePick | None
    roles: tuple[RolePick, ...]
    detections: tuple[Detection, ...]
    topics: tuple[str, ...]
    topic_sentiments: tuple[TopicSentiment, ...]
    summary: str | None = field(repr=False)
    raw: bytes = field(repr=False)
    """The answer as received, uncompressed; the ledger compresses it."""
