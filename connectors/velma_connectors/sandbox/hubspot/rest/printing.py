"""Records, and the answers of batches, as the API prints them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.records import Record
from velma_connectors.sandbox.hubspot.rest.exchange import ApiAnswer
from velma_connectors.sandbox.hubspot.stamps import iso, read_moment

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal


def record_document(
    portal: HubSpotPortal,
    kind: ObjectKind,
    record: Record,
    properties: Iterable[str] = (),
    with_history: Iterable[str] = (),
) -> dict[str, Any]:
    """A record with the properties asked for and the system's own; unknown names are passed over."""
    body: dict[str, Any] = {
        "id": record.id,
        "properties": _values(portal, kind, record, properties),
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.updated_at),
        "archived": record.archived_at is not None,
        "url": f"https://app.hubspot.com/contacts/{portal.id}/record/{kind.type_id}/{record.id}",
    }
    if record.archived_at is not None:
        body["archivedAt"] = iso(record.archived_at)
    if names := [name for name in with_history if portal.properties.living(kind.name, name)]:
        body["propertiesWithHistory"] = {name: _versions(record, name) for name in names}
    return body


def _values(
    portal: HubSpotPortal, kind: ObjectKind, record: Record, properties: Iterable[str]
) -> dict[str, str | None]:
    asked = {*properties, *kind.stamps}
    values: dict[str, str | None] = {}
    for name in sorted(asked):
        value = record.value(name)
        if portal.properties.living(kind.name, name) is None:
            continue
        if value is None and portal.switches.empty_properties == "omitted":
            continue
        values[name] = value
    if values.get("hs_timestamp") and portal.switches.hs_timestamp_as == "milliseconds":
        values["hs_timestamp"] = str(read_moment(values["hs_timestamp"] or ""))
    return values


def _versions(record: Record, name: str) -> list[dict[str, str]]:
    """Every value a property has had, the newest first."""
    return [
        {
            "value": version.value,
            "timestamp": iso(version.at),
            "sourceType": version.source,
            "sourceId": version.source_id,
        }
        for version in reversed(record.history.get(name, ()))
    ]


def batch_answer(
    portal: HubSpotPortal, results: Sequence[Any], errors: Sequence[Any] = (), *, status: int = 200
) -> ApiAnswer:
    """`status` when all went well, 207 when there are errors."""
    now = iso(portal.now)
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": list(results),
        "startedAt": now,
        "completedAt": now,
    }
    if not errors:
        return ApiAnswer(status, body)
    return ApiAnswer(207, body | {"numErrors": len(errors), "errors": list(errors)})
