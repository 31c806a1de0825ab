"""Deals."""

from __future__ import annotations

from velma_connectors.sandbox.hubspot.catalogue.kinds import (
    choice,
    flag,
    moment,
    number,
    owner,
    stamps,
    text,
)

_GROUP = "dealinformation"

DEAL_PROPERTIES = (
    *stamps(_GROUP, "createdate", "hs_lastmodifieddate"),
    text("dealname", "Deal name", _GROUP),
    choice("pipeline", "Pipeline", _GROUP, {}),
    choice("dealstage", "Deal stage", _GROUP, {}),
    choice(
        "dealtype",
        "Deal type",
        _GROUP,
        {"newbusiness": "New business", "existingbusiness": "Existing business"},
    ),
    number("amount", "Amount", _GROUP),
    moment("closedate", "Close date", _GROUP),
    text("description", "Deal description", _GROUP, "textarea"),
    text("hs_next_step", "Next step", _GROUP),
    owner(_GROUP),
    moment("hs_v2_date_entered_current_stage", "Date entered current stage", _GROUP, read_only=True),
    flag("hs_is_closed", "Is deal closed?", _GROUP, read_only=True, calculated=True),
    flag("hs_is_closed_won", "Is closed won", _GROUP, read_only=True, calculated=True),
    number("hs_deal_stage_probability", "Deal probability", _GROUP, read_only=True, calculated=True),
    moment("notes_last_updated", "Last activity date", _GROUP, read_only=True),
    number("num_associated_contacts", "Number of associated contacts", _GROUP, read_only=True),
)
