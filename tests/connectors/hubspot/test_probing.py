"""What a live portal is asked, against an emulated one in each position of its switches."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from velma_connectors.errors import RetryLater, StopConnection
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.probing import TITLE, probe
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.hubspot import REDIRECTOR, edge_answers
from velma_connectors.testing.clock import ManualClock

Ask = Callable[[], dict[str, str]]


@pytest.fixture
def ask(client: HubSpotClient, options: HubSpotOptions, clock: ManualClock) -> Ask:
    return lambda: {each.question: each.answer for each in probe(client, options, wait=clock.advance)}


def left(portal: Any) -> list[str | None]:
    """Calls, and properties of notes, that are still there."""
    calls = [row["properties"]["hs_call_title"] for row in portal.rows("calls") if not row["archived"]]
    return calls + [each.name for each in portal.properties.custom("notes")]


def test_a_portal_of_the_usual_kind(ask: Ask, portal: Any) -> None:
    assert ask() == {
        "unique_note_property": "allowed",
        "own_write": "moves",
        "unchanged_write": "moves",
        "source_of_writes": "INTEGRATION",
        "partial_update": "named",
    }
    assert left(portal) == []
    assert ask()["unique_note_property"] == "allowed", "the name of the last try does not stand in the way"


def test_a_portal_of_the_other_kind(ask: Ask, portal: Any) -> None:
    portal.switches.unique_note_properties = False
    portal.switches.unchanged_values_move_stamp = False
    portal.switches.partial_update_errors = False
    assert ask() == {
        "unique_note_property": "refused",
        "own_write": "moves",
        "unchanged_write": "stays",
        "source_of_writes": "INTEGRATION",
        "partial_update": "whole",
    }
    assert left(portal) == []


@pytest.mark.parametrize("detailed", [True, False])
def test_bad_records_are_named_however_errors_are_worded(ask: Ask, portal: Any, detailed: bool) -> None:
    portal.switches.batch_errors_are_detailed = detailed
    assert ask()["partial_update"] == "named"


@pytest.mark.parametrize(("unique", "answer"), [(True, "allowed"), (False, "refused")])
def test_a_key_that_is_there_answers_without_a_try(ask: Ask, portal: Any, unique: bool, answer: str) -> None:
    key = {"name": "velma_note_key", "label": "Key", "type": "string", "fieldType": "text"}
    portal.add_property("notes", {**key, "groupName": "engagement", "hasUniqueValue": unique})
    assert ask()["unique_note_property"] == answer
    assert left(portal) == ["velma_note_key"]
    assert not portal.properties.of("notes", archived=True)


def test_a_key_that_may_not_create_properties_cannot_tell(ask: Ask, portal: Any, token: str) -> None:
    portal.add_token(
        token, {"crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.notes.read"}
    )
    answers = ask()
    assert answers["unique_note_property"] == "not_asked"
    assert answers["own_write"] == "moves"


@pytest.mark.parametrize(
    ("needs_token", "shows_login", "answer"),
    [(True, False, "key"), (False, False, "open"), (True, True, "closed")],
)
def test_the_redirector_is_asked_with_and_without_the_key(
    ask: Ask, portal: Any, options: HubSpotOptions, needs_token: bool, shows_login: bool, answer: str
) -> None:
    portal.switches.redirector_needs_token = needs_token
    portal.switches.redirector_shows_login = shows_login
    values = {"hs_timestamp": "2026-03-01T09:00:00Z", "hs_call_title": "A call"}
    elsewhere = portal.insert("calls", {**values, "hs_call_recording_url": "https://dialer.example/1.mp3"})
    link = f"{options.base_url}{REDIRECTOR}{portal.id}"
    call = portal.insert("calls", {**values, "hs_call_recording_url": link})
    portal.host_recording(call, "https://audio.example/2.mp3")
    assert ask()["redirector"] == answer
    assert {row["id"] for row in portal.rows("calls") if not row["archived"]} == {elsewhere, call}


def test_the_calls_are_removed_also_after_a_failure(ask: Ask, portal: Any, faults: Any) -> None:
    faults.add(Fault("^PATCH .*/objects/", answer=edge_answers.service_unavailable()))
    with pytest.raises(RetryLater):
        ask()
    assert left(portal) == []


def test_a_call_that_cannot_be_removed_is_named(ask: Ask, portal: Any, faults: Any) -> None:
    faults.add(Fault("^DELETE .*/objects/.*/calls/", times=3, cut="before"))
    with pytest.raises(StopConnection, match=r"had to leave the call \d+ .* behind; delete it by hand"):
        ask()
    assert len(left(portal)) == 1, "the other one is gone"


def test_a_write_whose_answer_is_lost_ends_the_probe_and_leaves_nothing(
    ask: Ask, portal: Any, faults: Any
) -> None:
    faults.add(Fault("^PATCH .*/objects/", cut="after"))
    with pytest.raises(RetryLater, match="Probe again later"):
        ask()
    assert left(portal) == []


def test_a_call_that_may_have_been_made_is_named(ask: Ask, portal: Any, faults: Any) -> None:
    faults.add(Fault("^POST .*/objects/2026-03/calls$", cut="after"))
    with pytest.raises(StopConnection, match=f"If HubSpot shows a call '{TITLE}', delete it by hand"):
        ask()


def interrupted(client: HubSpotClient, options: HubSpotOptions) -> list[str]:
    """What is told when Ctrl-C comes in the first pause."""
    with pytest.raises(KeyboardInterrupt) as interruption:
        probe(client, options, wait=Mock(side_effect=KeyboardInterrupt))
    return list(getattr(interruption.value, "__notes__", ()))


def test_an_interrupted_probe_leaves_nothing(
    client: HubSpotClient, options: HubSpotOptions, portal: Any
) -> None:
    assert interrupted(client, options) == []
    assert left(portal) == []


def test_an_interrupted_probe_names_what_it_has_to_leave(
    client: HubSpotClient, options: HubSpotOptions, portal: Any, faults: Any
) -> None:
    faults.add(Fault("^DELETE .*/objects/.*/calls/", times=3, cut="before"))
    (sentence,) = interrupted(client, options)
    assert re.match(r"The probe had to leave the call \d+ .* behind; delete it by hand", sentence)
    assert len(left(portal)) == 1, "the other one is gone"


def test_a_property_that_may_have_been_made_is_named(ask: Ask, faults: Any) -> None:
    faults.add(Fault("^POST .*/properties/.*notes$", cut="after"))
    with pytest.raises(StopConnection, match=r"shows a property velma_probe_\w+ of notes, delete it by hand"):
        ask()
