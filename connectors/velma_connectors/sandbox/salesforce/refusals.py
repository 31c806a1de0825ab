"""What Salesforce says no to, with its code, its words and its HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ApiError:
    """One error as the API reports it. `fields` is None where the API leaves the key out."""

    code: str
    message: str
    fields: tuple[str, ...] | None = None

    def for_request(self) -> dict[str, Any]:
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return error if self.fields is None else {**error, "fields": list(self.fields)}

    def for_row(self) -> dict[str, Any]:
        """The shape inside a collection's answer, where the code goes by another name."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}


class Refusal(Exception):
    """A record, or a request that concerns one record, that Salesforce would not take."""

    def __init__(
        self, code: str, message: str, fields: Sequence[str] | None = None, *, status: int = 400
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.errors: tuple[ApiError, ...] = (
            ApiError(code, message, None if fields is None else tuple(fields)),
        )

    @classmethod
    def joined(cls, refusals: Sequence[Refusal]) -> Refusal:
        """One refusal that reports the errors of all."""
        first = refusals[0]
        whole = cls(first.errors[0].code, first.errors[0].message, status=first.status)
        whole.errors = tuple(error for refusal in refusals for error in refusal.errors)
        return whole


class UnreadableRecord(Refusal):
    """A record whose JSON does not fit its object: an unknown column or a value of another JSON type."""


class RequestRefusal(Refusal):
    """A request that is refused as a whole, however many records it holds."""


def not_found() -> RequestRefusal:
    return RequestRefusal("NOT_FOUND", "The requested resource does not exist", status=404)


def unknown_column(field: str, object_name: str) -> UnreadableRecord:
    return UnreadableRecord("INVALID_FIELD", f"No such column '{field}' on sobject of type {object_name}")


def deleted(status: int) -> Refusal:
    return Refusal("ENTITY_IS_DELETED", "entity is deleted", (), status=status)


def malformed_id(label: str, value: object, field: str) -> Refusal:
    return Refusal("MALFORMED_ID", f"{label}: id value of incorrect type: {value}", (field,))
