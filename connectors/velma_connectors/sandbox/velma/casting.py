"""Which conversation type, speaker labels and roles an answer names. The rule is in the package's text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from velma_connectors.sandbox.samples.dialogue import Dialogue, Spoken
from velma_connectors.sandbox.velma.config import BatchConfig
from velma_connectors.sandbox.velma.modes import VelmaModes
from velma_connectors.sandbox.velma.presets import (
    CATALOGUE_ROLES,
    CATALOGUE_TYPES,
    FALLBACK_ROLE,
    FALLBACK_TYPE,
)

_PROSPECT_WORDS = {"prospect", "customer", "buyer", "client"}
_REP_WORDS = {"rep", "representative", "sales", "salesperson", "seller", "agent"}

_ONLY_ONE = "Only one candidate was supplied."
_INFERRED = "Inferred from candidate list."
_DEFAULT = "No candidate fitted; the default was used."


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A type or role that may be picked."""

    uuid: str
    name: str


@dataclass(frozen=True, slots=True)
class Pick:
    """A type or role that was picked, with the specification's words for how."""

    uuid: str
    name: str
    confidence: float
    source: str
    detail: str

    def document(self, kind: str) -> dict[str, Any]:
        return {
            f"{kind}_uuid": self.uuid,
            "name": self.name,
            "confidence": self.confidence,
            "selection_source": self.source,
            "detail": self.detail,
            "reasoning": None,
        }


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody heard: their labels by speaker, and the role picked for each label."""

    type: Pick | None
    labels: Mapping[str, str]
    roles: Mapping[str, Pick]


def cast(spoken: Spoken, config: BatchConfig, modes: VelmaModes) -> Cast:
    picked = _pick_type(spoken.dialogue, config)
    labels = _labels(spoken, config, modes)
    candidates = _role_candidates(config, picked, modes)
    roles = {}
    for label in dict.fromkeys(labels.values()):
        pick = _pick_role(_loudest(spoken, labels, label), spoken.dialogue, candidates, config, modes)
        if pick is not None:
            roles[label] = pick
    return Cast(picked, labels, roles)


def scope_holds(scope: Sequence[UUID] | None, pick: Pick | None, modes: VelmaModes) -> bool:
    """Whether a definition limited to the UUIDs of `scope` is looked for where `pick` was picked."""
    if scope is None or (not scope and modes.empty_scope_is_all):
        return True
    return pick is not None and pick.uuid in {str(uuid) for uuid in scope}


def _labels(spoken: Spoken, config: BatchConfig, modes: VelmaModes) -> dict[str, str]:
    """Labels by speaker, numbered in the order in which they are first heard."""
    speakers = list(dict.fromkeys(line.by for line in spoken.dialogue.lines))
    prefix = "" if modes.label_style == "1" else "Speaker_"
    numbers = range(1, len(speakers) + 1) if config.stt.speaker_diarization else [1] * len(speakers)
    return {speaker: f"{prefix}{number}" for speaker, number in zip(speakers, numbers, strict=True)}


def _loudest(spoken: Spoken, labels: Mapping[str, str], label: str) -> str:
    """The speaker behind a label who talks most; there are several only without diarization."""
    speech: dict[str, int] = {}
    for line, span in zip(spoken.dialogue.lines, spoken.spans, strict=True):
        if labels[line.by] == label:
            speech[line.by] = speech.get(line.by, 0) + span.duration_ms
    return max(speech, key=speech.__getitem__)


def _pick_type(dialogue: Dialogue, config: BatchConfig) -> Pick | None:
    if not config.sent("conversation_types"):
        candidates = [_Candidate(*item) for item in CATALOGUE_TYPES.items()]
    else:
        candidates = [_Candidate(str(t.conversation_type_uuid), t.name) for t in config.conversation_types]
    if len(candidates) == 1:
        return Pick(candidates[0].uuid, candidates[0].name, 1.0, "auto_selected_single_option", _ONLY_ONE)
    for candidate in candidates:
        if dialogue.conversation.casefold() in candidate.name.casefold():
            return Pick(candidate.uuid, candidate.name, 0.94, "inferred", _INFERRED)
    default = config.default_conversation_type
    if default is not None:
        return _default(str(default.conversation_type_uuid), default.name)
    return None if config.sent("default_conversation_type") else _default(*FALLBACK_TYPE)


def _role_candidates(config: BatchConfig, picked: Pick | None, modes: VelmaModes) -> list[_Candidate]:
    if not config.sent("participant_roles"):
        return [_Candidate(*item) for item in CATALOGUE_ROLES.items()]
    return [
        _Candidate(str(role.participant_role_uuid), role.name)
        for role in config.participant_roles
        if scope_holds(role.applies_to_conversation_type_uuids, picked, modes)
    ]


def _pick_role(
    speaker: str,
    dialogue: Dialogue,
    candidates: list[_Candidate],
    config: BatchConfig,
    modes: VelmaModes,
) -> Pick | None:
    person = dialogue.speakers[speaker]
    side = person.side
    if modes.swapped_roles:
        side = "rep" if side == "prospect" else "prospect"
    if len(candidates) == 1 and not modes.default_picks:
        return Pick(candidates[0].uuid, candidates[0].name, 1.0, "auto_selected_single_option", _ONLY_ONE)
    for candidate in candidates:
        if _side_of(candidate.name) == side and not modes.default_picks:
            return Pick(candidate.uuid, candidate.name, person.role_confidence, "inferred", _INFERRED)
    default = config.default_participant_role
    if default is not None:
        return _default(str(default.participant_role_uuid), default.name)
    return None if config.sent("default_participant_role") else _default(*FALLBACK_ROLE)


def _default(uuid: str, name: str) -> Pick:
    return Pick(uuid, name, 0.3, "default", _DEFAULT)


def _side_of(role_name: str) -> str | None:
    words = set(re.findall(r"[a-z]+", role_name.casefold()))
    if words & _PROSPECT_WORDS:
        return "prospect"
    return "rep" if words & _REP_WORDS else None
