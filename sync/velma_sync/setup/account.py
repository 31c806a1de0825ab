"""What is asked of the outside world while a connection is set up: a few requests that change nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from velma_connectors.administration import OptionSuggestion
from velma_connectors.errors import StopConnection
from velma_connectors.model import Field, Health, Target, Window
from velma_connectors.protocol import CrmConnector
from velma_connectors.registry import ConnectorKind
from velma_connectors.velma.options import VelmaOptions
from velma_mappings.mapping_file import MappingFile
from velma_sync.setup.sources import linked_hosts

LOOK_BACK = (timedelta(days=3), timedelta(days=30), timedelta(days=90))
"""Spans to look at, one after the other until there are enough links."""
SAMPLE = 50
"""Calls of each span."""
ENOUGH = 25


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are there, and which settings would suit it."""

    health: Health
    suggestions: tuple[OptionSuggestion, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is, asked with the settings that were chosen.

    `hosts` count the calls of a sample by host and port of their recording's link; `fields` are those of each
    object behind a target; `problems` say what may not be read.
    """

    calls: int
    hosts: Counter[tuple[str, int]]
    fields: Mapping[Target, Sequence[Mapping[str, Field]]]
    problems: tuple[str, ...]


def look_at(kind: ConnectorKind, name: str, options: BaseModel) -> Account:
    """Log in. Raises RetryLater, StopConnection."""
    with closing(kind.open(name, options)) as connector:
        health = connector.check()
    if kind.administer is None:
        return Account(health, ())
    with closing(kind.administer(name, options)) as administration:
        return Account(health, tuple(administration.suggest_options()))


def look_around(
    kind: ConnectorKind, name: str, options: BaseModel, mapping: MappingFile, now: datetime
) -> Surroundings:
    """Read some calls and the fields of every object that the mapping writes to. Raises RetryLater."""
    with closing(kind.open(name, options)) as connector:
        problems: list[str] = []
        calls, hosts = _sample(connector, now, problems)
        targets = dict.fromkeys(rule.on for rule in mapping.rules)
        fields = {target: _fields(connector, target, problems) for target in targets}
    return Surroundings(calls, hosts, fields, tuple(dict.fromkeys(problems)))


def check_velma(options: VelmaOptions) -> int:
    """How many presets the key is offered; spends nothing. Raises RetryLater, SpendStop."""
    from velma_connectors.velma.analyzer import VelmaAnalyzer

    with closing(VelmaAnalyzer(options)) as analyzer:
        return len(analyzer.check().presets)


def _sample(
    connector: CrmConnector, now: datetime, problems: list[str]
) -> tuple[int, Counter[tuple[str, int]]]:
    calls, hosts = 0, Counter[tuple[str, int]]()
    try:
        for span in LOOK_BACK:
            page = connector.calls(Window(now - span, now), None, limit=SAMPLE)
            # A wider span holds the narrower one, and too many calls for it may hide some of them.
            calls, hosts = max(calls, len(page.calls)), hosts | linked_hosts(page.calls)
            if hosts.total() >= ENOUGH:
                break
    except StopConnection as stop:
        problems.append(str(stop))
    return calls, hosts


def _fields(connector: CrmConnector, target: Target, problems: list[str]) -> list[Mapping[str, Field]]:
    """Nothing for a target of which some object may not be read: whatever were proposed might be wrong."""
    try:
        return [connector.fields(name) for name in connector.capabilities.objects.get(target, ())]
    except StopConnection as stop:
        problems.append(str(stop))
        return []
