"""Short words for the properties that HubSpot defines."""

from __future__ import annotations

from typing import Any

from velma_connectors.sandbox.hubspot.definitions import TRUE_FALSE, Definition, Option


def text(name: str, label: str, group: str, field_type: str = "text", **more: Any) -> Definition:
    return _system(name, label, "string", field_type, group, **more)


def number(name: str, label: str, group: str, **more: Any) -> Definition:
    return _system(name, label, "number", "number", group, **more)


def flag(name: str, label: str, group: str, **more: Any) -> Definition:
    words = tuple(Option(word.capitalize(), word, place) for place, word in enumerate(TRUE_FALSE))
    return _system(name, label, "bool", "booleancheckbox", group, options=words, **more)


def moment(name: str, label: str, group: str, **more: Any) -> Definition:
    return _system(name, label, "datetime", "date", group, **more)


def choice(name: str, label: str, group: str, options: dict[str, str], **more: Any) -> Definition:
    """A closed choice; `options` are labels by value."""
    listed = tuple(Option(words, value, place) for place, (value, words) in enumerate(options.items()))
    return _system(name, label, "enumeration", "select", group, options=listed, **more)


def owner(group: str) -> Definition:
    return _system(
        "hubspot_owner_id", "Owner", "enumeration", "select", group, options=(), outside_options=True
    )


def stamps(group: str, created: str, modified: str) -> tuple[Definition, ...]:
    """What HubSpot keeps of every record by itself."""
    return (
        moment(created, "Create date", group, read_only=True),
        moment(modified, "Last modified date", group, read_only=True),
        number("hs_object_id", "Record ID", group, read_only=True),
        text("hs_object_source", "Record creation source", group, read_only=True),
        text("hs_object_source_id", "Record creation source ID", group, read_only=True),
        text("hs_object_source_label", "Record source", group, read_only=True),
        number("hs_created_by_user_id", "Created by user ID", group, read_only=True),
        number("hs_updated_by_user_id", "Updated by user ID", group, read_only=True),
        _system(
            "hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox", group,
            read_only=True, outside_options=True,
        ),
        text("hs_unique_creation_key", "Unique creation key", group, read_only=True),
    )  # fmt: skip


def _system(name: str, label: str, type: str, field_type: str, group: str, **more: Any) -> Definition:
    return Definition(name, label, type, field_type, group, hubspot_defined=True, **more)
