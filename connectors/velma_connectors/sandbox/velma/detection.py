"""Which planted signals a request hears of: only those it asked for, and only where it looked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from velma_connectors.sandbox.samples.dialogue import Signal
from velma_connectors.sandbox.velma.casting import Cast, scope_holds
from velma_connectors.sandbox.velma.config import BatchConfig, BehaviorDef
from velma_connectors.sandbox.velma.modes import VelmaModes
from velma_connectors.sandbox.velma.presets import PRESETS

STRAY_CLIP = str(uuid.uuid5(uuid.NAMESPACE_URL, "a clip that is in no answer"))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A behavior of the request, own or from the catalogue."""

    uuid: str
    name: str
    types: list[UUID] | None
    roles: list[UUID] | None


def detections(
    signals: tuple[Signal, ...],
    clips: Mapping[str, dict[str, Any]],
    people: Cast,
    config: BatchConfig,
    modes: VelmaModes,
) -> list[dict[str, Any]]:
    """Rows of `behaviors`. `clips` are the answer's clips by the id of their line."""
    rows = []
    for behavior in map(_asked, config.behaviors):
        found = []
        in_type = scope_holds(behavior.types, people.type, modes)
        for signal in signals if in_type else ():
            if signal.behavior.casefold() == behavior.name.casefold():
                found += _rows(signal, behavior, clips, people, modes)
        if modes.old_shape:
            for row in found:
                row |= {"skipped": False, "skip_reason": None, "error_reason": None}
            if not found:
                found = [_verdict_without_detection(behavior, skipped=not in_type)]
        rows += found
    return rows


def _asked(behavior: BehaviorDef | str) -> _Asked:
    if isinstance(behavior, str):
        preset = PRESETS[behavior.removeprefix("preset:")]
        return _Asked(preset.uuid, preset.name, None, None)
    return _Asked(
        str(behavior.behavior_uuid),
        behavior.name,
        behavior.applies_to_conversation_type_uuids,
        behavior.applies_to_participant_role_uuids,
    )


def _rows(
    signal: Signal, behavior: _Asked, clips: Mapping[str, dict[str, Any]], people: Cast, modes: VelmaModes
) -> list[dict[str, Any]]:
    label = people.labels[signal.by] if signal.by is not None else None
    role = people.roles.get(label) if label is not None else None
    if not scope_holds(behavior.roles, role, modes):
        return []
    evidence = [clips[line] for line in signal.evidence]
    settling = evidence[0]
    row = {
        "behavior_uuid": behavior.uuid,
        "behavior_name": behavior.name,
        "speaker_label": None if modes.null_speaker else label,
        "detected": True,
        "confidence": signal.confidence,
        "evidence_clip_uuids": [clip["clip_uuid"] for clip in evidence] + [STRAY_CLIP] * modes.stray_evidence,
        "definitive_clip_uuid": settling["clip_uuid"],
        "reasoning": f'Shown by "{settling["text"]}" ({settling["start_ms"] / 1000:.2f}s).',
    }
    again = row | {"confidence": round(signal.confidence / 2, 4)}
    return [row, again] if modes.duplicate_rows else [row]


def _verdict_without_detection(behavior: _Asked, *, skipped: bool) -> dict[str, Any]:
    return {
        "behavior_uuid": behavior.uuid,
        "behavior_name": behavior.name,
        "speaker_label": None,
        "detected": False,
        "confidence": None,
        "evidence_clip_uuids": [],
        "definitive_clip_uuid": None,
        "reasoning": None,
        "skipped": skipped,
        "skip_reason": "Does not apply to this conversation type." if skipped else None,
        "error_reason": None,
    }
