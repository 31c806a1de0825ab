"""Recordings as files: how they are linked, what a query sees of them, and their bytes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import requests

from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import Clock, Door

SOUND = bytes(range(256)) * 40


@pytest.fixture
def version(org: SalesforceOrg, task: str) -> str:
    return org.attach_file(task, SOUND, "Call with Birch & Rye", "ogg")


def test_a_file_is_reached_through_the_links_of_its_record(door: Door, task: str, version: str) -> None:
    soql = (
        "SELECT LinkedEntityId, ContentDocument.FileExtension, ContentDocument.LatestPublishedVersionId, "
        "ContentDocument.LatestPublishedVersion.Checksum, ContentDocument.LatestPublishedVersion.ContentSize "
        f"FROM ContentDocumentLink WHERE LinkedEntityId IN ('{task}')"
    )
    assert door.query(soql) == [
        {
            "LinkedEntityId": task,
            "ContentDocument": {
                "FileExtension": "ogg",
                "LatestPublishedVersionId": version,
                "LatestPublishedVersion": {
                    "Checksum": hashlib.md5(SOUND).hexdigest(),
                    "ContentSize": len(SOUND),
                },
            },
        }
    ]
    children = door.query("SELECT (SELECT ContentDocumentId FROM ContentDocumentLinks) FROM Task")
    assert children[0]["ContentDocumentLinks"]["totalSize"] == 1


def test_the_bytes_come_as_they_were_stored(org: SalesforceOrg, door: Door, version: str) -> None:
    path = f"/sobjects/ContentVersion/{version}/VersionData"
    answer = door.call("GET", path)
    assert answer.content == SOUND
    assert answer.headers["Content-Length"] == str(len(SOUND))
    assert "json" not in answer.headers["Content-Type"]
    assert door.library().ContentVersion.get_base64(version, "VersionData") == SOUND
    assert org.usage.kinds == {"download": 2}
    record = door.call("GET", f"/sobjects/ContentVersion/{version}").json()
    assert record["VersionData"] == f"/services/data/v66.0{path}"


@pytest.mark.parametrize("field", ["Body", "Checksum"])
def test_other_fields_have_no_bytes(door: Door, version: str, field: str) -> None:
    path = f"/sobjects/ContentVersion/{version}/{field}"
    assert door.refusal("GET", path)[:2] == (404, "NOT_FOUND")


def test_a_cut_download_breaks_off_halfway(door: Door, version: str) -> None:
    door.faults.add(Fault("VersionData", cut="midway"))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        door.call("GET", f"/sobjects/ContentVersion/{version}/VersionData")
    whole = door.call("GET", f"/sobjects/ContentVersion/{version}/VersionData")
    assert whole.content == SOUND


@pytest.mark.parametrize(
    "where",
    [
        "",
        " WHERE Visibility = 'AllUsers'",
        " WHERE LinkedEntityId != null",
        " WHERE LinkedEntityId NOT IN ('{task}')",
        " WHERE LinkedEntityId = '{task}' OR Visibility = 'AllUsers'",
        " WHERE (NOT LinkedEntityId = '{task}')",
    ],
)
def test_links_are_never_queried_without_an_id(door: Door, task: str, version: str, where: str) -> None:
    soql = f"SELECT Id FROM ContentDocumentLink{where.format(task=task)}"
    assert door.query_refusal(soql)[:2] == (400, "MALFORMED_QUERY")


def test_query_all_files_lifts_the_rule(org: SalesforceOrg, door: Door, version: str) -> None:
    org.set_permission(door.user_id, "QueryAllFiles", True)
    assert len(door.query("SELECT Id FROM ContentDocumentLink")) == 1
    org.set_permission(door.user_id, "ViewAllData", False)
    assert door.query_refusal("SELECT Id FROM ContentDocumentLink")[1] == "MALFORMED_QUERY"


def test_files_of_others_are_left_out_of_queries_without_an_id(
    org: SalesforceOrg, door: Door, task: str, version: str
) -> None:
    own = org.attach_file(task, b"own", "Own", "wav", as_user=door.user_id)
    assert door.query("SELECT Id FROM ContentVersion WHERE FileExtension != null") == [{"Id": own}]
    assert door.query(f"SELECT Id FROM ContentVersion WHERE Id = '{version}'") == [{"Id": version}]
    documents = door.query("SELECT Title FROM ContentDocument")
    assert documents == [{"Title": "Own"}]


@pytest.mark.parametrize("moves", [False, True])
def test_a_file_that_comes_later_leaves_its_task_as_it_was(
    org: SalesforceOrg, task: str, clock: Clock, moves: bool
) -> None:
    org.switches = replace(org.switches, linked_file_moves_stamps=moves)
    before = org.read(task)
    clock.advance(minutes=30)
    org.attach_file(task, SOUND, "Late", "ogg")
    after = org.read(task)
    assert (after["SystemModstamp"] != before["SystemModstamp"]) is moves
    assert {**after, "SystemModstamp": 0} == {**before, "SystemModstamp": 0}


def test_the_long_size_shows_from_version_66_on(door: Door, version: str) -> None:
    soql = f"SELECT ContentSizeLong FROM ContentVersion WHERE Id = '{version}'"
    assert door.query(soql) == [{"ContentSizeLong": len(SOUND)}]
    door.version = "65.0"
    assert door.query_refusal(soql)[1] == "INVALID_FIELD"


def test_a_file_is_deleted_with_its_document(org: SalesforceOrg, door: Door, task: str, version: str) -> None:
    document = org.read(version)["ContentDocumentId"]
    door.call("DELETE", f"/sobjects/ContentDocument/{document}")
    assert door.query(f"SELECT Id FROM ContentDocumentLink WHERE LinkedEntityId = '{task}'") == []
    path = f"/sobjects/ContentVersion/{version}/VersionData"
    assert door.refusal("GET", path)[:2] == (404, "ENTITY_IS_DELETED")
