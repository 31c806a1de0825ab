"""A configuration that is there already, as far as a further connection has to know it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from velma_connectors.errors import ConfigError, Problem
from velma_sync.config.parts import value_at
from velma_sync.config.secrets import DIRECTORY_VARIABLE
from velma_sync.config.yaml_file import read_yaml
from velma_sync.setup.extending import Addition, extended

NOBODY = Addition(("connection-to-come:",), {"connection-to-come": None})


@dataclass(frozen=True, slots=True)
class Existing:
    """`hosts` are the patterns of its recording sources; `secrets_directory` is as the file names it."""

    text: str = field(repr=False)
    connections: tuple[str, ...]
    hosts: tuple[str, ...]
    source_names: tuple[str, ...]
    secrets_directory: Path | None


def read_existing(path: Path) -> Existing | None:
    """None when there is no such file. Raises ConfigError when no connection can be added to it."""
    if not os.path.lexists(path):
        return None
    file = read_yaml(path)
    text = path.read_bytes().decode("utf-8")
    extended(text, path, NOBODY, Addition((), []))
    connections = value_at(file.data, ("connections",))
    sources = value_at(file.data, ("recordings", "sources"))
    entries = [each for each in sources if isinstance(each, dict)] if isinstance(sources, list) else []
    patterns = (each.get("hosts") for each in entries)
    named = value_at(file.data, ("secrets_directory",))
    return Existing(
        text=text,
        connections=tuple(connections) if isinstance(connections, dict) else (),
        hosts=tuple(str(host) for hosts in patterns if isinstance(hosts, list) for host in hosts),
        source_names=tuple(str(each.get("name")) for each in entries),
        secrets_directory=path.parent / named if isinstance(named, str) else None,
    )


def secrets_directory(path: Path, wanted: Path | None, existing: Existing | None) -> Path | None:
    """Where secrets are read from and may be written to.

    The directory that is wanted, else that of the configuration, else that of the environment. Raises
    ConfigError when the configuration would read them from another one.
    """
    inside = existing.secrets_directory if existing else None
    if wanted and existing and (inside is None or inside.resolve() != wanted.resolve()):
        says = f"names {inside}" if inside else "names none"
        message = f"{says} as secrets_directory, not {wanted}."
        raise ConfigError([Problem(str(path), message, "Change it there, or leave --secrets-directory out.")])
    outside = os.environ.get(DIRECTORY_VARIABLE)
    return wanted or inside or (Path(outside) if outside else None)
