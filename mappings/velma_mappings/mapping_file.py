"""The admin's mapping file: which value goes to which field, and the words it is made of.

Everything wrong is reported at once, each problem at the key that is to be changed. Keys stay the
admin's: nothing here knows which CRM the fields belong to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from velma_connectors.model import Target
from velma_mappings.deals import DealRule
from velma_mappings.mapping_checks import problems
from velma_mappings.model import Overwrite
from velma_mappings.note_template import template_fault

Confidence = Annotated[float, Field(ge=0.0, le=1.0)]
Words = Annotated[str, Field(min_length=1)]


class WhenMissing(StrEnum):
    """What a rule does with its field when the value is not known."""

    LEAVE = "leave"
    CLEAR = "clear"


class _Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, use_attribute_docstrings=True
    )


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Rule(_Strict):
    """One value on its way to one field."""

    value: Words
    """Path of the value, for example `next_step` or `sentiment.pricing`."""
    on: Target
    """Which record the field is on."""
    field: Words
    """Name of the field as the CRM's API calls it."""
    overwrite: Overwrite = Overwrite.IF_OURS
    """What to do with a field that already holds something."""
    when_missing: WhenMissing = WhenMissing.LEAVE
    """What to do when the value is not known: leave the field, or clear it."""
    transform: Annotated[
        tuple[Words, ...], BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...])
    ] = ()
    """Named changes to the value, in order."""
    label: Words | None = None
    """Label of the field, should it have to be created."""
    help: Words | None = None
    """Help text of the field, should it have to be created."""


class Topic(_Strict):
    """A topic with a field of its own."""

    name: Words
    """How people call it; `IT resources` has the path `sentiment.it_resources`."""
    synonyms: tuple[Words, ...] = ()
    """Other wordings that count as this topic."""
    exclude: tuple[Words, ...] = ()
    """Words that show another topic is meant."""
    objection: Words | None = None
    """Objection tag when the prospect's sentiment on it is -0.20 or lower."""


class Competitor(_Strict):
    """A rival to look for by name."""

    name: Words
    """The option written to the CRM."""
    aliases: tuple[Words, ...] = ()
    """Other names it goes by."""
    ignore: tuple[Words, ...] = ()
    """Phrases that hold the name but mean something else: `close the deal` for Close."""


class Behaviors(_Strict):
    """Which behaviors of analysis.yaml, by key, stand for what."""

    coaching: Mapping[Words, Annotated[tuple[Words, ...], Field(min_length=1)]] = {}
    """Coaching flag -> behaviors; the order ranks the flags."""
    positive: Mapping[Words, Annotated[tuple[Words, ...], Field(min_length=1)]] = {}
    """Positive signal -> behaviors."""
    objections: Mapping[Words, Annotated[tuple[Words, ...], Field(min_length=1)]] = {}
    """Objection tag -> behaviors."""
    competitor: tuple[Words, ...] = ()
    """Behaviors that notice a competitor."""
    action_plan: tuple[Words, ...] = ()
    """Behaviors that notice an agreed next step."""

    def named(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Every behavior key with its place in this section."""
        groups = {"coaching": self.coaching, "positive": self.positive, "objections": self.objections}
        lists = {"competitor": self.competitor, "action_plan": self.action_plan}
        return [
            *(
                ((group, label, at), key)
                for group, labels in groups.items()
                for label, keys in labels.items()
                for at, key in enumerate(keys)
            ),
            *(((name, at), key) for name, keys in lists.items() for at, key in enumerate(keys)),
        ]


class BehaviorThresholds(_Strict):
    """Confidences for one behavior; what is left out is as for all."""

    list: Confidence | None = None
    """To list this behavior as noticed."""
    confirm: Confidence | None = None
    """To check a box because of it."""


class Thresholds(_Strict):
    """Confidences from 0 to 1 that the analysis must reach. An unstated one counts as 0.5."""

    list: Confidence = 0.60
    """To list a behavior as noticed."""
    confirm: Confidence = 0.75
    """To check a box because of it."""
    role: Confidence = 0.60
    """To believe who is the rep and who the prospect."""
    behaviors: Mapping[Words, BehaviorThresholds] = {}
    """Other confidences for single behaviors, by key."""

    def listing(self, key: str) -> float:
        own = self.behaviors.get(key)
        return self.list if own is None or own.list is None else own.list

    def confirming(self, key: str) -> float:
        own = self.behaviors.get(key)
        return self.confirm if own is None or own.confirm is None else own.confirm


class Notes(_Strict):
    """The summary note."""

    enabled: bool = True
    """Write a note at all."""
    on: tuple[Target, ...] = (Target.CALL,)
    """Records the note is attached to."""
    template: str | None = None
    """Jinja2 text to use in place of the built-in note."""

    @field_validator("template")
    @classmethod
    def _readable(cls, template: str | None) -> str | None:
        fault = template_fault(template) if template is not None else ""
        if fault:
            raise ValueError(fault)
        return template


class MappingFile(_Strict):
    """A whole mapping file; one per connection, and shareable."""

    version: Literal[1]
    """Version of this format."""
    deal: DealRule = DealRule.ONLY_OPEN
    """Which of a call's deals its values are written to."""
    rules: tuple[Rule, ...]
    """One entry per field to fill."""
    topics: tuple[Topic, ...] = ()
    """Topics with a sentiment of their own."""
    competitors: tuple[Competitor, ...] = ()
    """Rivals to look for by name."""
    own_names: tuple[Words, ...] = ()
    """Your own company and product names: they are never a competitor, and help the transcription."""
    behaviors: Behaviors = Behaviors()
    """What the behaviors of analysis.yaml stand for."""
    thresholds: Thresholds = Thresholds()
    """How sure the analysis must be."""
    notes: Notes = Notes()
    """Whether a summary note is written, where, and in which words."""

    @model_validator(mode="after")
    def _consistent(self) -> MappingFile:
        found = problems(self)
        if found:
            raise ValidationError.from_exception_data(
                type(self).__name__,
                [
                    InitErrorDetails(type=problem.error(), loc=problem.loc, input=problem.input)
                    for problem in found
                ],
            )
        return self

    @property
    def hash(self) -> str:
        """SHA-256, in hex, of the file's content with every default filled in; comments do not count."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def terms(self) -> tuple[str, ...]:
        """Names that the transcription should recognize, sorted."""
        rivals = (name for rival in self.competitors for name in (rival.name, *rival.aliases))
        return tuple(sorted({*rivals, *self.own_names}))
