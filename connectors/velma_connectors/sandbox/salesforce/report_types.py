"""Which reports an org offers, their columns, and what may be asked of each.

Custom fields have the column `Object.Field__c`; standard ones have tokens of their own. What the documents do
not tell is a switch of the org.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.fields import FieldDefinition
from velma_connectors.sandbox.salesforce.switches import OrgSwitches

_COMPARED = ("equals", "notEqual")
_ORDERED = (*_COMPARED, "lessThan", "greaterThan", "lessOrEqual", "greaterOrEqual")
_TEXT = (*_ORDERED, "contains", "notContain", "startsWith")
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "boolean": _COMPARED,
    "multipicklist": (*_COMPARED, "includes", "excludes"),
    "picklist": _TEXT,
    "string": _TEXT,
    "textarea": _TEXT,
    "url": _TEXT,
    **dict.fromkeys(("double", "int", "currency", "percent", "date", "datetime"), _ORDERED),
}
ALL_TIME = "CUSTOM"
USUAL_DURATION = "THIS_FISCAL_QUARTER"
DURATIONS = (ALL_TIME, USUAL_DURATION, "LAST_FISCAL_QUARTER", "TODAY")


@dataclass(frozen=True, slots=True)
class ReportType:
    """A standard report type. `columns` are tokens by the field they show, `date` is one of them."""

    name: str
    label: str
    group: str
    objects: tuple[str, ...]
    entity: str
    columns: Mapping[str, str]
    date: str
    usual_scope: str
    scopes: Mapping[str, str]
    standard_filters: Mapping[str, str] = field(default_factory=dict)


REPORT_TYPES: Mapping[str, ReportType] = {
    each.name: each
    for each in (
        ReportType(
            name="Opportunity",
            label="Opportunities",
            group="Opportunities",
            objects=("Opportunity",),
            entity="Opportunity",
            columns={
                "Name": "OPPORTUNITY_NAME",
                "StageName": "STAGE_NAME",
                "Amount": "AMOUNT",
                "CloseDate": "CLOSE_DATE",
            },
            date="CloseDate",
            usual_scope="organization",
            scopes={"user": "My opportunities", "organization": "All opportunities"},
            standard_filters={"open": "all", "probability": ">0"},
        ),
        ReportType(
            name="Activity",
            label="Tasks and Events",
            group="Activities",
            objects=("Task", "Event"),
            entity="Activity",
            columns={"Subject": "SUBJECT", "ActivityDate": "DUE_DATE"},
            date="ActivityDate",
            usual_scope="user",
            scopes={"user": "My Activities", "organization": "All Activities"},
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a report type, and the field behind it."""

    token: str
    field: FieldDefinition
    switches: OrgSwitches

    @property
    def data_type(self) -> str:
        return "string" if self.field.type in ("combobox", "phone", "email") else self.field.type

    @property
    def filterable(self) -> bool:
        return self.field.filterable and not self.field.is_long_text

    @property
    def filter_values(self) -> list[dict[str, str]]:
        if self.field.type == "boolean" and self.switches.boolean_filter_values:
            return [{"name": name, "label": label} for name, label in (("1", "True"), ("0", "False"))]
        choices = (choice for choice in self.field.choices if choice.active)
        return [{"name": each.value, "label": each.label, "apiName": each.value} for each in choices]

    def document(self) -> dict[str, Any]:
        return {
            "label": self.field.label,
            "dataType": self.data_type,
            "filterable": self.filterable,
            "filterValues": self.filter_values,
        }


def columns_of(kind: ReportType, caller: Caller) -> dict[str, Column]:
    """The columns that this user can see, by token."""
    return {each.token: each for name in kind.objects for each in _columns(kind, name, caller)}


def _columns(kind: ReportType, object_name: str, caller: Caller) -> Iterator[Column]:
    switches = caller.org.switches
    prefix = object_name if switches.activity_columns == "object" else kind.entity
    for visible in caller.fields(object_name).values():
        definition = visible.definition
        if definition.custom:
            yield Column(f"{prefix}.{definition.name}", definition, switches)
        elif definition.name in kind.columns:
            yield Column(kind.columns[definition.name], definition, switches)


def defaults(kind: ReportType, columns: Mapping[str, Column]) -> dict[str, Any]:
    """What a report of this type is when only its name is told."""
    return {
        "detailColumns": [token for token in kind.columns.values() if token in columns],
        "reportBooleanFilter": None,
        "reportFilters": [],
        "reportFormat": "TABULAR",
        "reportType": {"type": kind.name, "label": kind.label},
        "scope": kind.usual_scope,
        "standardDateFilter": {
            "column": kind.columns[kind.date],
            "durationValue": USUAL_DURATION,
            "startDate": None,
            "endDate": None,
        },
        "standardFilters": [{"name": name, "value": value} for name, value in kind.standard_filters.items()],
    }


def type_metadata(kind: ReportType, columns: Mapping[str, Column]) -> dict[str, Any]:
    return {
        "categories": [
            {"label": kind.label, "columns": {token: each.document() for token, each in columns.items()}}
        ],
        "dataTypeFilterOperatorMap": {
            data_type: [{"name": name, "label": name} for name in names]
            for data_type, names in OPERATORS.items()
        },
        "scopeInfo": {
            "defaultValue": kind.usual_scope,
            "values": [
                {"value": value, "label": label, "allowsDivision": False}
                for value, label in kind.scopes.items()
            ],
        },
    }
