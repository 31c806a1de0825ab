"""What can be set for a kind of connector, told from its options model alone: for a manual or a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from velma_sync.config.secrets import secret_options
from velma_sync.config.types import models_for
from velma_sync.config.yaml_file import Location

PLACEHOLDER = "connection"
"""Stands in angle brackets where the name of the connection belongs."""


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret of one connection is read from; `<connection>` is one that is still to be named."""

    connection: str
    variable: str
    file: str


@dataclass(frozen=True, slots=True)
class Option:
    """One setting under `options:` of a connection; a dot leads into settings of its own.

    `default` is plain data as YAML would hold it, None also where there is none. `secret` says where the
    value is read from instead of the file; it is empty for what is no secret.
    """

    name: str
    title: str
    description: str
    required: bool
    default: object
    examples: tuple[object, ...]
    secret: tuple[SecretSource, ...]


def options_of(model: type[BaseModel], connections: Sequence[str]) -> tuple[Option, ...]:
    """The settings in their order, secrets with their places for each of the connections."""
    sources: dict[Location, list[SecretSource]] = {}
    for name in connections:
        for option in secret_options((name,), model, None, ()):
            source = SecretSource(name, option.variable, option.file_name)
            sources.setdefault(option.location, []).append(source)
    if not connections:
        for option in secret_options((PLACEHOLDER,), model, None, ()):
            variable = option.variable.replace(PLACEHOLDER.upper(), f"<{PLACEHOLDER.upper()}>", 1)
            sources[option.location] = [SecretSource(f"<{PLACEHOLDER}>", variable, variable.lower())]
    return tuple(_options(model, (), sources))


def _options(
    model: type[BaseModel], at: Location, sources: Mapping[Location, Sequence[SecretSource]]
) -> Iterator[Option]:
    for name, field in model.model_fields.items():
        location = (*at, name)
        default: Any = None if field.is_required() else field.get_default(call_default_factory=True)
        yield Option(
            name=".".join(map(str, location)),
            title=field.title or "",
            description=field.description or "",
            required=field.is_required(),
            default=to_jsonable_python(default),
            examples=tuple(to_jsonable_python(field.examples or [])),
            secret=tuple(sources.get(location, ())),
        )
        for inner in models_for(field.annotation, None):
            yield from _options(inner, location, sources)
