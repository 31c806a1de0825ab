"""Asks a HubSpot portal with search requests, and for the deals of what they find."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_sync.demo.leader import LAST_CALL, Answer, CallLine, DealRow, MappedFields, ReportFilter

_LIMIT = 200


@dataclass(frozen=True, slots=True)
class HubSpotReader:
    crm: str
    fields: MappedFields
    client: HubSpotClient

    def deals(self) -> list[DealRow]:
        fields, stages = self.fields.deal, self._stages()
        condition = {"propertyName": fields[LAST_CALL], "operator": "HAS_PROPERTY"}
        body = _search(condition, ("dealname", "dealstage", *fields.values()))
        found = [row["properties"] for row in self.client.search("deals", body)["results"]]
        return [
            DealRow(
                row["dealname"],
                stages[row["dealstage"]],
                {path: row.get(field) or None for path, field in fields.items()},
            )
            for row in sorted(found, key=lambda row: str(row["dealname"]))
        ]

    def calls(self, asked: ReportFilter) -> Answer:
        body = _search(_condition(asked, self.fields.call[asked.value]), ("hs_call_title",))
        rows = self.client.search("calls", body)["results"]
        deals = self._deals_of([row["id"] for row in rows])
        found = [CallLine(deals.get(row["id"]), row["properties"]["hs_call_title"]) for row in rows]
        query = f"POST {paths.objects('calls', 'search')} {json.dumps(body)}"
        return Answer(self.crm, query, tuple(sorted(found, key=lambda call: (call.deal or "", call.subject))))

    def _stages(self) -> dict[str, str]:
        """Labels by id."""
        pipelines = self.client.get(paths.pipelines("deals"))["results"]
        return {stage["id"]: stage["label"] for pipeline in pipelines for stage in pipeline["stages"]}

    def _deals_of(self, calls: Sequence[str]) -> dict[str, str]:
        """Names of deals by the call that is associated with them."""
        linked = self._read(paths.associations("calls", "deals", "batch/read"), calls, {})
        by_call = {row["from"]["id"]: str(row["to"][0]["toObjectId"]) for row in linked}
        wanted = sorted(set(by_call.values()))
        shown = {"properties": ["dealname"], "propertiesWithHistory": []}
        rows = self._read(paths.objects("deals", "batch/read"), wanted, shown)
        names = {row["id"]: row["properties"]["dealname"] for row in rows}
        return {call: names[deal] for call, deal in by_call.items()}

    def _read(self, path: str, ids: Sequence[str], shown: dict[str, list[str]]) -> list[dict[str, Any]]:
        """What a batch answers for these ids; nothing is asked for none."""
        if not ids:
            return []
        answer = self.client.read(path, {"inputs": [{"id": each} for each in ids], **shown})
        return list(answer["results"])


def _condition(asked: ReportFilter, name: str) -> dict[str, str]:
    if asked.equals is not None:
        return {"propertyName": name, "operator": "EQ", "value": asked.equals}
    if asked.at_most is not None:
        return {"propertyName": name, "operator": "LTE", "value": str(asked.at_most)}
    return {"propertyName": name, "operator": "HAS_PROPERTY"}


def _search(condition: dict[str, str], properties: Sequence[str]) -> dict[str, Any]:
    return {"filterGroups": [{"filters": [condition]}], "properties": list(properties), "limit": _LIMIT}
