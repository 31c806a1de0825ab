"""The shape of `analysis.yaml`, and what is asked about a call at each stage of a deal.

The stage is known from the CRM before a recording is sent, so only that stage's conversation type and
behaviors are sent: cheaper, and nothing is left for Velma to guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from velma_connectors.analysis import AnalysisConfig, Behavior, ConversationType, ParticipantRole, Side
from velma_connectors.velma.playbook_checks import mistakes

if TYPE_CHECKING:
    from typing import Self

ANALYZER = "velma-2"

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ConversationTypeEntry(_Strict):
    """A kind of call."""

    key: Key = Field(description="Your word for it in this file.")
    uuid: UUID = Field(description="Any fresh UUID; it stays the same forever.")
    name: Text = Field(description="As shown to the analyzer.")
    short_description: Text = Field(description="One sentence, like a dictionary.")
    detailed_description: Text = Field(description="What can be heard in such a call.")


class RoleEntry(_Strict):
    """A role that a speaker can have, and the side of the table it sits on."""

    key: Key = Field(description="Your word for it in this file.")
    uuid: UUID = Field(description="Any fresh UUID; it stays the same forever.")
    name: Text = Field(description="As shown to the analyzer.")
    side: Literal[Side.REP, Side.PROSPECT] = Field(description="rep: sells. prospect: may buy.")
    short_description: Text = Field(description="One sentence, like a dictionary.")
    detailed_description: Text = Field(description="What such a speaker can be heard doing.")


class BehaviorEntry(_Strict):
    """Something to listen for: an own definition with a uuid, or a preset of Modulate's catalogue."""

    key: Key = Field(description="Your word for it here and in mapping.yaml.")
    name: Text = Field(description="Under five words. For a preset: its name in the catalogue.")
    uuid: UUID | None = Field(default=None, description="Any fresh UUID, for an own definition.")
    preset: Text | None = Field(default=None, description="Identifier in the catalogue, with underscores.")
    short_description: str = Field(default="", description="One sentence, like a dictionary.")
    detailed_description: str = Field(
        default="", description="What must ALL, or ANY, be heard, and when it is not present."
    )
    conversation_types: tuple[Key, ...] = Field(default=(), description="Only in these types; empty: all.")
    roles: tuple[Key, ...] = Field(default=(), description="Only by speakers of these roles; empty: all.")

    @model_validator(mode="after")
    def _is_own_or_preset(self) -> Self:
        if (self.uuid is None) == (self.preset is None):
            raise ValueError(f"behavior '{self.key}' needs either uuid (own definition) or preset")
        described = bool(self.short_description), bool(self.detailed_description)
        if self.uuid is not None and not all(described):
            raise ValueError(f"behavior '{self.key}' needs short_description and detailed_description")
        if self.preset is not None and (any(described) or self.conversation_types or self.roles):
            raise ValueError(
                f"behavior '{self.key}' is a preset, whose descriptions, conversation_types and roles "
                "come from the catalogue; leave them out or write an own definition with a uuid"
            )
        return self


class StageEntry(_Strict):
    """What to ask about calls of deals at certain stages. Without pipelines and stages: the default."""

    pipelines: tuple[Text, ...] = Field(default=(), description="Names of CRM pipelines; empty: all.")
    stages: tuple[Text, ...] = Field(default=(), description="Names of CRM stages; empty: all.")
    conversation_type: Key = Field(description="Key of the conversation type.")
    behaviors: tuple[Key, ...] = Field(min_length=1, description="Keys of the behaviors.")

    @property
    def is_default(self) -> bool:
        return not self.pipelines and not self.stages

    def applies(self, stage: str | None, pipeline: str | None) -> bool:
        return _is_among(stage, self.stages) and _is_among(pipeline, self.pipelines)


class AnalysisFile(_Strict):
    """`analysis.yaml`."""

    version: Literal[1] = Field(description="Version of this format: 1.")
    language: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z]{2}(-[A-Za-z]{2})?$",
        description="ISO 639-1 code of the spoken language, such as en; empty: found out per call.",
    )
    emotions: bool = Field(default=True, description="Ask for the emotion of each clip.")
    conversation_types: tuple[ConversationTypeEntry, ...] = Field(
        min_length=1, description="What a call can be; one of them is sent with each recording."
    )
    roles: tuple[RoleEntry, ...] = Field(
        min_length=1, description="Who speaks, and for which of the two sides."
    )
    behaviors: tuple[BehaviorEntry, ...] = Field(min_length=1, description="What is listened for.")
    stages: tuple[StageEntry, ...] = Field(
        min_length=1, description="The first entry that fits is used; the last one is the default."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        found = mistakes(self)
        if found:
            raise ValidationError.from_exception_data(
                type(self).__name__,
                [InitErrorDetails(type=each.error(), loc=each.loc, input=None) for each in found],
            )
        return self


def shipped_text() -> str:
    """The analysis file for sales calls that comes with this package."""
    return Path(__file__).with_name("analysis.yaml").read_text(encoding="utf-8")


def select(
    file: AnalysisFile, *, stage: str | None, pipeline: str | None, terms: Iterable[str] = ()
) -> AnalysisConfig:
    """What to ask about one call. `stage` and `pipeline` are None when it belongs to no deal.

    Stages and pipelines are compared without regard to case. `terms` are names the transcription should
    recognize; their order does not matter.
    """
    entry = next(each for each in file.stages if each.applies(stage, pipeline))
    kind = next(each for each in file.conversation_types if each.key == entry.conversation_type)
    roles = {role.key: str(role.uuid) for role in file.roles}
    behaviors = {behavior.key: behavior for behavior in file.behaviors}
    return AnalysisConfig(
        analyzer=ANALYZER,
        conversation_types=(
            ConversationType(str(kind.uuid), kind.name, kind.short_description, kind.detailed_description),
        ),
        roles=tuple(
            ParticipantRole(
                str(role.uuid), role.name, role.side, role.short_description, role.detailed_description
            )
            for role in file.roles
        ),
        behaviors=tuple(_asked(behaviors[key], kind, roles) for key in entry.behaviors),
        terms=tuple(sorted({term.strip() for term in terms if term.strip()})),
        language=file.language,
        emotions=file.emotions,
    )


def lateness(file: AnalysisFile, *, stage: str | None, pipeline: str | None) -> int:
    """How far a deal has come: the place of its stage in the file, 0 where only the default fits."""
    place, entry = next(
        (place, each) for place, each in enumerate(file.stages, start=1) if each.applies(stage, pipeline)
    )
    return 0 if entry.is_default else place


def _asked(entry: BehaviorEntry, kind: ConversationTypeEntry, roles: dict[str, str]) -> Behavior:
    return Behavior(
        key=entry.key,
        name=entry.name,
        uuid=None if entry.uuid is None else str(entry.uuid),
        preset=entry.preset,
        short_description=entry.short_description,
        detailed_description=entry.detailed_description,
        conversation_types=(str(kind.uuid),) if entry.conversation_types else (),
        roles=tuple(roles[key] for key in entry.roles),
    )


def _is_among(name: str | None, wanted: tuple[str, ...]) -> bool:
    return not wanted or (name or "").strip().casefold() in {each.casefold() for each in wanted}
