"""Everything that can be known before a call is paid for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from velma_connectors.errors import Problem, Verdict
from velma_connectors.model import SchemaAction
from velma_mappings.fields import check_fields, wanted_fields
from velma_sync.config.load import Configuration, Connection, analysis_configs

if TYPE_CHECKING:
    from velma_connectors.protocol import CrmConnector
    from velma_sync.workspace import Workspace

MOST_NAMED = 3
"""Fields that are named when the same is wrong with many."""

SQLITE_BEGINS = b"SQLite format 3\0"
"""The first 16 bytes of every database file (sqlite.org/fileformat.html, 1.3)."""


class Mark(StrEnum):
    """How good a fact is."""

    OK = "ok"
    ADVICE = "advice"
    """Works, but could be better."""
    PROBLEM = "problem"
    """To be mended here: something would be missing, or nothing would start."""
    REFUSED = "refused"
    """A system cannot be reached or refuses us: nothing would work."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was found out. `about` is a file, a connection or the analyzer."""

    about: str
    mark: Mark
    sentence: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything that was found out, in the order it was asked."""

    facts: tuple[Fact, ...]

    def has(self, mark: Mark) -> bool:
        return any(fact.mark is mark for fact in self.facts)


def check_everything(workspace: Workspace) -> CheckReport:
    """Ask every system who we are to it, and compare what is mapped and asked with what there is.

    Costs a few CRM requests and nothing at the analyzer. One system's refusal does not hide the others.
    """
    configuration = workspace.configuration
    facts = [*_files(configuration), *_places(configuration)]
    for connection in configuration.connections:
        facts += _connection(workspace, connection)
    facts += _analyzer(workspace)
    return CheckReport(tuple(facts))


def _files(configuration: Configuration) -> Iterator[Fact]:
    from velma_connectors.velma.wording import advise

    names = ", ".join(connection.name for connection in configuration.connections)
    yield Fact(
        configuration.path.name,
        Mark.OK,
        f"is valid, and every secret is set. Connections: {names}.",
    )
    for problem in advise(configuration.analysis):
        yield Fact("analysis", Mark.ADVICE, str(problem))


def _places(configuration: Configuration) -> Iterator[Fact]:
    """Whether what this machine keeps can be kept; creates nothing."""
    ledger, audio = configuration.ledger, configuration.audio_directory
    if ledger.url is None:
        yield _place("ledger", ledger.path, _ledger_obstacle(ledger.path), "path")
    yield _place("recordings", audio, _audio_obstacle(audio), "audio_directory")


def _place(about: str, path: Path, obstacle: str, setting: str) -> Fact:
    if not obstacle:
        return Fact(about, Mark.OK, f"{path} can be written.")
    remedy = f"Change that, or let '{setting}' name another place."
    return Fact(about, Mark.PROBLEM, str(Problem(str(path), obstacle, remedy)))


def _ledger_obstacle(path: Path) -> str:
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
    nearest = next(each for each in (directory, *directory.parents) if os.access(each, os.F_OK))
    if not nearest.is_dir():
        return f"{nearest} is no directory."
    return "" if os.access(nearest, os.W_OK | os.X_OK) else f"this user may not write in {nearest}."


def _connection(workspace: Workspace, connection: Connection) -> Iterator[Fact]:
    name = connection.name
    try:
        connector = workspace.connector(name)
        health = connector.check()
        account = f"{health.account_name} ({health.account_id})"
        yield Fact(name, Mark.OK, f"acts as {health.user} in {account}, API {health.api_version}.")
        for problem in health.problems:
            yield Fact(name, Mark.PROBLEM, problem)
        yield from _fields(connection, connector)
        yield from _notes(connection, connector)
    except Verdict as verdict:
        yield Fact(name, Mark.REFUSED, str(verdict))


def _fields(connection: Connection, connector: CrmConnector) -> Iterator[Fact]:
    """Every mapped field on every object it may be needed on; what ails several is said once."""
    mapping, sound = connection.mapping, True
    remedies: Mapping[tuple[str, str], str] | None = None
    for target in dict.fromkeys(rule.on for rule in mapping.rules):
        part = mapping.model_copy(
            update={"rules": tuple(rule for rule in mapping.rules if rule.on is target)}
        )
        objects = connector.capabilities.objects.get(target, ())
        if not objects:
            sound = False
            yield Fact(connection.name, Mark.PROBLEM, f"this CRM has no {target}; remove the rules on it.")
        for object_name in objects:
            problems = check_fields(part, {target: connector.fields(object_name)})
            if problems and remedies is None:
                remedies = _provisioned(connection, connector)
            sound = sound and not problems
            yield from _grouped(connection.name, object_name, target, problems, remedies or {})
    if sound:
        yield Fact(connection.name, Mark.OK, f"all {len(mapping.rules)} mapped fields can be written.")
    elif connector.capabilities.creates_fields:
        yield Fact(connection.name, Mark.ADVICE, "velma-sync provision shows which fields it can create.")


def _notes(connection: Connection, connector: CrmConnector) -> Iterator[Fact]:
    """Whether every summary note has a record to hang on."""
    notes, possible = connection.mapping.notes, connector.capabilities.note_targets
    impossible = [target for target in notes.on if target not in possible]
    if notes.enabled and impossible:
        named, others = " or ".join(impossible), ", ".join(possible) or "none"
        sentence = f"notes.on: this CRM attaches no notes to a {named}. Possible: {others}."
        yield Fact(connection.name, Mark.PROBLEM, sentence)


def _provisioned(connection: Connection, connector: CrmConnector) -> Mapping[tuple[str, str], str]:
    """By object and field, how provisioning would mend it; nothing where we may not look into the schema."""
    capabilities = connector.capabilities
    wanted = [spec for spec in wanted_fields(connection.mapping) if capabilities.objects.get(spec.target)]
    if not capabilities.creates_fields:
        return {}
    try:
        steps = connector.plan_fields(wanted)
    except Verdict:
        return {}
    does = {SchemaAction.CREATE: "creates it", SchemaAction.CHANGE: "mends it"}
    return {
        (step.object, step.spec.name): f"velma-sync provision --apply {does[step.action]}."
        for step in steps
        if step.action in does
    }


def _grouped(
    about: str,
    object_name: str,
    target: str,
    problems: Sequence[Problem],
    remedies: Mapping[tuple[str, str], str],
) -> Iterator[Fact]:
    fields: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        name = problem.where.removesuffix(f" on the {target}")
        remedy = remedies.get((object_name, name), problem.remedy)
        fields.setdefault((problem.message, remedy), []).append(name)
    for (message, remedy), names in fields.items():
        named = ", ".join(names[:MOST_NAMED])
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield Fact(about, Mark.PROBLEM, str(Problem(f"{object_name}: {named}{more}", message, remedy)))


def _analyzer(workspace: Workspace) -> Iterator[Fact]:
    from velma_connectors.velma.request import lint

    analyzer = workspace.analyzer
    presets: Sequence[str] | None = None
    try:
        presets = analyzer.check().presets
        yield Fact(analyzer.name, Mark.OK, f"accepts the key and offers {len(presets)} presets.")
    except Verdict as verdict:
        yield Fact(analyzer.name, Mark.REFUSED, str(verdict))
    configuration = workspace.configuration
    problems = [
        problem
        for connection in configuration.connections
        for config in analysis_configs(configuration.analysis, connection.mapping)
        for problem in lint(config, presets)
    ]
    for problem in dict.fromkeys(problems):
        yield Fact("analysis", Mark.PROBLEM, str(problem))
