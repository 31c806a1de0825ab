"""Which kinds of connector are installed: the entry points of the group `velma_sync.connectors`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from velma_connectors.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pydantic import BaseModel

    from velma_connectors.protocol import CrmConnector

GROUP = "velma_sync.connectors"


@dataclass(frozen=True, slots=True)
class ConnectorKind:
    """A kind of CRM that connections can be configured for.

    `options` is the pydantic model of the connection's settings, secrets as `SecretStr`. `open` takes
    the connection's name and those options and imports the CRM's client library; importing the kind
    itself stays cheap. `default_mapping` returns the text of a complete, commented mapping file.
    """

    name: str
    title: str
    options: type[BaseModel]
    open: Callable[[str, BaseModel], CrmConnector]
    default_mapping: Callable[[], str]


def kind_names() -> list[str]:
    """Names of the installed kinds, sorted, without loading them."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def load_kind(name: str) -> ConnectorKind:
    """The kind of that name. Raises ConfigError when it is not installed or cannot be loaded."""
    for entry in entry_points(group=GROUP, name=name):
        try:
            kind: ConnectorKind = entry.load()
        except Exception as error:
            problem = Problem(f"connector '{name}'", f"could not be loaded: {type(error).__name__}: {error}.")
            raise ConfigError([problem]) from error
        return kind
    installed = ", ".join(kind_names())
    raise ConfigError([Problem(f"connector '{name}'", "is not installed.", f"Installed: {installed}.")])
