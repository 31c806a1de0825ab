"""What was not paid for, because one recording lies in several CRMs."""

from __future__ import annotations

from sqlalchemy import and_, distinct, func, select

from velma_sync.ledger.database import Transaction
from velma_sync.ledger.schema import analysis, call

_question = (call.c.audio_sha256, call.c.config_hash)
_in_several = (
    select(func.count(distinct(call.c.connection)))
    .join(
        analysis,
        and_(analysis.c.audio_sha256 == call.c.audio_sha256, analysis.c.config_hash == call.c.config_hash),
    )
    .group_by(*_question)
    .having(func.count(distinct(call.c.connection)) > 1)
)


def shared_recordings(tx: Transaction) -> int:
    """How many recordings have calls in more than one CRM that are served by one paid analysis."""
    return len(tx.rows(_in_several))
