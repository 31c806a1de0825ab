"""The objects of a portal: what they are called in paths, their type ids, scopes and system properties."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One object. `scope` is the word in its scope names; activities hang on that of contacts.

    `created`, `modified` name the properties that hold its stamps, `shown` what comes back when no
    property is asked for, `searched` what the `query` of a search looks through.
    """

    name: str
    singular: str
    type_id: str
    scope: str
    created: str
    modified: str
    shown: tuple[str, ...]
    searched: tuple[str, ...]
    required: tuple[str, ...] = ()

    @property
    def is_activity(self) -> bool:
        return self.scope != self.name

    @property
    def stamps(self) -> tuple[str, str, str]:
        """System properties that every answer holds."""
        return (self.created, self.modified, "hs_object_id")


CALLS = ObjectKind(
    name="calls",
    singular="call",
    type_id="0-48",
    scope="contacts",
    created="hs_createdate",
    modified="hs_lastmodifieddate",
    shown=(),
    searched=("hs_call_title", "hs_body_preview"),
    required=("hs_timestamp",),
)
NOTES = ObjectKind(
    name="notes",
    singular="note",
    type_id="0-46",
    scope="contacts",
    created="hs_createdate",
    modified="hs_lastmodifieddate",
    shown=(),
    searched=("hs_note_body",),
    required=("hs_timestamp",),
)
DEALS = ObjectKind(
    name="deals",
    singular="deal",
    type_id="0-3",
    scope="deals",
    created="createdate",
    modified="hs_lastmodifieddate",
    shown=("amount", "closedate", "dealname", "dealstage", "pipeline"),
    searched=("dealname", "pipeline", "dealstage"),
)
CONTACTS = ObjectKind(
    name="contacts",
    singular="contact",
    type_id="0-1",
    scope="contacts",
    created="createdate",
    modified="lastmodifieddate",
    shown=("email", "firstname", "lastname"),
    searched=("firstname", "lastname", "email", "phone"),
)
COMPANIES = ObjectKind(
    name="companies",
    singular="company",
    type_id="0-2",
    scope="companies",
    created="createdate",
    modified="hs_lastmodifieddate",
    shown=("name", "domain"),
    searched=("name", "domain", "phone"),
)

KINDS = {kind.name: kind for kind in (CALLS, NOTES, DEALS, CONTACTS, COMPANIES)}
_BY_ANY_NAME = {name: kind for kind in KINDS.values() for name in (kind.name, kind.singular, kind.type_id)}


def find_kind(text: str) -> ObjectKind | None:
    """By plural, singular or type id, as paths name it."""
    return _BY_ANY_NAME.get(text.lower())
