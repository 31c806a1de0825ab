"""What HubSpot says no to, in its envelope: status, message, correlationId, category, errors, context."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VALIDATION = "VALIDATION_ERROR"
NOT_FOUND = "OBJECT_NOT_FOUND"
CONFLICT = "CONFLICT"

Context = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class PropertyFault:
    """What is wrong with the value of one property."""

    code: str
    message: str
    name: str

    def embedded(self) -> dict[str, Any]:
        """The shape inside the text of the message."""
        return {
            "isValid": False,
            "message": self.message,
            "error": self.code,
            "name": self.name,
            "localizedErrorMessage": self.message,
        }

    def detail(self) -> dict[str, Any]:
        return {"message": self.message, "code": self.code, "context": {"propertyName": [self.name]}}


class Refusal(Exception):
    """A request, or one input of a batch, that HubSpot does not take."""

    def __init__(
        self,
        category: str,
        message: str,
        *,
        status: int = 400,
        sub_category: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        context: Context | None = None,
        links: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{category}: {message}")
        self.status = status
        self.category = category
        self.message = message
        self.sub_category = sub_category
        self.errors = tuple(errors)
        self.context = dict(context or {})
        self.links = links

    def document(self, correlation_id: str) -> dict[str, Any]:
        """The body of a refused request. Keys without content are left out."""
        body: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
            "category": self.category,
        }
        return body | self._optional(detailed=True)

    def for_input(self, context: Context, *, detailed: bool) -> dict[str, Any]:
        """The shape in the `errors` of a 207. `detailed` repeats codes and properties as their own keys."""
        body = {"status": "error", "category": self.category, "message": self.message}
        return body | self._optional(detailed=detailed) | {"context": {**self.context, **context}}

    def _optional(self, *, detailed: bool) -> dict[str, Any]:
        parts = {
            "subCategory": self.sub_category,
            "errors": list(self.errors) if detailed else None,
            "context": self.context,
            "links": self.links,
        }
        return {key: part for key, part in parts.items() if part}


def invalid(message: str, **more: Any) -> Refusal:
    return Refusal(VALIDATION, message, **more)


def invalid_values(faults: Sequence[PropertyFault]) -> Refusal:
    """All bad properties of one record: as a JSON array in the message, and once more under `errors`."""
    array = json.dumps([fault.embedded() for fault in faults], separators=(",", ":"))
    details = [fault.detail() for fault in faults]
    return invalid(f"Property values were not valid: {array}", errors=details)


def unreadable(reason: str, column: int = 1, line: int = 1) -> Refusal:
    return invalid(f"Invalid input JSON on line {line}, column {column}: {reason}")


def no_such_record() -> Refusal:
    return Refusal(NOT_FOUND, "Object not found.  objectId are usually numeric.", status=404)


def no_such_resource() -> Refusal:
    return Refusal(NOT_FOUND, "resource not found", status=404)
