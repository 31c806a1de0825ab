"""The companies and people that calls are about: Account, Contact, Lead."""

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
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition

_SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")
_INDUSTRIES = ("Banking", "Consulting", "Education", "Energy", "Healthcare", "Manufacturing", "Technology")
_LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")


def _owner(child: str, *targets: str) -> FieldDefinition:
    return lookup(
        "OwnerId",
        "Owner ID",
        "Owner",
        *targets,
        child_relationship=child,
        nillable=False,
        defaulted_on_create=True,
    )


def _person_name() -> tuple[FieldDefinition, ...]:
    return (
        text("LastName", "Last Name", 80, nillable=False),
        text("FirstName", "First Name", 40),
        picklist("Salutation", "Salutation", _SALUTATIONS),
        text("Name", "Full Name", 121, nillable=False, defaulted_on_create=True, **READ_ONLY),
    )


ACCOUNT = ObjectDefinition(
    name="Account",
    label="Account",
    plural="Accounts",
    key_prefix="001",
    name_field="Name",
    takes_custom_fields=True,
    fields=(
        *system_fields(),
        text("Name", "Account Name", 255, nillable=False),
        picklist("Type", "Account Type", ("Prospect", "Customer - Direct", "Partner", "Other")),
        lookup("ParentId", "Parent Account ID", "Parent", "Account", child_relationship="ChildAccounts"),
        picklist("Industry", "Industry", _INDUSTRIES),
        field("AnnualRevenue", "Annual Revenue", "currency", precision=18, scale=0),
        field("NumberOfEmployees", "Employees", "int"),
        field("Phone", "Account Phone", "phone", length=40),
        field("Website", "Website", "url", length=255),
        long_text("Description", "Account Description"),
        _owner("OwnedAccounts", "User"),
        field("LastActivityDate", "Last Activity", "date", **READ_ONLY),
    ),
)

CONTACT = ObjectDefinition(
    name="Contact",
    label="Contact",
    plural="Contacts",
    key_prefix="003",
    name_field="Name",
    takes_custom_fields=True,
    fields=(
        *system_fields(),
        lookup("AccountId", "Account ID", "Account", "Account", child_relationship="Contacts", cascades=True),
        *_person_name(),
        text("Title", "Title", 128),
        text("Department", "Department", 80),
        field("Email", "Email", "email", length=80),
        field("Phone", "Business Phone", "phone", length=40),
        field("MobilePhone", "Mobile Phone", "phone", length=40),
        long_text("Description", "Contact Description"),
        picklist("LeadSource", "Lead Source", _LEAD_SOURCES),
        flag("HasOptedOutOfEmail", "Email Opt Out"),
        _owner("OwnedContacts", "User"),
        field("LastActivityDate", "Last Activity", "date", **READ_ONLY),
    ),
)

LEAD = ObjectDefinition(
    name="Lead",
    label="Lead",
    plural="Leads",
    key_prefix="00Q",
    name_field="Name",
    takes_custom_fields=True,
    fields=(
        *system_fields(),
        *_person_name(),
        text("Title", "Title", 128),
        text("Company", "Company", 255, nillable=False),
        field("Email", "Email", "email", length=80),
        field("Phone", "Phone", "phone", length=40),
        long_text("Description", "Description"),
        picklist("LeadSource", "Lead Source", _LEAD_SOURCES),
        picklist(
            "Status",
            "Status",
            ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"),
            nillable=False,
            default="Open - Not Contacted",
            defaulted_on_create=True,
        ),
        picklist("Industry", "Industry", _INDUSTRIES),
        _owner("OwnedLeads", "Group", "User"),
        flag("IsConverted", "Converted", **READ_ONLY),
        field("ConvertedDate", "Converted Date", "date", **READ_ONLY),
        lookup("ConvertedAccountId", "Converted Account ID", "ConvertedAccount", "Account", **READ_ONLY),
        lookup("ConvertedContactId", "Converted Contact ID", "ConvertedContact", "Contact", **READ_ONLY),
        lookup(
            "ConvertedOpportunityId",
            "Converted Opportunity ID",
            "ConvertedOpportunity",
            "Opportunity",
            **READ_ONLY,
        ),
        field("LastActivityDate", "Last Activity", "date", **READ_ONLY),
    ),
)
