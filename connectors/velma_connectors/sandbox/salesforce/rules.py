"""What an org's admin has added to every save: validation rules, flows, and locks held by others."""

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
    """Hooks by object, and locked rows by id."""

    def __init__(self) -> None:
        self.validation: dict[str, list[ValidationRule]] = {}
        self.flows: dict[str, list[Flow]] = {}
        self.locks: dict[str, int] = {}
        """How many more times a write to each record finds it locked."""

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

    def meet_lock(self, record_id: str, status: int) -> None:
        """Raise the Refusal for a row that somebody else holds."""
        left = self.locks.get(record_id, 0)
        if left:
            self.locks[record_id] = left - 1
            raise Refusal(
                "UNABLE_TO_LOCK_ROW",
                f"unable to obtain exclusive access to this record or 1 records: {record_id}",
                (),
                status=status,
            )
