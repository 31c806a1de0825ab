"""Says what pydantic found in the admin's words: which file, which line, what is allowed there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from velma_connectors.errors import Problem
from velma_sync.config.types import alternatives, is_model, item_types, literals
from velma_sync.config.yaml_file import Location, Position, YamlFile

_PLACE = re.compile(r"(.*):(\d+):(\d+)", re.DOTALL)
_OWN_SETTINGS = "should hold settings of its own, one per line"
_LIST = "should be a list, like [first, second]"
_WHOLE_NUMBER = "should be a whole number"
_NUMBER = "should be a number"
_TRUTH = "should be true or false"
_WORDING = {
    "int_parsing": _WHOLE_NUMBER,
    "int_type": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "bool_parsing": _TRUTH,
    "bool_type": _TRUTH,
    "string_type": "should be text; put it in quotes",
    "string_too_short": "should not be empty",
    "model_type": _OWN_SETTINGS,
    "model_attributes_type": _OWN_SETTINGS,
    "dict_type": _OWN_SETTINGS,
    "mapping_type": _OWN_SETTINGS,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "timezone_aware": "should be a time with its zone, like 2026-01-31T08:00:00Z",
    "datetime_from_date_parsing": "should be a time with its zone, like 2026-01-31T08:00:00Z",
}
"""Kinds of pydantic's errors that speak of Python, in the words of a YAML file."""
_OPENING = re.compile(r"^[A-Z]\w* should ")
_VERBS = ("is ", "must ", "has ", "holds ", "should ", "would ", "needs ", "names ", "carries ", "cannot ")
"""How a message begins that continues the name of its setting."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A Problem, and the location of the setting it is about, which need not be in the file."""

    about: Location
    problem: Problem


def findings_of(
    error: ValidationError, file: YamlFile, model: type[BaseModel], at: Location = ()
) -> list[Finding]:
    """One Finding per mistake, in the order of the file.

    `model` is what was validated and `at` the location in the file where its data stands. No value
    from the file is repeated in a message: it may be a secret in the wrong place.
    """
    placed: dict[Finding, Position] = {}
    for detail in error.errors(include_url=False, include_input=False):
        finding, position = _finding(detail, file, model, at)
        placed.setdefault(finding, position)
    return sorted(placed, key=lambda each: (placed[each].line, placed[each].column))


def position_of(file: YamlFile, location: Location) -> Position:
    """Where a location stands: its key, or for what is not there the nearest row above it."""
    while location:
        if location in file.keys:
            return file.keys[location]
        if location in file.values:
            return file.values[location]
        location = location[:-1]
    return file.values[()]


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """File by file in the order they were read, each from its top; every problem once."""
    files: dict[str, int] = {}

    def place(problem: Problem) -> tuple[int, int, int]:
        match = _PLACE.fullmatch(problem.where)
        name, line, column = match.groups() if match else (problem.where, "0", "0")
        return files.setdefault(name, len(files)), int(line), int(column)

    return sorted(dict.fromkeys(problems), key=place)


def _finding(
    detail: ErrorDetails, file: YamlFile, model: type[BaseModel], at: Location
) -> tuple[Finding, Position]:
    kind, loc = detail["type"], detail["loc"]
    name = str(loc[-1]) if loc else ""
    location = _in_file(loc, file, at)
    about = location
    if location[-1:] != (name,) and any(name in _keys(each) for each in _models_at(model, loc[:-1])):
        about = (*location, name)
    position = position_of(file, location)
    if kind == "missing":
        message, remedy = f"'{name}' is missing.", _meaning(model, loc)
    elif kind == "extra_forbidden":
        message, remedy = f"'{name}' is not a setting here.", _allowed(name, model, loc[:-1])
    else:
        position = position if loc[-1:] == ("[key]",) else file.values.get(about, position)
        message, remedy = _sentence(detail, about), ""
    return Finding(about, Problem(file.where(position), message, remedy)), position


def _in_file(loc: Sequence[str | int], file: YamlFile, at: Location) -> Location:
    """The part of pydantic's location that exists in the file: it also names union members and keys."""
    location = at
    for part in loc:
        if (*location, part) in file.values:
            location = (*location, part)
    return location


def _label(location: Location) -> str:
    names = [part for part in location if isinstance(part, str)]
    if not names:
        return "the file"
    last = location[-1]
    return f"'{names[-1]}'" if isinstance(last, str) else f"entry {last + 1} of '{names[-1]}'"


def _sentence(detail: ErrorDetails, about: Location) -> str:
    """What is wrong with the value, starting with the name of its setting."""
    kind, context, message = detail["type"], detail.get("ctx", {}), detail["msg"].rstrip(".")
    if kind in ("literal_error", "enum"):
        words = f"should be {context['expected']}"
    elif kind == "union_tag_invalid":
        words = f"needs {context['discriminator']} to be one of {context['expected_tags']}"
    elif kind == "too_short":
        words = f"should have {context['min_length']} or more entries"
    else:
        words = _WORDING.get(kind) or _OPENING.sub("should ", message.removeprefix("Value error, "))
    separator = " " if words.startswith(_VERBS) else ": "
    return f"{_label(about)}{separator}{words}."


def _allowed(name: str, model: type[BaseModel], loc: Sequence[str | int]) -> str:
    """The settings that can stand in a file there; secrets cannot."""
    allowed = sorted(
        key
        for key, field in {
            key: each for owner in _models_at(model, loc) for key, each in _keys(owner).items()
        }.items()
        if SecretStr not in alternatives(field.annotation)
    )
    if not allowed:
        return ""
    near = get_close_matches(name, allowed, n=1)
    guess = f"Did you mean '{near[0]}'? " if near else ""
    return f"{guess}Allowed: {', '.join(allowed)}."


def _meaning(model: type[BaseModel], loc: Sequence[str | int]) -> str:
    for owner in _models_at(model, loc[:-1]):
        for key, field in _keys(owner).items():
            if key == loc[-1] and field.description:
                return f"Add it: {field.description}"
    return ""


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the name that files use."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[type[BaseModel]]:
    """The models whose keys are looked at in one place; several where a union leaves it open."""
    candidates: list[Any] = [model]
    for part in loc:
        candidates = [step for candidate in candidates for step in _step(candidate, part)]
    return [each for candidate in candidates for each in alternatives(candidate) if is_model(each)]


def _step(annotation: Any, part: str | int) -> Iterator[Any]:
    """Follow one part of pydantic's location, which may also name a union member."""
    members = list(alternatives(annotation))
    named = [each for each in members if is_model(each) and _answers_to(each, part)]
    if named:
        yield from named
        return
    for member in members:
        if not is_model(member):
            yield from item_types(member)
        elif part in (keys := _keys(member)):
            yield keys[str(part)].annotation


def _answers_to(model: type[BaseModel], part: str | int) -> bool:
    return model.__name__ == part or any(value == part for _, value in literals(model))
