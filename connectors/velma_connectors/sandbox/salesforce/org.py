"""One Salesforce org: its schema, records, users and apps, and the Python side of seeding it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from velma_connectors.sandbox.salesforce import persistence
from velma_connectors.sandbox.salesforce.access import EVERYBODY, Access, Level
from velma_connectors.sandbox.salesforce.catalogue import DATA_OBJECTS, TOOLING_OBJECTS
from velma_connectors.sandbox.salesforce.catalogue.setup import USUAL_PERMISSIONS
from velma_connectors.sandbox.salesforce.custom_fields import CustomFields
from velma_connectors.sandbox.salesforce.derivation import is_archived
from velma_connectors.sandbox.salesforce.files import FileStore
from velma_connectors.sandbox.salesforce.ids import IdSource, canonical_id
from velma_connectors.sandbox.salesforce.incoming import Author
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition, Schema
from velma_connectors.sandbox.salesforce.record_types import add_record_types
from velma_connectors.sandbox.salesforce.records import Record, RecordTable
from velma_connectors.sandbox.salesforce.refusals import Refusal
from velma_connectors.sandbox.salesforce.rules import Flow, Rules, ValidationRule
from velma_connectors.sandbox.salesforce.saving import RecordWriter
from velma_connectors.sandbox.salesforce.sessions import ConnectedApp, Session, Sessions
from velma_connectors.sandbox.salesforce.soql.cursors import QueryCursors
from velma_connectors.sandbox.salesforce.stamps import stamp, utc_now, whole_second
from velma_connectors.sandbox.salesforce.switches import OrgSwitches
from velma_connectors.sandbox.salesforce.usage import Usage


class SalesforceOrg:
    """The whole state of an emulated org. Its methods seed it and look at it, past all access rules.

    Safe to use from several threads: everything happens under `lock`. Ids are taken in either length
    and given in 18 characters. Seeding raises Refusal for values that do not fit the schema, and
    KeyError for objects and records that do not exist.
    """

    def __init__(
        self,
        name: str = "Acme",
        *,
        clock: Callable[[], datetime] = utc_now,
        switches: OrgSwitches | None = None,
        daily_requests: int = 15_000,
        session_timeout: timedelta = timedelta(hours=2),
        is_sandbox: bool = False,
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.switches = switches or OrgSwitches()
        self.is_sandbox = is_sandbox
        self.schema = Schema({**DATA_OBJECTS, **TOOLING_OBJECTS})
        self.records = RecordTable()
        self.ids = IdSource()
        self.access = Access(self.schema, self.records)
        self.rules = Rules()
        self.usage = Usage(daily_requests)
        self.sessions = Sessions(session_timeout)
        self.apps: dict[str, ConnectedApp] = {}
        self.cursors = QueryCursors()
        self.files = FileStore(self)
        self.writer = RecordWriter(self)
        self.custom_fields = CustomFields(self)
        self._found(name)

    def _found(self, name: str) -> None:
        self.id = self.ids.next("00D")
        self.admin_id = self.ids.next("005")
        self.insert(
            "Organization",
            {"Id": self.id, "Name": name, "IsSandbox": self.is_sandbox, "InstanceName": "EMU1"}
            | {"OrganizationType": "Developer Edition", "LanguageLocaleKey": "en_US"},
        )
        self.profile_id = self.insert("Profile", {"Name": "Standard User"})
        self.add_user("admin@acme.example", "System", "Admin", user_id=self.admin_id)

    @property
    def now(self) -> datetime:
        return whole_second(self.clock())

    def definition(self, object_name: str) -> ObjectDefinition:
        """Raises KeyError."""
        return self.schema.standard[object_name]

    # People and apps

    def add_user(
        self,
        username: str,
        first_name: str,
        last_name: str,
        *,
        permissions: Iterable[str] = USUAL_PERMISSIONS,
        user_id: str | None = None,
    ) -> str:
        with self.lock:
            known = {"Id": user_id} if user_id else {}
            created = self.insert(
                "User",
                {
                    **known,
                    "Username": username,
                    "Email": username,
                    "FirstName": first_name,
                    "LastName": last_name,
                    "Alias": last_name[:8].lower(),
                    "UserType": "Standard",
                    "ProfileId": self.profile_id,
                },
            )
            self.access.permissions[created] = set(permissions)
            return created

    def add_app(self, app: ConnectedApp) -> ConnectedApp:
        with self.lock:
            self.apps[app.key] = app
            return app

    def open_session(self, user_id: str, scopes: tuple[str, ...] = ("api",)) -> Session:
        """A session without the token endpoint, for tests of everything else."""
        with self.lock:
            return self.sessions.open(self.id, user_id, scopes, self.now)

    def set_permission(self, user_id: str, permission: str, granted: bool) -> None:
        """Give or take a user permission such as `CustomizeApplication`."""
        with self.lock:
            held = self.access.permissions[user_id]
            held.add(permission) if granted else held.discard(permission)

    def set_object_access(self, object_name: str, level: Level, user_id: str = EVERYBODY) -> None:
        with self.lock:
            self.access.objects[self.definition(object_name).name, user_id] = level

    def set_field_access(
        self, object_name: str, field_name: str, level: Level, user_id: str = EVERYBODY
    ) -> None:
        with self.lock:
            field = self.schema.fields(object_name)[field_name.lower()]
            self.access.set_field_level(object_name, field.name, level, user_id)

    # Records

    def insert(
        self,
        object_name: str,
        values: Mapping[str, Any],
        *,
        as_user: str | None = None,
        at: datetime | None = None,
    ) -> str:
        """Add a record as that user (the admin by default) at that time (now by default)."""
        with self.lock:
            return self.writer.create(self.definition(object_name), values, self._author(as_user, at))

    def update(
        self,
        record_id: str,
        values: Mapping[str, Any],
        *,
        as_user: str | None = None,
        at: datetime | None = None,
    ) -> None:
        with self.lock:
            record = self._record(record_id)
            self.writer.update(self._definition_of(record), record["Id"], values, self._author(as_user, at))

    def remove(self, record_id: str, *, as_user: str | None = None, at: datetime | None = None) -> None:
        """Move a record to the recycle bin."""
        with self.lock:
            record = self._record(record_id)
            self.writer.delete(self._definition_of(record), record["Id"], self._author(as_user, at))

    def purge(self, record_id: str) -> None:
        """Empty the recycle bin of one record: nothing of it is left."""
        with self.lock:
            self.records.discard(self._record(record_id)["Id"])

    def read(self, record_id: str) -> Record:
        """All stored values of a record, as text, numbers and booleans."""
        with self.lock:
            return dict(self._record(record_id))

    def rows(self, object_name: str) -> list[Record]:
        with self.lock:
            return [dict(row) for row in self.records.all(self.definition(object_name).name)]

    def _record(self, record_id: str) -> Record:
        record = self.records.peek(canonical_id(record_id) or "")
        if record is None:
            raise KeyError(record_id)
        return record

    def _definition_of(self, record: Record) -> ObjectDefinition:
        return self.definition(self.records.object_of(record["Id"]) or "")

    def _author(self, user_id: str | None, at: datetime | None) -> Author:
        moment = self.now if at is None else whole_second(at)
        return Author(user_id or self.admin_id, moment, trusted=True)

    # What the platform and its admins do by themselves

    def touch(self, record_ids: Iterable[str], at: datetime | None = None) -> None:
        """Move SystemModstamp alone, as background processes do."""
        with self.lock:
            moved = stamp(self.now if at is None else at)
            for record_id in record_ids:
                record = self._record(record_id)
                self.records.put(self._definition_of(record).name, {**record, "SystemModstamp": moved})

    def archive_old_activities(self) -> None:
        """Run the nightly process that hides activities which are a year old."""
        with self.lock:
            moved = stamp(self.now)
            for home in ("Task", "Event"):
                for record in self.records.all(home):
                    if not record["IsArchived"] and is_archived(home, record, self.now):
                        self.records.put(home, {**record, "IsArchived": True, "SystemModstamp": moved})

    def withhold(self, record_id: str) -> None:
        """Keep a row invisible, as one whose transaction has not been committed, until `reveal`."""
        with self.lock:
            self.records.withheld.add(self._record(record_id)["Id"])

    def reveal(self, record_id: str) -> None:
        with self.lock:
            self.records.withheld.discard(canonical_id(record_id) or "")

    def lock_rows(self, record_ids: Iterable[str], times: int = 1) -> None:
        """Let the next writes to these records find them locked by somebody else."""
        for record_id in record_ids:
            message = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
            locked = Refusal("UNABLE_TO_LOCK_ROW", message, (), status=self.switches.lock_status)
            self.refuse_writes(record_id, locked, times)

    def refuse_writes(self, record_id: str, refusal: Refusal, times: int = 1) -> None:
        """Let the next writes to a record meet this refusal, such as ENTITY_IS_LOCKED."""
        with self.lock:
            planned = self.rules.refusals.setdefault(self._record(record_id)["Id"], [])
            planned.extend([refusal] * times)

    def add_validation_rule(self, object_name: str, rule: ValidationRule) -> None:
        with self.lock:
            self.rules.validation.setdefault(self.definition(object_name).name, []).append(rule)

    def add_flow(self, object_name: str, flow: Flow) -> None:
        """Let a flow change fields right after every save through the API."""
        with self.lock:
            self.rules.flows.setdefault(self.definition(object_name).name, []).append(flow)

    # Schema and files

    def add_custom_field(
        self, entity: str, name: str, metadata: Mapping[str, Any], *, level: Level = "edit"
    ) -> str:
        """Define `Activity.Recording_URL__c` and its like, open to everybody unless `level` says less."""
        with self.lock:
            field_id = self.custom_fields.create(f"{entity}.{name}", metadata, self._author(None, None))
            for object_name in self.schema.objects_showing(entity):
                self.access.set_field_level(object_name, name, level, EVERYBODY)
            return field_id

    def add_record_types(self, object_name: str, names: Mapping[str, str]) -> dict[str, str]:
        """Define record types by developer name and label, the first one being the default; ids by name."""
        with self.lock:
            definition = self.definition(object_name)
            return add_record_types(self, definition.name, names, self._author(None, None))

    def remove_custom_field(self, entity: str, name: str) -> None:
        """Delete a field as an admin does in Setup."""
        with self.lock:
            self.custom_fields.remove(entity, name)

    def attach_file(
        self,
        record_id: str,
        content: bytes,
        title: str,
        extension: str,
        *,
        as_user: str | None = None,
        at: datetime | None = None,
    ) -> str:
        """Store a file and link it to a record; the id of its ContentVersion."""
        with self.lock:
            record = self._record(record_id)
            return self.files.attach(record["Id"], content, title, extension, self._author(as_user, at))

    # Keeping

    def save(self, path: Path) -> None:
        """Write everything but hooks, sessions and query cursors to a JSON file."""
        with self.lock:
            persistence.save(self, path)

    @classmethod
    def load(cls, path: Path, *, clock: Callable[[], datetime] = utc_now) -> SalesforceOrg:
        """Read a saved org. Raises OSError and ValueError."""
        return persistence.load(path, cls, clock)
