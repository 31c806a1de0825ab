"""The `config` part of a batch request, checked as strictly as its published schema allows."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from velma_connectors.sandbox.velma.presets import DEFAULT_BEHAVIORS, PRESETS
from velma_connectors.sandbox.velma.refusals import BAD_CONFIG, Refusal

MAX_TERM_CHARACTERS = 8000

NonEmpty = Annotated[str, StringConstraints(min_length=1)]
PresetReference = Annotated[str, StringConstraints(pattern=r"^preset:.+$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ConversationTypeDef(_Part):
    conversation_type_uuid: UUID
    name: NonEmpty
    short_description: str
    detailed_description: str


class ParticipantRoleDef(_Part):
    participant_role_uuid: UUID
    name: NonEmpty
    short_description: str
    detailed_description: str
    applies_to_conversation_type_uuids: list[UUID] | None = None


class BehaviorDef(_Part):
    behavior_uuid: UUID
    name: NonEmpty
    short_description: str
    detailed_description: str
    applies_to_conversation_type_uuids: list[UUID] | None = None
    applies_to_participant_role_uuids: list[UUID] | None = None


class CustomTerm(_Part):
    term: str
    definition: Annotated[str, Field(max_length=256)] | None = None
    pronunciations: Annotated[list[Annotated[str, Field(max_length=128)]], Field(max_length=16)] | None = None


class SttOptions(_Part):
    speaker_diarization: bool = True
    emotion_signal: bool = False
    accent_signal: bool = False
    deepfake_signal: bool = False
    pii_phi_tagging: bool = False
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2}([-_][A-Za-z0-9]+)*$")] | None = None
    custom_terms: Annotated[list[str | CustomTerm], Field(max_length=1000)] | None = None

    @field_validator("custom_terms", mode="before")
    @classmethod
    def _short_enough(cls, terms: Any) -> Any:
        if len(json.dumps(terms)) >= MAX_TERM_CHARACTERS:
            raise ValueError("all terms together must be under 8000 characters")
        return terms


class BatchConfig(_Part):
    """What is asked. Whether a key was sent at all matters: `model_fields_set` knows."""

    conversation_types: list[ConversationTypeDef] = []
    participant_roles: list[ParticipantRoleDef] = []
    behaviors: list[BehaviorDef | PresetReference] = []
    default_conversation_type: ConversationTypeDef | None = None
    default_participant_role: ParticipantRoleDef | None = None
    stt: SttOptions = SttOptions()
    produce_topics: bool = True
    produce_topic_sentiments: bool = True
    produce_summary: bool = True

    def sent(self, key: str) -> bool:
        return key in self.model_fields_set


@lru_cache(maxsize=256)
def parse_config(text: str) -> BatchConfig:
    """Read the part's text. Raises Refusal 422 for anything the service would not evaluate."""
    if text == "default":
        return BatchConfig(behaviors=[f"preset:{identifier}" for identifier in DEFAULT_BEHAVIORS])
    try:
        config = BatchConfig.model_validate_json(text)
    except ValidationError as error:
        raise Refusal(422, BAD_CONFIG) from error
    for behavior in config.behaviors:
        if isinstance(behavior, str) and behavior.removeprefix("preset:") not in PRESETS:
            raise Refusal(422, f"Invalid behavior preset: '{behavior.removeprefix('preset:')}'.")
    return config
