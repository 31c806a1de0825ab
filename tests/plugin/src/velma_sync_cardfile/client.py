"""The door to the card file: the only import of sqlite3, and where each of its exceptions ends."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from velma_connectors.errors import RetryLater, StopConnection, Verdict
from velma_sync_cardfile.options import CardfileOptions

IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
PRIMARY_CODE = 0xFF
"""The low byte of an error code of SQLite says what happened, the others say where."""


@dataclass(frozen=True, slots=True)
class Session:
    """One transaction on the file, as the account that the key belongs to."""

    _file: sqlite3.Connection
    account: Mapping[str, Any]

    def run(self, sql: str, *values: object) -> list[Mapping[str, Any]]:
        return [dict(row) for row in self._file.execute(sql, values)]


class CardfileClient:
    """Opens the file for one request at a time; between requests nothing is held open."""

    def __init__(self, options: CardfileOptions) -> None:
        self.requests = 0
        self._options = options
        self._turn = threading.Lock()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One request: all of it is saved, or nothing. Raises RetryLater, StopConnection."""
        with self._turn:
            self.requests += 1
            try:
                with closing(self._opened()) as file:
                    file.row_factory = sqlite3.Row
                    file.execute("BEGIN")
                    yield Session(file, self._account(file))
                    file.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                raise self._verdict(error) from error

    def _opened(self) -> sqlite3.Connection:
        address = f"{self._options.path.as_uri()}?mode=rw"
        patience = self._options.patience_seconds
        return sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None)

    def _account(self, file: sqlite3.Connection) -> Mapping[str, Any]:
        digest = hashlib.sha256(self._options.key.get_secret_value().encode()).hexdigest()
        account = file.execute("SELECT * FROM account WHERE key_sha256 = ?", (digest,)).fetchone()
        if account is None:
            raise StopConnection("The card file does not know our key; ask its keeper for a new one.")
        if not account["may_sync"]:
            raise StopConnection("Our account may not use the card file; ask its keeper for the right to.")
        return dict(account)

    def _verdict(self, error: sqlite3.DatabaseError) -> Verdict:
        """What the engine does about it. The words of SQLite stay out: they can hold what is on a card."""
        code = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
        if code in IN_USE:
            return RetryLater("Somebody else saves the card file.", after=10.0)
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return StopConnection(f"{self._options.path} cannot be used as a card file ({name}); correct 'path'.")
