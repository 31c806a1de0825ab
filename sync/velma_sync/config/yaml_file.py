"""Reads a YAML 1.2 file into plain data and remembers where every key and value stands.

Built from parser events instead of a loader: a loader would expand aliases, which can make a file of
some hundred bytes explode in memory, and stop at the first duplicate key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from velma_connectors.errors import ConfigError, Problem

PlainValue = None | bool | int | float | str | list["PlainValue"] | dict[str, "PlainValue"]
Location = tuple[str | int, ...]
"""Keys and list positions from the top of the file down to one value."""

DEEPEST = 40
LARGEST_BYTES = 2_000_000
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A file's content. Every location is in `values`; those inside mappings are in `keys` as well."""

    path: Path
    data: PlainValue
    keys: Mapping[Location, Position]
    values: Mapping[Location, Position]

    def where(self, position: Position) -> str:
        return f"{self.path}:{position.line}:{position.column}"


def read_yaml(path: Path) -> YamlFile:
    """Read one file. Raises ConfigError naming every duplicate key, alias and tag, or the first mistake."""
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        remedy = "Correct the path, or let this user read the file."
        raise ConfigError([Problem(str(path), f"cannot be read: {reason}.", remedy)]) from error
    if len(content) > LARGEST_BYTES:
        message = f"is larger than {LARGEST_BYTES // 1_000_000} MB."
        raise ConfigError([Problem(str(path), message, "Name a file of settings; those are far smaller.")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where = f"{path}:{line}:1"
        raise ConfigError([Problem(where, "is not UTF-8 text.", "Save the file as UTF-8.")]) from error
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> YamlFile:
    """The same for text in hand; `path` is what positions are reported against."""
    builder = _Builder(path)
    try:
        data = builder.document(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        message = f"is not valid YAML: {error.problem or error.context or 'it cannot be read'}."
        raise ConfigError([*builder.problems, Problem(where, message, _remedy(message))]) from error
    except (YAMLError, ValueError) as error:
        raise ConfigError([*builder.problems, _unreadable(error, text, path)]) from error
    if builder.problems:
        raise ConfigError(builder.problems)
    return YamlFile(path, data, builder.keys, builder.values)


def _remedy(message: str) -> str:
    """What a person most likely did, where the parser says it in words of its own."""
    if "'\\t'" in message:
        return "Indent with spaces, not with tabs."
    if "<block end>" in message:
        return "Indent this line as its neighbours are."
    if "mapping values" in message:
        return "Check its indentation, and put a text that holds a colon in quotes."
    return ""


def _unreadable(error: Exception, text: str, path: Path) -> Problem:
    """A character YAML forbids, or a directive it does not know: neither comes with a mark."""
    place = getattr(error, "position", None)
    if not isinstance(place, int):
        return Problem(str(path), "is not valid YAML.")
    line = text.count("\n", 0, place) + 1
    column = place - text.rfind("\n", 0, place)
    return Problem(f"{path}:{line}:{column}", "holds a control character.", "Remove it.")


@dataclass(slots=True)
class _Builder:
    """Turns a stream of events into data, and collects what is refused on the way."""

    path: Path
    keys: dict[Location, Position] = field(default_factory=dict)
    values: dict[Location, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    scalars: YAML = field(default_factory=lambda: YAML(typ="safe", pure=True))

    def document(self, events: Iterator[Event]) -> PlainValue:
        data: PlainValue = None
        documents = 0
        self.values[()] = Position(1, 1)
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, "starts a second document.", "Keep one document in a file.")
            elif isinstance(event, NodeEvent):
                value = self._value(event, events, ())
                data = value if documents == 1 else data
        return data

    def _value(self, event: Event, events: Iterator[Event], at: Location) -> PlainValue:
        self.values[at] = _position(event)
        if len(at) > DEEPEST:
            raise MarkedYAMLError(problem="it is nested too deeply", problem_mark=event.start_mark)
        if isinstance(event, AliasEvent):
            self._refuse(event, f"'*{event.anchor}' is an alias.", "Aliases are not read: repeat the value.")
            return None
        if getattr(event, "tag", None):
            self._refuse(event, "carries a tag.", "Tags are not read: write the plain value.")
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, at)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, at)
        return self._scalar(event) if isinstance(event, ScalarEvent) else None

    def _mapping(self, events: Iterator[Event], at: Location) -> PlainValue:
        mapping: dict[str, PlainValue] = {}
        while not isinstance(key_event := next(events), MappingEndEvent):
            key = self._key(key_event, events, at)
            location = (*at, key)
            if key in mapping:
                first = self.keys[location]
                self._refuse(key_event, f"'{key}' is here twice (first in line {first.line}).", "Keep one.")
                self._value(next(events), events, (*at, f"{key} (again)"))
                continue
            self.keys[location] = _position(key_event)
            mapping[key] = self._value(next(events), events, location)
        return mapping

    def _key(self, event: Event, events: Iterator[Event], at: Location) -> str:
        plain = isinstance(event, ScalarEvent) and not event.tag
        value = self._value(event, events, (*at, "(key)"))
        self.values.pop((*at, "(key)"), None)
        if plain and isinstance(value, str):
            return value
        self._refuse(event, "is no text, but stands where a name belongs.", "Put it in quotes.")
        return f"(key in line {_position(event).line}, column {_position(event).column})"

    def _sequence(self, events: Iterator[Event], at: Location) -> PlainValue:
        items: list[PlainValue] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            items.append(self._value(event, events, (*at, len(items))))
        return items

    def _scalar(self, event: ScalarEvent) -> PlainValue:
        """Numbers, booleans and null by the YAML 1.2 rules; times stay text for whoever wants a time."""
        tag = str(self.scalars.resolver.resolve(ScalarNode, event.value, event.implicit))
        if tag not in _PLAIN_TAGS:
            return str(event.value)
        try:
            value = self.scalars.constructor.construct_object(ScalarNode(tag, event.value))
        except ValueError:
            return str(event.value)
        if isinstance(value, float) and not math.isfinite(value):
            return str(event.value)
        plain: PlainValue = value
        return plain

    def _refuse(self, event: Event, message: str, remedy: str) -> None:
        position = _position(event)
        self.problems.append(Problem(f"{self.path}:{position.line}:{position.column}", message, remedy))


def _position(event: Event) -> Position:
    mark: StringMark = event.start_mark
    return Position(mark.line + 1, mark.column + 1)
