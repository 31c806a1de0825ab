"""The far side of the contract: a card file as its keeper, its dialer and its users handle it.

Written from the layout of card files, and without the connector: a mistake there is not repeated here.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr

from velma_connectors.grades import Against
from velma_connectors.model import FieldKind, FieldSpec, FieldValue, RecordRef, Target
from velma_connectors.protocol import CrmConnector
from velma_connectors.testing import FaultKind, Place, Rig, Stages
from velma_sync_cardfile.options import KIND, CardfileOptions

LAYOUT = """
CREATE TABLE account (user TEXT, key_sha256 TEXT, may_sync INTEGER, file_id TEXT, file_name TEXT);
CREATE TABLE card (
  object TEXT, id TEXT, changed_at TEXT NOT NULL, facts TEXT NOT NULL, fields TEXT NOT NULL DEFAULT '{}',
  in_use INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (object, id)
);
CREATE TABLE field (
  object TEXT, name TEXT, label TEXT, kind TEXT, writable INTEGER, max_length INTEGER, scale INTEGER,
  choices TEXT NOT NULL DEFAULT '[]', PRIMARY KEY (object, name)
);
CREATE TABLE audio (id TEXT PRIMARY KEY, content BLOB NOT NULL);
INSERT INTO field VALUES ('Call', 'reason', 'Reason', 'text', 1, 80, NULL, '[]');
INSERT INTO field VALUES ('Call', 'recap', 'Recap', 'long_text', 1, NULL, NULL, '[]');
INSERT INTO field VALUES ('Call', 'mood', 'Mood', 'number', 1, NULL, 2, '[]');
INSERT INTO field VALUES ('Call', 'agreed', 'Agreed', 'boolean', 1, NULL, NULL, '[]');
INSERT INTO field VALUES ('Call', 'outcome', 'Outcome', 'choice', 1, NULL, NULL, '["Open", "Done"]');
INSERT INTO field VALUES ('Call', 'rivals', 'Rivals', 'multi_choice', 1, NULL, NULL, '["Acme", "Bluestile"]');
INSERT INTO field VALUES ('Call', 'heard_at', 'Heard at', 'datetime', 1, NULL, NULL, '[]');
INSERT INTO field VALUES ('Call', 'dialer', 'Dialer', 'text', 0, 80, NULL, '[]');
INSERT INTO field VALUES ('Deal', 'last_call_on', 'Last call on', 'date', 1, NULL, NULL, '[]');
"""

KEY = "brass-drawer-key-7261"
FAULTS = {
    FaultKind.REFUSED_TOKEN: (
        "UPDATE account SET key_sha256 = 'not ' || key_sha256",
        "UPDATE account SET key_sha256 = replace(key_sha256, 'not ', '')",
    ),
    FaultKind.MISSING_RIGHT: ("UPDATE account SET may_sync = 0", "UPDATE account SET may_sync = 1"),
    FaultKind.OUTAGE: ("BEGIN EXCLUSIVE", "COMMIT"),
    FaultKind.LOCKED_RECORD: (
        "UPDATE card SET in_use = 1 WHERE object = ? AND id = ?",
        "UPDATE card SET in_use = 0 WHERE object = ? AND id = ?",
    ),
}
"""What begins and ends each fault that a file can have."""

NO_WIRE = "a file has no connection that could break, be limited or be answered by somebody else"


class CardfileRig(Rig):
    """A fresh card file in a directory."""

    kind = "cardfile"
    against = Against.EMULATOR
    sdk_packages = ("sqlite3",)
    cannot = MappingProxyType({fault: NO_WIRE for fault in FaultKind if fault not in FAULTS})
    fields = MappingProxyType(
        {
            FieldKind.TEXT: Place(Target.CALL, "reason"),
            FieldKind.LONG_TEXT: Place(Target.CALL, "recap"),
            FieldKind.NUMBER: Place(Target.CALL, "mood"),
            FieldKind.BOOLEAN: Place(Target.CALL, "agreed"),
            FieldKind.CHOICE: Place(Target.CALL, "outcome"),
            FieldKind.MULTI_CHOICE: Place(Target.CALL, "rivals"),
            FieldKind.DATETIME: Place(Target.CALL, "heard_at"),
            FieldKind.DATE: Place(Target.DEAL, "last_call_on"),
        }
    )
    read_only = Place(Target.CALL, "dialer")
    stages = Stages("Discovery", "Proposal", "Won")

    def __init__(self, directory: Path) -> None:
        self._path = directory / "cards.db"
        self._file = sqlite3.connect(self._path, isolation_level=None)
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.executescript(LAYOUT)
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        self._run("INSERT INTO account VALUES ('velma-sync', ?, 1, 'file-1', 'Drawer')", digest)
        self._numbers = itertools.count(1)
        self._opened: list[CrmConnector] = []
        self._connector = self.reopen()

    @property
    def connector(self) -> CrmConnector:
        return self._connector

    @property
    def secrets(self) -> Sequence[str]:
        return (KEY,)

    def reopen(self) -> CrmConnector:
        options = CardfileOptions(path=self._path, key=SecretStr(KEY), patience_seconds=0)
        self._opened.append(KIND.open(self.connection, options))
        return self._opened[-1]

    def close(self) -> None:
        for connector in self._opened:
            connector.close()
        self._file.close()

    def add_call(
        self,
        *,
        title: str = "Call",
        at: datetime | None = None,
        seconds: int = 300,
        audio: bytes | None = None,
        person: str | None = None,
    ) -> RecordRef:
        ended_at = at or self.now()
        started_at = (ended_at - timedelta(seconds=seconds)).isoformat()
        facts: dict[str, Any] = {"title": title, "started_at": started_at, "seconds": seconds}
        if person is not None:
            facts["people"] = {"person-1": person}
        call = self._insert("Call", ended_at, facts)
        if audio is not None:
            self._set_facts(call, audio=self._audio(audio))
        return call

    def attach(self, call: RecordRef, audio: bytes) -> None:
        self._set_facts(call, audio=self._audio(audio))

    def remove_recording(self, call: RecordRef) -> None:
        self._run("DELETE FROM audio WHERE id = ?", self._facts(call)["audio"]["id"])

    def add_deal(
        self, *, name: str = "Deal", stage: str | None = None, at: datetime | None = None
    ) -> RecordRef:
        entered_at = at or self.now()
        stages = [[entered_at.isoformat(), stage or self.stages.first]]
        return self._insert("Deal", entered_at, {"name": name, "stages": stages})

    def set_stage(self, deal: RecordRef, stage: str, *, at: datetime | None = None) -> None:
        stages = [*self._facts(deal)["stages"], [(at or self.now()).isoformat(), stage]]
        self._set_facts(deal, stages=stages, is_open=stage != self.stages.closed)

    def link(self, call: RecordRef, deal: RecordRef) -> None:
        self._set_facts(call, deals=[deal.id])

    def edit(self, record: RecordRef, field: str, value: FieldValue) -> None:
        plain = value.isoformat() if isinstance(value, datetime) else value
        sql = "UPDATE card SET fields = ? WHERE object = ? AND id = ?"
        self._run(sql, json.dumps({**self._held(record), field: plain}), record.object, record.id)
        self.touch(record)

    def touch(self, call: RecordRef) -> None:
        sql = "UPDATE card SET changed_at = ? WHERE object = ? AND id = ?"
        self._run(sql, _stamp(self.now()), call.object, call.id)

    def delete(self, record: RecordRef) -> None:
        self._run("DELETE FROM card WHERE object = ? AND id = ?", record.object, record.id)

    def never(self, like: RecordRef) -> RecordRef:
        return RecordRef(like.object, "card-0000")

    def read(self, record: RecordRef, field: str) -> FieldValue:
        value = self._held(record).get(field)
        if isinstance(value, str) and field == self.fields[FieldKind.DATETIME].name:
            return datetime.fromisoformat(value)
        seen: FieldValue = tuple(value) if isinstance(value, list) else value
        return seen

    def note_targets(self) -> tuple[RecordRef, ...]:
        return self.add_call(), self.add_deal()

    def notes(self, targets: Sequence[RecordRef]) -> list[str]:
        names = {str(target) for target in targets}
        notes = [json.loads(facts) for (facts,) in self._run("SELECT facts FROM card WHERE object = 'Note'")]
        return [note["body"] for note in notes if names & set(note["on"])]

    def edit_note(self, targets: Sequence[RecordRef], old: str, new: str) -> None:
        self._run("UPDATE card SET facts = replace(facts, ?, ?) WHERE object = 'Note'", old, new)

    def new_specs(self) -> Sequence[FieldSpec]:
        return (
            FieldSpec(Target.CALL, "next_step", "Next step", FieldKind.CHOICE, "", choices=("Yes", "No")),
            FieldSpec(Target.DEAL, "score", "Score", FieldKind.NUMBER, "From 0 to 1", scale=2),
        )

    def add_option(self, object_name: str, field: str, option: str) -> None:
        sql = "UPDATE field SET choices = json_insert(choices, '$[#]', ?) WHERE object = ? AND name = ?"
        self._run(sql, option, object_name, field)

    @contextmanager
    def fault(self, kind: FaultKind, record: RecordRef | None = None) -> Iterator[None]:
        begin, end = FAULTS[kind]
        card = (record.object, record.id) if record else ()
        self._run(begin, *card)
        try:
            yield
        finally:
            self._run(end, *card)

    def _run(self, sql: str, *values: object) -> list[Any]:
        return self._file.execute(sql, values).fetchall()

    def _insert(self, object_name: str, changed_at: datetime, facts: Mapping[str, Any]) -> RecordRef:
        record = RecordRef(object_name, f"{object_name.lower()}-{next(self._numbers):04}")
        sql = "INSERT INTO card (object, id, changed_at, facts) VALUES (?, ?, ?, ?)"
        self._run(sql, record.object, record.id, _stamp(changed_at), json.dumps(facts))
        return record

    def _facts(self, record: RecordRef) -> dict[str, Any]:
        return self._json("facts", record)

    def _held(self, record: RecordRef) -> dict[str, Any]:
        return self._json("fields", record)

    def _json(self, column: str, record: RecordRef) -> dict[str, Any]:
        sql = f"SELECT {column} FROM card WHERE object = ? AND id = ?"
        ((text,),) = self._run(sql, record.object, record.id)
        document: dict[str, Any] = json.loads(text)
        return document

    def _set_facts(self, record: RecordRef, **facts: Any) -> None:
        text = json.dumps(self._facts(record) | facts)
        self._run("UPDATE card SET facts = ? WHERE object = ? AND id = ?", text, record.object, record.id)

    def _audio(self, content: bytes) -> dict[str, Any]:
        id = f"reel-{next(self._numbers):04}"
        self._run("INSERT INTO audio VALUES (?, ?)", id, content)
        return {"id": id, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
