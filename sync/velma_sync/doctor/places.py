"""Where a thing stands in the admin's files, as `file:line:column`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from velma_connectors.errors import ConfigError, Problem
from velma_connectors.velma.playbook import AnalysisFile
from velma_sync.config.load import Configuration, Connection
from velma_sync.config.parts import value_at
from velma_sync.config.problems import position_of
from velma_sync.config.yaml_file import Location, YamlFile, read_yaml

_BEHAVIOR = re.compile(r"behavior '([a-z0-9_]+)'")
_STAGE = re.compile(r"stages entry (\d+)")
_WORDS = ("name", "short_description", "detailed_description")


def in_configuration(configuration: Configuration, *location: str | int) -> str:
    """A setting of `velma-sync.yaml`, or the nearest one above it when it is left out."""
    return _where(configuration.path, location)


def in_mapping(connection: Connection, *location: str | int) -> str:
    return _where(connection.mapping_path, location)


def in_analysis(configuration: Configuration, *location: str | int) -> str:
    return _where(_analysis_path(configuration), location)


def of_analysis_problem(configuration: Configuration, problem: Problem) -> str:
    """The definition or stage that a problem with the analysis file is about."""
    return in_analysis(configuration, *_location(configuration.analysis, problem))


def _location(analysis: AnalysisFile, problem: Problem) -> Location:
    if stage := _STAGE.match(problem.where):
        return ("stages", int(stage[1]) - 1)
    behavior = _BEHAVIOR.match(problem.where)
    keys = [each.key for each in analysis.behaviors]
    if behavior is None or behavior[1] not in keys:
        return ()
    word = problem.message.partition(" ")[0]
    at: Location = ("behaviors", keys.index(behavior[1]))
    return (*at, word) if word in _WORDS else at


def _analysis_path(configuration: Configuration) -> Path:
    file = _file(configuration.path)
    named = None if file is None else value_at(file.data, ("analysis", "file"))
    return configuration.path.parent / (named if isinstance(named, str) else "analysis.yaml")


def _where(path: Path, location: Location) -> str:
    file = _file(path)
    shown = shown_path(path)
    if file is None:
        return shown
    position = position_of(file, location)
    return f"{shown}:{position.line}:{position.column}"


def shown_path(path: Path) -> str:
    """A path as short as the working directory allows."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _file(path: Path) -> YamlFile | None:
    """None when it can no longer be read; it could, a moment ago."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ConfigError):
        return None


@cache
def _read(path: Path, _changed_at: int) -> YamlFile:
    return read_yaml(path)
