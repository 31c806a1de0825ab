"""Everything that was written to the CRM: what stood there before, what we sent, and whether it arrived.

Rows are added as an intent before the request, so that a value of ours is never taken for a person's,
even when the process ends between the CRM's acceptance and our record of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, func, insert, or_, select, tuple_, update

from velma_connectors.model import FieldValue, RecordRef
from velma_sync.ledger.codec import value_from_text, value_to_text
from velma_sync.ledger.database import Transaction
from velma_sync.ledger.schema import write_history


class Arrival(StrEnum):
    """Whether a value arrived in the CRM."""

    INTENDED = "intended"
    """Sent or about to be; the answer is not known (yet)."""
    WRITTEN = "written"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one record, before and after."""

    call_id: int
    record: RecordRef
    field: str
    before: FieldValue
    value: FieldValue
    config_hash: str | None


@dataclass(frozen=True, slots=True)
class WrittenChange:
    """A change as it stands in the history."""

    record: RecordRef
    field: str
    before: FieldValue
    value: FieldValue
    mapping_hash: str
    config_hash: str | None
    at: datetime
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class OwnValue:
    """A value of ours that may stand in a field: the last that arrived, or one whose arrival is unknown."""

    id: int
    value: FieldValue
    arrival: Arrival


def intend(tx: Transaction, connection: str, mapping_hash: str, changes: Sequence[Change]) -> None:
    """Record what is about to be sent. The time of this transaction identifies the request afterwards."""
    rows = [
        {
            "call_id": each.call_id,
            "connection": connection,
            "object": each.record.object,
            "record": each.record.id,
            "field": each.field,
            "before": value_to_text(each.before),
            "value": value_to_text(each.value),
            "mapping_hash": mapping_hash,
            "config_hash": each.config_hash,
            "at": tx.now,
            "outcome": Arrival.INTENDED,
        }
        for each in changes
    ]
    tx.run(insert(write_history), rows)


_of_request = update(write_history).where(
    write_history.c.connection == bindparam("in_connection"),
    write_history.c.object == bindparam("of_object"),
    write_history.c.record == bindparam("of_record"),
    write_history.c.at == bindparam("sent_at"),
    write_history.c.outcome == Arrival.INTENDED,
)
_whole_record = _of_request.values(outcome=bindparam("arrival"))
_one_field = _of_request.where(write_history.c.field == bindparam("of_field")).values(outcome=Arrival.REFUSED)


def refuse_fields(
    tx: Transaction, connection: str, sent_at: datetime, dropped: Collection[tuple[RecordRef, str]]
) -> None:
    """The CRM left these fields out of the request of that time."""
    rows = [
        {**_request(connection, record, sent_at), "of_field": field_name} for record, field_name in dropped
    ]
    tx.run(_one_field, rows)


def close(tx: Transaction, connection: str, sent_at: datetime, arrivals: Mapping[RecordRef, Arrival]) -> None:
    """What came of the request of that time, record by record; fields refused before stay so."""
    rows = [
        {**_request(connection, record, sent_at), "arrival": arrival} for record, arrival in arrivals.items()
    ]
    tx.run(_whole_record, rows)


def _request(connection: str, record: RecordRef, sent_at: datetime) -> dict[str, object]:
    return {
        "in_connection": connection,
        "of_object": record.object,
        "of_record": record.id,
        "sent_at": sent_at,
    }


def confirm(tx: Transaction, ids: Collection[int]) -> None:
    """Reading back has shown that these values arrived after all."""
    tx.run(update(write_history).where(write_history.c.id.in_(ids)).values(outcome=Arrival.WRITTEN))


def own_values(
    tx: Transaction, connection: str, records: Collection[RecordRef]
) -> dict[tuple[RecordRef, str], list[OwnValue]]:
    """What of ours may stand in the fields of these records, the latest first."""
    columns = write_history.c
    mine = (
        columns.connection == connection,
        tuple_(columns.object, columns.record).in_([(each.object, each.id) for each in records]),
    )
    last_written = (
        select(func.max(columns.id))
        .where(*mine, columns.outcome == Arrival.WRITTEN)
        .group_by(columns.object, columns.record, columns.field)
    )
    statement = (
        select(write_history)
        .where(*mine, or_(columns.id.in_(last_written), columns.outcome == Arrival.INTENDED))
        .order_by(columns.id.desc())
    )
    found: dict[tuple[RecordRef, str], list[OwnValue]] = {}
    for row in tx.rows(statement):
        values = found.setdefault((RecordRef(row.object, row.record), row.field), [])
        if not values or values[-1].arrival is Arrival.INTENDED:
            values.append(OwnValue(row.id, value_from_text(row.value), Arrival(row.outcome)))
    return found


def of_call(tx: Transaction, call_id: int) -> list[WrittenChange]:
    """Everything written because of one call, oldest first."""
    statement = select(write_history).where(write_history.c.call_id == call_id)
    return [
        WrittenChange(
            record=RecordRef(row.object, row.record),
            field=row.field,
            before=value_from_text(row.before),
            value=value_from_text(row.value),
            mapping_hash=row.mapping_hash,
            config_hash=row.config_hash,
            at=row.at,
            arrival=Arrival(row.outcome),
        )
        for row in tx.rows(statement.order_by(write_history.c.id))
    ]
