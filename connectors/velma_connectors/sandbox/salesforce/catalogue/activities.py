"""Task and Event. Their custom fields are those of Activity."""

from __future__ import annotations

from velma_connectors.sandbox.salesforce.fields import (
    READ_ONLY,
    FieldDefinition,
    field,
    flag,
    long_text,
    lookup,
    picklist,
    system_fields,
    text,
)
from velma_connectors.sandbox.salesforce.objects import ACTIVITY, ObjectDefinition

_RELATED_TO = ("Account", "Asset", "Campaign", "Case", "Contract", "Opportunity", "Order", "Product2")


def _shared(child: str) -> tuple[FieldDefinition, ...]:
    return (
        *system_fields(),
        lookup("WhoId", "Name ID", "Who", "Contact", "Lead", child_relationship=child),
        lookup("WhatId", "Related To ID", "What", *_RELATED_TO, child_relationship=child, cascades=True),
        lookup("AccountId", "Account ID", "Account", "Account", **READ_ONLY),
        field("Subject", "Subject", "combobox", length=255),
        field("ActivityDate", "Due Date Only", "date"),
        lookup(
            "OwnerId", "Assigned To ID", "Owner", "Group", "User", nillable=False, defaulted_on_create=True
        ),
        long_text("Description", "Description"),
        picklist("Type", "Type", ("Call", "Email", "Meeting", "Other")),
        flag("IsArchived", "Archived", **READ_ONLY),
        field("ReminderDateTime", "Reminder Date/Time", "datetime"),
        flag("IsReminderSet", "Reminder Set"),
        flag("IsRecurrence", "Create Recurring Series", updateable=False),
    )


TASK = ObjectDefinition(
    name="Task",
    label="Task",
    plural="Tasks",
    key_prefix="00T",
    name_field="Subject",
    takes_custom_fields=True,
    custom_fields_on=ACTIVITY,
    fields=(
        *_shared("Tasks"),
        picklist(
            "Status",
            "Status",
            ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"),
            nillable=False,
            default="Not Started",
            defaulted_on_create=True,
        ),
        picklist(
            "Priority",
            "Priority",
            ("High", "Normal", "Low"),
            nillable=False,
            default="Normal",
            defaulted_on_create=True,
        ),
        flag("IsHighPriority", "High Priority", **READ_ONLY),
        flag("IsClosed", "Closed", **READ_ONLY),
        field("CompletedDateTime", "Completed Date", "datetime", **READ_ONLY),
        field("CallDurationInSeconds", "Call Duration", "int"),
        picklist("CallType", "Call Type", ("Internal", "Inbound", "Outbound"), restricted=True),
        text("CallDisposition", "Call Result", 255),
        text("CallObject", "Call Object Identifier", 255),
        picklist(
            "TaskSubtype",
            "Task Subtype",
            ("Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn"),
            restricted=True,
            updateable=False,
            default="Task",
            defaulted_on_create=True,
        ),
    ),
)

EVENT = ObjectDefinition(
    name="Event",
    label="Event",
    plural="Events",
    key_prefix="00U",
    name_field="Subject",
    takes_custom_fields=True,
    custom_fields_on=ACTIVITY,
    fields=(
        *_shared("Events"),
        field("ActivityDateTime", "Due Date Time", "datetime"),
        field("StartDateTime", "Start Date Time", "datetime"),
        field("EndDateTime", "End Date Time", "datetime"),
        field("DurationInMinutes", "Duration", "int"),
        flag("IsAllDayEvent", "All-Day Event"),
        flag("IsPrivate", "Private"),
        text("Location", "Location", 255),
        picklist("ShowAs", "Show Time As", ("Busy", "OutOfOffice", "Free"), restricted=True, default="Busy"),
        picklist(
            "EventSubtype",
            "Event Subtype",
            ("Event",),
            restricted=True,
            updateable=False,
            default="Event",
            defaulted_on_create=True,
        ),
    ),
)
