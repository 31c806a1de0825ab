"""What HubSpot says of an object's properties, and values on their way in and out of them.

Every value travels as text; null and the empty text both mean that a property holds nothing.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import Field, FieldKind, FieldValue

Answer = TypeVar("Answer")
Definition = Mapping[str, Any]
"""One property as HubSpot defines it: `name`, `label`, `type`, `fieldType`, `options` and more."""

TEXT_LENGTH = 65_536
"""Characters that any text property holds (developers.hubspot.com/docs, properties guide)."""

_KINDS: Mapping[str, FieldKind] = {
    "bool": FieldKind.BOOLEAN,
    "number": FieldKind.NUMBER,
    "date": FieldKind.DATE,
    "datetime": FieldKind.DATETIME,
}
_KINDS_BY_FORM: Mapping[tuple[str, str], FieldKind] = {
    ("string", "text"): FieldKind.TEXT,
    ("string", "textarea"): FieldKind.LONG_TEXT,
    ("string", "html"): FieldKind.LONG_TEXT,
    ("enumeration", "select"): FieldKind.CHOICE,
    ("enumeration", "radio"): FieldKind.CHOICE,
    ("enumeration", "booleancheckbox"): FieldKind.CHOICE,
    ("enumeration", "checkbox"): FieldKind.MULTI_CHOICE,
}
_TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT)
_CHOICES = (FieldKind.CHOICE, FieldKind.MULTI_CHOICE)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_DIGITS = re.compile(r"-?\d+", re.ASCII)


def read_definitions(client: HubSpotClient, object_name: str, *, archived: bool = False) -> list[Definition]:
    """Properties of one object as HubSpot defines them; with `archived`, those that were deleted."""
    params = {"archived": "true"} if archived else None
    entries: list[Definition] = client.get(paths.properties(object_name), params)["results"]
    return entries


def read_fields(client: HubSpotClient, object_name: str) -> dict[str, Field]:
    """The properties of one object that this connection may see, by name."""
    return {entry["name"]: field_of(entry) for entry in read_definitions(client, object_name)}


def field_of(entry: Definition) -> Field:
    """One definition in the words of all connectors. Long texts can be read in reports, not filtered by."""
    kind = _KINDS.get(entry["type"]) or _KINDS_BY_FORM.get(
        (entry["type"], entry["fieldType"]), FieldKind.OTHER
    )
    return Field(
        name=entry["name"],
        label=entry["label"],
        kind=kind,
        writable=not entry.get("calculated") and not _modification(entry).get("readOnlyValue"),
        filterable=kind not in (FieldKind.LONG_TEXT, FieldKind.OTHER),
        max_length=TEXT_LENGTH if kind in _TEXTS else None,
        choices=tuple(option["value"] for option in entry.get("options") or () if not option.get("hidden"))
        if kind in _CHOICES
        else (),
        restricted=kind in _CHOICES,
    )


def takes_options(entry: Definition) -> bool:
    """Whether options may be added to the property: those of HubSpot's own may be closed."""
    return not entry.get("externalOptions") and not _modification(entry).get("readOnlyOptions")


def _modification(entry: Definition) -> Mapping[str, Any]:
    return entry.get("modificationMetadata") or {}


class KnownFields:
    """Properties of each object, read once and kept until something turns out to have changed."""

    def __init__(self, client: HubSpotClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: Mapping[str, Mapping[str, tuple[Field, Definition]]] = {}

    def of(self, object_name: str) -> Mapping[str, Field]:
        return {name: field for name, (field, _) in self._entries(object_name).items()}

    def definition(self, object_name: str, name: str) -> Definition | None:
        """A property as HubSpot defines it; None when there is none, or it may not be seen."""
        entry = self._entries(object_name).get(name)
        return None if entry is None else entry[1]

    def read(self, object_name: str) -> Mapping[str, Field]:
        """Read the properties of one object now, and keep them."""
        entries = {
            entry["name"]: (field_of(entry), entry) for entry in read_definitions(self._client, object_name)
        }
        with self._lock:
            self._known = {**self._known, object_name: entries}
        return {name: field for name, (field, _) in entries.items()}

    def forget(self) -> None:
        """Read everything anew when next asked."""
        with self._lock:
            self._known = {}

    def trusted(self, ask: Callable[[], Answer]) -> Answer:
        """Ask something that names known properties; when it is refused, once more with them read anew.

        A property may have been deleted or changed since its object was read.
        """
        try:
            return ask()
        except RequestRefused:
            self.forget()
            return ask()

    def _entries(self, object_name: str) -> Mapping[str, tuple[Field, Definition]]:
        known = self._known.get(object_name)
        if known is None:
            self.read(object_name)
            known = self._known.get(object_name, {})
        return known


def is_id(text: str) -> bool:
    """Whether a text can be the id of a record."""
    return re.fullmatch(r"\d{1,20}", text, re.ASCII) is not None


def encode(value: FieldValue) -> str:
    """A value as the API takes it; the empty text clears a property, a date is a text already.

    Raises ValueError, with the reason, for a value the API cannot carry.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("the time has no time zone")
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, tuple):
        # A leading semicolon would add to the selection instead of replacing it.
        if any(not option or ";" in option for option in value):
            raise ValueError("an option is empty or contains a semicolon, which separates options")
        return ";".join(value)
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError("the number is not finite")
        return f"{Decimal(str(value or 0)):f}"
    return value


def decode(value: str | None, kind: FieldKind) -> FieldValue:
    """A value as the API gives it. Dates stay texts such as `2026-01-31`.

    What does not look like its kind stays the text it is, so that nobody takes it for empty.
    """
    if not value:
        return None
    if kind is FieldKind.BOOLEAN:
        return {"true": True, "false": False}.get(value.lower(), value)
    if kind is FieldKind.NUMBER:
        return _number(value)
    if kind is FieldKind.MULTI_CHOICE:
        return tuple(sorted(option for option in value.split(";") if option))
    if kind in (FieldKind.DATE, FieldKind.DATETIME):
        try:
            moment = parse_stamp(value)
        except ValueError:
            return value
        return moment if kind is FieldKind.DATETIME else moment.date().isoformat()
    return value


def parse_stamp(text: str) -> datetime:
    """A time that HubSpot wrote: ISO 8601, or milliseconds since 1970. Raises ValueError."""
    try:
        if _DIGITS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (OverflowError, OSError):
        raise ValueError("the time is out of range") from None


def _number(value: str) -> int | float | str:
    if not _NUMBER.fullmatch(value) or not math.isfinite(number := float(value)):
        return value
    return int(value) if _DIGITS.fullmatch(value) else number
