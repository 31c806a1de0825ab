"""Facts about HubSpot that public sources leave open: one switch each, and the likelier guess as default.

Where it costs nobody a wait, the likelier guess is also the stricter one. Tests of the connector ask both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Reaction = Literal["refused", "ignored"]


@dataclass(slots=True)
class PortalSwitches:
    """How a portal behaves where HubSpot's pages are silent, contradict themselves, or depend on the plan.

    Set them at any time: `portal.switches.index_lag_seconds = 30`.
    """

    # The plan

    burst_limit: int = 100
    """Requests of one token in ten seconds, search apart: 100, 190 or 250."""

    daily_limit: int = 250_000
    """Requests of all tokens in a day of the account's time zone."""

    daily_headers: bool = True
    """False: answers tell nothing of the daily limit, as for OAuth apps."""

    search_per_second: int = 5
    """Searches of all tokens in one second; older pages say 4."""

    retry_after_header: bool = False
    """True: a 429 says in seconds when to come back. Recorded ones never did."""

    search_policy_name: bool = False
    """True: the 429 of search carries `policyName`, as some sources show."""

    custom_property_limit: int = 1_000
    """Custom properties per object; 10 in free portals."""

    association_limit: int | None = None
    """How many records of one object a record can be associated with, or None for any number."""

    # Reading

    index_lag_seconds: float = 0
    """How much later than records the search index knows of a change; 2 to 32 seconds have been seen.

    A rehearsal would have to wait for it; the contract is kept with half a minute.
    """

    empty_properties: Literal["null", "omitted"] = "null"
    """How a requested property without a value comes back."""

    hs_timestamp_as: Literal["iso", "milliseconds"] = "iso"
    """How `hs_timestamp` reads back; the command line tool of HubSpot mentions milliseconds."""

    iso_dates_in_filters: bool = False
    """True: search takes ISO times besides epoch milliseconds."""

    merged_ids_in_batch_read: bool = False
    """True: a batch read answers for the id of a record that was merged into another."""

    no_associations_status: Literal[207, 404] = 207
    """The answer when no input of an association batch has any link; one report meets 404."""

    association_page_size: int = 500
    """Links per input of an association batch before `paging` begins."""

    # Writing

    unknown_property: Reaction = "refused"
    read_only_property: Reaction = "refused"
    """Guides of activities say that such properties are ignored; live reports match the 400."""

    null_value: Literal["refused", "clears"] = "refused"
    """What null does as the value of a property in a write; only "" is documented to clear."""

    partial_create_errors: bool = True
    partial_update_errors: bool = True
    partial_upsert_errors: bool = True
    """False: a bad input fails its batch even though all inputs carry trace ids."""

    missing_records_name_traces: bool = True
    """False: the 207 of a batch update names records that are gone by `ids` only, without trace ids."""

    batch_errors_are_detailed: bool = False
    """True: the errors of a 207 carry `errors[].code` and property names besides the text of the message."""

    duplicate_value_status: Literal[400, 409] = 400
    """HTTP status of a unique value that another record has."""

    unchanged_values_move_stamp: bool = True
    """False: an update that changes nothing leaves the modification date alone."""

    activities_move_stamps: bool = True
    """False: logging an activity leaves the modification dates of associated records alone."""

    conditional_required: dict[str, dict[str, dict[str, list[str]]]] = field(default_factory=dict)
    """By object, property and value: properties that must be filled then. Enforced from 2026-09 on:
    `{"deals": {"dealstage": {"closedwon": ["amount"]}}}`."""

    # Properties

    unique_note_properties: bool = True
    """False: notes take no property with unique values."""

    bool_options_required: bool = True
    """False: a property of type bool can be created without its two options."""

    archived_names_are_taken: bool = True
    """False: the name of an archived property can be used again."""

    duplicate_property_category: str = "CONFLICT"
    """`category` of the 409 for a property that exists; its body is not public."""

    # Scopes

    activity_schema_scopes: Literal["own", "contacts"] = "own"
    """Properties of calls and notes need `crm.schemas.calls.*` and the like, or those of contacts."""

    activities_have_scopes: bool = False
    """True: `crm.objects.calls.*` and the like open activities just as those of contacts do."""

    # Recordings

    redirector_needs_token: bool = True
    """False: the recording redirector answers anybody, as one project found."""

    redirector_shows_login: bool = False
    """True: the recording redirector answers 200 with an HTML page, whatever it is asked."""

    # Segments

    segments_of_activities: bool = False
    """True: there are segments of calls and notes, as of records; no document lists the objects."""
