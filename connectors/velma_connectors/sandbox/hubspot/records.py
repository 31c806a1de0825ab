"""The records of a portal with all their past values; replaced, never changed, so that writes roll back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

_LAST_ID = {
    "calls": 9_999_995,
    "notes": 99_999_995,
    "deals": 999_999_995,
    "contacts": 9_999_999_995,
    "companies": 99_999_999_995,
}
"""Before the first one. Ids soon grow by a digit, so that whoever compares them as text goes wrong at once,
and no two objects share one."""


@dataclass(frozen=True, slots=True)
class Version:
    """A value that a property took at `at`, epoch milliseconds; "" when it was cleared."""

    value: str
    at: int
    source: str
    source_id: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `history` holds every value of every property ever filled, the newest last."""

    object: str
    id: str
    created_at: int
    updated_at: int
    history: Mapping[str, tuple[Version, ...]]
    archived_at: int | None = None

    def value(self, name: str) -> str | None:
        versions = self.history.get(name)
        return (versions[-1].value or None) if versions else None

    def value_at(self, name: str, stamp: int) -> str | None:
        """What the property held at that time."""
        for version in reversed(self.history.get(name, ())):
            if version.at <= stamp:
                return version.value or None
        return None

    def values(self) -> dict[str, str]:
        """What is filled now."""
        return {name: versions[-1].value for name, versions in self.history.items() if versions[-1].value}

    def with_versions(self, versions: Mapping[str, Version], updated_at: int) -> Record:
        history = dict(self.history)
        for name, version in versions.items():
            history[name] = (*history.get(name, ()), version)
        return replace(self, history=history, updated_at=updated_at)

    def without_property(self, name: str) -> Record:
        return replace(self, history={key: past for key, past in self.history.items() if key != name})


class RecordTable:
    """Records by object and id, old ids of merged records, and who holds which unique value."""

    def __init__(self) -> None:
        self.last_id = dict(_LAST_ID)
        self.merged: dict[tuple[str, str], str] = {}
        """(object, old id) to the id of the record that lives on."""
        self._rows: dict[str, dict[str, Record]] = {}
        self._unique: dict[tuple[str, str], dict[str, str]] = {}
        self._undo: list[tuple[str, str, Record | None]] | None = None

    def next_id(self, object_name: str) -> str:
        self.last_id[object_name] += 1
        return str(self.last_id[object_name])

    def get(self, object_name: str, record_id: str) -> Record | None:
        """The record, archived or not; no merged ids."""
        return self._rows.get(object_name, {}).get(record_id)

    def living(self, object_name: str, record_id: str) -> Record | None:
        record = self.get(object_name, record_id)
        return record if record is not None and record.archived_at is None else None

    def resolved(self, object_name: str, record_id: str) -> str:
        """The id that a record goes by now, which differs when it was merged into another."""
        while (winner := self.merged.get((object_name, record_id))) is not None:
            record_id = winner
        return record_id

    def all(self, object_name: str) -> list[Record]:
        """Archived ones included, in the order of their ids."""
        return list(self._rows.get(object_name, {}).values())

    def put(self, record: Record) -> None:
        self._replace(record.object, record.id, record)

    def discard(self, record: Record) -> None:
        self._replace(record.object, record.id, None)

    def keep_unique(self, object_name: str, name: str) -> None:
        """Begin to remember who holds which value of a property."""
        held = {value: each.id for each in self.all(object_name) if (value := each.value(name))}
        self._unique[object_name, name] = held

    def holder(self, object_name: str, name: str, value: str) -> Record | None:
        """The living record with that value of a unique property."""
        record_id = self._unique[object_name, name].get(value)
        return None if record_id is None else self.living(object_name, record_id)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take back what was written inside when it ends by an exception. They may be nested."""
        outer, self._undo = self._undo, []
        try:
            yield
        except BaseException:
            for object_name, record_id, before in reversed(self._undo):
                self._store(object_name, record_id, before)
            self._undo = outer
            raise
        if outer is not None:
            outer.extend(self._undo)
        self._undo = outer

    def _replace(self, object_name: str, record_id: str, record: Record | None) -> None:
        if self._undo is not None:
            self._undo.append((object_name, record_id, self.get(object_name, record_id)))
        self._store(object_name, record_id, record)

    def _store(self, object_name: str, record_id: str, record: Record | None) -> None:
        before = self.get(object_name, record_id)
        for (home, name), held in self._unique.items():
            if home == object_name:
                _move(held, record_id, _held(before, name), _held(record, name))
        rows = self._rows.setdefault(object_name, {})
        if record is None:
            rows.pop(record_id, None)
        else:
            rows[record_id] = record


def _held(record: Record | None, name: str) -> str | None:
    return None if record is None else record.value(name)


def _move(held: dict[str, str], record_id: str, before: str | None, after: str | None) -> None:
    if before is not None and held.get(before) == record_id and before != after:
        del held[before]
    if after is not None:
        held[after] = record_id
