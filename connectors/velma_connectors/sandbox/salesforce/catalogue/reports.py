"""Reports, their folders and list views, as SOQL shows them: made and removed through other resources."""

from __future__ import annotations

from typing import Any

from velma_connectors.sandbox.salesforce.fields import READ_ONLY, lookup, picklist, system_fields, text
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition

_LOCKED: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False}

FOLDER = ObjectDefinition(
    name="Folder",
    label="Folder",
    plural="Folders",
    key_prefix="00l",
    name_field="Name",
    **_LOCKED,
    fields=(
        *system_fields(deletable=False),
        text("Name", "Name", 40, nillable=False, **READ_ONLY),
        text("DeveloperName", "Folder Unique Name", 80, **READ_ONLY),
        picklist("Type", "Type", ("Dashboard", "Document", "Email", "Report"), restricted=True, **READ_ONLY),
        picklist("AccessType", "Access Type", ("Hidden", "Public", "Shared"), restricted=True, **READ_ONLY),
    ),
)

REPORT = ObjectDefinition(
    name="Report",
    label="Report",
    plural="Reports",
    key_prefix="00O",
    name_field="Name",
    **_LOCKED,
    fields=(
        *system_fields(),
        lookup("OwnerId", "Folder ID", "Owner", "Folder", "Organization", "User", **READ_ONLY),
        text("FolderName", "Folder Name", 40, **READ_ONLY),
        text("Name", "Report Name", 40, nillable=False, **READ_ONLY),
        text("Description", "Description", 255, **READ_ONLY),
        text("DeveloperName", "Report Unique Name", 80, nillable=False, **READ_ONLY),
        picklist("Format", "Format", ("Tabular", "Summary", "Matrix"), restricted=True, **READ_ONLY),
    ),
)

LIST_VIEW = ObjectDefinition(
    name="ListView",
    label="List View",
    plural="List Views",
    key_prefix="00B",
    name_field="Name",
    **_LOCKED,
    fields=(
        *system_fields(deletable=False),
        text("Name", "View Name", 40, nillable=False, **READ_ONLY),
        text("DeveloperName", "View Unique Name", 80, nillable=False, **READ_ONLY),
        picklist("SobjectType", "Sobject Type Name", (), **READ_ONLY),
    ),
)
