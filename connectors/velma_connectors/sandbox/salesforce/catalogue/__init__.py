"""The standard objects of a sales org: the columns that matter to call recordings and to deals."""

from velma_connectors.sandbox.salesforce.catalogue.activities import EVENT, TASK
from velma_connectors.sandbox.salesforce.catalogue.files import (
    CONTENT_DOCUMENT,
    CONTENT_DOCUMENT_LINK,
    CONTENT_VERSION,
)
from velma_connectors.sandbox.salesforce.catalogue.licenses import (
    PERMISSION_SET_LICENSE,
    PERMISSION_SET_LICENSE_ASSIGN,
    USER_LICENSE,
    USER_PERMISSION_ACCESS,
)
from velma_connectors.sandbox.salesforce.catalogue.parties import ACCOUNT, CONTACT, LEAD
from velma_connectors.sandbox.salesforce.catalogue.reports import FOLDER, LIST_VIEW, REPORT
from velma_connectors.sandbox.salesforce.catalogue.sales import (
    CONTACT_ROLE,
    OPPORTUNITY,
    OPPORTUNITY_HISTORY,
)
from velma_connectors.sandbox.salesforce.catalogue.setup import (
    FIELD_PERMISSIONS,
    ORGANIZATION,
    PERMISSION_SET,
    PERMISSION_SET_ASSIGNMENT,
    PROFILE,
    RECORD_TYPE,
    USER,
)
from velma_connectors.sandbox.salesforce.catalogue.tooling import CUSTOM_FIELD
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition

DATA_OBJECTS: dict[str, ObjectDefinition] = {
    each.name: each
    for each in (
        ACCOUNT,
        CONTACT,
        LEAD,
        OPPORTUNITY,
        CONTACT_ROLE,
        OPPORTUNITY_HISTORY,
        TASK,
        EVENT,
        CONTENT_DOCUMENT,
        CONTENT_DOCUMENT_LINK,
        CONTENT_VERSION,
        USER,
        PROFILE,
        RECORD_TYPE,
        ORGANIZATION,
        PERMISSION_SET,
        PERMISSION_SET_ASSIGNMENT,
        FIELD_PERMISSIONS,
        FOLDER,
        REPORT,
        LIST_VIEW,
        USER_LICENSE,
        PERMISSION_SET_LICENSE,
        PERMISSION_SET_LICENSE_ASSIGN,
        USER_PERMISSION_ACCESS,
    )
}
TOOLING_OBJECTS: dict[str, ObjectDefinition] = {CUSTOM_FIELD.name: CUSTOM_FIELD}

__all__ = ["DATA_OBJECTS", "TOOLING_OBJECTS"]
