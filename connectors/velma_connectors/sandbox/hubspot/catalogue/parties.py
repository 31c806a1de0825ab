"""Contacts and companies."""

from __future__ import annotations

from velma_connectors.sandbox.hubspot.catalogue.kinds import choice, moment, number, owner, stamps, text

_CONTACT, _COMPANY = "contactinformation", "companyinformation"

CONTACT_PROPERTIES = (
    *stamps(_CONTACT, "createdate", "lastmodifieddate"),
    text("email", "Email", _CONTACT, unique=True),
    text("firstname", "First name", _CONTACT),
    text("lastname", "Last name", _CONTACT),
    text("phone", "Phone number", _CONTACT, "phonenumber"),
    text("mobilephone", "Mobile phone number", _CONTACT, "phonenumber"),
    text("company", "Company name", _CONTACT),
    text("jobtitle", "Job title", _CONTACT),
    choice(
        "lifecyclestage",
        "Lifecycle stage",
        _CONTACT,
        {"lead": "Lead", "opportunity": "Opportunity", "customer": "Customer"},
    ),
    owner(_CONTACT),
    moment("notes_last_updated", "Last activity date", _CONTACT, read_only=True),
)

COMPANY_PROPERTIES = (
    *stamps(_COMPANY, "createdate", "hs_lastmodifieddate"),
    text("name", "Company name", _COMPANY),
    text("domain", "Company domain name", _COMPANY),
    text("phone", "Phone number", _COMPANY, "phonenumber"),
    text("city", "City", _COMPANY),
    text("description", "Description", _COMPANY, "textarea"),
    number("numberofemployees", "Number of employees", _COMPANY),
    number("annualrevenue", "Annual revenue", _COMPANY),
    owner(_COMPANY),
    moment("notes_last_updated", "Last activity date", _COMPANY, read_only=True),
)
