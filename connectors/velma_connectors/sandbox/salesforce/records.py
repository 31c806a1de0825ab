"""The records of an org: rows are replaced, never changed in place, so that they can be rolled back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Record = dict[str, Any]
"""Field values as they are stored and printed: stamps and days as text, `IsDeleted` on every row."""


class Savepoint:
    """What has changed since it was taken."""

    def __init__(self) -> None:
        self.undo: list[tuple[str, str, Record | None]] = []


class RecordTable:
    """Records by object and id. Withheld rows are written but not yet visible to anybody."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Record]] = {}
        self._homes: dict[str, str] = {}
        self._savepoints: list[Savepoint] = []
        self.withheld: set[str] = set()
        self.changes: Counter[str] = Counter()
        """How often rows of each object were written; lets others know when to look again."""

    def get(self, record_id: str | None) -> Record | None:
        """The visible row of any object, deleted ones included."""
        return None if record_id is None or record_id in self.withheld else self.peek(record_id)

    def peek(self, record_id: str) -> Record | None:
        """The row, visible or not."""
        return self._rows.get(self._homes.get(record_id, ""), {}).get(record_id)

    def object_of(self, record_id: str) -> str | None:
        return self._homes.get(record_id)

    def all(self, object_name: str) -> list[Record]:
        """Visible rows of an object in the order of their creation, deleted ones included."""
        rows = self._rows.get(object_name, {})
        if not self.withheld:
            return list(rows.values())
        return [row for record_id, row in rows.items() if record_id not in self.withheld]

    def put(self, object_name: str, record: Record) -> None:
        self._replace(object_name, record["Id"], record)

    def discard(self, record_id: str) -> None:
        """Remove a row for good, as when the recycle bin is emptied."""
        self._replace(self._homes[record_id], record_id, None)

    def _replace(self, object_name: str, record_id: str, record: Record | None) -> None:
        rows = self._rows.setdefault(object_name, {})
        for savepoint in self._savepoints:
            savepoint.undo.append((object_name, record_id, rows.get(record_id)))
        self._set(rows, object_name, record_id, record)

    def _set(self, rows: dict[str, Record], object_name: str, record_id: str, record: Record | None) -> None:
        self.changes[object_name] += 1
        if record is None:
            rows.pop(record_id, None)
            self._homes.pop(record_id, None)
        else:
            rows[record_id] = record
            self._homes[record_id] = object_name

    @contextmanager
    def savepoint(self) -> Iterator[Savepoint]:
        """Everything written inside can be undone with `roll_back`."""
        savepoint = Savepoint()
        self._savepoints.append(savepoint)
        try:
            yield savepoint
        finally:
            self._savepoints.remove(savepoint)

    def roll_back(self, savepoint: Savepoint) -> None:
        for object_name, record_id, record in reversed(savepoint.undo):
            self._set(self._rows[object_name], object_name, record_id, record)
        savepoint.undo.clear()

    def clear(self) -> None:
        self._rows.clear()
        self._homes.clear()

    def snapshot(self) -> dict[str, list[Record]]:
        return {name: list(rows.values()) for name, rows in self._rows.items()}

    def restore(self, snapshot: dict[str, list[Record]]) -> None:
        for object_name, rows in snapshot.items():
            for record in rows:
                self.put(object_name, record)
