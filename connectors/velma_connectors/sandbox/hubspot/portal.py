"""One HubSpot portal: its schema, records, links, people and tokens, and the Python side of seeding it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from velma_connectors.sandbox.hubspot import persistence
from velma_connectors.sandbox.hubspot.allowance import Allowance
from velma_connectors.sandbox.hubspot.association_types import HUBSPOT_DEFINED, USER_DEFINED
from velma_connectors.sandbox.hubspot.associations import End, Linker
from velma_connectors.sandbox.hubspot.definitions import Group
from velma_connectors.sandbox.hubspot.kinds import KINDS, ObjectKind
from velma_connectors.sandbox.hubspot.owners import Owner
from velma_connectors.sandbox.hubspot.pipelines import Closing, Pipelines
from velma_connectors.sandbox.hubspot.properties import Properties
from velma_connectors.sandbox.hubspot.recordings import HostedRecording
from velma_connectors.sandbox.hubspot.records import Record, RecordTable
from velma_connectors.sandbox.hubspot.rules import ValidationRule
from velma_connectors.sandbox.hubspot.saving import Author, RecordWriter
from velma_connectors.sandbox.hubspot.segments import Segments
from velma_connectors.sandbox.hubspot.stamps import milliseconds, utc_now
from velma_connectors.sandbox.hubspot.switches import PortalSwitches
from velma_connectors.sandbox.hubspot.tokens import Token
from velma_connectors.sandbox.hubspot.usage import Usage

_USUAL_PORTAL_ID = 48_201_977


class HubSpotPortal:
    """The whole state of an emulated portal. Its methods seed it and look at it, past all scopes and rules.

    Safe to use from several threads: everything happens under `lock`. Records are named by the plural of
    their object ("calls") and the id as text. `at` is an aware time, by default the clock's; a value cannot
    be written before the one it follows (ValueError). Seeding raises Refusal for properties that do not
    exist and values of the wrong type, and KeyError for objects and records that do not exist.
    """

    def __init__(
        self,
        name: str = "Ledgerline",
        *,
        clock: Callable[[], datetime] = utc_now,
        portal_id: int | None = None,
        hublet: str = "na1",
        time_zone: str = "America/New_York",
    ) -> None:
        self.name = name
        self.id = _USUAL_PORTAL_ID if portal_id is None else portal_id
        self.hublet = hublet
        self.time_zone = time_zone
        self.clock = clock
        self.lock = threading.RLock()
        self.switches = PortalSwitches()
        self.usage = Usage()
        self.allowance = Allowance(self.switches, time_zone)
        self.tokens: dict[str, Token] = {}
        self.owners: dict[str, Owner] = {}
        self.rules: dict[tuple[str, str], list[ValidationRule]] = {}
        self.recordings: dict[str, HostedRecording] = {}
        self.pipelines = Pipelines(self.now)
        self.records = RecordTable()
        self.properties = Properties(self)
        self.links = Linker(self)
        self.writer = RecordWriter(self)
        self.segments = Segments(self)

    @property
    def now(self) -> int:
        """Epoch milliseconds by the portal's clock."""
        return milliseconds(self.clock())

    def kind(self, object_name: str) -> ObjectKind:
        """Raises KeyError."""
        return KINDS[object_name]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take back records and links written inside when it ends by an exception."""
        with self.records.transaction(), self.links.table.transaction():
            yield

    # Tokens and people

    def add_token(self, token: str, scopes: Iterable[str] | None = None) -> None:
        """Let a token in, with all scopes unless they are named."""
        with self.lock:
            self.tokens[token] = Token(token, None if scopes is None else frozenset(scopes))

    def expire_token(self, token: str, *, at: datetime | None = None) -> None:
        with self.lock:
            self.tokens[token] = replace(self.tokens[token], expires_at=self._stamp(at))

    def revoke_token(self, token: str) -> None:
        with self.lock:
            self.tokens[token] = replace(self.tokens[token], revoked=True)

    def add_owner(self, email: str, first: str, last: str, *, archived: bool = False) -> str:
        """Returns the owner's id, which differs from the id of the user behind it."""
        with self.lock:
            number = len(self.owners) + 1
            owner = Owner(str(71_400 + number), email, first, last, 9_000_000 + number, self.now, archived)
            self.owners[owner.id] = owner
            return owner.id

    # Records

    def insert(
        self, object_name: str, properties: Mapping[str, str | None], *, at: datetime | None = None
    ) -> str:
        """Add a record. `createdate` or `hs_createdate` may be given; activities take `at` as their time."""
        with self.lock:
            kind, author = self.kind(object_name), self._author(at)
            given = {name: value for name, value in properties.items() if value is not None}
            usual = {name: str(author.at) for name in kind.required}
            return self.writer.create(kind, usual | given, author).id

    def update(
        self,
        object_name: str,
        record_id: str,
        properties: Mapping[str, str | None],
        *,
        at: datetime | None = None,
    ) -> None:
        with self.lock:
            given = {name: value or "" for name, value in properties.items()}
            record = self._record(object_name, record_id)
            self.writer.update(self.kind(object_name), record, given, self._author(at))

    def archive(self, object_name: str, record_id: str, *, at: datetime | None = None) -> None:
        with self.lock:
            self.writer.archive(self._record(object_name, record_id), self._stamp(at))

    def merge(self, object_name: str, winner: str, loser: str, *, at: datetime | None = None) -> None:
        """Merge `loser` into `winner`: its id stays known to some routes, its links move."""
        with self.lock:
            kept, gone = self._record(object_name, winner), self._record(object_name, loser)
            self.writer.merge(self.kind(object_name), kept, gone, self._author(at))

    def read(self, object_name: str, record_id: str) -> dict[str, str | None]:
        """All properties that were ever filled."""
        with self.lock:
            record = self._record(object_name, record_id)
            return {name: record.value(name) for name in record.history}

    def rows(self, object_name: str) -> list[dict[str, Any]]:
        """Every record, archived ones included: `id`, `properties`, `archived`."""
        with self.lock:
            return [
                {"id": each.id, "properties": each.values(), "archived": each.archived_at is not None}
                for each in self.records.all(self.kind(object_name).name)
            ]

    # Links

    def associate(
        self,
        from_object: str,
        from_id: str,
        to_object: str,
        to_id: str,
        type_id: int | None = None,
        *,
        at: datetime | None = None,
    ) -> None:
        """Link two records, without label or by one of the type ids of this direction."""
        with self.lock:
            types = self.links.possible(self.kind(from_object), self.kind(to_object))
            found = next((each for each in types if type_id in (None, each.type_id)), None)
            if found is None:
                raise KeyError(f"association type {type_id} from {from_object} to {to_object}")
            ends = End(from_object, from_id), End(to_object, to_id)
            self.links.link(*ends, [found.key], self._stamp(at))

    def dissociate(self, from_object: str, from_id: str, to_object: str, to_id: str) -> None:
        with self.lock:
            self.links.unlink(End(from_object, from_id), End(to_object, to_id))

    def associated(self, object_name: str, record_id: str, to_object: str) -> list[str]:
        """Ids of the living records of another object."""
        with self.lock:
            return [other for other, _ in self.links.living(End(object_name, record_id), to_object)]

    def add_label(self, from_object: str, to_object: str, label: str, *, by_hubspot: bool = False) -> int:
        """Add a kind of link with a label. Returns its type id from the first object to the second."""
        with self.lock:
            category = HUBSPOT_DEFINED if by_hubspot else USER_DEFINED
            return self.links.types.add(from_object, to_object, label, category)

    # Schema

    def add_pipeline(self, label: str, stages: Mapping[str, Closing]) -> str:
        """Add a pipeline of deals; of each stage whether it is closed, or "won". Returns its id."""
        with self.lock:
            return self.pipelines.add(label, stages, self.now)

    def stage_id(self, pipeline_label: str, stage_label: str) -> str:
        with self.lock:
            return self.pipelines.stage_id(pipeline_label, stage_label)

    def add_property(self, object_name: str, definition: Mapping[str, Any]) -> None:
        """Define a property in the JSON shape of the API; its group is made when there is none.

        `calculated` and `modificationMetadata: {readOnlyValue: true}` are taken as well.
        """
        with self.lock:
            group = definition.get("groupName", f"{self.kind(object_name).singular}_custom")
            if group not in self.properties.schemas[object_name].groups:
                self.properties.add_group(object_name, Group(group, group))
            usual = {"label": definition["name"], "groupName": group}
            self.properties.create(object_name, {**usual, **definition}, self.now, trusted=True)

    def change_property(self, object_name: str, name: str, changes: Mapping[str, Any]) -> None:
        """Change a property, also one of HubSpot's own."""
        with self.lock:
            self.properties.change(object_name, name, changes, self.now, trusted=True)

    def delete_property(self, object_name: str, name: str) -> None:
        """Archive a property, also one of HubSpot's own."""
        with self.lock:
            self.properties.archive(object_name, name, self.now, trusted=True)

    def add_rule(self, object_name: str, name: str, rule: ValidationRule) -> None:
        """Let an admin's validation rule hold for a property; ValueError for one that does not fit."""
        with self.lock:
            if rule.is_for_numbers and self.properties.find(object_name, name).type != "number":
                raise ValueError(f"{rule.type} is a rule for numbers, which {name} is not")
            self.rules.setdefault((self.kind(object_name).name, name), []).append(rule)

    # Recordings

    def host_recording(self, call_id: str, url: str, *, media_type: str | None = None) -> None:
        """What the redirector answers for a call: 302 to the URL, or 200 with a body of that media type
        that holds it (`text/plain`, `application/json`) or a login page (`text/html`)."""
        with self.lock:
            self.recordings[self._record("calls", call_id).id] = HostedRecording(url, media_type)

    # Keeping

    def save(self, path: Path) -> None:
        """Write everything but usage and rate windows to a JSON file, whole or not at all."""
        with self.lock:
            persistence.save(self, path)

    @classmethod
    def load(cls, path: Path, *, clock: Callable[[], datetime] = utc_now) -> HubSpotPortal:
        """Read a saved portal. Raises OSError and ValueError."""
        return persistence.load(path, cls, clock)

    def _record(self, object_name: str, record_id: str) -> Record:
        record = self.records.get(self.kind(object_name).name, record_id)
        if record is None:
            raise KeyError(f"{object_name} {record_id}")
        return record

    def _stamp(self, at: datetime | None) -> int:
        return self.now if at is None else milliseconds(at)

    def _author(self, at: datetime | None) -> Author:
        return Author(self._stamp(at), trusted=True)
