"""Which records are associated with others, read for many records at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.records import batch_results

MAX_INPUTS = 1_000
PRIMARY = "Primary"


@dataclass(frozen=True, slots=True)
class Link:
    """The other end of an association, and the labels on it."""

    id: str
    labels: tuple[str, ...]

    @property
    def is_primary(self) -> bool:
        return PRIMARY in self.labels


def read_links(
    client: HubSpotClient, from_object: str, to_object: str, ids: Collection[str]
) -> dict[str, tuple[Link, ...]]:
    """Associations by the id of the record they go out from; records without any are left out.

    HubSpot reports those records as errors of an otherwise good answer (207), or as 404 when it is all of
    them. One request per 1,000 records, and further ones for records with long lists.
    """
    path = paths.associations(from_object, to_object, "batch/read")
    links: dict[str, list[Link]] = defaultdict(list)
    inputs = [{"id": one} for one in dict.fromkeys(ids)]
    while inputs:
        some, inputs = inputs[:MAX_INPUTS], inputs[MAX_INPUTS:]
        for row in batch_results(client, path, {"inputs": some}):
            record = str(row["from"]["id"])
            links[record] += [_link(entry) for entry in row["to"]]
            after = ((row.get("paging") or {}).get("next") or {}).get("after")
            if after:
                inputs.append({"id": record, "after": str(after)})
    return {record: tuple(found) for record, found in links.items()}


def _link(entry: Mapping[str, Any]) -> Link:
    labels = (kind.get("label") for kind in entry.get("associationTypes") or ())
    return Link(str(entry["toObjectId"]), tuple(str(label) for label in labels if label))
