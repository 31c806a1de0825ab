"""Fields that the org works out by itself when a record is saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from velma_connectors.sandbox.salesforce.catalogue.sales import FORECAST_NAMES, STAGES, Stage
from velma_connectors.sandbox.salesforce.records import Record, RecordTable
from velma_connectors.sandbox.salesforce.refusals import Refusal
from velma_connectors.sandbox.salesforce.stamps import read_stamp, stamp

ARCHIVED_AFTER = timedelta(days=365)
_OPEN_STAGE = Stage(0, "Pipeline")


def derive(
    object_name: str, record: Record, before: Record | None, records: RecordTable, moment: datetime
) -> Record:
    """The fields to set on top of `record`. `before` is the row as it was, None for a new one."""
    rule = _RULES.get(object_name)
    return rule(record, before or {}, records, moment) if rule else {}


def is_archived(object_name: str, record: Record, moment: datetime) -> bool:
    """Old activities are hidden: events by their end, closed tasks by due date or else creation."""
    if object_name == "Task":
        day = record.get("ActivityDate") or record["CreatedDate"][:10] if record.get("IsClosed") else None
    else:
        day = (record.get("EndDateTime") or "")[:10] or record.get("ActivityDate")
    return day is not None and moment.date() - date.fromisoformat(day) >= ARCHIVED_AFTER


def _account_of(record: Record, records: RecordTable) -> str | None:
    """The account an activity counts for: by what it relates to, else by whom it names."""
    for column in ("WhatId", "WhoId"):
        related = records.get(record.get(column))
        if related is None:
            continue
        if records.object_of(related["Id"]) == "Account":
            return str(related["Id"])
        if related.get("AccountId"):
            return str(related["AccountId"])
    return None


def _task(record: Record, before: Record, records: RecordTable, moment: datetime) -> Record:
    closed = record.get("Status") == "Completed"
    stays_closed = closed and before.get("Status") == record.get("Status")
    completed = before.get("CompletedDateTime") if stays_closed else stamp(moment) if closed else None
    return {
        "IsClosed": closed,
        "CompletedDateTime": completed,
        "IsHighPriority": record.get("Priority") == "High",
        "AccountId": _account_of(record, records),
    }


def _event(record: Record, before: Record, records: RecordTable, moment: datetime) -> Record:
    start = record.get("StartDateTime") or record.get("ActivityDateTime")
    if start is None:
        raise Refusal(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [StartDateTime, ActivityDateTime]",
            ("StartDateTime", "ActivityDateTime"),
        )
    moved = record.get("EndDateTime") != before.get("EndDateTime")
    if record.get("EndDateTime") and (moved or record.get("DurationInMinutes") is None):
        end = read_stamp(record["EndDateTime"])
    elif record.get("DurationInMinutes") is not None:
        end = read_stamp(start) + timedelta(minutes=record["DurationInMinutes"])
    else:
        raise Refusal(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [DurationInMinutes, EndDateTime]",
            ("DurationInMinutes", "EndDateTime"),
        )
    minutes = (end - read_stamp(start)) // timedelta(minutes=1)
    if minutes < 0:
        raise Refusal(
            "FIELD_INTEGRITY_EXCEPTION", "Event duration cannot be negative", ("DurationInMinutes",)
        )
    return {
        "StartDateTime": start,
        "ActivityDateTime": start,
        "ActivityDate": start[:10],
        "EndDateTime": stamp(end),
        "DurationInMinutes": minutes,
        "AccountId": _account_of(record, records),
    }


def _person(record: Record, before: Record, records: RecordTable, moment: datetime) -> Record:
    return {"Name": " ".join(part for part in (record.get("FirstName"), record.get("LastName")) if part)}


def _opportunity(record: Record, before: Record, records: RecordTable, moment: datetime) -> Record:
    """Stage decides openness and forecast; probability follows the stage unless it was set with it."""
    moved = record.get("StageName") != before.get("StageName")
    stage = STAGES.get(record.get("StageName") or "", _OPEN_STAGE)
    probability = record.get("Probability")
    if probability is None or (moved and before and probability == before.get("Probability")):
        probability = float(stage.probability)
    amount = record.get("Amount")
    return {
        "IsClosed": stage.closed,
        "IsWon": stage.won,
        "Probability": probability,
        "ForecastCategory": stage.forecast,
        "ForecastCategoryName": FORECAST_NAMES[stage.forecast],
        "ExpectedRevenue": None if amount is None else round(amount * probability / 100, 2),
        "LastStageChangeDate": stamp(moment) if moved and before else before.get("LastStageChangeDate"),
    }


_RULES: dict[str, Callable[[Record, Record, RecordTable, datetime], Record]] = {
    "Task": _task,
    "Event": _event,
    "Contact": _person,
    "Lead": _person,
    "User": _person,
    "Opportunity": _opportunity,
}
