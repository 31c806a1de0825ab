"""What may be written over what a record holds now. A person's word is never written over by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from velma_connectors.model import FieldValue
from velma_mappings.model import LeftOut, Overwrite, PlannedField, Settlement

LARGEST = Decimal(10) ** 18
"""Beyond the digits that any CRM keeps; such a number is compared as it is."""


def settle(
    planned: Sequence[PlannedField], current: Mapping[str, FieldValue], written: Mapping[str, FieldValue]
) -> Settlement:
    """Settle the planned fields of one record against what it holds.

    `written` holds the fields we ever wrote on this record, with the value we wrote last. Settling again
    after the writing changes nothing. Raises ValueError when the fields belong to several records.
    """
    if len({field.record for field in planned}) > 1:
        raise ValueError("the planned fields belong to several records; settle one record at a time")
    write: dict[str, FieldValue] = {}
    kept: list[LeftOut] = []
    same: list[str] = []
    for field in planned:
        if field.field in current and _equal(current[field.field], field.value, field.scale):
            same.append(field.field)
            continue
        objection = _objection(field, current, written)
        if objection:
            kept.append(LeftOut(field.record, field.field, objection))
        else:
            write[field.field] = field.value
    return Settlement(write, tuple(kept), tuple(same))


def _objection(
    field: PlannedField, current: Mapping[str, FieldValue], written: Mapping[str, FieldValue]
) -> str:
    """Why the present value stays; empty when it may be written over."""
    if field.overwrite is Overwrite.ALWAYS:
        return ""
    if field.field not in current:
        return "its present value cannot be read, so it may be a person's"
    now, ever_ours = current[field.field], field.field in written
    if _is_empty(now, ever_ours=ever_ours):
        return ""
    if field.overwrite is Overwrite.IF_EMPTY:
        return "it already holds a value"
    if ever_ours and _equal(now, written[field.field], field.scale):
        return ""
    return "changed by a person" if ever_ours else "filled by a person"


def _is_empty(value: FieldValue, *, ever_ours: bool) -> bool:
    # A checkbox is never blank in some CRMs: its false is nobody's word until we have written it once.
    if isinstance(value, bool):
        return not value and not ever_ours
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == ()


def _equal(one: FieldValue, other: FieldValue, scale: int | None) -> bool:
    return _comparable(one, scale) == _comparable(other, scale)


def _comparable(value: FieldValue, scale: int | None) -> tuple[str, object]:
    """A form in which two values are equal exactly when a CRM would hold the same for both."""
    if value is None or value == ():
        return ("blank", None)
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, int | float):
        return ("number", _rounded(value, scale))
    if isinstance(value, datetime):
        return ("time", value.astimezone(UTC).replace(microsecond=0))
    if isinstance(value, tuple):
        return ("choices", frozenset(value))
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    text = "\n".join(line.rstrip() for line in lines).strip()
    return ("text", text) if text else ("blank", None)


def _rounded(value: int | float, scale: int | None) -> Decimal:
    number = Decimal(str(value))
    if scale is None or not number.is_finite() or abs(number) >= LARGEST:
        return number
    return number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
