"""What may come between a save and the database: validation rules, flows, and chosen refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import Refusal

ValidationRule = Callable[[Mapping[str, Any]], str | None]
"""Looks at a record about to be saved and returns the message that stops it, or None."""

Flow = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Looks at a saved record and returns the fields it changes right away."""


class Rules:
    """Hooks by object, and planned refusals by record id."""

    def __init__(self) -> None:
        self.validation: dict[str, list[ValidationRule]] = {}
        self.flows: dict[str, list[Flow]] = {}
        self.refusals: dict[str, list[Refusal]] = {}
        """What the next writes to each record meet, one refusal per write."""

    def check(self, object_name: str, record: Record) -> None:
        """Raise a Refusal with the message of every rule that the record breaks."""
        messages = [message for rule in self.validation.get(object_name, ()) if (message := rule(record))]
        if messages:
            raise Refusal.joined(
                [Refusal("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, ()) for message in messages]
            )

    def after_save(self, object_name: str, record: Record) -> Record:
        for flow in self.flows.get(object_name, ()):
            record = {**record, **flow(record)}
        return record

    def meet_refusal(self, record_id: str) -> None:
        """Raise the Refusal that is planned for a write to this record, if there is one left."""
        planned = self.refusals.get(record_id)
        if planned:
            raise planned.pop(0)
