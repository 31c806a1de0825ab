"""Reports through the Analytics API: their types, and reports made, read, run and removed.

Stricter than the real thing where that keeps mistakes from passing: unknown keys, columns, operators and
picklist values are refused, which Salesforce partly ignores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.ids import canonical_id
from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal, not_found
from velma_connectors.sandbox.salesforce.report_runs import run
from velma_connectors.sandbox.salesforce.report_types import (
    DURATIONS,
    OPERATORS,
    REPORT_TYPES,
    Column,
    ReportType,
    columns_of,
    defaults,
    type_metadata,
)
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Body, Route
from velma_connectors.sandbox.salesforce.stamps import stamp

MOST_COLUMNS, MOST_FILTERS = 100, 20
CREATE, RUN = "CreateCustomizeReports", "RunReports"
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


class FilterBody(Body):
    column: str
    operator: str
    value: str
    filter_type: Literal["fieldValue"] = "fieldValue"
    is_run_page_editable: bool = True


class DateFilterBody(Body):
    column: str
    duration_value: str
    start_date: str | None = None
    end_date: str | None = None


class TypeBody(Body):
    type: str


class MetadataBody(Body):
    name: str = Field(min_length=1, max_length=40)
    report_type: TypeBody
    description: str | None = Field(default=None, max_length=255)
    folder_id: str | None = None
    report_format: Literal["TABULAR"] = "TABULAR"
    detail_columns: list[str] | None = Field(default=None, max_length=MOST_COLUMNS)
    report_filters: list[FilterBody] = Field(default_factory=list, max_length=MOST_FILTERS)
    scope: str | None = None
    standard_date_filter: DateFilterBody | None = None


class ReportBody(Body):
    report_metadata: MetadataBody


def list_types(request: ApiRequest) -> ApiAnswer:
    base = f"{request.caller.base}/analytics/reportTypes"
    groups: dict[str, list[dict[str, str]]] = {}
    for kind in _offered(request.caller).values():
        row = {"type": kind.name, "label": kind.label, "describeUrl": f"{base}/{kind.name}"}
        groups.setdefault(kind.group, []).append(row)
    return ApiAnswer(200, [{"label": label, "reportTypes": rows} for label, rows in groups.items()])


def describe_type(request: ApiRequest, name: str) -> ApiAnswer:
    kind = _offered(request.caller).get(name)
    if kind is None:
        raise not_found()
    columns = columns_of(kind, request.caller)
    return ApiAnswer(
        200,
        {
            "reportMetadata": defaults(kind, columns),
            "reportTypeMetadata": type_metadata(kind, columns),
            "reportExtendedMetadata": {},
        },
    )


def create(request: ApiRequest) -> ApiAnswer:
    caller = request.caller
    _demand(caller, CREATE)
    wanted = request.read(ReportBody).report_metadata
    kind = _offered(caller).get(wanted.report_type.type)
    if kind is None:
        raise _bad(f"The report type {wanted.report_type.type} is invalid.")
    columns = columns_of(kind, caller)
    _check(wanted, kind, columns)
    home = _home(wanted.folder_id, caller)
    report_id = caller.org.ids.next("00O")
    given = wanted.model_dump(by_alias=True, exclude_none=True, exclude={"report_type"})
    metadata = defaults(kind, columns) | given
    metadata |= {
        "standardDateFilter": _whole(wanted.standard_date_filter) or metadata["standardDateFilter"],
        "id": report_id,
        "developerName": _developer_name(wanted.name, report_id),
        "folderId": home["Id"],
        "description": wanted.description,
    }
    caller.org.records.put("Report", _record(metadata, home, caller))
    return ApiAnswer(caller.org.switches.created_report_status, _described(metadata, kind, columns))


def describe(request: ApiRequest, report_id: str) -> ApiAnswer:
    metadata = _report(report_id, request.caller)["Metadata"]
    kind = REPORT_TYPES[metadata["reportType"]["type"]]
    return ApiAnswer(200, _described(metadata, kind, columns_of(kind, request.caller)))


def run_report(request: ApiRequest, report_id: str) -> ApiAnswer:
    _demand(request.caller, RUN)
    metadata = _report(report_id, request.caller)["Metadata"]
    answer = run(metadata, request.caller)
    if request.args.get("includeDetails", "false").lower() != "true":
        answer["factMap"]["T!T"]["rows"] = []
    return ApiAnswer(200, {**answer, "reportMetadata": metadata})


def delete(request: ApiRequest, report_id: str) -> ApiAnswer:
    """Into the recycle bin."""
    report = _report(report_id, request.caller)
    _demand(request.caller, CREATE)
    request.caller.org.records.put("Report", {**report, "IsDeleted": True})
    return ApiAnswer(204)


def _offered(caller: Caller) -> Mapping[str, ReportType]:
    """Types whose objects the user can see."""
    return {name: kind for name, kind in REPORT_TYPES.items() if all(map(caller.find, kind.objects))}


def _check(wanted: MetadataBody, kind: ReportType, columns: Mapping[str, Column]) -> None:
    for token in wanted.detail_columns or ():
        if token not in columns:
            raise _bad(f"The column {token} is invalid.")
    for each in wanted.report_filters:
        _check_filter(each, columns.get(each.column))
    if wanted.scope is not None and wanted.scope not in kind.scopes:
        raise _bad(f"The scope {wanted.scope} is invalid.")
    window = wanted.standard_date_filter
    if window is not None and (
        window.column != kind.columns[kind.date] or window.duration_value not in DURATIONS
    ):
        raise _bad("The standard date filter is invalid.")


def _check_filter(each: FilterBody, column: Column | None) -> None:
    if column is None:
        raise _bad(f"The filter column {each.column} is invalid.")
    if not column.filterable:
        raise _bad("Some fields, including description and long text area fields, can't be filtered.")
    if each.operator not in OPERATORS.get(column.data_type, ()):
        raise _bad(f"The operator {each.operator} does not fit the column {each.column}.")
    names = {value["name"] for value in column.filter_values}
    if each.value and column.data_type == "boolean":
        names = names or {"True", "False"}
    if each.value and names and each.value not in names:
        raise _bad(f"The value of the filter on {each.column} is invalid.")
    numeric = column.data_type in ("double", "int", "currency", "percent")
    if each.value and numeric and not _NUMBER.fullmatch(each.value):
        raise _bad(f"The value of the filter on {each.column} is no number.")


def _home(folder_id: str | None, caller: Caller) -> Record:
    """The folder a report goes to; without one, the user's own reports."""
    full = canonical_id(folder_id or caller.author.user_id)
    folder = caller.org.records.get(full) if full else None
    if folder is None or not (folder.get("Type") == "Report" or full == caller.author.user_id):
        raise _bad("The folder is invalid, or you have no access to it.")
    return folder


def _record(metadata: Mapping[str, Any], home: Record, caller: Caller) -> Record:
    now = stamp(caller.author.moment)
    return {
        "Id": metadata["id"],
        "IsDeleted": False,
        "CreatedDate": now,
        "CreatedById": caller.author.user_id,
        "LastModifiedDate": now,
        "LastModifiedById": caller.author.user_id,
        "SystemModstamp": now,
        "OwnerId": home["Id"],
        "FolderName": home.get("Name") if home.get("Type") else "Private Reports",
        "Name": metadata["name"],
        "Description": metadata["description"],
        "DeveloperName": metadata["developerName"],
        "Format": "Tabular",
        "Metadata": dict(metadata),
    }


def _report(report_id: str, caller: Caller) -> Record:
    full = canonical_id(report_id)
    report = caller.org.records.get(full)
    if report is None or report["IsDeleted"] or caller.org.records.object_of(report["Id"]) != "Report":
        raise not_found()
    return report


def _described(
    metadata: Mapping[str, Any], kind: ReportType, columns: Mapping[str, Column]
) -> dict[str, Any]:
    return {
        "reportMetadata": metadata,
        "reportTypeMetadata": type_metadata(kind, columns),
        "reportExtendedMetadata": {},
    }


def _whole(window: DateFilterBody | None) -> dict[str, Any] | None:
    return None if window is None else window.model_dump(by_alias=True)


def _developer_name(name: str, report_id: str) -> str:
    """Salesforce makes one of the name and a few letters of its own."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '_', name).strip('_') or 'Report'}_{report_id[12:15]}"


def _demand(caller: Caller, permission: str) -> None:
    if not caller.org.access.may(caller.author.user_id, permission):
        status = caller.org.switches.access_status
        raise RequestRefusal("INSUFFICIENT_ACCESS", f"This needs the permission {permission}", status=status)


def _bad(message: str) -> RequestRefusal:
    return RequestRefusal("BAD_REQUEST", message)


ROUTES = (
    Route("GET", "/analytics/reportTypes", "report_types", list_types),
    Route("GET", "/analytics/reportTypes/<name>", "report_types", describe_type),
    Route("POST", "/analytics/reports", "report_create", create),
    Route("GET", "/analytics/reports/<report_id>", "report_run", run_report),
    Route("GET", "/analytics/reports/<report_id>/describe", "report_describe", describe),
    Route("DELETE", "/analytics/reports/<report_id>", "report_delete", delete),
)
