"""Stored answers into what is to be written: a plan per call, then one draft per record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.model import Call, DroppedField, FieldValue, RecordRef, Target
from velma_mappings.deals import choose_deal
from velma_mappings.model import CallPlan, CallReport, DealChoice, PlannedField
from velma_mappings.plan import plan_call
from velma_mappings.report import distil, failed
from velma_sync.ledger import payments, units
from velma_sync.ledger.calls import StoredCall
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.payments import Question, StoredAnswer
from velma_sync.ledger.states import OPEN_UNITS
from velma_sync.ledger.units import Spokesman, Unit, UnitKey, UnitKind
from velma_sync.pipeline.engine import Engine, Fields
from velma_sync.pipeline.settings import Connection

NOT_ASKED = ""
"""The config hash of a call that failed before anything was asked."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One call: what was heard, and what it wants written."""

    stored: StoredCall
    report: CallReport
    choice: DealChoice
    plan: CallPlan

    @property
    def left_out(self) -> tuple[DroppedField, ...]:
        return tuple(DroppedField(each.field, each.reason) for each in self.plan.left_out)


@dataclass(frozen=True, slots=True)
class RecordDraft:
    """One record: the fields of the newest call that speaks for it."""

    record: RecordRef
    draft: Draft
    planned: tuple[PlannedField, ...]

    @property
    def unit(self) -> UnitKey:
        return UnitKey(self.draft.stored.id, UnitKind.FIELDS, self.record)


@dataclass(slots=True)
class Composed:
    """What a batch of drafts comes to, before the CRM's present values are known."""

    records: list[RecordDraft] = field(default_factory=list)
    superseded: list[UnitKey] = field(default_factory=list)
    notes: list[Draft] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answers:
    """The stored answers of a batch, and the configurations they were asked with."""

    by_question: Mapping[Question, StoredAnswer]
    configs: Mapping[str, AnalysisConfig]


def answers_of(engine: Engine, batch: Sequence[StoredCall]) -> Answers:
    """Read what was stored for these calls."""
    questions = {each.question for each in batch if each.question is not None}
    hashes = {question.config_hash for question in questions}
    with engine.ledger.read() as tx:
        found = payments.answers(tx, list(questions))
        unknown = [each for each in hashes if each not in engine.remembered.configs]
        documents = payments.config_documents(tx, unknown) if unknown else {}
    for config_hash, document in documents.items():
        engine.remembered.configs[config_hash] = AnalysisConfig.from_document(json.loads(document))
    return Answers(found, engine.remembered.configs)


def describe(engine: Engine, connection: Connection, calls: Iterable[Call]) -> Fields:
    """The fields of every object that the mapping writes to for these calls."""
    objects = connection.connector.capabilities.objects
    wanted = {call.ref.object for call in calls}
    for target in {rule.on for rule in connection.mapping.rules} - {Target.CALL}:
        wanted.update(objects.get(target, ()))
    return {name: engine.fields(connection, name) for name in sorted(wanted)}


def draft_call(
    engine: Engine,
    connection: Connection,
    stored: StoredCall,
    answers: Answers,
    fields: Fields,
    now: datetime,
) -> Draft:
    """Report and plan for one call. Raises ValueError when its answer cannot be read."""
    mapping, call = connection.mapping, stored.call
    choice = choose_deal(call, mapping.deal)
    if stored.failed or stored.question is None:
        report = failed(
            call,
            mapping,
            reason=stored.reason or "",
            analyzer=engine.analyzer.name,
            config_hash=NOT_ASKED,
            at=now,
        )
    else:
        answer = answers.by_question[stored.question]
        config = answers.configs[stored.question.config_hash]
        analysis = engine.analyzer.parse(
            answer.answer,
            audio_sha256=stored.question.audio_sha256,
            config=config,
            analyzed_at=answer.analyzed_at,
        )
        report = distil(call, analysis, config, mapping)
    return Draft(stored, report, choice, plan_call(report, call, choice.deal, mapping, fields))


def compose(
    tx: Transaction, connection: Connection, drafts: Sequence[Draft], begun: Mapping[UnitKey, Unit]
) -> Composed:
    """One draft per record. Of calls that share a record the newest speaks, also one of an earlier batch."""
    composed = Composed()
    claims: dict[RecordRef, list[RecordDraft]] = {}
    for draft in drafts:
        for each in _by_record(draft):
            if _is_open(begun.get(each.unit)):
                claims.setdefault(each.record, []).append(each)
        if draft.plan.note and _is_open(begun.get(note_unit(draft))):
            composed.notes.append(draft)
    shared = [record for record, rivals in claims.items() if rivals[0].planned[0].target is not Target.CALL]
    spokesmen = units.spokesmen(tx, connection.name, shared) if shared else {}
    for record, rivals in claims.items():
        rivals.sort(key=_age)
        *older, newest = rivals
        composed.superseded += [each.unit for each in older]
        if _is_older(newest, spokesmen.get(record)):
            composed.superseded.append(newest.unit)
        else:
            composed.records.append(newest)
    return composed


def _by_record(draft: Draft) -> list[RecordDraft]:
    records: dict[RecordRef, list[PlannedField]] = {}
    for planned in draft.plan.fields:
        records.setdefault(planned.record, []).append(planned)
    return [RecordDraft(record, draft, tuple(planned)) for record, planned in records.items()]


def _is_open(unit: Unit | None) -> bool:
    return unit is None or unit.state in OPEN_UNITS


def _age(draft: RecordDraft) -> tuple[datetime, str]:
    call = draft.draft.stored.call
    return call.started_at, call.ref.id


def _is_older(draft: RecordDraft, spokesman: Spokesman | None) -> bool:
    return spokesman is not None and _age(draft) < (spokesman.started_at, spokesman.call)


def passed_by_crm(draft: RecordDraft, current: Mapping[str, FieldValue], now: datetime) -> bool:
    """The record already shows a later call than this one, as after the loss of a ledger.

    A date that is still to come is of no call: somebody mistyped it.
    """
    for planned in draft.planned:
        if planned.path != "started_at" or planned.target is Target.CALL:
            continue
        held, ours = _moment(current.get(planned.field)), _moment(planned.value)
        if held is not None and ours is not None and ours < held <= now:
            return True
    return False


def _moment(value: FieldValue) -> datetime | None:
    """The time that a field for times or dates holds; None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value).replace(tzinfo=UTC)
        except ValueError:
            return None
    return value if isinstance(value, datetime) else None


def note_unit(draft: Draft) -> UnitKey:
    return UnitKey(draft.stored.id, UnitKind.NOTE, draft.stored.call.ref.record)


def note_key(call: Call) -> str:
    """The note's name forever: of the record, so that renaming a connection leaves it alone."""
    return f"{call.ref.object}:{call.ref.id}"


def note_content(draft: Draft) -> str:
    """Hash of the note and where it hangs, to know an unchanged one again."""
    targets = " ".join(map(str, draft.plan.note_targets))
    return hashlib.sha256(f"{targets}\n{draft.plan.note}".encode()).hexdigest()
