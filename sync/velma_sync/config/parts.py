"""The parts of `velma-sync.yaml` that are described by others: connectors, recordings and Velma.

Each part is validated by its owner's model, with its secrets put in from outside.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from velma_connectors.errors import ConfigError, Problem
from velma_connectors.recordings.options import RecordingOptions
from velma_connectors.registry import ConnectorKind, kind_names, load_kind
from velma_connectors.velma.options import VelmaOptions
from velma_sync.config.problems import Finding, findings_of
from velma_sync.config.secrets import SecretOption, secret_options
from velma_sync.config.settings import LedgerSettings
from velma_sync.config.yaml_file import Location, PlainValue, YamlFile

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Part:
    """Where the settings of one owner stand, and the model that they must fit."""

    owner: str
    model: type[BaseModel]
    at: Location


VELMA_PART = Part("velma", VelmaOptions, ("analysis", "velma"))
RECORDINGS_PART = Part("recordings", RecordingOptions, ("recordings",))
LEDGER_PART = Part("ledger", LedgerSettings, ("ledger",))
FIXED_PARTS = (VELMA_PART, RECORDINGS_PART, LEDGER_PART)


def value_at(data: PlainValue, location: Location) -> PlainValue:
    """The value at a location, or None where the file has nothing."""
    for step in location:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def connection_names(file: YamlFile) -> list[str]:
    """Names of the connections that are mappings at all."""
    connections = value_at(file.data, ("connections",))
    if not isinstance(connections, dict):
        return []
    return [name for name, each in connections.items() if isinstance(each, dict)]


def load_kinds(file: YamlFile) -> tuple[dict[str, ConnectorKind], list[Problem]]:
    """The connector kind of each connection, and a Problem where it is not installed or broken."""
    kinds: dict[str, ConnectorKind] = {}
    problems: list[Problem] = []
    for name in connection_names(file):
        location: Location = ("connections", name, "kind")
        wanted = value_at(file.data, location)
        if not isinstance(wanted, str):
            continue
        where = file.where(file.values[location])
        installed = kind_names()
        if wanted not in installed:
            near = get_close_matches(wanted, installed, n=1)
            guess = f"Did you mean '{near[0]}'? " if near else ""
            message = "'kind' names a connector that is not installed."
            problems.append(Problem(where, message, f"{guess}Installed: {', '.join(installed)}."))
            continue
        try:
            kinds[name] = load_kind(wanted)
        except ConfigError as error:
            problems += [
                replace(each, where=where, message=f"{each.where} {each.message}") for each in error.problems
            ]
    return kinds, problems


def connection_parts(kinds: Mapping[str, ConnectorKind]) -> Iterator[Part]:
    """The options of every connection whose kind is known."""
    for name, kind in kinds.items():
        yield Part(name, kind.options, ("connections", name, "options"))


def secrets_of(file: YamlFile, parts: Sequence[Part]) -> list[SecretOption]:
    """Every option of the parts that is a secret."""
    return [
        option
        for part in parts
        for option in secret_options((part.owner,), part.model, value_at(file.data, part.at), part.at)
    ]


def with_secrets(
    data: PlainValue, options: Sequence[SecretOption], values: Mapping[str, SecretStr]
) -> PlainValue:
    """A copy of the file's data with the secrets that are set put where they belong."""
    whole = copy.deepcopy(data) if data is not None else {}
    for option in options:
        if option.variable not in values:
            continue
        *way, last = option.location
        owner: object = whole
        for step in way:
            if isinstance(owner, dict):
                owner = owner.setdefault(step, {})
            elif isinstance(owner, list) and isinstance(step, int):
                owner = owner[step]
        if isinstance(owner, dict):
            owner.setdefault(last, values[option.variable])
    return whole


def validate(
    model: type[Model],
    data: PlainValue,
    file: YamlFile,
    at: Location,
    problems: list[Problem],
    secrets: Sequence[SecretOption] = (),
    unreadable: Sequence[SecretOption] = (),
) -> Model | None:
    """The data as its model, or None after adding what is wrong with it to `problems`.

    That an `unreadable` secret is missing is not added: nobody knows it, and its file is a problem already.
    """
    try:
        return model.model_validate(data if data is not None else {})
    except ValidationError as error:
        found = findings_of(error, file, model, at)
        problems += [_with_source(each, secrets) for each in found if not _named(each, unreadable)]
        return None


def _with_source(finding: Finding, secrets: Sequence[SecretOption]) -> Problem:
    """The problem; if it names a secret that belongs there, with where the secret is read from."""
    remedies = [f"'{each.option}' is a secret: set {each.sources}." for each in _named(finding, secrets)]
    return replace(finding.problem, remedy=" ".join(remedies)) if remedies else finding.problem


def _named(finding: Finding, secrets: Sequence[SecretOption]) -> list[SecretOption]:
    places = (finding.about, finding.about[:-1])
    return [
        each
        for each in secrets
        if each.location[:-1] in places
        and re.search(rf"\b{re.escape(each.option)}\b", finding.problem.message)
    ]
