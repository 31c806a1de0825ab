"""What Salesforce says of an object's fields, and values on their way in and out of them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from velma_connectors.model import Field, FieldKind, FieldValue
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.soql import parse_stamp
from velma_connectors.salesforce.verdicts import RequestRefused

Answer = TypeVar("Answer")

SHORT_TEXT = 255
"""Longer textareas are long text: shown in reports, but no filter can use them."""

_KINDS: Mapping[str, FieldKind] = {
    "boolean": FieldKind.BOOLEAN,
    "double": FieldKind.NUMBER,
    "int": FieldKind.NUMBER,
    "percent": FieldKind.NUMBER,
    "currency": FieldKind.NUMBER,
    "string": FieldKind.TEXT,
    "combobox": FieldKind.TEXT,
    "url": FieldKind.TEXT,
    "phone": FieldKind.TEXT,
    "email": FieldKind.TEXT,
    "textarea": FieldKind.LONG_TEXT,
    "picklist": FieldKind.CHOICE,
    "multipicklist": FieldKind.MULTI_CHOICE,
    "date": FieldKind.DATE,
    "datetime": FieldKind.DATETIME,
}
_CHOICES = (FieldKind.CHOICE, FieldKind.MULTI_CHOICE)
_TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT)


def describe(client: SalesforceClient, object_name: str) -> list[dict[str, Any]]:
    """The fields of one object as Salesforce describes them; hidden ones are not among them."""
    entries: list[dict[str, Any]] = client.get(f"sobjects/{object_name}/describe")["fields"]
    return entries


def read_fields(client: SalesforceClient, object_name: str) -> dict[str, Field]:
    """The fields of one object that this connection may see, by name."""
    return {entry["name"]: field_of(entry) for entry in describe(client, object_name)}


def field_of(entry: Mapping[str, Any]) -> Field:
    """One entry of a describe, in the words of all connectors."""
    kind = _kind(entry)
    return Field(
        name=entry["name"],
        label=entry["label"],
        kind=kind,
        writable=bool(entry["updateable"]) and not entry.get("calculated", False),
        filterable=bool(entry["filterable"]),
        max_length=entry.get("length") if kind in _TEXTS else None,
        precision=(entry.get("precision") or entry.get("digits")) if kind is FieldKind.NUMBER else None,
        scale=entry.get("scale", 0) if kind is FieldKind.NUMBER else None,
        choices=tuple(
            option["value"] for option in entry.get("picklistValues") or () if option.get("active", True)
        )
        if kind in _CHOICES
        else (),
        restricted=bool(entry.get("restrictedPicklist", False)),
        can_be_blank=kind is not FieldKind.BOOLEAN,
    )


def _kind(entry: Mapping[str, Any]) -> FieldKind:
    kind = _KINDS.get(entry["type"], FieldKind.OTHER)
    if kind is FieldKind.LONG_TEXT and (entry.get("length") or 0) <= SHORT_TEXT:
        return FieldKind.TEXT
    return kind


class KnownFields:
    """Fields of each object, read once and kept until something turns out to have changed."""

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: Mapping[str, Mapping[str, Field]] = {}

    def of(self, object_name: str) -> Mapping[str, Field]:
        known = self._known.get(object_name)
        return self.read(object_name) if known is None else known

    def read(self, object_name: str) -> Mapping[str, Field]:
        """Read the fields of one object now, and keep them."""
        fields = read_fields(self._client, object_name)
        with self._lock:
            self._known = {**self._known, object_name: fields}
        return fields

    def forget(self) -> None:
        """Read everything anew when next asked."""
        with self._lock:
            self._known = {}

    def trusted(self, ask: Callable[[], Answer]) -> Answer:
        """Ask something that names known fields; when it is refused, once more with fields read anew.

        A field may have been hidden or removed since its object was described.
        """
        try:
            return ask()
        except RequestRefused:
            self.forget()
            return ask()


def encode(value: FieldValue) -> object:
    """A value as the REST API takes it; a date is a text already.

    Raises ValueError, with the reason, for a value the API cannot carry.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("the time has no time zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, tuple):
        if any(";" in option for option in value):
            raise ValueError("an option contains a semicolon, which separates options")
        return ";".join(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("the number is not finite")
    return value


def decode(value: object, kind: FieldKind) -> FieldValue:
    """A value as the REST API gives it. Dates stay texts such as `2026-01-31`."""
    if isinstance(value, str):
        if kind is FieldKind.MULTI_CHOICE:
            return tuple(sorted(value.split(";")))
        return parse_stamp(value) if kind is FieldKind.DATETIME else value
    return value if isinstance(value, bool | int | float) else None
