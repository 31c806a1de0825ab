"""Records by id, in batches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.verdicts import RequestRefused

MAX_INPUTS = 100
MAX_INPUTS_WITH_HISTORY = 50

Row = Mapping[str, Any]
"""A record as HubSpot prints it: `id`, `createdAt`, `updatedAt`, `properties` (texts or null) and, when
asked for, `propertiesWithHistory`."""


def read_records(
    client: HubSpotClient,
    object_name: str,
    ids: Collection[str],
    properties: Sequence[str],
    *,
    history: Sequence[str] = (),
) -> dict[str, Row]:
    """Records by id, with past values of the properties in `history`; those that are gone are left out."""
    size = MAX_INPUTS_WITH_HISTORY if history else MAX_INPUTS
    wanted = list(dict.fromkeys(ids))
    found: dict[str, Row] = {}
    for start in range(0, len(wanted), size):
        body = {
            "inputs": [{"id": one} for one in wanted[start : start + size]],
            "properties": list(properties),
            "propertiesWithHistory": list(history),
        }
        for row in batch_results(client, paths.objects(object_name, "batch/read"), body):
            found[str(row["id"])] = row
    return found


def batch_results(client: HubSpotClient, path: str, body: object) -> list[Row]:
    """Results of one batch read; none when HubSpot says that nothing of it is there (404)."""
    try:
        return list(client.read(path, body)["results"])
    except RequestRefused as refusal:
        if refusal.status != 404:
            raise
        return []
