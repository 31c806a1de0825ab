"""A CRM as the scenes need it: how to connect, in a sandbox, to a real account, or to a cassette."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel
from ruamel.yaml import YAML
from scenes import Cast

from velma_connectors.model import FieldSpec, RecordRef, Window
from velma_connectors.protocol import CrmConnector
from velma_connectors.registry import load_kind
from velma_mappings.fields import wanted_fields
from velma_mappings.mapping_file import MappingFile

SANDBOX = "sandbox"
CONFIGURED = "configured account"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a recording takes place. `hosted` is a call whose audio the CRM holds, if there is one.

    `recorded_from` is SANDBOX or CONFIGURED.
    """

    recorded_from: str
    options: BaseModel
    now: datetime
    call: RecordRef
    deal: RecordRef
    hosted: RecordRef | None
    window: Window


class Stage(Protocol):
    """What differs between CRMs."""

    @property
    def name(self) -> str:
        """Also the kind of the connector, and the folder of the cassettes."""
        ...

    @property
    def origin(self) -> str:
        """The invented or public address that stands for the account's in every cassette."""
        ...

    @property
    def words(self) -> frozenset[str]:
        """Texts that the scenes send, as they arrive, and those of our own fields: nobody else's."""
        ...

    @property
    def downloads(self) -> bool:
        """Whether the client library fetches the audio that the CRM holds."""
        ...

    def connect(self, options: BaseModel, now: datetime) -> CrmConnector:
        """A connection for which it is always `now`, and which never waits."""
        ...

    def unknown_to_the_crm(self, options: BaseModel) -> BaseModel:
        """The same account with credentials that it must refuse."""
        ...

    def cast(self, call: RecordRef, deal: RecordRef, hosted: RecordRef | None, window: Window) -> Cast: ...

    def sandbox(self) -> AbstractContextManager[Setting]:
        """An emulated account on a loopback port, with a handful of invented records."""
        ...

    def kept_options(self, options: BaseModel) -> dict[str, Any]:
        """The settings without which the same requests would not be made; no secrets, no addresses."""
        ...

    def own_names(self, options: BaseModel) -> Mapping[str, str]:
        """Field names that the admin chose, and what stands for them in a cassette."""
        ...

    def replayed(self, kept: Mapping[str, Any]) -> BaseModel:
        """Options that send to the cassette what was recorded, with invented credentials."""
        ...


def default_fields(kind: str, names: set[str]) -> list[FieldSpec]:
    """Those fields of a kind's default mapping that have these names."""
    text = load_kind(kind).default_mapping()
    mapping = MappingFile.model_validate(YAML(typ="safe", pure=True).load(text))
    return [spec for spec in wanted_fields(mapping) if spec.name in names]


def words_of(specs: Sequence[FieldSpec]) -> frozenset[str]:
    """Labels and options of our own fields, which are the same for everybody."""
    return frozenset({spec.label for spec in specs}.union(*(spec.choices for spec in specs)))
