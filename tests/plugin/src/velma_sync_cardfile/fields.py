"""Custom fields of cards: what they can hold, how they are stored, what a plan does about them.

The file itself checks nothing. Whoever writes to it has to keep to its table of fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from velma_connectors.model import Field, FieldKind, FieldSpec, FieldValue, SchemaAction, SchemaStep


def field_of(row: Mapping[str, Any]) -> Field:
    choices = tuple(json.loads(row["choices"]))
    return Field(
        name=row["name"],
        label=row["label"],
        kind=FieldKind(row["kind"]),
        writable=bool(row["writable"]),
        filterable=row["kind"] != FieldKind.LONG_TEXT,
        max_length=row["max_length"],
        scale=row["scale"],
        choices=choices,
        restricted=bool(choices),
    )


def read(field: Field, stored: Any) -> FieldValue:
    """A value as it stands in the JSON of a card."""
    if stored is not None and field.kind is FieldKind.DATETIME:
        return datetime.fromisoformat(stored)
    value: FieldValue = tuple(stored) if isinstance(stored, list) else stored
    return value


def stored(value: FieldValue) -> Any:
    """The same value for the JSON of a card."""
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def accepted(field: Field | None, value: FieldValue) -> tuple[FieldValue, str]:
    """What the field takes of a value, and why that is not all of it; an empty reason when it is."""
    if field is None:
        return None, "the card has no such field"
    if not field.writable:
        return None, "the field is read-only"
    if isinstance(value, str) and field.max_length is not None and len(value) > field.max_length:
        return None, f"longer than {field.max_length} characters"
    chosen = value if isinstance(value, tuple) else () if value is None else (str(value),)
    unknown = [option for option in chosen if option not in field.choices]
    if not field.restricted or not unknown:
        return value, ""
    known = tuple(option for option in chosen if option in field.choices)
    return known or None, f"the field lacks the options {', '.join(unknown)}"


def step_for(object_name: str, spec: FieldSpec, held: Field | None) -> SchemaStep:
    """What is to be done to have the field that a mapping wants. Nothing is ever taken away."""
    if held is None:
        return SchemaStep(SchemaAction.CREATE, object_name, spec)
    if held.kind is not spec.kind:
        reason = f"is of kind {held.kind}, but {spec.kind} is wanted"
        return SchemaStep(SchemaAction.CANNOT, object_name, spec, reason)
    missing = [choice for choice in spec.choices if choice not in held.choices]
    if missing:
        return SchemaStep(SchemaAction.CHANGE, object_name, spec, f"adds the options {', '.join(missing)}")
    return SchemaStep(SchemaAction.LEAVE, object_name, spec)
