"""The shape of `analysis.yaml`, and what is asked about a call at each stage of a deal.

The stage is known from the CRM before a recording is sent, so only that stage's conversation type and
behaviors are sent: cheaper, and nothing is left for Velma to guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from velma_connectors.analysis import AnalysisConfig, Behavior, ConversationType, ParticipantRole, Side

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
    uuid: UUID = Field(description="Any fresh UUID; it stays the same for ever.")
    name: Text = Field(description="As shown to the analyzer.")
    short_description: Text = Field(description="One sentence, like a dictionary.")
    detailed_description: Text = Field(description="What can be heard in such a call.")


class RoleEntry(_Strict):
    """A role that a speaker can have, and the side of the table it sits on."""

    key: Key = Field(description="Your word for it in this file.")
    uuid: UUID = Field(description="Any fresh UUID; it stays the same for ever.")
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

    version: Literal[1]
    language: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z]{2}(-[A-Za-z]{2})?$",
        description="ISO 639-1 code of the spoken language, such as en; empty: found out per call.",
    )
    emotions: bool = Field(default=True, description="Ask for the emotion of each clip.")
    conversation_types: tuple[ConversationTypeEntry, ...] = Field(min_length=1)
    roles: tuple[RoleEntry, ...] = Field(min_length=1)
    behaviors: tuple[BehaviorEntry, ...] = Field(min_length=1)
    stages: tuple[StageEntry, ...] = Field(
        min_length=1, description="The first entry that fits is used; the last one is the default."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        mistakes = [*_repeated(self), *_loose_ends(self), *_misplaced_defaults(self), *_missing_sides(self)]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self


def shipped_text() -> str:
    """The analysis file for sales calls that comes with this package."""
    return Path(__file__).with_name("analysis.yaml").read_text(encoding="utf-8")


def select(
    file: AnalysisFile, *, stage: str | None, pipeline: str | None, terms: Iterable[str] = ()
) -> AnalysisConfig:
    """What to ask about one call. `stage` and `pipeline` are None when it belongs to no deal.

    Stages and pipelines are compared without regard to case. `terms` are names the transcription should
    recognise; their order does not matter.
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


def _repeated(file: AnalysisFile) -> Iterator[str]:
    keyed = (
        ("conversation type", file.conversation_types),
        ("role", file.roles),
        ("behavior", file.behaviors),
    )
    for word, entries in keyed:
        for key, count in Counter(entry.key for entry in entries).items():
            if count > 1:
                yield f"{word} '{key}' is defined twice"
    uuids = [
        *(entry.uuid for entry in file.conversation_types),
        *(entry.uuid for entry in file.roles),
        *(entry.uuid for entry in file.behaviors if entry.uuid is not None),
    ]
    for uuid, count in Counter(uuids).items():
        if count > 1:
            yield f"uuid {uuid} is used twice; each definition needs one of its own"
    for name, count in Counter(entry.name.casefold() for entry in file.behaviors).items():
        if count > 1:
            yield f"behavior name '{name}' is used twice"
    places = Counter(
        (pipeline.casefold(), stage.casefold())
        for entry in file.stages
        for pipeline in entry.pipelines or ("",)
        for stage in entry.stages or ("",)
    )
    for (pipeline, stage), count in places.items():
        if count > 1 and (pipeline or stage):
            yield f"stage '{stage or 'any'}' of pipeline '{pipeline or 'any'}' is listed twice"


def _loose_ends(file: AnalysisFile) -> Iterator[str]:
    types = {each.key for each in file.conversation_types}
    roles = {each.key for each in file.roles}
    behaviors = {each.key: each for each in file.behaviors}
    for behavior in file.behaviors:
        for word, named, known in (
            ("conversation type", behavior.conversation_types, types),
            ("role", behavior.roles, roles),
        ):
            for key in set(named) - known:
                yield f"behavior '{behavior.key}' names {word} '{key}', which is not defined"
    for position, entry in enumerate(file.stages, 1):
        if entry.conversation_type not in types:
            yield f"stages entry {position} names type '{entry.conversation_type}', which is not defined"
        for key, count in Counter(entry.behaviors).items():
            if key not in behaviors:
                yield f"stages entry {position} names behavior '{key}', which is not defined"
            elif count > 1:
                yield f"stages entry {position} names behavior '{key}' twice"
            elif entry.conversation_type not in (behaviors[key].conversation_types or types):
                yield f"behavior '{key}' can never show in stages entry {position}: it is for other types"


def _misplaced_defaults(file: AnalysisFile) -> Iterator[str]:
    *others, last = file.stages
    if not last.is_default:
        yield "the last entry of stages must be the default, without pipelines and stages"
    if any(entry.is_default for entry in others):
        yield "only the last entry of stages may be without pipelines and stages"


def _missing_sides(file: AnalysisFile) -> Iterator[str]:
    for side in {Side.REP, Side.PROSPECT} - {role.side for role in file.roles}:
        yield f"no role is on the side of the {side}"


def _is_among(name: str | None, wanted: tuple[str, ...]) -> bool:
    return not wanted or (name or "").strip().casefold() in {each.casefold() for each in wanted}
