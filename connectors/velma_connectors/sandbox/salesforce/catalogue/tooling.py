"""What the Tooling API shows of the schema itself."""

from __future__ import annotations

from velma_connectors.sandbox.salesforce.fields import (
    READ_ONLY,
    field,
    long_text,
    picklist,
    system_fields,
    text,
)
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition

CUSTOM_FIELD = ObjectDefinition(
    name="CustomField",
    label="Custom Field",
    plural="Custom Fields",
    key_prefix="00N",
    name_field="DeveloperName",
    setup=True,
    tooling=True,
    needs="ViewSetup",
    edit_needs="CustomizeApplication",
    fields=(
        *system_fields(deletable=False),
        text("DeveloperName", "Developer Name", 40, **READ_ONLY),
        text("NamespacePrefix", "Namespace Prefix", 15, **READ_ONLY),
        picklist("TableEnumOrId", "Entity Enumeration Or ID", (), **READ_ONLY),
        field("Length", "Length", "int", **READ_ONLY),
        field("Precision", "Precision", "int", **READ_ONLY),
        field("Scale", "Decimal Places", "int", **READ_ONLY),
        long_text("Description", "Description", 1000, **READ_ONLY),
        text("InlineHelpText", "Help Text", 510, **READ_ONLY),
        picklist("ManageableState", "Manageable State", ("unmanaged", "installed"), **READ_ONLY),
        text("FullName", "Full Name", 255, filterable=False, sortable=False),
        field("Metadata", "Metadata", "complexvalue", filterable=False, sortable=False),
    ),
)
