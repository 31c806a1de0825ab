"""What the calls said that a mapping file does not know, and the change to the file that adopts it."""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from velma_mappings.vocabulary import (
    UnlistedName,
    UnmatchedTopic,
    new_synonyms,
    unlisted_names,
    unmatched_topics,
)

if TYPE_CHECKING:
    from velma_mappings.model import CallReport
    from velma_sync.workspace import Workspace

WIDEST = 4096
"""Columns; wide enough that no line of the file is folded which nobody asked to change."""


@dataclass(frozen=True, slots=True)
class Review:
    """What the calls behind one mapping file said that it does not know.

    `calls` is how many were read. The two patches are unified diffs against the file as it is, empty when
    there is nothing to adopt; `git apply -p0` applies them where this was run.
    """

    mapping: Path
    connections: tuple[str, ...]
    calls: int
    topics: tuple[UnmatchedTopic, ...]
    topics_patch: str
    names: tuple[UnlistedName, ...]
    names_patch: str


def review(workspace: Workspace, *, since: datetime | None = None) -> tuple[Review, ...]:
    """One review per mapping file, over all stored answers of its connections. Pays and writes nothing."""
    return tuple(
        _review(workspace, path, names, since) for path, names in _by_mapping_file(workspace).items()
    )


def _by_mapping_file(workspace: Workspace) -> Mapping[Path, tuple[str, ...]]:
    files: dict[Path, tuple[str, ...]] = {}
    for connection in workspace.configuration.connections:
        files[connection.mapping_path] = (*files.get(connection.mapping_path, ()), connection.name)
    return files


def _review(workspace: Workspace, path: Path, names: Sequence[str], since: datetime | None) -> Review:
    reports = list(chain.from_iterable(_past_reports(workspace, name, since) for name in names))
    mapping = workspace.engine.connections[names[0]].mapping
    topics, unlisted = unmatched_topics(reports, mapping), unlisted_names(reports)
    return Review(
        mapping=path,
        connections=tuple(names),
        calls=len(reports),
        topics=tuple(topics),
        topics_patch=synonyms_patch(path, new_synonyms(topics)),
        names=tuple(unlisted),
        names_patch=competitors_patch(path, [each.name for each in unlisted]),
    )


def _past_reports(workspace: Workspace, name: str, since: datetime | None) -> Iterator[CallReport]:
    from velma_sync.pipeline.hindsight import past_reports

    return past_reports(workspace.engine, workspace.engine.connections[name], since=since)


def synonyms_patch(path: Path, adopted: Mapping[str, Sequence[str]]) -> str:
    """The diff that gives topics of the file more synonyms; comments and everything else stay."""

    def adopt(document: Any) -> None:
        for topic in document.get("topics") or ():
            for wording in adopted.get(topic["name"], ()):
                topic.setdefault("synonyms", []).append(wording)

    return _patch(path, adopt) if adopted else ""


def competitors_patch(path: Path, names: Sequence[str]) -> str:
    """The diff that adds competitors to the file."""

    def adopt(document: Any) -> None:
        rivals = document.setdefault("competitors", [])
        for name in names:
            rival = CommentedMap(name=name)
            rival.fa.set_flow_style()
            rivals.append(rival)

    return _patch(path, adopt) if names else ""


def _patch(path: Path, change: Callable[[Any], None]) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = WIDEST
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = path.read_text(encoding="utf-8")
    document = yaml.load(text)
    change(document)
    changed = io.StringIO()
    yaml.dump(document, changed)
    shown = os.path.relpath(path)
    lines = difflib.unified_diff(
        text.splitlines(keepends=True), changed.getvalue().splitlines(keepends=True), shown, shown
    )
    return "".join(lines)
