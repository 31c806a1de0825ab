"""A kept rehearsal room: what it holds when new, what it keeps, and how another process uses it."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from velma_connectors.sandbox.rehearsal import API_KEY, ORG, PORTAL, STATE, Rehearsal
from velma_connectors.sandbox.samples import SampleCall, load_samples
from velma_connectors.sandbox.samples.call import Heard

SAMPLES = load_samples()
NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
URL = "Call_Recording_URL__c"


def open_room(folder: Path, **options: Any) -> Rehearsal:
    return Rehearsal(folder, clock=lambda: NOW, **options)


def task(room: Rehearsal, key: str) -> dict[str, Any]:
    return room.org.read(room.org_records[key])


def fetch(url: str) -> requests.Response:
    return requests.get(url, timeout=20)


def test_a_new_org_holds_the_whole_story_of_its_team(tmp_path: Path) -> None:
    with open_room(tmp_path) as room:
        org = room.org
        rows = {name: len(org.rows(name)) for name in ("Account", "Contact", "Opportunity", "Task")}
        assert rows == {"Account": 6, "Contact": 8, "Opportunity": 6, "Task": 18}
        names = {user["Name"] for user in org.rows("User")}
        assert {"Tessa Marrowby", "Bram Oosterlind", "Noor Castelbrook"} <= names
        for key, call in SAMPLES.org.calls.items():
            check_task(room, task(room, key), call)


def check_task(room: Rehearsal, row: dict[str, Any], call: SampleCall) -> None:
    crm = call.script.crm
    rep = SAMPLES.org.story.reps[crm.rep]
    contact = SAMPLES.org.story.contacts[crm.contact]
    assert (row["TaskSubtype"], row["Status"], row["IsClosed"]) == ("Call", "Completed", True)
    assert (row["Subject"], row["CallType"]) == (call.script.title, crm.direction)
    assert row["CallDurationInSeconds"] == call.seconds > 0
    assert row["Description"] == (crm.notes or None)
    assert room.org.read(row["OwnerId"])["FirstName"] == rep.first
    assert room.org.read(row["WhoId"])["LastName"] == contact.last
    about = room.org.read(row["WhatId"])["Name"] if row["WhatId"] else None
    if crm.about == "deal":
        assert crm.deal is not None
        assert about == SAMPLES.org.story.deals[crm.deal].name
    else:
        assert about == (SAMPLES.org.story.accounts[crm.account] if crm.about == "account" else None)
    ended = call.script.started_at(NOW) + timedelta(seconds=call.seconds)
    logged = datetime.fromisoformat(row["CreatedDate"])
    assert timedelta(0) < logged - ended < timedelta(minutes=2)


def test_every_link_leads_to_the_recording_of_its_call(tmp_path: Path) -> None:
    with open_room(tmp_path) as room:
        for key, call in SAMPLES.org.calls.items():
            link = task(room, key)[URL]
            if call.script.crm.recording in (Heard.LATE, Heard.FILE):
                assert link is None
                continue
            response = fetch(link)
            assert response.status_code == 200
            if call.sound is None:
                assert response.headers["Content-Type"].startswith("text/html")
            else:
                assert hashlib.sha256(response.content).hexdigest() == call.sound.sha256


def test_a_recording_lies_in_the_org_as_a_file(tmp_path: Path) -> None:
    with open_room(tmp_path) as room:
        (link,) = [
            row
            for row in room.org.rows("ContentDocumentLink")
            if row["LinkedEntityId"] == room.org_records["osprey-3-demo"]
        ]
        (version,) = [
            row
            for row in room.org.rows("ContentVersion")
            if row["ContentDocumentId"] == link["ContentDocumentId"]
        ]
        audio = SAMPLES.calls["osprey-3-demo"].audio
        assert audio is not None
        assert version["FileExtension"] == "ogg"
        assert version["Checksum"] == hashlib.md5(audio.read_bytes()).hexdigest()


def test_deals_had_the_stage_of_each_call_when_it_took_place(tmp_path: Path) -> None:
    with open_room(tmp_path) as room:
        moves = room.org.rows("OpportunityHistory")
        for key, call in SAMPLES.org.calls.items():
            if call.script.crm.deal is None:
                continue
            deal = room.org_records[call.script.crm.deal]
            before = [
                (move["CreatedDate"], move["StageName"])
                for move in moves
                if move["OpportunityId"] == deal and move["CreatedDate"] < task(room, key)["CreatedDate"]
            ]
            assert max(before)[1] == call.script.crm.stage, key


def test_the_missing_recording_arrives_when_told_and_once(tmp_path: Path) -> None:
    with open_room(tmp_path) as room:
        before = task(room, "osprey-4-follow-up")
        assert room.deliver_late_recordings() == 2
        after = task(room, "osprey-4-follow-up")
        assert fetch(after[URL]).status_code == 200
        assert after["SystemModstamp"] > before["SystemModstamp"]
        assert room.deliver_late_recordings() == 0


def test_a_room_keeps_its_crms_its_ports_and_its_day(tmp_path: Path) -> None:
    with open_room(tmp_path) as room:
        first = room.addresses
        room.org.update(room.org_records["penwick-3-quote"], {"Description": "kept"})
        link = task(room, "penwick-1-discovery")[URL]
        room.portal.update("deals", room.portal_records["wexcombe-rooms"], {"amount": "1"})
    with Rehearsal(tmp_path, clock=lambda: NOW + timedelta(days=3)) as room:
        assert room.addresses == first
        assert task(room, "penwick-3-quote")["Description"] == "kept"
        assert len(room.org.rows("Task")) == 18
        assert room.portal.read("deals", room.portal_records["wexcombe-rooms"])["amount"] == "1"
        assert len(room.portal.rows("calls")) == 9
        assert fetch(link).status_code == 200


def test_ports_to_keep_are_none_that_a_system_lends_to_outgoing_connections(tmp_path: Path) -> None:
    with open_room(tmp_path):
        pass
    kept = json.loads((tmp_path / STATE).read_text())
    assert len(set(kept["ports"].values())) == 4
    assert all(1024 < port < 32_768 for port in kept["ports"].values()), kept


def test_two_rooms_in_one_folder_get_in_each_others_way(tmp_path: Path) -> None:
    with open_room(tmp_path) as room:
        with pytest.raises(OSError, match="in use"):
            open_room(tmp_path)
        assert fetch(room.addresses.control_url + "/usage").status_code == 200, "the first was harmed"


def test_a_room_that_was_never_finished_is_begun_anew(tmp_path: Path) -> None:
    with open_room(tmp_path) as room:
        room.org.insert("Account", {"Name": "Half a story"})
    (tmp_path / STATE).unlink()
    with open_room(tmp_path) as room:
        assert len(room.org.rows("Account")) == 6
        assert len(room.portal.rows("companies")) == 5


def test_a_damaged_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text('{"ports": ')
    with pytest.raises(ValueError, match=STATE):
        open_room(tmp_path)
    with open_room(tmp_path / "other"):
        pass
    (tmp_path / "other" / ORG).write_text("{}")
    with pytest.raises(ValueError, match=ORG):
        open_room(tmp_path / "other")


def test_a_folder_without_its_portal_is_named(tmp_path: Path) -> None:
    with open_room(tmp_path):
        pass
    (tmp_path / PORTAL).unlink()
    with pytest.raises(ValueError, match=rf"{PORTAL} is missing; remove the folder"):
        open_room(tmp_path)


@pytest.mark.parametrize("distinct", [False, True])
def test_copies_have_links_of_their_own_and_bytes_if_asked(tmp_path: Path, distinct: bool) -> None:
    with open_room(tmp_path, copies=3, distinct_audio=distinct) as room:
        rows = Counter({name: len(room.org.rows(name)) for name in ("Account", "Opportunity", "Task")})
        assert rows == {"Account": 18, "Opportunity": 18, "Task": 54}
        links = [row[URL] for row in room.org.rows("Task") if row["Subject"] == "Quote with Odile"]
        assert len(set(links)) == 3
        heard = [fetch(link).content for link in links]
        assert len(set(heard)) == (3 if distinct else 1)
        twins = [row for row in room.org.rows("Task") if row["Subject"] == "Contract with Silas"]
        twins += [row for row in room.org.rows("Task") if row["Subject"] == "Call logged by dialer"]
        sounds = Counter(fetch(row[URL]).content for row in twins)
        assert set(sounds.values()) == ({2} if distinct else {6}), "a call logged twice is one recording"
        summaries = {analyze(room, audio)["summary"] for audio in heard}
        assert summaries == {analyze(room, heard[0])["summary"]}
        assert "storage fee" in summaries.pop()


def analyze(room: Rehearsal, audio: bytes) -> Any:
    response = requests.post(
        f"{room.addresses.velma_url}/api/velma-2-batch",
        headers={"X-API-Key": room.addresses.api_key},
        files={"upload_file": ("call.ogg", audio, "audio/ogg")},
        timeout=20,
    )
    assert response.status_code == 200, response.text
    return response.json()


def token(addresses: dict[str, Any]) -> str:
    response = requests.post(
        f"{addresses['salesforce_url']}/services/oauth2/token",
        auth=(addresses["client_key"], addresses["client_secret"]),
        data={"grant_type": "client_credentials"},
        timeout=20,
    )
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def count(addresses: dict[str, Any], where: str) -> int:
    response = requests.get(
        f"{addresses['salesforce_url']}/services/data/v62.0/query",
        params={"q": f"SELECT COUNT() FROM Task WHERE {where}"},
        headers={"Authorization": f"Bearer {token(addresses)}"},
        timeout=20,
    )
    assert response.status_code == 200, response.text
    return int(response.json()["totalSize"])


def test_another_process_is_served_until_it_is_told_to_stop(tmp_path: Path) -> None:
    served = subprocess.Popen(
        [sys.executable, "-m", "velma_connectors.sandbox", str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert served.stdout is not None
        addresses = json.loads(served.stdout.readline())
        assert addresses["api_key"] == API_KEY
        assert count(addresses, f"TaskSubtype = 'Call' AND {URL} != null") == 16
        delivered = requests.post(addresses["control_url"] + "/late-recordings", timeout=20)
        assert delivered.json() == {"delivered": 2}
        assert count(addresses, f"{URL} != null") == 17
        usage = fetch(addresses["control_url"] + "/usage").json()
        assert usage["salesforce"]["requests"] >= 4
        assert usage["hubspot"]["requests"] == 0
        assert usage["velma"]["requests"] == 0
    finally:
        served.send_signal(signal.SIGTERM)
        assert served.wait(timeout=20) == 0
        served.communicate()
    with Rehearsal(tmp_path) as room:
        assert task(room, "osprey-4-follow-up")[URL], "what happened was not saved on the way out"
        late = room.portal.read("calls", room.portal_records["tarnholt-3-presentation"])
        assert late.get("hs_call_recording_url"), "what happened in the portal was not saved"


def test_a_second_process_in_one_folder_is_told_of_the_first(tmp_path: Path) -> None:
    with Rehearsal(tmp_path):
        ended = subprocess.run(
            [sys.executable, "-m", "velma_connectors.sandbox", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.endswith("most likely by another sandbox that serves this folder; end that one.\n")


def test_a_room_that_cannot_open_says_why_in_one_line(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text("no json")
    ended = subprocess.run(
        [sys.executable, "-m", "velma_connectors.sandbox", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert "damaged" in ended.stderr
