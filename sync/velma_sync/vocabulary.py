"""What the calls said that a mapping file does not know, and the change to the file that adopts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from velma_mappings.vocabulary import (
    UnlistedName,
    UnmatchedTopic,
    new_synonyms,
    unlisted_names,
    unmatched_topics,
)
from velma_sync.adopting import competitors_patch, patch_directory, synonyms_patch

if TYPE_CHECKING:
    from velma_mappings.model import CallReport
    from velma_sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Review:
    """What the calls behind one mapping file said that it does not know.

    `calls` is how many were read. The two patches are unified diffs against the file as it is, empty when
    there is nothing to adopt; `git apply -p0` and `patch -p0` apply them in `patch_directory`.
    """

    mapping: Path
    patch_directory: Path
    connections: tuple[str, ...]
    calls: int
    topics: tuple[UnmatchedTopic, ...]
    topics_patch: str
    names: tuple[UnlistedName, ...]
    names_patch: str


def review(workspace: Workspace, *, since: datetime | None = None) -> tuple[Review, ...]:
    """One review per mapping file, over all stored answers of its connections. Pays and writes nothing.

    All patches apply in the same directory.
    """
    files = _by_mapping_file(workspace)
    directory = patch_directory(tuple(files))
    return tuple(_review(workspace, path, directory, names, since) for path, names in files.items())


def _by_mapping_file(workspace: Workspace) -> Mapping[Path, tuple[str, ...]]:
    files: dict[Path, tuple[str, ...]] = {}
    for connection in workspace.configuration.connections:
        path = connection.mapping_path.resolve()
        files[path] = (*files.get(path, ()), connection.name)
    return files


def _review(
    workspace: Workspace, path: Path, directory: Path, names: Sequence[str], since: datetime | None
) -> Review:
    reports = list(chain.from_iterable(_past_reports(workspace, name, since) for name in names))
    mapping = workspace.engine.connections[names[0]].mapping
    topics, unlisted = unmatched_topics(reports, mapping), unlisted_names(reports)
    return Review(
        mapping=path,
        patch_directory=directory,
        connections=tuple(names),
        calls=len(reports),
        topics=tuple(topics),
        topics_patch=synonyms_patch(path, new_synonyms(topics), directory),
        names=tuple(unlisted),
        names_patch=competitors_patch(path, [each.name for each in unlisted], directory),
    )


def _past_reports(workspace: Workspace, name: str, since: datetime | None) -> Iterator[CallReport]:
    from velma_sync.pipeline.hindsight import past_reports

    return past_reports(workspace.engine, workspace.engine.connections[name], since=since)
