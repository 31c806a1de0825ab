"""Answers of live accounts, kept until they are asked again."""

from __future__ import annotations

from velma_connectors.administration import Mark, ProbeAnswer
from velma_connectors.testing.clock import ManualClock
from velma_sync.ledger import probes
from velma_sync.ledger.database import Ledger

OTHER = ProbeAnswer("note_block", "is_lost", "It is lost.", Mark.PROBLEM)


def test_the_latest_answer_to_each_question_is_kept_with_its_time(ledger: Ledger, clock: ManualClock) -> None:
    first = clock.now()
    with ledger.write() as tx:
        probes.store(tx, "sales", [ProbeAnswer("own_write", "moves", "It moves."), OTHER])
        probes.store(tx, "other", [OTHER])
    clock.advance(60)
    with ledger.write() as tx:
        probes.store(tx, "sales", [ProbeAnswer("own_write", "stays", "It stays.")])
    with ledger.read() as tx:
        found = probes.listed(tx, "sales")
        assert probes.listed(tx, "nobody") == []
    assert [(each.question, each.answer, each.sentence, each.mark, each.at) for each in found] == [
        ("note_block", "is_lost", "It is lost.", Mark.PROBLEM, first),
        ("own_write", "stays", "It stays.", Mark.OK, clock.now()),
    ]
