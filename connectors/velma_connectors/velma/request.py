"""The configuration Velma is sent, and what can be wrong with it before anything is paid.

Only keys of the published BatchConfig schema are sent: unknown ones can fail the whole request.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from velma_connectors.analysis import AnalysisConfig, Behavior
from velma_connectors.errors import Problem

MOST_TERMS = 1000
MOST_TERM_CHARACTERS = 8000
"""Of all custom terms together, as JSON; the schema says "under"."""


def batch_config(config: AnalysisConfig) -> dict[str, object]:
    """The BatchConfig document of one request."""
    return {
        "conversation_types": [
            {
                "conversation_type_uuid": each.uuid,
                "name": each.name,
                "short_description": each.short_description,
                "detailed_description": each.detailed_description,
            }
            for each in config.conversation_types
        ],
        "participant_roles": [
            {
                "participant_role_uuid": each.uuid,
                "name": each.name,
                "short_description": each.short_description,
                "detailed_description": each.detailed_description,
            }
            for each in config.roles
        ],
        "behaviors": [_behavior(each) for each in config.behaviors],
        "stt": _stt_options(config),
    }


def sendable_terms(terms: Iterable[str]) -> list[str]:
    """The custom terms that fit into one request, in the given order, without blank ones."""
    fitting: list[str] = []
    characters = 0
    for term in filter(None, map(str.strip, terms)):
        characters += len(json.dumps(term)) + 2  # a comma and a space, or for the last one the brackets
        if len(fitting) == MOST_TERMS or characters >= MOST_TERM_CHARACTERS:
            break
        fitting.append(term)
    return fitting


def lint(config: AnalysisConfig, presets: Collection[str] | None = None) -> list[Problem]:
    """What would make Velma refuse the configuration, or some behavior never show.

    `presets` are the identifiers the account may use; None leaves them unchecked.
    """
    return [
        *_repeated(config.behaviors),
        *_unknown_presets(config.behaviors, presets),
        *_dead_scopes(config),
        *_left_out_terms(config.terms),
    ]


def _behavior(behavior: Behavior) -> str | dict[str, object]:
    if behavior.preset is not None:
        return f"preset:{behavior.preset}"
    definition: dict[str, object] = {
        "behavior_uuid": behavior.uuid,
        "name": behavior.name,
        "short_description": behavior.short_description,
        "detailed_description": behavior.detailed_description,
    }
    # What an empty list means here is not documented, so a missing limit is left out.
    if behavior.conversation_types:
        definition["applies_to_conversation_type_uuids"] = list(behavior.conversation_types)
    if behavior.roles:
        definition["applies_to_participant_role_uuids"] = list(behavior.roles)
    return definition


def _stt_options(config: AnalysisConfig) -> dict[str, object]:
    options: dict[str, object] = {
        "speaker_diarization": True,
        "emotion_signal": config.emotions,
        "accent_signal": False,
        "deepfake_signal": False,
        "pii_phi_tagging": config.tag_personal_data,
    }
    if config.language is not None:
        options["language"] = config.language
    if terms := sendable_terms(config.terms):
        options["custom_terms"] = terms
    return options


def _repeated(behaviors: Sequence[Behavior]) -> list[Problem]:
    """Two definitions of one signal: sources disagree on which one Velma then follows."""
    uuids = Counter(behavior.uuid for behavior in behaviors if behavior.uuid is not None)
    names = Counter(behavior.name.casefold() for behavior in behaviors)
    return [
        Problem(
            f"behavior '{behavior.key}'",
            "shares its name or uuid with another behavior.",
            "Rename or drop one.",
        )
        for behavior in behaviors
        if names[behavior.name.casefold()] > 1 or (behavior.uuid is not None and uuids[behavior.uuid] > 1)
    ]


def _unknown_presets(behaviors: Sequence[Behavior], presets: Collection[str] | None) -> list[Problem]:
    if presets is None:
        return []
    return [
        Problem(
            f"behavior '{behavior.key}'",
            f"preset '{behavior.preset}' is not in the account's catalogue; every request would be refused.",
            "Preset names have underscores; see the list that Velma gives.",
        )
        for behavior in behaviors
        if behavior.preset is not None and behavior.preset not in presets
    ]


def _dead_scopes(config: AnalysisConfig) -> list[Problem]:
    """Velma drops a behavior silently when no type or role of its scope can be picked."""
    types = {each.uuid for each in config.conversation_types}
    roles = {each.uuid for each in config.roles}
    problems = []
    for behavior in config.behaviors:
        scopes = (
            ("conversation type", behavior.conversation_types, types),
            ("role", behavior.roles, roles),
        )
        for word, scope, known in scopes:
            where = f"behavior '{behavior.key}'"
            if scope and not known.intersection(scope):
                problems.append(
                    Problem(where, f"can never show: no {word} it is limited to is sent with it.")
                )
            elif set(scope) - known:
                problems.append(Problem(where, f"is limited to a {word} that is not sent with it."))
    return problems


def _left_out_terms(terms: Sequence[str]) -> list[Problem]:
    wanted = [term for term in terms if term.strip()]
    left_out = len(wanted) - len(sendable_terms(wanted))
    if not left_out:
        return []
    return [
        Problem(
            "terms",
            f"{left_out} of {len(wanted)} names do not fit into a request and are not sent.",
            f"Velma takes {MOST_TERMS} names with {MOST_TERM_CHARACTERS} characters in all.",
        )
    ]
