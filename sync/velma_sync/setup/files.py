"""The texts of the files, from what was answered. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from velma_connectors.registry import ConnectorKind
from velma_connectors.velma.playbook import shipped_text
from velma_mappings.mapping_file import MappingFile
from velma_mappings.proposals import Proposal
from velma_sync.config.yaml_file import parse_yaml
from velma_sync.config.yaml_text import on_one_line
from velma_sync.option_guide import options_of
from velma_sync.schemas import NAMES, editor_comment, editor_schema, file_name, text
from velma_sync.setup.extending import DEEPER, Addition, extended
from velma_sync.setup.sources import HTTPS, Source

WIDTH = 100

_HEAD = """\
{editor}
# What velma-sync works on. `velma-sync connectors {kind}` explains all that can be set under `options`,
# `velma-sync doctor` tells whether everything is in order. Secrets never stand in this file.
version: 1

# One entry per CRM account. Its name is part of every call's key, so keep it.
connections:
"""
_RECORDINGS = """
# Where recordings may be fetched from, besides the CRM itself. Links to other hosts are not followed.
recordings:
  sources:
"""
_ANALYSIS = """
analysis:
  # What is asked about each call.
  file: analysis.yaml
  velma:
"""
_PRICE = """\
    # What an hour of audio costs you, in your currency: for estimates, and needed for backfill --max-cost.
    # price_per_audio_hour: 1.50
"""
_SECRETS = """
# A directory with one file per secret; an environment variable of the same name wins.
secrets_directory: {directory}
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that was decided for one connection.

    `options`, `velma` and each of `logins` (by source) are plain settings without secrets. `fields` are the
    proposals that were taken. `secrets` are to be written into `secrets_directory`, by variable.
    """

    kind: ConnectorKind
    connection: str
    options: Mapping[str, Any]
    start_at: datetime
    sources: tuple[Source, ...] = ()
    logins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    velma: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[Proposal, ...] = ()
    secrets_directory: Path | None = None
    secrets: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write. `replaces` is the text that must still stand there, None where no file may be."""

    path: Path
    text: str = field(repr=False)
    is_secret: bool = False
    replaces: str | None = field(default=None, repr=False)


def target_paths(path: Path, connection: str, *, further: bool) -> tuple[Path, ...]:
    """What would be made besides the configuration itself, none of which may exist."""
    if further:
        return (path.with_name(f"{connection}-mapping.yaml"),)
    names = ("mapping.yaml", "analysis.yaml", *map(file_name, NAMES))
    return tuple(path.with_name(name) for name in names)


def plan_files(setup: Setup, path: Path, existing: str | None) -> tuple[PlannedFile, ...]:
    """The files of a new configuration, or those of a connection more for the `existing` text.

    The configuration comes last: until it is there, nothing of the rest is used. Raises ConfigError.
    """
    further = existing is not None
    mapping, *others = target_paths(path, setup.connection, further=further)
    beside = {
        mapping: f"{editor_comment('mapping')}\n{adopted_mapping(setup)}",
        **{each: _shipped(each) for each in others},
    }
    whole = extended_configuration(setup, path, existing, mapping.name) if existing else None
    configuration = PlannedFile(path, whole or new_configuration(setup, path, mapping.name), False, existing)
    secrets = [
        PlannedFile(setup.secrets_directory / variable.lower(), f"{value.get_secret_value()}\n", True)
        for variable, value in setup.secrets.items()
        if setup.secrets_directory
    ]
    return (*secrets, *(PlannedFile(each, content) for each, content in beside.items()), configuration)


def _shipped(path: Path) -> str:
    if path.name == "analysis.yaml":
        return f"{editor_comment('analysis')}\n{shipped_text()}"
    return text(editor_schema(path.name.removesuffix(file_name(""))))


def shipped_mapping(kind: ConnectorKind) -> MappingFile:
    """The mapping file that the kind brings along."""
    return MappingFile.model_validate(parse_yaml(kind.default_mapping(), Path("mapping.yaml")).data)


def adopted_mapping(setup: Setup) -> str:
    """The kind's mapping file with the fields that were chosen; everything else stays as it is."""
    shipped = setup.kind.default_mapping()
    file = parse_yaml(shipped, Path("mapping.yaml"))
    lines = shipped.splitlines(keepends=True)
    # From the end: what stands before a replaced name keeps its place.
    for proposal in sorted(setup.fields, key=lambda each: each.rule, reverse=True):
        at = file.values["rules", proposal.rule, "field"]
        rules: Any = file.data["rules"] if isinstance(file.data, dict) else []
        old, line = rules[proposal.rule]["field"], lines[at.line - 1]
        before, after = line[: at.column - 1], line[at.column - 1 :]
        lines[at.line - 1] = before + after.replace(old, proposal.field, 1)
    return "".join(lines)


def new_configuration(setup: Setup, path: Path, mapping: str) -> str:
    connection, sources = _connection(setup, mapping), _sources(setup)
    parts = [
        _HEAD.format(editor=editor_comment("velma-sync"), kind=setup.kind.name),
        *(f"{DEEPER}{line}\n" for line in connection.lines),
    ]
    if sources.lines:
        parts += [_RECORDINGS, *(f"{DEEPER * 2}{line}\n" for line in sources.lines)]
    velma = [f"{DEEPER * 2}{line}\n" for line in _block(setup.velma)]
    parts += [_ANALYSIS if velma else _ANALYSIS.replace("  velma:\n", "  # velma:\n"), *velma]
    parts += [] if "price_per_audio_hour" in setup.velma else [_PRICE]
    if setup.secrets_directory:
        parts += [_SECRETS.format(directory=on_one_line(_beside(setup.secrets_directory, path)))]
    return "".join(parts)


def extended_configuration(setup: Setup, path: Path, existing: str, mapping: str) -> str:
    """Raises ConfigError when the existing text cannot be extended."""
    return extended(existing, path, _connection(setup, mapping), _sources(setup))


def _connection(setup: Setup, mapping: str) -> Addition:
    start = setup.start_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [
        f"{setup.connection}:",
        f"  kind: {on_one_line(setup.kind.name)}",
        "  # Which value goes to which field, and your vocabularies.",
        f"  mapping: {on_one_line(mapping)}",
        "  # Calls that were changed before this time are left alone. They can be analyzed later:",
        "  # velma-sync backfill --since 2026-01-01 tells what that would cost, and asks.",
        f"  start_at: {start}",
        *_options(setup),
    ]
    data: dict[str, Any] = {"kind": setup.kind.name, "mapping": mapping, "start_at": start}
    data |= {"options": dict(setup.options)} if setup.options else {}
    return Addition(tuple(lines), {setup.connection: data})


def _options(setup: Setup) -> Iterator[str]:
    """Every answer below its meaning."""
    if not setup.options:
        return
    yield "  options:"
    described = {each.name: each for each in options_of(setup.kind.options, ())}
    for name, value in setup.options.items():
        about = f"{described[name].title}: {described[name].description}".removeprefix(": ")
        for line in textwrap.wrap(about, WIDTH):
            yield f"    # {line}"
        for line in _block({name: value}):
            yield f"    {line}"


def _sources(setup: Setup) -> Addition:
    lines: list[str] = []
    data: list[dict[str, Any]] = []
    for source in setup.sources:
        entry: dict[str, Any] = {"name": source.name, "hosts": list(source.hosts)}
        entry |= {"ports": list(source.ports)} if source.ports != (HTTPS,) else {}
        entry |= {"credential": dict(setup.logins[source.name])} if source.name in setup.logins else {}
        first, *rest = _block(entry)
        lines += [f"- {first}", *(f"  {line}" for line in rest)]
        data.append(entry)
    return Addition(tuple(lines), data)


def _block(data: Mapping[str, Any]) -> Iterator[str]:
    """A mapping as lines; lists on one line, mappings below their name."""
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            yield f"{on_one_line(name)}:"
            yield from (f"{DEEPER}{line}" for line in _block(value))
        else:
            yield f"{on_one_line(name)}: {on_one_line(value)}"


def _beside(directory: Path, path: Path) -> str:
    """As the file would name it: relative to itself when it lies beside or below, else whole."""
    whole, home = directory.resolve(), path.parent.resolve()
    return (whole.relative_to(home) if whole.is_relative_to(home) else whole).as_posix()
