"""What a portal is found to allow, against an emulated one that its admin changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from velma_connectors import judgements
from velma_connectors.administration import Diagnosis, Mark
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.diagnosis import RIGHTS, diagnose
from velma_connectors.hubspot.versions import ENDS
from velma_connectors.model import FieldKind, FieldSpec, Target
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.hubspot import edge_answers

TODAY = date(2026, 3, 2)
SPECS = (
    FieldSpec(Target.CALL, "velma_status", "Status", FieldKind.TEXT, "h"),
    FieldSpec(Target.DEAL, "velma_reason", "Reason", FieldKind.TEXT, "h"),
)
SCOPES = {right.scope for right in RIGHTS}
NOTE_KEY = {
    "name": "velma_note_key",
    "label": "Key",
    "type": "string",
    "fieldType": "text",
    "groupName": "engagement",
}
Ask = Callable[..., list[Diagnosis]]


@pytest.fixture
def ask(client: HubSpotClient) -> Ask:
    return lambda specs=SPECS: diagnose(client, specs, TODAY)


def told(found: Sequence[Diagnosis], mark: Mark) -> list[str]:
    return [f"{each.sentence} {each.remedy}".strip() for each in found if each.mark is mark]


def test_a_key_with_every_scope_is_told_with_their_names(ask: Ask, portal: Any, token: str) -> None:
    portal.add_token(token, SCOPES)
    found = ask()
    (rights,) = [each for each in found if each.topic == "rights"]
    assert rights == Diagnosis(
        "rights",
        Mark.OK,
        "The key has every scope: crm.objects.contacts.read, crm.objects.contacts.write, "
        "crm.objects.deals.read, crm.objects.deals.write, crm.objects.companies.read, "
        "crm.objects.owners.read, crm.schemas.calls.read, crm.schemas.deals.read, crm.schemas.notes.read, "
        "crm.schemas.calls.write, crm.schemas.deals.write, crm.schemas.notes.write, "
        "crm.lists.read, crm.lists.write.",
    )
    assert told(found, Mark.PROBLEM) == []
    assert [each.topic for each in found[-3:]] == ["version", "requests", "clock"]


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_each_missing_scope_is_told_with_what_is_lost_and_its_place(
    ask: Ask, portal: Any, token: str, scope: str
) -> None:
    portal.add_token(token, SCOPES - {scope})
    found = [each for each in ask() if each.topic == "rights" and each.mark is not Mark.OK]
    (lacking,) = found
    only_for_setup = scope.startswith("crm.lists") or ("schemas" in scope and "write" in scope)
    assert lacking.mark is (Mark.ADVICE if only_for_setup else Mark.PROBLEM)
    assert lacking.sentence.startswith(f"The key lacks {scope}: ")
    assert lacking.remedy == f"Development > Keys > Service keys > your key > Scopes: add {scope}."


def test_what_is_lost_without_a_scope_is_told_once(ask: Ask, portal: Any, token: str) -> None:
    portal.add_token(token, SCOPES - {"crm.objects.contacts.write"})
    (problem,) = told(ask(), Mark.PROBLEM)
    assert problem.startswith(
        "The key lacks crm.objects.contacts.write: nothing is written to calls, no summary notes are written."
    )


def test_scopes_that_would_do_are_those_that_hubspot_names(ask: Ask, portal: Any, token: str) -> None:
    portal.switches.activities_have_scopes = True
    portal.add_token(token, SCOPES - {"crm.objects.contacts.write"})
    first, second = told(ask(), Mark.PROBLEM)
    assert "The key lacks crm.objects.contacts.write or crm.objects.calls.write: nothing is" in first
    assert "The key lacks crm.objects.contacts.write or crm.objects.notes.write: no summary" in second


def test_nothing_is_changed_by_asking_for_the_right_to_write(ask: Ask, portal: Any) -> None:
    before = [portal.rows(name) for name in ("calls", "deals", "notes")]
    properties = len(portal.properties.of("calls", archived=False))
    ask()
    assert [portal.rows(name) for name in ("calls", "deals", "notes")] == before
    assert len(portal.properties.of("calls", archived=False)) == properties


@pytest.mark.parametrize(
    ("limit", "mark"), [(6, Mark.OK), (5, Mark.ADVICE), (1, Mark.ADVICE), (0, Mark.PROBLEM)]
)
def test_properties_are_counted_with_those_to_be_made(ask: Ask, portal: Any, limit: int, mark: Mark) -> None:
    portal.switches.custom_property_limit = limit or 1
    if not limit:
        portal.add_property("calls", {**NOTE_KEY, "name": "other"})
    (calls,) = [each for each in ask() if each.sentence.startswith("calls have")]
    assert calls.mark is mark
    assert f"of at most {limit or 1} custom properties, and 1 more to be made." in calls.sentence
    assert bool(calls.remedy) == (mark is not Mark.OK)


@pytest.mark.parametrize(
    ("unique", "mark", "words"),
    [
        (None, Mark.ADVICE, "is missing: notes are recognized by a mark in their text alone"),
        (True, Mark.OK, "is unique"),
        (False, Mark.OK, "without the portal's guarantee"),
    ],
)
def test_the_key_of_notes_is_looked_at(
    ask: Ask, portal: Any, unique: bool | None, mark: Mark, words: str
) -> None:
    if unique is not None:
        portal.add_property("notes", {**NOTE_KEY, "hasUniqueValue": unique})
    (key,) = [each for each in ask() if each.topic == "notes"]
    assert key.mark is mark
    assert words in key.sentence


def test_a_question_that_is_refused_does_not_hide_the_others(ask: Ask, faults: Any) -> None:
    faults.add(Fault("GET .*/limits/", times=9, answer=edge_answers.api_error(403, "FORBIDDEN", "no")))
    found = ask()
    assert [each.sentence for each in found if each.topic == "limits"] == [
        "Could not be looked at. HubSpot refused GET crm/limits/custom-properties: HubSpot gives no "
        "further reason we know (FORBIDDEN)."
    ]
    assert [each.topic for each in found[-4:]] == ["notes", "version", "requests", "clock"]


def test_a_revoked_key_is_refused_with_the_place(ask: Ask, portal: Any, token: str) -> None:
    portal.revoke_token(token)
    (only,) = ask()
    assert only.mark is Mark.REFUSED
    assert only.remedy.startswith("Development > Keys > Service keys > your key > Show key")


def test_a_portal_that_is_down_is_refused_and_nothing_is_made_up(ask: Ask, faults: Any) -> None:
    faults.add(Fault("GET .*/details", times=9, answer=edge_answers.service_unavailable()))
    (only,) = ask()
    assert (only.mark, only.remedy) == (Mark.REFUSED, "")


def test_the_day_that_is_nearly_used_up_is_a_problem(ask: Ask, portal: Any) -> None:
    portal.switches.daily_limit = 26
    (requests,) = [each for each in ask() if each.topic == "requests"]
    assert requests.mark is Mark.ADVICE
    assert "of its 26 API requests of today" in requests.sentence


def test_the_version_in_use_has_an_end(ask: Ask) -> None:
    (version,) = [each for each in ask() if each.topic == "version"]
    assert version.mark is Mark.OK
    assert version.sentence.startswith(f"API {paths.VERSION} is in use and supported until 2027-09-29")
    assert judgements.end_of_life(paths.VERSION, ENDS, date(2027, 9, 30), "").mark is Mark.PROBLEM
