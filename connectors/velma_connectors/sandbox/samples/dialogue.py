"""What is said in a recording, and which signals were planted in it. Read from the call scripts.

Texts may hold tags such as `<pii:firstname>Mira</pii:firstname>`: the tag is what an analyzer adds
when it is asked to, the value inside is what is spoken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Score = Annotated[float, Field(ge=-1, le=1)]
Confidence = Annotated[float, Field(ge=0, le=1)]

_TAG = re.compile(r"</?(?:pii|phi)(?::[a-z_]+)?>")


def untagged(text: str) -> str:
    """The text without the marks around personal data; the values stay."""
    return _TAG.sub("", text)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Speaker(_Part):
    """Somebody heard in the recording. `voice` names a voice of the speech synthesis."""

    side: Literal["rep", "prospect"]
    voice: str
    role_confidence: Confidence = 0.97


class Line(_Part):
    """One uninterrupted stretch of speech. Signals refer to it by `id`."""

    by: str
    says: str
    feels: str = "Neutral"
    id: str | None = None


class Signal(_Part):
    """A behavior that can be heard. `by` None means the conversation as a whole shows it.

    `evidence` names lines; the first is the one that settles it.
    """

    behavior: str
    by: str | None
    confidence: Confidence
    evidence: tuple[str, ...]


class Topic(_Part):
    """Something talked about, and how each speaker felt about it; who is not named was indifferent."""

    name: str
    sentiment: Mapping[str, Score]


class Dialogue(_Part):
    """The script of one recording. `conversation` is the word its type's name is found by."""

    conversation: str
    speakers: Mapping[str, Speaker]
    lines: tuple[Line, ...] = ()
    signals: tuple[Signal, ...] = ()
    topics: tuple[Topic, ...] = ()
    summary: str | None = None

    @model_validator(mode="after")
    def _refers_to_itself(self) -> Dialogue:
        speakers = set(self.speakers)
        ids = [line.id for line in self.lines if line.id]
        heard = {line.by for line in self.lines}
        if len(ids) != len(set(ids)):
            raise ValueError("two lines have the same id")
        if heard != speakers:
            raise ValueError(f"speakers {sorted(speakers)} and voices in the lines {sorted(heard)} differ")
        for signal in self.signals:
            if not set(signal.evidence) <= set(ids) or not signal.evidence:
                raise ValueError(f"'{signal.behavior}' names evidence that is no line")
            if signal.by is not None and signal.by not in speakers:
                raise ValueError(f"'{signal.behavior}' is shown by nobody heard")
        for topic in self.topics:
            if not set(topic.sentiment) <= speakers:
                raise ValueError(f"topic '{topic.name}' has a sentiment of nobody heard")
        return self


@dataclass(frozen=True, slots=True)
class Span:
    """When a line is heard, in milliseconds from the start of the recording."""

    start_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """A dialogue as recorded: `spans` has one entry for each line."""

    dialogue: Dialogue
    spans: tuple[Span, ...]
    duration_ms: int
    made_up: bool = False
    """True when nobody knows the audio and the dialogue was invented for it."""
