"""Names of connections: by the rule of the configuration, and none twice."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count

from pydantic import TypeAdapter, ValidationError

from velma_connectors.errors import ConfigError, Problem
from velma_sync.config.settings import ConnectionName

_NAME: TypeAdapter[str] = TypeAdapter(ConnectionName)


def connection_name(text: str, taken: Collection[str]) -> str:
    """The text as a name that is free. Raises ConfigError."""
    try:
        name = _NAME.validate_python(text.strip())
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise ConfigError([Problem("--name", f"'name' {message}.")]) from None
    if name in taken:
        remedy = f"Another one is free: {suggested_name(name, taken)}"
        raise ConfigError([Problem("--name", f"'name' {name} is taken by another connection.", remedy)])
    return name


def suggested_name(kind: str, taken: Collection[str]) -> str:
    """The kind's own name, with a number if it must be."""
    return next(name for at in count(1) if (name := kind if at == 1 else f"{kind}-{at}") not in taken)
