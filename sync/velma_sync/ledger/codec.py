"""How calls, field values and answers are spelt in the ledger's columns."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from pydantic import TypeAdapter

from velma_connectors.model import Call, DroppedField, FieldValue, canonical_json


@lru_cache(maxsize=1)
def _calls() -> TypeAdapter[Call]:
    return TypeAdapter(Call)


def call_to_text(call: Call) -> str:
    return _calls().dump_json(call).decode()


def call_from_text(text: str) -> Call:
    return _calls().validate_json(text)


def value_to_text(value: FieldValue) -> str:
    """JSON. A time becomes `{"at": "..."}` and a selection a list, so that both can be told from text."""
    if isinstance(value, datetime):
        return canonical_json({"at": value.isoformat()})
    return canonical_json(list(value) if isinstance(value, tuple) else value)


def value_from_text(text: str) -> FieldValue:
    value = json.loads(text)
    if isinstance(value, dict):
        return datetime.fromisoformat(value["at"])
    if isinstance(value, list):
        return tuple(value)
    plain: bool | int | float | str | None = value
    return plain


def dropped_to_text(dropped: Sequence[DroppedField]) -> str | None:
    """JSON pairs of field and reason; None when there are none."""
    return canonical_json([[drop.field, drop.reason] for drop in dropped]) if dropped else None


def dropped_from_text(text: str | None) -> tuple[DroppedField, ...]:
    return tuple(DroppedField(field, reason) for field, reason in json.loads(text or "[]"))


def pack(answer: bytes) -> bytes:
    return zlib.compress(answer)


def unpack(packed: bytes) -> bytes:
    return zlib.decompress(packed)
