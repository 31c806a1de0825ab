"""Which connectors there are, how far each is proven, who uses it, and what can be set.

Nothing here needs credentials, and no plug-in that is broken keeps the others from being told.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from inspect import cleandoc
from pathlib import Path

from pydantic import ValidationError

from velma_connectors.errors import ConfigError
from velma_connectors.grades import Grade, proof_of
from velma_connectors.registry import ConnectorKind, InstalledKind, KindState, installed_kinds, load_kind
from velma_mappings.mapping_file import MappingFile
from velma_sync.access import is_there
from velma_sync.config.load import load_ledger_settings
from velma_sync.config.parts import connection_names, value_at
from velma_sync.config.problems import findings_of
from velma_sync.config.yaml_file import parse_yaml, read_yaml
from velma_sync.option_guide import Option, options_of
from velma_sync.workspace import open_ledger_of


class UseState(StrEnum):
    """How a configured connection stands in the ledger."""

    READY = "ready"
    PAUSED = "paused"
    NEW = "new"
    """No run has opened it yet."""


@dataclass(frozen=True, slots=True)
class Use:
    """A configured connection. `reason` says why it is paused."""

    connection: str
    state: UseState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Connector:
    """One kind of connector. `reason` says why it is broken, `grade_reason` why it is proven no further."""

    kind: str
    title: str
    distribution: str | None
    version: str | None
    grade: Grade
    grade_reason: str
    state: KindState
    reason: str
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorGuide:
    """A kind of connector with all that can be set for a connection of it."""

    connector: Connector
    about: str
    options: tuple[Option, ...]


def connectors(configuration: Path | None) -> list[Connector]:
    """Every installed kind, and every one that a configured connection asks for.

    Raises ConfigError when the configuration is no YAML or does not say where its ledger is, RetryLater
    when that cannot be reached.
    """
    uses = _uses(configuration) if configuration else {}
    rows = [_connector(each) for each in installed_kinds()]
    known = {row.kind for row in rows}
    rows += [_missing(kind) for kind in uses if kind not in known]
    return [
        replace(row, uses=tuple(uses.get(row.kind, ()))) for row in sorted(rows, key=lambda row: row.kind)
    ]


def connector_guide(name: str, configuration: Path | None) -> ConnectorGuide:
    """What can be set for one kind. Raises as `connectors`, and ConfigError for one that cannot be used."""
    kind = load_kind(name)
    (row,) = (each for each in connectors(configuration) if each.kind == name)
    options = options_of(kind.options, [use.connection for use in row.uses])
    return ConnectorGuide(row, cleandoc(kind.options.__doc__ or ""), options)


def _connector(installed: InstalledKind) -> Connector:
    state, reason = installed.state, installed.reason
    grade, grade_reason = Grade.UNPROVEN, "it cannot be used"
    if installed.kind is not None:
        proof = proof_of(installed.kind)
        grade, grade_reason = proof.grade, proof.reason
        fault = _fault(installed.kind)
        state, reason = (KindState.BROKEN, fault) if fault else (state, reason)
    return Connector(
        kind=installed.name,
        title=installed.title,
        distribution=installed.distribution,
        version=installed.version,
        grade=grade,
        grade_reason=grade_reason,
        state=state,
        reason=reason,
    )


def _missing(kind: str) -> Connector:
    reason = "is asked for by a connection, but not installed."
    return Connector(kind, kind, None, None, Grade.UNPROVEN, "it is not installed", KindState.BROKEN, reason)


def _fault(kind: ConnectorKind) -> str:
    """What is wrong with a kind that loads; empty when nothing is."""
    try:
        options_of(kind.options, ())
        kind.options.model_json_schema()
        text = kind.default_mapping()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plug-in raises is told in its row
        return f"cannot tell its options and its mapping: {type(error).__name__}."
    return _mapping_fault(text)


def _mapping_fault(text: object) -> str:
    """The first problem of a default mapping; empty when it can be read."""
    if not isinstance(text, str):
        return "has a default mapping that is no text."
    try:
        file = parse_yaml(text, Path("mapping.yaml"))
        MappingFile.model_validate(file.data)
    except ConfigError as error:
        return f"has a default mapping that cannot be read: {error.problems[0]}"
    except ValidationError as error:
        problem = findings_of(error, file, MappingFile)[0].problem
        return f"has a default mapping that cannot be read: {problem}"
    return ""


def _uses(configuration: Path) -> Mapping[str, list[Use]]:
    """The configured connections by the kind they name, as they stand in the ledger."""
    file = read_yaml(configuration)
    stands = _in_ledger(configuration)
    found: dict[str, list[Use]] = {}
    for name in connection_names(file):
        kind = value_at(file.data, ("connections", name, "kind"))
        if isinstance(kind, str):
            found.setdefault(kind, []).append(stands.get(name, Use(name, UseState.NEW)))
    return found


def _in_ledger(configuration: Path) -> Mapping[str, Use]:
    from velma_sync.ledger.connections import listed

    settings = load_ledger_settings(configuration)
    if settings.url is None and not is_there(settings.path):
        return {}
    with closing(open_ledger_of(settings)) as ledger, ledger.read() as tx:
        rows = listed(tx)
    return {
        row.name: Use(row.name, UseState.READY)
        if row.paused_at is None
        else Use(row.name, UseState.PAUSED, row.paused_reason or "")
        for row in rows
    }
