"""List views, for orgs whose reports this user may not make.

Made and removed through the User Interface API, from version 61 on (Salesforce, User Interface API Developer
Guide: Create a List View for an Object, Delete List View Metadata). Of calls, only the first object has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from velma_connectors.report_seal import seal
from velma_connectors.reporting import Condition, Operator, ReportChange, ReportFilter
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.filters import NAMES, plain_number
from velma_connectors.salesforce.soql import quoted, select

PLACES = {
    "Task": "Tasks > list views",
    "Event": "Calendar > list views",
    "Opportunity": "Opportunities > list views",
}
MAX_COLUMNS = 15

_PREFIX = "Velma_Sync_"
_OPERATORS = {Operator.EQUALS: "Equals", Operator.AT_MOST: "LessOrEqual", Operator.IS_SET: "NotEqual"}


Send = Callable[[str, str, object], Any]
"""Writes once: method, path and body. Raises RetryLater when the answer was lost."""


@dataclass(frozen=True, slots=True)
class ListView:
    """A list view of ours that is there."""

    object: str
    api_name: str
    label: str

    @property
    def path(self) -> str:
        return f"ui-api/list-info/{self.object}/{self.api_name}"


class ListViews:
    """Makes list views, and finds those that it made."""

    def __init__(self, client: SalesforceClient, send: Send) -> None:
        self._client = client
        self._send = send

    def create(self, asked: ReportFilter, label: str, object_name: str) -> ReportChange:
        """Make one, or keep it; CANNOT for one that asks something else by now. Raises StopConnection."""
        wanted = ListView(object_name, api_name(label), label)
        if wanted not in self.standing():
            body = definition(asked, label, object_name)
            self._send("POST", f"ui-api/list-info/{object_name}", body)
            return ReportChange.CREATED
        told = self._client.get(wanted.path)
        return ReportChange.KEPT if _asks(told, asked.conditions) else ReportChange.CANNOT

    def standing(self) -> list[ListView]:
        """List views of ours, as their names tell: who renames a label makes the view theirs."""
        where = f"DeveloperName LIKE {quoted(_PREFIX + '%')}"
        columns = ("DeveloperName", "Name", "SobjectType")
        rows = self._client.query(select(columns, "ListView", where, order_by="Name"))
        found = [ListView(row["SobjectType"], row["DeveloperName"], row["Name"]) for row in rows]
        return [view for view in found if view.api_name == api_name(view.label) and view.object in PLACES]


def api_name(label: str) -> str:
    """A name that carries the seal of its label."""
    return _PREFIX + seal(label).split()[-1]


def definition(asked: ReportFilter, label: str, object_name: str) -> dict[str, Any]:
    """The body that makes a list view of everybody's records, for everybody."""
    fields = (NAMES[object_name], *(condition.field for condition in asked.conditions), *asked.columns)
    return {
        "listViewApiName": api_name(label),
        "label": label,
        "filteredByInfo": [_filter(condition) for condition in asked.conditions],
        "displayColumns": list(dict.fromkeys(fields))[:MAX_COLUMNS],
        "scope": {"apiName": "everything"},
        "visibility": "Public",
    }


def _asks(told: Mapping[str, Any], conditions: Sequence[Condition]) -> bool:
    """Whether a list view filters by these conditions; more of them are a person's own."""
    there = [
        {key: each[key] for key in ("fieldApiName", "operator", "operandLabels")}
        for each in told["filteredByInfo"]
    ]
    return all(_filter(condition) in there for condition in conditions)


def _filter(condition: Condition) -> dict[str, Any]:
    value = condition.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = plain_number(value)
    else:
        text = "" if value is None else str(value)
    operator = _OPERATORS[condition.operator]
    return {"fieldApiName": condition.field, "operator": operator, "operandLabels": [text]}
