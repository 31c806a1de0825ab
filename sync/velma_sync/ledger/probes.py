"""What a live account has answered to questions that no document settles, the latest answer of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from velma_connectors.administration import Mark, ProbeAnswer
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.schema import probe


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One answer of one connection, and when it was given."""

    connection: str
    question: str
    answer: str
    sentence: str
    mark: Mark
    at: datetime


def store(tx: Transaction, connection: str, answers: Sequence[ProbeAnswer]) -> None:
    """Keep these answers in place of earlier ones to the same questions."""
    for each in answers:
        values = {"answer": each.answer, "sentence": each.sentence, "mark": each.mark, "at": tx.now}
        insert = tx.insert_into(probe).values(connection=connection, question=each.question, **values)
        tx.run(insert.on_conflict_do_update(index_elements=["connection", "question"], set_=values))


def listed(tx: Transaction, connection: str) -> list[ProbeRow]:
    """The answers of a connection by question."""
    statement = select(probe).where(probe.c.connection == connection).order_by(probe.c.question)
    return [ProbeRow(**{**row._mapping, "mark": Mark(row.mark)}) for row in tx.rows(statement)]
