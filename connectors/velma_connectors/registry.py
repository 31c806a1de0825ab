"""Which kinds of connector are installed: the entry points of the group `velma_sync.connectors`.

A plug-in that cannot be used is a row with its reason; it takes nothing from the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from pydantic import BaseModel

from velma_connectors.errors import ConfigError, Problem

if TYPE_CHECKING:
    from velma_connectors.administration import CrmAdministration
    from velma_connectors.protocol import CrmConnector

GROUP = "velma_sync.connectors"


@dataclass(frozen=True, slots=True)
class ConnectorKind:
    """A kind of CRM that connections can be configured for.

    `options` is the pydantic model of the connection's settings, secrets as `SecretStr`. `open` takes
    the connection's name and those options and imports the CRM's client library; importing the kind
    itself stays cheap. `default_mapping` returns the text of a complete, commented mapping file.
    `administer` takes what `open` takes, and gives what an admin wants of the account besides; a kind may
    leave it out.
    """

    name: str
    title: str
    options: type[BaseModel]
    open: Callable[[str, BaseModel], CrmConnector]
    default_mapping: Callable[[], str]
    administer: Callable[[str, BaseModel], CrmAdministration] | None = None


class KindState(StrEnum):
    """Whether connections of a kind can be opened."""

    READY = "ready"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class InstalledKind:
    """One entry point. `kind` is None exactly when it is broken; `reason` then says why, in one sentence.

    `distribution` and `version` are those of the installed package, None where it does not tell.
    """

    name: str
    title: str
    distribution: str | None
    version: str | None
    state: KindState
    reason: str = ""
    kind: ConnectorKind | None = field(default=None, repr=False)


def kind_names() -> list[str]:
    """Names of the installed kinds, sorted, without loading them."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def installed_kinds() -> list[InstalledKind]:
    """Every entry point by name, loaded or with the reason why it cannot be."""
    entries = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, _distribution(entry)))
    return [_row(entry, [other for other in entries if other.name == entry.name]) for entry in entries]


def load_kind(name: str) -> ConnectorKind:
    """The kind of that name. Raises ConfigError when it is not installed or cannot be used."""
    entries = list(entry_points(group=GROUP, name=name))
    if not entries:
        installed = ", ".join(kind_names())
        raise ConfigError([Problem(f"connector '{name}'", "is not installed.", f"Installed: {installed}.")])
    row = _row(entries[0], entries)
    if row.kind is None:
        raise ConfigError([Problem(f"connector '{name}'", row.reason)])
    return row.kind


class _Unusable(Exception):
    """Why an entry point is no kind of connector."""


def _row(entry: EntryPoint, same_name: list[EntryPoint]) -> InstalledKind:
    distribution, version = (entry.dist.name, entry.dist.version) if entry.dist else (None, None)
    try:
        kind = _loaded(entry, same_name)
    except _Unusable as unusable:
        reason = str(unusable)
        return InstalledKind(entry.name, entry.name, distribution, version, KindState.BROKEN, reason)
    return InstalledKind(entry.name, kind.title, distribution, version, KindState.READY, kind=kind)


def _loaded(entry: EntryPoint, same_name: list[EntryPoint]) -> ConnectorKind:
    if len(same_name) > 1:
        owners = " and ".join(sorted(map(_distribution, same_name)))
        raise _Unusable(f"has a name that is taken twice, by {owners}; uninstall one of them.")
    try:
        kind = entry.load()
    except (Exception, SystemExit) as error:
        told = str(error).strip().partition("\n")[0].rstrip(".")
        raise _Unusable(f"could not be loaded: {type(error).__name__}: {told}.") from error
    fault = _fault(kind, entry)
    if fault:
        raise _Unusable(fault)
    loaded: ConnectorKind = kind
    return loaded


def _fault(kind: object, entry: EntryPoint) -> str:
    """Why this object is not the kind that its entry point promises; empty when it is."""
    if not isinstance(kind, ConnectorKind):
        return f"is no ConnectorKind: {entry.value} is of type {type(kind).__name__}."
    if kind.name != entry.name:
        return f"is called '{kind.name}' by {entry.value}; its entry point has to have the same name."
    if not (isinstance(kind.options, type) and issubclass(kind.options, BaseModel)):
        return f"has options that are no pydantic model: {entry.value}."
    functions = (kind.open, kind.default_mapping, kind.administer or kind.open)
    if not (isinstance(kind.title, str) and all(map(callable, functions))):
        return f"lacks a title, or functions where they belong: {entry.value}."
    return ""


def _distribution(entry: EntryPoint) -> str:
    return str(entry.dist.name) if entry.dist else "an unknown package"
