"""The whole examination, from this machine outwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from velma_connectors.administration import Mark
from velma_sync.config.load import Connection
from velma_sync.config.mistakes import NO_MISTAKES, Mistakes
from velma_sync.config.parts import LEDGER_PART
from velma_sync.doctor.accounts import account_facts
from velma_sync.doctor.facts import DoctorReport, Fact, guarded
from velma_sync.doctor.machine import FreeBytes, files, mistaken, places, room
from velma_sync.doctor.memory import ledger_facts
from velma_sync.doctor.questions import ABOUT, question_facts
from velma_sync.workspace import Workspace, engine_settings


def _now() -> datetime:
    return datetime.now(UTC)


def _free_bytes(directory: Path) -> int:
    return shutil.disk_usage(directory).free


def examine(
    workspace: Workspace,
    mistakes: Mistakes = NO_MISTAKES,
    *,
    now: Callable[[], datetime] = _now,
    free_bytes: FreeBytes = _free_bytes,
) -> DoctorReport:
    """Ask every system who we are to it, and compare what is mapped and asked with what there is.

    Costs some CRM requests and nothing at the analyzer, and changes nothing. One system's refusal does not
    hide the others. What rests on something that is `absent` for a mistake is left out.
    """
    configuration = workspace.configuration
    settings = engine_settings(configuration)
    absent = mistakes.absent

    def account(connection: Connection) -> Iterator[Fact]:
        return guarded(
            connection.name, "login", lambda: account_facts(workspace, connection, settings, now(), absent)
        )

    facts = [
        *(mistaken(mistakes) if mistakes.problems else files(configuration)),
        *guarded("machine", "files", lambda: places(configuration, absent)),
        *guarded("disk", "disk", lambda: room(configuration, settings, free_bytes, absent)),
    ]
    if LEDGER_PART.at not in absent:
        facts += guarded("ledger", "ledger", lambda: ledger_facts(workspace, settings, now()))
    for each in configuration.connections:
        facts += account(each)
    facts += guarded(ABOUT, "behaviors", lambda: question_facts(workspace, absent))
    # The same refusal may stand in the way of several examinations.
    told: dict[tuple[str, Mark, str], Fact] = {}
    for fact in facts:
        told.setdefault((fact.about, fact.mark, fact.sentence), fact)
    return DoctorReport(tuple(told.values()))
