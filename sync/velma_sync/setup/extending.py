"""A further connection for a file that an admin has written: every line that is there stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from velma_connectors.errors import ConfigError, Problem
from velma_sync.config.parts import value_at
from velma_sync.config.yaml_file import Location, Position, YamlFile, parse_yaml

DEEPER = "  "
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Addition:
    """Lines without indentation, and the data that a reader gets from them."""

    lines: tuple[str, ...]
    data: Any


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind the last line of a block: a line counted from 0, and the indentation of what is there."""

    line: int
    indentation: str


def extended(text: str, path: Path, connection: Addition, sources: Addition) -> str:
    """The file with a connection more, and with more recording sources if there are any.

    `connection.data` is a mapping with one name, `sources.data` a list. Raises ConfigError when that cannot
    be done by adding lines alone, and for a file that cannot be read.
    """
    if text.startswith(BYTE_ORDER_MARK):
        return BYTE_ORDER_MARK + extended(text.removeprefix(BYTE_ORDER_MARK), path, connection, sources)
    file = parse_yaml(text, path)
    expected = _expected(file, connection, sources)
    try:
        longer = _with_block(text, file, ("connections",), connection.lines)
        if sources.data:
            longer = _with_sources(longer, path, sources)
        if parse_yaml(longer, path).data == expected:
            return longer
    except (_NoPlace, ConfigError):
        pass
    message = "holds connections or recording sources in a form to which no lines can be added."
    remedy = "Write each of them on lines of its own below 'connections:', then repeat the command."
    raise ConfigError([Problem(str(path), message, remedy)])


class _NoPlace(Exception):
    """The value is no block of lines."""


def _expected(file: YamlFile, connection: Addition, sources: Addition) -> Any:
    data: Any = copy.deepcopy(file.data)
    if not isinstance(data, dict) or not isinstance(data.get("connections"), dict):
        message = "holds no connections, so it is no configuration."
        raise ConfigError([Problem(str(file.path), message, "Move it away, or name another one.")])
    data["connections"] |= connection.data
    if sources.data:
        recordings = data["recordings"] = data.get("recordings") or {}
        there = recordings.get("sources") or [] if isinstance(recordings, dict) else None
        if isinstance(there, list):
            recordings["sources"] = [*there, *sources.data]
    return data


def _with_sources(text: str, path: Path, sources: Addition) -> str:
    file = parse_yaml(text, path)
    block: tuple[str, ...] = sources.lines
    at: Location = ("recordings", "sources")
    while at:
        if value_at(file.data, at) is not None:
            return _with_block(text, file, at, block)
        if at in file.keys:
            return _below_key(text, file.keys[at], block)
        block, at = (f"{at[-1]}:", *_indented(block, DEEPER)), at[:-1]
    return _with_block(text, file, (), ("", *block))


def _below_key(text: str, key: Position, block: Sequence[str]) -> str:
    """The text with the block as the value of a key that has none."""
    lines = text.splitlines(keepends=True)
    place = _Place(key.line, " " * (key.column - 1) + DEEPER)
    return _inserted(lines, place, block)


def _with_block(text: str, file: YamlFile, at: Location, block: Sequence[str]) -> str:
    lines = text.splitlines(keepends=True)
    return _inserted(lines, _place_behind(lines, file, at), block)


def _inserted(lines: Sequence[str], place: _Place, block: Sequence[str]) -> str:
    ending = "\r\n" if lines[0].endswith("\r\n") else "\n"
    before = list(lines[: place.line])
    if before and not before[-1].endswith(("\n", "\r")):
        before[-1] += ending
    new = [line + ending for line in _indented(block, place.indentation)]
    return "".join((*before, *new, *lines[place.line :]))


def _place_behind(lines: Sequence[str], file: YamlFile, at: Location) -> _Place:
    start = file.values[at]
    first = lines[start.line - 1] if start.line <= len(lines) else ""
    indentation = first[: start.column - 1]
    if indentation.strip() or first[start.column - 1 : start.column] in ("{", "[", ""):
        raise _NoPlace
    following = [
        position.line
        for positions in (file.keys, file.values)
        for location, position in positions.items()
        if location[: len(at)] != at and position.line > start.line
    ]
    end = min(following) - 1 if following else _end_of_document(lines, start.line)
    while _belongs_to_what_follows(lines[end - 1], indentation):
        end -= 1
    return _Place(end, indentation)


def _end_of_document(lines: Sequence[str], start: int) -> int:
    ends = (at for at, line in enumerate(lines) if at >= start and line.rstrip() in ("...", "---"))
    return next(ends, len(lines))


def _belongs_to_what_follows(line: str, indentation: str) -> bool:
    """Blank lines, and comments that stand further left than the block."""
    bare = line.lstrip(" ")
    if not bare.strip():
        return True
    return bare.startswith("#") and len(line) - len(bare) < len(indentation)


def _indented(block: Sequence[str], indentation: str) -> tuple[str, ...]:
    return tuple(f"{indentation}{line}" if line else "" for line in block)
