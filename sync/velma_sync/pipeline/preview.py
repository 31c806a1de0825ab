"""Everything about one call but the writes: what was heard, what would be written, what stands there now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.errors import OutcomeUnknown, RetryLater, SpendStop, VelmaSyncError, Verdict
from velma_connectors.model import Call, CallRef, FieldUpdate, FieldValue, RecordRef
from velma_connectors.protocol import Audio
from velma_mappings.model import CallReport, DealChoice, LeftOut, PlannedField
from velma_sync.ledger import calls, history, payments, spending
from velma_sync.ledger.calls import StoredCall
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.payments import Outcome, Permit, Question
from velma_sync.ledger.states import CallState, UnitState
from velma_sync.ledger.units import Unit
from velma_sync.pipeline import health
from velma_sync.pipeline.analyze import config_for, store_patiently
from velma_sync.pipeline.drafts import Composed, answers_of, compose, describe, draft_call
from velma_sync.pipeline.engine import Engine
from velma_sync.pipeline.recordings import audio_of
from velma_sync.pipeline.seen import NotInCrm, merged
from velma_sync.pipeline.settings import Connection
from velma_sync.pipeline.settlement import Present, Sending, Settled, present_values, settle_records

_NOT_PERMITTED = {
    Permit.STORED: "it was answered just now. Repeat the command.",
    Permit.IN_FLIGHT: "it is being analyzed for another call. Repeat the command in some minutes.",
    Permit.UNKNOWN_TOO_OFTEN: "it was sent as often as max_resend allows, without an answer, and may have "
    "been billed. To send it once more: velma-sync retry, with the call that is held for it.",
    Permit.STOPPED: "spending is stopped. The reason: velma-sync status",
}
"""Why a question may not be sent, and what to do."""


class PaymentNeeded(VelmaSyncError):
    """There is no stored answer, and the caller did not allow paying for one."""


class Fate(StrEnum):
    """What write-back would do with a planned value."""

    WRITE = "write"
    SAME = "same"
    KEPT = "kept"
    """What stands there stays."""
    SUPERSEDED = "superseded"
    """A later call speaks for this record."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class PreviewField:
    """One planned value. `path` is the value's place in the report, `reason` why it is not written."""

    record: RecordRef
    field: str
    path: str
    present: FieldValue
    planned: FieldValue
    fate: Fate
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What write-back of one call would do now. `paid` says that its answer was paid for just now."""

    call: Call
    report: CallReport
    choice: DealChoice
    fields: tuple[PreviewField, ...]
    left_out: tuple[LeftOut, ...]
    note_targets: tuple[RecordRef, ...]
    paid: bool


def preview(engine: Engine, ref: CallRef, *, pay: bool = False) -> Preview:
    """Work the call through, short of writing. The ledger's state of the call stays as it is.

    Without a stored answer the recording is fetched and looked up; only with `pay` it is then paid for.
    Raises PaymentNeeded, NotInCrm, the verdicts of connector, recordings and analyzer, and KeyError for a
    connection that is not configured.
    """
    connection = engine.connections[ref.connection]
    stored = _looked_up(engine, connection, ref)
    paid = False
    if not _has_answer(engine, stored):
        question, paid = _question(engine, connection, stored.call, pay=pay)
        stored = replace(stored, question=question)
    batch = [replace(stored, failed=False)]
    fields = describe(engine, connection, [stored.call])
    draft = draft_call(engine, connection, batch[0], answers_of(engine, batch), fields, engine.ledger.now())
    with engine.ledger.read() as tx:
        composed = compose(tx, connection, [draft], {})
        own = history.own_values(tx, connection.name, [each.record for each in composed.records])
        now = tx.now
    present = present_values(connection.connector, composed.records)
    settled = settle_records(composed.records, present, own, now)
    return Preview(
        call=stored.call,
        report=draft.report,
        choice=draft.choice,
        fields=tuple(_fields(draft.plan.fields, composed, present, settled)),
        left_out=draft.plan.left_out,
        note_targets=draft.plan.note_targets,
        paid=paid,
    )


def _looked_up(engine: Engine, connection: Connection, ref: CallRef) -> StoredCall:
    """The call as it is now, with its deals as they were when it was found."""
    looks = connection.connector.refresh([ref])
    if not looks:
        raise NotInCrm(ref)
    with engine.ledger.read() as tx:
        stored = calls.get(tx, ref)
        return _unsaved(looks[0], tx) if stored is None else replace(stored, call=merged(stored, looks[0]))


def _unsaved(call: Call, tx: Transaction) -> StoredCall:
    return StoredCall(
        id=0,
        call=call,
        state=CallState.NEW,
        due_at=tx.now,
        state_at=tx.now,
        seen_at=tx.now,
        discovered_at=tx.now,
        attempts=0,
        resends=0,
        looks=0,
        deal=None,
        stage=None,
        worked_fingerprint=None,
        question=None,
        failed=False,
        code=None,
        reason=None,
        trace=None,
        left_out=(),
    )


def _has_answer(engine: Engine, stored: StoredCall) -> bool:
    if stored.question is None or stored.is_outdated:
        return False
    with engine.ledger.read() as tx:
        return payments.is_answered(tx, stored.question)


def _question(engine: Engine, connection: Connection, call: Call, *, pay: bool) -> tuple[Question, bool]:
    """The answered question about the call's recording, and whether it was paid for just now."""
    config = config_for(connection, call)
    for_audio = engine.settings.deadline_seconds - engine.settings.answer_seconds
    with audio_of(call, connection.connector, engine.recordings, deadline_seconds=for_audio) as audio:
        question = Question(audio.sha256, engine.config_hash(config))
        with engine.ledger.read() as tx:
            if payments.is_answered(tx, question):
                return question, False
        if not pay:
            raise PaymentNeeded(f"{call.ref} has not been analyzed yet. Allow the preview to pay for it.")
        _pay(engine, question, config, audio, call.seconds)
    return question, True


def _pay(
    engine: Engine, question: Question, config: AnalysisConfig, audio: Audio, seconds: int | None
) -> None:
    with engine.ledger.write() as tx:
        spending.ensure(tx, engine.analyzer.name)
        permit = payments.permit(
            tx, question, analyzer=engine.analyzer.name, max_resend=engine.settings.max_resend
        )
        if permit is not Permit.SEND:
            raise RetryLater(f"The recording cannot be sent now: {_NOT_PERMITTED[permit]}")
        payments.remember_config(tx, config, question.config_hash)
        payment = payments.open_payment(tx, question, call_id=None, audio_seconds=seconds)
    try:
        answer = engine.analyzer.analyze(audio, config, deadline_seconds=engine.settings.answer_seconds)
    except Exception as error:
        unpaid = isinstance(error, Verdict) and not isinstance(error, OutcomeUnknown)
        with engine.ledger.write() as tx:
            outcome = Outcome.REFUSED if unpaid else Outcome.UNKNOWN
            payments.close_payment(tx, payment, outcome, question, analyzer=engine.analyzer.name)
            if isinstance(error, SpendStop):
                health.stop_spending(tx, engine, error)
        raise
    heard = engine.analyzer.heard_seconds(answer)

    def store(tx: Transaction) -> None:
        payments.store_answer(tx, question, analyzer=engine.analyzer.name, answer=answer)
        if heard is not None:
            payments.measure(tx, question, heard)
        payments.close_payment(tx, payment, Outcome.ANSWERED, question, analyzer=engine.analyzer.name)

    store_patiently(engine, store)


def _fields(
    planned: Sequence[PlannedField], composed: Composed, present: Present, settled: Settled
) -> Iterator[PreviewField]:
    passed = {key.record for key in composed.superseded}
    over = {unit.key.record: unit for unit in settled.over}
    sent = {sending.unit.record: sending for sending in settled.sendings}
    for each in planned:
        fate, reason = _fate(each, each.record in passed, over.get(each.record), sent.get(each.record))
        now = present.get(each.record, {}).get(each.field)
        yield PreviewField(each.record, each.field, each.path, now, each.value, fate, reason)


def _fate(
    planned: PlannedField, passed: bool, over: Unit | None, sending: Sending | None
) -> tuple[Fate, str]:
    if over is not None and over.state is UnitState.GONE:
        return Fate.GONE, over.reason or ""
    if passed or (over is not None and over.state is UnitState.SUPERSEDED):
        return Fate.SUPERSEDED, "A later call speaks for this record."
    kept = over.dropped if over is not None else sending.kept if sending is not None else ()
    for each in kept:
        if each.field == planned.field:
            return Fate.KEPT, each.reason
    update = sending.update if sending is not None else None
    writes = isinstance(update, FieldUpdate) and planned.field in update.fields
    return (Fate.WRITE if writes else Fate.SAME), ""
