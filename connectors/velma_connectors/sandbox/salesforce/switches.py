"""Facts about Salesforce that public sources leave open: one switch each, the stricter guess as default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class OrgSwitches:
    """How an org behaves where the documentation is silent or contradicts itself.

    Replace it at any time: `org.switches = replace(org.switches, deleted_status=400)`.
    """

    deleted_status: int = 404
    """HTTP status of a single-record call on a deleted record: 404 and 400 are both seen."""

    lock_status: int = 400
    """HTTP status of UNABLE_TO_LOCK_ROW on a single-record call."""

    lock_fails_whole_batch: bool = False
    """True: one locked row fails all rows of its run in a collection, as the documentation warns."""

    access_status: int = 403
    """HTTP status of INSUFFICIENT_ACCESS_OR_READONLY: 403 in fixtures, 400 also seen."""

    expired_locator_status: int = 400
    """HTTP status of INVALID_QUERY_LOCATOR."""

    bad_row: Literal["row", "request"] = "row"
    """An unknown column or a value of another JSON type in a collection fails its row, or the request."""

    reports_all_field_errors: bool = True
    """False: only the first bad field of a record is reported, the next one only after it is mended."""

    duplicate_ids_taken: int = 0
    """How many repetitions of an id in one collection are still written; 5 and 12 have been seen."""

    same_values_move_stamps: bool = True
    """False: an update that changes nothing leaves the stamps alone."""

    linked_file_moves_stamps: bool = False
    """True: linking a file moves the SystemModstamp of the record it is linked to."""

    activity_access: Literal["separate", "shared"] = "separate"
    """FieldPermissions on Task open Task alone, or Event with it (and a second row is a duplicate)."""

    required_field_permissions: Literal["refused", "ignored"] = "refused"
    """FieldPermissions for a required field are an error, or taken without effect."""

    lists_unrestricted_choices: bool = True
    """False: describe lists picklist values for restricted fields only."""

    describe_length_cap: int | None = None
    """255: describe never gives a longer length, as an old page says."""

    trims_text: bool = True
    """Blanks around a text value are cut on saving."""

    jwt_seconds: int = 300
    """The furthest a JWT's `exp` may lie ahead: 180 in older guides, 300 in newer ones."""

    token_requests_per_hour: int | None = None
    """More token requests of one user in an hour answer `login rate exceeded`; the limit is not public."""

    api_disabled_status: int = 403
    """HTTP status of API_DISABLED_FOR_ORG for a user without the API Enabled permission."""

    created_report_status: int = 200
    """HTTP status of a report that was made: 200 is seen, 201 would be usual."""

    activity_columns: Literal["Activity", "object"] = "Activity"
    """How report columns name custom fields of activities: `Activity.X__c`, or by Task and Event."""

    boolean_filter_values: bool = False
    """True: checkbox columns of reports list their filter values, which are then `1` and `0`."""

    list_views_of_activities: bool = False
    """True: the User Interface API makes list views of Task and Event too; its list of objects varies."""
