"""Calls that were analyzed before, read again as the mapping stands now. Pays and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import structlog

from velma_mappings.model import CallReport
from velma_mappings.report import distil
from velma_sync.ledger import calls
from velma_sync.ledger.calls import StoredCall
from velma_sync.pipeline.drafts import Answers, answers_of
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.settings import Connection

log = structlog.stdlib.get_logger(__name__)

AT_ONCE = 200
"""Answers that are held in memory together."""


def past_reports(
    engine: Engine, connection: Connection, *, since: datetime | None = None
) -> Iterator[CallReport]:
    """A report per call that is done and has an answer, of those that took place since then.

    An answer that cannot be read is left out and logged.
    """
    with engine.ledger.read() as tx:
        ids = calls.answered(tx, connection.name, since)
    for start in range(0, len(ids), AT_ONCE):
        with engine.ledger.read() as tx:
            batch = calls.by_ids(tx, ids[start : start + AT_ONCE])
        answers = answers_of(engine, batch)
        for stored in batch:
            report = _report(engine, connection, stored, answers)
            if report is not None:
                yield report


def _report(
    engine: Engine, connection: Connection, stored: StoredCall, answers: Answers
) -> CallReport | None:
    question = stored.question
    if question is None or question not in answers.by_question:
        return None
    answer, config = answers.by_question[question], answers.configs[question.config_hash]
    try:
        analysis = engine.analyzer.parse(
            answer.answer,
            audio_sha256=question.audio_sha256,
            config=config,
            analyzed_at=answer.analyzed_at,
        )
    except ValueError:
        log.warning("A stored answer cannot be read.", action="unreadable_answer", call=str(stored.ref))
        return None
    return distil(stored.call, analysis, config, connection.mapping)
