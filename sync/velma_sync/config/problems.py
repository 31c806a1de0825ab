"""Says what pydantic found in the admin's words: which file, which line, what is allowed there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from velma_connectors.errors import Problem
from velma_sync.config.yaml_file import Location, Position, YamlFile

_UNIONS = (Union, UnionType)


def problems_of(
    error: ValidationError, file: YamlFile, model: type[BaseModel], at: Location = ()
) -> list[Problem]:
    """One Problem per mistake, in the order of the file.

    `model` is what was validated and `at` the location in the file where its data stands. No value
    from the file is repeated in a message: it may be a secret in the wrong place.
    """
    found: dict[Problem, Position] = {}
    for detail in error.errors(include_url=False, include_input=False):
        position, problem = _problem(detail, file, model, at)
        found.setdefault(problem, position)
    return sorted(found, key=lambda problem: (found[problem].line, found[problem].column))


def position_of(file: YamlFile, location: Location) -> Position:
    """Where a location stands: its key, or for what is not there the nearest row above it."""
    while location:
        if location in file.keys:
            return file.keys[location]
        if location in file.values:
            return file.values[location]
        location = location[:-1]
    return file.values[()]


def _problem(
    detail: ErrorDetails, file: YamlFile, model: type[BaseModel], at: Location
) -> tuple[Position, Problem]:
    kind = detail["type"]
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    location = _in_file(detail["loc"], file, at)
    if kind == "missing":
        position = position_of(file, location)
        message, remedy = f"'{name}' is missing.", _description(model, detail["loc"])
    elif kind == "extra_forbidden":
        position = file.keys.get(location) or position_of(file, location)
        message, remedy = f"'{name}' is not a setting here.", _allowed(name, model, detail["loc"][:-1])
    else:
        position = file.values.get(location) or position_of(file, location)
        message, remedy = f"{_label(location)} {_expectation(detail)}.", ""
    return position, Problem(file.where(position), message, remedy)


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


def _expectation(detail: ErrorDetails) -> str:
    """Pydantic's message as the end of a sentence that starts with the setting's name."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in ("literal_error", "enum"):
        return f"should be {context['expected']}"
    if kind == "union_tag_invalid":
        return f"should name its {context['discriminator']} as one of {context['expected_tags']}"
    if kind == "union_tag_not_found":
        return f"needs {context['discriminator']}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "should hold settings of its own, one per line"
    message = detail["msg"]
    for opening, own in (("Input should ", "should "), ("Value error, ", ""), ("Assertion failed, ", "")):
        if message.startswith(opening):
            message = own + message.removeprefix(opening)
            break
    else:
        message = message[:1].lower() + message[1:]
    return message.rstrip(".")


def _allowed(name: str, model: type[BaseModel], loc: Sequence[str | int]) -> str:
    allowed = sorted({key for owner in _models_at(model, loc) for key in _keys(owner)})
    if not allowed:
        return ""
    near = get_close_matches(name, allowed, n=1)
    guess = f"Did you mean '{near[0]}'? " if near else ""
    return f"{guess}Allowed: {', '.join(allowed)}."


def _description(model: type[BaseModel], loc: Sequence[str | int]) -> str:
    for owner in _models_at(model, loc[:-1]):
        for key, field in _keys(owner).items():
            if key == loc[-1] and field.description:
                return f"It says: {field.description}"
    return ""


def _keys(model: type[BaseModel]) -> dict[str, Any]:
    """Fields by the name that files use."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[type[BaseModel]]:
    """The models whose keys are looked at in one place; several where a union leaves it open."""
    candidates: list[Any] = [model]
    for part in loc:
        candidates = [step for candidate in candidates for step in _step(candidate, part)]
    return [candidate for each in candidates for candidate in _members(each) if _is_model(candidate)]


def _step(annotation: Any, part: str | int) -> Iterator[Any]:
    members = list(_members(annotation))
    named = [member for member in members if _answers_to(member, part)]
    if named:
        yield from named
        return
    for member in members:
        if _is_model(member):
            field = _keys(member).get(str(part))
            if field is not None:
                yield field.annotation
        elif get_args(member):
            yield get_args(member)[-1 if get_origin(member) is not tuple else 0]


def _members(annotation: Any) -> Iterator[Any]:
    """The alternatives of a type, without its annotations."""
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in _UNIONS:
        for argument in get_args(annotation):
            yield from _members(argument)
    else:
        yield annotation


def _answers_to(member: Any, part: str | int) -> bool:
    """Whether a union member is what pydantic names by `part`: its class or its discriminating value."""
    if not _is_model(member):
        return False
    if member.__name__ == part:
        return True
    for field in member.model_fields.values():
        if get_origin(field.annotation) is Literal:
            values = [v.value if isinstance(v, Enum) else v for v in get_args(field.annotation)]
            if part in values and len(values) == 1:
                return True
    return False


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
