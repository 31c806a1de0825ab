"""The account itself: details, owners, pipelines, call outcomes."""

from __future__ import annotations

from datetime import UTC, datetime

from velma_connectors.sandbox.hubspot import HubSpotPortal

from .conftest import Clock, Door


def test_details_tell_who_and_where_the_portal_is(door: Door, portal: HubSpotPortal, clock: Clock) -> None:
    details = door.call("GET", "/account-info/2026-03/details").json()
    assert details == {
        "portalId": portal.id,
        "accountType": "STANDARD",
        "timeZone": "America/New_York",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": "-05:00",
        "utcOffsetMilliseconds": -18_000_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
    clock.time = datetime(2026, 7, 1, tzinfo=UTC)
    assert door.call("GET", "/account-info/2026-03/details").json()["utcOffset"] == "-04:00"


def test_daily_use_is_told_with_the_time_of_its_reset(door: Door, portal: HubSpotPortal) -> None:
    answer = door.call("GET", "/account-info/2026-03/api-usage/daily/private-apps").json()
    assert answer["results"] == [
        {
            "name": "private-apps-api-calls-daily",
            "usageLimit": 250_000,
            "currentUsage": 1,
            "collectedAt": "2026-03-02T09:00:00Z",
            "fetchStatus": "SUCCESS",
            "resetsAt": "2026-03-03T05:00:00Z",
        }
    ]


def test_owners_have_ids_that_are_not_their_users(door: Door, portal: HubSpotPortal, deal: str) -> None:
    ines = portal.add_owner("ines@ledgerline.example", "Ines", "Calder")
    gone = portal.add_owner("bo@ledgerline.example", "Bo", "Aldane", archived=True)
    tom = portal.add_owner("tom@ledgerline.example", "Tom", "Verrick")
    page = door.good("GET", "owners", "?limit=1&archived=false")
    assert [(each["id"], each["firstName"]) for each in page["results"]] == [(ines, "Ines")]
    assert page["results"][0]["userId"] != int(ines)
    rest = door.good("GET", "owners", f"?limit=100&after={page['paging']['next']['after']}")
    assert ([each["id"] for each in rest["results"]], "paging" in rest) == ([tom], False)
    archived = door.good("GET", "owners", "?archived=true")["results"]
    assert [(each["id"], each["userId"]) for each in archived] == [(gone, None)]
    assert door.good("GET", "owners", "?email=tom@ledgerline.example")["results"][0]["id"] == tom
    assert door.good("GET", "owners", tom)["lastName"] == "Verrick"
    assert door.refusal("GET", "owners", gone)[0] == 404
    for query in ("?limit=501", "?after=x"):
        assert door.refusal("GET", "owners", query)[0] == 400
    door.good("PATCH", "objects", f"deals/{deal}", {"properties": {"hubspot_owner_id": tom}})
    _, envelope = door.refusal(
        "PATCH", "objects", f"deals/{deal}", {"properties": {"hubspot_owner_id": gone}}
    )
    assert door.codes(envelope) == {"hubspot_owner_id": "INVALID_OPTION"}


def test_pipelines_tell_which_stages_are_closed(door: Door, portal: HubSpotPortal) -> None:
    number = portal.add_pipeline("Renewals", {"Talks": False, "Signed": "won", "Lost": True})
    default, renewals = door.good("GET", "pipelines", "deals")["results"]
    assert (default["id"], default["label"], len(default["stages"])) == ("default", "Sales Pipeline", 7)
    assert (renewals["id"], renewals["displayOrder"], renewals["archived"]) == (number, 1, False)
    told = [(each["label"], each["displayOrder"], each["metadata"]) for each in renewals["stages"]]
    assert told == [
        ("Talks", 0, {"isClosed": "false", "probability": "0.2"}),
        ("Signed", 1, {"isClosed": "true", "probability": "1.0"}),
        ("Lost", 2, {"isClosed": "true", "probability": "0.0"}),
    ]
    assert door.good("GET", "pipelines", f"deals/{number}") == renewals
    assert door.good("GET", "pipelines", f"deals/{number}/stages")["results"] == renewals["stages"]
    assert portal.stage_id("Renewals", "Signed") == renewals["stages"][1]["id"]
    assert door.refusal("GET", "pipelines", "deals/77")[0] == 404
    assert door.refusal("GET", "pipelines", "calls")[0] == 400


def test_call_outcomes_are_listed_by_their_old_route(door: Door) -> None:
    listed = door.call("GET", "/calling/v1/dispositions").json()
    assert {"id": "9d9162e7-6cf3-4944-bf63-4dff82258764", "label": "Busy", "deleted": False} in listed
