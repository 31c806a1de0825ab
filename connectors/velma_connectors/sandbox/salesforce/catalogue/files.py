"""Files: a document, its versions, and its links to records."""

from __future__ import annotations

from velma_connectors.sandbox.salesforce.fields import (
    READ_ONLY,
    field,
    flag,
    long_text,
    lookup,
    picklist,
    system_fields,
    text,
)
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition

CONTENT_DOCUMENT = ObjectDefinition(
    name="ContentDocument",
    label="Content Document",
    plural="Content Documents",
    key_prefix="069",
    name_field="Title",
    createable=False,
    fields=(
        *system_fields(),
        text("Title", "Title", 255, nillable=False),
        text("FileType", "File Type", 20, **READ_ONLY),
        text("FileExtension", "File Extension", 40, **READ_ONLY),
        field("ContentSize", "Size", "int", **READ_ONLY),
        field("ContentModifiedDate", "Content Modified Date", "datetime", **READ_ONLY),
        lookup(
            "LatestPublishedVersionId",
            "Latest Published Version ID",
            "LatestPublishedVersion",
            "ContentVersion",
            **READ_ONLY,
        ),
        lookup("OwnerId", "Owner ID", "Owner", "User", nillable=False, defaulted_on_create=True),
    ),
)

CONTENT_DOCUMENT_LINK = ObjectDefinition(
    name="ContentDocumentLink",
    label="Content Document Link",
    plural="Content Document Links",
    key_prefix="06A",
    fields=(
        *(each for each in system_fields() if each.name in ("Id", "IsDeleted", "SystemModstamp")),
        lookup(
            "LinkedEntityId",
            "Linked Entity ID",
            "LinkedEntity",
            *("Account", "Contact", "Event", "Lead", "Opportunity", "Organization", "Task", "User"),
            child_relationship="ContentDocumentLinks",
            cascades=True,
            nillable=False,
            updateable=False,
        ),
        lookup(
            "ContentDocumentId",
            "ContentDocument ID",
            "ContentDocument",
            "ContentDocument",
            child_relationship="ContentDocumentLinks",
            cascades=True,
            nillable=False,
            updateable=False,
        ),
        picklist("ShareType", "Share Type", ("V", "C", "I"), restricted=True, default="V"),
        picklist("Visibility", "Visibility", ("AllUsers", "InternalUsers", "SharedUsers"), restricted=True),
    ),
)

CONTENT_VERSION = ObjectDefinition(
    name="ContentVersion",
    label="Content Version",
    plural="Content Versions",
    key_prefix="068",
    name_field="Title",
    createable=False,
    deletable=False,
    fields=(
        *system_fields(),
        lookup(
            "ContentDocumentId",
            "ContentDocument ID",
            "ContentDocument",
            "ContentDocument",
            child_relationship="ContentVersions",
            cascades=True,
            nillable=False,
            updateable=False,
        ),
        text("Title", "Title", 255, nillable=False),
        long_text("Description", "Description", 1000),
        text("PathOnClient", "Path On Client", 500, updateable=False),
        text("FileType", "File Type", 20, **READ_ONLY),
        text("FileExtension", "File Extension", 40, **READ_ONLY),
        field("ContentSize", "Size", "int", **READ_ONLY),
        field("ContentSizeLong", "Size", "long", since=66, **READ_ONLY),
        text("Checksum", "Checksum", 50, **READ_ONLY),
        text("VersionNumber", "Version Number", 20, **READ_ONLY),
        field("VersionData", "Version Data", "base64", filterable=False, sortable=False, **READ_ONLY),
        flag("IsLatest", "Is Latest", **READ_ONLY),
        picklist("ContentLocation", "Content Location", ("S", "E", "L"), restricted=True, **READ_ONLY),
        field("ContentModifiedDate", "Content Modified Date", "datetime", **READ_ONLY),
        lookup("OwnerId", "Owner ID", "Owner", "User", nillable=False, defaulted_on_create=True),
    ),
)
