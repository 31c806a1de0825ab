"""Opportunity, who takes part in it, and the history of its stages."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage name says of a deal. `forecast` is the API name of the forecast category."""

    probability: float
    forecast: str
    closed: bool = False
    won: bool = False


STAGES = {
    "Prospecting": Stage(10, "Pipeline"),
    "Qualification": Stage(10, "Pipeline"),
    "Needs Analysis": Stage(20, "Pipeline"),
    "Value Proposition": Stage(50, "Pipeline"),
    "Id. Decision Makers": Stage(60, "Pipeline"),
    "Perception Analysis": Stage(70, "Pipeline"),
    "Proposal/Price Quote": Stage(75, "BestCase"),
    "Negotiation/Review": Stage(90, "Forecast"),
    "Closed Won": Stage(100, "Closed", closed=True, won=True),
    "Closed Lost": Stage(0, "Omitted", closed=True),
}
FORECAST_NAMES = {
    "Omitted": "Omitted",
    "Pipeline": "Pipeline",
    "BestCase": "Best Case",
    "Forecast": "Commit",
    "Closed": "Closed",
}

OPPORTUNITY = ObjectDefinition(
    name="Opportunity",
    label="Opportunity",
    plural="Opportunities",
    key_prefix="006",
    name_field="Name",
    takes_custom_fields=True,
    fields=(
        *system_fields(),
        lookup(
            "AccountId", "Account ID", "Account", "Account", child_relationship="Opportunities", cascades=True
        ),
        text("Name", "Name", 120, nillable=False),
        long_text("Description", "Description"),
        picklist("StageName", "Stage", STAGES, nillable=False),
        field("Amount", "Amount", "currency", precision=18, scale=2),
        field("Probability", "Probability (%)", "percent", precision=3, scale=0, defaulted_on_create=True),
        field("ExpectedRevenue", "Expected Amount", "currency", precision=18, scale=2, **READ_ONLY),
        field("CloseDate", "Close Date", "date", nillable=False),
        picklist("Type", "Opportunity Type", ("New Customer", "Existing Customer - Upgrade", "Renewal")),
        text("NextStep", "Next Step", 255),
        picklist("LeadSource", "Lead Source", ("Web", "Phone Inquiry", "Partner Referral", "Other")),
        flag("IsClosed", "Closed", **READ_ONLY),
        flag("IsWon", "Won", **READ_ONLY),
        picklist("ForecastCategory", "Forecast Category", FORECAST_NAMES, restricted=True, **READ_ONLY),
        picklist(
            "ForecastCategoryName", "Forecast Category", FORECAST_NAMES.values(), defaulted_on_create=True
        ),
        lookup(
            "OwnerId",
            "Owner ID",
            "Owner",
            "User",
            child_relationship="OwnedOpportunities",
            nillable=False,
            defaulted_on_create=True,
        ),
        field("LastStageChangeDate", "Last Stage Change Date", "datetime", **READ_ONLY),
        field("LastActivityDate", "Last Activity", "date", **READ_ONLY),
    ),
)

CONTACT_ROLE = ObjectDefinition(
    name="OpportunityContactRole",
    label="Opportunity Contact Role",
    plural="Opportunity Contact Roles",
    key_prefix="00K",
    takes_custom_fields=True,
    fields=(
        *system_fields(),
        lookup(
            "OpportunityId",
            "Opportunity ID",
            "Opportunity",
            "Opportunity",
            child_relationship="OpportunityContactRoles",
            cascades=True,
            nillable=False,
            updateable=False,
        ),
        lookup(
            "ContactId",
            "Contact ID",
            "Contact",
            "Contact",
            child_relationship="OpportunityContactRoles",
            cascades=True,
            nillable=False,
        ),
        picklist("Role", "Role", ("Business User", "Decision Maker", "Evaluator", "Influencer", "Other")),
        flag("IsPrimary", "Primary"),
    ),
)

OPPORTUNITY_HISTORY = ObjectDefinition(
    name="OpportunityHistory",
    label="Opportunity History",
    plural="Opportunity History",
    key_prefix="008",
    createable=False,
    updateable=False,
    deletable=False,
    fields=(
        *(each for each in system_fields() if not each.name.startswith("LastModified")),
        lookup(
            "OpportunityId",
            "Opportunity ID",
            "Opportunity",
            "Opportunity",
            child_relationship="OpportunityHistories",
            cascades=True,
            nillable=False,
            **READ_ONLY,
        ),
        picklist("StageName", "To Stage Name", STAGES, **READ_ONLY),
        field("Amount", "Amount", "currency", precision=18, scale=2, **READ_ONLY),
        field("ExpectedRevenue", "Expected Revenue", "currency", precision=18, scale=2, **READ_ONLY),
        field("CloseDate", "Close Date", "date", **READ_ONLY),
        field("Probability", "Probability", "percent", precision=3, scale=0, **READ_ONLY),
        picklist("ForecastCategory", "To ForecastCategory", FORECAST_NAMES, restricted=True, **READ_ONLY),
    ),
)
