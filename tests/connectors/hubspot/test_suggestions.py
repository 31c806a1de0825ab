"""What is suggested for an emulated portal, over sockets, from its outcomes and its newest calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from velma_connectors.administration import OptionSuggestion
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.suggestions import suggest
from velma_connectors.sandbox.hubspot import HubSpotPortal
from velma_connectors.sandbox.hubspot.catalogue.activities import OUTCOMES
from velma_connectors.testing.clock import ManualClock

CONNECTED = next(outcome for outcome, label in OUTCOMES.items() if label == "Connected")
LINK = "https://rec.example/very-secret-path"


@pytest.fixture
def suggested(client: HubSpotClient, options: HubSpotOptions, clock: ManualClock) -> Any:
    def ask(**more: Any) -> dict[str, OptionSuggestion]:
        # HubSpot's search index lags behind its records.
        clock.advance(60)
        found = suggest(client, KnownFields(client), options.model_copy(update=more), clock.now())
        assert "very-secret-path" not in repr(found)
        return {each.option: each for each in found}

    return ask


@pytest.fixture
def log(portal: HubSpotPortal, clock: ManualClock) -> Any:
    def insert(days_ago: float = 1, **properties: str) -> str:
        usual = {"hs_call_status": "COMPLETED", "hs_call_disposition": CONNECTED}
        at = clock.now() - timedelta(days=days_ago)
        return portal.insert("calls", {**usual, **properties}, at=at)

    return insert


def add_outcomes(portal: HubSpotPortal, *labels: str) -> list[str]:
    options = [{"value": value, "label": label} for value, label in OUTCOMES.items()]
    own = [{"value": f"own-{at}", "label": label} for at, label in enumerate(labels)]
    portal.change_property("calls", "hs_call_disposition", {"options": [*options, *own]})
    return [each["value"] for each in own]


def test_an_ordinary_portal_needs_no_setting(suggested: Any, log: Any) -> None:
    assert suggested() == {}
    log(hs_call_recording_url=LINK)
    assert suggested() == {}


def test_outcomes_of_the_portals_own_that_say_nobody_talked_are_skipped_too(
    portal: HubSpotPortal, suggested: Any, log: Any
) -> None:
    mailbox, _, _ = add_outcomes(portal, "Reached mailbox", "Meeting booked", "No-answer (2nd)")
    log(hs_call_disposition=mailbox)
    log()
    log()
    assert suggested()["skip_outcomes"] == OptionSuggestion(
        "skip_outcomes",
        (*HubSpotOptions.model_fields["skip_outcomes"].default, "Reached mailbox", "No-answer (2nd)"),
        "'Reached mailbox', 'No-answer (2nd)' say that nobody talked. "
        "The 3 newest calls by outcome: Connected 2, Reached mailbox 1.",
    )


def test_outcomes_that_are_skipped_already_are_not_told(
    portal: HubSpotPortal, suggested: Any, log: Any
) -> None:
    add_outcomes(portal, "Reached mailbox")
    log()
    assert suggested(skip_outcomes=("reached MAILBOX", *OUTCOMES.values())) == {}


@pytest.mark.parametrize(
    ("completed", "stuck", "expected"),
    [
        (1, 3, "of 4 calls with a recording, most were never completed: IN_PROGRESS 3."),
        (2, 2, None),
        (3, 0, None),
    ],
)
def test_a_dialer_that_never_completes_its_calls_is_noticed(
    suggested: Any, log: Any, completed: int, stuck: int, expected: str | None
) -> None:
    for _ in range(completed):
        log(hs_call_recording_url=LINK)
    for _ in range(stuck):
        log(hs_call_recording_url=LINK, hs_call_status="IN_PROGRESS")
    log(hs_call_status="NO_ANSWER")
    found = suggested().get("completed_only")
    assert (found and found.reason) == expected
    assert found is None or found.value is False
    assert "completed_only" not in suggested(completed_only=False)


def test_old_calls_say_nothing_of_today(suggested: Any, log: Any) -> None:
    log(days_ago=100, hs_call_recording_url=LINK, hs_call_status="IN_PROGRESS")
    assert suggested() == {}


def test_a_key_that_may_not_read_the_outcomes_is_no_obstacle(
    portal: HubSpotPortal, token: str, suggested: Any, log: Any
) -> None:
    log(hs_call_recording_url=LINK, hs_call_status="IN_PROGRESS")
    portal.add_token(token, ["crm.objects.contacts.read"])
    assert list(suggested()) == ["completed_only"]
