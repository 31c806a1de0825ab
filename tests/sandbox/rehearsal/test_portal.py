"""The portal of a rehearsal room: the second team's story, as HubSpot would have come to hold it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_connectors.sandbox.samples import load_samples
from velma_connectors.sandbox.samples.call import Heard

SAMPLES = load_samples()
STORY = SAMPLES.portal.story
NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
URL = "hs_call_recording_url"
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
LEFT_VOICEMAIL = "b2cf5968-551e-4856-9783-52b3da59a7d0"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with Rehearsal(tmp_path_factory.mktemp("room"), clock=lambda: NOW) as room:
        yield room


def properties(room: Rehearsal, object_name: str, key: str) -> dict[str, str | None]:
    return room.portal.read(object_name, room.portal_records[key])


def moment(text: str | None) -> datetime:
    return datetime.fromisoformat(str(text))


def bearer(room: Rehearsal) -> dict[str, str]:
    return {"Authorization": f"Bearer {room.addresses.access_token}"}


def test_a_new_portal_holds_the_whole_story_of_its_team(room: Rehearsal) -> None:
    objects = ("companies", "contacts", "deals", "calls", "notes")
    rows = {name: len(room.portal.rows(name)) for name in objects}
    assert rows == {"companies": 5, "contacts": 6, "deals": 4, "calls": 9, "notes": 0}
    names = {f"{owner.first_name} {owner.last_name}" for owner in room.portal.owners.values()}
    assert names == {"Ines Larkhollow", "Caspar Thornvale", "Tessa Marrowby"}


@pytest.mark.parametrize("key", SAMPLES.portal.calls)
def test_a_call_says_what_the_dialer_knew(room: Rehearsal, key: str) -> None:
    call, told = SAMPLES.portal.calls[key], properties(room, "calls", key)
    crm = call.script.crm
    assert (told["hs_call_title"], told["hs_call_status"]) == (call.script.title, "COMPLETED")
    assert told["hs_call_direction"] == crm.direction.upper()
    assert told["hs_call_disposition"] == (LEFT_VOICEMAIL if crm.voicemail else CONNECTED)
    assert told["hs_call_duration"] == str(call.seconds * 1000)
    assert crm.notes in (told.get("hs_call_body") or "")
    assert room.portal.owners[str(told["hubspot_owner_id"])].first_name == STORY.reps[crm.rep].first
    started = moment(told["hs_timestamp"])
    assert started == call.script.started_at(NOW)
    logged = moment(told["hs_createdate"])
    assert timedelta(0) < logged - started - timedelta(seconds=call.seconds) < timedelta(minutes=2)


@pytest.mark.parametrize("key", SAMPLES.portal.calls)
def test_a_call_is_associated_with_its_contact_its_company_and_its_deal(room: Rehearsal, key: str) -> None:
    crm = SAMPLES.portal.calls[key].script.crm

    def linked(object_name: str, name: str) -> list[str | None]:
        ids = room.portal.associated("calls", room.portal_records[key], object_name)
        return [room.portal.read(object_name, each)[name] for each in ids]

    assert linked("contacts", "lastname") == [STORY.contacts[crm.contact].last]
    assert linked("companies", "name") == [STORY.accounts[crm.account]]
    assert linked("deals", "dealname") == ([STORY.deals[crm.deal].name] if crm.deal else [])


def test_deals_had_the_stage_of_each_call_when_it_took_place(room: Rehearsal) -> None:
    labels = {stage.id: stage.label for stage in room.portal.pipelines.all[0].stages}
    for call in SAMPLES.portal.calls.values():
        if call.script.crm.deal is None:
            continue
        response = requests.get(
            f"{room.addresses.hubspot_url}/crm/objects/2026-03/deals/"
            f"{room.portal_records[call.script.crm.deal]}",
            params={"propertiesWithHistory": "dealstage"},
            headers=bearer(room),
            timeout=20,
        )
        past: list[dict[str, Any]] = response.json()["propertiesWithHistory"]["dealstage"]
        started = call.script.started_at(NOW)
        before = [each for each in past if moment(each["timestamp"]) <= started]
        assert (
            labels[max(before, key=lambda each: moment(each["timestamp"]))["value"]] == call.script.crm.stage
        )


def test_every_link_leads_to_the_recording_of_its_call(room: Rehearsal) -> None:
    for key, call in SAMPLES.portal.calls.items():
        link = properties(room, "calls", key).get(URL)
        headers = {}
        if call.script.crm.recording is Heard.LATE:
            assert not link
            continue
        assert link is not None
        if call.script.crm.recording is Heard.REDIRECTOR:
            assert link.startswith(room.addresses.hubspot_url)
            link, headers = f"{link}/engagement/{room.portal_records[key]}", bearer(room)
            assert requests.get(link, timeout=20).status_code == 401, "anybody may listen"
        assert call.sound is not None
        content = requests.get(link, headers=headers, timeout=20).content
        assert hashlib.sha256(content).hexdigest() == call.sound.sha256, key


def test_companies_are_the_primary_ones_of_their_people_and_deals(room: Rehearsal) -> None:
    for object_name, count in (("contacts", 6), ("deals", 4)):
        ids = [{"id": row["id"]} for row in room.portal.rows(object_name)]
        response = requests.post(
            f"{room.addresses.hubspot_url}/crm/associations/2026-03/{object_name}/companies/batch/read",
            json={"inputs": ids},
            headers=bearer(room),
            timeout=20,
        )
        labels = [
            {each["label"] for each in other["associationTypes"]}
            for row in response.json()["results"]
            for other in row["to"]
        ]
        assert labels == [{"Primary", None}] * count


def test_the_missing_recording_arrives_as_a_change_of_its_call(tmp_path: Path) -> None:
    with Rehearsal(tmp_path, clock=lambda: NOW) as room:
        before = properties(room, "calls", "tarnholt-3-presentation")
        room.deliver_late_recordings()
        after = properties(room, "calls", "tarnholt-3-presentation")
        assert requests.get(str(after[URL]), timeout=20).status_code == 200
        assert moment(after["hs_lastmodifieddate"]) > moment(before["hs_lastmodifieddate"])


def test_copies_are_companies_deals_and_calls_of_their_own(tmp_path: Path) -> None:
    with Rehearsal(tmp_path, clock=lambda: NOW, copies=3) as room:
        rows = {name: room.portal.rows(name) for name in ("companies", "contacts", "deals", "calls")}
        assert {name: len(found) for name, found in rows.items()} == {
            "companies": 15,
            "contacts": 18,
            "deals": 12,
            "calls": 27,
        }
        links = [row["properties"].get(URL) for row in rows["calls"]]
        assert len({link for link in links if link}) == 3 * 7 + 1, "only the redirector's address is shared"
        for key, record in room.portal_records.items():
            if key in STORY.deals:
                assert room.portal.read("deals", record)["dealname"] == STORY.deals[key].name
