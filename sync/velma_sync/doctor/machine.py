"""What this machine offers: the files, the places to write to, and the room on its disks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from velma_connectors.administration import Mark
from velma_sync.config.load import Configuration
from velma_sync.config.mistakes import Mistakes
from velma_sync.config.parts import LEDGER_PART, RECORDINGS_PART
from velma_sync.config.yaml_file import Location
from velma_sync.doctor.facts import Fact, problem_fact
from velma_sync.doctor.places import in_configuration, shown_path
from velma_sync.pipeline.settings import EngineSettings

SQLITE_BEGINS = b"SQLite format 3\0"
"""The first 16 bytes of every database file (sqlite.org/fileformat.html, 1.3)."""

_POSITION = re.compile(r":\d+:\d+$")

FreeBytes = Callable[[Path], int]


def files(configuration: Configuration) -> Iterator[Fact]:
    names = ", ".join(connection.name for connection in configuration.connections)
    sentence = f"is valid, and every secret is set. Connections: {names}."
    yield Fact(configuration.path.name, "files", Mark.OK, sentence)


def mistaken(mistakes: Mistakes) -> Iterator[Fact]:
    """What is wrong with the files and secrets, each told of the file that it stands in."""
    for problem in mistakes.problems:
        name = Path(_POSITION.sub("", problem.where)).name
        yield problem_fact(name, "configuration", problem)


def places(configuration: Configuration, absent: AbstractSet[Location]) -> Iterator[Fact]:
    """Whether what this machine keeps can be kept; creates nothing."""
    ledger, audio = configuration.ledger, configuration.audio_directory
    if LEDGER_PART.at not in absent and ledger.url is None:
        where = in_configuration(configuration, "ledger", "path")
        yield _place("ledger", ledger.path, ledger_obstacle(ledger.path), f"'path' ({where})")
    where = in_configuration(configuration, "audio_directory")
    yield _place("recordings", audio, _audio_obstacle(audio), f"'audio_directory' ({where})")


def room(
    configuration: Configuration,
    settings: EngineSettings,
    free_bytes: FreeBytes,
    absent: AbstractSet[Location],
) -> Iterator[Fact]:
    """Whether the disks have room for answers that were paid for, and for recordings on their way."""
    sound = absent.isdisjoint((LEDGER_PART.at, RECORDINGS_PART.at))
    needs = []
    if LEDGER_PART.at not in absent and configuration.ledger.url is None:
        needs.append(("ledger", configuration.ledger.path.parent, settings.min_free_bytes))
    if RECORDINGS_PART.at not in absent:
        in_flight = _in_flight_bytes(configuration, settings)
        needs.append(("recordings", configuration.audio_directory, in_flight))
    for about, directory, needed in needs:
        free = free_bytes(_nearest(directory))
        if free >= 2 * needed:
            continue
        sound = False
        mark = Mark.PROBLEM if free < needed else Mark.ADVICE
        effect = "nothing is analyzed below that" if about == "ledger" else "as much as may be under way"
        sentence = f"The disk of {shown_path(directory)} has {_size(free)} free of {_size(needed)}: {effect}."
        yield Fact(about, "disk", mark, sentence, "Make room, or move it to a larger disk.")
    if sound:
        sentence = f"There is room for {settings.max_in_flight} recordings at a time, and for the answers."
        yield Fact("disk", "disk", Mark.OK, sentence)


def _in_flight_bytes(configuration: Configuration, settings: EngineSettings) -> int:
    from velma_connectors.protocol import AnalyzerCapabilities

    largest = min(configuration.recordings.max_bytes, AnalyzerCapabilities().max_bytes)
    return settings.max_in_flight * largest


def _place(about: str, path: Path, obstacle: str, setting: str) -> Fact:
    if not obstacle:
        return Fact(about, "files", Mark.OK, f"{shown_path(path)} can be written.")
    remedy = f"Change that, or let {setting} name another place."
    return Fact(about, "files", Mark.PROBLEM, f"{shown_path(path)}: {obstacle}", remedy)


def ledger_obstacle(path: Path) -> str:
    """What keeps a ledger from being kept in this file; empty when nothing does."""
    if not os.access(path, os.F_OK):
        return _obstacle_in(path.parent)
    if not path.is_file():
        return "is no file."
    if not os.access(path, os.R_OK | os.W_OK):
        return "this user may not read and write it."
    with path.open("rb") as file:
        start = file.read(len(SQLITE_BEGINS))
    if start not in (b"", SQLITE_BEGINS):
        return "is no ledger, and would not be overwritten."
    return _obstacle_in(path.parent)


def _audio_obstacle(directory: Path) -> str:
    if os.access(directory, os.F_OK) and directory.is_dir() and directory.stat().st_mode & 0o077:
        return "other users can read this directory of recordings (chmod 700 ends that)."
    return _obstacle_in(directory)


def _obstacle_in(directory: Path) -> str:
    """What keeps us from making files there, making the directory first where it is missing."""
    nearest = _nearest(directory)
    if not nearest.is_dir():
        return f"{nearest} is no directory."
    return "" if os.access(nearest, os.W_OK | os.X_OK) else f"this user may not write in {nearest}."


def _nearest(directory: Path) -> Path:
    return next(each for each in (directory, *directory.parents) if os.access(each, os.F_OK))


def _size(number: int) -> str:
    return f"{number / 1e9:.1f} GB"
