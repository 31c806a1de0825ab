"""What a search for calls asks: both ends of the window, ids that rise, and a body that HubSpot takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.hubspot.activities import PROPERTIES
from velma_connectors.hubspot.search import MAX_RESULTS, calls_changed, milliseconds
from velma_connectors.model import Window

START = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(minutes=15))
LONGEST_BODY = 3_000


def test_a_search_goes_on_behind_the_last_id_and_never_by_offset() -> None:
    assert calls_changed(WINDOW, properties=("hs_call_title",), after="10000012", limit=200) == {
        "filterGroups": [
            {
                "filters": [
                    {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "1772438400250"},
                    {"propertyName": "hs_lastmodifieddate", "operator": "LTE", "value": "1772439300250"},
                    {"propertyName": "hs_object_id", "operator": "GT", "value": "10000012"},
                ]
            }
        ],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": ["hs_call_title"],
        "limit": 200,
    }


def test_the_first_search_of_a_walk_names_no_id() -> None:
    (group,) = calls_changed(WINDOW)["filterGroups"]
    assert [each["propertyName"] for each in group["filters"]] == ["hs_lastmodifieddate"] * 2


def test_the_longest_search_fits_into_what_hubspot_reads() -> None:
    body = calls_changed(WINDOW, properties=PROPERTIES, after="9" * 20, limit=MAX_RESULTS)
    assert len(json.dumps(body)) < LONGEST_BODY


@given(st.integers(0, 4 * 10**15), st.integers(-14, 14))
def test_times_are_cut_to_milliseconds_whatever_their_zone(microseconds: int, hours: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    local = moment.astimezone(timezone(timedelta(hours=hours)))
    assert int(milliseconds(local)) == microseconds // 1000
