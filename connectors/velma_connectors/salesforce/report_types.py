"""From a question to the definition of a Salesforce report, by what the org tells of its report types.

Names of report types and columns differ between orgs, so they are looked up: GET /analytics/reportTypes, and
the description of one type with its columns, the operators for each kind of data, and its scopes (Salesforce,
Reports and Dashboards REST API Developer Guide: Report Type List, Report Type, Create a New Report).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from velma_connectors.model import Target
from velma_connectors.reporting import Condition, Operator, ReportFilter
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.filters import plain_number

EVERYTHING = "organization"
"""The scope that shows the records of everybody; a new report may show one's own alone."""
MAX_COLUMNS = 100

_TYPES = {Target.CALL: "Activity", Target.DEAL: "Opportunity"}
_ENTITIES = {Target.CALL: ("Activity", "Task", "Event"), Target.DEAL: ("Opportunity",)}
"""What columns of custom fields may begin with: activities share theirs."""
_OPERATORS = {Operator.EQUALS: "equals", Operator.AT_MOST: "lessOrEqual", Operator.IS_SET: "notEqual"}


class NotReportable(Exception):
    """Why the org's reports cannot answer a question, as a sentence."""


@dataclass(frozen=True, slots=True)
class ReportType:
    """A report type as this user sees it. `columns` are Salesforce's own documents by token."""

    name: str
    target: Target
    columns: Mapping[str, Mapping[str, Any]]
    operators: Mapping[str, frozenset[str]]
    scopes: frozenset[str]
    usual: Mapping[str, Any]
    """The definition of a report of this type of which nothing is told."""

    def filters(self, asked: ReportFilter) -> list[dict[str, str]]:
        """The report's filters. Raises NotReportable."""
        return [self._filter(condition) for condition in asked.conditions]

    def definition(self, asked: ReportFilter, **more: str) -> dict[str, Any]:
        """The body that makes the report, over all records and all time. Raises NotReportable."""
        filters = self.filters(asked)
        beside = [token for token in map(self._token, asked.columns) if token is not None]
        columns = [*self.usual.get("detailColumns", ()), *(each["column"] for each in filters), *beside]
        metadata: dict[str, Any] = {
            **more,
            "reportType": {"type": self.name},
            "reportFormat": "TABULAR",
            "detailColumns": list(dict.fromkeys(columns))[:MAX_COLUMNS],
            "reportFilters": filters,
        }
        if EVERYTHING in self.scopes:
            metadata["scope"] = EVERYTHING
        window = self.usual.get("standardDateFilter")
        if window:
            always = {"durationValue": "CUSTOM", "startDate": None, "endDate": None}
            metadata["standardDateFilter"] = {"column": window["column"], **always}
        return {"reportMetadata": metadata}

    def _token(self, field: str) -> str | None:
        tokens = (f"{entity}.{field}" for entity in _ENTITIES[self.target])
        return next((token for token in tokens if token in self.columns), None)

    def _filter(self, condition: Condition) -> dict[str, str]:
        token = self._token(condition.field)
        if token is None:
            raise NotReportable(f"The report type {self.name} has no column of {condition.field}.")
        column, operator = self.columns[token], _OPERATORS[condition.operator]
        if not column["filterable"] or operator not in self.operators.get(column["dataType"], ()):
            raise NotReportable(f"Reports do not filter {condition.field} by '{operator}'.")
        return {"column": token, "operator": operator, "value": _value(condition, column)}


def read_report_type(client: SalesforceClient, target: Target) -> ReportType:
    """The report type for calls or deals, with what may be asked of it. Raises NotReportable."""
    groups = client.get("analytics/reportTypes")
    listed = {kind["type"] for group in groups for kind in group["reportTypes"]}
    name = _TYPES[target]
    if name not in listed:
        raise NotReportable(f"This user sees no report type {name}; the profile must show its object.")
    described = client.get(f"analytics/reportTypes/{name}")
    told = described["reportTypeMetadata"]
    return ReportType(
        name=name,
        target=target,
        columns={
            token: column for category in told["categories"] for token, column in category["columns"].items()
        },
        operators={
            data_type: frozenset(operator["name"] for operator in operators)
            for data_type, operators in told["dataTypeFilterOperatorMap"].items()
        },
        scopes=frozenset(scope["value"] for scope in (told.get("scopeInfo") or {}).get("values", ())),
        usual=described.get("reportMetadata") or {},
    )


def _value(condition: Condition, column: Mapping[str, Any]) -> str:
    """A value as filters hold it. A checkbox's may have a name of its own."""
    value = condition.value
    if isinstance(value, bool):
        names = {each["label"]: str(each["name"]) for each in column.get("filterValues") or ()}
        return names.get(str(value), str(value))
    if value is None:
        return ""
    return plain_number(value) if isinstance(value, int | float) else str(value)
